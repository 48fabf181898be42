"""What a query should answer, found by walking the sources' records directly: slow, plain, and written apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    value_from_ast_untyped,
)

from schema.masks import Mask, mask_text
from tests.resolvers.harbour import Harbour
from tests.resolvers.queries import Query
from tests.resolvers.vessels import MODEL

__all__ = ["MaskedText", "expected", "own_keys"]

_WITHHELD = object()
_TYPES = {one.type_name for one in MODEL.coordinates.values()} | {"Cargo"}
_TOLD = {"box": "Container", "tank": "Tank", "radar": "RadarSighting", "photo": "PhotoSighting"}


class MaskedText(str):
    """A text that is not the source's own, equal to a plain one."""

    __slots__ = ()


class _GoesUpError(Exception):
    """A null where the schema allows none."""


def expected(
    h: Harbour,
    query: Query,
    masks: Mapping[str, Mask] = MappingProxyType({}),
    masks_of: Mapping[str, Mapping[str, Mask]] = MappingProxyType({}),
) -> Any:
    """The data of the answer when every source answers, with what restrictions and masks leave of it; `masks_of` are
    those of single customers, in place of `masks`."""
    definitions = query.document.definitions
    fragments = {one.name.value: one for one in definitions if isinstance(one, FragmentDefinitionNode)}
    (operation,) = (one for one in definitions if isinstance(one, OperationDefinitionNode))
    return _Oracle(h, fragments, query.variables, masks, masks_of).query(operation)


def own_keys(h: Harbour, customer: str) -> dict[str, str]:
    """The one key by which each source knows a customer."""
    return {source: keys[0].key for source, keys in h.crossref.subjects[customer].keys.items()}


