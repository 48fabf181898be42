"""What a request has really taken, by `POST /views/{name}/explain` with `analyze` and `explain --analyze`: no value."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from adapters.crossref import Restriction, Subject
from resolvers import Engine
from tests.docs.pages import section
from tests.docs.test_tables import rows
from tests.gateway.cli_project import Ran, run
from tests.gateway.greenhouse import FLORIST, GARDENER, Greenhouse, code_of, greenhouse, plant, write_all, write_view
from tests.gateway.served import listening
from tests.resolvers.receipts import check_receipt

QUERY = "query ($by: PlantBy!) { plant(by: $by) { label bed { moisture acidity } height provenance } }"
BODY: dict[str, Any] = {
    "query": QUERY,
    "variables": {"by": {"nursery": "N-p1"}},
    "extensions": {"analyze": True},
}
_MEASURES = frozenset(
    {"after", "beginMs", "calls", "customers", "deadlineMs", "depth", "endMs", "failed", "keys", "merged"}
)
_MEASURES |= {"ms", "number", "onSlowestPath", "retries", "waitedMs"}
"""The members that hold a number or a truth: what was measured, and nothing of a source."""
FIELDS = ("Plant.label", "Plant.bed", "Bed.moisture", "Bed.acidity", "Plant.height", "Plant.provenance")


def declare(folder: Path) -> Path:
    """A view of its own for the florist, who is a developer, and the gardener, who is none."""
    views, consumers = write_all(folder)
    write_view(views, "potting@1", *FIELDS, consumers="florist, gardener", receipt="none")
    text = consumers.read_text().replace("views: [feeding@1]", "views: [feeding@1, potting]")
    consumers.write_text(text.replace("views: [watering, pruning, hurry]", "views: [watering, pruning, potting]"))
    return folder


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Greenhouse]:
    made = restricted(greenhouse(declare(folder)))
    async with made.gateway.running():
        yield made


def restricted(house: Greenhouse) -> Greenhouse:
    """The greenhouse, in which nobody is told who brought the first plant."""
    restrictions = (Restriction("test", frozenset({"Plant.provenance"})),)
    house.table.subjects["p1"] = Subject("p1", False, plant("p1").keys, restrictions)
    return house


async def analyze(house: Greenhouse, token: str | None = FLORIST, **changes: Any) -> httpx.Response:
    async with house.client(token) as client:
        return await client.post("/views/potting/explain", json={**BODY, **changes})


async def test_a_developer_is_told_what_a_request_has_taken(tmp_path: Path, nothing_else_installed: None) -> None:
    """Of each step its calls and when it was under way; what the answer has waited for is marked."""
    async with opened(tmp_path) as house:
        answer = await analyze(house)
        told = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert (told["view"], told["purpose"], told["customers"]) == ("potting@1", "CustomerCare", 1)
    assert told["deadlineMs"] == 5_000.0
    nursery, soil = told["steps"]
    assert [nursery[name] for name in ("number", "source", "calls", "keys", "outcome")] == [0, "nursery", 1, 1, "OK"]
    assert (soil["after"], soil["onSlowestPath"], nursery["onSlowestPath"]) == ([0], True, True)
    assert 0 <= nursery["beginMs"] <= nursery["endMs"] <= soil["beginMs"] <= soil["endMs"] <= told["ms"]
    assert [stage["stage"] for stage in told["stages"]][:2] == ["resolve", "policy"]
    assert told["withheld"] == {"SUBJECT_RESTRICTED": ["Plant.provenance"]}
    assert (house.calls, house.table.reads) == (2, 1)


async def test_no_value_and_no_key_is_told(tmp_path: Path, nothing_else_installed: None) -> None:
    """Whatever was read; and the sources are asked what the very request asks."""
    async with opened(tmp_path) as house:
        told = (await analyze(house)).text
        async with house.client(FLORIST) as client:
            answer = await client.post("/views/potting/graphql", json=BODY)
    assert answer.json()["data"]["plant"]["label"] == "Fern"
    assert house.nursery.batches[0] == house.nursery.batches[1]
    for name, leaf in leaves(json.loads(told)):
        if isinstance(leaf, str):
            assert not any(value in leaf for value in ("Fern", "N-p1", "Ada", "6.5", "B1", "p1", "40"))
        else:
            assert name in _MEASURES


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, object]]:
    """Yield every value in JSON that is neither an object nor a list, with the member that it stands in."""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from leaves(inner, member)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    else:
        yield name, value


async def test_its_entries_are_those_of_a_receipt(tmp_path: Path, nothing_else_installed: None) -> None:
    """With more about the step, also where the view tells no receipt."""
    async with opened(tmp_path) as house:
        told = (await analyze(house)).json()
    more = {"number", "serves", "after", "beginMs", "endMs", "onSlowestPath", "gates"}
    sources = [{name: one[name] for name in one if name not in more} for one in told["steps"]]
    members = {name: told[name] for name in ("view", "purpose", "customers", "ms")}
    check_receipt({**members, "sources": sources})


async def test_it_is_answered_by_the_way_of_every_other_request(
    tmp_path: Path, nothing_else_installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its situation, its time and its id, at its turn; what refuses a request refuses it."""
    seen: list[Any] = []
    answer = Engine.answer

    async def noted(engine: Engine, view: Any, request: Any, *more: Any, **named: Any) -> Any:
        seen.append((request.id, request.deadline_ms, named["analysis"].seconds))
        return await answer(engine, view, request, *more, **named)

    monkeypatch.setattr(Engine, "answer", noted)
    async with opened(tmp_path) as house:
        told = await analyze(house, extensions={"analyze": True, "deadlineMs": 2_000})
        assert (told.json()["deadlineMs"], seen) == (2_000.0, [("request-1", 2_000, 2.0)])
        refused = await analyze(house, extensions={"analyze": True, "situation": {"channel": "phone"}})
        assert (refused.status_code, code_of(refused)) == (400, "SITUATION_NOT_ALLOWED")
        refused = await analyze(house, query="{ plant(by: {id: 1}) { heigth } }")
        assert (refused.status_code, code_of(refused)) == (400, "GRAPHQL_VALIDATION_FAILED")
        house.table.raises = OSError("secret")
        failed = await analyze(house)
        assert (failed.status_code, "secret" in failed.text) == (500, False)


