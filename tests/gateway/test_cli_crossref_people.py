"""Commands that write of a customer take an id, or a source and its key: who is meant is told, and then it is done."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.crossref import StoredCrossReference
from tests.gateway.cli_crossref import Place, make_place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "anna")
    return make_place(tmp_path)


def done(place: Place, *words: str, stdin: str | None = None) -> tuple[dict[str, Any], str]:
    """Return what a write that has to end well tells, as JSON, and what it says besides."""
    ran = place.run(*words, "--json", stdin=stdin)
    assert ran.code == 0, ran.err
    return json.loads(ran.out), ran.err


def meant(source: str, customer: str) -> str:
    return f"By the key of {source} is meant {customer}\n"


def test_a_customer_is_restricted_and_freed_by_a_key(place: Place) -> None:
    """The key may be read; it is not shown, and the id is, before anything is done."""
    person = place.link("crm", "SECRET-KEY").customer
    told, said = done(place, "restrict", "crm", "-", "gdpr-art-18", "Customer.name", "*", stdin="SECRET-KEY\n")
    assert (told["customer"], told["version"]) == (person, 2)
    assert said.startswith(meant("crm", person))
    subject = place.json("resolve", person)["subject"]
    assert subject["restrictions"] == [{"ground": "gdpr-art-18", "coordinates": ["*", "Customer.name"]}]
    assert [one["key"] for one in subject["keys"]["crm"]] == ["SECRET-KEY"]  # which requests of a view are not told
    many = place.run("resolve-many", "-", "--json", stdin=f"{person}\n").out
    assert json.loads(many)["subject"] == subject
    as_of = place.json("resolve", person, "--as-of", datetime.now(UTC).isoformat())["subject"]
    assert as_of["keys"] == subject["keys"]
    told, said = done(place, "lift", "crm", "SECRET-KEY", "gdpr-art-18")
    assert (told["customer"], told["version"], said) == (person, 3, meant("crm", person))
    assert place.json("resolve", person)["subject"]["restrictions"] == []


def test_a_customer_who_is_named_by_an_id_is_not_looked_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed is who is meant: an id that is read too."""

    async def look_up(*_: object) -> None:
        raise AssertionError

    person = place.link("crm", "C-1").customer
    monkeypatch.setattr(StoredCrossReference, "resolve_many", look_up)
    _, said = done(place, "restrict", "-", "gdpr-art-18", "*", stdin=f"{person}\n")
    assert said == ""
    assert done(place, "lift", person, "gdpr-art-18")[0]["customer"] == person


