"""GraphQLAdapter: what each answer of a source becomes, and what the source is told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import respx

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Answer, Facts, Fault, Found, Missing, Page, SourceError
from adapters.graphql import ByAlias, ByIds, GraphQLAdapter, GraphQLOffer
from adapters.http import Told
from adapters.offers import KeyForm
from adapters.records import Record
from schema.deadline import Deadline
from schema.observer import Event, Sent
from schema.reasons import Reason
from tests.adapters.graphql.shop import (
    FACTS,
    LISTS,
    Shop,
    ShopCustomer,
    ShopOrder,
    customer,
    facts_offer,
    list_offer,
    serving_shop,
    shop_adapter,
)

URL = "https://shop.example/graphql"


class Heard:
    def __init__(self) -> None:
        self.calls: list[Sent] = []

    def note(self, event: Event) -> None:
        if isinstance(event, Sent):
            self.calls.append(event)


@asynccontextmanager
async def adapter(offer: GraphQLOffer, url: str = URL, **settings: Any) -> AsyncIterator[GraphQLAdapter]:
    opened = shop_adapter(url, offer, **settings)
    try:
        yield opened
    finally:
        await opened.aclose()


async def fetch(
    asked: GraphQLAdapter,
    offer: GraphQLOffer,
    *keys: str,
    fields: Sequence[str] | None = None,
    part: Slice | None = None,
    **said: Any,
) -> Mapping[str, Answer]:
    wanted = fields or (("number",) if offer.is_list else ("segment",))
    call = Call(Deadline.after(5), "dpv:ServiceProvision", **said)
    return await asked.fetch(Batch(offer, tuple(sorted(wanted)), keys, (), part), call)


async def answered(
    body: object,
    offer: GraphQLOffer,
    *keys: str,
    status: int = 200,
    content_type: str = "application/json",
    **more: Any,
) -> Mapping[str, Answer]:
    """Return the answers of the keys when the source answers with this body."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with respx.mock(using="httpx") as router:
        router.post(URL).respond(status, content=content, headers={"Content-Type": content_type})
        async with adapter(offer) as asked:
            return await fetch(asked, offer, *keys, **more)


def facts(answer: Answer) -> Facts:
    assert isinstance(answer, Found), answer
    assert isinstance(answer.record, Mapping)
    return answer.record


def items(answer: Answer) -> Sequence[Facts]:
    assert isinstance(answer, Found), answer
    assert isinstance(answer.record, Page)
    return answer.record.items


def reason(answer: Answer) -> Reason:
    assert isinstance(answer, SourceError), answer
    return answer.reason


def found(key: str, **more: object) -> dict[str, object]:
    return {"id": key, "segment": f"of {key}"} | more


def error(*path: object, code: str | None = None, **more: object) -> dict[str, object]:
    said: dict[str, object] = {"message": "user svc_shop at db-07.internal"} | more
    return said | ({"path": list(path)} if path else {}) | ({"extensions": {"code": code}} if code else {})


IDS, ALIASES = FACTS["ids"], FACTS["aliases"]
IN_ORDER = facts_offer("in order", keys=ByIds("nodes", on="Customer", in_order=True))


# errors of keys


async def test_an_error_at_an_alias_is_that_keys() -> None:
    """The others stand."""
    body = {"data": {"k0": None, "k1": found("2"), "k2": None}, "errors": [error("k0")]}
    answers = await answered(body, ALIASES, "1", "2", "3")
    assert answers["1"] == SourceError(Reason.SOURCE_ERROR, "the source reported an error of the key")
    assert facts(answers["2"]) == {"segment": "of 2"}
    assert answers["3"] == Missing()


async def test_an_error_in_a_list_is_that_of_every_key_without_a_record() -> None:
    """A position says nothing: the source may answer in its own order, and nobody is told that a record is missing."""
    body: dict[str, Any] = {"data": {"nodes": [None, None]}, "errors": [error("nodes", 0)]}
    answers = await answered(body, IDS, "1", "2")
    assert [reason(answer) for answer in answers.values()] == [Reason.SOURCE_ERROR] * 2
    body = {"data": {"nodes": [found("2"), None, None]}, "errors": [error("nodes", 2, code="FORBIDDEN")]}
    answers = await answered(body, IDS, "1", "2", "3")
    assert facts(answers["2"]) == {"segment": "of 2"}
    assert [reason(answers[key]) for key in "13"] == [Reason.SOURCE_AUTH] * 2


