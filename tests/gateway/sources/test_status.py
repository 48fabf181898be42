"""`customer-view status`: how a running gateway's sources do, as a table or as JSON, and its exit codes."""

from __future__ import annotations

import asyncio
import gzip
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.serving import bind, serving
from schema.observer import Unsent
from schema.reasons import Reason
from tests.gateway.cli_project import Ran, run
from tests.gateway.demos import rows
from tests.gateway.greenhouse import FLORIST
from tests.gateway.sources.greengrocer import called
from tests.gateway.sources.station import OPERATOR_TOKEN, Station, station
from tests.gateway.sources.test_health import QUERY, fail

_VARIABLE = "CUSTOMER_VIEW_OPERATOR_TOKEN"


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[tuple[Station, str]]:
    """Serve the station on a socket of its own."""
    it = station(folder)
    with bind("127.0.0.1", 0) as socket:
        async with it.house.gateway.running(), serving(it.house.gateway, socket):
            yield it, f"http://127.0.0.1:{socket.getsockname()[1]}"


async def status(*arguments: str, stdin: str | None = None) -> Ran:
    """Run the command while the gateway answers."""
    return await asyncio.to_thread(run, "status", *arguments, stdin=stdin)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_VARIABLE, OPERATOR_TOKEN)
    monkeypatch.setenv("COLUMNS", "120")


async def test_sources_that_are_called_are_shown(tmp_path: Path) -> None:
    """With what they did; the exit code is 0."""
    async with listening(tmp_path) as (it, url):
        assert (await it.house.post(QUERY)).status_code == 200
        ran = await status(url)
    assert (ran.code, ran.err) == (0, "")
    _, nursery, soil = rows(ran.out)
    assert nursery == ["nursery", "closed", "1", "0.0%", "1.0 ms", "1.0 ms", "0 of 100", "0"]
    assert soil == ["soil", "-", "0", "-", "-", "-", "-", "-"]
    assert "All are called, at 08:00:00 UTC, process " in ran.out
    assert OPERATOR_TOKEN not in ran.out


async def test_a_source_that_is_left_alone_is_told_and_so_is_why(tmp_path: Path) -> None:
    """For how long, and how it failed last; the exit code is 1."""
    async with listening(tmp_path) as (it, url):
        fail(it)
        it.limits.hold(3.0)
        it.clock[0] += 2.0
        ran = await status(url)
    assert ran.code == 1
    words = " ".join(ran.out.replace("│", " ").split())
    assert "nursery open since 2 s ago 5 100.0% - - 0 of 100 0" in words
    assert "nursery failed last 2 s ago, SOURCE_TIMEOUT for plants" in words
    assert "held 1.0 s" in words
    assert "nursery: has asked to be left alone, and is held for 1.0 s yet" in words
    assert "1 of 2 left alone, whole or in part, at 08:00:02 UTC" in words


async def test_a_source_that_is_being_tried_is_not_said_to_be_left_alone(tmp_path: Path) -> None:
    """It is not called as before yet, so the exit code is 1."""
    async with listening(tmp_path) as (it, url):
        fail(it)
        it.clock[0] += 2.0
        assert called(it.limits, "plants", failed=False)
        ran = await status(url)
    assert ran.code == 1
    assert "half-open" in ran.out
    assert "1 of 2 being tried, whole or in part, at 08:00:02 UTC" in ran.out


async def test_a_source_that_is_bounded_is_not_said_to_be_called(tmp_path: Path) -> None:
    """It has asked to be left alone, or our own limits refuse calls: that is told, and is no failure of it."""
    async with listening(tmp_path) as (it, url):
        it.limits.hold(30.0)
        unsent = Unsent("nursery", "plants", Reason.SOURCE_RATE_LIMITED, "no room", 1)
        for _ in range(2):
            it.house.gateway._observer.note(unsent)
        ran = await status(url)
    assert ran.code == 0
    said = "nursery: has asked to be left alone, and is held for 30.0 s yet; 2 calls were not sent in the last minute"
    assert said in ran.out
    assert "1 of 2 held by their own word, at 08:00:00 UTC" in ran.out
    assert "All are called" not in ran.out


