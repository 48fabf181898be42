"""Lists of SQL sources in pages and with arguments: what is read is what a naive reading of the table gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.answers import Answer, Found, Key, Missing, Page, SourceError
from adapters.offers import KeyForm
from adapters.sql import By, SqlOffer
from schema.reasons import Reason
from tests.adapters.sql.entries import KINDS, Direction, Kind, Row, Store, offer_of, on_postgres, on_sqlite

OWNERS = ("a", "A", "O'Hara; --", "Ünïcödé-漢字-🙂")
TITLES = ("", "b", "B", "ab", "é", "漢", "🙂", "a'b\" OR 1=1", "\\", "{1}")
DAYS = tuple(date(2020, 2, day) for day in range(26, 30))

OFFER, BY_ONE = offer_of(), offer_of(limits_per_key=False)
WHOLE, IN_ONE_WAY = offer_of(max_page=None, limits_per_key=False), offer_of(sort=None)
WITHOUT_NUMBER = offer_of(order_by=(By("day", "date"), "title"))
FOLDED = offer_of(key_form=KeyForm.UPPER)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    if request.param == "sqlite":
        place = on_sqlite(tmp_path_factory.mktemp("entries") / "entries.db")
    else:
        place = on_postgres(request.getfixturevalue("postgres"))
    with place as store:
        yield store


@pytest.fixture(autouse=True)
def _unheard(store: Store) -> None:
    store.heard.clear()


@st.composite
def tables(draw: st.DrawFn, *, nulls: bool = False, numbers: st.SearchStrategy[int] | None = None) -> list[Row]:
    days = st.sampled_from(DAYS) | st.none() if nulls else st.sampled_from(DAYS)
    titles = st.sampled_from(TITLES) | st.none() if nulls else st.sampled_from(TITLES)
    rows = st.tuples(st.sampled_from(OWNERS), days, titles, st.sampled_from("oc"))
    return [
        Row(owner, day, title, number if numbers is None else draw(numbers), kind)
        for number, (owner, day, title, kind) in enumerate(
            draw(st.lists(rows, min_size=draw(st.sampled_from((0, 12, 30))), max_size=40))
        )
    ]


SORTS = st.sampled_from((*Direction, None))
FILTERS = st.fixed_dictionaries({"sort": SORTS}) | st.fixed_dictionaries(
    {"sort": SORTS},
    optional={
        "kinds": st.lists(st.sampled_from(Kind), max_size=3).map(tuple) | st.none(),
        "titles": st.lists(st.sampled_from(TITLES), max_size=4).map(tuple),
        "numbers": st.lists(st.integers(-1, 40), max_size=20).map(tuple),
        "since": st.sampled_from(DAYS),
        "until": st.sampled_from(DAYS),
        "title_from": st.sampled_from(TITLES),
    },
)


def matches(row: Row, arguments: Mapping[str, Any]) -> bool:
    """Whether a row is in the list, as one would say it in Python; a null is compared with nothing."""
    given = {name: value for name, value in arguments.items() if value is not None}
    return (
        ("kinds" not in given or row.kind in [KINDS[kind] for kind in given["kinds"]])
        and ("titles" not in given or row.title in given["titles"])
        and ("numbers" not in given or row.no in given["numbers"])
        and ("since" not in given or (row.day is not None and row.day >= given["since"]))
        and ("until" not in given or (row.day is not None and row.day < given["until"]))
        and ("title_from" not in given or (row.title is not None and row.title >= given["title_from"]))
    )


def oracle(rows: Sequence[Row], owner: str, arguments: Mapping[str, Any]) -> list[Mapping[str, object]]:
    """The list of an owner, read naively."""
    mine = [row for row in rows if row.owner == owner and matches(row, arguments)]
    mine.sort(
        key=lambda row: (row.day or date.min, row.title or "", row.no), reverse=arguments.get("sort") is Direction.DOWN
    )
    return [row.facts for row in mine]


def page(answer: Answer) -> Page:
    assert isinstance(answer, Found), answer
    assert isinstance(answer.record, Page)
    return answer.record


async def walked(store: Store, offer: SqlOffer, key: Key, firsts: Sequence[int], arguments: Mapping[str, Any]) -> Any:
    """The entries of all pages, of these sizes in turn; or the error that one of them was."""
    entries: list[Mapping[str, object]] = []
    after: str | None = None
    for turn in range(100):
        first = firsts[turn % len(firsts)]
        answer = (await store.ask(offer, [key], first=first, after=after, arguments=arguments))[key]
        if isinstance(answer, SourceError):
            return answer
        found = page(answer)
        assert len(found.items) == first or not found.has_next
        assert found.has_next <= (found.end_cursor is not None)
        entries += found.items
        if not found.has_next:
            return entries
        after = found.end_cursor
    pytest.fail("a list went on and on")


@settings(max_examples=40, deadline=None)
@given(tables(), FILTERS, st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_pages_join_to_the_list(
    store: Store, rows: Sequence[Row], arguments: Mapping[str, Any], firsts: Sequence[int]
) -> None:
    """Whatever is in the table, however long the pages, in both directions, with any filters: nothing lost or twice."""

    async def check() -> None:
        await store.put(rows)
        wanted = {owner: oracle(rows, owner, arguments) for owner in OWNERS}
        for owner in OWNERS:
            assert await walked(store, OFFER, owner, firsts, arguments) == wanted[owner]
        first = await store.ask(OFFER, OWNERS, first=firsts[0], arguments=arguments)
        assert {key: list(page(answer).items) for key, answer in first.items()} == {
            owner: entries[: firsts[0]] for owner, entries in wanted.items()
        }
        for offer in (OFFER, BY_ONE, WHOLE):
            whole = await store.ask(offer, OWNERS, arguments=arguments)
            assert {key: list(page(answer).items) for key, answer in whole.items()} == wanted

    store.run(check())


@settings(max_examples=40, deadline=None)
@given(tables(nulls=True), FILTERS, st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_a_row_with_a_null_in_the_order_is_never_lost_in_silence(
    store: Store, rows: Sequence[Row], arguments: Mapping[str, Any], firsts: Sequence[int]
) -> None:
    """Its own list is an error before the end is reached; the lists of other keys are whole."""

    async def check() -> None:
        await store.put(rows)
        for owner in OWNERS:
            wanted = oracle(rows, owner, arguments)
            got = await walked(store, OFFER, owner, firsts, arguments)
            if any(None in (entry["day"], entry["title"]) for entry in wanted):
                assert isinstance(got, SourceError)
                assert got.reason is Reason.SOURCE_ERROR
            else:
                assert got == wanted

    store.run(check())


@pytest.mark.parametrize("sort", Direction)
@pytest.mark.parametrize("column", ["day", "title"])
@pytest.mark.parametrize("place", range(9))
def test_a_null_is_met_wherever_it_stands(store: Store, sort: Direction, column: str, place: int) -> None:
    """First or last, beside equals or apart: databases put nulls at either end, and a later page never at all."""
    rows = [Row("a", DAYS[no // 3], TITLES[no // 2], no) for no in range(9)]
    rows[place] = replace(rows[place], day=None) if column == "day" else replace(rows[place], title=None)
    store.run(store.put([*rows, Row("b", DAYS[0], "t", 1)]))
    for firsts in ([1], [2], [4], [8]):
        assert isinstance(store.run(walked(store, OFFER, "a", firsts, {"sort": sort})), SourceError)
    assert isinstance(store.run(store.ask(OFFER, ["a", "b"], first=9, arguments={"sort": sort}))["b"], Found)


@settings(max_examples=40, deadline=None)
@given(tables(numbers=st.just(1)), st.lists(st.integers(1, 9), min_size=1, max_size=4), st.sampled_from(Direction))
def test_rows_that_the_order_does_not_tell_apart_are_never_lost_in_silence(
    store: Store, rows: Sequence[Row], firsts: Sequence[int], sort: Direction
) -> None:
    """Where a page would end between two of them the list is an error; where none does it is whole."""

    async def check() -> None:
        await store.put(rows)
        for owner in OWNERS:
            got = await walked(store, WITHOUT_NUMBER, owner, firsts, {"sort": sort})
            wanted = oracle(rows, owner, {"sort": sort})
            if not isinstance(got, SourceError):
                assert [(one["day"], one["title"]) for one in got] == [(one["day"], one["title"]) for one in wanted]

    store.run(check())


def many(owners: int, each: int) -> list[Row]:
    return [Row(f"K{owner}", DAYS[no % 4], f"t{no % 3}", no) for owner in range(owners) for no in range(each)]


def test_a_page_of_fifty_keys_is_one_statement(store: Store) -> None:
    """Keys that have none are answered too."""
    store.run(store.put(many(49, 9)))
    keys = [f"K{owner}" for owner in range(50)]
    answers = store.run(store.ask(OFFER, keys, first=3, arguments={"sort": Direction.DOWN}))
    assert len(store.heard) == 1
    assert {len(page(answer).items) for answer in answers.values()} == {0, 3}
    assert page(answers["K49"]) == Page(())
    assert all(page(answer).has_next for key, answer in answers.items() if key != "K49")


def test_the_second_page_of_fifty_keys_is_one_statement_where_they_end_alike(store: Store) -> None:
    """One place serves every key of a call; each gets what is behind it in its own list."""
    rows = many(50, 9)
    store.run(store.put(rows))
    keys = [f"K{owner}" for owner in range(50)]
    after = page(store.run(store.ask(OFFER, keys, first=3))["K0"]).end_cursor
    store.heard.clear()
    answers = store.run(store.ask(OFFER, keys, first=4, after=after))
    assert len(store.heard) == 1
    assert [list(page(answers[key]).items) for key in keys] == [oracle(rows, key, {})[3:7] for key in keys]


def test_more_than_a_page_is_asked_key_by_key(store: Store) -> None:
    """As `most_calls` says: one statement for the first pages, then the further pages of each key."""
    store.run(store.put(many(5, 9)))
    keys = [f"K{owner}" for owner in range(5)]
    answers = store.run(store.ask(OFFER, keys, first=8))
    assert {len(page(answer).items) for answer in answers.values()} == {8}
    assert len(store.heard) == OFFER.most_calls(5, 8) == 6
    store.heard.clear()
    store.run(store.ask(BY_ONE, keys, first=4))
    assert len(store.heard) == BY_ONE.most_calls(5, 4) == 5


def test_a_row_that_comes_or_goes_moves_no_other(store: Store) -> None:
    """A page goes on behind the last row that was given, not behind a number of rows."""
    rows = [Row("a", DAYS[0], "t", no) for no in range(2, 10)]
    store.run(store.put(rows))
    first = page(store.run(store.ask(OFFER, ["a"], first=3))["a"])
    store.run(store.put([Row("a", DAYS[0], "t", 1), *rows[1:2], *rows[3:]]))
    second = page(store.run(store.ask(OFFER, ["a"], first=3, after=first.end_cursor))["a"])
    assert [one["no"] for one in (*first.items, *second.items)] == [2, 3, 4, 5, 6, 7]


def test_an_order_that_cannot_be_turned_round_is_read_forward(store: Store) -> None:
    """Without `sort` the offer takes no such argument."""
    store.run(store.put(many(1, 5)))
    assert IN_ONE_WAY.takes == OFFER.takes - {"sort"}
    assert page(store.run(store.ask(IN_ONE_WAY, ["K0"], first=2))["K0"]).items[0]["day"] == DAYS[0]
    refused = store.run(store.ask(IN_ONE_WAY, ["K0"], first=2, arguments={"sort": Direction.DOWN}))
    assert refused["K0"] == SourceError(Reason.SOURCE_ERROR, "the offer does not take an argument that was given")


def test_spellings_of_one_key_have_one_page(store: Store) -> None:
    """Keys are matched in their normal form, and so is a row that no page can place."""
    store.run(store.put([Row("A", DAYS[0], "t", 1), Row("B", None, "t", 1)]))
    answers = store.run(store.ask(FOLDED, ["A", "a", "B"], first=2))
    assert answers["a"] == answers["A"]
    assert isinstance(answers["B"], SourceError)


CURSORS = (
    "",
    "null",
    "{}",
    "[]",
    '["2020-02-26","t"]',
    '["2020-02-26","t",1,1]',
    '["2020-02-26",null,1]',
    '["2020-02-26",["t"],1]',
    '["2020-02-26","\\u0000",1]',
    '["2020-02-26","\\ud800",1]',
    '["2020-02-26","t",9223372036854775808]',
    '["2020-02-26","t",NaN]',
    '["2020-02-26","t",1',
    "[" * 2_000,
    '["2020-02-26","t",' + "1" * 2_000 + "]",
    '["2020-02-26","' + "t" * 3_000 + '",1]',
)


@pytest.mark.parametrize("cursor", CURSORS)
def test_what_the_adapter_never_gave_is_no_cursor(store: Store, cursor: str) -> None:
    """It is refused before a statement is sent."""
    answer = store.run(store.ask(OFFER, ["a"], first=2, after=cursor))["a"]
    assert answer == SourceError(Reason.CURSOR_INVALID, "the place to go on behind is none that the adapter gives")
    assert store.heard == []


def test_a_cursor_with_values_of_other_types_costs_its_own_answer(store: Store) -> None:
    """It is compared, or refused by the database; it is never part of the statement."""
    store.run(store.put(many(1, 9)))
    answers = [
        store.run(store.ask(OFFER, ["K0"], first=2, after=f'["x\' OR 1=1 --","t",{no}]')) for no in (1, 1.5, '"x"')
    ]
    assert all(isinstance(answer["K0"], SourceError) or not page(answer["K0"]).items for answer in answers)
    assert len(set(store.heard)) == 1
    assert len(page(store.run(store.ask(OFFER, ["K0"], first=2))["K0"]).items) == 2


def test_an_order_of_long_values_has_no_place(store: Store) -> None:
    """A cursor is sent back by clients; a value of thousands of characters is none to go on behind."""
    store.run(store.put([Row("a", DAYS[0], "t" * 3_000, 1), Row("b", DAYS[0], "t", 1)]))
    answers = store.run(store.ask(OFFER, ["a", "b"], first=2))
    assert isinstance(answers["a"], SourceError)
    assert len(page(answers["b"]).items) == 1


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        ({"kinds": ()}, []),
        ({"kinds": (Kind.LOST,)}, []),
        ({"kinds": Kind.CLOSED}, [2]),
        ({"kinds": None, "since": None}, [1, 2]),
        ({"kinds": (None,)}, []),
        ({"titles": ("\ud800", "a\0b", None)}, []),
        ({"numbers": ("2", 1, 2**70)}, [1, 2]),
        ({"since": DAYS[1], "until": DAYS[1]}, []),
        ({"since": datetime(2020, 2, 27, tzinfo=UTC)}, [2]),
    ],
)
@pytest.mark.parametrize("offer", [OFFER, WHOLE], ids=["pages", "whole"])
def test_an_argument_leaves_the_rows_that_it_names(
    store: Store, offer: SqlOffer, arguments: Mapping[str, Any], numbers: Sequence[int]
) -> None:
    """No value matches no row, a null leaves them all, and so does every value that no column can hold."""
    store.run(store.put([Row("a", DAYS[0], "x", 1, "o"), Row("a", DAYS[2], "y", 2, "c")]))
    answer = store.run(store.ask(offer, ["a", "b"], arguments=arguments))["a"]
    assert [one["no"] for one in page(answer).items] == numbers


@pytest.mark.parametrize(
    ("arguments", "detail"),
    [
        ({"since": "\0"}, "an argument's value is none that a column can be compared with"),
        (
            {"since": datetime.fromisoformat("2020-02-27T00:00:00")},
            "an argument's value is none that a column can be compared with",
        ),
        ({"since": Kind.OPEN}, "an argument's value is none that a column can be compared with"),
        ({"numbers": tuple(range(1_001))}, "an argument has more values than a statement takes"),
        ({"other": None}, "the offer does not take an argument that was given"),
        ({"other": 1}, "the offer does not take an argument that was given"),
    ],
)
def test_an_argument_that_cannot_be_bound_is_an_error(store: Store, arguments: Mapping[str, Any], detail: str) -> None:
    """No statement is sent, and the detail tells nothing of the value."""
    answer = store.run(store.ask(OFFER, ["a"], first=2, arguments=arguments))["a"]
    assert answer == SourceError(Reason.SOURCE_ERROR, detail)
    assert store.heard == []


def test_statements_are_few_whatever_is_asked(store: Store) -> None:
    """A text follows from offer, fields, names of filters, direction, and whether it is a first page."""
    store.run(store.put(many(3, 9)))
    for first in (1, 2, 3, 4):
        for titles in ((), ("t0",), ("t0", "t1", "x' OR 1=1 --")):
            answer = store.run(store.ask(OFFER, ["K0"], first=first, arguments={"titles": titles}))["K0"]
            after = page(answer).end_cursor
            if after is not None:
                store.run(store.ask(OFFER, ["K0"], first=first, after=after, arguments={"titles": titles}))
    assert len(store.heard) > 12
    assert len(set(store.heard)) == 2


def test_a_key_that_no_column_holds_has_no_page(store: Store) -> None:
    """It is Missing without a statement, and the others have theirs."""
    store.run(store.put(many(1, 9)))
    answers = store.run(store.ask(OFFER, ["K0", "\0", "\ud800"], first=1))
    assert (answers["\0"], answers["\ud800"]) == (Missing(), Missing())
    assert len(page(answers["K0"]).items) == 1
