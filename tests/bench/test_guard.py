from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from io import StringIO
from typing import Any

import orjson
import pytest
from rich.console import Console

from tests.bench import guard
from tests.bench.counting import Work
from tests.bench.guard import Counted

WORK = Work(calls=1_000, instructions=10_000, peak_bytes=2_000, upstream=3)
FOUR_TIMES = Work(calls=4_000, instructions=40_000, peak_bytes=8_000, upstream=12)
BEFORE = Counted({"fifty customers": WORK, "two hundred customers": FOUR_TIMES}, {"python": "3.11.7"})


def changed(name: str = "fifty customers", python: str = "3.11.9", **figures: Any) -> Counted:
    return Counted({**BEFORE.work, name: replace(BEFORE.work[name], **figures)}, {"python": python})


def test_requests_take_no_more_work_than_they_may() -> None:
    """Counted anew in a process of its own, and held against work.json: guard.py says what may change and how."""
    assert guard.excess(guard.count_apart(), guard.kept()) == []


def test_every_scenario_has_a_figure() -> None:
    """And none is kept that nobody counts."""
    assert set(guard.kept().work) == {*guard.SCENARIOS, *guard.WAYS}


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("one customer", {"data": {}, "errors": [{}]}),
        ("one customer", {"data": {}, "extensions": {"withheld": [{}]}}),
        ("one customer", {"data": {}, "extensions": {"absent": [{}]}}),
        ("fifty customers, billing down", {"data": {}}),
        ("fifty customers, one restricted", {"data": {}, "errors": [{}]}),
    ],
)
def test_work_for_another_answer_is_not_counted(name: str, members: dict[str, Any]) -> None:
    """One that tells of a fault, or leaves out what it is to tell, takes other work."""
    with pytest.raises(RuntimeError, match="got an answer that tells"):
        guard._check(guard.SCENARIOS[name], orjson.dumps(members))


@pytest.mark.parametrize("kind", ["calls", "instructions", "peak_bytes"])
def test_work_may_grow_by_its_margin_alone(kind: str) -> None:
    """One more is told: what was got, what was wanted, and how to mend it."""
    most = round(getattr(WORK, kind) * guard.MARGIN)
    assert guard.excess(changed(**{kind: most}), BEFORE) == []
    (line,) = guard.excess(changed(**{kind: most + 1}), BEFORE)
    assert f"fifty customers: got {most + 1:,} {kind}; wanted at most {most:,}" in line
    assert "tests.bench.profile" in line
    assert "--write" in line


def test_one_call_more_to_a_source_is_too_many() -> None:
    """They are a promise, and have no margin."""
    (line,) = guard.excess(changed(upstream=4), BEFORE)
    assert "got 4 upstream; wanted at most 3" in line


def test_instructions_are_compared_on_one_version_of_python() -> None:
    """The next one has others; calls are compared on all."""
    assert guard.excess(changed(python="3.12.1", instructions=11_600), BEFORE) == []
    assert len(guard.excess(changed(python="3.12.1", calls=1_151), BEFORE)) == 1


def test_work_grows_with_the_customers_and_no_faster() -> None:
    """Whatever was written before: four times the customers, at most 4.4 times the work."""
    slower = changed("two hundred customers", calls=4_401)
    (line,) = guard.excess(slower, slower)
    assert "got 4.40 times the calls of 50; wanted at most 4.4" in line


def test_a_scenario_without_a_figure_is_told() -> None:
    """A new one is written with the rest."""
    lines = guard.excess(BEFORE, Counted({}, BEFORE.versions))
    assert [line.partition(":")[0] for line in lines] == ["fifty customers", "two hundred customers"]
    assert "--write" in lines[0]


def test_figures_are_read_as_they_were_written(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the versions that they were counted with."""
    monkeypatch.setattr(guard, "_FILE", tmp_path / "work.json")
    guard.write(BEFORE)
    assert guard.kept() == BEFORE


def test_counting_fails_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    """No figure is better than that of half a run."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(subprocess.CalledProcessError):
        guard.count_apart()


def test_figures_are_shown_beside_those_before() -> None:
    """As the part that they are of them."""
    written = StringIO()
    console = Console(width=140, file=written)
    guard.show(changed(calls=500), BEFORE, console)
    guard.show(BEFORE, None, console)
    shown = written.getvalue()
    assert "500 (50%)" in shown
    assert "1,000 " in shown


def test_the_command_prints_what_is_too_much(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And with --write takes it for what is wanted from now on."""
    monkeypatch.setattr(guard, "_FILE", tmp_path / "work.json")
    monkeypatch.setattr(guard, "count_apart", lambda: changed(upstream=4))
    guard.write(BEFORE)
    guard.main([])
    assert "got 4 upstream" in " ".join(capsys.readouterr().out.split())
    guard.main(["--write"])
    assert "Written to work.json" in capsys.readouterr().out
    assert guard.kept() == changed(upstream=4)