@dataclass
class _Oracle:
    h: Harbour
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    masks: Mapping[str, Mask]
    masks_of: Mapping[str, Mapping[str, Mask]]
    restricted: frozenset[str] = frozenset()

    def query(self, operation: OperationDefinitionNode) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for name, nodes in self.fields([operation.selection_set], "Query").items():
            (by,) = (value_from_ast_untyped(one.value, dict(self.variables)) for one in nodes[0].arguments or ())
            made = [self.customer(one, nodes) for one in (by if isinstance(by, list) else [by])]
            data[name] = made if nodes[0].name.value == "vessels" else made[0]
        return data

    def customer(self, by: Mapping[str, str], nodes: list[FieldNode]) -> Any:
        found = [name for name in self.h.crossref.subjects if by == {"id": name}]
        found += [
            name
            for name in self.h.crossref.subjects
            if any(own_keys(self.h, name).get(kind) == key for kind, key in by.items())
        ]
        if not found:
            return None
        restrictions = self.h.crossref.subjects[found[0]].restrictions
        self.restricted = frozenset().union(*(one.coordinates for one in restrictions))
        if self.restricted & {"*", "Vessel.id"}:
            return None
        self.masks = self.masks_of.get(found[0], self.masks)
        return self.nullable(lambda: self.object("Vessel", found[0], nodes))

    def nullable(self, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except _GoesUpError:
            return None

    def object(self, type_name: str, held: Any, nodes: list[FieldNode]) -> dict[str, Any]:
        fields = self.fields([node.selection_set for node in nodes if node.selection_set], type_name)
        return {name: self.field(type_name, held, one) for name, one in fields.items()}

    def field(self, type_name: str, held: Any, nodes: list[FieldNode]) -> Any:
        name = nodes[0].name.value
        if name == "__typename":
            return type_name
        value = None if self.is_withheld(type_name, nodes) else _value(self.h, type_name, held, name)
        if value is None:
            if (type_name, name) in (("Size", "beam"), ("Vessel", "id"), ("Tank", "litres")):
                raise _GoesUpError
            return None
        coordinate = MODEL.coordinates[f"{type_name}.{name}"]
        if coordinate.of not in _TYPES:
            mask = self.masks.get(str(coordinate))
            return value if mask is None else MaskedText(mask_text(mask, value))
        if coordinate.is_connection:
            return self.page(get_named_type(coordinate.type).name, value, nodes)
        if not isinstance(value, list):
            return self.nullable(lambda: self.concrete(coordinate.of, value, nodes))
        return [self.nullable(partial(self.concrete, coordinate.of, item, nodes)) for item in value]

    def concrete(self, type_name: str, held: Any, nodes: list[FieldNode]) -> Any:
        """An object of an interface or union as what it is; null where nobody knows the word for it."""
        told = isinstance(held, Mapping) and (held.get("is") or held.get("by"))
        if held is None or (type_name in ("Cargo", "Sighting") and told not in _TOLD):
            return None
        return self.object(_TOLD[str(told)] if type_name in ("Cargo", "Sighting") else type_name, held, nodes)

    def page(self, type_name: str, held: list[Any], nodes: list[FieldNode]) -> dict[str, Any]:
        """The first entries of a list that the arguments leave."""
        given = {
            one.name.value: value_from_ast_untyped(one.value, dict(self.variables)) for one in nodes[0].arguments or ()
        }
        left = [one for one in held if "rough" not in given or one["is_rough"] is given["rough"]]
        first = given.get("first", 20)
        entries = [{"node": one} for one in left[:first]]
        more = {"hasNextPage": len(left) > first}
        return self.object(type_name, {"nodes": left[:first], "edges": entries, "pageInfo": more}, nodes)

    def is_withheld(self, type_name: str, nodes: list[FieldNode]) -> bool:
        """A field is withheld itself, or everything that it would show is."""
        name = nodes[0].name.value
        told = [MODEL.told_by(f"{type_name}.{name}", one.name.value) for one in nodes[0].arguments or ()]
        if MODEL.standing(type_name, name).union(*told) & self.restricted:
            return True
        coordinate = MODEL.coordinates[f"{type_name}.{name}"]
        if coordinate.of not in _TYPES:
            return False
        below = get_named_type(coordinate.type).name
        sets = [node.selection_set for node in nodes if node.selection_set]
        return all(self.hides_all(one, list(self.fields(sets, one).values())) for one in MODEL.concrete(below))

    def hides_all(self, type_name: str, shown: list[list[FieldNode]]) -> bool:
        return bool(shown) and all(
            one[0].name.value != "__typename" and self.is_withheld(type_name, one) for one in shown
        )

    def fields(self, sets: list[SelectionSetNode], type_name: str) -> dict[str, list[FieldNode]]:
        found: dict[str, list[FieldNode]] = {}
        for one in sets:
            for node in self.flat(one, type_name):
                found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        return found

    def flat(self, selections: SelectionSetNode, type_name: str) -> Iterator[FieldNode]:
        for one in selections.selections:
            if not self.is_on(one):
                continue
            if isinstance(one, FieldNode):
                yield one
                continue
            inner: Any = one if isinstance(one, InlineFragmentNode) else self.fragments[one.name.value]  # type: ignore[attr-defined]
            if inner.type_condition is None or type_name in MODEL.concrete(inner.type_condition.name.value):
                yield from self.flat(inner.selection_set, type_name)

    def is_on(self, node: Any) -> bool:
        return all(
            self.boolean(one.arguments[0].value) is (one.name.value == "include") for one in node.directives or ()
        )

    def boolean(self, node: Any) -> bool:
        assert isinstance(node, BooleanValueNode | VariableNode)
        value = node.value if isinstance(node, BooleanValueNode) else self.variables[node.name.value]
        return bool(value)


def _value(h: Harbour, type_name: str, held: Any, name: str) -> Any:
    match type_name:
        case "Vessel":
            return _of_vessel(h, held, name)
        case "Flag":
            return h.states.records["flags"].get(held, [{}])[0].get(name)
        case "Port":
            return h.ports.records["ports"].get(held, [{}])[0].get(name)
        case "Voyage":
            if name == "notes":
                return h.notes.records["notes"].get(held["notes"], [])
            return held["is_rough" if name == "isRough" else name]
        case "PhotoSighting":
            return held["seen_under" if name == "seenUnder" else name]
        case "Size":
            return held["loa" if name == "length" else name]
    return held[name]


def _of_vessel(h: Harbour, customer: str, name: str) -> Any:
    keys = own_keys(h, customer)
    ship = h.registry.records["vessels"][keys["registry"]][0]
    heard = h.sonar.records["heard"].get(keys.get("sonar", ""), [{}])[0]
    book = heard.get("log")
    return {
        "id": customer,
        "name": ship["ship_name"],
        "callSign": ship["call_sign"],
        "kind": ship["kind"].upper(),
        "size": ship,
        "flag": ship["flag_code"],
        "owners": ship["owners"],
        "cargo": ship["cargo"],
        "track": ship["track"],
        "sightings": h.registry.records["sightings"].get(keys["registry"], []),
        "voyages": h.registry.records["voyages"].get(keys["registry"], []),
        "portCalls": h.registry.records["calls"].get(keys["registry"], []),
        "draught": heard.get("draught"),
        "heardUnder": heard.get("heard_under"),
        "log": h.logs.records["logs"].get(book, []) if book else None,
    }[name]
