"""A program that writes over several connections at once and tells what it asks and is answered, until it is killed.

    python -m tests.adapters.crossref.busy PLACE TENANT

It tells a line for each: see `Telling`. While the database is gone it asks again and again, and tells on standard error
after how many seconds it was refused, and why.
"""

from __future__ import annotations

import asyncio
import sys
import time

from adapters.crossref import Linked, StoreError, open_crossref
from tests.adapters.crossref.contract import SECRETS, Store
from tests.adapters.crossref.story import Ask, Story, Telling, loading, performed, telling_of

_CLIENTS = 3

_PAUSE = 0.02


async def busy(place: str, tenant: str) -> None:
    """Write as several clients of the tenant, each over a connection of its own."""
    stories = [telling_of(f"{tenant}-{number}") for number in range(_CLIENTS)]
    await asyncio.gather(*(_tell(place, tenant, story) for story in [*stories, loading(f"{tenant}-load")]))


async def _tell(place: str, tenant: str, story: Story) -> None:
    async with open_crossref(place, tenant=tenant, secrets=SECRETS) as store:
        ask = next(story)
        while True:
            _say(Telling.line(ask))
            answer = await _answer(store, ask)
            _say(Telling.line(ask, answer))
            ask = story.send(answer)


async def _answer(store: Store, ask: Ask) -> Linked:
    while True:
        began = time.monotonic()
        try:
            return await performed(store, ask)
        except StoreError as error:
            sys.stderr.write(f"{time.monotonic() - began} {error}\n")
            await asyncio.sleep(_PAUSE)


def _say(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(busy(*sys.argv[1:]))
