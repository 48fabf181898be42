"""What the demo invites to: lines that can be pasted, in few words, and pages where there are some."""

from __future__ import annotations

import io
import json
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from gateway.demo.inviting import invite
from gateway.demo.stage import Stage
from gateway.demo.telling import Telling
from gateway.demo.workplace import CONSUMERS, MORE_CONSUMERS
from tests.gateway.quiet_stage import quiet_stage

PAGES = ("/crossref/steward", "/privacy/officer")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return quiet_stage(tmp_path)


def invited(stage: Stage, width: int = 80) -> str:
    out = io.StringIO()
    invite(Telling(Console(file=out, width=width, highlight=False, markup=False)), stage)
    return out.getvalue()


def test_every_consumer_has_a_line(stage: Stage) -> None:
    """Each with its own token, for its own view; none is so long that it fills the screen."""
    lines = [line for line in invited(stage).splitlines() if line.startswith("curl ")]
    views = [found.group(1) for line in lines if (found := re.search(r"/views/([a-z-]+)/graphql", line))]
    assert views == ["support-call", "debt-collection", "support-call", "self-service", "newsletter", "fraud-review"]
    asked = [
        consumer for line in lines for consumer, token in stage.tokens.items() if token in line.partition(" -d ")[0]
    ]
    assert set(asked[:6]) == {*CONSUMERS, *MORE_CONSUMERS}
    assert asked[6] == "collections"  # whose query is explained
    assert set(asked[7:]) == {"data-steward", "privacy-office"}
    assert max(map(len, lines)) < 900


def test_what_a_line_sends_stands_in_a_file(stage: Stage) -> None:
    """As JSON on several lines, to be read and changed; no token is in it."""
    for line in invited(stage).splitlines():
        for file in re.findall(r" -d '?@([^' )]+)", line):
            text = Path(file).read_text("utf-8")
            assert json.loads(text)
            assert len(text.splitlines()) > 3
            assert not any(token in text for token in stage.tokens.values())


def test_nothing_that_is_printed_expires(stage: Stage) -> None:
    """Who reads it for half an hour and then pastes a line is answered: tokens are made by the line itself."""
    out = invited(stage)
    assert "eyJ" not in out
    assert f"verification assert {stage.verifier.file}" in out
    assert '-H "Break-Glass: $(curl ' in out


@pytest.mark.parametrize(("setting", "page"), [("STEWARD_PAGE", PAGES[0]), ("OFFICER_PAGE", PAGES[1])])
def test_a_page_that_is_not_wanted_is_not_named(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, setting: str, page: str
) -> None:
    """The settings hold for the demo, too; what is decided there can be listed all the same."""
    assert all(one in invited(stage) for one in PAGES)
    monkeypatch.setenv(f"CUSTOMER_VIEW_{setting}", "false")
    out = invited(stage)
    assert [one in out for one in PAGES] == [one != page for one in PAGES]
    assert "/crossref/candidates" in out
    assert "/privacy/break-glass" in out


def test_every_view_has_its_page(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once each, where the page was built."""
    monkeypatch.setattr("gateway.demo.inviting.Ide.load", lambda: SimpleNamespace(is_built=True))
    pages = re.findall(r"/views/([a-z-]+)/graphiql", invited(stage))
    assert sorted(pages) == sorted({*CONSUMERS.values(), *MORE_CONSUMERS.values()})


@pytest.mark.parametrize(
    ("answer", "grant", "shown"),
    [
        ('{"grant":"a.b.c","id":"bg_1"}', "a.b.c\n", ""),
        ('{"errors":[{"code":"TOO_MANY_REQUESTS"}]}', "", '{"errors":[{"code":"TOO_MANY_REQUESTS"}]}\n'),
    ],
)
def test_a_glass_that_does_not_break_says_why(stage: Stage, answer: str, grant: str, shown: str) -> None:
    """What came in place of a grant is shown, and not sent as one."""
    (taking,) = re.findall(r"\| (sed -E .* -e d)\)\"", invited(stage))
    ran = subprocess.run(["/bin/sh", "-c", taking], input=answer, capture_output=True, text=True, check=True)
    assert (ran.stdout.rstrip("\n"), ran.stderr.rstrip("\n")) == (grant.rstrip("\n"), shown.rstrip("\n"))
