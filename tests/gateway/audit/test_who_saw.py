"""Who saw what of a customer: under every id, with what was shown, masked and withheld."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.crossref import HkdfSecrets, KnownAs, SourceSystem, SqliteCrossReference
from gateway.audit import AuditKeys
from gateway.audit.reading import Entries
from gateway.audit.who_saw import Seen, page_of, place_of, place_told, who_saw
from tests.gateway.audit.books import DAY, KEYS, NOON, Books, disclosure

ANNE, BEN, CLEO = (f"cus_{letter * 32}" for letter in "abc")
START = datetime.fromtimestamp(NOON, UTC)


def seen(books: Books, *names: KnownAs, **between: datetime) -> list[Seen]:
    """Return what is found of a customer with these ids."""
    return [*who_saw(Entries(books.folder, books.keys), names, **between)]  # type: ignore[arg-type]


def test_every_request_about_a_customer_is_found_the_newest_first(books: Books) -> None:
    """With what was decided of them, and for what, by whom and in which case they were asked about."""
    books.written(disclosure(ANNE, BEN), disclosure(BEN), disclosure(CLEO, ANNE, case="T-2"), apart=DAY)
    newest, oldest = seen(books, KnownAs(ANNE))
    assert (newest.at, oldest.at) == (START + timedelta(days=2), START)
    assert newest.told() == {
        "at": "2026-11-24T12:00:00+00:00",
        "kind": "request",
        "customer": ANNE,
        "view": "support-call@3",
        "purpose": "CustomerCare",
        "basis": "A6-1-b",
        "consumer": "agent-desktop",
        "level": "V2",
        "situation": {"channel": "voice", "case": "T-2", "actor": "e-17"},
        "shown": ["Customer.segment"],
        "masked": {"VALUE_MASKED": ["Customer.name"]},
        "withheld": {"VERIFICATION_REQUIRED+CONSENT_MISSING": ["Customer.accounts"]},
        "isSigned": True,
    }
    assert newest.was_shown


def test_only_the_time_that_is_asked_for_is_told(books: Books) -> None:
    """From the first moment on, and before the second."""
    books.written(*(disclosure(ANNE) for _ in range(5)), apart=DAY)
    found = seen(books, KnownAs(ANNE), since=START + timedelta(days=1), until=START + timedelta(days=3))
    assert [one.at.day for one in found] == [24, 23]


def test_a_name_that_was_borrowed_counts_for_as_long_as_it_was(books: Books) -> None:
    """While a merge led to another customer, records name that one; before and since they are about somebody else."""
    books.written(*(disclosure(BEN) for _ in range(4)), apart=DAY)
    names = KnownAs(ANNE), KnownAs(BEN, START + timedelta(days=1), START + timedelta(days=3))
    assert [one.at.day for one in seen(books, *names)] == [24, 23]


def test_references_of_an_older_secret_are_found(books: Books) -> None:
    """Each record says by which version it was made; all at hand are looked for."""
    books.written(disclosure(ANNE))
    books.keys = AuditKeys.of(HkdfSecrets({1: bytes(range(32)), 2: bytes(32)}))
    books.at += DAY
    books.written(disclosure(ANNE))
    found = seen(books, KnownAs(ANNE))
    assert len(found) == 2
    assert all(one.is_signed for one in found)


async def test_what_else_happened_to_a_customer_is_told(books: Books) -> None:
    """A glass that was broken, and that somebody asked who saw what."""
    async with books.log().running() as log:
        await log.record_event("break-glass.opened", {"grant": "bg_1"}, customer=ANNE)
        await log.record_event("break-glass.opened", {"grant": "bg_2"}, customer=BEN)
    (found,) = seen(books, KnownAs(ANNE))
    assert (found.kind, found.happened, found.was_shown) == ("break-glass.opened", {"grant": "bg_1"}, False)


def test_a_record_that_was_changed_is_marked(books: Books) -> None:
    """It is told all the same: who looks may want to know."""
    books.written(disclosure(ANNE))
    (file,) = books.files
    file.write_bytes(file.read_bytes().replace(b'"T-1"', b'"T-9"'))
    (found,) = seen(books, KnownAs(ANNE))
    assert (found.situation["case"], found.is_signed) == ("T-9", False)


@pytest.mark.parametrize(
    "more",
    [
        '"kind":"request","shown":5,"of":"%s"',
        '"kind":"request","shown":[5],"of":"%s"',
        '"kind":"request","shown":[{"customers":5}],"of":"%s"',
        '"kind":"request","shown":[{"customers":["%s"]}],"grant":5',
        '"kind":"request","shown":[{"customers":["%s"]}],"situation":{"case":7}',
        '"kind":"request","shown":[{"customers":["%s"],"allow":[7]}]',
        '"kind":"request","shown":[{"customers":["%s"],"transform":7}]',
        '"kind":"request","shown":[{"customers":["%s"]}],"view":7',
        '"kind":"who-saw.asked","customer":"%s","happened":5',
        '"kind":"who-saw.asked","customer":["%s"]',
    ],
)
def test_a_record_that_was_changed_beyond_reading_hides_no_other(books: Books, more: str) -> None:
    """That it is there is told, and all others are; so nobody makes who saw what unknown by a line of nonsense."""
    books.written(disclosure(ANNE))
    framed = f'{{"writer":"x","seq":1,"at":"2026-11-22T12:00:01Z",{more % KEYS.reference(ANNE)},"mac":"{"0" * 64}"}}\n'
    with books.files[0].open("a") as file:
        file.write(framed)
    odd, written = seen(books, KnownAs(ANNE))
    assert (odd.is_signed, odd.was_shown, written.is_signed) == (False, False, True)
    assert odd.told().keys() == {"at", "kind", "customer", "isSigned"}


def test_a_line_whose_time_is_none_of_ours_is_passed_over(books: Books) -> None:
    """A time without a zone comes neither before nor after another."""
    books.written(disclosure(ANNE))
    shown = f'"kind":"request","shown":[{{"customers":["{KEYS.reference(ANNE)}"]}}]'
    with books.files[0].open("a") as file:
        file.write(f'{{"writer":"x","seq":1,"at":"2026-11-22T12:00:01",{shown},"mac":"{"0" * 64}"}}\n')
    assert [one.is_signed for one in seen(books, KnownAs(ANNE))] == [True]


def test_long_files_are_searched_in_parts(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that lies across two parts is found once."""
    monkeypatch.setattr("gateway.audit.reading._CHUNK", 100)
    books.written(*(disclosure(ANNE, BEN) if number % 3 else disclosure(BEN) for number in range(30)))
    assert len(seen(books, KnownAs(ANNE))) == 20
    assert len(seen(books, KnownAs(BEN))) == 30
    assert len({one.place for one in seen(books, KnownAs(BEN))}) == 30


