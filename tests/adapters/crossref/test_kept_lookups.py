"""Look-ups that are kept: what is read, what is kept and for how long, over a finder and a watch that do as they are
told. What a real database's watch vouches for is tested beside each store."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from adapters.crossref import LinkedKey, Lookup, Restriction, SourceSystem, Subject
from adapters.crossref.database import Asked, Found
from adapters.crossref.kept_lookups import Kept, KeptLookups
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.reading import Reader
from tests.adapters.crossref.contract import ID_A, ID_B, SECRETS, SOURCES

A, B, NOBODY = Lookup("crm", "A1"), Lookup("crm", "B1"), Lookup("crm", "?")
PLENTY = 1_000_000


class Told:
    """A database and its watch: who has which key, what is restricted when, and which state that is."""

    def __init__(self) -> None:
        self.owners: dict[str, str] = {"A1": ID_A, "A2": ID_A, "B1": ID_B}
        self.restrictions: dict[str, list[tuple[str, str]]] = {}
        self.asked: list[list[str | None]] = []
        self.written, self.vouched = 1, True
        self.known: int | None = None  # what the watch has heard of, all of it unless this is told
        self.while_reading: list[Any] = []

    async def find(self, asked: Sequence[Asked], *, restricted_keys: bool = False) -> Found:
        self.asked.append([key for _, _, key in asked])
        state = self.written
        links = {}
        for position, source, key in asked:
            owner = self.owners.get(key or "") if source else key if key in self.owners.values() else None
            if owner:
                links[position] = [
                    (position, owner, "crm", one, None, f"lnk_{one}", False, 1)
                    for one in self.owners
                    if self.owners[one] == owner
                ]
        for act in self.while_reading:
            act()
        found = {rows[0][1] for rows in links.values()}
        return Found(links, [(one, *row) for one in found for row in self.restrictions.get(one, [])], state)

    async def sources(self) -> Mapping[str, SourceSystem]:
        return {source.name: source for source in SOURCES}

    async def check(self, keyring: Keyring) -> None:
        """Nobody else writes."""

    def state(self) -> int | None:
        return (self.known or self.written) if self.vouched else None

    def is_at(self, state: int | None) -> bool:
        return self.vouched and state == self.written

    def write(self) -> None:
        self.written += 1


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def kept() -> Kept:
    return Kept(PLENTY)


@pytest.fixture
def lookups(told: Told, kept: Kept) -> KeptLookups:
    reader = Reader(told, Keyring("default", SECRETS), {source.name: source for source in SOURCES})
    return KeptLookups(reader, told, kept)


def ids(subjects: Sequence[Subject | None]) -> list[str | None]:
    return [None if subject is None else subject.customer_id for subject in subjects]


async def test_what_is_kept_is_not_read_again(lookups: KeptLookups, told: Told) -> None:
    """By key and by id, somebody and nobody: the first time reads, the second does not, and answers the same."""
    asked = [A, Lookup(None, ID_B), NOBODY, A]
    first = await lookups.resolve_many(asked)
    assert await lookups.resolve_many(asked) == first
    assert ids(first) == [ID_A, ID_B, None, ID_A]
    assert told.asked == [["A1", ID_B, "?", "A1"]]


async def test_only_what_is_not_kept_is_read(lookups: KeptLookups, told: Told) -> None:
    """The rest of a batch comes from what is kept."""
    await lookups.resolve_many([A])
    assert ids(await lookups.resolve_many([B, A, NOBODY])) == [ID_B, ID_A, None]
    assert told.asked == [["A1"], ["B1", "?"]]
    assert await lookups.resolve_many([]) == []


async def test_without_a_watch_the_table_is_read(lookups: KeptLookups, told: Told, kept: Kept) -> None:
    """And what was read is not kept, for nobody would forget it."""
    await lookups.resolve_many([A])
    told.vouched = False
    assert ids(await lookups.resolve_many([A, B])) == [ID_A, ID_B]
    assert told.asked == [["A1"], ["A1", "B1"]]
    assert len(kept) == 1


async def test_an_answer_is_of_one_moment(lookups: KeptLookups, told: Told) -> None:
    """When somebody has written while the rest was read, what was kept is read too: who was two may be one."""
    await lookups.resolve_many([A])

    def merge() -> None:
        told.owners |= {"A1": ID_B, "A2": ID_B}
        told.while_reading.clear()

    told.while_reading.append(merge)
    told.known = 1
    told.written = 2
    assert ids(await lookups.resolve_many([A, B])) == [ID_B, ID_B]
    assert told.asked == [["A1"], ["B1"], ["A1", "B1"]]


async def test_what_is_out_of_date_when_it_comes_is_not_kept(lookups: KeptLookups, told: Told, kept: Kept) -> None:
    """Somebody has written while it was read: it answers, for it was so, but is not kept."""
    told.while_reading.append(told.write)
    assert ids(await lookups.resolve_many([A])) == [ID_A]
    assert (len(kept), kept.size) == (0, 0)


@pytest.mark.parametrize("times", [1, 2])
async def test_who_is_restricted_is_kept_as_answered(lookups: KeptLookups, told: Told, times: int) -> None:
    """Each restriction once, though it stands twice; with the keys, or without where everything is restricted. The
    second time nothing is left to be done: it is the first answer itself."""
    name, everything = Restriction("r", frozenset({"Customer.name"})), Restriction("a", frozenset({"*"}))
    told.restrictions[ID_A] = [("r", '["Customer.name"]')] * times
    told.restrictions[ID_B] = [("r", '["Customer.name"]')] * times + [("a", '["*"]')]
    first = await lookups.resolve_many([A, B])
    assert [one and (one.restrictions, sorted(one.keys)) for one in first] == [
        ((name,), ["crm"]),
        ((everything, name), []),
    ]
    again = await lookups.resolve_many([A, B])
    assert [one is other for one, other in zip(first, again, strict=True)] == [True, True]
    assert len(told.asked) == 1


async def test_the_keys_of_who_is_restricted_are_read_anew_each_time(lookups: KeptLookups, told: Told) -> None:
    """For whoever tends the table; what is kept for requests stays without them."""
    told.restrictions[ID_A] = [("a", '["*"]')]
    for restricted_keys, keys in ((False, []), (True, ["crm"]), (True, ["crm"]), (False, [])):
        (found,) = await lookups.resolve_many([A], restricted_keys=restricted_keys)
        assert found is not None
        assert sorted(found.keys) == keys
    assert len(told.asked) == 3


async def test_several_keys_of_one_source_are_kept(lookups: KeptLookups) -> None:
    """All of them, in their order."""
    for _ in range(2):
        (found,) = await lookups.resolve_many([A])
        assert found is not None
        assert found.keys == {"crm": (LinkedKey("A1", "lnk_A1"), LinkedKey("A2", "lnk_A2"))}


async def test_one_customer_is_forgotten_and_others_are_not(lookups: KeptLookups, told: Told, kept: Kept) -> None:
    """However the customer was asked for; and nobody is, for a key that was nobody's may be somebody's now."""
    await lookups.resolve_many([A, B, Lookup("crm", "A2"), Lookup(None, ID_A), NOBODY])
    kept.forget([ID_A])
    assert len(kept) == 1
    kept.forget([ID_A, None, ID_B])
    assert (len(kept), kept.size) == (0, 0)


async def test_who_is_restricted_is_forgotten_with_nobody(lookups: KeptLookups, told: Told, kept: Kept) -> None:
    """At the same writes, so that the time of the next answer tells nobody which of the two it was."""
    told.restrictions[ID_A] = [("r", '["*"]')]
    await lookups.resolve_many([A, B, NOBODY])
    kept.forget([])
    await lookups.resolve_many([A, B, NOBODY])
    assert told.asked[1:] == [["A1", "?"]]


async def test_all_is_forgotten(lookups: KeptLookups, kept: Kept) -> None:
    """Nothing is left, and keeping begins anew."""
    await lookups.resolve_many([A, B, NOBODY])
    kept.forget(None)
    assert (len(kept), kept.size) == (0, 0)
    await lookups.resolve_many([A])
    assert len(kept) == 1


async def test_what_was_asked_for_longest_ago_goes_first(told: Told) -> None:
    """When there is no room: asking for it again makes it the youngest."""
    kept = Kept(4000)
    reader = Reader(told, Keyring("default", SECRETS), {source.name: source for source in SOURCES})
    lookups = KeptLookups(reader, told, kept)
    one, two, three, four = (Lookup("crm", f"?{n}") for n in range(4))
    for lookup in (one, two, three, one, four):
        await lookups.resolve_many([lookup])
    assert (len(kept), kept.size <= 4000) == (3, True)
    told.asked.clear()
    await lookups.resolve_many([one, three, four])
    assert told.asked == []
    await lookups.resolve_many([two])
    assert told.asked == [["?1"]]


async def test_what_has_no_room_at_all_is_not_kept(told: Told) -> None:
    """It is answered all the same."""
    kept = Kept(10)
    reader = Reader(told, Keyring("default", SECRETS), {source.name: source for source in SOURCES})
    assert ids(await KeptLookups(reader, told, kept).resolve_many([A])) == [ID_A]
    assert (len(kept), kept.size) == (0, 0)


async def test_a_look_up_that_is_too_long_is_not_kept(lookups: KeptLookups, kept: Kept) -> None:
    """Nobody has such a key, and whoever asks for it again and again should not have the memory for it."""
    await lookups.resolve_many([Lookup("crm", "x" * 100_000), Lookup(None, "y" * 2000)])
    assert len(kept) == 0


async def test_keys_are_not_printed(lookups: KeptLookups, kept: Kept) -> None:
    """The repr tells how many are kept, and how large they are."""
    await lookups.resolve_many([A, Lookup("mail", "canary@example.org")])
    assert repr(kept) == f"Kept(2 look-ups, about {kept.size} bytes)"
    assert "canary" not in repr(kept._entries)
    assert "key=" not in repr([*kept._entries.values()])


@pytest.mark.parametrize("keys", [0, 1, 4, 40])
async def test_no_more_memory_is_taken_than_is_counted(told: Told, keys: int) -> None:
    """And not much less: what is counted is up to three times of what is taken."""
    owned = {f"{n:04}-{one:08}": f"cus_{n:032x}" for n in range(200) for one in range(max(keys, 1))}
    told.owners = owned if keys else {}
    kept = Kept(100 * PLENTY)
    reader = Reader(told, Keyring("default", SECRETS), {source.name: source for source in SOURCES})
    lookups = KeptLookups(reader, told, kept)
    await lookups.resolve_many([Lookup("crm", "warm")])
    tracemalloc.start()
    for n in range(200):
        await lookups.resolve_many([Lookup("crm", f"{n:04}-{0:08}")])
        told.asked.clear()
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken < kept.size < 3 * taken + 100_000
