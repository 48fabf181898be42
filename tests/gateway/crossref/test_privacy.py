from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from adapters.crossref import Lookup
from gateway.crossref.asking import Asking
from tests.gateway.crossref.office import Office, code_of


async def test_a_restriction_holds_until_it_is_lifted(desk: Office) -> None:
    """By its ground; what stands is left as it is."""
    customer = await desk.link("crm", "C-1")
    body = {"ground": "gdpr-art-18", "coordinates": ["Plant.label", "*"]}
    first = await desk.done(f"/customers/{customer}/restrict", body, "officer")
    assert await desk.done(f"/customers/{customer}/restrict", body, "officer") == first
    subject = (await desk.done("/resolve", {"by": {"customer": customer}}, "officer"))["subject"]
    assert subject["restrictions"] == [{"ground": "gdpr-art-18", "coordinates": ["*", "Plant.label"]}]
    assert [one["key"] for one in subject["keys"]["crm"]] == ["C-1"]  # which requests of a view are not told
    assert (await desk.done("/resolve-many", {"by": [{"customer": customer}]}, "officer"))["subjects"] == [subject]
    lifted = await desk.done(f"/customers/{customer}/lift", {"ground": "gdpr-art-18"}, "officer", if_match='"2"')
    assert lifted["version"] == 3
    assert (await desk.done("/resolve", {"by": {"customer": customer}}))["subject"]["restrictions"] == []


async def test_an_export_holds_all_that_is_kept_of_a_person(desk: Office) -> None:
    """Keys, types of identifiers, restrictions, history and merged ids."""
    customer, merged = await desk.link("crm", "C-1"), await desk.link("mail", "ada@example.com")
    noted = {"source": "crm", "identifiers": [{"type": "email", "value": "ada@example.com"}]}
    await desk.done(f"/customers/{customer}/identifiers", noted)
    await desk.done("/merges", {"loser": merged, "survivor": customer})
    await desk.done(f"/customers/{customer}/restrict", {"ground": "g", "coordinates": ["*"]}, "officer")
    response = await desk.get(f"/customers/{customer}/export", "officer")
    told = response.json()
    assert response.headers["cache-control"] == "no-store"
    assert (told["customer"], told["merged"], told["isWhole"]) == (customer, [merged], True)
    assert {(one["source"], one["key"]) for one in told["links"] if one["until"] is None} == {
        ("crm", "C-1"),
        ("mail", "ada@example.com"),
    }
    assert [(one["type"], one["source"]) for one in told["identifiers"]] == [("email", "crm")]
    assert [one["ground"] for one in told["restrictions"]] == ["g"]
    assert told["history"][-1]["type"] == "customer.restricted"


async def test_who_was_erased_is_unknown(desk: Office) -> None:
    """With every id that was merged into it; erasing again changes nothing."""
    customer, merged = await desk.link("crm", "C-1"), await desk.link("crm", "C-2")
    await desk.done("/merges", {"loser": merged, "survivor": customer})
    first = await desk.done(f"/customers/{customer}/erase", {"reasonCode": "gdpr-art-17"}, "officer")
    assert await desk.done(f"/customers/{customer}/erase", {}, "officer") == first
    by: list[dict[str, Any]] = [{"customer": customer}, {"customer": merged}, {"source": "crm", "key": "C-1"}]
    assert (await desk.done("/resolve-many", {"by": by}))["subjects"] == [None, None, None]
    unknown = await desk.get("/customers/cus_unheard-of/export", "officer")
    erased = await desk.get(f"/customers/{customer}/export", "officer")
    assert (erased.status_code, erased.content) == (unknown.status_code, unknown.content)
    assert (erased.status_code, code_of(erased)) == (404, "CUSTOMER_UNKNOWN")
    assert (await desk.done("/verify", {}, "auditor"))["holds"]
    assert await desk.store.resolve(Lookup("crm", "C-1")) is None


NOBODY = f"cus_{'e' * 32}"
ONE = {"source": "crm", "key": "C-1"}
NOTED = {"type": "email", "value": "ada@example.com"}
AIMED: Mapping[str, Callable[[str, str], tuple[str, object]]] = {
    "link": lambda one, _: ("/links", {**ONE, "customer": one}),
    "link what can be no key": lambda one, _: ("/links", {**ONE, "key": "a\0", "customer": one}),
    "relink": lambda one, _: ("/links/relink", {**ONE, "customer": one}),
    "merge": lambda one, other: ("/merges", {"loser": one, "survivor": other}),
    "merge into": lambda one, other: ("/merges", {"loser": other, "survivor": one}),
    "merge with itself": lambda one, _: ("/merges", {"customers": [one, one]}),
    "preview": lambda one, other: ("/merges", {"customers": [one, other], "dryRun": True}),
    "split": lambda one, _: ("/splits", {"customer": one, "keys": [ONE]}),
    "split into": lambda one, other: ("/splits", {"customer": other, "keys": [ONE], "into": one}),
    "note": lambda one, _: (f"/customers/{one}/identifiers", {"source": "crm", "identifiers": [NOTED]}),
    "forget": lambda one, _: (f"/customers/{one}/identifiers/forget", {"all": True}),
    "history": lambda one, _: ("/history", {"by": {"customer": one}}),
    "outline": lambda one, _: ("/outline", {"by": {"customer": one}}),
    "resolve": lambda one, _: ("/resolve", {"by": {"customer": one}}),
}