async def test_a_source_that_hangs_is_told_with_what_was_waited(tmp_path: Path, nothing_else_installed: None) -> None:
    """Until the time was over; what it leads to was not asked."""
    async with opened(tmp_path) as house:
        house.nursery.hangs = True
        told = (await analyze(house, extensions={"analyze": True, "deadlineMs": 60})).json()
    nursery, soil = told["steps"]
    assert (nursery["outcome"], nursery["calls"], soil["outcome"]) == ("DEADLINE_EXCEEDED", 0, "NOT_ASKED")
    assert nursery["endMs"] >= 30
    assert (soil["beginMs"], soil["onSlowestPath"], nursery["onSlowestPath"]) == (None, False, True)
    assert told["errors"]["DEADLINE_EXCEEDED"] > 0


async def test_who_is_no_developer_is_refused_and_nobody_is_asked(tmp_path: Path, nothing_else_installed: None) -> None:
    """As for a plan."""
    async with opened(tmp_path) as house:
        answer = await analyze(house, GARDENER)
        assert (answer.status_code, code_of(answer)) == (403, "ROLE_NEEDED")
        assert house.is_untouched


@pytest.mark.parametrize(
    ("extensions", "said"),
    [
        ({"analyze": "yes"}, "neither true nor false"),
        ({"analyze": 1}, "neither true nor false"),
        ({"analyze": True, "assume": {"level": "V1"}}, "what is measured is real"),
    ],
)
async def test_a_wish_that_is_none_is_refused(
    tmp_path: Path, nothing_else_installed: None, extensions: dict[str, Any], said: str
) -> None:
    """And nobody is asked."""
    async with opened(tmp_path) as house:
        answer = await analyze(house, extensions=extensions)
        assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")
        assert said in answer.json()["errors"][0]["message"]
        plan = await analyze(house, extensions={"analyze": False})
        assert (plan.status_code, plan.json()["calls"], house.is_untouched) == (200, 2, True)


