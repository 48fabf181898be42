"""Implementations that are wrong in ways in which one easily is: the machine of the invariants finds each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any

import pytest

from adapters.crossref import CrossReferenceError, amending, stored
from adapters.crossref.identifiers import identifying
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.ledger import Ledger
from adapters.crossref.operations import (
    erasing,
    idempotency,
    merging,
    moving,
    noting_identifiers,
    replacing,
    splitting,
    undoing,
    unlinking,
)
from adapters.crossref.operations.candidates import open_candidate
from adapters.crossref.operations.linking import Wish
from adapters.crossref.operations.moving import close_links, current_link
from adapters.crossref.operations.writes import Write
from adapters.crossref.past import as_of
from adapters.crossref.sqlite.database import SqliteConnection
from tests.adapters.crossref.houses import SqliteHouse
from tests.adapters.crossref.machine import run_machine

pytestmark = pytest.mark.no_cover  # it would take twice as long, and the tests of each part cover the same

Wrong = tuple[object, str, Callable[[Any], object]]
"""A module or class, the name of what is wrong in it, and the wrong one made of the right one."""

HAD_BY_ANOTHER = """
SELECT c.link_id, c.source_id FROM link AS o JOIN link AS c ON c.tenant_id = o.tenant_id AND c.source_id = o.source_id
 AND c.key_lookup = o.key_lookup AND c.valid_to IS NULL WHERE o.link_id = ? AND c.customer_id <> ?
