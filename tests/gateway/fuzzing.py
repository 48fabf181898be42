"""Cases that schemathesis generates for the bridge's view, most of them valid, and what has to hold for every answer.

schemathesis takes no notice of `@oneOf`: most of its look-ups would be refused, and so would nearly every cursor and size
of a page. So it is given a twin of the view's schema, in which these are scalars with strategies of our own.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import schemathesis
from graphql import ValueNode, get_introspection_query, parse_value
from httpx import AsyncClient, Response
from hypothesis import strategies as st

from gateway.requests import RequestCode
from resolvers import RefusalCode
from schema.reasons import Place, Reason
from tests.gateway.bridge import INSIDE

__all__ = ["PATH", "RESPONSE", "Asked", "Tally", "cases", "check_answer", "cursors", "twin"]

PATH: Final = "/views/bridge/graphql"
RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"
ACCEPTED: Final = ("*/*", JSON, RESPONSE)

_TWINS = {"first": "PageSize", "after": "Cursor"}
_LOOKUP = "VesselBy"
_KEYS = [f'{{{kind}: "{letter}{number}"}}' for kind, letter in (("id", "v"), ("registry", "R")) for number in range(1, 5)]
_KEYS += [f'{{sonar: "S{number}"}}' for number in range(1, 4)]
_WRONG_LOOKUPS = ["{}", '{id: "v1", sonar: "S1"}', "{id: null}", '{imo: "R1"}', "[]", "null", '"R1"', "1", "{id: {}}"]
_SIZES = ["1", "2", "3", "5", "20", "100"]
_WRONG_SIZES = ["0", "-1", "101", "2147483648", "1.5", '"2"', "null", "{}", "MANY"]

_HIDDEN = ("callSign", "draught", "LogEntry", "PortCall", "portCalls", "lastSeen", "LastSeen", "leastDays", "logbook")
"""What is in the model and not in the view."""

_NEEDLES = (
    *_HIDDEN,
    *(INSIDE[start : start + 12] for start in range(0, len(INSIDE) - 12, 6)),
    *("Traceback", "Exception", "Error:", ".py", "0x7f", "<class", "object at", "lambda", "site-packages"),
    *("adapters.", "gateway.", "resolvers.", "strawberry", "graphql.", "pydantic", "MemorySource", "RuntimeError"),
    *("ship_name", "flag_code", "call_sign", "heard_under", "seen_under", "is_rough", "locode", "notebook"),
    str(Path.home()) + "/",
    str(Path(__file__).parents[2]),
)
"""What no answer may hold: texts of the inside, what the view hides, and names in the sources' records."""

_KEY_OF_A_SOURCE = re.compile(r"\b(N?R[1-4](-\d)?|S[1-3]|NLRTM|NOBGO|registry|sonar|states|imo|mmsi)\b")
"""Keys and names of sources: in data they may stand as values, in what is said of it never."""

_CODES = frozenset(map(str, (*RequestCode, *RefusalCode, *(one for one in Reason if one.place is Place.ERROR))))
_SPOILED = st.integers(0, 9)


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
    """Return the strategy of what is asked: both root fields, now and then spoiled, now and then a source in trouble."""
    roots = [schema["Query"][name].as_strategy() for name in ("vessel", "vessels")]
    documents = st.tuples(st.one_of(roots), st.integers(0, 9), st.integers(0, 10_000)).map(_document)
    broken = st.sampled_from([None, None, None, *sources])
    return st.builds(Asked, documents, st.sampled_from(ACCEPTED), broken)


def _document(drawn: tuple[Any, int, int]) -> str:
    case, how, where = drawn
    text: str = case.body
    place = where % len(text)
    spoil: Callable[[], str] = {
        8: lambda: text[:place] + '{}()[]!$@:"#&\x00\ud7ff'[where % 14] + text[place:],
        9: lambda: re.sub(r"\b(name|kind|state|on)\b", _HIDDEN[where % len(_HIDDEN)][:-1], text, count=1),
    }.get(how, lambda: text)
    return spoil()


def check_answer(response: Response, accepted: str = JSON, asked: str = "") -> None:
    """Check what holds for every answer; `asked` is the text of the request, which may hold a key itself."""
    assert response.status_code < 500, response.text
    assert response.headers["content-type"] == f"{RESPONSE if accepted == RESPONSE else JSON}; charset=utf-8"
    answer = response.json()
    assert answer.keys() <= {"data", "errors", "extensions"}
    assert answer.keys() & {"data", "errors"}
    told = [needle for needle in _NEEDLES if needle in response.text]
    assert not told, f"{told} in {response.text}"
    for error in answer.get("errors", ()):
        assert error["extensions"]["code"] in _CODES
        assert error["message"]
    said = json.dumps([answer.get("errors"), answer.get("extensions")])
    keys = {found[0] for found in _KEY_OF_A_SOURCE.finditer(said)} - _known(asked)
    assert not keys, f"{keys} in {said}"


def _known(asked: str) -> set[str]:
    """The names that the view itself has, and what the request itself says."""
    return {"registry", "sonar", *re.findall(r"\w+", asked)}
