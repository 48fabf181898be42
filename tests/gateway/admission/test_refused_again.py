"""Requests whose heads are known from a refusal: what is answered is what would be if each were read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import pytest
import uvicorn
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from gateway import known_heads
from gateway.bounded_http import Connections, bounded_http
from gateway.bounds import Bounds
from gateway.serving import bind, serving
from gateway.shedding import Shedding
from schema.caller import ConsumerClass
from tests.gateway.admission.test_shedding import LABEL, answer, answers, crowd, request
from tests.gateway.greenhouse import GARDENER, STRANGER, Greenhouse


@pytest.fixture(autouse=True)
def known_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know heads for as long as a test lasts on a busy machine."""
    monkeypatch.setattr(known_heads, "_KEPT", 60.0)


BODY = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
EARLY, LATE = "/early", "/late"
"""Where the echo answers before it has read the body, and where it is long about it."""
_TURNS = 6
"""Turns of the event loop between two pieces: enough for an echo that does not wait."""


class Reading:
    """What sheds, and reads each request."""

    def __init__(self, shedding: Shedding) -> None:
        self._shedding = shedding

    def __call__(self, method: bytes, target: bytes, raw: Sequence[tuple[bytes, bytes]]) -> bytes | None:
        return self._shedding(method, target, raw)

    def again(self, _data: bytes) -> None:
        return None

    def remember(self, _data: bytes) -> None:
        """Nothing is known."""


class Knowing(Reading):
    """What sheds as it does, and counts what it has not read."""

    unread = 0

    def again(self, data: bytes) -> bytes | None:  # type: ignore[override]  # it is the other's that knows nothing
        refusal = self._shedding.again(data)
        self.unread += refusal is not None
        return refusal

    def remember(self, data: bytes) -> None:
        self._shedding.remember(data)


class Line(asyncio.Transport):
    """A connection without a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.told, self._is_closing = list[bytes](), False

    def write(self, data: Any) -> None:
        if not self._is_closing:
            self.told.append(bytes(data))

    def write_eof(self) -> None:
        self.told.append(b"<eof>")

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True

    abort = close

    def pause_reading(self) -> None:
        """There is nothing to pause."""

    resume_reading = pause_reading


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with all that was understood of a request."""
    body = b""
    for _ in range(3 * _TURNS if scope["path"] == LATE else 0):
        await asyncio.sleep(0)
    while scope["path"] != EARLY and (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    told = repr((scope["method"], scope["path"], scope["headers"], body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(told))]})
    await send({"type": "http.response.body", "body": told})


async def said(shed: Reading, pieces: Sequence[bytes]) -> bytes:
    """Return all that is answered to these pieces of one connection, without the ids that are made up."""
    config = uvicorn.Config(echo, loop="none", ws="none", lifespan="off", log_config=None, log_level="critical")
    config.load()
    line, connections = Line(), Connections()
    connection = bounded_http(Bounds(), shed)(config, connections, {})
    connection.connection_made(line)
    for piece in pieces:
        if not line.is_closing():
            connection.data_received(piece)
            for _ in range(_TURNS):
                await asyncio.sleep(0)
    line.close()
    connection.connection_lost(None)
    await asyncio.gather(*connections.tasks)
    return re.sub(rb"x-request-id: [0-9a-f]{8}[c-f][0-9a-f]{7}\r", b"x-request-id: new\r", b"".join(line.told))


LINES = st.lists(
    st.sampled_from(
        [
            "X-Request-Id: mine",
            "x-request-id: other",
            "X-Request-Id: two words",
            "X-Request-Id:  spaced",
            "X-Request-Id: spaced \t",
            "X-Request-Id:",
            "Traceparent: 00-1-2-01",
            "Accept: application/graphql-response+json",
            "Accept: text/html",
            "Connection: close",
            "Connection: keep-alive",
            "Transfer-Encoding: chunked",
            "Expect: 100-continue",
            "Upgrade: h2c",
            "Prefer: wait=1",
            "Content-Length: 3",
            "Host: y",
            "Cookie: a=b",
            "Cookie: \u00e9",
            "User-Agent:me",
            "A: b\r\n c",
        ]
    ),
    max_size=2,
)
REQUESTS = st.builds(
    lambda lines, token, path, body, ends: ends(request(*lines, token=token, path=path, body=body)),
    LINES,
    st.sampled_from([GARDENER, GARDENER, GARDENER, STRANGER]),
    st.sampled_from(["/views/watering/graphql", "/views/watering/graphql?a", "/health/live", EARLY, LATE]),
    st.sampled_from([b"", LABEL, LABEL, BODY, b"\r\n", b"\r\n\r\n", request()]),
    st.sampled_from(
        [
            lambda whole: whole,
            lambda whole: whole,
            lambda whole: b"\r\n" + whole,
            lambda whole: whole + b"\r\n",
            lambda whole: whole.replace(b"\r\n", b"\n"),
            lambda whole: whole.replace(b"Host: x\r\n", b"Host: x\n"),
            lambda whole: whole.replace(b"HTTP/1.1", b"HTTP/1.0"),
            lambda whole: whole.replace(b"POST", b"GET"),
            lambda whole: whole[:-3],
        ]
    ),
)


