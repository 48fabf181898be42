"""Who saw what of a customer: under every id, with what was shown, masked and withheld."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.crossref import HkdfSecrets, KnownAs, SourceSystem, SqliteCrossReference
from gateway.audit import AuditKeys
from gateway.audit.reading import Entries
from gateway.audit.who_saw import Seen, in_utc, page_of, place_of, place_told, reviewed, who_saw
from resolvers.disclosure import Disclosed, Effect
from schema.grants import Grant
from schema.verification import Level
from tests.gateway.audit.books import DAY, KEYS, NOON, SHOWN, Books, disclosure

ANNE, BEN, CLEO = (f"cus_{letter * 32}" for letter in "abc")
START = datetime.fromtimestamp(NOON, UTC)


def seen(books: Books, *names: KnownAs, **narrowed: Any) -> list[Seen]:
    """Return what is found of a customer with these ids."""
    return [*who_saw(Entries(books.folder, books.keys), names, **narrowed)]


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
        "actor": "e-17",
        "level": "V2",
        "situation": {"channel": "voice", "case": "T-2"},
        "shown": ["Customer.segment"],
        "masked": {"VALUE_MASKED": ["Customer.name"]},
        "withheld": {"VERIFICATION_REQUIRED+CONSENT_MISSING": ["Customer.accounts"]},
        "isSigned": True,
    }
    assert newest.was_shown


def test_what_an_order_or_a_filter_tells_is_told_apart(books: Books) -> None:
    """It was not shown."""
    effects = {"Customer.segment": Effect("allow"), "Order.placedAt": Effect("allow")}
    told = [Disclosed(ANNE, Level.V2, effects, told=frozenset({"Order.placedAt"}))]
    books.written(replace(disclosure(), customers=told))
    (found,) = seen(books, KnownAs(ANNE))
    assert (found.told()["shown"], found.told()["told"]) == (["Customer.segment"], ["Order.placedAt"])


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
    opened = {"grant": "bg_1", "consumer": "fraud-desk", "actor": "e-17", "review_by": "2026-11-23T12:00:00Z"}
    async with books.log().running() as log:
        await log.record_event("break-glass.opened", opened, customer=ANNE)
        await log.record_event("break-glass.opened", {"grant": "bg_2"}, customer=BEN)
    (found,) = seen(books, KnownAs(ANNE))
    assert (found.kind, found.consumer, found.actor, found.was_shown) == (
        "break-glass.opened",
        "fraud-desk",
        "e-17",
        False,
    )
    assert found.told()["happened"] == {"grant": "bg_1", "reviewBy": "2026-11-23T12:00:00Z"}


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
        '"kind":"request","shown":[{"customers":["%s"],"told":[7]}]',
        '"kind":"request","shown":[{"customers":["%s"],"transform":7}]',
        '"kind":"request","shown":[{"customers":["%s"]}],"view":7',
        '"kind":"request","shown":[{"customers":["%s"],"opened":7}]',
        '"kind":"request","shown":[{"customers":["%s"],"actingFor":[7]}]',
        '"kind":"who-saw.asked","customer":"%s","happened":5',
        '"kind":"who-saw.asked","customer":["%s"]',
    ],
)
def test_a_record_that_was_changed_beyond_reading_hides_no_other(books: Books, more: str) -> None:
    """That it is there is told, and all others are; so nobody makes who saw what unknown by a line of nonsense."""
    books.written(disclosure(ANNE))
    with books.files[0].open("a") as file:
        file.write(line_of(more))
    odd, written = seen(books, KnownAs(ANNE))
    assert (odd.is_signed, odd.was_shown, written.is_signed) == (False, False, True)
    assert odd.told().keys() == {"at", "kind", "customer", "isSigned"}


def line_of(more: str, at: str = "2026-11-22T12:00:01Z", seq: int = 1) -> str:
    """Return a line that names the customer, by nobody who has the key."""
    return f'{{"writer":"x","seq":{seq},"at":"{at}",{more % KEYS.reference(ANNE)},"mac":"{"0" * 64}"}}\n'


REQUESTED = '"kind":"request","shown":[{"customers":["%s"]}]'


@pytest.mark.parametrize("at", ["2026-11-22T12:00:01", "2099-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_line_whose_time_is_none_of_ours_is_told_of_the_day_in_whose_file_it_is(books: Books, at: str) -> None:
    """Else somebody hides a record from whoever reads page by page by changing its time."""
    books.written(disclosure(ANNE))
    with books.files[0].open("a") as file:
        file.write(line_of(REQUESTED, at=at))
    written, odd = seen(books, KnownAs(ANNE))
    assert (written.is_signed, odd.is_signed, odd.at.isoformat()) == (True, False, "2026-11-22T00:00:00+00:00")
    assert [one.is_signed for one in seen(books, KnownAs(ANNE), before=written.place)] == [False]


def test_lines_that_cannot_be_read_are_told_with_their_number(books: Books) -> None:
    """Behind what can be read of the day, by one entry a file: nobody can tell what they were."""
    books.written(disclosure(ANNE), disclosure(BEN))
    (file,) = books.files
    lines = file.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"at":', b'"ta":')
    file.write_bytes(b"".join([*lines, lines[2], lines[3]]))
    (damaged,) = seen(books, KnownAs(ANNE))
    assert (damaged.kind, damaged.is_signed, damaged.was_shown) == ("damaged", False, False)
    assert damaged.happened == {"file": file.name, "line": 3, "lines": 2}
    assert place_of(place_told(damaged.place)) == damaged.place
    assert seen(books, KnownAs(ANNE), before=damaged.place) == []
    assert [one.kind for one in seen(books, KnownAs(BEN))] == ["request"]


@pytest.mark.parametrize("most", [3_000, 100_000])
@pytest.mark.parametrize("chunk", [100, 2_500])
def test_a_line_that_is_longer_than_a_record_is_not_read(
    books: Books, monkeypatch: pytest.MonkeyPatch, chunk: int, most: int
) -> None:
    """Wherever it stands: what is before and behind it is found."""
    monkeypatch.setattr("gateway.audit.reading._CHUNK", chunk)
    monkeypatch.setattr("gateway.audit.reading.LONGEST", 2_500)
    books.written(*(disclosure(ANNE) for _ in range(6)), apart=60.0)
    (file,) = books.files
    lines = file.read_bytes().splitlines(keepends=True)
    long = b'{"shown":"%b"}%b\n' % (KEYS.reference(ANNE).encode(), b"x" * most)
    for place in (0, 4, len(lines)):
        file.write_bytes(b"".join([*lines[:place], long, *lines[place:]]))
        found = seen(books, KnownAs(ANNE))
        assert [one.is_signed for one in found] == [True] * 6 + [False]
        assert found[-1].happened == {"file": file.name, "line": place + 1, "lines": 1}


def test_a_line_without_an_end_takes_no_memory(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty megabytes of nonsense are gone over in parts."""
    monkeypatch.setattr("gateway.audit.reading._CHUNK", 100_000)
    monkeypatch.setattr("gateway.audit.reading.LONGEST", 100_000)
    books.written(disclosure(ANNE))
    with books.files[0].open("ab") as opened:
        opened.write(b"x" * 20_000_000)
    tracemalloc.start()
    found = seen(books, KnownAs(ANNE))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ([one.kind for one in found], peak < 1_000_000) == (["request", "damaged"], True), peak


