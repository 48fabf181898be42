"""The sandbox's shop: purchases by buyer, a GraphQL API in words of its own.

    POST /graphql      Authorization: Bearer ...
    {"query": "query ($ids: [ID!]!) { buyers(ids: $ids) { id purchases(first: 5) { nodes { reference } } } }",
     "variables": {"ids": ["O-700001"]}}

A buyer that it does not know is null in its place. More than 100 buyers, or more than 50 purchases of each, refuse the
whole call. What is no valid document is answered with 400.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLResolveInfo,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from starlette.exceptions import HTTPException
from starlette.requests import Request

from adapters.sandbox.people import Customer, customers
from adapters.sandbox.purchases import as_purchases
from adapters.sandbox.server import Ask, Records

__all__ = ["Orders"]

_MOST_BUYERS, _MOST_PURCHASES = 100, 50

_SDL = """
scalar DateTime
scalar Date

type Query {
  "In the order asked; null for a buyer that the shop does not know."
  buyers(ids: [ID!]!): [Buyer]
}

type Buyer {
  id: ID!
  purchases(
    first: Int!
    after: String
    placedFrom: DateTime
    placedBefore: DateTime
    states: [PurchaseState!]
    order: PurchaseOrder! = LATEST
  ): PurchaseConnection!
}

enum PurchaseOrder { LATEST EARLIEST }
enum PurchaseState { RECEIVED ACCEPTED DISPATCHED COMPLETED CALLED_OFF SENT_BACK }
enum ShipmentState { PACKING ON_THE_WAY HANDED_OVER LOST COMING_BACK }

type PurchaseConnection { nodes: [Purchase!]! edges: [PurchaseEdge!]! pageInfo: PageInfo! }
type PurchaseEdge { cursor: String! node: Purchase! }
type PageInfo { hasNextPage: Boolean! endCursor: String }

type Purchase {
  reference: ID!
  state: PurchaseState!
  placedAt: DateTime!
  sum: Price!
  items: [Item!]!
  shipments: [Shipment!]!
}

"An amount in the currency's minor unit: cents."
type Price { minor: Int! currency: String! }

type Item { title: String! sku: String! count: Int! each: Price! sum: Price! }
type Shipment { state: ShipmentState! carrier: String! tracking: String! dueOn: Date! arrivedAt: DateTime }
"""


class Orders:
    """The shop's interface and records. `token` is the credential that it wants."""

    path = "/graphql"

    def __init__(self, token: str, whom: Sequence[Customer] | None = None) -> None:
        self._token, self._schema = token.encode(), build_schema(_SDL)
        self.records = {one.order_key: {"id": one.order_key, "customer": one} for one in whom or customers()}

    def read(self, request: Request) -> Ask:
        """Return what is asked; 401 without the credential, 400 for what is no document of the schema."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), self._token):
            raise HTTPException(401, "who are you?", {"WWW-Authenticate": "Bearer"})
        document, variables = self._asked(request)
        ids = [key for value in variables.values() if isinstance(value, list) for key in value]
        return Ask(tuple(key for key in ids if isinstance(key, str)), tuple(sorted(_selected(document))))

    def body(self, ask: Ask, records: Records, request: Request) -> object:
        """Return the GraphQL response. The buyers are those records: each in the place of its key, if it is asked."""
        document, variables = self._asked(request)
        found = execute_sync(self._schema, document, records, variable_values=variables, field_resolver=_resolve)
        return found.formatted

    def _asked(self, request: Request) -> tuple[DocumentNode, dict[str, Any]]:
        try:
            asked = json.loads(request.state.body)
            document, variables = parse(asked["query"], max_tokens=10_000), asked.get("variables") or {}
        except (ValueError, KeyError, TypeError, AttributeError, GraphQLError):
            raise HTTPException(400, "got no GraphQL document") from None
        if not isinstance(variables, dict) or validate(self._schema, document):
            raise HTTPException(400, "got a document that the schema does not take")
        return document, variables


def _few(ids: Sequence[str]) -> Sequence[str]:
    if len(ids) > _MOST_BUYERS:
        raise _bad_input(f"ids: at most {_MOST_BUYERS} are allowed")
    return ids


def _in_place(ids: Sequence[str], records: Records) -> Sequence[Mapping[str, Any] | None]:
    """Return the records with null where one is missing; as they are, where they stand in another order."""
    by_id = {record["id"]: record for record in records}
    is_orderly = [key for key in ids if key in by_id] == list(by_id)
    return [by_id.get(key) for key in ids] if is_orderly else records


def _resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """Return a field's value: the record's own, but for buyers and their purchases, which are made as asked."""
    match info.field_name:
        case "buyers":
            return _in_place(_few(**arguments), source)
        case "purchases":
            return _page(source["customer"], **arguments)
        case "placedAt":
            return source["placedAt"].isoformat()
    return source[info.field_name]


def _page(customer: Customer, first: int, order: str, after: str | None = None, **filters: Any) -> Mapping[str, Any]:
    if not 0 < first <= _MOST_PURCHASES:
        raise _bad_input(f"first: 1 to {_MOST_PURCHASES} are allowed")
    chosen = [each for each in as_purchases(customer) if _matches(each, **filters)]
    if order == "LATEST":
        chosen.reverse()
    start = _behind(after, chosen)
    shown = chosen[start : start + first]
    edges = [{"cursor": each["reference"], "node": each} for each in shown]
    end = {"hasNextPage": start + first < len(chosen), "endCursor": shown[-1]["reference"] if shown else None}
    return {"nodes": shown, "edges": edges, "pageInfo": end}


def _matches(
    purchase: Mapping[str, Any],
    states: Sequence[str] | None = None,
    placedFrom: object = None,  # noqa: N803  the argument's name in the schema
    placedBefore: object = None,  # noqa: N803
) -> bool:
    return (
        (states is None or purchase["state"] in states)
        and (placedFrom is None or purchase["placedAt"] >= _moment(placedFrom))
        and (placedBefore is None or purchase["placedAt"] < _moment(placedBefore))
    )


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise _bad_input("a moment in ISO 8601 is wanted") from None
    if moment.tzinfo is None:
        raise _bad_input("a moment with its zone is wanted")
    return moment


def _behind(after: str | None, chosen: Sequence[Mapping[str, Any]]) -> int:
    if after is None:
        return 0
    place = next((place for place, each in enumerate(chosen, 1) if each["reference"] == after), None)
    if place is None:
        raise _bad_input("after: no such cursor")
    return place


def _bad_input(why: str) -> GraphQLError:
    return GraphQLError(why, extensions={"code": "BAD_USER_INPUT"})


def _selected(document: DocumentNode) -> set[str]:
    """Return the names of the fields asked of buyers and of purchases; those below them count as theirs."""
    (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    names = {name for buyers in _fields(operation.selection_set) for name in _names(buyers)}
    return names - {"purchases", "nodes", "edges", "node", "pageInfo"}


def _names(field: FieldNode) -> Iterator[str]:
    for below in _fields(field.selection_set):
        yield below.name.value
        if below.name.value in ("purchases", "nodes", "edges", "node"):
            yield from _names(below)


def _fields(selections: SelectionSetNode | None) -> Iterator[FieldNode]:
    for node in selections.selections if selections else ():
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set)
