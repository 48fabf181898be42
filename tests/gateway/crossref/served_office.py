"""An office whose gateway serves from a process of its own, and the clients that write through it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import httpx

from adapters.crossref import Linked
from tests.adapters.crossref.story import Ask, Telling, telling_of
from tests.gateway.cli_project import spawn
from tests.gateway.crossref.office import declare, token_of

__all__ = ["Clients", "declare_served", "served_office"]

_MODULE = """
from gateway.gateway import Gateway
from tests.gateway.greenhouse import Plant, nursery, soil

gateway = Gateway(
    model=Plant, adapters=[nursery(), soil()], views="views", crossref={place!r}, consumers="consumers.yaml"
)
"""

_CLIENTS = 4
_PAUSE = 0.02

_LONGEST = 20.0
"""Seconds without an answer after which a request hangs."""


def declare_served(folder: Path, place: str) -> None:
    """Write what the process needs; the cross-reference is there already."""
    declare(folder)
    (folder / "desk.py").write_text(_MODULE.format(place=place))


@contextmanager
def served_office(folder: Path) -> Iterator[str]:
    """Serve, and return the URL; the process is killed at the end, in the middle of whatever it does."""
    with spawn("serve", "desk:gateway", "--port", "0", folder=folder) as process:
        assert process.stderr is not None
        log = Thread(target=process.stderr.read)  # nobody else empties the pipe
        try:
            found = re.match(r"Serving (http://\S+) with", process.stderr.readline())
            assert found is not None
            log.start()
            yield found[1]
        finally:
            process.kill()
            if log.is_alive():
                log.join()


@dataclass(slots=True)
class Clients:
    """Those of one round. `refusals` tells after how many seconds each came, and what it said."""

    url: str
    name: str
    telling: Telling = field(default_factory=Telling)
    refusals: list[tuple[float, int, str]] = field(default_factory=list)
    answered_at: float = 0.0

    async def write(self) -> None:
        """Write until there is no gateway."""
        async with self.connected() as client:
            await asyncio.gather(*(self._tell(client, f"{self.name}-{number}") for number in range(_CLIENTS)))

    async def wait_for(self, answers: int) -> None:
        """Return after so many answers more."""
        enough = len(self.telling.answers) + answers
        async with asyncio.timeout(60):
            while len(self.telling.answers) < enough:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.002)

    def connected(self) -> httpx.AsyncClient:
        """Return a client with the token of the steward, to be closed."""
        bearer = {"authorization": f"Bearer {token_of('steward')}"}
        # nothing is encrypted here, and to read the certificates takes longer than the database needs to come back
        return httpx.AsyncClient(base_url=self.url, headers=bearer, timeout=_LONGEST, trust_env=False, verify=False)

    async def _tell(self, client: httpx.AsyncClient, name: str) -> None:
        story = telling_of(name)
        ask = next(story)
        try:
            while True:
                self.telling.asked(ask)
                answer = await self._answer(client, ask)
                self.telling.answered(ask, answer)
                self.answered_at = time.monotonic()
                ask = story.send(answer)
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            return

    async def _answer(self, client: httpx.AsyncClient, ask: Ask) -> Linked:
        while True:
            began = time.monotonic()
            response = await post(client, ask)
            if response.status_code == 200:
                return linked(response)
            self.refusals.append((time.monotonic() - began, response.status_code, response.text))
            await asyncio.sleep(_PAUSE)


async def post(client: httpx.AsyncClient, ask: Ask) -> httpx.Response:
    """Ask for a write."""
    path, body = _request(ask.kind, ask.given)
    return await client.post(f"/crossref{path}", json=body, headers={"idempotency-key": ask.idempotency_key})


def linked(response: httpx.Response) -> Linked:
    """Return where the customer stands after a write, which has to be made."""
    assert response.status_code == 200, response.text
    told = response.json()
    return Linked(told["customer"], told["version"], told["seq"])


def _request(kind: str, given: Sequence[object]) -> tuple[str, dict[str, object]]:
    match kind, given:
        case "link", (source, key, customer):
            return "/links", {"source": source, "key": key, "customer": customer}
        case "merge", (loser, survivor):
            return "/merges", {"loser": loser, "survivor": survivor}
        case "undo", (seq,):
            return f"/merges/{seq}/undo", {}
    raise ValueError(kind)
