"""Whatever a key contains: the document stays the one of its declaration, and the variables hold the very key."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Missing, SourceError
from adapters.graphql import AsVariable, ByAlias, ByIds, Connection, GraphQLAdapter, GraphQLOffer
from adapters.records import Record
from schema.deadline import Deadline
from tests.adapters.hostile import counted, generated, hostile_keys, is_sayable, printed
from tests.adapters.raw_server import Request, json_answer, serving

URL = "https://shop.example:8443/api/graphql"


class Thing(Record):
    name: str | None = None


def _offer(serves: str = "Thing", **declared: Any) -> GraphQLOffer:
    ordinary: dict[str, Any] = {"key": "id", "keys": ByAlias("owner")}
    return GraphQLOffer(name="things", serves=serves, record=Thing, **ordinary | declared)


def _listing(**declared: Any) -> GraphQLOffer:
    return _offer("Owner.things", at="things", connection=Connection(), max_page=10, **declared)


def _ids(variables: dict[str, Any]) -> list[Any]:
    assert list(variables) == ["keys"]
    return list(variables["keys"])


def _aliases(variables: dict[str, Any]) -> list[Any]:
    assert list(variables) == [f"k{at}" for at in range(len(variables))]
    return list(variables.values())


def _numbers(variables: dict[str, Any]) -> list[Any]:
    assert all(type(value) is int for value in variables.values())
    return [str(value) for value in _aliases(variables)]


def _argument(variables: dict[str, Any]) -> list[Any]:
    assert list(variables) == ["arg_q", "first", "k0"]
    return [variables["arg_q"]]


def _cursor(variables: dict[str, Any]) -> list[Any]:
    assert list(variables) == ["first", "after", "k0"]
    return [variables["after"]]


def _for_aliases(count: int) -> str:
    declared = ", ".join(f"$k{at}: ID!" for at in range(count))
    return f"query ({declared}) {{ {' '.join(f'k{at}: owner(id: $k{at}) {{ id name }}' for at in range(count))} }}"


def _is_no_int(text: str) -> bool:
    try:
        return str(int(text)) != text or not -(2**31) <= int(text) < 2**31
    except ValueError:
        return True


@dataclass(frozen=True)
class Placement:
    """One place in which a caller's text goes out, the document around it, and how a source reads it there."""

    offer: GraphQLOffer
    document: Callable[[int], str]
    read: Callable[[dict[str, Any]], Sequence[str]]
    refuses: Callable[[str], bool] = lambda text: False
    goes_in: str = "key"

    def batches(self, texts: Sequence[str]) -> Iterable[Batch]:
        """Yield the texts as the engine asks them: keys together, arguments and cursors one by one."""
        match self.goes_in:
            case "key":
                yield Batch(self.offer, ("name",), tuple(texts))
            case "cursor":
                yield from (Batch(self.offer, ("name",), ("7",), (), Slice(5, text)) for text in texts)
            case _:
                yield from (Batch(self.offer, ("name",), ("7",), (("q", text),), Slice(5)) for text in texts)

    def cannot_say(self, text: str) -> bool:
        """Return whether a text has no form here; said anew, apart from the code that is tested."""
        most = 2_048 if self.goes_in == "cursor" else 1_024
        return not is_sayable(text, most) or (self.goes_in != "argument" and not text.strip()) or self.refuses(text)


