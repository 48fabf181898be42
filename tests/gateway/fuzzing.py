"""Cases that schemathesis generates for the bridge's view, most of them valid.

It takes no notice of `@oneOf`: most of its look-ups would be refused, and so would nearly every cursor and every size
of a page. That is why it is given a twin of the view's schema, in which these are scalars with strategies of our own.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import schemathesis
from graphql import ValueNode, get_introspection_query, parse_value
from httpx import AsyncClient, Response
from hypothesis import strategies as st

from tests.gateway.bridge import PATH
from tests.gateway.inside import HIDDEN, JSON, RESPONSE

__all__ = [
    "Asked",
    "Tally",
    "cases",
    "cursors",
    "twin",
]

ACCEPTED: Final = ("*/*", JSON, RESPONSE)

_TWINS = {"first": "PageSize", "after": "Cursor"}
_LOOKUP = "VesselBy"
_KEYS = [
    f'{{{kind}: "{letter}{number}"}}' for kind, letter in (("id", "v"), ("registry", "R")) for number in range(1, 5)
]
_KEYS += [f'{{sonar: "S{number}"}}' for number in range(1, 4)]
_WRONG_LOOKUPS = ["{}", '{id: "v1", sonar: "S1"}', "{id: null}", '{imo: "R1"}', "[]", "null", '"R1"', "1", "{id: {}}"]
_SIZES = ["1", "2", "3", "5", "20", "100"]
_WRONG_SIZES = ["0", "-1", "101", "2147483648", "1.5", '"2"', "null", "{}", "MANY"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A document, the media type that is accepted, and whether a source that it may need breaks down."""

    document: str
    accept: str
    breaks: str | None


@dataclass(slots=True)
class Tally:
    """How many cases there were, by what became of them."""

    counted: Counter[str] = field(default_factory=Counter)

    def add(self, response: Response) -> None:
        """Count one answer."""
        self.counted["cases"] += 1
        answer = response.json()
        if "data" not in answer:
            self.counted["refused"] += 1
            self.counted[answer["errors"][0]["extensions"]["code"]] += 1
            return
        self.counted["answered"] += 1
        self.counted["shown"] += any(map(_is_shown, answer["data"].values()))
        self.counted["partial"] += "errors" in answer
        self.counted["withheld"] += "withheld" in answer.get("extensions", {})


def _is_shown(value: object) -> bool:
    return any(one is not None for one in value) if isinstance(value, list) else value is not None


async def twin(client: AsyncClient, pages: Sequence[str]) -> Any:
    """Return the view, as schemathesis reads it from its introspection; `pages` are cursors that were given."""
    introspected = (await client.post(PATH, json={"query": get_introspection_query()})).json()["data"]
    types = [one for one in introspected["__schema"]["types"] if one["name"] != _LOOKUP]
    for argument in _arguments(types):
        name = _TWINS.get(argument["name"])
        if name is not None:
            argument.update(type={"kind": "SCALAR", "name": name, "ofType": None}, defaultValue=None)
    types += [{"kind": "SCALAR", "name": name, "description": None} for name in (*_TWINS.values(), _LOOKUP)]
    introspected["__schema"]["types"] = json.loads(json.dumps(types).replace(*_as_scalar(_LOOKUP)))
    schemathesis.graphql.scalar(_LOOKUP, _nodes(_KEYS, _WRONG_LOOKUPS, most=30))
    schemathesis.graphql.scalar("PageSize", _nodes(_SIZES, _WRONG_SIZES, most=12))
    schemathesis.graphql.scalar("Cursor", _nodes(["null"], [*map(json.dumps, [*pages, "", "x" * 300]), "1"], most=8))
    return schemathesis.graphql.from_dict(introspected)


def _arguments(types: Sequence[Any]) -> Iterator[Any]:
    return (argument for one in types for each in one.get("fields") or () for argument in each["args"])


def _as_scalar(name: str) -> tuple[str, str]:
    return f'"kind": "INPUT_OBJECT", "name": "{name}"', f'"kind": "SCALAR", "name": "{name}"'


def _nodes(right: Sequence[str], wrong: Sequence[str], *, most: int) -> st.SearchStrategy[ValueNode]:
    """Values of which one in `most` is wrong."""
    nodes = {text: parse_value(text) for text in (*right, *wrong)}
    return st.integers(1, most).flatmap(lambda drawn: st.sampled_from(wrong if drawn == most else right)).map(nodes.get)  # type: ignore[arg-type]


async def cursors(client: AsyncClient) -> list[str]:
    """Return cursors that the gateway has given for one vessel's list."""
    query = '{ vessel(by: {registry: "R1"}) { voyages(first: 2) { edges { cursor } } } }'
    data = (await client.post(PATH, json={"query": query})).json()["data"]
    return [edge["cursor"] for edge in data["vessel"]["voyages"]["edges"]]


def cases(schema: Any, sources: Sequence[str]) -> st.SearchStrategy[Asked]:
    """Return the strategy of what is asked: both root fields, some of it spoiled, some with a source that breaks."""
    roots = [schema["Query"][name].as_strategy() for name in ("vessel", "vessels")]
    documents = st.tuples(st.one_of(roots), st.integers(0, 15), st.integers(0, 10_000)).map(_document)
    broken = st.sampled_from([None, None, None, *sources])
    return st.builds(Asked, documents, st.sampled_from(ACCEPTED), broken)


def _document(drawn: tuple[Any, int, int]) -> str:
    case, how, where = drawn
    text: str = case.body
    place = where % len(text)
    spoil: Callable[[], str] = {
        14: lambda: text[:place] + '{}()[]!$@:"#&\x00\ud7ff'[where % 14] + text[place:],
        15: lambda: re.sub(r"\b(name|kind|state|on)\b", HIDDEN[where % len(HIDDEN)][:-1], text, count=1),
    }.get(how, lambda: text)
    return spoil()