def in_pieces(asked: Sequence[tuple[bytes, int, bool]]) -> list[bytes]:
    """Cut each request once, or not, and join it to what comes before, or not."""
    pieces = list[bytes]()
    for whole, at, is_joined in asked:
        first, rest = whole[: at % (len(whole) + 1)], whole[at % (len(whole) + 1) :]
        if is_joined and pieces:
            pieces[-1] += first
        else:
            pieces.append(first)
        pieces.append(rest)
    return [piece for piece in pieces if piece]


WHOLE = (request(), 0, False)
LAST = -len(WHOLE[0]) - 1
"""Cuts a request in whose body there is another before that."""
SEQUENCES = st.lists(
    st.tuples(
        REQUESTS | st.just(WHOLE[0]),
        st.sampled_from([0, LAST]) | st.integers(0, 400),
        st.sampled_from([False, False, True]),
    ),
    min_size=2,
    max_size=6,
)


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None, max_examples=300
)
@given(asked=SEQUENCES)
@example(asked=[WHOLE] * 3)
@example(asked=[WHOLE, (request(body=b""), 0, False), WHOLE])
@example(asked=[WHOLE, (request("X-Request-Id:  spaced"), 0, False)])
@example(asked=[WHOLE, (request("X-Request-Id: spaced \t"), 0, False)])
@example(asked=[WHOLE, (request() + request(), 0, False), (request() + b"\r\n", 0, False), WHOLE])
@example(asked=[WHOLE, WHOLE, (request(path=EARLY, body=request()), LAST, False), WHOLE])
@example(asked=[WHOLE, WHOLE, (request() + request(path=LATE), 0, False), WHOLE, WHOLE, WHOLE, WHOLE])
@example(asked=[WHOLE, WHOLE, (request() + request(path=LATE), -5, False), WHOLE, WHOLE, WHOLE, WHOLE])
async def test_what_is_answered_does_not_depend_on_what_is_known(
    asked: Sequence[tuple[bytes, int, bool]], house: Greenhouse
) -> None:
    """Byte for byte, whatever comes: the second time all is known that may be."""
    shedding = crowd(house)
    house.gateway.admission._chance = lambda: 0.5
    pieces, knowing = in_pieces(asked), Knowing(shedding)
    for _ in range(2):
        assert await said(knowing, pieces) == await said(Reading(shedding), pieces)


@pytest.mark.parametrize(
    ("early", "status"), [({"token": STRANGER}, 401), ({"path": "/nowhere"}, 404), ({"path": "/views/no/graphql"}, 404)]
)
async def test_the_body_of_a_request_that_was_answered_before_it_came_is_no_request(
    house: Greenhouse, early: dict[str, str], status: int
) -> None:
    """Whoever has the next answer on this connection, as behind a proxy, would be given one that is not theirs."""
    shedding, body = Knowing(crowd(house)), request()
    whole = request(body=body, **early)
    sent = [request()] * 3 + [whole[: -len(body)], body, request("X-Request-Id: last")]
    *_, (told, _), (last, _) = await answers(house, shedding, sent, 5)
    assert told.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"x-request-id: last\r\n" in last
    assert shedding.unread == 1


