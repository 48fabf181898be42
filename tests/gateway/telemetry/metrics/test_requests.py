"""Requests over HTTP are measured by the template of their route, wherever it stands."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.headers import Headers
from gateway.json_api.application import AskingDoor
from gateway.telemetry.metrics import Measured, Requests, Routed
from gateway.telemetry.metrics.instruments import Spread
from tests.gateway.telemetry.metrics.clocks import Ticking


class Door(AskingDoor):
    def asking(self, headers: Headers) -> object:
        return headers


def application() -> FastAPI:
    inner, api = FastAPI(), FastAPI()

    @inner.get("/links/{link_id}")
    async def link(link_id: str) -> str:
        return link_id

    @api.get("/views/{view}/schema")
    async def schema(view: str) -> str:
        return view

    @api.get("/broken")
    async def broken() -> str:
        raise RuntimeError("Ada")

    api.mount("/crossref", Door(lambda: inner))
    return api


def stated(inner: ASGIApp) -> ASGIApp:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        await inner({**scope, "state": {"request_id": "r1"}}, receive, send)

    return call


async def measured(*paths: str, root: str = "", method: str = "GET") -> Requests:
    requests = Requests(Ticking(0.25))
    app = Measured(stated(Routed(application())), requests)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, root_path=root)
    async with httpx.AsyncClient(transport=transport, base_url="https://gateway") as client:
        for path in paths:
            await client.request(method, path)
    return requests


def routes(requests: Requests) -> dict[str, str]:
    """The statuses by route."""
    return {labels[2]: labels[3] for labels, _ in requests.read()[0].points}


async def test_the_template_is_the_label_and_never_the_path() -> None:
    """Of a mounted application, too, that has a door of its own; a path that nobody has is no route."""
    told = routes(await measured("/views/Ada/schema", "/crossref/links/Ada", "/nowhere/Ada"))
    assert told == {"/views/{view}/schema": "200", "/crossref/links/{link_id}": "200", "": "404"}


async def test_where_the_application_is_mounted_is_no_part_of_the_template() -> None:
    """The templates are the same below a path of somebody else's."""
    told = routes(await measured("/company/crossref/links/Ada", "/company/views/Ada/schema", root="/company"))
    assert set(told) == {"/crossref/links/{link_id}", "/views/{view}/schema"}


async def test_a_method_that_is_wrong_for_a_route_has_its_template() -> None:
    """The route is known then, and the answer is 405."""
    assert routes(await measured("/views/Ada/schema", method="DELETE")) == {"/views/{view}/schema": "405"}


async def test_the_time_is_that_from_beginning_to_end() -> None:
    """One request takes one tick of this clock; it falls below the bound above it."""
    requests = await measured("/views/Ada/schema")
    ((labels, spread),) = requests.read()[0].points
    assert labels == ("GET", "https", "/views/{view}/schema", "200", "")
    assert isinstance(spread, Spread)
    assert (spread.total, sum(spread.counts), spread.counts[6]) == (0.25, 1, 1)


async def test_what_ends_without_an_answer_is_a_failure_and_no_longer_under_way() -> None:
    """Whatever was raised: its text is in no label."""
    requests = Requests()

    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("Ada")

    transport = httpx.ASGITransport(Measured(broken, requests))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        with pytest.raises(RuntimeError):
            await client.get("/graphql")
    assert [labels for labels, _ in requests.read()[0].points] == [("GET", "http", "/graphql", "", "_OTHER")]
    assert requests.read()[1].points == [(("GET", "http"), 0)]


async def test_a_client_that_hangs_up_is_no_failure_of_the_gateway() -> None:
    """There is nobody to send an answer to, and nothing was raised: 499, as the audit has it, and no error."""
    requests = Requests()

    async def left(_scope: Scope, _receive: Receive, _send: Send) -> None:
        return

    scope = {"type": "http", "method": "POST", "scheme": "http", "path": "/graphql", "headers": []}

    async def receive() -> Message:
        raise AssertionError("it was asked for the body")

    async def send(_message: Message) -> None:
        raise AssertionError("it was answered")

    await Measured(left, requests)(scope, receive, send)
    assert [labels for labels, _ in requests.read()[0].points] == [("POST", "http", "/graphql", "499", "")]
