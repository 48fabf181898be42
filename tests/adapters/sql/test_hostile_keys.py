"""Whatever a key, an argument or a cursor holds: the statement's text stays, and the answer is that of the very key."""

from __future__ import annotations

import asyncio
import json
import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from adapters.answers import Answer, Found, Missing, Page, SourceError
from adapters.sql import By, KeyType, SqlOffer
from adapters.sql.offers import statement_for
from schema.reasons import Reason
from tests.adapters.hostile import hostile_keys, table
from tests.adapters.sql.entries import Row, Store, offer_of, on_postgres, on_sqlite

NUMBERS = (
    *(
        "0",
        "1",
        "-1",
        "+1",
        "01",
        "1.0",
        "1e0",
        "0x1",
        " 1",
        "1 ",
        "1_0",
        "\uff11",
        "\u0661",
        "{1,2}",
        "1;2",
        "1,2",
        "1--",
    ),
    *(str(2**63 - 1), str(2**63), str(-(2**63)), "9" * 10_240, "NULL", "true", "ARRAY[1]", "1::text", "(SELECT 1)"),
)
"""What an integer column may take for one of its numbers, and must not."""

HOLDER = "holder of all"
"""The owner of one entry for each text that is stored, with the text as its title."""

SIZE = 50
"""How many keys are asked together, and how many single asks are under way."""

BY_TITLE = (By("title"), By("no", "bigint"))
FIELDS = ("no", "title")

Texts = Sequence[str]


def facts_of(key: str, key_type: KeyType) -> SqlOffer:
    plain: dict[str, Any] = {"serves": "Entry", "order_by": (), "sort": None, "max_page": None, "limits_per_key": False}
    return offer_of(**plain | {"key": key, "key_type": key_type, "absent": Missing, "filters": {}})


FACTS, NUMBERED = facts_of("owner", KeyType.TEXT), facts_of("no", KeyType.INTEGER)
PAGES = offer_of(order_by=BY_TITLE, max_page=SIZE)
LIST = offer_of(order_by=BY_TITLE, max_page=None, limits_per_key=False)


