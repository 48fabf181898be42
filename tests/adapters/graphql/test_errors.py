"""GraphQLAdapter: what a source's errors cost, by where they stand and what they say."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.adapter import Slice
from adapters.answers import Fault, Missing, SourceError
from schema.reasons import Reason
from tests.adapters.graphql.answering import ALIASES, IDS, IN_ORDER, answered, error, facts, found, items, reason
from tests.adapters.graphql.shop import LISTS

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


@pytest.mark.parametrize(("errors", "wanted"), [(10_000, None), (10_001, Reason.SOURCE_ERROR)])
async def test_errors_without_number_are_one_of_the_call(errors: int, wanted: Reason | None) -> None:
    """To walk all of them would hold up every other request."""
    body = {"data": {"nodes": [found("1"), None]}, "errors": [error("nodes", 1)] * errors}
    answers = await answered(body, IDS, "1", "2")
    assert (reason(answers["1"]) if wanted else None) is wanted
    assert reason(answers["2"]) is Reason.SOURCE_ERROR