def test_pages_follow_each_other_without_gap_or_overlap(books: Books) -> None:
    """A record that names a customer by two ids is never cut in two."""
    books.written(*(disclosure(ANNE) for _ in range(3)), replace(disclosure(ANNE, BEN)), apart=DAY / 3)
    entries, names = Entries(books.folder, books.keys), (KnownAs(ANNE), KnownAs(BEN))
    pages, before = [], None
    for _ in range(9):
        page, is_last = page_of(who_saw(entries, names, before=before), 1)
        pages.append(page)
        before = place_of(place_told(page[-1].place))
        assert before == page[-1].place
        if is_last:
            break
    assert [len(page) for page in pages] == [2, 1, 1, 1]


@pytest.mark.parametrize(
    "text", ["", "_", "2026-11-24_a_1", "x_y_1", "2026-11-24T12:00:00Z_a_x", "2026-11-24T12:00:00Z_a"]
)
def test_a_place_of_another_form_is_none(text: str) -> None:
    """Whoever sends one gets told so."""
    assert place_of(text) is None


@pytest.fixture
def crossref(tmp_path: Path) -> Iterator[SqliteCrossReference]:
    """Return a cross-reference of one source."""
    with closing(SqliteCrossReference.open(tmp_path / "crossref.db")) as opened:
        yield opened


async def test_merged_ids_are_followed_both_ways(books: Books, crossref: SqliteCrossReference) -> None:
    """Whichever of the ids is asked for, all that was seen under either is told."""
    await crossref.register_source(SourceSystem("crm"), actor="t")
    anne, ben = [(await crossref.link("crm", key, asserted_by="t")).customer or "" for key in "AB"]
    async with books.log().running() as log:
        await log.record(disclosure(anne))
        await log.record(disclosure(ben))
    await crossref.merge(ben, anne, actor="t")
    for one in (anne, ben):
        names = await crossref.known_as(one)
        assert sorted(found.known_as for found in seen(books, *names)) == sorted([anne, ben])
