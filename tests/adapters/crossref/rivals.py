"""A program of rivals, who write about the same few keys at once, whatever stands in the way.

    python -m tests.adapters.crossref.rivals PLACE SEED SECONDS

It tells how often each operation was made and what was refused, as a JSON object.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from adapters.crossref import ConflictError, InputError, Linked, Lookup, StoreError, open_crossref
from tests.adapters.crossref.contract import SECRETS, Store

__all__ = ["OPERATIONS"]

_RIVALS = 2
_KEYS = [(source, key) for source in ("crm", "billing", "one", "mail") for key in "abc"]


class Rival:
    """One who writes over a connection of its own. It remembers its merges, to undo them some day."""

    def __init__(self, store: Store, name: str, told: Counter[str]) -> None:
        self.store, self.name, self.told = store, name, told
        self.chance = random.Random(name)
        self.merges: list[int] = []

    async def write_until(self, moment: float) -> None:
        names = sorted(OPERATIONS)
        while time.monotonic() < moment:
            name = self.chance.choice(names)
            try:
                await OPERATIONS[name](self)
            except (ConflictError, InputError) as error:
                self.told[str(error).partition(":")[0]] += 1
            except StoreError as error:
                self.told[f"StoreError {error}"] += 1
            else:
                self.told[name] += 1

    def key(self) -> tuple[str, str]:
        return self.chance.choice(_KEYS)

    async def customer(self) -> str:
        """Return somebody who has a key; nobody's id where none is linked."""
        found = await self.store.resolve_many([Lookup(*key) for key in _KEYS])
        several = sorted({subject.customer_id for subject in found if subject is not None})
        return self.chance.choice(several or ["cus_" + "0" * 32])

    async def link(self) -> Linked:
        return await self.store.link(*self.key(), asserted_by=self.name)

    async def link_to(self) -> Linked:
        return await self.store.link(*self.key(), await self.customer(), asserted_by=self.name)

    async def unlink(self) -> Linked:
        return await self.store.unlink(*self.key(), actor=self.name)

    async def relink(self) -> Linked:
        return await self.store.relink(*self.key(), await self.customer(), actor=self.name)

    async def replace_key(self) -> Linked:
        source, old = self.key()
        return await self.store.replace_key(source, old, self.chance.choice("abc"), actor=self.name)

    async def merge(self) -> None:
        merged = await self.store.merge(await self.customer(), await self.customer(), actor=self.name, force=True)
        self.merges.append(merged.seq)

    async def undo_merge(self) -> Linked:
        return await self.store.undo_merge(self.chance.choice([*self.merges[-3:], 1]), actor=self.name)

    async def split(self) -> Linked:
        return await self.store.split(await self.customer(), [self.key()], actor=self.name)

    async def erase(self) -> None:
        if self.chance.random() < 0.1:
            await self.store.erase(await self.customer(), actor=self.name)

    async def assert_non_match(self) -> Linked:
        return await self.store.assert_non_match(Lookup(*self.key()), Lookup(*self.key()), actor=self.name)

    async def clear_non_match(self) -> Linked:
        return await self.store.clear_non_match(Lookup(*self.key()), Lookup(*self.key()), actor=self.name)

    async def accept(self) -> None:
        for candidate in await self.store.candidates(limit=1):
            await self.store.accept(candidate.candidate_id, actor=self.name, force=True)

    async def load(self) -> None:
        if self.chance.random() > 0.1:
            return
        (one, key), (other, also) = self.key(), self.key()
        await self.store.load([(None, {one: [key]}), (None, {one: [key], other: [also]})], actor=self.name)


OPERATIONS: Mapping[str, Callable[[Rival], Awaitable[object]]] = {
    operation.__name__: operation
    for operation in (
        *(Rival.link, Rival.link_to, Rival.unlink, Rival.relink, Rival.replace_key, Rival.merge, Rival.undo_merge),
        *(Rival.split, Rival.erase, Rival.assert_non_match, Rival.clear_non_match, Rival.accept, Rival.load),
    )
}
"""What rivals do, by name."""


async def rival(place: str, seed: str, seconds: str) -> Counter[str]:
    """Write until so many seconds from now, and return what came of it."""
    told, until = Counter[str](), time.monotonic() + float(seconds)

    async def one(number: int) -> None:
        async with open_crossref(place, secrets=SECRETS) as store:
            await Rival(store, f"rival-{seed}-{number}", told).write_until(until)

    await asyncio.gather(*map(one, range(_RIVALS)))
    return told


if __name__ == "__main__":
    json.dump(asyncio.run(rival(*sys.argv[1:])), sys.stdout)
