"""The sandbox's shop: what its API answers and refuses, how it misbehaves, and what the adapter makes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Answer, Found, Key, Page, SourceError
from adapters.graphql import GraphQLAdapter
from adapters.sandbox.links import cross_reference
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.orders import Orders
from adapters.sandbox.people import ANNE, customers
from adapters.sandbox.process import RunningSource, start_source
from adapters.sandbox.purchases import as_purchases
from adapters.sandbox.server import sandbox_app
from adapters.sandbox.sources import orders_adapter
from adapters.testing import every_field
from schema.customer import DeliveryStatus, OrderStatus, Sort
from schema.deadline import Deadline
from schema.reasons import Reason

WHOM = customers()
KEYS = [customer.order_key for customer in WHOM]
ANNES = KEYS[ANNE]
PAGE = "purchases(first: 2) { edges { node { reference } } pageInfo { hasNextPage endCursor } }"


@pytest.fixture
async def shop() -> AsyncIterator[httpx.AsyncClient]:
    app = sandbox_app(Orders("sesame", WHOM[:6]))
    headers = {"Authorization": "Bearer sesame"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://shop", headers=headers, trust_env=False
    ) as client:
        yield client


async def post(shop: httpx.AsyncClient, selection: str, keys: Sequence[str], **more: Any) -> Any:
    query = f"query ($ids: [ID!]!) {{ buyers(ids: $ids) {{ {selection} }} }}"
    answer = await shop.post("/graphql", json={"query": query, "variables": {"ids": keys}}, **more)
    return answer.json() if answer.status_code == 200 else answer.status_code


@pytest.fixture(scope="module")
def orders_process() -> Iterator[RunningSource]:
    with start_source("orders") as source:
        yield source


@pytest.fixture
async def orders(orders_process: RunningSource) -> AsyncIterator[GraphQLAdapter]:
    orders_process.reset()
    adapter = orders_adapter(orders_process.url, orders_process.token)
    yield adapter
    await adapter.aclose()


async def ask(
    adapter: GraphQLAdapter, keys: Sequence[Key], *fields: str, part: Slice | None = None, **arguments: object
) -> Mapping[Key, Answer]:
    (offer,) = adapter.offers
    wanted = tuple(sorted(fields or every_field(offer.record)))
    batch = Batch(offer, wanted, tuple(keys), tuple(sorted(arguments.items())), part)
    return await adapter.fetch(batch, Call(Deadline.after(10), "dpv:CustomerCare"))


def page(answer: Answer) -> Page:
    assert isinstance(answer, Found), answer
    assert isinstance(answer.record, Page)
    return answer.record


def numbers(answer: Answer) -> list[object]:
    return [item["number"] for item in page(answer).items]


def test_every_purchase_of_the_data_is_there_to_the_cent() -> None:
    """Lines add up to the sum, and every state and shipment of the words occurs."""
    bought = [(one, each) for one in WHOM for each in as_purchases(one)]
    assert len(bought) == 8_014
    assert sum(each["sum"]["minor"] for _, each in bought) == sum(
        int(p.amount * 100) for o in WHOM for p in o.purchases
    )
    assert all(sum(item["sum"]["minor"] for item in each["items"]) == each["sum"]["minor"] for _, each in bought)
    assert all(item["each"]["minor"] * item["count"] == item["sum"]["minor"] for _, p in bought for item in p["items"])
    assert len({each["reference"] for _, each in bought}) == len(bought)
    states = {each["state"] for _, each in bought}
    assert states == {"RECEIVED", "ACCEPTED", "DISPATCHED", "COMPLETED", "CALLED_OFF", "SENT_BACK"}


def test_the_cross_reference_can_hold_its_keys() -> None:
    """They are distinct, and are loaded where they are wanted."""
    assert len(set(KEYS)) == len(KEYS)
    rows = dict(cross_reference(WHOM, ("crm", "orders")))
    assert rows[WHOM[ANNE].customer_id] == {"crm": ("C-000009",), "orders": (ANNES,)}


async def test_buyers_stand_in_their_places(shop: httpx.AsyncClient) -> None:
    """Null for one that it does not know; a page says whether more follows."""
    said = await post(shop, f"id {PAGE}", [KEYS[1], "O-1", ANNES])
    first, unknown, anne = said["data"]["buyers"]
    assert (first["id"], unknown, anne["id"]) == (KEYS[1], None, ANNES)
    assert len(anne["purchases"]["edges"]) == 2
    last = anne["purchases"]["edges"][-1]["node"]["reference"]
    assert anne["purchases"]["pageInfo"] == {"hasNextPage": True, "endCursor": last}


async def test_it_counts_the_buyers_and_the_fields_asked(shop: httpx.AsyncClient) -> None:
    """Of buyers and of purchases, also through inline fragments; neither those below nor named fragments."""
    await post(shop, "... on Buyer { id purchases(first: 1) { nodes { sum { minor } placedAt } } }", KEYS[:2])
    assert (await shop.get("/__sandbox/counters")).json()["asked"] == [
        {"keys": KEYS[:2], "fields": ["id", "placedAt", "sum"]}
    ]
    named = "query ($ids: [ID!]!) { buyers(ids: $ids) { ...F } } fragment F on Buyer { id }"
    said = (await shop.post("/graphql", json={"query": named, "variables": {"ids": KEYS[:1]}})).json()
    assert said == {"data": {"buyers": [{"id": KEYS[0]}]}}


@pytest.mark.parametrize(
    "selection",
    [
        'purchases(first: 1, after: "P-1") { nodes { reference } }',
        "purchases(first: 51) { nodes { reference } }",
        "purchases(first: 0) { nodes { reference } }",
        'purchases(first: 1, placedFrom: "1997-01-01") { nodes { reference } }',
        'purchases(first: 1, placedBefore: "yesterday") { nodes { reference } }',
    ],
)
async def test_it_refuses_what_it_cannot_answer(shop: httpx.AsyncClient, selection: str) -> None:
    """As an error at the buyer, in the way of GraphQL."""
    said = await post(shop, selection, [ANNES])
    assert said["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert said["data"]["buyers"] == [None]


async def test_it_refuses_too_many_buyers(shop: httpx.AsyncClient) -> None:
    """The whole call."""
    said = await post(shop, "id", [f"O-{n}" for n in range(101)])
    assert said["data"] == {"buyers": None}


@pytest.mark.parametrize("selection", ["secret", "purchases(first: 1)", "{"])
async def test_a_document_that_is_none_is_refused(shop: httpx.AsyncClient, selection: str) -> None:
    """400, and nothing is counted."""
    assert await post(shop, selection, [ANNES]) == 400
    assert (await shop.get("/__sandbox/counters")).json()["calls"] == 0


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"query": 1}', b'{"query": "{ buyers(ids: []) { id } }", "variables": 7}']
)
async def test_a_body_that_is_no_request_is_refused(shop: httpx.AsyncClient, body: bytes) -> None:
    """400."""
    assert (await shop.post("/graphql", content=body)).status_code == 400


async def test_it_answers_nobody_without_the_credential(shop: httpx.AsyncClient) -> None:
    """401."""
    for header in ("", "Bearer sesam", "Basic sesame"):
        assert await post(shop, "id", [ANNES], headers={"Authorization": header}) == 401


@pytest.mark.processes
async def test_the_shop_tells_what_anne_bought(orders: GraphQLAdapter) -> None:
    """Every field, in the model's words and types."""
    items = page((await ask(orders, [ANNES], part=Slice(20), sort=Sort.OLDEST_FIRST))[ANNES]).items
    assert len(items) == 12
    first = items[0]
    usd = {"currency": "USD"}
    assert first["number"] == f"P-{ANNES[2:]}-001"
    assert first["status"] is OrderStatus.DELIVERED
    assert isinstance(first["placed_at"], datetime)
    assert first["placed_at"].astimezone(UTC).date() == date(1997, 1, 1)
    assert first["total"] == usd | {"amount": Decimal("46.72")}
    lines: Any = first["lines"]
    assert [(line["quantity"], line["unit_price"]["amount"]) for line in lines] == [
        (Decimal(2), Decimal("15.57")),
        (Decimal(1), Decimal("15.58")),
    ]
    deliveries: Any = first["deliveries"]
    assert [each["status"] for each in deliveries] == [DeliveryStatus.DELIVERED]
    assert deliveries[0]["delivered_at"] > first["placed_at"]


