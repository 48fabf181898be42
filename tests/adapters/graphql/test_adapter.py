"""GraphQLAdapter: which record answers which key, and what the source is told."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import respx

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Fault, Found, Missing, Page, SourceError
from adapters.graphql import ByAlias, ByIds
from adapters.http import Told
from adapters.offers import KeyForm
from adapters.records import Record
from schema.deadline import Deadline
from schema.reasons import Reason
from tests.adapters.graphql.answering import (
    ALIASES,
    IDS,
    URL,
    Heard,
    adapter,
    answered,
    error,
    facts,
    fetch,
    found,
    items,
    reason,
)
from tests.adapters.graphql.shop import (
    LISTS,
    Shop,
    ShopCustomer,
    ShopOrder,
    customer,
    facts_offer,
    list_offer,
    serving_shop,
)

# matching


async def test_a_record_under_an_alias_must_echo_its_key() -> None:
    """Another one's is SOURCE_MISMATCH; so is one that echoes none."""
    body = {"data": {"k0": found("2"), "k1": found("1"), "k2": {"segment": "x"}}}
    answers = await answered(body, ALIASES, "1", "2", "3")
    assert [reason(answer) for answer in answers.values()] == [Reason.SOURCE_MISMATCH] * 3


async def test_an_alias_without_an_answer_is_left_out() -> None:
    """GraphQL has null for nothing: the answer is incomplete."""
    body = {"data": {"k1": found("2"), "k7": found("1")}}
    answers = await answered(body, ALIASES, "1", "2")
    assert reason(answers["1"]) is Reason.SOURCE_INCOMPLETE
    assert facts(answers["2"]) == {"segment": "of 2"}


async def test_keys_are_compared_in_the_offers_form() -> None:
    """Of objects that hold lists, too."""
    offer = list_offer("upper", key_form=KeyForm.UPPER, keys=ByIds("nodes"))
    page = {"nodes": [{"number": "1"}], "pageInfo": {"hasNextPage": False, "endCursor": "1"}}
    answers = await answered({"data": {"nodes": [{"id": "AB", "bought": page}]}}, offer, "ab", part=Slice(2))
    assert items(answers["ab"]) == ({"number": "1"},)


async def test_an_object_of_another_type_is_nobodys() -> None:
    """It does not echo the key that only the type asked for has."""
    answers = await answered({"data": {"nodes": [{}, found("2")]}}, IDS, "1", "2")
    assert reason(answers["1"]) is Reason.SOURCE_MISMATCH
    assert facts(answers["2"]) == {"segment": "of 2"}


