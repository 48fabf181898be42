"""The sandbox's CRM: what it answers, what it refuses, and how it misbehaves, without a socket."""

from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.sandbox.crm import Crm, as_crm_record
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.people import customers
from adapters.sandbox.server import sandbox_app

WHOM = customers()[:6]
KEYS = [customer.crm_key for customer in WHOM]
SECRET = {"Authorization": "Bearer sesame"}


@pytest.fixture
async def crm() -> AsyncIterator[httpx.AsyncClient]:
    app = sandbox_app(Crm("sesame", WHOM))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://crm", headers=SECRET, trust_env=False
    ) as client:
        yield client


async def ask(crm: httpx.AsyncClient, keys: list[str], *fields: str) -> httpx.Response:
    return await crm.get(
        "/customers", params={"ids": ",".join(keys), **({"fields": ",".join(fields)} if fields else {})}
    )


async def misbehave(crm: httpx.AsyncClient, kind: Misbehaviour, **more: object) -> None:
    assert (await crm.post("/__sandbox/misbehave", json={"kind": kind, **more})).status_code == 204


def ids(answer: httpx.Response) -> list[str]:
    return [record["id"] for record in answer.json()["customers"]]


async def test_it_answers_many_ids_with_the_fields_asked(crm: httpx.AsyncClient) -> None:
    """The id is always in a record; an id that it does not know is left out."""
    answer = await ask(crm, [KEYS[1], "C-999999", KEYS[0]], "firstName", "companyLei")
    assert answer.json() == {
        "customers": [
            {"id": KEYS[1], "firstName": "Courtney", "companyLei": "ZZZZ00CB533BE8183B53"},
            {"id": KEYS[0], "firstName": "Anne", "companyLei": "ZZZZ00A035319BCF2865"},
        ]
    }


async def test_it_answers_whole_records_where_no_field_is_named(crm: httpx.AsyncClient) -> None:
    """All that it keeps, in its own words; what is made up belongs to nobody."""
    record = (await ask(crm, [KEYS[0]])).json()["customers"][0]
    assert record == as_crm_record(WHOM[0])
    assert record["displayName"] == "Anne Neumann"
    assert record["createdAt"] == WHOM[0].purchases[0].on.isoformat()
    assert all(c["value"].endswith("@example.com") or c["value"].startswith("+6125550") for c in record["contacts"])


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer sesam", "Basic sesame", "Bearer s\u00e9same"])
async def test_it_answers_nobody_without_the_credential(crm: httpx.AsyncClient, header: str) -> None:
    """401, and nothing is counted as asked."""
    headers = httpx.Headers({"Authorization": header}, encoding="utf-8")
    answer = await crm.get("/customers", params={"ids": KEYS[0]}, headers=headers)
    assert answer.status_code == 401
    assert (await crm.get("/__sandbox/counters")).json()["calls"] == 0


@pytest.mark.parametrize(
    "query", [{}, {"ids": ","}, {"ids": ",".join(map(str, range(101)))}, {"ids": "1", "fields": "age"}]
)
async def test_it_refuses_a_call_that_it_cannot_answer(crm: httpx.AsyncClient, query: dict[str, str]) -> None:
    """No id, more than a hundred, or a field that it does not know."""
    assert (await crm.get("/customers", params=query)).status_code == 400


async def test_it_counts_calls_keys_and_fields(crm: httpx.AsyncClient) -> None:
    """Together and call by call, until the reset."""
    await ask(crm, KEYS[:2], "firstName", "lastName")
    await ask(crm, KEYS[2:3], "firstName")
    assert (await crm.get("/__sandbox/counters")).json() == {
        "calls": 2,
        "keys": 3,
        "at_once": 1,
        "fields": {"firstName": 2, "lastName": 1},
        "asked": [
            {"keys": KEYS[:2], "fields": ["firstName", "lastName"]},
            {"keys": KEYS[2:3], "fields": ["firstName"]},
        ],
    }
    await misbehave(crm, Misbehaviour.ERROR)
    assert (await crm.post("/__sandbox/reset")).status_code == 204
    assert (await crm.get("/__sandbox/counters")).json() == {
        "calls": 0,
        "keys": 0,
        "at_once": 0,
        "fields": {},
        "asked": [],
    }
    assert (await ask(crm, KEYS[:1])).status_code == 200


async def test_shuffled_records_are_the_right_ones_in_another_order(crm: httpx.AsyncClient) -> None:
    """Of two records or more not one stands where it was asked."""
    await misbehave(crm, Misbehaviour.SHUFFLED)
    answered = ids(await ask(crm, KEYS[:3]))
    assert sorted(answered) == sorted(KEYS[:3])
    assert all(got != asked for got, asked in zip(answered, KEYS, strict=False))


async def test_a_wrong_customer_is_one_who_was_not_asked(crm: httpx.AsyncClient) -> None:
    """As many records as asked, whole and well formed, of others."""
    await misbehave(crm, Misbehaviour.WRONG_CUSTOMER)
    answered = ids(await ask(crm, KEYS[:3]))
    assert len(answered) == 3
    assert set(answered).isdisjoint(KEYS[:3])


async def test_it_can_fail_and_talk_rubbish(crm: httpx.AsyncClient) -> None:
    """A 500 that tells about its inside, and a 200 whose body is no JSON."""
    await misbehave(crm, Misbehaviour.ERROR)
    failed = await ask(crm, KEYS[:1])
    assert failed.status_code == 500
    assert "db-07.internal" in failed.text
    await misbehave(crm, Misbehaviour.GARBAGE)
    rubbish = await ask(crm, KEYS[:1])
    assert rubbish.status_code == 200
    with pytest.raises(ValueError):
        rubbish.json()


async def test_it_can_be_slow(crm: httpx.AsyncClient) -> None:
    """It waits as long as it was told and then answers; a time below nothing is none."""
    await misbehave(crm, Misbehaviour.SLOW, seconds=0.03)
    answer = await ask(crm, KEYS[:1])
    assert answer.elapsed.total_seconds() >= 0.03
    assert ids(answer) == KEYS[:1]
    await misbehave(crm, Misbehaviour.SLOW, seconds=-5)
    assert (await ask(crm, KEYS[:1])).status_code == 200


async def test_what_goes_wrong_is_counted_too(crm: httpx.AsyncClient) -> None:
    """A call that failed was still made."""
    for kind in (Misbehaviour.ERROR, Misbehaviour.GARBAGE, Misbehaviour.WRONG_CUSTOMER):
        await misbehave(crm, kind)
        await ask(crm, KEYS[:2], "title")
    counters = (await crm.get("/__sandbox/counters")).json()
    assert (counters["calls"], counters["keys"], counters["fields"]) == (3, 6, {"title": 3})


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"kind": "rude"}', '{"kind": "slow", "seconds": "long"}', "\x00"])
async def test_a_command_that_it_does_not_know_is_refused(crm: httpx.AsyncClient, body: str) -> None:
    """With the words that it knows."""
    answer = await crm.post("/__sandbox/misbehave", content=body)
    assert answer.status_code == 400
    assert "wrong_customer" in answer.text