class Stored:
    """The texts that the table holds: each is an owner of one entry, numbered from 1, and a title of the holder's."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.numbers = {text: number for number, text in enumerate(texts, 1)}
        self.titles = sorted(texts)  # by code points, as both databases order here

    @property
    def rows(self) -> list[Row]:
        day = date(2020, 2, 29)
        own = [Row(text, day, f"of {number}", number) for text, number in self.numbers.items()]
        return own + [Row(HOLDER, day, text, -number) for text, number in self.numbers.items()]


def holds(text: str) -> bool:
    """Whether a text column can hold it; said anew, apart from the code that is tested."""
    return "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text)


def stored_of(texts: Texts) -> Stored:
    """Every ninth text that can stand in a row and in its index."""
    return Stored([text for text in texts[::9] if holds(text) and text.strip() and len(text) < 400])


def titles_of(answer: Answer) -> list[object]:
    assert isinstance(answer, Found), answer
    rows = answer.record.items if isinstance(answer.record, Page) else (answer.record,)
    return [row["title"] for row in rows]


def is_nothing(answer: Answer) -> bool:
    return answer == Missing() or (isinstance(answer, Found) and not titles_of(answer))


def is_refused(answer: Answer) -> bool:
    return isinstance(answer, SourceError) and answer.reason in (Reason.SOURCE_ERROR, Reason.CURSOR_INVALID)


def by_text(stored: Stored, text: str, answer: Answer) -> str:
    """Check what a text answers as a key of text, and return what became of it."""
    if not text.strip():
        assert answer == Missing() if not holds(text) else is_refused(answer)
        return "refused"
    if text in stored.numbers:
        assert titles_of(answer) == [f"of {stored.numbers[text]}"]
        return "found"
    assert is_nothing(answer)
    return "asked" if holds(text) else "refused"


def by_number(stored: Stored, text: str, answer: Answer) -> str:
    digits = text.removeprefix("-")
    is_number = digits.isdigit() and digits.isascii() and str(int(digits[:40])) == digits and text != "-0"
    if not is_number or not -(2**63) <= int(text) < 2**63:
        assert answer == Missing()
        return "refused"
    number = int(text)
    if 1 <= abs(number) <= len(stored.texts):
        assert titles_of(answer) == [f"of {number}" if number > 0 else stored.texts[-number - 1]]
        return "found"
    assert answer == Missing()
    return "asked"


@dataclass(frozen=True)
class Keys:
    """Texts as keys, many a call."""

    offer: SqlOffer
    check: Callable[[Stored, str, Answer], str]
    first: int | None = None

    def statements(self, store: Store) -> set[str]:
        return texts_of(store, self.offer, (), keys=SIZE)

    async def outcomes(self, store: Store, stored: Stored, texts: Texts) -> Mapping[str, str]:
        answers = await store.ask(self.offer, texts, first=self.first, fields=FIELDS)
        return {text: self.check(stored, text, answers[text]) for text in texts}


@dataclass(frozen=True)
class Values:
    """Texts as values of an argument: those of a list together, a single one in each call."""

    argument: str
    is_list: bool = False

    def statements(self, store: Store) -> set[str]:
        return texts_of(store, PAGES, (self.argument,))

    async def outcomes(self, store: Store, stored: Stored, texts: Texts) -> Mapping[str, str]:
        if not self.is_list:
            return dict(zip(texts, await together([self._single(store, stored, text) for text in texts]), strict=True))
        answers = await store.ask(PAGES, [HOLDER], first=SIZE, fields=FIELDS, arguments={self.argument: tuple(texts)})
        found = set(titles_of(answers[HOLDER]))
        assert found == set(texts) & stored.numbers.keys()
        return {text: "found" if text in found else "asked" if holds(text) else "refused" for text in texts}

    async def _single(self, store: Store, stored: Stored, text: str) -> str:
        answer = (await store.ask(PAGES, [HOLDER], first=2, fields=FIELDS, arguments={self.argument: text}))[HOLDER]
        if self.argument == "since":  # a day: PostgreSQL refuses other texts, SQLite compares them
            assert is_refused(answer) or set(titles_of(answer)) <= stored.numbers.keys()
            return "refused" if is_refused(answer) else "asked"
        return behind(stored, text, answer, bisect_left)


@dataclass(frozen=True)
class Cursors:
    """Texts as cursors, bare or where a cursor holds a value."""

    is_bare: bool

    def statements(self, store: Store) -> set[str]:
        return texts_of(store, PAGES, (), is_further=True)

    async def outcomes(self, store: Store, stored: Stored, texts: Texts) -> Mapping[str, str]:
        return dict(zip(texts, await together([self._single(store, stored, text) for text in texts]), strict=True))

    async def _single(self, store: Store, stored: Stored, text: str) -> str:
        after = text if self.is_bare else json.dumps([text, 1], ensure_ascii=False)
        answer = (await store.ask(PAGES, [HOLDER], first=2, fields=FIELDS, after=after))[HOLDER]
        if self.is_bare or len(after) > 2_048:
            assert is_refused(answer)
            return "refused"
        return behind(stored, text, answer, bisect_right)


def behind(stored: Stored, text: str, answer: Answer, place: Callable[[Sequence[str], str], int]) -> str:
    """Check that the answer begins with the stored text that comes next in order."""
    if not holds(text):
        assert is_refused(answer)
        return "refused"
    start = place(stored.titles, text)
    assert titles_of(answer) == stored.titles[start : start + 2]
    return "found" if text in stored.numbers else "asked"


async def together(asks: Sequence[Coroutine[Any, Any, str]]) -> Sequence[str]:
    return await asyncio.gather(*asks)


def texts_of(
    store: Store, offer: SqlOffer, given: tuple[str, ...], *, keys: int = 1, is_further: bool = False
) -> set[str]:
    """The texts that a statement has by its declaration: in SQLite one for each number of keys."""
    statement = statement_for(offer, FIELDS, given, is_further=is_further)
    return {statement.on_postgres()} if store.is_postgres else {statement.on_sqlite(n + 1) for n in range(keys)}


PLACEMENTS: Mapping[str, Keys | Values | Cursors] = {
    "facts": Keys(FACTS, by_text),
    "number": Keys(NUMBERED, by_number),
    "list": Keys(LIST, by_text),
    "page": Keys(PAGES, by_text, first=2),
    "one_of": Values("titles", is_list=True),
    "at_least": Values("title_from"),
    "day": Values("since"),
    "cursor": Cursors(is_bare=True),
    "in_cursor": Cursors(is_bare=False),
}


@contextmanager
def opened(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    place = on_sqlite(tmp_path / "b.db") if kind == "sqlite" else on_postgres(request.getfixturevalue("postgres"))
    with place as store:
        yield store


def texts(count: int) -> Iterator[tuple[str, str]]:
    yield from (("number", text) for text in NUMBERS)
    yield from ((family, key) for family, key in hostile_keys(count - len(NUMBERS)) if key not in NUMBERS)


async def counted(store: Store, count: int) -> str:
    """Ask all texts in every placement, check statements and answers, and return what became of them as a table."""
    counts: Counter[tuple[str, str]] = Counter()
    stored = stored_of([key for _, key in texts(4_000)])
    await store.put(stored.rows)
    statements = {name: placement.statements(store) for name, placement in PLACEMENTS.items()}
    generated = texts(count)
    while some := {key: family for family, key in islice(generated, SIZE)}:
        counts.update((family, "generated") for family in some.values())
        for name, placement in PLACEMENTS.items():
            store.heard.clear()
            outcomes = await placement.outcomes(store, stored, list(some))
            assert set(store.heard) <= statements[name], "a statement has another text than its declaration gives it"
            counts.update((name, outcome) for outcome in outcomes.values())
    assert await store.count() == len(stored.rows), "the table is not as it was"
    return _told(counts)


def _told(counts: Counter[tuple[str, str]]) -> str:
    of_families = {place: number for place, number in counts.items() if place[1] == "generated"}
    of_placements = {
        place: number for place, number in counts.items() if place[0] in PLACEMENTS and place not in of_families
    }
    return table(of_families, ("generated",)) + "\n\n" + table(of_placements, ("refused", "asked", "found"))


KINDS_OF_DATABASE = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@pytest.mark.parametrize("kind", KINDS_OF_DATABASE)
def test_hostile_keys_change_nothing_of_a_statement(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """As keys of text and of numbers, as values of arguments and as cursors."""
    with opened(kind, request, tmp_path) as store:
        printed = store.run(counted(store, 2_000))
    assert printed.splitlines()[-1].split()[0] == "all"


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS_OF_DATABASE)
def test_a_hundred_thousand_hostile_keys_change_nothing(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same, and the table of what was generated, what was refused without a call, asked, and found."""
    with opened(kind, request, tmp_path) as store:
        printed = store.run(counted(store, 100_100))
    with capsys.disabled():
        sys.stdout.write(f"\nHostile keys, arguments and cursors on {kind}, and what became of them\n{printed}\n")
    generated = printed.partition("\n\n")[0].splitlines()[-1].split()[1]
    assert int(generated.replace(",", "")) >= 100_000