PLACEMENTS = {
    "ids": Placement(
        _offer(keys=ByIds("nodes", on="Thing"), max_batch=100),
        lambda _: "query ($keys: [ID!]!) { nodes(ids: $keys) { ... on Thing { id name } } }",
        _ids,
    ),
    "member": Placement(
        _offer(keys=ByIds("things", argument="where.id._in", type="[String!]!"), max_batch=100),
        lambda _: "query ($keys: [String!]!) { things(where: {id: {_in: $keys}}) { id name } }",
        _ids,
    ),
    "aliases": Placement(_offer(max_batch=100), _for_aliases, _aliases),
    "one_by_one": Placement(_offer(max_batch=1), _for_aliases, _aliases),
    "numbers": Placement(
        _offer(keys=ByAlias("owner", type="Int!"), max_batch=100),
        lambda count: _for_aliases(count).replace("ID!", "Int!"),
        _numbers,
        _is_no_int,
    ),
    "argument": Placement(
        _listing(arguments={"q": AsVariable("filter.text", type="String")}),
        lambda _: (
            "query ($k0: ID!, $arg_q: String, $first: Int!) { k0: owner(id: $k0) "
            "{ id things(filter: {text: $arg_q}, first: $first) "
            "{ nodes { name } pageInfo { endCursor hasNextPage } } } }"
        ),
        _argument,
        goes_in="argument",
    ),
    "cursor": Placement(
        _listing(),
        lambda _: (
            "query ($k0: ID!, $first: Int!, $after: String!) { k0: owner(id: $k0) "
            "{ id things(first: $first, after: $after) { nodes { name } pageInfo { endCursor hasNextPage } } } }"
        ),
        _cursor,
        goes_in="cursor",
    ),
}


class Caught(httpx.AsyncBaseTransport):
    """Keeps what would go to the wire."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bytes]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((request.method, str(request.url), await request.aread()))
        return httpx.Response(200, json={"data": {}})


def _read(placement: Placement, body: bytes) -> Sequence[str]:
    """Return the texts that a request holds, whose document is the declaration's, to the letter."""
    assert body.isascii()
    asked = json.loads(body)
    assert list(asked) == ["query", "variables"]
    texts = placement.read(asked["variables"])
    assert asked["query"] == placement.document(len(texts))
    return texts


async def _checked(placement: Placement, texts: Sequence[str]) -> list[str]:
    """Ask all texts in one placement, check every call that was made, and return those that were refused."""
    adapter, caught = GraphQLAdapter("shop", URL, [placement.offer]), Caught()
    adapter._wire._client._transport = caught
    refused = [text for text in texts if placement.cannot_say(text)]
    for batch in placement.batches(texts):
        answers = await adapter.fetch(batch, Call(Deadline.after(60), "dpv:ServiceProvision"))
        assert {type(answers[key]) for key in refused if key in answers} <= {SourceError, Missing}
    said = [text for _, _, body in caught.seen for text in _read(placement, body)]
    assert sorted(said) == sorted(set(texts) - set(refused))
    assert {(method, url) for method, url, _ in caught.seen} <= {("POST", URL)}
    await adapter.aclose()
    return refused


async def test_hostile_keys_change_nothing_of_a_document() -> None:
    """In every placement; a key that has no form there is refused without a call."""
    assert generated(await counted(2_000, PLACEMENTS, _checked)) == 2_000


@pytest.mark.long
async def test_a_hundred_thousand_hostile_keys_change_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The same, and the table of what was generated and how much of it each placement refused."""
    told = await counted(100_000, PLACEMENTS, _checked)
    title = "Hostile keys over GraphQL, and how many each placement refused without a call"
    assert generated(printed(capsys, title, told)) == 100_000


NASTIEST = [key for _, key in hostile_keys(400)]


@pytest.mark.parametrize("name", PLACEMENTS)
async def test_hostile_keys_change_nothing_on_the_wire(name: str) -> None:
    """A real server receives one request line, the fixed headers, the fixed documents, and the very key."""
    placement, said = PLACEMENTS[name], set[str]()

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(json_answer(b'{"data": {}}'))

    async with serving(answer) as server:
        adapter = GraphQLAdapter("shop", f"{server.url}/graphql", [placement.offer])
        for batch in placement.batches(NASTIEST):
            await adapter.fetch(batch, Call(Deadline.after(60), "dpv:ServiceProvision"))
        await adapter.aclose()
    for request in server.requests:
        assert request.line == "POST /graphql HTTP/1.1"
        names = sorted(line.split(b":")[0].decode().lower() for line in request.head.rstrip().split(b"\r\n")[1:])
        assert names == sorted(
            ["accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"]
        )
        said.update(_read(placement, request.body))
    assert said == {key for key in NASTIEST if not placement.cannot_say(key)}
