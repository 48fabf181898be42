"""A GraphQL source with a schema of its own, executed by graphql-core, that misbehaves on command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from graphql import (
    FieldNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from pydantic import AliasPath, Field

from adapters.answers import Facts, Key, Missing, Page
from adapters.graphql import AsVariable, ByAlias, ByIds, Connection, GraphQLAdapter, GraphQLOffer
from adapters.records import Inline, Record
from adapters.testing import Misbehaviour, SeenCall, SourceUnderTest
from tests.adapters.raw_server import RawServer, Request, serving

__all__ = ["FACTS", "LISTS", "Shop", "ShopCustomer", "ShopOrder", "ShopUnderTest", "shop_adapter"]

SCHEMA = build_schema(
    """
    scalar Any
    interface Node { id: ID! }
    type Meta { created: String! tags: [String] }
    type Money { value: Any! currency: String! }
    type Line { title: Any price: Money! }
    type Parcel { carrier: String weight: Int }
    type Mail { carrier: String stamp: String }
    union Shipment = Parcel | Mail
    enum State { OPEN SENT }
    input Placed { from: String before: String }
    type Order { number: Any! owner: Customer! state: State total: Money lines: [Line] shipments: [Shipment] }
    type Edge { cursor: String! node: Order }
    type PageInfo { hasNextPage: Boolean! endCursor: String }
    type Orders { nodes: [Order] edges: [Edge] pageInfo: PageInfo! }
    type Customer implements Node {
      id: ID! firstName: String! lastName: String segment: Any meta: Meta credit: Any passport: String
      bought(first: Int, after: String, states: [State!], placed: Placed, newest: Boolean): Orders
      allOrders: [Order]
    }
    type Supplier implements Node { id: ID! firstName: String }
    type Query {
      nodes(ids: [ID!]!): [Node]
      customer(id: ID!): Customer
      ordersOf(customer: ID!, first: Int, after: String, states: [State!]): Orders
      ordersOfAll(where: Where!): [Order]
    }
    input Where { customer: In! }
    input In { _in: [ID!]! }
    """
)


class ShopName(Record):
    given: str = Field(validation_alias="firstName")
    family: str | None = Field(validation_alias="lastName")


class ShopCustomer(Record):
    name: Annotated[ShopName, Inline()]
    segment: str | None
    since: date = Field(validation_alias=AliasPath("meta", "created"))
    tags: list[str] | None = Field(validation_alias=AliasPath("meta", "tags"))
    credit: Decimal


class ShopMoney(Record):
    amount: Decimal = Field(validation_alias="value")
    currency: str


class ShopLine(Record):
    product: str | None = Field(validation_alias="title")
    price: ShopMoney


class ShopOrder(Record):
    number: str
    status: str | None = Field(validation_alias="state")
    currency: str | None = Field(validation_alias=AliasPath("total", "currency"))
    total: ShopMoney | None
    lines: list[ShopLine] | None


class ShopShipment(Record, told_by="__typename"):
    carrier: str | None


class ShopParcel(ShopShipment, told_as="Parcel", type_name="Parcel"):
    weight: int | None


class ShopMail(ShopShipment, told_as="Mail", type_name="Letter"):
    postage: str | None = Field(validation_alias="stamp")


class ShippedOrder(ShopOrder):
    kind: str = Field(validation_alias="__typename")
    shipments: list[ShopShipment] | None


IDS = ByIds("nodes", on="Customer")
ALIAS = ByAlias("customer")
ARGUMENTS = {
    "status": AsVariable("states", type="[State!]", words={"open": "OPEN", "sent": "SENT"}),
    "placed_from": AsVariable("placed.from", type="String"),
    "placed_before": AsVariable("placed.before", type="String"),
    "sort": AsVariable("newest", type="Boolean", words={"newest": "true", "oldest": "false"}),
}


def facts_offer(name: str, **declared: Any) -> GraphQLOffer:
    ordinary: dict[str, Any] = {
        "serves": "Customer",
        "record": ShopCustomer,
        "key": "id",
        "keys": ALIAS,
        "max_batch": 5,
        "absent": Missing,
    }
    return GraphQLOffer(name=name, **ordinary | declared)


def list_offer(name: str, **declared: Any) -> GraphQLOffer:
    ordinary: dict[str, Any] = {
        "serves": "Customer.orders",
        "record": ShopOrder,
        "at": "bought",
        "connection": Connection(),
        "max_page": 3,
        "limits_per_key": True,
        "absent": Page,
        "arguments": ARGUMENTS,
    }
    return facts_offer(name, **ordinary | declared)


FACTS = {
    "ids": facts_offer("ids", keys=IDS),
    "aliases": facts_offer("aliases"),
    "one_by_one": facts_offer("one_by_one", max_batch=1, absent=None),
    "unechoed": facts_offer("unechoed", max_batch=1, key=None),
}

_FEW = {"status": AsVariable("states", type="[State!]", words={"open": "OPEN", "sent": "SENT"})}
LISTS = {
    "ids": list_offer("ids", keys=IDS),
    "aliases": list_offer("aliases", connection=Connection(entries="edges")),
    "one_by_one": list_offer("one_by_one", limits_per_key=False, max_batch=1),
    "plain": list_offer(
        "plain", at="allOrders", connection=None, max_page=None, limits_per_key=False, arguments={}, absent=None
    ),
    "root": list_offer(
        "root",
        keys=ByAlias("ordersOf", argument="customer"),
        at=None,
        key=AliasPath("owner", "id"),
        connection=Connection(entries="edges"),
        arguments=_FEW,
    ),
    "rows": list_offer(
        "rows",
        keys=ByIds("ordersOfAll", argument="where.customer._in"),
        at=None,
        key=AliasPath("owner", "id"),
        connection=None,
        max_page=None,
        limits_per_key=False,
        arguments={},
    ),
}


def customer(key: Key, orders: int = 2) -> dict[str, Any]:
    mine: dict[str, Any] = {
        "__typename": "Customer",
        "id": key,
        "firstName": f"Given-{key}",
        "lastName": None,
        "segment": "gold-plated",
        "meta": {"created": "2019-04-05", "tags": ["a-tag", "b-tag"]},
        "credit": "1234.50",
        "passport": "never asked for",
    }
    return mine | {"orders": [order(mine, number) for number in range(1, orders + 1)]}


def order(owner: Mapping[str, Any], number: int) -> dict[str, Any]:
    money = {"value": "12.50", "currency": "EUR"}
    return {
        "number": f"{owner['id']}/{number}",
        "owner": owner,
        "state": "OPEN",
        "total": money,
        "lines": [{"owner": owner, "title": f"Line of {owner['id']}", "price": money}],
        "shipments": [
            {"__typename": "Parcel", "carrier": "Post", "weight": 3},
            {"__typename": "Mail", "carrier": "Post", "stamp": "blue"},
        ],
    }


@dataclass
class Shop:
    """Holds customers by key and answers documents."""

    held: dict[Key, dict[str, Any]] = field(default_factory=dict)
    how: Misbehaviour | None = None
    calls: list[SeenCall] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    broken: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    """Fields of customers, of all their orders and of the lines in them that fail, by the customer's key."""

    async def answer(self, body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer; status 0 stands for a server that hangs up."""
        asked = json.loads(body)
        self.asked.append(asked)
        document = parse(asked["query"])
        assert validate(SCHEMA, document) == []
        self.calls.append(SeenCall(len(_keys(asked["variables"])), _selected(document.definitions[0])))
        if self.how is Misbehaviour.SLOW:
            await asyncio.sleep(30)
        if self.how is Misbehaviour.DOWN:
            return 0, b""
        if self.how is Misbehaviour.GARBAGE:
            return 200, b"<html>it works</html>"
        found = execute_sync(SCHEMA, document, self, variable_values=asked["variables"], field_resolver=_resolve)
        said = self._shuffled(dict(found.formatted))
        return 200, json.dumps(said).encode()

    def _shuffled(self, said: dict[str, Any]) -> dict[str, Any]:
        """Return the root fields in another order, where there are several."""
        if self.how is Misbehaviour.SHUFFLED and said["data"]:
            said["data"] = dict(reversed(said["data"].items()))
        return said

    def root(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Return what a root field answers."""
        match name:
            case "nodes":
                return self.nodes(arguments["ids"])
            case "customer":
                return self.customer(arguments["id"])
            case "ordersOf":
                return _page(self.orders(arguments["customer"]), arguments)
        return self.all_orders(arguments["where"])

    def nodes(self, ids: Sequence[Key]) -> list[Any]:
        found = [self.customer(key) for key in ids]
        if self.how is Misbehaviour.SHUFFLED:
            found = [*found[1:], found[0]]
        if self.how is Misbehaviour.FOREIGN:
            found[0] = customer("K-foreign")
        if self.how is Misbehaviour.DUPLICATED:
            found.append(found[0])
        return found

    def customer(self, key: Key) -> Any:
        first = self._first()
        if self.how is Misbehaviour.FOREIGN and key == first:
            return customer("K-foreign")
        if self.how is Misbehaviour.REFUSED and key == next(iter(self.held)):
            return GraphQLError("db-07.internal has no such row for user svc_shop")
        found = self.held.get(key)
        if self.how is Misbehaviour.SPOILED and key == first and found:
            orders = [found["orders"][0] | {"number": ["bad"]}, *found["orders"][1:]]
            return found | {"segment": ["bad"], "orders": orders}
        return found

    def orders(self, key: Key) -> list[Any]:
        found = self.customer(key)
        if isinstance(found, GraphQLError):
            raise found
        return found["orders"] if found else []

    def all_orders(self, where: Mapping[str, Any]) -> list[Any]:
        rows = [self.orders(key) for key in where["customer"]["_in"]]
        return [row for group in reversed(rows) for row in group]

    def _first(self) -> Key:
        keys: list[Key] = _keys(self.asked[-1]["variables"])
        return keys[0]


def _keys(variables: Mapping[str, Any]) -> list[Key]:
    return variables.get("keys") or [value for name, value in variables.items() if name[0] == "k"]


def _resolve(source: Any, info: Any, **arguments: Any) -> Any:
    """Resolve any field of the schema; the root value is the shop."""
    shop: Shop = info.root_value
    if source is shop:
        return shop.root(info.field_name, arguments)
    owner = source.get("owner", source)
    if info.field_name in shop.broken.get(owner.get("id"), ()):
        return GraphQLError(f"secret-inside failed for {owner}")
    match info.field_name:
        case "bought":
            return _page(source["orders"], arguments)
        case "allOrders":
            return source["orders"]
    return source.get(info.field_name)


def _page(found: list[Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    start, size = int(arguments.get("after") or 0), arguments["first"]
    chosen = [one for one in found if not arguments.get("states") or one["state"] in arguments["states"]]
    shown = chosen[start : start + size]
    end = start + len(shown)
    return {
        "nodes": shown,
        "edges": [{"cursor": str(start + at), "node": one} for at, one in enumerate(shown, 1)],
        "pageInfo": {"hasNextPage": end < len(chosen), "endCursor": str(end) if shown else None},
    }


_PLUMBING = {"bought", "allOrders", "nodes", "edges", "node", "pageInfo", "owner"}


def _selected(definition: Any) -> frozenset[str]:
    """Return the names selected in the objects and in the entries of their lists."""
    assert isinstance(definition, OperationDefinitionNode)
    found: set[str] = set()
    for root in definition.selection_set.selections:
        assert isinstance(root, FieldNode)
        _collect(root.selection_set, found)
    return frozenset(found - {"bought", "allOrders", "pageInfo", "nodes", "edges", "node"})


def _collect(selections: SelectionSetNode | None, found: set[str]) -> None:
    for node in selections.selections if selections else ():
        if isinstance(node, InlineFragmentNode):
            _collect(node.selection_set, found)
        elif isinstance(node, FieldNode):
            found.add(node.name.value)
            if node.name.value in _PLUMBING - {"pageInfo", "owner"}:
                _collect(node.selection_set, found)


def shop_adapter(url: str, *offers: GraphQLOffer, **settings: Any) -> GraphQLAdapter:
    return GraphQLAdapter("shop", url, offers or (*FACTS.values(), *LISTS.values()), **settings)


class ShopUnderTest(SourceUnderTest):
    """The adapter and the source for one offer."""

    def __init__(self, adapter: GraphQLAdapter, shop: Shop, offer: GraphQLOffer) -> None:
        self.adapter, self.offer, self.shop = adapter, offer, shop
        cannot = set()
        if isinstance(offer.keys, ByAlias):
            cannot.add(Misbehaviour.DUPLICATED)
        if offer.key is None or offer.name == "root":
            cannot.add(Misbehaviour.FOREIGN)
        if offer.name == "rows":
            cannot |= {Misbehaviour.FOREIGN, Misbehaviour.REFUSED}
        self.can = frozenset(set(Misbehaviour) - cannot)

    async def put(self, keys: Sequence[Key]) -> None:
        self.shop.held = {key: customer(key) for key in keys}

    async def put_list(self, key: Key, rows: int) -> None:
        self.shop.held[key] = customer(key, rows)

    def facts(self, key: Key) -> Facts | Sequence[Facts]:
        if self.offer.is_list:
            money = {"amount": Decimal("12.50"), "currency": "EUR"}
            lines = [{"product": f"Line of {key}", "price": money}]
            return [
                {"number": f"{key}/{n}", "status": "OPEN", "currency": "EUR", "total": money, "lines": lines}
                for n in range(1, len(self.shop.held[key]["orders"]) + 1)
            ]
        return {
            "name": {"given": f"Given-{key}", "family": None},
            "segment": "gold-plated",
            "since": date(2019, 4, 5),
            "tags": ["a-tag", "b-tag"],
            "credit": Decimal("1234.50"),
        }

    async def seen(self) -> Sequence[SeenCall]:
        return self.shop.calls

    async def misbehave(self, how: Misbehaviour | None) -> None:
        self.shop.how = how


@asynccontextmanager
async def serving_shop(shop: Shop) -> AsyncIterator[RawServer]:
    """Serve the shop on a real socket."""

    async def answer(request: Request, writer: asyncio.StreamWriter) -> bool:
        assert request.line.startswith("POST /graphql ")
        assert (request.header("Content-Type"), request.header("Accept") or "")[0] == "application/json"
        status, body = await shop.answer(request.body)
        kind = "application/graphql-response+json; charset=utf-8"
        head = f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body if status else b"")
        return status != 0

    async with serving(answer) as server:
        yield server
