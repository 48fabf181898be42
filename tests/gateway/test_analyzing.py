"""What a request has really taken, by `POST /views/{name}/explain` with `analyze` and `explain --analyze`: no value."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from inspect import iscoroutinefunction
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import AsyncMock, Mock

import httpx
import pytest

from adapters.crossref import Restriction, Subject
from gateway import exchange
from gateway.admission import Admission
from gateway.cli.running_gateway import RunningGateway
from gateway.service import Service
from resolvers import Engine, engine
from resolvers.documents import Documents
from schema.tracing import Stage
from tests.docs.pages import section
from tests.docs.test_tables import rows
from tests.gateway.cli_project import Ran, run
from tests.gateway.greenhouse import (
    FLORIST,
    GARDENER,
    INSPECTOR,
    Greenhouse,
    Source,
    Table,
    code_of,
    greenhouse,
    plant,
    write_all,
    write_view,
)
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
    named = [stage["stage"] for stage in told["stages"]]
    assert named == ["read", "auth", "document", "plan", "resolve", "policy", "run", "assemble", "record"]
    assert told["withheld"] == {"SUBJECT_RESTRICTED": ["Plant.provenance"]}
    assert (house.calls, house.table.reads) == (2, 1)


class Clockwork:
    """A clock of milliseconds that goes on where a test lets something take its time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._now, self._monkeypatch = 100.0, monkeypatch

    def __call__(self) -> float:
        return self._now

    def takes(self, ms: float, owner: Any, name: str) -> None:
        """Have a function, or what it returns to be awaited, take so long."""
        inner = getattr(owner, name)

        async def later(*given: Any, **named: Any) -> Any:
            self._now += ms / 1000
            return await inner(*given, **named)

        def at_once(*given: Any, **named: Any) -> Any:
            self._now += ms / 1000
            return inner(*given, **named)

        self._monkeypatch.setattr(owner, name, later if iscoroutinefunction(inner) else at_once)


