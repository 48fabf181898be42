"""Random valid documents over the tiny model: aliases, fragments, directives, variables, several root fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graphql import DocumentNode, parse
from hypothesis import strategies as st

from schema.model import Coordinate
from tests.resolvers.vessels import MODEL

__all__ = ["Query", "queries"]

_TYPES = {one.type_name for one in MODEL.coordinates.values()} | {"Cargo"}
_ARGUMENTS = {"portCalls": "(since: $since)", "voyages": "(first: 2, rough: $b0)", "notes": "(first: 1)"}
_IDS = ("v1", "v2", "v3", "v4", "unknown")
_BOOLEANS = ("b0", "b1")

Draw = Callable[[Any], Any]


@dataclass(frozen=True)
class Query:
    """A document of one operation, and its variables."""

    text: str
    variables: Mapping[str, Any]

    @cached_property
    def document(self) -> DocumentNode:
        """The parsed text, for those who ask the same of many."""
        return parse(self.text)


@dataclass
class _Writer:
    """Writes one document. A response name always means the same field with the same arguments."""

    draw: Draw
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)

    def selections(self, type_name: str, depth: int) -> str:
        return " ".join(self.selection(type_name, depth) for _ in range(self.draw(st.integers(1, 4))))

    def selection(self, type_name: str, depth: int) -> str:
        ways = [self.inline, self.spread, self.typename]
        if type_name != "Cargo":  # a union has no fields of its own
            ways += [self.field] * 3
        write = self.draw(st.sampled_from(ways))
        written: str = write(type_name, depth)
        return written

    def field(self, type_name: str, depth: int) -> str:
        fields = [one for one in MODEL.coordinates.values() if one.type_name == type_name]
        chosen = self.draw(st.sampled_from(fields))
        number = self.draw(st.integers(0, 2))
        alias = f"{chosen.field_name}{number}: " if number else ""
        arguments = _ARGUMENTS.get(chosen.field_name, "") if number == 2 else ""
        below = f" {{ {self.below(chosen, depth)} }}" if chosen.of in _TYPES else ""
        return f"{alias}{chosen.field_name}{arguments}{self.directive()}{below}"

    def below(self, chosen: Coordinate, depth: int) -> str:
        if not chosen.is_connection:
            return self.selections(chosen.of, depth + 1)
        return " ".join(self.of_page(chosen, depth) for _ in range(self.draw(st.integers(1, 2))))

    def of_page(self, chosen: Coordinate, depth: int) -> str:
        write = self.draw(st.sampled_from(["nodes", "edges", "pageInfo { hasNextPage }", "__typename"]))
        if write == "nodes":
            return f"nodes{self.directive()} {{ {self._more(chosen.of, depth)} }}"
        if write == "edges":
            return f"edges {{ __typename node{self.directive()} {{ {self._more(chosen.of, depth)} }} }}"
        return str(write)

    def typename(self, _type_name: str, _depth: int) -> str:
        return f"{self.draw(st.sampled_from(['__typename', 't: __typename']))}{self.directive()}"

    def inline(self, type_name: str, depth: int) -> str:
        on = self.draw(st.sampled_from(["", *MODEL.concrete(type_name), type_name]))
        return f"...{on and ' on '}{on}{self.directive()} {{ {self._more(on or type_name, depth)} }}"

    def spread(self, type_name: str, depth: int) -> str:
        on = self.draw(st.sampled_from([*MODEL.concrete(type_name), type_name]))
        known = [name for name, (of, _) in self.fragments.items() if of == on]
        if known and self.draw(st.booleans()):
            return f"...{self.draw(st.sampled_from(known))}{self.directive()}"
        body = self._more(on, depth)
        name = f"F{len(self.fragments)}"
        self.fragments[name] = (on, body)
        return f"...{name}{self.directive()}"

    def _more(self, type_name: str, depth: int) -> str:
        return self.selections(type_name, depth + 1) if depth < 5 else "__typename"

    def directive(self) -> str:
        if self.draw(st.integers(0, 3)):
            return ""
        kind = self.draw(st.sampled_from(["skip", "include"]))
        return f" @{kind}(if: {self.draw(st.sampled_from(['true', 'false', *(f'${name}' for name in _BOOLEANS)]))})"

    def root(self, number: int) -> str:
        one = f'vessel(by: {{id: "{self.draw(st.sampled_from(_IDS))}"}})'
        looked_up = self.draw(st.sampled_from([one, "vessels(by: $many)", "vessel(by: $one)"]))
        return f"r{number}: {looked_up} {{ {self.selections('Vessel', 1)} }}"


@st.composite
def queries(draw: Draw) -> Query:
    """A valid document, and values for its variables."""
    writer = _Writer(draw)
    roots = " ".join(writer.root(number) for number in range(draw(st.integers(1, 3))))
    fragments = " ".join(f"fragment {name} on {of} {{ {body} }}" for name, (of, body) in writer.fragments.items())
    declared = {"b0": "Boolean!", "b1": "Boolean!", "since": "Date", "one": "VesselBy!", "many": "[VesselBy!]!"}
    lookups = st.sampled_from([{"id": one} for one in _IDS] + [{"registry": "R2"}, {"sonar": "S1"}])
    values = {
        "b0": draw(st.booleans()),
        "b1": draw(st.booleans()),
        "since": "2026-01-01",
        "one": draw(lookups),
        "many": draw(st.lists(lookups, max_size=4)),
    }
    used = {name: of for name, of in declared.items() if f"${name}" in roots + fragments}
    head = f"query ({' '.join(f'${name}: {of}' for name, of in used.items())}) " if used else ""
    return Query(f"{head}{{ {roots} }} {fragments}", {name: values[name] for name in used})
