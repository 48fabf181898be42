from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.bench.load import WrongAnswerError, _gaps, closed_loop, open_loop, request_bytes

REQUESTS = [request_bytes("/graphql", {"X-Number": str(number)}, b'{"n": %d}' % number) for number in range(3)]


class _Server(ThreadingHTTPServer):
    """Answers every request alike, and keeps what it was asked."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, status: int, body: bytes, *, keeps: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body, self.keeps = status, body, keeps
        self.asked: list[tuple[str, bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.headers["X-Number"], body))
        if not self.server.keeps:
            self.close_connection = True
            return
        head = f"HTTP/1.1 {self.server.status} Told\r\nContent-Length: {len(self.server.body)}\r\n\r\n".encode()
        self.wfile.write(head + self.server.body)

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def answering(status: int = 200, body: bytes = b'{"data":{}}', *, keeps: bool = True) -> Iterator[_Server]:
    with _Server(status, body, keeps=keeps) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join()


def test_a_request_is_written_as_http_has_it() -> None:
    """POST with a body, its type and its length; GET without one."""
    assert request_bytes("/a", {"X": "y"}, b"{}") == (
        b"POST /a HTTP/1.1\r\nHost: 127.0.0.1\r\nX: y\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert request_bytes("/a", {}) == b"GET /a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def test_a_closed_loop_counts_every_answer() -> None:
    """What was begun in time is answered and counted, and each request differs from the one before."""
    with answering() as server:
        answered = closed_loop(server.server_port, REQUESTS, connections=2, seconds=0.05)
    assert len(answered.latencies) == len(server.asked) > 4
    assert {number for number, _ in server.asked} == {"0", "1", "2"}
    assert all(0 < each <= answered.seconds for each in answered.latencies)
    assert answered.seconds >= 0.05
    assert answered.cpu > 0


def test_an_open_loop_asks_without_waiting_for_answers() -> None:
    """So many requests as the seed has arrivals in the time, and one at the least."""
    with answering() as server:
        answered = open_loop(server.server_port, REQUESTS, per_second=500, seconds=0.2, seed=3)
        assert len(answered.latencies) == len(server.asked) == len(list(_gaps(500, 0.2, seed=3)))
        assert len(open_loop(server.server_port, REQUESTS, per_second=1, seconds=0.001).latencies) == 1


def test_arrivals_that_find_no_connection_free_open_one() -> None:
    """Nothing waits for an answer to another."""
    with answering() as server:
        answered = open_loop(server.server_port, REQUESTS, per_second=4_000, seconds=0.05)
        assert len(answered.latencies) == len(server.asked) == len(list(_gaps(4_000, 0.05, seed=1)))


@pytest.mark.parametrize(
    ("status", "body", "with_errors"),
    [(500, b"{}", False), (200, b'{"errors":[]}', False), (200, b'{"data":{}}', True)],
    ids=["another status", "errors that were not meant", "no errors where some were meant"],
)
def test_a_wrong_answer_ends_the_turn(status: int, body: bytes, with_errors: bool) -> None:
    """It is shown, for figures of wrong answers say nothing."""
    with answering(status, body) as server, pytest.raises(WrongAnswerError, match=rf"got {status}.*wanted 200 with"):
        closed_loop(server.server_port, REQUESTS, connections=2, seconds=0.05, with_errors=with_errors)


def test_a_wrong_answer_ends_an_open_loop_too() -> None:
    """No request is sent after it."""
    with answering(500) as server, pytest.raises(WrongAnswerError, match="got 500"):
        open_loop(server.server_port, REQUESTS, per_second=200, seconds=5)
    assert len(server.asked) < 200


def test_a_connection_that_breaks_ends_the_turn() -> None:
    """An answer is missing."""
    with answering(keeps=False) as server, pytest.raises(WrongAnswerError, match="a connection that was closed"):
        closed_loop(server.server_port, REQUESTS, connections=1, seconds=0.05)


def test_an_open_loop_is_the_same_for_the_same_seed() -> None:
    """Its gaps are not alike, and as many as there should be, give or take what chance does."""
    gaps = list(_gaps(100, 1, seed=5))
    assert gaps == list(_gaps(100, 1, seed=5)) != list(_gaps(100, 1, seed=6))
    assert sum(gaps) < 1
    assert 60 < len(set(gaps)) < 140