def test_of_a_replayed_record_one_is_told(books: Books) -> None:
    """The one that is as it was written, however many others stand in its place."""
    books.written(disclosure(ANNE))
    (file,) = books.files
    line = file.read_bytes().splitlines(keepends=True)[2]
    with file.open("ab") as opened:
        for number in range(20):
            opened.write(line if number % 2 else line.replace(b'"T-1"', b'"T-9"'))
    (found,) = seen(books, KnownAs(ANNE))
    assert (found.is_signed, found.situation["case"]) == (True, "T-1")


def test_more_of_a_day_than_is_held_at_once_is_found_all_the_same(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several chains, the newest first, each once."""
    monkeypatch.setattr("gateway.audit.reading._AT_ONCE", 7)
    for number in range(3):
        books.at = NOON + number
        books.written(*(disclosure(ANNE, case=f"T-{number}") for _ in range(17)), apart=10.0)
    found = seen(books, KnownAs(ANNE))
    assert len(found) == 51
    assert [one.place for one in found] == sorted({one.place for one in found}, reverse=True)


def test_a_large_day_is_searched_in_little_memory(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six thousand requests for one customer in a day, of 4 MB: of a thousand at once it is held where they stand, and
    a tenth of a megabyte is searched at once. In use both bounds are higher, and hold for however much there is."""
    monkeypatch.setattr("gateway.audit.reading._CHUNK", 100_000)
    monkeypatch.setattr("gateway.audit.reading._AT_ONCE", 1_000)
    books.written(disclosure(ANNE))
    (file,) = books.files
    line = file.read_bytes().splitlines(keepends=True)[2]
    with file.open("ab") as opened:
        for number in range(6_000):
            minute, second = divmod(number // 100, 60)
            at = b"T12:%02d:%02d.%02d0000Z" % (minute, second, number % 100)
            opened.write(line.replace(b"T12:00:00.000000Z", at).replace(b'"seq":2', b'"seq":%d' % (number + 3)))
    assert file.stat().st_size > 3_500_000
    tracemalloc.start()
    count, before = 0, None
    for one in who_saw(Entries(books.folder, books.keys), [KnownAs(ANNE)]):
        assert before is None or one.place < before
        before, count = one.place, count + 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (count, peak < 2_000_000) == (6_001, True), peak


def test_what_a_broken_glass_has_opened_is_told_of_its_customer_alone(books: Books) -> None:
    """With its id, who broke it and why; that it was presented is told also where nothing came of it."""
    grant = Grant("bg_1", "fraud-review@1", ANNE, "fraud-desk", "e-17", "suspected-fraud", "T-9", 0.0)
    opened = [Disclosed(ANNE, Level.V0, SHOWN, opened=("Customer.segment",)), Disclosed(BEN, Level.V0, SHOWN)]
    books.written(replace(disclosure(), customers=opened, grant=grant), replace(disclosure(BEN), grant=grant), apart=1)
    presented, shown = seen(books, KnownAs(ANNE))
    glass = {"id": "bg_1", "actor": "e-17", "reason": "suspected-fraud", "reference": "T-9"}
    assert (shown.grant, shown.opened, shown.was_shown) == (glass, ["Customer.segment"], True)
    assert (presented.grant, presented.opened, presented.was_shown) == (glass, [], False)
    assert [one.grant for one in seen(books, KnownAs(BEN))] == [{}, {}]
    outcomes = {"bg_1": {"outcome": "justified"}}
    assert [one.review for one in reviewed([shown, presented], outcomes)] == [{"outcome": "justified"}] * 2
    assert [one.review for one in reviewed(seen(books, KnownAs(BEN)), outcomes)] == [{}, {}]
    assert shown.told()["opened"] == ["Customer.segment"]


def test_for_whom_somebody_acted_is_told(books: Books) -> None:
    """As a reference, which only who has the secret can hold against an id."""
    books.written(replace(disclosure(), customers=[Disclosed(ANNE, Level.V1, SHOWN, acting_for=(BEN,))]))
    (found,) = seen(books, KnownAs(ANNE))
    assert found.told()["actingFor"] == [KEYS.reference(BEN)]
    assert seen(books, KnownAs(BEN)) == []


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_of_no_year_in_utc_is_refused(text: str) -> None:
    """In words: it is no fault of the gateway's."""
    with pytest.raises(ValueError, match="wanted a time of the years 1 to 9999 in UTC"):
        in_utc(datetime.fromisoformat(text))


def test_long_files_are_searched_in_parts(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that lies across two parts is found once."""
    monkeypatch.setattr("gateway.audit.reading._CHUNK", 100)  # several in a line, and none at its end
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