@pytest.mark.parametrize("version", [None, '"7"'])
@pytest.mark.parametrize("what", AIMED)
async def test_nobody_is_told_who_was_erased_by_what_a_write_answers(
    desk: Office, what: str, version: str | None
) -> None:
    """A steward is answered in the same bytes as for an id that nobody had, and nothing is written."""
    other, erased = await desk.link("crm", "C-1"), await desk.link("crm", "C-2")
    await desk.done(f"/customers/{erased}/erase", {}, "officer")
    before = len(await desk.store.changes(0))
    told = set()
    for one in (erased, NOBODY):
        path, body = AIMED[what](one, other)
        answer = await desk.post(path, body, "steward", **({} if version is None else {"if_match": version}))
        told.add((answer.status_code, answer.content))
    assert len(told) == 1
    assert len(await desk.store.changes(0)) == before


async def test_an_erasure_between_is_told_as_nobody(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was there when it was looked for, and is erased when it is written."""
    erased = await desk.link("crm", "C-2")
    await desk.done(f"/customers/{erased}/erase", {}, "officer")

    async def there(*_: object) -> bool:
        return True

    unknown = await desk.post("/links", {**ONE, "customer": NOBODY})
    monkeypatch.setattr(Asking, "is_there", there)
    refused = await desk.post("/links", {**ONE, "customer": erased})
    assert (refused.status_code, refused.content) == (404, unknown.content)


async def test_who_erases_and_who_audits_are_told(desk: Office) -> None:
    """An officer is refused by the reason, and an auditor reads what happened."""
    customer = await desk.link("crm", "C-1")
    await desk.done(f"/customers/{customer}/erase", {}, "officer")
    refused = await desk.post(f"/customers/{customer}/restrict", {"ground": "g", "coordinates": ["*"]}, "officer")
    assert (refused.status_code, code_of(refused)) == (409, "CUSTOMER_ERASED")
    asked = {"by": {"customer": customer}}
    told = await desk.done("/history", asked, "auditor")
    assert [entry["type"] for entry in told["entries"]][:2] == ["customer.created", "customer.erased"]
    assert await desk.done("/history", asked, "reader") == {"entries": [], "next": None}


@pytest.mark.parametrize("what", ["restrict", "lift", "erase"])
async def test_an_unknown_customer_is_not_found(desk: Office, what: str) -> None:
    """Nothing is written."""
    bodies = {"restrict": {"ground": "g", "coordinates": ["*"]}, "lift": {"ground": "g"}, "erase": {}}
    refused = await desk.post(f"/customers/cus_unheard-of/{what}", bodies[what], "officer")
    assert (refused.status_code, code_of(refused)) == (404, "CUSTOMER_UNKNOWN")


@pytest.mark.parametrize(
    "body",
    [
        {"ground": "because she asked", "coordinates": ["*"]},
        {"ground": "g", "coordinates": []},
        {"ground": "g", "coordinates": ["no coordinate"]},
        {"ground": "g", "coordinates": "*"},
        {"ground": "g"},
    ],
)
async def test_a_restriction_that_cannot_be_is_refused(desk: Office, body: dict[str, Any]) -> None:
    """The ground is a short code, and there is something that is restricted."""
    customer = await desk.link("crm", "C-1")
    refused = await desk.post(f"/customers/{customer}/restrict", body, "officer")
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("Plant.lable", "did you mean 'Plant.label'?"),
        ("plant.label", "did you mean 'Plant.label'?"),
        ("ada@example.com", "wanted Type.field as `customer-view sdl` prints it, or * for all"),
    ],
)
async def test_a_coordinate_that_the_model_does_not_have_is_refused(desk: Office, wrong: str, said: str) -> None:
    """Taken, it would hide the whole customer. What was sent is not repeated."""
    customer = await desk.link("crm", "C-1")
    body = {"ground": "gdpr-art-18", "coordinates": ["Plant.label", wrong]}
    refused = await desk.post(f"/customers/{customer}/restrict", body, "officer")
    assert (refused.status_code, code_of(refused)) == (422, "VALUE_INVALID")
    message = f"Coordinate 2 is none that the model has: {said} Correct it."
    assert refused.json()["errors"][0]["message"] == message
    assert (await desk.done("/resolve", {"by": {"customer": customer}}))["subject"]["restrictions"] == []