async def test_every_member_is_documented(tmp_path: Path, nothing_else_installed: None) -> None:
    """Of the whole, in the order of the table."""
    async with opened(tmp_path) as house:
        told = (await analyze(house)).json()
    documented = [
        word for row in rows(section("http.md", "### What a request takes")) for word in re.findall("`([^`]+)`", row[0])
    ]
    assert sorted(documented) == sorted(told)


# The command


async def explain(house_url: str, *arguments: str) -> Ran:
    place = ("glasshouse:gateway", "potting", "--analyze", "--url", house_url)
    by = json.dumps({"by": {"nursery": "N-p1"}})
    return await asyncio.to_thread(run, "explain", *place, "--variables", by, *arguments)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("CUSTOMER_VIEW_OPERATOR_TOKEN", FLORIST)
    monkeypatch.setenv("COLUMNS", "120")
    return monkeypatch


def installed(house: Greenhouse, command: pytest.MonkeyPatch) -> None:
    module = ModuleType("glasshouse")
    module.gateway = house.gateway  # type: ignore[attr-defined]
    command.setitem(sys.modules, "glasshouse", module)


async def test_the_command_prints_a_measured_tree(
    tmp_path: Path, nothing_else_installed: None, command: pytest.MonkeyPatch
) -> None:
    """Steps with their times and calls, the slowest path marked, and what was not shown."""
    async with listening(declare(tmp_path)) as served:
        installed(restricted(served.house), command)
        ran, told = await explain(served.url), await explain(served.url, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert "potting@1 for CustomerCare: 1 customer in " in ran.out
    assert "● nursery.plants  step 0  OK" in ran.out
    assert "1 for 1 key, the slowest 1.0 ms" in ran.out
    assert re.search("withheld +SUBJECT_RESTRICTED +Plant.provenance", ran.out)
    assert (told.code, json.loads(told.out)["steps"][1]["source"]) == (0, "soil")
    assert FLORIST not in ran.out
    assert "Fern" not in ran.out + told.out


async def test_the_command_tells_a_refusal(
    tmp_path: Path, nothing_else_installed: None, command: pytest.MonkeyPatch
) -> None:
    """Of the view by exit code 1, of the gateway by 2, as wrong use."""
    query = tmp_path / "q.graphql"
    query.write_text("{ plant(by: {id: 1}) { heigth } }")
    async with listening(declare(tmp_path)) as served:
        installed(served.house, command)
        ran = await explain(served.url, "--query", str(query))
        assert (ran.code, ran.out) == (1, "")
        assert "refused by potting@1: GRAPHQL_VALIDATION_FAILED" in ran.err
        command.setenv("CUSTOMER_VIEW_OPERATOR_TOKEN", GARDENER)
        ran = await explain(served.url)
        assert (ran.code, "with 403: A plan names sources" in ran.err) == (2, True)
        ran = await explain(served.url, "--level", "V1")
        assert (ran.code, "--analyze tells what is" in ran.err) == (2, True)
        assert served.house.is_untouched


async def test_without_analyze_no_gateway_is_asked(command: pytest.MonkeyPatch) -> None:
    """An option of the one way is wrong use of the other."""
    ran = await asyncio.to_thread(run, "explain", "any:gateway", "potting", "--url", "http://127.0.0.1:1")
    assert (ran.code, "--url and --token-file are for --analyze" in ran.err) == (2, True)
