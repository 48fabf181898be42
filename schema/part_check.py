"""The parts of a view's file held against one another: whether what they demand together can hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from schema.deadline import for_sources
from schema.directives import CANONICAL
from schema.dpv import parents
from schema.problems import Level as Weight
from schema.problems import Problem
from schema.verification import Level
from schema.view_files import LoadedView
from schema.view_processing import KEPT_BY_NOBODY
from schema.views import View

__all__ = ["verify_parts"]

_KEEPS = frozenset({"Copy", "Download", "Export", "Record", "Store"})
"""Ways of processing after which whoever received the data has a copy of it."""

_CROSS_BORDER = "CrossBorderTransfer"


def verify_parts(loaded: LoadedView, today: date | None = None) -> Iterator[Problem]:
    """Yield which parts contradict one another or say nothing; whether the view is served is not looked at without a
    day."""
    checking = _Checking(loaded, loaded.view)
    yield from checking.verification()
    yield from checking.single()
    yield from checking.bound()
    yield from checking.relationship()
    yield from checking.interaction()
    yield from checking.break_glass()
    yield from checking.purposes()
    yield from checking.processing()
    yield from checking.validity(today)


@dataclass(frozen=True, slots=True)
class _Checking:
    loaded: LoadedView
    view: View

    def verification(self) -> Iterator[Problem]:
        """Yield why nobody could be verified for the view, or nobody need be."""
        view, place = self.view, ("verification",)
        if view.verification is None:
            return
        if view.situation.interaction is None:
            got = "verification, and a situation without an interaction"
            wanted = "the interaction told: an assertion holds for one interaction alone"
            yield self._at(place, got, wanted, "add `interaction: required` to `situation:`")
        if not view.subject.bound and all(rule.min is Level.V0 for rule in view.fields.values()):
            got, wanted = "verification, which nothing in the view asks for", "a field with min, or a bound subject"
            yield self._at(place, got, wanted, "give fields a level, or remove `verification:`", Weight.NOTE)

    def single(self) -> Iterator[Problem]:
        """Yield that a limit says more than can be asked."""
        most = self.view.limits.customers
        if self.view.subject.mode is not None and most > 1:
            got, wanted = f"customers: {most}, and subject: {{mode: single}}", "customers: 1, which is what holds"
            mend = "write `customers: 1`, or remove `mode: single`"
            yield self._at(("limits", "customers"), got, wanted, mend, Weight.NOTE)

    def bound(self) -> Iterator[Problem]:
        """Yield what a bound view would have to look up before it refuses, and that it lacks assertions."""
        view = self.view
        if not view.subject.bound:
            return
        if view.lookups != (CANONICAL,) or view.identifiers:
            others = [each for each in (*view.lookups, *view.identifiers) if each != CANONICAL]
            got = f"a bound view with look-ups by {', '.join(others)}"
            wanted = f"look-ups by {CANONICAL} alone: whoever is meant by another key would have to be looked up first"
            yield self._at(("lookups",), got, wanted, f"write `lookups: [{CANONICAL}]`, without identifiers")
        if view.verification is None:
            got, wanted = "a bound view without verification", "verification: the assertion says who may be shown"
            yield self._at(("subject", "bound"), got, wanted, "add `verification:`")

    def relationship(self) -> Iterator[Problem]:
        """Yield that the time of a refusal is missing, of no use, or after everything is over."""
        subject, place = self.view.subject, ("subject",)
        deadline = self.view.limits.deadline_ms
        most = int(for_sources(deadline / 1000) * 1000)
        if subject.relationship is not None and subject.refusal_ms is None:
            got = "a relationship without refusal_ms"
            wanted = "the time at which every refusal leaves, for its own time would tell who exists"
            yield self._at(place, got, wanted, "add `refusal_ms:`, longer than the source that knows of it takes")
        elif subject.relationship is None and subject.refusal_ms is not None:
            got, wanted = "refusal_ms without a relationship", "both: without a gate refusals take no time that tells"
            yield self._at(place, got, wanted, "remove refusal_ms, or add a relationship")
        elif subject.refusal_ms is not None and subject.refusal_ms > most:
            got = f"refusal_ms {subject.refusal_ms}, which leaves no time to send a refusal before the deadline"
            wanted = f"at most {most}: of the view's deadline_ms, {deadline}, the rest is for making the answer"
            yield self._at((*place, "refusal_ms"), got, wanted, "lower it, or raise deadline_ms")

    def interaction(self) -> Iterator[Problem]:
        """Yield what is for the customer of an interaction alone, of which the situation does not tell."""
        rules = ((("fields", name), rule.relationship) for name, rule in self.view.fields.items())
        if self.view.situation.interaction is None:
            for place, relationship in ((("subject", "relationship"), self.view.subject.relationship), *rules):
                if relationship == "active-interaction":
                    got = "active-interaction, and a situation without an interaction"
                    wanted = "the interaction told: without it nothing is shown, and nobody is asked"
                    yield self._at(place, got, wanted, "add `interaction: required` to `situation:`")

    def break_glass(self) -> Iterator[Problem]:
        """Yield that there is nothing behind the glass."""
        if self.view.break_glass is not None and not any(rule.break_glass for rule in self.view.fields.values()):
            got, wanted = "break_glass, which opens nothing", "a field with `break_glass: true`"
            yield self._at(("break_glass",), got, wanted, "mark the fields that it opens, or remove it")

    def purposes(self) -> Iterator[Problem]:
        """Yield the purposes that the view has and prohibits."""
        view = self.view
        used = [(("purpose", "dpv"), view.purpose.dpv)]
        used += [(("consent", "purpose"), view.consent.purpose)] if view.consent is not None else []
        rules = ((name, rule.consent) for name, rule in view.fields.items())
        used += [(("fields", name), consent.purpose) for name, consent in rules if consent is not None]
        for place, purpose in used:
            for each in {purpose, *parents(purpose)}.intersection(view.prohibited):
                got = f"the purpose {purpose}, while {each} is prohibited"
                wanted = "a purpose that is not prohibited, nor any broader one"
                yield self._at(place, got, wanted, "correct the purpose, or `prohibited:`")

    def processing(self) -> Iterator[Problem]:
        """Yield ways of processing that the other entries of the record deny."""
        view, place = self.view, ("processing",)
        if view.retention in (None, KEPT_BY_NOBODY) and (kept := sorted(_KEEPS.intersection(view.processing))):
            said = "with the retention none" if view.retention else "without a retention"
            got, wanted = f"{', '.join(kept)} {said}", "how long what is kept is kept, and why"
            yield self._at(place, got, wanted, "say so in `retention:`, or correct the list")
        if _CROSS_BORDER in view.processing and not view.transfers:
            got, wanted = f"{_CROSS_BORDER} without transfers", "the countries, recipients and safeguards"
            yield self._at(place, got, wanted, "list them in `transfers:`, or remove it")

    def validity(self, today: date | None) -> Iterator[Problem]:
        """Yield days that leave none, and whether the view is served today."""
        view, place = self.view, ("valid_until",)
        if view.valid_from is not None and view.valid_until is not None and view.valid_until < view.valid_from:
            got = f"valid_until {view.valid_until.isoformat()}, before valid_from {view.valid_from.isoformat()}"
            yield self._at(place, got, "a last day that is not before the first", "correct one of them")
        elif today is not None and not view.is_valid_on(today):
            day = (view.valid_until if view.is_retired_on(today) else view.valid_from) or today
            since = "whose last day was" if view.is_retired_on(today) else "whose first day is"
            got, wanted = f"a view {since} {day.isoformat()}", "a view that is served"
            place = place if view.is_retired_on(today) else ("valid_from",)
            yield self._at(place, got, wanted, "nothing, where that is meant: it is not served today", Weight.NOTE)

    def _at(
        self, place: tuple[str | int, ...], got: str, wanted: str, mend: str, level: Weight = Weight.ERROR
    ) -> Problem:
        return Problem(str(self.loaded.path), self.loaded.document.line_of(place), got, wanted, mend, level)