async def test_an_offer_that_is_held_is_named(tmp_path: Path) -> None:
    """The source's others are called."""
    async with listening(tmp_path) as (it, url):
        it.limits.hold(30.0, "pests")
        ran, told = await status(url), await status(url, "--json")
    assert ran.code == 0
    assert "held pests 30.0 s" in ran.out
    assert "nursery: has asked to have pests left alone, held for 30.0 s yet" in ran.out
    assert "1 of 2 held by their own word, at 08:00:00 UTC" in ran.out
    (nursery, _) = json.loads(told.out)["sources"]
    assert (nursery["limits"]["heldSeconds"], nursery["limits"]["offers"][0]["heldSeconds"]) == (0.0, 30.0)


async def test_an_offer_that_is_left_alone_counts(tmp_path: Path) -> None:
    """Its fields are missing, though the source is called."""
    async with listening(tmp_path) as (it, url):
        for failed in [True, False] * 5:
            assert called(it.limits, "pests" if failed else "plants", failed=failed)
        ran, told = await status(url), await status(url, "--json")
    assert (ran.code, told.code) == (1, 1)
    assert "open: pests" in ran.out
    assert json.loads(told.out)["sources"][0]["leftAloneSince"] is None


async def test_programs_are_given_what_the_gateway_tells(tmp_path: Path) -> None:
    """The very members."""
    async with listening(tmp_path) as (it, url):
        ran = await status(f"{url}/health/sources", "--json")
        told = (await it.asked()).json()
    assert (ran.code, json.loads(ran.out)) == (0, told)


async def test_a_narrow_terminal_shows_every_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is cut, and the table has room."""
    monkeypatch.setenv("COLUMNS", "80")
    async with listening(tmp_path) as (it, url):
        fail(it)
        ran = await status(url)
    assert max(len(line) for line in ran.out.splitlines() if line.startswith("│")) <= 80
    assert "nursery │ open since 0 s ago │" in ran.out
    assert "…" not in ran.out


@pytest.mark.parametrize("way", ["file", "pipe"])
async def test_the_token_can_be_in_a_file_or_come_by_a_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """It is no argument, which everybody on the machine could read; the variable is not looked at then."""
    monkeypatch.setenv(_VARIABLE, FLORIST)
    file = tmp_path / "token.txt"
    file.write_text(f"{OPERATOR_TOKEN}\n")
    async with listening(tmp_path) as (_, url):
        assert (await status(url)).code == 2
        given = str(file) if way == "file" else "-"
        ran = await status(url, "--token-file", given, stdin=f"{OPERATOR_TOKEN}\n")
    assert (ran.code, ran.err) == (0, "")


async def test_a_consumer_without_the_role_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the gateway says is said; the token is not."""
    monkeypatch.setenv(_VARIABLE, FLORIST)
    async with listening(tmp_path) as (_, url):
        ran = await status(url)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"customer-view: {url} refuses to tell, with 403: How the sources do is for consumers with the role operator. "
        "Have it added in consumers.yaml.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ftp://127.0.0.1"], "got a URL of another form; wanted that of a gateway, such as http://127.0.0.1:8000"),
        (["http://user:password@127.0.0.1"], "got a URL of another form"),
        (["http://127.0.0.1:9"], "http://127.0.0.1:9 cannot be asked (ConnectError): is a gateway there?"),
        (["http://127.0.0.1:99999"], "got a URL of another form"),
        (["http://127.0.0.1\x1b[2J"], "got a URL of another form"),
        (["--token-file", "nothere.txt"], "The token cannot be read from nothere.txt (FileNotFoundError)"),
    ],
)
def test_what_cannot_be_asked_is_said(arguments: list[str], said: str) -> None:
    """The exit code is 2, and nothing is on standard output."""
    ran = run("status", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"customer-view: {said}")
    assert "password" not in ran.err


def test_a_token_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said where from; what is no token is not shown."""
    file = tmp_path / "token.txt"
    file.write_text("a-secret-of-something-else")
    ran = run("status", "http://127.0.0.1:9", "--token-file", str(file))
    assert (ran.code, "holds no token" in ran.err, "a-secret" in ran.err) == (2, True, False)
    monkeypatch.setenv(_VARIABLE, "a-secret-of-something-else")
    ran = run("status", "http://127.0.0.1:9")
    assert (ran.code, _VARIABLE in ran.err, "a-secret" in ran.err) == (2, True, False)
    monkeypatch.delenv(_VARIABLE)
    ran = run("status", "http://127.0.0.1:9")
    assert ran.err == f"customer-view: Which token? Set {_VARIABLE}, or name its file with --token-file\n"


@asynccontextmanager
async def another(status_code: int, body: bytes, *more: tuple[bytes, bytes]) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that is no gateway, and the paths that it was asked."""
    asked: list[str] = []

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await send({"type": "http.response.start", "status": status_code, "headers": [*more]})
        await send({"type": "http.response.body", "body": body})

    with bind("127.0.0.1", 0) as socket:
        async with serving(answer, socket):
            yield f"http://127.0.0.1:{socket.getsockname()[1]}", asked


