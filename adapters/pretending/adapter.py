"""A source that has everything: it makes up what a view lists, the same for the same key every time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from graphql import Undefined

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Facts, Found, Key, Page
from adapters.offers import Offer
from adapters.pretending.chance import SEPARATOR, Chance
from adapters.pretending.gates import gate_answers
from adapters.pretending.imagining import Imagination
from adapters.pretending.offers import make_offers
from adapters.pretending.wishes import Wishing, Word
from schema.directives import CANONICAL
from schema.model import Coordinate, Model
from schema.observer import Sent, tell
from schema.views import View

__all__ = ["PretendingAdapter", "pretending_adapters"]

_ANSWERS: Final = "sandbox"
_FEWEST, _MOST = 3, 48
"""How many entries a made-up list has that is read in pages: often more than a page."""

_FROM: Final = ("from", "since", "after", "min", "least")
_BEFORE: Final = ("before", "until", "to", "max", "most")
_OLDEST: Final = frozenset({"OLDEST", "ASC", "ASCENDING"})
_ORDERS: Final = _OLDEST | {"NEWEST", "DESC", "DESCENDING"}


def pretending_adapters(
    view: View, model: Model, wishing: Wishing, *, nulls: float = 0.0
) -> tuple[PretendingAdapter, ...]:
    """Return adapters for everything that the view lists, the one that answers first, and for its look-ups.

    `nulls` is the share of the fields that may be null which are null, from 0 to 1.
    """
    others = [name for name in view.lookups if name not in (CANONICAL, _ANSWERS)]
    imagination, gates = Imagination(model, wishing, nulls), gate_answers(view)
    answering = PretendingAdapter(_ANSWERS, make_offers(view, model), imagination, wishing, gates)
    return answering, *(PretendingAdapter(name, (), imagination, wishing, gates) for name in others)


@dataclass(frozen=True, slots=True)
class PretendingAdapter:
    """Answers every key with made-up facts, and with what the key wishes for; `gates` are answered alike for all."""

    source: str
    offers: Sequence[Offer]
    imagination: Imagination = field(repr=False)
    wishing: Wishing = field(repr=False)
    gates: Mapping[str, Sequence[Facts]] = field(repr=False)

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        """Return made-up facts for every key; it waits as long as the slowest of the keys wishes."""
        started = time.perf_counter()
        seconds = max((self.wishing.of(_customer(key)).seconds for key in batch.keys), default=0.0)
        if seconds:
            await asyncio.sleep(seconds)
        now = datetime.now(UTC)
        answers = {key: Found(self._record(batch, key), now) for key in batch.keys}
        spent = time.perf_counter() - started
        tell(call.observer, Sent(self.source, batch.offer.name, batch.fields, len(batch.keys), spent))
        return answers

    async def aclose(self) -> None:
        """Nothing is held."""

    def _record(self, batch: Batch, key: Key) -> Any:
        if batch.offer.serves in self.gates:
            return Page(self.gates[batch.offer.serves])
        offer, wishes = batch.offer, self.wishing.of(_customer(key))
        if not offer.is_list:
            return self.imagination.facts(offer.record, offer.serves, key, batch.fields, wishes)
        coordinate = self.imagination.model.coordinates[offer.serves]
        seeds = [] if wishes.at.get(offer.serves) is Word.EMPTY else self._entries(batch, coordinate, key)
        start, count = _slice(batch, len(seeds))
        taken = seeds[start : start + count]
        items = tuple(self.imagination.facts(offer.record, coordinate.of, seed, batch.fields, wishes) for seed in taken)
        marks = tuple((place, str(start + place)) for place in range(1, len(items) + 1))
        end = start + len(items)
        return Page(items, str(end), end < len(seeds), marks)

    def _entries(self, batch: Batch, coordinate: Coordinate, key: Key) -> list[str]:
        """Return the seeds of a list's entries, in its order, those left out that the arguments do not let pass."""
        count = _FEWEST + Chance(key).number("entries", _MOST - _FEWEST + 1)
        seeds = [f"{key}{SEPARATOR}{place}" for place in range(count)]
        for argument, read, wanted in self._arguments(batch, coordinate):
            values = {seed: self.imagination.value_of(read, seed) for seed in seeds}
            if _is_order(wanted):
                is_falling = _OLDEST.isdisjoint(wanted.name.split("_"))
                seeds.sort(key=lambda seed, values=values: values[seed], reverse=is_falling)  # type: ignore[misc]
            else:
                seeds = [seed for seed in seeds if _passes(argument, values[seed], wanted)]
        return seeds

    def _arguments(self, batch: Batch, coordinate: Coordinate) -> Iterator[tuple[str, Coordinate, Any]]:
        """Yield the arguments that filter or order, each with the field that it reads and its value, the usual one of
        those that are not given: a list has its order for whoever does not choose one too."""
        model, given = self.imagination.model, dict(batch.arguments)
        owner: Any = model.schema.type_map[coordinate.type_name]
        for name, one in coordinate.arguments.items():
            usual = owner.fields[coordinate.field_name].args[name].default_value
            wanted = given.get(one.python_name, None if usual is Undefined else usual)
            if one.reads is not None and wanted is not None:
                yield one.python_name, model.coordinates[one.reads], wanted


def _customer(seed: str) -> str:
    return Chance(seed).customer.seed


def _slice(batch: Batch, length: int) -> tuple[int, int]:
    if batch.slice is None:
        return 0, length
    return int(batch.slice.after or 0), batch.slice.first


def _is_order(wanted: Any) -> bool:
    name = getattr(wanted, "name", None)
    return isinstance(name, str) and not _ORDERS.isdisjoint(name.split("_"))


def _passes(argument: str, value: Any, wanted: Any) -> bool:
    words = argument.split("_")
    if isinstance(wanted, (list, tuple)):
        return value in wanted
    if any(word in _FROM for word in words):
        return bool(value >= wanted)
    if any(word in _BEFORE for word in words):
        return bool(value < wanted)
    return bool(value == wanted)