async def test_no_part_of_the_time_is_without_a_name(
    tmp_path: Path, nothing_else_installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the gateway does itself is told in stages, each of which begins where the one before it has ended."""
    clock = Clockwork(monkeypatch)
    house = greenhouse(declare(tmp_path), clock=clock)
    clock.takes(1, exchange, "parse_request")
    clock.takes(2, Service, "check_grant")
    clock.takes(4, Documents, "read")
    clock.takes(8, Documents, "plan")
    clock.takes(16, Table, "resolve_many")
    clock.takes(32, engine, "decide")
    clock.takes(64, Source, "fetch")
    clock.takes(128, engine, "assemble")
    async with house.gateway.running():
        told = (await analyze(house)).json()
        again = (await analyze(house)).json()
    assert [stage["endMs"] - stage["beginMs"] for stage in told["stages"]] == pytest.approx(
        [1, 2, 4, 8, 16, 32, 2 * 64, 128, 0]
    )
    ends = [0.0, *(stage["endMs"] for stage in told["stages"])]
    assert [stage["beginMs"] for stage in told["stages"]] == pytest.approx(ends[:-1])
    assert (ends[-1], told["ms"]) == pytest.approx((319, 319))
    document = again["stages"][2]
    assert (document["stage"], document["endMs"] - document["beginMs"]) == ("document", pytest.approx(0))


async def test_to_wait_for_a_turn_is_a_stage(
    tmp_path: Path, nothing_else_installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told where the request has had to."""
    clock = Clockwork(monkeypatch)
    house = greenhouse(declare(tmp_path), clock=clock)
    monkeypatch.setattr(Admission, "enter", lambda *_, **__: False)
    monkeypatch.setattr(Admission, "wait", AsyncMock())
    monkeypatch.setattr(Admission, "leave", Mock())
    clock.takes(7, Admission, "wait")
    async with house.gateway.running():
        stages = (await analyze(house)).json()["stages"]
    assert stages[:3] == [
        {"stage": "read", "beginMs": 0.0, "endMs": 0.0},
        {"stage": "turn", "beginMs": 0.0, "endMs": 7.0},
        {"stage": "auth", "beginMs": 7.0, "endMs": 7.0},
    ]


def test_every_stage_is_documented() -> None:
    """In the order in which they come."""
    documented = [row[0].strip("`") for row in rows(section("http.md", "### The stages of a request"))]
    assert documented == [stage.value for stage in Stage]


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


async def test_the_command_tells_what_a_query_names_outside_the_view(
    tmp_path: Path, nothing_else_installed: None, command: pytest.MonkeyPatch
) -> None:
    """As the command does that asks nobody: place, code, and whom to ask for it."""
    query = tmp_path / "q.graphql"
    query.write_text("{ plant(by: {id: 1}) {\n  label pests { species } } }")
    async with listening(declare(tmp_path)) as served:
        installed(served.house, command)
        ran = await explain(served.url, "--query", str(query))
        plain = await asyncio.to_thread(run, "explain", "glasshouse:gateway", "potting", "--query", str(query))
        told = await explain(served.url, "--query", str(query), "--json")
    assert (ran.code, ran.out, ran.err) == (1, "", plain.err)
    assert "Cannot query field 'pests' on type 'Plant'. (line 2, column 9)" in ran.err
    assert "FIELD_NOT_IN_VIEW Plant.pests (line 2, column 9) is not in potting@1" in ran.err
    assert "potting@1 is owned by: Head gardener. Ask there for a version that lists it." in ran.err
    assert [one["coordinate"] for one in json.loads(told.out)["notInView"]] == ["Plant.pests", "Pest.species"]
    assert json.loads(told.out)["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("variables", [[], ["--variables", '{"nursery": "N-p1"}']])
async def test_the_command_tells_how_a_variable_is_given_that_is_missing(
    tmp_path: Path, nothing_else_installed: None, command: pytest.MonkeyPatch, variables: list[str]
) -> None:
    """Also where another one was given, such as the key itself."""
    async with listening(declare(tmp_path)) as served:
        installed(served.house, command)
        asked = ("explain", "glasshouse:gateway", "potting", "--analyze", "--url", served.url, *variables)
        ran = await asyncio.to_thread(run, *asked)
        wrong = await asyncio.to_thread(run, *asked[:6], "--variables", '{"by": 1}')
    assert (ran.code, wrong.code) == (1, 1)
    assert "refused by potting@1: BAD_USER_INPUT\n  Variable '$by' has invalid value: a value has to be" in ran.err
    assert """Give each variable with --variables '{"by": {"id": "cus_1"}}'""" in ran.err
    assert "--variables" not in wrong.err


async def test_the_command_tells_whose_token_is_wanted(
    tmp_path: Path, nothing_else_installed: None, command: pytest.MonkeyPatch
) -> None:
    """Where the consumer has not the view: to it there is none, whatever its role is."""
    command.setenv("CUSTOMER_VIEW_OPERATOR_TOKEN", INSPECTOR)
    async with listening(declare(tmp_path)) as served:
        installed(served.house, command)
        ran = await explain(served.url)
    assert (ran.code, "with 404: There is no such view for this consumer." in ran.err) == (2, True)
    wanted = "potting@1 is for: florist, gardener. The token has to be that of one with the role developer."
    assert wanted in ran.err


@pytest.mark.parametrize(
    "errors", [[1], [{}], [{"message": "no", "locations": [1]}], [{"message": 1, "extensions": 2}]]
)
async def test_a_refusal_of_another_server_is_told_as_such(
    tmp_path: Path, nothing_else_installed: None, command: pytest.MonkeyPatch, errors: list[Any]
) -> None:
    """What answers may be anything."""
    body = json.dumps({"errors": errors}).encode()
    async with listening(declare(tmp_path)) as served:
        installed(served.house, command)
        command.setattr(RunningGateway, "analyze", lambda *_, **__: (False, body))
        ran = await explain(served.url)
    assert (ran.code, "is it another server?" in ran.err) == (2, True)


async def test_without_analyze_no_gateway_is_asked(command: pytest.MonkeyPatch) -> None:
    """An option of the one way is wrong use of the other."""
    ran = await asyncio.to_thread(run, "explain", "any:gateway", "potting", "--url", "http://127.0.0.1:1")
    assert (ran.code, "--url and --token-file are for --analyze" in ran.err) == (2, True)