async def test_two_objects_of_one_key_are_an_error_of_its_list() -> None:
    """Which of the lists is right cannot be known."""
    page = {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    holder = {"id": "1", "bought": page}
    answers = await answered({"data": {"nodes": [holder, holder]}}, LISTS["ids"], "1", part=Slice(2))
    assert reason(answers["1"]) is Reason.SOURCE_ERROR


@pytest.mark.parametrize(("absent", "wanted"), [(Missing, Missing()), (Page, ()), (None, Reason.SOURCE_INCOMPLETE)])
@pytest.mark.parametrize("holder", [None, {"id": "1", "bought": None}])
async def test_a_list_that_is_not_there_is_what_the_offer_says(absent: Any, wanted: object, holder: object) -> None:
    """Whether its object or the list is null; an empty list is a list, and of one that has begun nothing follows."""
    offer = list_offer("absent", absent=absent)
    answer = (await answered({"data": {"k0": holder}}, offer, "1", part=Slice(2)))["1"]
    got: object = reason(answer) if isinstance(answer, SourceError) else answer
    assert (items(answer) if isinstance(answer, Found) else got) == wanted
    empty = {"id": "1", "bought": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}
    assert items((await answered({"data": {"k0": empty}}, offer, "1", part=Slice(2)))["1"]) == ()
    assert items((await answered({"data": {"k0": holder}}, offer, "1", part=Slice(2, "3")))["1"]) == ()


@pytest.mark.parametrize(
    "bought",
    [
        [],
        7,
        {"nodes": []},
        {"nodes": {}, "pageInfo": {"hasNextPage": False, "endCursor": None}},
        {"nodes": [7], "pageInfo": {"hasNextPage": False, "endCursor": None}},
        {"nodes": [], "pageInfo": {"hasNextPage": None, "endCursor": None}},
        {"nodes": [], "pageInfo": {"hasNextPage": 1, "endCursor": None}},
        {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": None}},
        {"nodes": [{"number": "1"}], "pageInfo": {"hasNextPage": True, "endCursor": " "}},
        {"nodes": [{"number": "1"}], "pageInfo": {"hasNextPage": True, "endCursor": None}},
        {"nodes": [{"number": "1"}], "pageInfo": {"hasNextPage": True, "endCursor": 7}},
        {"nodes": [{"number": "1"}], "pageInfo": {"hasNextPage": True, "endCursor": "x" * 3_000}},
        {"nodes": [{"number": "1"}] * 3, "pageInfo": {"hasNextPage": False, "endCursor": None}},
    ],
)
async def test_what_is_no_page_is_an_error_of_its_key(bought: object) -> None:
    """Neither more than was asked, nor a page that goes on nowhere."""
    body = {"data": {"k0": {"id": "1", "bought": bought}}}
    assert reason((await answered(body, list_offer("a"), "1", part=Slice(2)))["1"]) is Reason.SOURCE_ERROR


async def test_a_whole_list_of_too_many_is_an_error() -> None:
    """As the offer bounds it."""
    offer = list_offer(
        "few", at="allOrders", connection=None, max_page=None, limits_per_key=False, arguments={}, max_items=2
    )
    body = {"data": {"k0": {"id": "1", "allOrders": [{"number": "1"}] * 3}, "k1": {"id": "2", "allOrders": [None]}}}
    answers = await answered(body, offer, "1", "2")
    assert reason(answers["1"]) is Reason.SOURCE_ERROR
    assert items(answers["2"]) == ()


# what the source is told


async def test_the_source_is_told_what_it_may_be_told() -> None:
    """As over REST: its own headers, the purpose, the types that are taken; the address is asked as it is written."""
    with respx.mock(using="httpx") as router:
        route = router.post(f"{URL}/").respond(json={"data": {"k0": found("1")}})
        headers = {"X-Access-Token": "t"}
        async with adapter(ALIASES, f"{URL}/", headers=headers, told=Told(purpose="X-Purpose")) as asked:
            assert facts((await fetch(asked, ALIASES, "1"))["1"]) == {"segment": "of 1"}
    sent = route.calls.last.request.headers
    assert sent["accept"] == "application/graphql-response+json, application/json;q=0.9"
    assert (sent["content-type"], sent["x-access-token"]) == ("application/json", "t")
    assert sent["x-purpose"] == "dpv:ServiceProvision"


async def test_the_callers_own_credential_can_be_forwarded() -> None:
    """In place of the adapter's; without one no call is made."""
    with respx.mock(using="httpx", assert_all_called=False) as router:
        route = router.post(URL).respond(json={"data": {"k0": found("1")}})
        async with adapter(ALIASES, forward_credential=True) as asked:
            await fetch(asked, ALIASES, "1", credential="the-caller")
            answers = await fetch(asked, ALIASES, "1")
    assert [call.request.headers["authorization"] for call in route.calls] == ["Bearer the-caller"]
    assert reason(answers["1"]) is Reason.SOURCE_AUTH


async def test_a_failure_of_the_call_is_told_to_the_observer() -> None:
    """Also one that came with status 200; errors of keys are answers."""
    for body, outcome in (
        ({"errors": [{"message": "Throttled"}]}, Reason.SOURCE_RATE_LIMITED),
        ({"data": {"k0": None}, "errors": [error("k0")]}, None),
    ):
        heard = Heard()
        await answered(body, ALIASES, "1", observer=heard)
        assert {call.outcome for call in heard.calls} == {outcome}


async def test_a_connection_that_breaks_is_an_error() -> None:
    """As over REST."""
    with respx.mock(using="httpx") as router:
        router.post(URL).mock(side_effect=httpx.ReadTimeout("silence"))
        async with adapter(ALIASES) as asked:
            assert reason((await fetch(asked, ALIASES, "1"))["1"]) is Reason.SOURCE_TIMEOUT


# against a real executor


async def test_a_real_executors_partial_errors_are_kept_apart() -> None:
    """A field that fails is a fault, and one that may not be null costs its record: the rest stands."""
    shop = Shop({key: customer(key) for key in "123"}, broken={"1": ("segment",), "2": ("firstName",)})
    async with serving_shop(shop) as server:
        for offer in (IDS, ALIASES):
            async with adapter(offer, f"{server.url}/graphql") as asked:
                answers = await fetch(asked, offer, "1", "2", "3", fields=("name.given", "segment"))
            assert facts(answers["1"]) == {"name": {"given": "Given-1"}, "segment": Fault(Reason.SOURCE_ERROR)}
            assert reason(answers["2"]) is Reason.SOURCE_ERROR
            assert facts(answers["3"]) == {"name": {"given": "Given-3"}, "segment": "gold-plated"}


async def test_a_real_executors_errors_in_lists_are_kept_apart() -> None:
    """Of one key's entries; an entry's value that may not be null costs the object around it."""
    shop = Shop({key: customer(key) for key in "12"}, broken={"1": ("state", "price")})
    async with serving_shop(shop) as server:
        for offer in (LISTS["ids"], LISTS["aliases"]):
            async with adapter(offer, f"{server.url}/graphql") as asked:
                fields = ("status", "lines.price.currency")
                answers = await fetch(asked, offer, "1", "2", fields=fields, part=Slice(2))
            failed = Fault(Reason.SOURCE_ERROR)
            assert items(answers["2"])[0] == {"status": "OPEN", "lines": [{"price": {"currency": "EUR"}}]}
            assert items(answers["1"])[0] == {"status": failed, "lines": [failed]}


async def test_keys_that_cannot_be_sent_cost_themselves_only() -> None:
    """No call holds them."""
    shop = Shop({"1": customer("1")})
    keys = ("1", "x" * 2_000, "a\ud800", " ")
    async with serving_shop(shop) as server, adapter(IDS, f"{server.url}/graphql") as asked:
        answers = await fetch(asked, IDS, *keys)
    assert facts(answers["1"]) == {"segment": "gold-plated"}
    assert [reason(answers[key]) for key in keys[1:]] == [Reason.SOURCE_ERROR] * 3
    assert [call["variables"] for call in shop.asked] == [{"keys": ["1"]}]


async def test_an_argument_that_cannot_be_said_is_an_error_of_every_key() -> None:
    """Without a call."""
    async with adapter(LISTS["ids"]) as asked:
        call = Call(Deadline.after(5), "dpv:ServiceProvision")
        answers = await asked.fetch(Batch(LISTS["ids"], ("number",), ("1",), (("color", "red"),), Slice(1)), call)
    assert reason(answers["1"]) is Reason.SOURCE_ERROR


async def test_a_record_may_tell_its_type() -> None:
    """`__typename` is a field as others are."""

    class Named(Record):
        segment: str | None = None

    assert issubclass(ShopOrder, Record)
    assert issubclass(ShopCustomer, Record)
    offer = facts_offer("named", record=Named, keys=ByAlias("customer"), key="id")
    assert facts((await answered({"data": {"k0": {"id": "1"}}}, offer, "1"))["1"]) == {"segment": None}
