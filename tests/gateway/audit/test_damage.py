"""Records that cannot be read any more are told where they stand, however the others are paged."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.crossref import KnownAs
from gateway.audit.reading import Entries
from gateway.audit.who_saw import Place, Seen, page_of, place_of, place_told, who_saw
from tests.gateway.audit.books import Books, disclosure

ANNE = KnownAs(f"cus_{'a' * 32}")


def by_pages(books: Books, first: int) -> list[Seen]:
    """Return what is told a page at a time."""
    found: list[Seen] = []
    before: Place | None = None
    while True:
        page, is_last = page_of(who_saw(Entries(books.folder, books.keys), [ANNE], before=before), first)
        found += page
        if is_last:
            return found
        before = place_of(place_told(page[-1].place))


def damage(file: Path, *numbers: int) -> None:
    """Make lines unreadable, by their number; their beginning stays."""
    lines = file.read_bytes().splitlines(keepends=True)
    for number in numbers:
        lines[number - 1] = lines[number - 1].replace(b'"consumer":"agent-desktop"', b'"consumer":"agent-desktop')
    file.write_bytes(b"".join(lines))


@pytest.mark.parametrize("first", [1, 2, 4, 100])
@pytest.mark.parametrize("at_once", [1, 3, 20_000])
def test_a_damaged_record_is_told_in_its_place(
    books: Books, first: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, wherever it stands among the others, and however many of them are held at once."""
    monkeypatch.setattr("gateway.audit.reading._AT_ONCE", at_once)
    books.written(*(disclosure(ANNE.customer) for _ in range(9)), apart=60.0)
    (file,) = books.files
    damage(file, 3, 7, 11)
    found = by_pages(books, first)
    assert [one.kind for one in found] == [
        "damaged" if number in (3, 7, 11) else "request" for number in range(11, 2, -1)
    ]
    told = [one.happened for one in found if one.kind == "damaged"]
    assert told == [{"file": file.name, "line": number, "lines": 1} for number in (11, 7, 3)]
    assert [one.at.minute for one in found] == [*range(8, -1, -1)]


@pytest.mark.parametrize("at", [b"2026-11-22T25:61:00.000000Z", b"2026-11-22T12:00:00.00000xZ"])
def test_a_damaged_record_whose_place_is_none_is_told_behind_its_day(books: Books, at: bytes) -> None:
    """On the last page, with all others of its file."""
    books.written(*(disclosure(ANNE.customer) for _ in range(5)), apart=60.0)
    (file,) = books.files
    lines = file.read_bytes().splitlines(keepends=True)
    for number in (4, 6):
        begin = lines[number - 1].index(b'"at":"') + 6
        lines[number - 1] = lines[number - 1][:begin] + at + lines[number - 1][begin + 27 :]
    file.write_bytes(b"".join(lines))
    found = by_pages(books, 2)
    assert [one.kind for one in found] == ["request"] * 3 + ["damaged"]
    assert found[-1].happened == {"file": file.name, "line": 4, "lines": 2}


def test_the_lines_of_much_damage_are_numbered_without_reading_the_file_for_each(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever damages ten thousand lines makes nobody read ten thousand files."""
    monkeypatch.setattr("gateway.audit.reading._PART", 1_000)
    books.written(disclosure(ANNE.customer))
    (file,) = books.files
    line = file.read_bytes().splitlines(keepends=True)[2].replace(b'"consumer":"', b'"consumer":')
    with file.open("ab") as opened:
        for number in range(500):
            opened.write(line.replace(b'"seq":2', b'"seq":%d' % (number + 3)))
    read, real = [0], Path.open

    class Noting:
        def __init__(self, opened: object) -> None:
            self.opened = opened

        def __enter__(self) -> Noting:
            return self

        def __exit__(self, *_: object) -> None:
            self.opened.close()  # type: ignore[attr-defined]

        def __getattr__(self, name: str) -> object:
            return getattr(self.opened, name)

        def read(self, size: int) -> bytes:
            taken: bytes = self.opened.read(size)  # type: ignore[attr-defined]
            read[0] += len(taken)
            return taken

    monkeypatch.setattr(Path, "open", lambda path, mode: Noting(real(path, mode)))
    found = by_pages(books, 1_000)
    assert [one.happened.get("line") for one in found] == [*range(503, 3, -1), None]
    assert read[0] < 4 * file.stat().st_size + 500 * 1_000