async def test_an_error_in_a_list_in_order_is_that_of_the_key_asked_there() -> None:
    """Where the offer says that the source keeps the order, a null without an error is a key that it does not have."""
    body = {"data": {"nodes": [found("1"), None, None]}, "errors": [error("nodes", 1, code="FORBIDDEN")]}
    answers = await answered(body, IN_ORDER, "1", "2", "3")
    assert facts(answers["1"]) == {"segment": "of 1"}
    assert reason(answers["2"]) is Reason.SOURCE_AUTH
    assert answers["3"] == Missing()


async def test_an_error_that_breaks_the_order_is_that_of_every_key_without_a_record() -> None:
    """One in the place of a key that is answered elsewhere, or behind all keys; what is some key's own stays so."""
    body: dict[str, Any] = {"data": {"nodes": [None, found("1"), None]}, "errors": [error("nodes", 0)]}
    answers = await answered(body, IN_ORDER, "1", "2", "3")
    assert facts(answers["1"]) == {"segment": "of 1"}
    assert [reason(answers[key]) for key in "23"] == [Reason.SOURCE_ERROR] * 2
    body = {"data": {"nodes": [None, None, None]}, "errors": [error("nodes", 2), error("nodes", 0, code="FORBIDDEN")]}
    answers = await answered(body, IN_ORDER, "1", "2")
    assert [reason(answers[key]) for key in "12"] == [Reason.SOURCE_AUTH, Reason.SOURCE_ERROR]


async def test_an_error_below_a_key_that_was_carried_up_to_it_is_the_keys() -> None:
    """The path says where it was, the null how far it came."""
    body = {
        "data": {"nodes": [None, found("2")]},
        "errors": [error("nodes", 0, "meta", "created", code="INTERNAL")],
    }
    answers = await answered(body, IDS, "1", "2")
    assert reason(answers["1"]) is Reason.SOURCE_ERROR
    assert facts(answers["2"]) == {"segment": "of 2"}


@pytest.mark.parametrize("code", ["NOT_FOUND", "not_found"])
async def test_an_error_that_says_that_there_is_no_such_thing_is_the_sources_own_word(code: str) -> None:
    """It is what the offer says of absent keys; below a key it is an error as others are."""
    body = {"data": {"k0": None, "k1": found("2", segment=None)}, "errors": [error("k0", code=code)]}
    assert (await answered(body, ALIASES, "1", "2"))["1"] == Missing()
    below = [error("k1", "segment", code=code)]
    answers = await answered({"data": {"k0": None, "k1": found("2", segment=None)}, "errors": below}, ALIASES, "1", "2")
    assert facts(answers["2"]) == {"segment": Fault(Reason.SOURCE_ERROR)}


# errors of fields


async def test_an_error_below_a_record_is_a_fault_in_its_place() -> None:
    """Not a silent null; with its own reason where the source gives one."""
    body = {
        "data": {
            "k0": {"id": "1", "segment": None, "lastName": None, "firstName": "A", "meta": None, "credit": "1"},
            "k1": {
                "id": "2",
                "segment": "x",
                "lastName": "B",
                "firstName": "A",
                "meta": {"created": None, "tags": None},
            },
        },
        "errors": [error("k0", "segment"), error("k0", "meta"), error("k1", "meta", "created", code="UNAUTHENTICATED")],
    }
    fields = ("name.family", "segment", "since", "tags", "credit")
    answers = await answered(body, ALIASES, "1", "2", fields=fields)
    failed, refused = Fault(Reason.SOURCE_ERROR), Fault(Reason.SOURCE_AUTH)
    assert facts(answers["1"]) == {
        "credit": 1,
        "name": {"family": None},
        "segment": failed,
        "since": failed,
        "tags": failed,
    }
    assert facts(answers["2"])["since"] == refused
    assert facts(answers["2"])["tags"] is None
    assert facts(answers["2"])["credit"] == Fault(Reason.VALUE_INVALID)


async def test_an_error_inside_a_list_of_a_record_costs_what_it_names() -> None:
    """An object of a list, one of its values, or a list of plain values as a whole."""
    price = {"value": "1", "currency": "EUR"}
    lines = [{"title": "a", "price": price}, None, {"title": None, "price": price}, {"title": "d", "price": None}]
    shown = {"number": "1/1", "lines": lines}
    body = {
        "data": {"k0": {"id": "1", "allOrders": [shown]}},
        "errors": [error("k0", "allOrders", 0, "lines", *rest) for rest in ((1,), (2, "title"), (3, "price", "value"))],
    }
    fields = ("lines.price.amount", "lines.product")
    (row,) = items((await answered(body, LISTS["plain"], "1", fields=fields))["1"])
    failed = Fault(Reason.SOURCE_ERROR)
    assert row == {
        "lines": [
            {"product": "a", "price": {"amount": 1}},
            failed,
            {"product": failed, "price": {"amount": 1}},
            {"product": "d", "price": failed},
        ]
    }
    tags = {"data": {"k0": {"id": "1", "meta": {"tags": ["a", None]}}}, "errors": [error("k0", "meta", "tags", 1)]}
    assert facts((await answered(tags, ALIASES, "1", fields=("tags",)))["1"]) == {"tags": failed}


