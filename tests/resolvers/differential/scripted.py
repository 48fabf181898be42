"""Sources and a cross-reference that answer by chance, and the same to the same question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from random import Random
from typing import Any, cast

from adapters.adapter import Batch, Call
from adapters.answers import (
    Answer,
    Denied,
    Facts,
    Found,
    Gone,
    Key,
    Missing,
    Page,
    ReplacedBy,
    SourceError,
)
from adapters.crossref import EVERYTHING, LinkedKey, Lookup, Restriction, Subject
from adapters.offers import Offer
from adapters.rows import Row
from schema.reasons import Place, Reason
from schema.verification import Assertion, Level
from tests.resolvers.differential.facts import FactMaker
from tests.resolvers.differential.rowed import as_row
from tests.resolvers.differential.worlds import World

__all__ = ["NOW", "Mood", "Script", "ScriptedCrossReference", "ScriptedSource"]

NOW = 1_000_000.0
"""The time of day, which stands still."""

_ASSERTED = ("1", "2", "3", "4")
"""By what customers are looked up of whom something is asserted."""

_FETCHED_AT = datetime(2026, 1, 1, tzinfo=UTC)
_ERRORS = tuple(SourceError(one, "secret") for one in Reason if one.place is Place.ERROR)
_FAILURES: Sequence[Answer] = (Missing(), Gone(), ReplacedBy("secret"), Denied(), *_ERRORS)
_SECRET: Any = "secret"
_NO_ANSWERS: Sequence[Any] = (
    None,
    _SECRET,
    {},
    Found(_SECRET, _FETCHED_AT),
    Found({}, _FETCHED_AT),
    Found(Page(()), _FETCHED_AT),
)


class Mood(Enum):
    """How the sources answer."""

    CLEAN = "all found, all of the right type"
    OUTAGE = "failed, absent and left out here and there"
    TROUBLED = "anything at all"


@dataclass
class Script:
    """What is said at present: changed between questions.

    `rows`: it is said by sources that give rows. `restricts`: of some customers fields are withheld. `answers` stand in
    place of what is made, by the offer's name and the key; facts stand for having been found. `subjects` are who they
    are, by the key with which they are looked up.
    """

    seed: str = ""
    mood: Mood = Mood.CLEAN
    rows: bool = False
    restricts: bool = False
    answers: Mapping[tuple[str, Key], Answer | Facts] = field(default_factory=dict)
    subjects: Mapping[str, Subject | None] = field(default_factory=dict)

    def chance(self, *about: object) -> Random:
        """The chance that belongs to one question."""
        return Random("|".join(map(str, (self.seed, *about))))

    def assertions(self) -> tuple[Assertion, ...]:
        """What is asserted of some of the customers: some so well, some too long ago."""
        chance = self.chance("assertions")
        keys = [key for key in _ASSERTED if chance.random() < 0.5]
        return tuple(
            Assertion(
                None, key, chance.choice(list(Level)), ("otp",), NOW - chance.choice((1, 5_000)), NOW + 1, "i", "i"
            )
            for key in keys
        )

    def other(self) -> Script:
        """A script of another mood, for the same sources."""
        chance = self.chance("other")
        mood = chance.choice([one for one in Mood if one is not self.mood])
        return replace(
            self, seed=f"{self.seed}+", mood=mood, restricts=mood is not Mood.CLEAN and chance.random() < 0.4
        )

    @property
    def strange(self) -> float:
        """The share of places at which something else stands."""
        if self.mood is not Mood.TROUBLED:
            return 0.0
        return self.chance("strange").choice((0.02, 0.1, 0.3))


@dataclass
class ScriptedSource:
    """An adapter whose answers are made when they are asked for; `rows` counts the records that were rows."""

    world: World
    source: str
    offers: Sequence[Offer]
    script: Script
    rows: int = 0

    async def fetch(self, batch: Batch, _call: Call) -> Mapping[Key, Answer]:
        chance = self.script.chance(self.source, batch.offer.name, "fetch")
        if self.script.mood is not Mood.CLEAN and chance.random() < 0.05:
            raise ValueError("secret")
        answers = {key: self._answer(batch, key) for key in batch.keys}
        if self.script.mood is not Mood.CLEAN and chance.random() < 0.1:
            answers.pop(chance.choice(batch.keys))
        return answers

    async def aclose(self) -> None:
        """Nothing to give back."""

    def _answer(self, batch: Batch, key: Key) -> Answer:
        offer, script = batch.offer, self.script
        given = script.answers.get((offer.name, key))
        if given is not None:
            return given if isinstance(given, Answer) else Found(given, _FETCHED_AT)
        chance = script.chance(self.source, offer.name, key, batch.slice)
        bad = 0.0 if script.mood is Mood.CLEAN else script.chance("bad").choice((0.1, 0.5, 1.0))
        if chance.random() < bad * 0.5:
            return chance.choice(_FAILURES)
        if script.mood is Mood.TROUBLED and chance.random() < 0.05:
            return cast("Answer", chance.choice(_NO_ANSWERS))
        types = self.world.schema.type_map if script.mood is Mood.CLEAN else None
        maker = FactMaker(self.world.model, chance, script.strange, types=types)
        if offer.is_list:
            return Found(self._page(batch, maker), _FETCHED_AT)
        return Found(self._record(batch, maker), _FETCHED_AT)

    def _record(self, batch: Batch, maker: FactMaker) -> Facts:
        offer = batch.offer
        type_name = self.world.model.coordinates[offer.serves].of if offer.is_list else offer.serves
        if offer.gives_rows and (self.script.mood is Mood.CLEAN or maker.chance.random() < 0.7):
            right = replace(maker, strange=0.0, has_gaps=maker.strange > 0).facts(type_name, offer.record, batch.fields)
            made = as_row(offer, batch.fields, right)
            self.rows += isinstance(made, Row)
            return made
        return maker.facts(type_name, offer.record, batch.fields)

    def _page(self, batch: Batch, maker: FactMaker) -> Page:
        """A page of as many entries as are asked for at most, or of more where anything goes."""
        chance, part = maker.chance, batch.slice
        most = 3 if part is None else min(3, part.first)
        items: list[Any] = [self._record(batch, maker) for _ in range(chance.randint(0, most))]
        if maker.strange and chance.random() < maker.strange:
            items.insert(0, chance.choice((None, "secret", {}, [], 7)))
        has_next = part is not None and chance.random() < 0.4
        return Page(items, f"at {len(items)}" if has_next else None, has_next)


@dataclass
class ScriptedCrossReference:
    """A cross-reference that knows most customers, each by its canonical id and by one key of any source."""

    world: World
    script: Script

    async def resolve(self, lookup: Lookup) -> Subject | None:
        return self._subject(lookup)

    async def resolve_many(self, lookups: Sequence[Lookup]) -> Sequence[Subject | None]:
        return [self._subject(lookup) for lookup in lookups]

    def _subject(self, lookup: Lookup) -> Subject | None:
        if lookup.key in self.script.subjects:
            return self.script.subjects[lookup.key]
        chance = self.script.chance("subject", lookup.key)
        if chance.random() < 0.1:
            return None
        keys = {source: self._linked(chance, source, lookup.key) for source in self.world.own}
        linked = {source: of_source for source, of_source in keys.items() if of_source}
        restrictions = (Restriction("test", self._restricted(chance)),) if self._is_restricted(chance) else ()
        return Subject(f"c{lookup.key}", lookup.source is None and chance.random() < 0.1, linked, restrictions)

    def _linked(self, chance: Random, source: str, key: str) -> tuple[LinkedKey, ...]:
        count = 1 if self.script.mood is Mood.CLEAN else chance.choice((0, 1, 1, 1, 2, 3))
        keys = [f"{source}-{key}", f"{source}-shared", f"{source}-{key}-old"][:count]
        return tuple(LinkedKey(one, f"link-{one}") for one in keys)

    def _is_restricted(self, chance: Random) -> bool:
        return self.script.restricts and chance.random() < 0.5

    def _restricted(self, chance: Random) -> frozenset[str]:
        named = chance.sample(self.world.restrictable, chance.randint(1, min(6, len(self.world.restrictable))))
        return frozenset([EVERYTHING] if chance.random() < 0.05 else named)
