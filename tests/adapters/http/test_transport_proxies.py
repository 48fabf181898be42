"""The transport on real sockets: through whom a request goes."""

from __future__ import annotations

import httpx
import pytest

from adapters.http.transport import AiohttpTransport
from tests.adapters.http.ways import Way, failure, says_nothing
from tests.adapters.raw_server import json_answer, serving


async def test_no_proxy_of_the_environment_is_used(client: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the machine does not decide through whom a key is sent."""
    async with serving(json_answer()) as proxy, serving(json_answer()) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with client() as http:
            await http.get(server.url)
    assert (len(proxy.requests), len(server.requests)) == (0, 1)


async def test_a_proxy_that_is_given_is_used(client: Way) -> None:
    """The request goes to the proxy with the whole URL in its first line."""
    async with serving(json_answer()) as proxy, client(AiohttpTransport(proxy=proxy.url)) as http:
        await http.get("http://source.invalid/a")
    assert proxy.requests[0].line == "GET http://source.invalid/a HTTP/1.1"


async def test_a_proxys_credential_goes_to_the_proxy(client: Way) -> None:
    """On a new connection and on a kept one."""
    async with serving(json_answer()) as proxy:
        transport = AiohttpTransport(proxy=proxy.url.replace("//", "//user:secret@"))
        async with client(transport) as http:
            await http.get("http://source.invalid/a")
            await http.get("http://source.invalid/b")
    assert [request.header("Proxy-Authorization") for request in proxy.requests] == ["Basic dXNlcjpzZWNyZXQ="] * 2
    assert proxy.connections == 1


async def test_a_proxy_that_makes_no_tunnel_is_an_error(client: Way) -> None:
    """A server of https is reached through a tunnel alone; the proxy sees no path."""
    refusal = json_answer(b"", status="502 Bad Gateway")
    async with serving(refusal) as proxy, client(AiohttpTransport(proxy=proxy.url)) as http:
        error = await failure(http, "https://source.invalid/secret-key")
    assert type(error) is httpx.RemoteProtocolError
    assert [request.line for request in proxy.requests] == ["CONNECT source.invalid:443 HTTP/1.1"]
    assert says_nothing(error, "secret-key", "source.invalid")