async def test_a_value_that_the_source_calls_an_error_is_none() -> None:
    """Whatever stands there all the same."""
    body = {"data": {"k0": found("1")}, "errors": [error("k0", "segment"), error("k0", "segment", "inner")]}
    assert facts((await answered(body, ALIASES, "1"))["1"]) == {"segment": Fault(Reason.SOURCE_ERROR)}


async def test_an_error_at_a_list_costs_the_key() -> None:
    """Half a list is a lie: so does one at an entry, an edge, or the page's end."""
    page = {"hasNextPage": False, "endCursor": None}

    def listed(**more: object) -> dict[str, object]:
        return {"id": "1", "bought": {"edges": [{"node": {"number": "1"}}], "pageInfo": page} | more}

    offer, good = LISTS["aliases"], {"id": "2", "bought": {"edges": [], "pageInfo": page}}
    for broken, path in (
        ({"id": "1", "bought": None}, ("bought",)),
        (listed(edges=None), ("bought", "edges")),
        (listed(edges=[None]), ("bought", "edges", 0)),
        (listed(edges=[{"node": None}]), ("bought", "edges", 0, "node")),
        (listed(pageInfo=None), ("bought", "pageInfo")),
        (listed(pageInfo=page | {"endCursor": None}), ("bought", "pageInfo", "endCursor")),
    ):
        body = {"data": {"k0": broken, "k1": good}, "errors": [error("k0", *path, code="THROTTLED")]}
        answers = await answered(body, offer, "1", "2", part=Slice(2))
        assert reason(answers["1"]) is Reason.SOURCE_RATE_LIMITED
        assert items(answers["2"]) == ()


async def test_an_error_in_an_entry_costs_its_field() -> None:
    """The list stands."""
    page = {"hasNextPage": False, "endCursor": None}
    nodes = [{"number": "1", "total": None}, None, {"number": "2", "total": {"currency": "EUR"}}]
    body = {
        "data": {"nodes": [{"id": "1", "bought": {"nodes": nodes, "pageInfo": page}}]},
        "errors": [error("nodes", 0, "bought", "nodes", 0, "total", "currency")],
    }
    rows = items((await answered(body, LISTS["ids"], "1", fields=("number", "currency"), part=Slice(3)))["1"])
    assert rows == ({"number": "1", "currency": Fault(Reason.SOURCE_ERROR)}, {"number": "2", "currency": "EUR"})


async def test_an_entry_of_all_keys_that_fails_costs_the_call() -> None:
    """Nobody can tell whose it was; a field of it costs itself only."""
    row = {"number": None, "owner": {"id": "1"}}
    body: dict[str, Any] = {"data": {"ordersOfAll": [None, row]}, "errors": [error("ordersOfAll", 0)]}
    answers = await answered(body, LISTS["rows"], "1", "2")
    assert [reason(answer) for answer in answers.values()] == [Reason.SOURCE_ERROR] * 2
    body["errors"] = [error("ordersOfAll", 1, "number")]
    answers = await answered(body, LISTS["rows"], "1", "2")
    assert items(answers["1"]) == ({"number": Fault(Reason.SOURCE_ERROR)},)
    assert items(answers["2"]) == ()


# errors of the call


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (error(), Reason.SOURCE_ERROR),
        (error(code="THROTTLED"), Reason.SOURCE_RATE_LIMITED),
        ({"message": "Throttled"}, Reason.SOURCE_RATE_LIMITED),
        (error(type="RATE_LIMITED"), Reason.SOURCE_RATE_LIMITED),
        (error(code="UNAUTHENTICATED"), Reason.SOURCE_AUTH),
        (error(code="FORBIDDEN"), Reason.SOURCE_AUTH),
        (error(extensions={"classification": "UNAUTHORIZED"}), Reason.SOURCE_AUTH),
        (error(errorType="Unauthorized"), Reason.SOURCE_AUTH),
        (error(code="GRAPHQL_VALIDATION_FAILED"), Reason.SOURCE_ERROR),
        (error(extensions={"code": 403}), Reason.SOURCE_ERROR),
        (error(extensions=7), Reason.SOURCE_ERROR),
        ("an error", Reason.SOURCE_ERROR),
    ],
)
@pytest.mark.parametrize("has_data", [True, False])
async def test_an_error_without_a_place_is_every_keys(said: object, wanted: Reason, has_data: bool) -> None:
    """By its code, in the words of several products, whether there are data beside it or not."""
    body = {"data": {"k0": found("1"), "k1": found("2")} if has_data else None, "errors": [said]}
    answers = await answered(body, ALIASES, "1", "2")
    assert [reason(answer) for answer in answers.values()] == [wanted] * 2


