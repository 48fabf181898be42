"""What commands print for programs is what the API answers, in the same words; and what the one has more is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from adapters.crossref import KeyNews, Lookup, StoredCrossReference
from gateway.crossref.answers import (
    CandidatesTold,
    CandidateTold,
    ChangeTold,
    ExportTold,
    HistoryTold,
    NonMatchesTold,
    OutlineTold,
    PreviewTold,
    Resolved,
    Verified,
    Written,
)
from tests.gateway.cli_crossref import Place, make_place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "anna")
    return make_place(tmp_path)


def members(answer: BaseModel) -> Any:
    return json.loads(answer.model_dump_json(by_alias=True))


def names(told: Any) -> Iterator[str]:
    """Yield the names of all members, but for those of bodies of events and evidence, which are as the log has them."""
    if isinstance(told, list):
        for one in told:
            yield from names(one)
    elif isinstance(told, dict):
        for name, one in told.items():
            yield name
            yield from () if name in ("body", "evidence", "keys", "linksBySource") else names(one)


def test_what_is_printed_is_what_the_api_answers(place: Place) -> None:
    """Member by member, times too; what a command has more stands beside, and in no other words."""
    first, second = (place.link("crm", f"C-{number}").customer for number in range(2))
    place.run("link", "crm", "C-1", first)
    place.json("non-match", "add", "crm", "C-7", "crm", "C-8")
    subject = place.past(lambda crossref: crossref.resolve(Lookup("crm", "C-0")))
    assert subject is not None
    place.past(lambda crossref: crossref.hear([KeyNews(subject.keys["crm"][0].link_id, "C-9")], actor="crm"))
    (candidate, _) = found = place.past(lambda crossref: crossref.candidates())
    outlines = [place.past(partial(StoredCrossReference.outline, customer=one)) for one in (first, second)]
    preview = place.past(lambda crossref: crossref.preview_merge(second, first))
    changes = place.past(lambda crossref: crossref.changes(0))
    export = place.past(lambda crossref: crossref.export(first))
    history = place.past(lambda crossref: crossref.history(first))
    non_matches = place.past(lambda crossref: crossref.non_matches())
    report = place.past(StoredCrossReference.verify)
    assert export is not None
    told: dict[tuple[str, ...], Any] = {
        ("resolve", "crm", "C-0"): {"subject": place.json("resolve", first)["subject"], "version": 1},
        ("history", first): members(HistoryTold.of(history, len(history) + 1)),
        ("candidates", "list"): members(CandidatesTold.of(found, 100)),
        ("candidates", "list", "--limit", "1"): members(CandidatesTold.of(found[:1], 1)),
        ("candidates", "show", candidate.candidate_id): {
            **members(CandidateTold.model_validate(candidate)),
            "outlines": [members(OutlineTold.of(one)) for one in outlines if one is not None],
        },
        ("non-match", "list"): members(NonMatchesTold.of(non_matches, 100)),
        ("non-match", "list", "--limit", "1"): members(NonMatchesTold.of(non_matches, 1)),
        ("merge", first, second, "--dry-run"): members(PreviewTold.of(preview)),
        ("verify",): members(Verified.of(report)),
    }
    for words, wanted in told.items():
        assert place.json(*words) == wanted, words
    lines = place.run("changes", "--json").out.splitlines()
    assert [json.loads(line) for line in lines] == [members(ChangeTold.of(one)) for one in changes]
    assert json.loads(place.run("export", first, "--out", "-").out) == members(ExportTold.of(export))
    everything = [*told.values(), *map(json.loads, lines), members(ExportTold.of(export)), place.json("sources")]
    assert not [name for name in names(everything) if not re.fullmatch("[a-z][A-Za-z]*", name)]


def test_who_is_meant_is_told_as_by_the_api(place: Place) -> None:
    """With links beside keys; a line of many says who is not known as the API does."""
    person = place.link("crm", "C-1").customer
    told = place.json("resolve", "crm", "C-1")
    (key,) = told["subject"]["keys"]["crm"]
    assert (key["key"], key["linkId"][:4]) == ("C-1", "lnk_")
    assert {**members(Resolved.model_validate(told)), "version": 1} == told
    lines = place.run("resolve-many", "-", "--json", stdin="crm,C-1\ncrm,C-9\n").out.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"line": 1, "subject": told["subject"]},
        {"line": 2, "subject": None},
    ]
    assert told["subject"]["customer"] == person


def test_a_write_about_nobody_tells_no_customer(place: Place) -> None:
    """Null, as the API does, and no empty text."""
    told = place.json("non-match", "add", "crm", "C-1", "billing", "7")
    assert told == {"customer": None, "version": 0, "seq": 4, "note": None}
    assert members(Written(**told)) == told


def test_whom_a_lower_limit_comes_too_late_for_is_told(place: Place) -> None:
    """With how many they are, for people and programs; when the limit is lowered, and not each time."""
    for customer in (place.link("crm", "C-1").customer, place.link("crm", "C-2").customer):
        place.link("crm", f"more of {customer}", customer)
    one = place.run("register", "crm", "--max-live", "1")
    assert one.err == "2 customers have more live keys of crm than that, and will keep them.\n"
    assert place.run("register", "crm", "--max-live", "1").err == ""
    place.run("register", "crm", "--max-live", "0")
    ran = place.run("register", "crm", "--max-live", "1", "--json")
    assert json.loads(ran.out) == {
        "name": "crm",
        "keyFormat": "opaque",
        "keyMode": "plain",
        "maxLive": 1,
        "priority": 100,
        "overLimit": 2,
    }
    assert "2 customers have" in ran.err
    place.run("register", "crm", "--max-live", "0")
    place.run("unlink", "crm", "C-1")
    assert "1 customer has more live keys of crm" in place.run("register", "crm", "--max-live", "1").err


def test_a_limit_that_could_not_be_counted_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands all the same."""

    async def unknown(*_: object) -> None:
        return None

    monkeypatch.setattr(StoredCrossReference, "_count_over", unknown)
    ran = place.run("register", "crm", "--max-live", "1", "--json")
    assert (ran.code, json.loads(ran.out)["overLimit"]) == (0, None)
    assert "was not counted in time; they keep them" in ran.err