@pytest.mark.parametrize(
    ("code", "body", "said"),
    [
        (200, b"<html>", "tells something else than a gateway would: is it another server?"),
        (200, b"[]", "tells something else than a gateway would: is it another server?"),
        (200, b" " * 5_000_000, "tells more than a gateway would: is it another server?"),
        (401, b"[" * 200_000, "refuses to tell, with 401, and not as a gateway would: is it another server?"),
        (404, b"nothing here", "refuses to tell, with 404, and not as a gateway would: is it another server?"),
        (302, b"", "refuses to tell, with 302, and not as a gateway would: is it another server?"),
        (500, b'{"errors": [{"message": "\\u001b[2J"}]}', "refuses to tell, with 500\n"),
    ],
)
async def test_what_another_server_says_is_not_believed(code: int, body: bytes, said: str) -> None:
    """Bounded, nothing that a terminal would act on, and no redirect is followed: the token would go with it."""
    async with another(code, body, (b"location", b"/elsewhere")) as (url, asked):
        ran = await status(url)
    assert (ran.code, ran.out, asked) == (2, "", ["/health/sources"])
    assert f"{url} {said}" in ran.err
    assert "\x1b" not in ran.err


async def test_nothing_compressed_is_taken() -> None:
    """Some hundred bytes could be gigabytes."""
    async with another(200, gzip.compress(b"{}"), (b"content-encoding", b"gzip")) as (url, _):
        ran = await status(url)
    assert (ran.code, ran.err) == (
        2,
        f"customer-view: {url} compresses what it tells, unasked: is it another server?\n",
    )


@pytest.mark.parametrize("told", [b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"HTTP/1.1 103 Hints\r\n\r\n"])
async def test_who_drips_an_answer_is_not_waited_for(told: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it has a time, and not each part alone."""
    monkeypatch.setattr("gateway.cli.running_gateway._AT_MOST", 0.3)

    gone = asyncio.Event()

    async def drips(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(told)
                await writer.drain()
                await asyncio.sleep(0.05)
        gone.set()

    server = await asyncio.start_server(drips, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ran = await status(url)
        await gone.wait()
    assert (ran.code, ran.err) == (2, f"customer-view: {url} cannot be asked (TimeoutError): is a gateway there?\n")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("leftAloneSince", "2026-11-22T19:00:00"),
        ("lastFailure", {"offer": "o", "code": "c", "detail": "", "at": "2026-11-22T19:00:00"}),
        (
            "lastMinute",
            {
                **dict.fromkeys(("calls", "failed", "repeated", "unsent"), 0),
                "errorRate": math.nan,
                "p50Ms": None,
                "p95Ms": None,
            },
        ),
    ],
)
async def test_a_moment_without_a_zone_and_what_is_no_number_is_not_believed(
    tmp_path: Path, member: str, value: Any
) -> None:
    """No gateway tells that, and nothing can be reckoned with it."""
    async with listening(tmp_path) as (it, _):
        told = (await it.asked()).json()
    told["sources"][0][member] = value
    async with another(200, json.dumps(told).encode()) as (url, _):
        ran = await status(url)
    assert (ran.code, ran.out) == (2, "")
    assert "tells something else than a gateway would" in ran.err


async def test_nothing_that_a_terminal_would_act_on_is_printed(tmp_path: Path) -> None:
    """Whatever stands in the place of names."""
    async with listening(tmp_path) as (it, _):
        told = (await it.asked()).json()
    told["sources"][0]["source"] = "\x1b[2J\u202e"
    told["sources"][0]["limits"]["breaker"] = "\x1b]0;x\x07"
    told["sources"][0]["lastFailure"] = {"offer": "\x1b", "code": "\n\n", "detail": "\x9b", "at": told["at"]}
    async with another(200, json.dumps(told).encode()) as (url, _):
        ran = await status(url)
    assert ran.code == 0
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(ran.out)


async def test_without_a_url_the_gateway_is_that_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Host and port as `serve` takes them."""
    async with listening(tmp_path) as (_, url):
        monkeypatch.setenv("CUSTOMER_VIEW_PORT", url.rpartition(":")[2])
        assert (await status()).code == 0
