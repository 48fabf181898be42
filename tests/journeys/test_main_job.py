"""The main job on real sources: few calls, only the fields asked, and never a wrong value whatever a source does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.people import Customer
from adapters.sandbox.process import start_source
from tests.journeys.town import SELECTION, Town, at_desk, open_town

pytestmark = [pytest.mark.postgres, pytest.mark.processes]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town(tmp_path_factory.mktemp("town")) as opened:
        yield opened


def ordinary(town: Town, number: int) -> list[Customer]:
    """Return customers that every source knows by one key, with a company, whom nothing restricts."""
    found = [one for one in town.whom if len(one.billing_keys) == 1 and one.company and not one.is_restricted]
    return found[:number]


async def test_fifty_customers_cost_one_call_a_source_and_only_the_fields_asked(town: Town) -> None:
    """The sources' own counters say so."""
    fifty = ordinary(town, 50)
    async with at_desk(town) as desk:
        answer = await desk.ask_for(fifty)
        counted = await town.billing.counted()
    assert answer["data"]["customers"] == [town.truth(one) for one in fifty]
    assert "errors" not in answer
    crm, register = town.crm.counters(), town.register.counters()
    assert (crm["calls"], crm["keys"]) == (1, 50)
    assert sorted(crm["fields"]) == ["companyLei", "displayName", "id"]
    assert (register["calls"], register["keys"]) == (1, len({one.company and one.company.lei for one in fifty}))
    assert [(one.view, one.calls) for one in counted] == [("account_v", 1)]
    assert sorted(counted[0].columns) == ["account_no", "balance", "currency", "customer_no"]
    assert [(one["source"], one["calls"]) for one in answer["extensions"]["receipt"]["sources"]] == [
        ("crm", 1),
        ("billing", 1),
        ("register", 1),
    ]


async def test_aliases_fragments_and_a_second_root_field_add_no_call(town: Town) -> None:
    """One call for each source, offer, arguments, allowed fields and batch, whatever the shape of the query."""
    some = ordinary(town, 3)
    query = """
      query Shapes($first: CustomerBy!, $rest: [CustomerBy!]!) {
        a: customer(by: $first) { ...Named again: name { display } accounts { number } }
        rest: customers(by: $rest) { ...Named accounts { balance { amount } } }
      }
      fragment Named on Customer { called: name { display } firm: company { name } other: company { name } }
    """
    by = [{"crm": one.crm_key} for one in some]
    async with at_desk(town) as desk:
        answer = await desk.ask(query, {"first": by[0], "rest": by[1:]})
        counted = await town.billing.counted()
    assert answer["data"]["a"]["called"] == answer["data"]["a"]["again"] == town.truth(some[0])["name"]
    assert [one["firm"] for one in answer["data"]["rest"]] == [town.truth(one)["company"] for one in some[1:]]
    assert (town.crm.counters()["calls"], town.crm.counters()["keys"]) == (1, 3)
    assert town.register.counters()["calls"] == 1
    assert sum(one.calls for one in counted) == 1


async def test_all_keys_of_a_customer_answer_and_restrictions_hold(town: Town) -> None:
    """Lists are joined over a customer's keys; a restricted list is withheld and its customer's key never sent."""
    moved = next(one for one in town.whom if len(one.billing_keys) == 2 and not one.is_restricted)
    restricted = next(one for one in town.whom if one.is_restricted and one.billing_keys)
    unbilled = next(one for one in town.whom if not one.billing_keys and not one.is_restricted)
    async with at_desk(town) as desk:
        answer = await desk.ask_for(
            [moved, restricted, unbilled], "{ id accounts { number balance { amount currency } } }"
        )
    first, second, third = answer["data"]["customers"]
    known = {one["number"]: one for one in town.truth(moved)["accounts"]}
    assert {one["number"]: one for one in first["accounts"]} == known
    assert second["accounts"] is None
    assert third["accounts"] is None
    withheld, absent = answer["extensions"]["withheld"], answer["extensions"]["absent"]
    assert [(one["coordinate"], one["code"], one["paths"]) for one in withheld] == [
        ("Customer.accounts", "SUBJECT_RESTRICTED", [["customers", 1, "accounts"]])
    ]
    assert [(one["coordinate"], one["code"], one["paths"]) for one in absent] == [
        ("Customer.accounts", "SOURCE_NOT_LINKED", [["customers", 2, "accounts"]])
    ]
    (billing,) = answer["extensions"]["receipt"]["sources"]
    assert (billing["source"], billing["keys"]) == ("billing", 2)


