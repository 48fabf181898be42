"""What the engine answers from made-up data: for any model, every form of field, and every reason of a null."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.pretending import PretendingAdapter
from adapters.pretending.adapter import _is_order
from adapters.verifying import verify_adapters
from gateway.whole_view import whole_view
from schema.customer import Customer
from schema.model import Model
from schema.reasons import Place, Reason
from schema.views import View
from tests.adapters.pretending.served import LIMITS, WHOLE, Served, codes
from tests.resolvers.vessels import MODEL, view

REFERENCE = Model(Customer)


def whole_reference() -> View:
    fields = [name for name, one in REFERENCE.coordinates.items() if not REFERENCE.is_plumbing(one.type_name)]
    fields += [f"{name}({argument}:)" for name in fields for argument in REFERENCE.coordinates[name].arguments]
    return view(fields=dict.fromkeys(fields), lookups=["id", "crm"], limits=LIMITS)


def nulls(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(nulls, value.values()))
    return sum(map(nulls, value)) if isinstance(value, list) else int(value is None)


@pytest.mark.parametrize(("name", "is_order"), [("NEWEST_FIRST", True), ("BY_NAME_ASC", True), ("CASCADE", False)])
def test_an_order_is_told_by_a_whole_word(name: str, is_order: bool) -> None:
    """One that only holds the letters is a value that filters."""
    assert _is_order(SimpleNamespace(name=name)) is is_order
    assert not _is_order(name)


@pytest.mark.parametrize(
    ("model", "whole"), [(MODEL, WHOLE), (REFERENCE, whole_reference())], ids=["tiny", "reference"]
)
async def test_everything_a_view_lists_is_answered(model: Model, whole: View) -> None:
    """Objects, lists, pages in pages, lists of lists, interfaces and unions: nothing is null, nothing fails."""
    served = Served(view=whole, model=model)
    response = await served.ask(whole_view(whole, model, "ada"))
    assert verify_adapters(served.adapters, model) == []
    assert codes(response) == []
    assert response["data"][model.singular]["id"] == "ada"
    assert nulls(response["data"]) == sum(1 for _ in ends(response["data"]))


def ends(value: Any) -> Any:
    """Yield the places where null is no missing value: the end of a page that nothing follows."""
    if isinstance(value, dict):
        yield from (1 for name, inside in value.items() if name == "endCursor" and inside is None)
        for inside in value.values():
            yield from ends(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from ends(inside)


async def test_one_key_is_one_customer_whatever_else_is_asked() -> None:
    """Two front ends, and two starts, see the same data; another key is another customer."""
    first = await Served().vessel("name callSign owners { name share }", "ada")
    second = await Served().vessel("owners { share name } name", "ada")
    other = await Served().vessel("name callSign", "bob")
    assert first["data"]["vessel"]["owners"] == [
        {"name": one["name"], "share": one["share"]} for one in second["data"]["vessel"]["owners"]
    ]
    assert first["data"]["vessel"]["name"] == second["data"]["vessel"]["name"]
    assert other["data"]["vessel"]["callSign"] != first["data"]["vessel"]["callSign"]


async def test_a_customer_is_the_same_by_every_look_up() -> None:
    """The key is the canonical id too."""
    query = '{ a: vessel(by: {id: "ada"}) { id name } b: vessel(by: {sonar: "ada"}) { id name } }'
    data = (await Served().ask(query))["data"]
    assert data["a"] == data["b"]


async def test_pages_follow_each_other_to_the_end() -> None:
    """Cursors work, of a page and of an entry, and no entry is lost or comes twice."""
    served, query = Served(), "voyages(first: 7, after: $after) { nodes { number } edges { cursor } pageInfo { %s } }"
    fields = query % "hasNextPage endCursor"
    document = f'query ($after: String) {{ vessel(by: {{id: "ada"}}) {{ {fields} }} }}'
    numbers: list[int] = []
    after, cursors, more = None, [], True
    while more:
        page = (await served.ask(document, after=after))["data"]["vessel"]["voyages"]
        numbers += [node["number"] for node in page["nodes"]]
        cursors += [edge["cursor"] for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    whole = (await served.vessel("voyages(first: 100) { nodes { number } }"))["data"]["vessel"]["voyages"]["nodes"]
    assert numbers == [node["number"] for node in whole]
    assert len(set(cursors)) == len(numbers) > 3
    behind = (await served.ask(document, after=cursors[0]))["data"]["vessel"]["voyages"]["nodes"]
    assert [node["number"] for node in behind] == numbers[1:8]


async def test_a_list_is_filtered_by_its_arguments() -> None:
    """What does not fit is not in it."""
    nodes = "{ nodes { number isRough } }"
    data = await Served().vessel(f"all: voyages(first: 100) {nodes} rough: voyages(first: 100, rough: true) {nodes}")
    every, rough = data["data"]["vessel"]["all"]["nodes"], data["data"]["vessel"]["rough"]["nodes"]
    assert 0 < len(rough) < len(every)
    assert rough == [one for one in every if one["isRough"]]


async def test_a_list_is_ordered_and_bounded_by_moments() -> None:
    """As the reference model's lists take it: newest first unless asked otherwise, from and before a day."""
    served = Served(view=whole_reference(), model=REFERENCE)
    entries = "{ nodes { issuedOn } }"
    data = await served.ask(
        f'{{ customer(by: {{id: "ada"}}) {{ new: invoices(first: 100) {entries} '
        f"old: invoices(first: 100, sort: OLDEST_FIRST) {entries} "
        f'some: invoices(first: 100, issuedFrom: "2025-03-01", issuedBefore: "2025-06-01") {entries} '
        f"open: invoices(first: 100, status: [OPEN, PAID]) {{ nodes {{ status }} }} }} }}"
    )
    found = data["data"]["customer"]
    newest = [node["issuedOn"] for node in found["new"]["nodes"]]
    assert newest == sorted(newest, reverse=True)
    assert [node["issuedOn"] for node in found["old"]["nodes"]] == sorted(newest)
    assert [node["issuedOn"] for node in found["some"]["nodes"]] == [
        day for day in newest if "2025-03-01" <= day < "2025-06-01"
    ]
    assert {node["status"] for node in found["open"]["nodes"]} <= {"OPEN", "PAID"}