async def test_what_comes_while_one_behind_a_refusal_is_answered_waits_for_that(house: Greenhouse) -> None:
    """They came in one piece, the first was refused and the second not: its answer is the next, however late, and no
    timer of the first cuts it."""
    shedding, held = Knowing(crowd(house)), asyncio.Event()

    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await held.wait()
        await echo(scope, receive, send)

    with bind("127.0.0.1", 0) as listening:
        async with serving(late, listening, keep_alive=1, shed=shedding), asyncio.timeout(9):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            for sent in (*[request()] * 3, request() + request(path=LATE)):
                writer.write(sent)
                await answer(reader)
            await asyncio.sleep(1.2)
            writer.write(request())
            await asyncio.sleep(0.1)
            held.set()
            (_, first), _ = await answer(reader), await answer(reader)
            writer.close()
    assert LATE.encode() in first
    assert shedding.unread == 1


async def test_what_is_known_is_not_read(house: Greenhouse) -> None:
    """But the first of each connection."""
    knowing = Knowing(crowd(house))
    for unread in (1, 3):
        await said(knowing, [request()] * 3)
        assert knowing.unread == unread


async def test_what_is_refused_unread_is_counted_as_any(house: Greenhouse) -> None:
    """And has an id of its own in the answer, or the client's."""
    shedding = Knowing(crowd(house))
    sent = [request(), request("X-Request-Id: one"), request("X-Request-Id: two"), request(), request()]
    got = await answers(house, shedding, sent, 5)
    ids = [found[1] for head, _ in got if (found := re.search(rb"x-request-id: (\S+)", head))]
    assert (ids[1], ids[2]) == (b"one", b"two")
    assert len(set(ids)) == 5
    assert shedding.unread == 2
    assert all(head.startswith(b"HTTP/1.1 503 ") and b"\r\nretry-after: " in head for head, _ in got)
    assert house.gateway.admission.counts.shed[ConsumerClass.INTERACTIVE] == 5
    assert house.is_untouched


async def test_what_is_known_is_taken_as_soon_as_there_is_room(house: Greenhouse) -> None:
    """And so is what may wait for its turn."""
    shedding = crowd(house)
    assert shedding.again(request()) is None
    headers = [(b"authorization", b"Bearer " + GARDENER.encode()), (b"content-length", b"%d" % len(LABEL))]
    assert shedding(b"POST", b"/views/watering/graphql", headers) is not None
    shedding.remember(request())
    assert shedding.again(request()) is not None
    house.gateway.admission._rate = 1e9
    assert shedding.again(request()) is None
    house.gateway.admission._rate = 1e-9
    assert shedding.again(request()) is not None
    house.gateway.admission.is_crowded = False
    assert shedding.again(request()) is None


async def test_nothing_is_known_where_the_gateway_is_not_open(house: Greenhouse) -> None:
    """It is read, and told so."""
    shedding = crowd(house)
    headers = [(b"authorization", b"Bearer " + GARDENER.encode()), (b"content-length", b"%d" % len(LABEL))]
    assert shedding(b"POST", b"/views/watering/graphql", headers) is not None
    shedding.remember(request())
    service, house.gateway._service = house.gateway._service, None
    assert shedding.again(request()) is None
    house.gateway._service = service
    assert shedding.again(request()) is not None


async def test_nothing_is_known_any_more_after_a_reload(house: Greenhouse) -> None:
    """Whoever has no token any more is told so at once."""
    shedding = crowd(house)
    headers = [(b"authorization", b"Bearer " + GARDENER.encode()), (b"content-length", b"%d" % len(LABEL))]
    assert shedding(b"POST", b"/views/watering/graphql", headers) is not None
    shedding.remember(request())
    await house.gateway.reload()
    assert shedding.again(request()) is None
    assert shedding(b"POST", b"/views/watering/graphql", headers) is not None
    shedding.remember(request())
    assert shedding.again(request()) is not None


@pytest.mark.parametrize("is_refused_late", [False, True])
async def test_a_connection_is_kept_as_long_after_a_refusal_as_after_an_answer(
    house: Greenhouse, *, is_refused_late: bool
) -> None:
    """Also where it was refused unread, which sets no timer anew."""
    shedding, seconds = Knowing(crowd(house)), 1
    with bind("127.0.0.1", 0) as listening:
        async with serving(house.gateway, listening, keep_alive=seconds, shed=shedding), asyncio.timeout(9):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            loop = asyncio.get_running_loop()
            for pause in (0, 0, 0.6) if is_refused_late else (0, 0, 0):
                await asyncio.sleep(pause)
                writer.write(request())
                await answer(reader)
            last = loop.time()
            assert await reader.read() == b""
            kept = loop.time() - last
            writer.close()
    assert shedding.unread == 1
    assert kept > 0.9 * seconds