@pytest.mark.processes
async def test_fifty_customers_orders_are_one_call(orders: GraphQLAdapter, orders_process: RunningSource) -> None:
    """By the shop's own counters: for the fields wanted and the buyer's id."""
    answers = await ask(orders, KEYS[:50], "number", "total.amount", part=Slice(5))
    assert all(page(answer).items for answer in answers.values())
    assert page(answers[ANNES]).has_next
    assert orders_process.counters()["asked"] == [{"keys": KEYS[:50], "fields": ["id", "reference", "sum"]}]


@pytest.mark.processes
async def test_every_purchase_can_be_read_in_as_many_calls_as_said(
    orders: GraphQLAdapter, orders_process: RunningSource
) -> None:
    """25 calls for 2,500 customers, and the further pages of the few who have more than fifty purchases."""
    answers = await ask(orders, KEYS, "number", "status", "placed_at")
    assert sum(len(page(answer).items) for answer in answers.values()) == 8_014
    assert not [key for key, answer in answers.items() if "Fault" in repr(list(page(answer).items))]
    further = sum(-(-len(one.purchases) // 50) - 1 for one in WHOM)
    assert 0 < further < 10
    assert orders_process.counters()["calls"] == 25 + further


@pytest.mark.processes
async def test_every_field_of_a_purchase_can_be_read(orders: GraphQLAdapter) -> None:
    """No purchase has a value that the record does not take."""
    answers = await ask(orders, KEYS[:50])
    assert not [key for key, answer in answers.items() if "Fault" in repr(list(page(answer).items))]


async def test_it_filters_by_state_and_time_and_goes_on_in_both_orders(shop: httpx.AsyncClient) -> None:
    """A page goes on behind its last purchase, in the order that was asked."""

    async def references(arguments: str) -> list[str]:
        said = await post(shop, f"purchases({arguments}) {{ nodes {{ reference }} }}", [ANNES])
        return [node["reference"] for node in said["data"]["buyers"][0]["purchases"]["nodes"]]

    latest = await references("first: 50")
    assert await references("first: 50, order: EARLIEST") == latest[::-1]
    assert await references(f'first: 3, after: "{latest[2]}"') == latest[3:6]
    assert await references("first: 50, states: [RECEIVED, ACCEPTED]") == []
    between = 'placedFrom: "1997-02-01T00:00:00Z", placedBefore: "1997-05-01T00:00:00Z"'
    assert await references(f"first: 50, {between}") == latest[7:11]


@pytest.mark.processes
async def test_the_shop_filters_orders_and_goes_on(orders: GraphQLAdapter) -> None:
    """By state, by time and in both orders; from a cursor on."""
    newest = numbers((await ask(orders, [ANNES], "number", part=Slice(20), sort=Sort.NEWEST_FIRST))[ANNES])
    oldest = numbers((await ask(orders, [ANNES], "number", part=Slice(20), sort=Sort.OLDEST_FIRST))[ANNES])
    assert newest == oldest[::-1]
    early = await ask(
        orders,
        [ANNES],
        "number",
        "placed_at",
        placed_from=datetime(1997, 2, 1, tzinfo=UTC),
        placed_before=datetime(1997, 5, 1, tzinfo=UTC),
    )
    assert len(page(early[ANNES]).items) == 4
    none = await ask(orders, [ANNES], "number", status=(OrderStatus.PLACED, OrderStatus.CONFIRMED))
    assert page(none[ANNES]).items == ()
    first = page((await ask(orders, [ANNES], "number", part=Slice(5), sort=Sort.NEWEST_FIRST))[ANNES])
    rest = await ask(orders, [ANNES], "number", part=Slice(20, first.end_cursor), sort=Sort.NEWEST_FIRST)
    assert [item["number"] for item in first.items] + numbers(rest[ANNES]) == newest


@pytest.mark.processes
async def test_a_customer_whom_the_shop_does_not_know_has_no_orders(orders: GraphQLAdapter) -> None:
    """An empty page, beside the others' lists."""
    answers = await ask(orders, ["O-1", ANNES], "number")
    assert page(answers["O-1"]) == Page(())
    assert len(page(answers[ANNES]).items) == 12


@pytest.mark.processes
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Misbehaviour.DOWN, Reason.SOURCE_ERROR),
        (Misbehaviour.CUT, Reason.SOURCE_ERROR),
        (Misbehaviour.ERROR, Reason.SOURCE_ERROR),
        (Misbehaviour.GARBAGE, Reason.SOURCE_ERROR),
        (Misbehaviour.WRONG_CUSTOMER, Reason.SOURCE_MISMATCH),
    ],
)
async def test_a_sick_shop_gives_a_reason_and_no_value(
    orders: GraphQLAdapter, orders_process: RunningSource, kind: Misbehaviour, reason: Reason
) -> None:
    """For every key, whatever it does wrong."""
    orders_process.misbehave(kind)
    answers = await ask(orders, KEYS[:3], "number")
    assert [answer.reason for answer in answers.values() if isinstance(answer, SourceError)] == [reason] * 3


@pytest.mark.processes
async def test_buyers_in_another_order_reach_their_own_customers(
    orders: GraphQLAdapter, orders_process: RunningSource
) -> None:
    """By the id that each echoes."""
    orderly = await ask(orders, KEYS[:9], "number")
    orders_process.misbehave(Misbehaviour.SHUFFLED)
    shuffled = await ask(orders, KEYS[:9], "number")
    assert {key: numbers(answer) for key, answer in shuffled.items()} == {k: numbers(a) for k, a in orderly.items()}


@pytest.mark.processes
async def test_another_credential_is_refused(orders_process: RunningSource) -> None:
    """SOURCE_AUTH."""
    adapter = orders_adapter(orders_process.url, "another")
    answers = await ask(adapter, [ANNES], "number")
    await adapter.aclose()
    assert answers[ANNES] == SourceError(Reason.SOURCE_AUTH, "the source answered 401: it does not know the credential")
