"""What the commands tell of events: every kind in words, and nothing of a key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.crossref import KeyNews
from adapters.crossref.events import EventType
from gateway.cli.crossref.telling import told
from gateway.secret_file import new_secret_line
from tests.gateway.cli_crossref import Place, make_place

CANARY = "canary-4711"
EMAIL = f"{CANARY}@example.org"


@pytest.fixture
def lived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A cross-reference in which everything has happened, by commands whose words are looked at for keys."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "anna")
    secret = tmp_path / "secrets.txt"
    secret.write_text(f"{new_secret_line()}\n")
    monkeypatch.setenv("CUSTOMER_VIEW_SECRET_FILE", str(secret))
    place = make_place(tmp_path)

    def work(*words: str, code: int = 0) -> str:
        keys = [word for word in words if CANARY in word]
        hidden = ["-" if word in keys else word for word in words]
        ran = place.run(*hidden, stdin="".join(f"{key}\n" for key in keys))
        assert ran.code == code, ran.err
        assert CANARY not in ran.out + ran.err
        return ran.out.partition(" ")[0]

    first, second = work("link", "crm", f"{CANARY}-1"), work("link", "crm", f"{CANARY}-2")
    work("link", "crm", f"{CANARY}-3", second)
    work("relink", "crm", f"{CANARY}-3", first)
    work("replace-key", "crm", f"{CANARY}-3", f"{CANARY}-4")
    work("link", "crm", f"{CANARY}-2", first, code=1)
    work("identifiers", "note", first, "crm", "email", EMAIL)
    work("non-match", "add", "crm", f"{CANARY}-1", "crm", f"{CANARY}-2")
    work("non-match", "clear", "crm", f"{CANARY}-1", "crm", f"{CANARY}-2")
    work("link", "crm", f"{CANARY}-2", first, code=1)
    work("merge", first, second, "--yes")
    merged = json.loads(place.run("changes", "--json").out.splitlines()[-1])["seq"]
    work("undo-merge", str(merged))
    work("restrict", first, "gdpr-art-18", "Plant.label")
    work("lift", first, "gdpr-art-18")
    work("split", first, "crm", f"{CANARY}-4", "--into", second)
    work("identifiers", "note", first, "crm", "email", EMAIL)
    secret.write_text(f"{secret.read_text()}{new_secret_line(2)}\n")
    work("identifiers", "wrap", "1")
    work("identifiers", "forget", first, "all")
    outline = place.past(lambda crossref: crossref.outline(first))
    assert outline is not None
    news = [KeyNews(outline.links[0].link_id, f"{CANARY}-9")]
    place.past(lambda crossref: crossref.hear(news, actor="crm"))
    work("candidates", "list")
    work("unlink", "crm", f"{CANARY}-1")
    work("erase", second, "--yes")
    work("verify")
    return place


def test_every_kind_of_event_is_told_in_words(lived: Place) -> None:
    """And none with a key, neither in the list nor in the timeline nor for programs."""
    changes = [json.loads(line) for line in lived.run("changes", "--json").out.splitlines()]
    assert {change["type"] for change in changes} | {"customer.created"} == set(EventType)
    assert [change["type"] for change in changes if not told(change["type"], change["body"])] == []
    listed = lived.run("changes").out
    assert len(listed.splitlines()) == len(changes)
    shown = [listed, lived.run("changes", "--json").out]
    for customer in {one for change in changes for one in change["customers"]}:
        shown += [lived.run("history", customer).out, lived.run("history", customer, "--json").out]
    assert CANARY not in "".join(shown)


def test_lists_are_told_by_their_length() -> None:
    """One of them is no plural; nothing is told of none."""
    body: dict[str, object] = {"loser": "a", "survivor": "b", "moved": [{}], "repointed": [], "candidates": ["c", "d"]}
    assert told("customers.merged", body) == "a was merged into b; 1 key moved; 2 candidates settled"
    body = {"merge": 7, "loser": "a", "survivor": "b", "moved": [{}], "reopened": {"c": None, "d": "e"}}
    undone = "the merge of event 7: a is apart from b again; 1 key moved back; 2 candidates asked again"
    assert told("merge.undone", body) == undone
    assert told("link.moved", {"from": "a", "to": "b", "moved": [{}]}).endswith("; restrictions stay with a")


@pytest.mark.parametrize("kind", [*EventType, "customer.cloned"])
@pytest.mark.parametrize("body", [{}, {"links": 3, "moved": None, "restrictions": "x", "pair": [1], "evidence": 4}])
def test_an_event_of_another_form_does_not_stop_a_history(kind: str, body: dict[str, object]) -> None:
    """One of a newer release, or one that somebody has changed: verify tells of it."""
    assert isinstance(told(kind, body), str)
