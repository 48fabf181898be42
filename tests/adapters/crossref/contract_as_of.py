"""The part of the contract that concerns look-ups as of a time of the past."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters.crossref import (
    ConflictError,
    HkdfSecrets,
    IdentifierType,
    InputError,
    Lookup,
    Restriction,
    SecretError,
    Subject,
    Writing,
)
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    ID_C,
    SECRETS,
    START,
    Backdoor,
    CrossReferenceContract,
    Open,
    SteppedClock,
    Store,
    close,
    keys_of,
    register_all,
    rows_of,
)

IDS = (ID_A, ID_B, ID_C)
ASKED = [
    *(Lookup(None, one) for one in IDS),
    *(Lookup("crm", key) for key in ("C1", "C2", "C3", "C4")),
    *(Lookup("billing", key) for key in ("B1", "B2", "B3")),
    *(Lookup("mail", key) for key in ("a@example.org", "b@example.org")),
]
BY: Writing = {"actor": "steward"}


def restriction(ground: str) -> Restriction:
    return Restriction(ground, frozenset({"Customer.segment"}))


class AsOfContract(CrossReferenceContract):
    """The part of the contract that concerns look-ups as of a time of the past."""

    @pytest.fixture
    async def two(self, store: Store) -> Store:
        await rows_of(store, [(ID_A, {"crm": ["C1"], "mail": ["a@example.org"]}), (ID_B, {"crm": ["C2"]})])
        return store

    async def test_the_past_is_what_was_answered_then(self, two: Store, clock: SteppedClock) -> None:
        """After each operation everybody is looked up; afterwards each of these times still answers the same."""
        steps: list[Callable[[], Awaitable[object]]] = [
            lambda: self.link(two, "billing", "B1", ID_B),
            lambda: two.restrict(ID_B, restriction("first"), **BY),
            lambda: two.merge(ID_B, ID_A, **BY),
            lambda: rows_of(two, [(ID_C, {"crm": ["C3"]})]),
            lambda: two.replace_key("crm", "C2", "C4", **BY),
            lambda: two.merge(ID_A, ID_C, **BY),
            lambda: two.restrict(ID_C, restriction("second"), **BY),
            lambda: two.replace_key("crm", "C3", "C1", **BY),
            lambda: two.replace_key("crm", "C1", "C3", **BY),
        ]
        await self.compared(two, clock, steps)
        merged = [one.seq for one in await two.changes(0) if one.type == "customers.merged"]
        later: list[Callable[[], Awaitable[object]]] = [
            lambda: two.undo_merge(merged[0], **BY),
            lambda: two.lift(ID_C, "first", **BY),
            lambda: two.unlink("crm", "C3", **BY),
            lambda: two.relink("billing", "B1", ID_C, **BY),
            lambda: two.split(ID_C, [("billing", "B1")], None, **BY),
            lambda: two.undo_merge(merged[1], **BY),
        ]
        await self.compared(two, clock, later)

    async def compared(
        self, store: Store, clock: SteppedClock, steps: Sequence[Callable[[], Awaitable[object]]]
    ) -> None:
        """Take the steps, a second apart; look everybody up after each, and again as of each of the times."""
        then: dict[datetime, Sequence[Subject | None]] = {}
        for step in steps:
            clock.go(seconds=1)
            await step()
            then[clock.now] = await store.resolve_many(ASKED)
        clock.go(seconds=1)
        for at, answers in then.items():
            assert await store.resolve_many(ASKED, as_of=at) == answers, at
            assert await store.resolve_many(ASKED, as_of=at + timedelta(milliseconds=999)) == answers, at

    @pytest.mark.parametrize("seed", range(3))
    async def test_the_past_stays_whatever_is_done(self, store: Store, clock: SteppedClock, seed: int) -> None:
        """Forty operations in any order, those refused included."""
        await rows_of(store, [(one, {"crm": [f"C{n}"], "billing": [f"B{n}"]}) for n, one in enumerate(IDS, 1)])
        pick = random.Random(seed)
        await self.compared(store, clock, [lambda: self.any_of(store, pick) for _ in range(40)])

    async def any_of(self, store: Store, pick: random.Random) -> None:
        key, other = pick.choice(("C1", "C2", "C3", "C4")), pick.choice(("C1", "C2", "C3", "C4"))
        one, two = pick.sample(IDS, 2)
        merges = [change.seq for change in await store.changes(0) if change.type == "customers.merged"]
        acts: list[Callable[[], Awaitable[object]]] = [
            lambda: self.link(store, "crm", key, one),
            lambda: store.unlink("crm", key, **BY),
            lambda: store.relink("crm", key, one, **BY),
            lambda: store.replace_key("crm", key, other, **BY),
            lambda: store.split(one, [("crm", key)], None, **BY),
            lambda: store.restrict(one, restriction(key), **BY),
            lambda: store.lift(one, key, **BY),
            *[lambda: store.merge(one, two, **BY)] * 2,
            *[lambda: store.undo_merge(pick.choice(merges or [1]), **BY)] * 3,
        ]
        try:
            await pick.choice(acts)()
        except (ConflictError, InputError):
            return

    async def test_nobody_is_known_before_they_came(self, two: Store, clock: SteppedClock) -> None:
        """Before the first link there is no customer, by key or id; from its very moment on there is."""
        clock.go(days=1)
        asked = [Lookup("crm", "C1"), Lookup(None, ID_A)]
        assert await two.resolve_many(asked, as_of=START - timedelta(microseconds=1)) == [None, None]
        found = await two.resolve(Lookup("crm", "C1"), as_of=START)
        assert found is not None
        assert (found.customer_id, keys_of(found, "mail")) == (ID_A, ["a@example.org"])

    async def test_any_zone_will_do(self, two: Store, clock: SteppedClock) -> None:
        """A time is that moment, however it is written."""
        clock.go(days=1)
        zone = timezone(timedelta(hours=-7))
        assert await two.resolve(Lookup("crm", "C1"), as_of=START.astimezone(zone)) is not None
        assert await two.resolve(Lookup("crm", "C1"), as_of=datetime(1, 1, 1, tzinfo=UTC)) is None

    @pytest.mark.parametrize(
        ("at", "said"),
        [
            (START.replace(tzinfo=None), "zone"),
            (datetime.min.replace(tzinfo=timezone(timedelta(hours=5))), "zone"),
            (START + timedelta(microseconds=1), "has not come"),
        ],
    )
    async def test_what_is_no_time_of_the_past_is_refused(self, two: Store, at: datetime, said: str) -> None:
        """The future is not known, and a time without a zone is none."""
        with pytest.raises(InputError, match=said):
            await two.resolve(Lookup("crm", "C1"), as_of=at)

    async def test_an_identifier_has_no_past(self, two: Store) -> None:
        """Digests are kept as they are seen last."""
        with pytest.raises(InputError, match="of the present"):
            await two.resolve(Lookup(None, "a@example.org", IdentifierType.EMAIL), as_of=START)

    async def test_who_was_erased_was_never_there(self, two: Store, clock: SteppedClock) -> None:
        """By key, by id, and by an id that was merged into theirs: unknown at all times."""
        await two.merge(ID_B, ID_A, **BY)
        clock.go(days=1)
        await two.erase(ID_A, **BY)
        clock.go(days=1)
        asked = [Lookup("crm", "C1"), Lookup("crm", "C2"), Lookup(None, ID_A), Lookup(None, ID_B)]
        for at in (START, START + timedelta(days=1)):
            assert await two.resolve_many(asked, as_of=at) == [None] * 4

    async def test_who_is_retired_was_never_there(self, two: Store, backdoor: Backdoor, clock: SteppedClock) -> None:
        """As in the present; nothing tells since when."""
        clock.go(days=1)
        close(backdoor, ID_A, "retired")
        assert await two.resolve(Lookup(None, ID_A), as_of=START) is None

    @pytest.mark.parametrize("key", ["", "C1\x00", "C1\ud800", "x" * 5000, "%", "' OR 1=1 --"])
    async def test_hostile_keys_were_nobodys(self, two: Store, key: str) -> None:
        """What cannot be a key finds nobody in the past, beside a look-up that finds somebody."""
        asked = [Lookup("crm", key), Lookup(None, key), Lookup("nowhere", key), Lookup("crm", "C1")]
        assert [one is None for one in await two.resolve_many(asked, as_of=START)] == [True, True, True, False]
        assert await two.resolve_many([], as_of=START) == []

    async def test_a_batch_of_any_size_is_answered(self, store: Store) -> None:
        """However many are asked, each gets its own answer."""
        await rows_of(store, [(None, {"crm": [f"K{n}"]}) for n in range(250)])
        answers = await store.resolve_many([Lookup("crm", f"K{n}") for n in range(250)], as_of=START)
        assert [keys_of(answer, "crm") for answer in answers] == [[f"K{n}"] for n in range(250)]

    async def test_tenants_have_a_past_of_their_own(self, two: Store, open_for: Open) -> None:
        """The same key and the same ids in another tenant are others."""
        other = await open_for("other")
        await register_all(other)
        await rows_of(other, [(ID_A, {"crm": ["C9"]}), (ID_B, {})])
        await two.merge(ID_A, ID_B, **BY)
        asked = [Lookup("crm", "C1"), Lookup(None, ID_A)]
        by_key, by_id = await other.resolve_many(asked, as_of=START)
        assert by_key is None
        assert by_id is not None
        assert (by_id.customer_id, keys_of(by_id, "crm")) == (ID_A, ["C9"])

    async def test_a_key_of_then_needs_its_secret(self, two: Store, open_for: Open, clock: SteppedClock) -> None:
        """Sealed with a version that no live key needs any more: the store opens, and the past says what it lacks."""
        clock.go(days=1)
        await two.unlink("mail", "a@example.org", **BY)
        newer = await open_for(secrets=HkdfSecrets({2: b"two secret of thirty-two bytes.."}))
        assert await newer.resolve(Lookup("crm", "C1")) is not None
        with pytest.raises(SecretError, match="got version 1"):
            await newer.resolve(Lookup("crm", "C1"), as_of=START)
        again = await open_for(secrets=SECRETS)
        found = await again.resolve(Lookup("mail", "A@example.org"), as_of=START)
        assert found is not None
        assert found.customer_id == ID_A
