"""The adapter interface: how one source is asked, in one method on a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from adapters.answers import Answer, Denied, Key
from adapters.offers import Offer
from schema.deadline import Deadline
from schema.observer import NOBODY, Observer, UnderWay
from schema.tracing import Trace

__all__ = ["Adapter", "Batch", "Call", "Permit", "Slice"]


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a list is asked: `first` entries at most, behind `after`, or from the beginning.

    `after` is a cursor that the adapter itself gave as `Page.end_cursor` for the very keys that it is asked with.
    """

    first: int
    after: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """Keys asked of one offer with one projection and one set of arguments. Made by the engine.

    `fields` are dotted paths in the words of the offer's record (`name.given`, `segment`), sorted. `arguments` are
    (name, value) pairs by their Python names, sorted by name, without those that were left out; every value can be
    hashed: a list is a tuple, an input object a tuple of such pairs. `slice` is the part of a list that is asked, of
    every key; None for facts and for a whole list. `keys` are distinct, in the order in which they were asked for;
    there may be more of them than the offer takes in one call: the adapter splits them.
    """

    offer: Offer
    fields: tuple[str, ...]
    keys: tuple[Key, ...] = field(repr=False)
    arguments: tuple[tuple[str, object], ...] = field(default=(), repr=False)
    slice: Slice | None = None


class Permit(Protocol):
    """Says which keys may be asked at this moment: a customer's consent holds for a second from when it was read."""

    def denied(self, keys: Sequence[Key]) -> Mapping[Key, Denied] | None:
        """Return those of the keys that may not be asked now, with their answers; None: that has to be found out anew.

        It is asked right before the first byte of each call, whatever the call has waited for: with its connection in
        hand. On None the connection is given back before `renew` is awaited, and another one is taken afterwards.
        """

    async def renew(self) -> None:
        """Return when it was found out anew, or cannot be by the request's deadline. It may need calls of its own."""


@dataclass(frozen=True, slots=True)
class Call:
    """What goes with a batch: until when, on whose credential, and what the source may be told.

    `purpose` is the view's purpose as a W3C DPV term. `observer` is told of every call on the wire. `permit` says which
    keys may be asked, None where nothing has to let them. `trace` is the place in a trace under which calls are made,
    None where the request is not sampled, and `traceparent` what the source is told of it, set for each call on the
    wire. Where calls wait for their turn, those that are urgent go before the others. `attempt` is how often the call
    was sent before. `under_way` holds the calls that are on the wire just now, where somebody wants to know: who leaves
    before they have ended has asked nevertheless.
    """

    deadline: Deadline
    purpose: str
    credential: str | None = field(default=None, repr=False)
    case: str | None = field(default=None, repr=False)
    trace: Trace | None = field(default=None, repr=False)
    traceparent: str | None = None
    is_urgent: bool = True
    observer: Observer = field(default=NOBODY, repr=False)
    permit: Permit | None = field(default=None, repr=False)
    attempt: int = 0
    under_way: set[UnderWay] | None = field(default=None, repr=False, compare=False)


class Adapter(Protocol):
    """Our code for one source.

    An adapter that has a `forwards_credential` which is false is never given the caller's credential, and its calls may
    be shared by several callers. One that has none is given it, and no call with one is shared.
    """

    @property
    def source(self) -> str:
        """The source's name, as the cross-reference and the views spell it."""

    @property
    def offers(self) -> Sequence[Offer]:
        """What the source can answer."""

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        """Ask the source for every key of the batch and return one answer a key.

        An answer is matched by the key that its record echoes, never by position. A failure that concerns some keys
        is the answer of those keys; nothing but a programming error and cancellation is raised. A key that is not in
        the mapping counts as SourceError(SOURCE_INCOMPLETE). Right before the first byte of each call, when its
        connection is had, `call.permit` says which keys may be asked; the protocol bases ask it.
        """

    async def aclose(self) -> None:
        """Give back connections. Called once, when the gateway stops."""