async def test_an_unknown_customer_and_a_hidden_field_cost_no_call(town: Town) -> None:
    """SUBJECT_UNKNOWN and "Cannot query field": neither says more, and no source hears of it."""
    async with at_desk(town) as desk:
        unknown = await desk.ask(f'{{ customer(by: {{crm: "C-999999"}}) {SELECTION} }}')
        hidden = await desk.ask('{ customer(by: {crm: "C-000001"}) { dateOfBirth segmen } }')
        counted = await town.billing.counted()
    assert unknown["data"] == {"customer": None}
    assert [one["code"] for one in unknown["extensions"]["withheld"]] == ["SUBJECT_UNKNOWN"]
    assert [one["message"] for one in hidden["errors"]] == [
        "Cannot query field 'dateOfBirth' on type 'Customer'.",
        "Cannot query field 'segmen' on type 'Customer'.",
    ]
    assert town.crm.counters()["calls"] == town.register.counters()["calls"] == 0
    assert list(counted) == []


async def test_a_killed_source_costs_its_own_fields_and_each_null_says_why(town: Town) -> None:
    """The process is gone, not only told to misbehave."""
    some = ordinary(town, 3)
    with start_source("crm") as doomed:
        mortal = Town(town.whom, doomed, town.register, town.billing, town.server, town.folder, town.token)
        async with at_desk(mortal) as desk:
            doomed.process.kill()
            doomed.process.wait(5)
            answer = await desk.ask_for(some)
    for got, customer in zip(answer["data"]["customers"], some, strict=True):
        wanted = town.truth(customer)
        assert got == {"id": wanted["id"], "name": None, "accounts": wanted["accounts"], "company": None}
    codes = {tuple(one["path"]): one["extensions"]["code"] for one in answer["errors"]}
    assert set(codes) == {("customers", place, name) for place in range(3) for name in ("name", "company")}
    assert set(codes.values()) <= {"SOURCE_ERROR", "SOURCE_TIMEOUT"}


@pytest.mark.parametrize("how", [how for how in Misbehaviour if how is not Misbehaviour.NONE])
@pytest.mark.parametrize("source", ["crm", "billing", "register"])
async def test_a_misbehaving_source_never_gives_a_wrong_value(town: Town, source: str, how: Misbehaviour) -> None:
    """Other sources' fields are right and whole; of its own each is right, or null with a reason."""
    some = ordinary(town, 5)
    async with at_desk(town, deadline=400) as desk:
        await town.behave(source, how, desk.relay)
        answer = await desk.ask_for(some)
    sick = {"crm": ("name", "company"), "billing": ("accounts",), "register": ("company",)}[source]
    explained = {tuple(one["path"]) for one in answer.get("errors", ())}
    for place, customer in enumerate(some):
        got, wanted = answer["data"]["customers"][place], town.truth(customer)
        for name, value in wanted.items():
            if name not in sick:
                assert got[name] == value
            else:
                _right_or_explained(got[name], value, ("customers", place, name), explained)
    if how is Misbehaviour.SHUFFLED:
        assert answer["data"]["customers"] == [town.truth(one) for one in some]


def _right_or_explained(
    got: Any, wanted: Any, path: tuple[str | int, ...], explained: set[tuple[str | int, ...]]
) -> None:
    if got is None and wanted is not None:
        assert path in explained, f"null at {path} without a reason"
    elif isinstance(got, dict):
        for name, value in got.items():
            _right_or_explained(value, wanted[name], (*path, name), explained)
    else:
        assert got == wanted, path
