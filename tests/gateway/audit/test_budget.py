"""A refusal for the calls that a request can need tells nothing of customers, and is recorded with those found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.crossref import LinkedKey, Subject
from gateway.secret_file import new_secret_line
from gateway.settings import Settings
from schema.lock import publish
from tests.gateway.greenhouse import Greenhouse, greenhouse, write_all, write_view

LISTED = ("Plant.id", "Plant.label", "Plant.pests", "Pest.species", "Plant.bed", "Bed.moisture")
QUERY = '{ plant(by: {id: "%s"}) { label pests { species } bed { moisture } } }'


def house(folder: Path, calls: int) -> Greenhouse:
    """A gateway that keeps audit, with a view of so many calls; of the second plant the nursery has 300 keys."""
    views, consumers = write_all(folder)
    write_view(views, "narrow@1", *LISTED, published=False)
    path = views / "narrow@1.yaml"
    path.write_text(path.read_text().replace("calls: 10", f"calls: {calls}"))
    publish(views, "narrow@1")
    consumers.write_text(consumers.read_text().replace("[watering, pruning, hurry]", "[watering, narrow]"))
    for name in ("audit", "anchors"):
        (folder / name).mkdir(mode=0o700)
    (folder / "secrets.txt").write_text(new_secret_line() + "\n")
    (folder / "secrets.txt").chmod(0o600)
    settings = Settings(secret_file=folder / "secrets.txt", audit=folder / "audit", audit_anchors=folder / "anchors")
    made = greenhouse(folder, settings=settings)
    keys = tuple(LinkedKey(f"N-{number}", "") for number in range(300))
    made.table.subjects["p2"] = Subject("p2", False, {"nursery": keys})
    return made


def requests(folder: Path) -> list[dict[str, Any]]:
    """The records of requests."""
    lines = [line for file in (folder / "audit").iterdir() for line in file.read_text().splitlines()]
    return [one for one in map(json.loads, lines) if one["kind"] == "request"]


@pytest.mark.usefixtures("nothing_else_installed")
async def test_a_query_that_is_too_large_for_anybody_is_refused_alike_whoever_is_there(tmp_path: Path) -> None:
    """Before anybody is looked up: by the number that the document can need, not by keys."""
    made = house(tmp_path, 2)
    async with made.gateway.running():
        told = [(await made.post({"query": QUERY % who}, to="narrow")).text for who in ("nobody", "p1", "p2")]
    assert "can need 3 calls to the sources; this view allows 2 a request" in told[0]
    assert told[1:] == told[:1] * 2
    assert ["shown" in one for one in requests(tmp_path)] == [False] * 3


@pytest.mark.usefixtures("nothing_else_installed")
async def test_whoever_has_too_many_keys_is_refused_without_a_number_and_recorded(tmp_path: Path) -> None:
    """Once, with the customer: that somebody is there is told by it."""
    made = house(tmp_path, 3)
    async with made.gateway.running():
        (error,) = (await made.post({"query": QUERY % "p2"}, to="narrow")).json()["errors"]
        assert made.calls == 0
    message = "For the customers who were found the query can need more calls than this view allows a request."
    assert (error["message"], error["extensions"].keys()) == (message, {"code", "remedy"})
    (record,) = requests(tmp_path)
    assert (record["code"], len(record["shown"][0]["customers"])) == ("QUERY_BUDGET", 1)
