"""Random steps of two stores over one database: each of them writes, looks up, and is held against a third that keeps
nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from hypothesis import strategies

from adapters.crossref import ConflictError, InputError, Lookup, Restriction, Subject
from adapters.crossref.kept_lookups import Kept, KeptLookups
from tests.adapters.crossref.contract import Store

KEYS = [("crm", "a"), ("crm", "b"), ("crm", "c"), ("mail", "a@x.example"), ("mail", "b@x.example")]
_RESTRICTION = Restriction("r", frozenset({"Customer.name"}))


PLENTY = 1_000_000


class SteppedTicks:
    """Seconds that stand still until they are told to go."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Twice:
    """Asks for everything twice, so that the second answer is of what is kept, and gives that one."""

    def __init__(self, kept: KeptLookups) -> None:
        self._kept = kept

    async def resolve_many(self, lookups: Sequence[Lookup], **more: bool) -> Sequence[Subject | None]:
        first = await self._kept.resolve_many(lookups, **more)
        assert await self._kept.resolve_many(lookups, **more) == first
        return first


def kept_of(store: Store) -> Kept:
    assert isinstance(store._reader, KeptLookups)
    return store._reader._kept


@dataclass(frozen=True)
class Step:
    """What the store of this number does: a write of some kind about two keys, a look-up of some, or nothing."""

    store: int
    kind: str
    one: int
    other: int
    asked: tuple[int, ...]


_KEY = strategies.integers(0, len(KEYS) - 1)
_KINDS = ("look", "look", "look", "wait", "link", "link", "unlink", "merge", "undo", "split", "restrict", "lift")

STEPS = strategies.lists(
    strategies.builds(
        Step,
        strategies.integers(0, 1),
        strategies.sampled_from((*_KINDS, "relink", "replace", "erase")),
        _KEY,
        _KEY,
        strategies.lists(strategies.integers(0, 11), min_size=1, max_size=6).map(tuple),
    ),
    min_size=10,
    max_size=30,
)


class Play:
    """The customers that there have been, and the last merge."""

    def __init__(self, plain: Store) -> None:
        self._plain = plain
        self._ids: dict[str, None] = {}
        self._merge = 0

    @property
    def everything(self) -> list[Lookup]:
        """Every look-up that may find somebody, and some that never do."""
        return [*(Lookup(*key) for key in KEYS), *(Lookup(None, one) for one in self._ids), Lookup("crm", "nobody")]

    def asked(self, step: Step) -> list[Lookup]:
        every = self.everything
        return [every[place % len(every)] for place in step.asked]

    async def snapshot(self) -> dict[Lookup, Subject | None]:
        """What the tables say now."""
        every = self.everything
        return dict(zip(every, await self._plain.resolve_many(every), strict=True))

    async def write(self, store: Store, step: Step) -> None:
        """Write, or be refused."""
        act = _ACTS[step.kind]
        with suppress(InputError, ConflictError):
            await act(self, store, step)

    async def owner(self, place: int) -> str:
        subject = await self._plain.resolve(Lookup(*KEYS[place]))
        return "" if subject is None else subject.customer_id

    async def link(self, store: Store, step: Step) -> None:
        customer = await self.owner(step.other) or None
        self._ids[(await store.link(*KEYS[step.one], customer, asserted_by="t")).customer] = None

    async def unlink(self, store: Store, step: Step) -> None:
        await store.unlink(*KEYS[step.one], actor="t")

    async def relink(self, store: Store, step: Step) -> None:
        await store.relink(*KEYS[step.one], await self.owner(step.other), actor="t")

    async def replace(self, store: Store, step: Step) -> None:
        source, new = KEYS[step.one]
        await store.replace_key(source, KEYS[step.other][1], new, actor="t")

    async def merge(self, store: Store, step: Step) -> None:
        one, other = await self.owner(step.one), await self.owner(step.other)
        self._merge = (await store.merge(one, other, actor="t")).seq

    async def undo(self, store: Store, step: Step) -> None:
        await store.undo_merge(self._merge, actor="t")

    async def split(self, store: Store, step: Step) -> None:
        self._ids[(await store.split(await self.owner(step.one), [KEYS[step.one]], actor="t")).customer] = None

    async def restrict(self, store: Store, step: Step) -> None:
        await store.restrict(await self.owner(step.one), _RESTRICTION, actor="t")

    async def lift(self, store: Store, step: Step) -> None:
        await store.lift(await self.owner(step.one), "r", actor="t")

    async def erase(self, store: Store, step: Step) -> None:
        await store.erase(await self.owner(step.one), actor="t")


_ACTS: dict[str, Callable[[Play, Store, Step], Awaitable[None]]] = {
    name: getattr(Play, name)
    for name in ("link", "unlink", "relink", "replace", "merge", "undo", "split", "restrict", "lift", "erase")
}


def is_of(found: Sequence[Subject | None], asked: Sequence[Lookup], said: dict[Lookup, Subject | None]) -> bool:
    """Return whether this is what the tables said once."""
    return all(subject == said.get(lookup) for lookup, subject in zip(asked, found, strict=True))