def test_non_matches_are_listed(place: Place) -> None:
    """With keys, who said so, when and why; a page at a time."""
    assert place.run("non-match", "list").out == "There is no non-match.\n"
    place.json("non-match", "add", "crm", "C-1", "billing", "7", "--reason-code", "twins", "--reason-ref", "T-1")
    place.json("non-match", "add", "crm", "C-1", "crm", "C-2")
    shown = place.run("non-match", "list").out
    assert re.search(r"billing 7 +│ crm C-1 +│ [0-9: Z-]+by cli:anna", shown)
    assert "There may be more" not in shown
    first = place.json("non-match", "list", "--limit", "1")
    assert f"There may be more: --after {first['next']}" in place.run("non-match", "list", "--limit", "1").out
    (last,) = place.json("non-match", "list", "--after", first["next"])["nonMatches"]
    assert (last["second"], last["reasonCode"]) == ({"source": "crm", "key": "C-2"}, None)
    assert place.run("non-match", "list", "--after", last["nonMatchId"]).out == "No non-match follows.\n"
    wrong = place.run("non-match", "list", "--after", "C-1")
    assert (wrong.code, "after is no id" in wrong.err, "C-1" in wrong.err) == (2, True, False)
    place.json("non-match", "clear", "crm", "C-1", "crm", "C-2")
    assert len(place.json("non-match", "list")["nonMatches"]) == 1


def test_an_export_holds_a_new_key_that_waits(place: Place) -> None:
    """It is kept of the person too."""
    person = place.link("crm", "C-1").customer
    subject = place.past(lambda crossref: crossref.resolve(Lookup("crm", "C-1")))
    assert subject is not None
    place.past(lambda crossref: crossref.hear([KeyNews(subject.keys["crm"][0].link_id, "C-9")], actor="crm"))
    told = json.loads(place.run("export", person, "--out", "-").out)
    assert [(one["source"], one["key"], one["status"]) for one in told["replacements"]] == [("crm", "C-9", "open")]
