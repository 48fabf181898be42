"""Journeys of disclosure: Markdown that people read and that runs, over the sandbox's sources and published views.

A journey is a heading, its text, and fenced blocks, each named by the word after the language, in the order in which
things happen:

    yaml request      who asks whom: consumer; view, or method and path; where wanted situation, verified, grant, body
    graphql query     what is asked of the view; where it is left out, what was asked before
    json variables    with what; likewise
    json answer       what comes back, exactly; the text "..." stands for whatever is different each time
    yaml calls        what the sources were asked for it, as they counted; where it is left out, nothing
    yaml happens      what happens meanwhile: `audit: gone`; `audit: back`, until the gateway is ready again

`verified` is what was asserted of a customer: a look-up, the level, and where wanted for which consumer (`client`), and
how many seconds ago (`ago`). `grant: true` sends the grant that was given before.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gateway.demo.verifier import AUDIENCE, ISSUER, METHODS
from gateway.verification.signing import Asserted, sign_assertion
from schema.verification import VERIFICATION_HEADER, Level
from tests.journeys.office import Office, Sources, open_office, open_sources

pytestmark = [pytest.mark.postgres, pytest.mark.processes]

FOLDER = Path(__file__).parent / "disclosure"
JOURNEYS = sorted(FOLDER.glob("*.md"))
_BLOCK = re.compile(r"^```(?:\w+) (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ORDER = ("request", "query", "variables", "answer", "calls")
_ANYTHING = "..."
_PATIENCE = 5.0
"""Seconds until a gateway is ready again, at the latest; it needs one at most."""


@pytest.fixture(scope="module")
def sources() -> Iterator[Sources]:
    with open_sources() as opened:
        yield opened


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.stem)
async def test_a_journey_goes_as_it_says(journey: Path, sources: Sources) -> None:
    """Every answer is exactly the one told, and the sources counted exactly the calls told."""
    async with open_office(sources) as office:
        going = Going(office)
        for step in steps(journey):
            await going.go(step)


def test_every_journey_has_a_title_and_answers() -> None:
    """And there are journeys: an empty folder proves nothing."""
    assert len(JOURNEYS) >= 6
    for journey in JOURNEYS:
        assert journey.read_text("utf-8").startswith("# ")
        asked = [step for step in steps(journey) if "request" in step]
        assert asked
        assert all("answer" in step for step in asked)


def steps(journey: Path) -> list[dict[str, str]]:
    """Return the blocks of each request, and what happens, in their order."""
    found: list[dict[str, str]] = []
    for name, text in _BLOCK.findall(journey.read_text("utf-8")):
        if name in ("request", "happens"):
            found.append({})
        else:
            assert name in _ORDER, f"{journey.name} has a block {name!r}"
            assert name not in found[-1], f"{journey.name} has two blocks {name!r} of one request"
        found[-1][name] = text
    return found


def is_like(got: Any, wanted: Any) -> bool:
    """Return whether JSON is as wanted, where the text `...` stands for anything."""
    if wanted == _ANYTHING:
        return True
    if isinstance(wanted, dict) and isinstance(got, dict):
        return wanted.keys() == got.keys() and all(is_like(got[name], wanted[name]) for name in wanted)
    if isinstance(wanted, list) and isinstance(got, list):
        return len(got) == len(wanted) and all(map(is_like, got, wanted))
    return type(got) is type(wanted) and bool(got == wanted)


@dataclass
class Going:
    """A journey under way: what was asked before, and the grant that was given."""

    office: Office
    query: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    grant: str = ""

    async def go(self, step: Mapping[str, str]) -> None:
        """Do one step, and check what comes of it."""
        if "happens" in step:
            await self._happen(_yaml(step["happens"]))
            return
        await self.office.sources.reset()
        status, answer = await self._asked(step, _yaml(step["request"]))
        wanted = json.loads(step["answer"])
        assert is_like({"status": status, **answer}, {"status": 200, **wanted}), json.dumps(answer, indent=2)
        self.grant = answer.get("grant", self.grant)
        assert await self.office.sources.counted() == _yaml(step.get("calls", "{}"))

    async def _asked(self, step: Mapping[str, str], request: Mapping[str, Any]) -> tuple[int, Any]:
        if "path" in request:
            return await self.office.send(
                request["consumer"], request["method"], request["path"], request.get("body"), None
            )
        self.query = step.get("query", self.query)
        self.variables = json.loads(step["variables"]) if "variables" in step else self.variables
        extensions: dict[str, Any] = {"receipt": "none"}
        if "situation" in request:
            extensions["situation"] = request["situation"]
        body = {"query": self.query, "variables": self.variables, "extensions": extensions}
        path = f"/views/{request['view']}/graphql"
        return await self.office.send(request["consumer"], "POST", path, body, self._headers(request))

    def _headers(self, request: Mapping[str, Any]) -> dict[str, str]:
        headers = {}
        if "verified" in request:
            headers[VERIFICATION_HEADER] = self._assertion(request, dict(request["verified"]))
        if request.get("grant"):
            headers["Break-Glass"] = self.grant
        return headers

    def _assertion(self, request: Mapping[str, Any], said: dict[str, Any]) -> str:
        level, ago = Level[said.pop("level")], said.pop("ago", 0)
        client = said.pop("client", request["consumer"])
        ((source, key),) = said.items()
        now = int(time.time())
        asserted = Asserted(
            issuer=ISSUER,
            audience=AUDIENCE,
            client=client,
            interaction=request["situation"]["interaction"],
            source=None if source == "id" else source,
            key=key,
            level=level,
            methods=METHODS[level],
            verified_at=now - ago,
            issued_at=now,
        )
        return sign_assertion(asserted, self.office.access.verifier.key)

    async def _happen(self, what: Mapping[str, str]) -> None:
        away = self.office.audit.with_name("away")
        match what["audit"]:
            case "gone":
                self.office.audit.rename(away)
            case "back":
                away.rename(self.office.audit)
                async with asyncio.timeout(_PATIENCE):
                    await self._ready()

    async def _ready(self) -> None:
        while (await self.office.client.get("/health/ready")).status_code != 200:  # noqa: ASYNC110  over HTTP
            await asyncio.sleep(0.05)


def _yaml(text: str) -> Any:
    return YAML(typ="safe").load(text)
