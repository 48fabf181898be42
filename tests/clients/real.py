"""GraphQL clients of others: which are tried, in which version, and what each hands to its caller.

The programs that use them are in programs/ and tests/node/clients/. All ask the same queries of a gateway on a socket.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.tools import NODE_FOLDER, run_node

__all__ = ["CLIENTS", "COLUMNS", "Client", "row"]

_HERE = Path(__file__).parent
_QUERIES = str(_HERE / "queries")
_OTHERS = _HERE / ".venv" / "bin" / "python"
COLUMNS = ("client", "version", "used by", "pages", "294", "400", "401")
"""What the table tells of a client."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client, the package that it comes from, and the way in which it is used.

    `run` takes the gateway's URL and a token, and returns what the client's program prints.
    """

    package: str
    way: str
    version: str
    run: Callable[[str, str], str]
    is_node: bool = False

    @property
    def name(self) -> str:
        """The name of the test."""
        return f"{self.package} {self.way}"

    def ask(self, url: str, token: str) -> Any:
        """Return what the client hands over, by query."""
        return json.loads(self.run(url, token).splitlines()[-1])


def row(client: Client, told: Any) -> tuple[str, ...]:
    """Return the client's row in the table, from what it handed over."""
    pages = " + ".join(str(len(page)) for page in told["pages"])
    partial = "data and errors" if told["partial"]["data"] and told["partial"]["codes"] else "no data"
    return client.package, client.version, client.way, pages, partial, _kind(told["refused"]), _kind(told["stranger"])


def _kind(handed: Any) -> str:
    return f"{handed['kind']} error"


def _node(package: str, way: str) -> Client:
    script = f"clients/{package.removeprefix('@').split('/')[0]}.mjs"
    pinned = json.loads((NODE_FOLDER / "package.json").read_text("utf-8"))["dependencies"][package]
    return Client(package, way, pinned, lambda url, token: run_node(script, url, token, _QUERIES), is_node=True)


def _gql(way: str, transport: str) -> Client:
    return Client("gql", way, version("gql"), _program(Path(sys.executable), "gql_client", transport))


def _sgqlc() -> Client:
    found = re.search(r"^sgqlc==(\S+)$", (_HERE / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return Client("sgqlc", "HTTPEndpoint", found[1], _program(_OTHERS, "sgqlc_client"))


def _program(python: Path, module: str, *more: str) -> Callable[[str, str], str]:
    def run(url: str, token: str) -> str:
        if not python.exists():
            pytest.skip("needs the packages of tests/clients/requirements.txt: run make test, or make clients")
        command = [str(python), "-m", f"tests.clients.programs.{module}", url, token, _QUERIES, *more]
        done = subprocess.run(command, cwd=_HERE.parents[1], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{module}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


CLIENTS = (
    _node("@apollo/client", "HttpLink, InMemoryCache"),
    _node("@urql/core", "fetchExchange, cacheExchange"),
    _node("graphql-request", "rawRequest"),
    _node("graphql-http", "createClient"),
    _gql("HTTPXTransport", "httpx"),
    _gql("HTTPXAsyncTransport", "httpx-async"),
    _gql("AIOHTTPTransport", "aiohttp"),
    _sgqlc(),
)
"""Every client that is tried."""
