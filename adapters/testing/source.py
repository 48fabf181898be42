"""What the contract suite needs to know of a source: how to fill it, how to spoil it, and what it saw."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from adapters.adapter import Adapter
from adapters.answers import Facts, Key
from adapters.offers import Offer
from adapters.records import Record, source_fields

__all__ = ["HOSTILE_KEYS", "Misbehaviour", "SeenCall", "SourceUnderTest", "every_field"]

HOSTILE_KEYS: tuple[Key, ...] = (
    "a/b",
    "a\\b",
    "../../admin",
    "a%2Fb",
    "a%b",
    "a?b=c&d=e",
    "a#b",
    "a;b:c@d",
    "a,b",
    "a b+c",
    "a'b\" OR 1=1 --",
    "{key}",
    "%s $1 :a",
    "a\r\nX-Injected: 1",
    "a\tb",
    "Ünïcödé-漢字-🙂",
    "null",
    "0",
    "007",
    "x" * 200,
)
"""Keys of text that have broken clients before: separators, encodings, line ends, SQL, templates, length."""


class Misbehaviour(StrEnum):
    """What a source can be told to do wrong. "The first key" is the first of those that the call asks."""

    SHUFFLED = "shuffled"
    """Records come back in another order than asked, the first one last."""
    FOREIGN = "foreign"
    """In place of the first key's record comes one, well formed, of a key that was not asked."""
    DUPLICATED = "duplicated"
    """The first key's record comes twice."""
    SPOILED = "spoiled"
    """One value in the first key's record, not its key, has a type that the model does not allow."""
    REFUSED = "refused"
    """The first key that was `put` is answered by an error, in a protocol that can say so for one key."""
    DOWN = "down"
    """Every call fails."""
    GARBAGE = "garbage"
    """Every call is answered by what is no answer of this protocol."""
    SLOW = "slow"
    """Every call arrives, is seen, and is answered only after several seconds, or never."""


@dataclass(frozen=True, slots=True)
class SeenCall:
    """One call as the source saw it: how many keys, and which of its own fields were asked.

    `fields` holds the source's own names, the echoed key's included; None where the protocol cannot ask for fields.
    """

    keys: int
    fields: frozenset[str] | None = None


class SourceUnderTest(ABC):
    """An adapter together with the source it asks, made ready for one test.

    `can` names the ways in which the source can be told to misbehave; a test of another way is skipped, and the skip
    says so. `missing_is_known` is for protocols that say themselves that a key does not exist (HTTP's 404): then such a
    key is Missing, whatever the offer declares about keys that an answer leaves out.
    """

    adapter: Adapter
    offer: Offer
    can: frozenset[Misbehaviour] = frozenset(Misbehaviour)
    missing_is_known: bool = False
    hostile_keys: Sequence[Key] = HOSTILE_KEYS
    arguments: tuple[tuple[str, object], ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the fields to ask: dotted paths in the record's words, sorted; all of the record's by default."""
        return tuple(sorted(every_field(self.offer.record)))

    def key(self, number: int) -> Key:
        """Return the key with this number; numbers stand for distinct keys in the offer's normal form."""
        return f"K-{number:04}"

    @abstractmethod
    async def put(self, keys: Sequence[Key]) -> None:
        """Make the source hold records for exactly these keys, such that `facts` says what they mean.

        A list offer's source holds one row or more for each key, and no more than one page of them.
        """

    async def put_list(self, key: Key, rows: int) -> None:
        """Make the source hold a list of so many rows for the key, beside the lists of other keys; `facts` tells them.

        All rows differ, from key to key too. Only asked for offers whose lists have pages.
        """
        raise NotImplementedError(f"got an offer with pages, of {rows} rows; its source overrides put_list()")

    @abstractmethod
    def facts(self, key: Key) -> Facts | Sequence[Facts]:
        """Return what the model should get for a key that was `put`: values for all of `fields`, in the types declared.

        At least one value differs from key to key, so that a mixed-up record shows. For a list offer: the rows, in
        the source's order.
        """

    @abstractmethod
    async def seen(self) -> Sequence[SeenCall]:
        """Return the calls that have reached the source so far, oldest first, those not yet answered included."""

    async def misbehave(self, how: Misbehaviour | None) -> None:
        """From now on misbehave in this way; None is good behaviour again. Only ways in `can` are asked for."""
        raise NotImplementedError(f"got {how!r}; a source that can misbehave overrides misbehave()")

    async def wait_until_seen(self, calls: int) -> None:
        """Return when this many calls have reached the source."""
        async with asyncio.timeout(5):
            while len(await self.seen()) < calls:  # noqa: ASYNC110  the source tells nobody; it is asked
                await asyncio.sleep(0.002)

    def asked_of_source(self, fields: Sequence[str]) -> frozenset[str]:
        """Return the source's own fields that a call for these fields should ask: theirs, and the echoed key's."""
        key = self.offer.key
        echoed = () if key is None else (key if isinstance(key, str) else str(key.path[0]),)
        return frozenset((*source_fields(self.offer.record, fields), *echoed))


def every_field(record: type[Record], prefix: str = "") -> list[str]:
    """Return the dotted paths of all fields of a record declaration that hold values, nested ones included."""
    paths: list[str] = []
    for name in record.model_fields:
        nested = record.record_nested(name)
        paths += [prefix + name] if nested is None else every_field(nested, f"{prefix}{name}.")
    return paths