"""


def nothing(found: object) -> Callable[[Any], object]:
    """Return what makes a function that finds this, whatever it is asked."""

    def made(_: Any) -> object:
        async def wrong(*_: object, **__: object) -> object:
            return found

        return wrong

    return made


def without_last(right: Callable[..., list[object]]) -> object:
    return lambda moves: right(moves)[:-1]


def without_redirects(right: Callable[..., Awaitable[Any]]) -> object:
    @wraps(right)
    async def wrong(*given: Any) -> object:
        return replace(await right(*given), repointed=())

    return wrong


def with_what_moved_on(right: Callable[..., Awaitable[tuple[Any, ...]]]) -> object:
    async def wrong(ledger: Ledger, merged: Any, holder: str) -> tuple[Any, ...]:
        given_back = list(await right(ledger, merged, holder))
        for origin in merged.brought.values():
            for link, source in await ledger.connection.fetch(HAD_BY_ANOTHER, origin, holder):
                given_back.append(undoing._Return(link, ledger.new_id("lnk"), origin, source, is_live=True))
        return tuple(given_back)

    return wrong


def the_direct_ones(_: object) -> object:
    async def wrong(descent: Any, link: str) -> str | None:
        origin: str | None = descent._merged.brought.get(link)
        return origin

    return wrong


def without_deleting(table: str) -> Callable[[Any], object]:
    """Return what makes a connection that leaves the rows of this table."""

    def made(right: Callable[..., Awaitable[None]]) -> object:
        async def wrong(connection: SqliteConnection, statement: str, rows: Sequence[Sequence[object]]) -> None:
            if not statement.startswith(f"DELETE FROM {table} "):
                await right(connection, statement, rows)

        return wrong

    return made


def stealing(right: Callable[..., Awaitable[Any]]) -> object:
    async def wrong(ledger: Ledger, wish: Wish) -> Any:
        for entry in wish.keys:
            link = await current_link(ledger, entry)
            if link is not None and wish.customer is not None:
                await close_links(ledger, [link.link_id], ledger.head[0] + 1)
                ledger.give(entry.source, link.lookup, None)
        return await right(ledger, wish)

    return wrong


def without_answers(_: object) -> object:
    async def wrong(ledger: Ledger, write: Write, work: Callable[[Ledger], Awaitable[Any]]) -> Any:
        return await work(ledger)

    return wrong


def without_ends(statement: str) -> str:
    return statement.replace("valid_to > ?", "? IS NOT NULL")


def the_current_form(right: Callable[..., Sequence[str]]) -> object:
    return lambda keyring, source, key: right(keyring, source, key)[:1]


def the_version_as_it_is(_: object) -> object:
    async def wrong(ledger: Ledger, customer: str, seq: int, **_: object) -> int:
        row = await ledger.connection.fetch_one(
            "UPDATE customer SET changed_seq = ? WHERE tenant_id = ? AND customer_id = ? RETURNING version",
            *(seq, ledger.tenant, customer),
        )
        assert row is not None
        return int(row[0])

    return wrong


def the_first(statement: str) -> str:
    return statement.replace("LIMIT ?", f"LIMIT ? - {identifying.MOST_ROWS}")


def without_what_others_have(right: Callable[..., Awaitable[Any]]) -> object:
    async def wrong(*given: Any) -> Any:
        sight = await right(*given)
        return None if sight and sight.others else sight

    return wrong


async def the_superseded_of_now(_: object, __: str, links: Sequence[Any], ___: str) -> set[str]:
    return {link.link_id for link in links if link.is_superseded}


async def a_conflict_of_its_own(*given: Any) -> object:
    return replace(await open_candidate(*given), candidate_id=None)


WRONGS: dict[str, Wrong] = {
    "a key replaces another past a non-match": (replacing, "forbidden", nothing([])),
    "a key moves past a non-match": (moving, "forbidden", nothing([])),
    "a merge asks for no limit": (merging, "_excess", nothing([])),
    "a merge leaves redirects two steps long": (merging, "_plan", without_redirects),
    "a merge does not tell all that it moves": (merging, "told_moves", without_last),
    "an undone merge leaves the ids that came with it": (undoing, "_repointed", nothing(())),
    "an undone merge takes back what was relinked": (undoing, "_returns", with_what_moved_on),
    "an undone merge gives back what has not moved since": (undoing._Descent, "origin", the_direct_ones),
    "a link steals the key of another": (stored, "assign", stealing),
    "a split asks for no non-match": (splitting, "moving_conflict", nothing(None)),
    "a split forgets the restrictions": (splitting, "standing_restrictions", nothing(set())),
    "an erasure leaves what opens commitments": (SqliteConnection, "execute_many", without_deleting("event_secret")),
    "an erasure leaves digests": (SqliteConnection, "execute_many", without_deleting("identifier_hash")),
    "an erasure leaves candidates": (SqliteConnection, "execute_many", without_deleting("match_candidate")),
    "an erasure leaves non-matches": (erasing, "forget_non_matches", nothing([])),
    "an expected version is not looked at": (unlinking, "version_conflict", lambda _: lambda *_: None),
    "a version is not counted": (Ledger, "touch", the_version_as_it_is),
    "a write is made twice under one idempotency key": (amending, "answered", without_answers),
    "an idempotency key serves any write": (idempotency, "_digest", lambda _: lambda *_: b""),
    "a conflict opens no candidate": (moving, "open_candidate", lambda _: a_conflict_of_its_own),
    "keys sealed with an older secret are not found": (Keyring, "lookup_forms", the_current_form),
    "an identifier of several is the first one's": (identifying, "_FOUND", the_first),
    "what another has is not noted": (noting_identifiers, "_look", without_what_others_have),
    "links of the past have no end": (as_of, "_OWNERS", without_ends),
    "the past is read from the present": (as_of, "superseded_at", lambda _: the_superseded_of_now),
}


SELDOM = {
    "an undone merge gives back what has not moved since",
    "an undone merge takes back what was relinked",
    "a key replaces another past a non-match",
    "a split asks for no non-match",
    "an undone merge leaves the ids that came with it",
    "an erasure leaves candidates",
    "an erasure leaves non-matches",
    "an expected version is not looked at",
}
"""What takes the machine many runs; the contract has a test that finds each of them at once."""

OFTEN = [name for name in WRONGS if name not in SELDOM]


BEST = {
    "a conflict opens no candidate": 13,
    "an identifier of several is the first one's": 6,
    "what another has is not noted": 9,
}
"""The series that finds it soonest, of what the first one does not find: it is run ahead of the others."""


@pytest.mark.parametrize("name", OFTEN)
def test_what_is_wrong_is_found(name: str, template: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the machine blind to it, so it would be to a mistake of that kind."""
    find(WRONGS[name], template, monkeypatch, series=25, best=BEST.get(name, 1))


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(SELDOM))
def test_what_is_seldom_wrong_is_found(name: str, template: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is here, in the many runs that `make test-long` makes."""
    find(WRONGS[name], template, monkeypatch, series=150)


def find(wrong: Wrong, template: bytes, monkeypatch: pytest.MonkeyPatch, *, series: int, best: int = 1) -> None:
    """Run the machine until it fails, in short series: each begins anew, where a long one varies what it has had."""
    place, name, made = wrong
    monkeypatch.setattr(place, name, made(getattr(place, name)))

    def look() -> None:
        for number in (best, *range(1, series + 1)):
            run_machine(lambda: SqliteHouse(template), examples=20, number=number, is_to_fail=True)

    with pytest.raises((AssertionError, CrossReferenceError)):
        look()