def test_keys_are_split_off_whom_a_key_names(place: Place) -> None:
    """The first pair says of whom."""
    person = place.link("crm", "C-1").customer
    place.link("billing", "7", person)
    told, said = done(place, "split", "crm", "-", "billing", "-", stdin="C-1\n7\n")
    assert told["customer"] == place.who("billing", "7") != person == place.who("crm", "C-1")
    assert said == meant("crm", person)


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        (("crm", "C-2", "crm", "C-1"), None),
        (("{other}", "crm", "C-1"), None),
        (("crm", "C-2", "{person}"), None),
        (("crm", "-", "-"), "C-2\n{person}\n"),
        (("-", "crm", "-"), "{other}\nC-1\n"),
        (("-", "-"), "{other}\n{person}\n"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_each_of_two_to_be_merged_is_named_in_either_way(
    place: Place, words: tuple[str, ...], stdin: str | None
) -> None:
    """The oldest survives, whoever is named first; what would be done is shown and asked about as for ids."""
    person, other = place.link("crm", "C-1").customer, place.link("crm", "C-2").customer
    named = [one.format(person=person, other=other) for one in words]
    given = (stdin or "").format(person=person, other=other)
    asked = place.run("merge", *named, stdin=f"{given}n\n")
    assert asked.code == 1
    assert asked.err.count("By the key of crm is meant") == words.count("crm")
    assert f"{other}  version 1  would be merged into\n{person}" in asked.err
    assert place.who("crm", "C-2") == other
    assert place.run("merge", *named, stdin=f"{given}y\n").code == 0
    assert place.who("crm", "C-2") == person


def test_who_survives_is_said_by_the_place(place: Place) -> None:
    """Where nobody has the ids at hand."""
    pairs = []
    for number in range(2):
        first, second = (place.link("crm", f"C-{number}{letter}").customer for letter in "ab")
        pairs.append((first, second))
    for place_word, (number, pair) in zip(("first", "second"), enumerate(pairs), strict=True):
        told, _ = done(*(place, "merge", "crm", f"C-{number}a", "crm", f"C-{number}b"), "--into", place_word, "--yes")
        assert told["customer"] == pair[number]
    wrong = place.run("merge", *pairs[0], "--into", "third", "--yes")
    assert (wrong.code, "wanted that of the one to survive, first or second" in wrong.err) == (2, True)


def test_two_keys_of_one_customer_are_one_already(place: Place) -> None:
    """That is told, and nothing asked."""
    person = place.link("crm", "C-1").customer
    place.link("billing", "7", person)
    ran = place.run("merge", "crm", "C-1", "billing", "7")
    assert (ran.code, f"They are one already: {person}" in ran.err) == (0, True)


def test_who_is_erased_by_a_key_is_shown_and_the_id_typed(place: Place) -> None:
    """The id is what is typed again; with --yes it is told all the same."""
    person = place.link("crm", "SECRET-KEY").customer
    wrong = place.run("erase", "crm", "-", stdin="SECRET-KEY\nSECRET-KEY\n")
    assert (wrong.code, "nothing was erased" in wrong.err) == (1, True)
    assert wrong.err.startswith(meant("crm", person))
    assert "SECRET-KEY" not in wrong.err
    assert place.run("erase", "crm", "-", stdin=f"SECRET-KEY\n{person}\n").code == 0
    assert place.who("crm", "SECRET-KEY") is None
    again = place.link("crm", "SECRET-KEY").customer
    assert done(place, "erase", "crm", "SECRET-KEY", "--yes")[1].startswith(meant("crm", again))


COMMANDS = [
    ("erase", "{}", "--yes"),
    ("restrict", "{}", "gdpr-art-18", "*"),
    ("lift", "{}", "gdpr-art-18"),
    ("split", "{}", "billing", "7"),
    ("merge", "{}", "crm", "C-1", "--yes"),
    ("merge", "crm", "C-1", "{}", "--yes"),
]
"""Each command, with where it names a customer."""


def worded(words: tuple[str, ...], *named: str) -> list[str]:
    return [one for word in words for one in (named if word == "{}" else [word])]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_key_that_nobody_has_names_nobody(place: Place, words: tuple[str, ...]) -> None:
    """Told as look-ups tell it, by exit code 1; nothing is written."""
    place.link("crm", "C-1")
    before = place.run("changes").out
    ran = place.run(*worded(words, "crm", "C-9"))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "Nobody is known by that: it was never linked, or it was erased.\n"
    assert place.run("changes").out == before


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("named", "said"),
    [
        (("cmr", "C-9"), "got a source that is not registered; did you mean 'crm'?"),
        (("billing", "9-9"), None),
        (("billing", "C-9x"), "got what can be no key of billing, whose keys are digits"),
    ],
    ids=["source", "digits", "letters"],
)
def test_a_slip_in_a_key_is_told(
    place: Place, words: tuple[str, ...], named: tuple[str, str], said: str | None
) -> None:
    """Before anything is written; the key is not shown."""
    place.link("crm", "C-1")
    ran = place.run(*worded(words, *named))
    assert (ran.code, ran.out) == (2 if said else 1, "")
    assert said is None or said in ran.err
    assert named[1] not in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("merge", "crm", "C-1"), "got what is no id of a customer as the first"),
        (("merge", "crm"), "got 1 words; wanted two customers"),
        (("merge", "crm", "C-1", "crm", "C-2", "crm"), "got 5 words; wanted two customers"),
        (("split", "crm", "C-1", "billing"), "got what is no id of a customer as the customer"),
        (("split", "crm", "C-1", "billing", "7", "crm"), "wanted pairs of a source and its key"),
        (("restrict", "-", "gdpr-art-18"), "got 2 words; wanted an id, or a source and its key, and then a ground"),
        (("restrict", "crm", "C-1", "gdpr-art-18"), "got what is no id of a customer as the customer"),
        (("lift", "crm", "C-1", "gdpr-art-18", "more"), "and then a ground"),
        (("lift", "-"), "got 1 words; wanted an id, or a source and its key, and then a ground"),
        (("erase", "crm"), "got what is no id of a customer as the customer"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_words_that_name_nobody_or_nothing_are_told(place: Place, words: tuple[str, ...], said: str) -> None:
    """By how many there are and what is wanted; none of them is shown, for it may be a key."""
    place.link("crm", "C-1")
    before = place.run("changes").out
    ran = place.run(*words, stdin="")
    assert (ran.code, ran.out) == (2, "")
    assert said in " ".join(ran.err.split())
    assert "C-1" not in ran.err
    assert place.run("changes").out == before