@pytest.mark.parametrize(
    "path",
    [
        ["other"],
        ["nodes"],
        ["nodes", 7],
        ["nodes", -1],
        ["nodes", "0"],
        ["nodes", True],
        ["nodes", 0, "id", "of"],
        ["nodes", 0, "gone"],
        [["nodes"]],
        [{}],
        [],
        "nodes",
        None,
    ],
)
async def test_an_error_at_a_place_that_is_none_is_every_keys(path: object) -> None:
    """So is one at the field that answers all keys."""
    body = {"data": {"nodes": [found("1"), found("2")]}, "errors": [error() | {"path": path}]}
    answers = await answered(body, IDS, "1", "2")
    assert [reason(answer) for answer in answers.values()] == [Reason.SOURCE_ERROR] * 2


async def test_the_gravest_of_several_errors_counts() -> None:
    """Where the call fails as a whole."""
    body = {"errors": [error(), error(code="THROTTLED"), error(code="FORBIDDEN")]}
    assert reason((await answered(body, ALIASES, "1"))["1"]) is Reason.SOURCE_RATE_LIMITED


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        None,
        {"data": []},
        {"data": None},
        {"data": None, "errors": []},
        {"data": {"nodes": None}},
        {"data": {"nodes": {}}},
        {"data": {}},
        {"data": {"nodes": []}, "errors": {"message": "x"}},
        {"data": {"nodes": [found("1")]}, "errors": "x"},
    ],
)
async def test_what_is_no_answer_to_the_document_is_an_error(body: object) -> None:
    """Of every key."""
    assert reason((await answered(body, IDS, "1"))["1"]) is Reason.SOURCE_ERROR


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (400, {"errors": [error(code="GRAPHQL_PARSE_FAILED")]}, Reason.SOURCE_ERROR),
        (400, {"data": {"k0": found("1")}}, Reason.SOURCE_ERROR),
        (422, {"errors": [error(code="UNAUTHENTICATED")]}, Reason.SOURCE_AUTH),
        (500, {"errors": [error(code="THROTTLED")]}, Reason.SOURCE_RATE_LIMITED),
        (500, b"<html>", Reason.SOURCE_ERROR),
        (302, {"data": {"k0": found("1")}}, Reason.SOURCE_ERROR),
        (401, {"data": {"k0": found("1")}}, Reason.SOURCE_AUTH),
        (403, b"", Reason.SOURCE_AUTH),
        (429, b"", Reason.SOURCE_RATE_LIMITED),
        (200, b"{", Reason.SOURCE_ERROR),
    ],
)
async def test_the_status_counts_too(status: int, body: object, wanted: Reason) -> None:
    """Data are taken with a status of success alone."""
    answers = await answered(body, ALIASES, "1", status=status, content_type="application/graphql-response+json")
    assert reason(answers["1"]) is wanted


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/graphql-response+json; charset=utf-8", "application/JSON"]
)
async def test_both_types_of_a_response_are_taken(content_type: str) -> None:
    """And no page for people."""
    body = {"data": {"k0": found("1")}}
    assert facts((await answered(body, ALIASES, "1", content_type=content_type))["1"]) == {"segment": "of 1"}
    assert reason((await answered(body, ALIASES, "1", content_type="text/html"))["1"]) is Reason.SOURCE_ERROR


async def test_what_the_source_says_of_an_error_goes_nowhere() -> None:
    """Nor does a key: details are constant texts of ours."""
    bodies: list[object] = [
        {"data": {"k0": None}, "errors": [error("k0")]},
        {"data": {"k0": None}, "errors": [error()]},
        {"errors": [error()]},
    ]
    for body in bodies:
        answer = (await answered(body, ALIASES, "a-secret-key"))["a-secret-key"]
        assert reason(answer) is Reason.SOURCE_ERROR
        assert "svc_shop" not in repr(answer)
        assert "secret" not in repr(answer)


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
        assert [call.outcome for call in heard.calls] == [outcome]


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