OF_NO_FIELD = {
    *(Reason.SUBJECT_UNKNOWN, Reason.SUBJECT_ERASED),
    *(Reason.VERIFICATION_REQUIRED, Reason.VERIFICATION_EXPIRED),
}


@pytest.mark.parametrize("reason", [one for one in Reason if one not in OF_NO_FIELD and one.place is not Place.MASKED])
async def test_every_reason_of_a_null_can_be_had(reason: Reason) -> None:
    """By its code in the key, at the field that is named, in the place where the code stands in real life."""
    response = await Served().vessel("id name callSign", f"{reason}@Vessel.name")
    place = "errors" if reason.place is Place.ERROR else reason.place.value
    assert response["data"]["vessel"]["name"] is None
    assert response["data"]["vessel"]["callSign"] is not None
    assert codes(response) == [(place, str(reason))]


async def test_who_was_erased_is_unknown() -> None:
    """To whoever asks there is no difference in real life."""
    response = await Served().vessel("id name", "SUBJECT_ERASED")
    assert response["data"]["vessel"] is None
    assert codes(response) == [("withheld", "SUBJECT_UNKNOWN")]


async def test_lists_come_in_the_order_that_the_model_promises() -> None:
    """Also in a view that lets nobody choose one; and what belongs together happens in its order."""
    fields = ["Customer.orders", "Order.placedAt", "Order.deliveries", "Delivery.deliveredAt"]
    whole = view(fields=dict.fromkeys((*fields, "Customer.orders(first:)")), lookups=["id"], limits=LIMITS)
    served = Served(view=whole, model=REFERENCE)
    orders: list[dict[str, Any]] = []
    for key in ("ada", "bob", "eve"):
        query = "orders(first: 30) { nodes { placedAt deliveries { deliveredAt } } }"
        answer = await served.ask(f'{{ customer(by: {{id: "{key}"}}) {{ {query} }} }}')
        found = answer["data"]["customer"]["orders"]["nodes"]
        assert [one["placedAt"] for one in found] == sorted((one["placedAt"] for one in found), reverse=True)
        orders += found
    assert len(orders) > 10
    assert all(each["deliveredAt"] > one["placedAt"] for one in orders for each in one["deliveries"])


