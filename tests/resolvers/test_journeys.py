"""Journeys: Markdown that people read and that runs. Each says view, query, answer and calls.

A journey is a heading, its text, and fenced blocks, each named by the word after the language: `yaml view` (what
differs from a view of everything), `graphql query`, `json variables`, `yaml customers` (their keys and restrictions),
`yaml sources` (what they answer by key), `json answer`, and `yaml calls` (source, offer, fields and keys of each).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from adapters.answers import Answer, Denied, Gone, Missing, SourceError
from resolvers import RefusedError
from schema.reasons import Reason
from schema.views import ReceiptDetail
from tests.resolvers.harbour import Harbour, harbour, subject
from tests.resolvers.vessels import view

FOLDER = Path(__file__).parent / "journeys"
_BLOCK = re.compile(r"^```(?:\w+) (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_KNOWN = {"view", "query", "variables", "customers", "sources", "answer", "calls"}
_ABSENT: Mapping[str, Answer] = {"MISSING": Missing(), "GONE": Gone(), "DENIED": Denied()}


@pytest.mark.parametrize("journey", sorted(FOLDER.glob("*.md")), ids=lambda journey: journey.stem)
async def test_a_journey_ends_where_it_says(journey: Path) -> None:
    """The answer is exactly the one told, and so are the calls."""
    blocks = _blocks(journey)
    assert blocks.keys() <= _KNOWN
    h = _prepared(_yaml(blocks, "customers"), _yaml(blocks, "sources"))
    assert await _asked(h, blocks) == json.loads(blocks["answer"])
    assert _calls(h) == (_yaml(blocks, "calls") or [])


def test_every_journey_has_a_title_and_an_answer() -> None:
    """And there are journeys: an empty folder proves nothing."""
    journeys = sorted(FOLDER.glob("*.md"))
    assert len(journeys) >= 5
    for journey in journeys:
        assert journey.read_text(encoding="utf-8").startswith("# ")
        assert {"query", "answer"} <= _blocks(journey).keys()


def _blocks(journey: Path) -> dict[str, str]:
    return dict(_BLOCK.findall(journey.read_text(encoding="utf-8")))


def _yaml(blocks: Mapping[str, str], name: str) -> Any:
    return YAML(typ="safe").load(blocks.get(name, "{}"))


def _prepared(customers: Mapping[str, Any], sources: Mapping[str, Any]) -> Harbour:
    h = harbour(subject(name, *about.pop("restricted", []), **about) for name, about in customers.items())
    for source in h.sources:
        for key, word in sources.get(source.source, {}).items():
            source.answers[key] = _ABSENT.get(word) or SourceError(Reason[word])
    return h


async def _asked(h: Harbour, blocks: Mapping[str, str]) -> Any:
    changes = _yaml(blocks, "view")
    if "fields" in changes:
        changes["fields"] = dict.fromkeys(changes["fields"])
    variables = json.loads(blocks.get("variables", "{}"))
    try:
        return await h.ask(blocks["query"], variables, through=view(**changes), receipt=ReceiptDetail.NONE)
    except RefusedError as error:
        return {"errors": error.formatted()}


def _calls(h: Harbour) -> list[dict[str, Any]]:
    return [
        {"source": one.source, "offer": batch.offer.name, "fields": list(batch.fields), "keys": list(batch.keys)}
        for one in h.sources
        for batch in one.batches
    ]