async def test_nobody_can_be_shown() -> None:
    """The customer itself is null, with the one code that says no more."""
    response = await Served().vessel("id", "SUBJECT_UNKNOWN#7")
    assert response["data"] == {"vessel": None}
    assert codes(response) == [("withheld", "SUBJECT_UNKNOWN")]


async def test_a_code_without_a_field_is_of_every_field_but_the_id() -> None:
    """The way to see a page on which nothing is there."""
    response = await Served().vessel("id name callSign size { beam }", "SOURCE_TIMEOUT")
    assert response["data"]["vessel"] == {"id": "SOURCE_TIMEOUT", "name": None, "callSign": None, "size": None}


async def test_a_list_that_fails_is_null_and_an_empty_one_is_empty() -> None:
    """Also one that is read in pages."""
    fields = "owners { name } voyages { nodes { number } pageInfo { hasNextPage } }"
    failed = await Served().vessel(fields, "SOURCE_ERROR@Vessel.voyages+NULL@Vessel.owners")
    empty = await Served().vessel(fields, "EMPTY")
    assert failed["data"]["vessel"] == {"owners": None, "voyages": None}
    assert codes(failed) == [("errors", "SOURCE_ERROR")]
    assert empty["data"]["vessel"] == {"owners": [], "voyages": {"nodes": [], "pageInfo": {"hasNextPage": False}}}


async def test_a_null_where_the_schema_allows_none_takes_its_parent_along() -> None:
    """As a source's bad value does: `Size.beam` is never null."""
    response = await Served().vessel("size { length beam }", "NULL@Size.beam")
    assert response["data"]["vessel"] == {"size": None}
    assert codes(response) == [("errors", "VALUE_INVALID")]


async def test_a_slow_source_is_as_late_as_it_is_told_to_be() -> None:
    """Within the deadline the answer comes; beyond it the code is the one of real life."""
    started = time.monotonic()
    assert codes(await Served().vessel("name", "SLOW@0.1")) == []
    assert time.monotonic() - started >= 0.1
    assert codes(await Served().vessel("name", "SLOW", seconds=0.05)) == [("errors", "DEADLINE_EXCEEDED")]


async def test_what_always_holds_is_of_every_key() -> None:
    """Several at once; the key's own wishes come on top."""
    served = Served("NULL@Vessel.name", "SUBJECT_RESTRICTED@Vessel.size")
    response = await served.vessel("name callSign size { beam }", "NULL@Vessel.callSign")
    assert response["data"]["vessel"] == {"name": None, "callSign": None, "size": None}
    assert codes(response) == [("withheld", "SUBJECT_RESTRICTED")]


async def test_a_share_of_the_fields_is_null() -> None:
    """Only those that may be; none where the share is nothing, all where it is everything."""
    fields = "name callSign size { beam } owners { name } track"
    customers = [f"k{number}" for number in range(40)]
    query = f"query ($by: [VesselBy!]!) {{ vessels(by: $by) {{ {fields} }} }}"
    by = [{"id": key} for key in customers]
    some = await Served(nulls=0.3).ask(query, by=by)
    names = [one["name"] for one in some["data"]["vessels"]]
    assert 3 < names.count(None) < 25
    assert codes(some) == []
    every = await Served(nulls=1.0).ask(query, by=by)
    assert every["data"]["vessels"][0] == {"name": None, "callSign": None, "size": None, "owners": None, "track": None}


async def test_the_view_s_limits_and_receipt_are_those_of_real_life() -> None:
    """Each request asks the made-up source as a real one is asked, and the receipt tells it."""
    served = Served()
    answering, *others = served.adapters
    assert [one.source for one in others] == ["registry", "sonar"]
    assert all(isinstance(one, PretendingAdapter) and not one.offers for one in others)
    plan = served.engine.explain(served.view, _request('{ vessel(by: {id: "a"}) { name owners { name } } }'))
    assert plan["calls"] == 1
    await answering.aclose()


def _request(query: str) -> Any:
    from resolvers import Request

    return Request(query)
