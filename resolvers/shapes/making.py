"""One answer in the making: what the code of a shape calls beside what it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Any

from adapters.answers import Answer, Facts, Fault, Found, Key, Page
from adapters.crossref import Subject
from adapters.rows import Row
from resolvers.assembled import Assembled, assembled, error_entry
from resolvers.causes import causes
from resolvers.cursors import BEGINNING, Cursors
from resolvers.executing import Operation, execute_one
from resolvers.fetched import Fetched
from resolvers.handed_on import DoubtError, OddError
from resolvers.joining import NOT_LINKED, Joined, fault_of, join
from resolvers.pages import PageParts, page_facts
from resolvers.plan import FieldPlan, Root
from resolvers.policy import Transform
from resolvers.reasons_of_null import Notes, ResponsePath
from resolvers.source import locations_of
from resolvers.values import MOST_VALUES, is_boundless, note_unknown
from schema.reasons import Place, Reason
from schema.withheld import Withheld

__all__ = ["Making", "Spot", "is_left", "known"]


_MOST_ALONE = 4
"""The most customers of an answer that the executor makes one by one; it makes many in less time together."""

_PRINTED = frozenset({str, int, float, bool, dict, Decimal, date, datetime, time})
"""Classes of which a leaf may be, beside those of enums; of anything else nobody knows what it would do here."""


@dataclass(frozen=True, eq=False)
class Spot:
    """A field at one place of the answer's pattern: how it is planned, and its path with `*` for the indexes.

    `is_item` says that it is an entry of a list. `prints` makes of a leaf what is shown, or raises; None where a leaf
    is masked, and where there is none. `transform` is how values are shown in another form, if they always are.
    """

    plan: FieldPlan
    pattern: ResponsePath
    is_item: bool = False
    prints: Callable[[Any], Any] | None = None
    transform: Transform | None = None

    @cached_property
    def locations(self) -> list[dict[str, int]]:
        """Return where the field stands in the document, in response form."""
        return locations_of(self.plan.nodes)


_Note = tuple[str, Reason | Withheld | Transform, list[str | int] | None, Spot]
"""A coordinate whose null at a path has this reason or verdict, or whose value at the path is shown in another form: at
all of the spot's pattern where there is no path."""


class Making:
    """What has come of an answer so far.

    `errors` and `noted` hold the nulls of the customers that were shaped by code, `masked` the spots at which all
    values are shown in another form or none is shown; `by_path` says that the form is noted of each value, for it does
    not hold of all customers. `left` is how many values the lists of the answer may still come to. `seconds` holds what
    shapes customers out of the ordinary, by their root field's response name, once there was one.
    """

    __slots__ = (
        "_alone",
        "_cursors",
        "_notes",
        "_operation",
        "by_path",
        "errors",
        "fetched",
        "left",
        "masked",
        "noted",
        "seconds",
    )

    def __init__(self, operation: Operation, fetched: Fetched, cursors: Cursors) -> None:
        self._operation, self.fetched, self._cursors = operation, fetched, cursors
        self.left, self._alone = MOST_VALUES, 0
        self.by_path = fetched.verdicts.has_mixed_masks
        self.errors: list[dict[str, Any]] = []
        self.noted: list[_Note] = []
        self.masked: set[Spot] = set()
        self.seconds: dict[str, Callable[[Subject, int], Any] | None] = {}
        self._notes: Notes | None = None  # made where they are needed, as it takes longer than one customer does

    @property
    def notes(self) -> Notes:
        """Return the notes of nulls and masks."""
        if self._notes is None:
            self._notes = Notes()
        return self._notes

    # Nulls, and what is shown in another form

    def null(self, spot: Spot, reason: Reason, path: list[str | int], *, is_absent: bool = False) -> None:
        """Give a null its reason; `is_absent`: the source's record does not have the value."""
        if reason.place is Place.ERROR or spot.is_item:
            self.errors.append(error_entry(reason, spot.locations, path, is_absent=is_absent))
        else:
            self.noted.append((spot.plan.coordinate, reason, path, spot))

    def withhold(self, spot: Spot, withheld: Mapping[str, Withheld], path: list[str | int]) -> None:
        """Give a null its reasons where all that stands below it is withheld."""
        for coordinate, verdict in causes(spot.plan, withheld):
            self.noted.append((coordinate, verdict, path, spot))

    def hidden(self, spot: Spot, withheld: Mapping[str, Withheld]) -> None:
        """Give all nulls of a spot their reasons, as `withhold` gives them to one."""
        self.masked.add(spot)
        for coordinate, verdict in causes(spot.plan, withheld):
            self.noted.append((coordinate, verdict, None, spot))

    def shown(self, spot: Spot) -> None:
        """Note that values are shown in another form, once for all of a spot."""
        assert spot.transform is not None
        self.masked.add(spot)
        self.noted.append((spot.plan.coordinate, spot.transform, None, spot))

    def shown_at(self, spot: Spot, transform: Transform, path: list[str | int]) -> None:
        """Note that one value is shown in another form."""
        self.noted.append((spot.plan.coordinate, transform, path, spot))

    # Values that are not what their place is for

    def fault(self, spot: Spot, value: object, path: list[str | int]) -> None:
        """Give the null of a Fault its reason.

        Raises:
            OddError: It is something else.
        """
        if not isinstance(value, Fault):
            raise OddError
        self.null(spot, value.reason, path, is_absent=value.is_absent)

    def leaf(self, spot: Spot, value: object, path: list[str | int]) -> Any:
        """Return a leaf as the executor prints it, or null with an error. What a mask stands on is text or an error.

        Raises:
            OddError: Nobody knows what the value would do here.
        """
        if isinstance(value, Fault):
            return self.null(spot, value.reason, path, is_absent=value.is_absent)
        if spot.prints is not None and not is_boundless(value):
            if type(value) not in _PRINTED and not isinstance(value, Enum):
                raise OddError
            try:
                printed = spot.prints(value)
            except Exception:  # noqa: BLE001  a scalar may raise anything; the executor takes it for an error, too
                printed = None
            else:
                if printed is None:
                    raise OddError
                return printed
        self.errors.append(error_entry(Reason.VALUE_INVALID, spot.locations, path))
        return None

    def stranger(self, spot: Spot, type_name: object, path: list[str | int], noted_before: int | None) -> None:
        """Give the null of an object its reason that says to be of a type that is not in the view, or of none.

        `noted_before` is how much had been noted before the list in which it stands, None where there is none: what
        such a list holds is told before what stands below its entries.
        """
        if isinstance(type_name, Fault):
            self.errors.append(error_entry(type_name.reason, spot.locations, path))
        elif type_name is None or type(type_name) is str:
            place = len(self.noted) if noted_before is None else noted_before
            while place < len(self.noted) and self.noted[place][3] is spot:
                place += 1
            self.noted.insert(place, (spot.plan.coordinate, Reason.VALUE_NOT_IN_VIEW, path, spot))
        else:
            raise OddError

    # What the steps have

    def lost(self, number: int, subject: Subject, key: Key, answer: Answer | None) -> Reason:
        """Return why a step has nothing for a key."""
        if answer is None:
            answer = self.fetched.answer(self.fetched.plan.steps[number], subject, key)
        if isinstance(answer, Found):
            raise OddError
        return fault_of(answer).reason

    def own(self, number: int, subject: Subject) -> list[Key]:
        """Return the customer's own keys by which a step is asked, in their order."""
        keyspaces = self.fetched.plan.steps[number].keyspaces
        return [linked.key for keyspace in keyspaces for linked in subject.keys.get(keyspace, ())]

    def first(self, number: int, subject: Subject, keys: Sequence[Key]) -> tuple[Facts | None, Reason]:
        """Return the record of the first key that the source has, or None and why there is none.

        A key that failed before it decides: passing over it would let an outage change whose record answers.
        """
        step, absent = self.fetched.plan.steps[number], NOT_LINKED
        for key in keys:
            answer = self.fetched.answer(step, subject, key)
            if isinstance(answer, Found) and not isinstance(answer.record, Page):
                return answer.record, absent.reason
            fault = fault_of(answer)
            if fault.reason.place is Place.ERROR:
                return None, fault.reason
            absent = fault if absent is NOT_LINKED else absent
        return None, absent.reason

    def joined(self, number: int, subject: Subject, keys: Sequence[Key]) -> tuple[Joined | None, Reason]:
        """Return the joined list of keys, or None and why there is none."""
        joined = self.fetched.list_of(self.fetched.plan.steps[number], subject, keys)
        return (joined, NOT_LINKED.reason) if isinstance(joined, Joined) else (None, joined.reason)

    def page(
        self, parts: PageParts, number: int, subject: Subject, key: Key | None, record: Page | Joined, answer: Answer
    ) -> dict[str, Any]:
        """Return the facts of a page: of a joined list, or of one key's from the beginning, as it was answered."""
        given, joined = self.fetched.given(self.fetched.plan.steps[number]), record
        if not isinstance(joined, Joined):
            assert key is not None
            made = join(given, ((key, BEGINNING),), lambda _: answer)
            assert isinstance(made, Joined)  # the answer is a page, and no cursor was given
            joined = made
        seal = self._cursors.sealed
        return page_facts(joined, parts, lambda stands: seal(subject.customer_id, stands, given.bound_to))

    # Customers

    def unknown(self, root: Root, found: Sequence[Subject | None]) -> None:
        """Note the customers that a root field has not found, behind what was noted before."""
        self._tell()
        note_unknown(self.notes, root, found, self.fetched.verdicts)

    def begin_again(self, errors: int, noted: int, left: int) -> None:
        """Take back what was told of a customer: `errors`, `noted` and `left` are how many there were before it."""
        del self.errors[errors:]
        self.masked.difference_update(spot for _, _, path, spot in self.noted[noted:] if path is None)
        del self.noted[noted:]
        self.left = left

    def executed(self, root: Root, subject: Subject, place: int) -> Any:
        """Return a customer as the executor makes it.

        Raises:
            DoubtError: There are so many that it had better make the whole answer.
        """
        self._alone += 1
        if self._alone > _MOST_ALONE:
            raise DoubtError
        self._tell()
        made = execute_one(self._operation, self.fetched, self._cursors, self.notes, root, subject, place, self.left)
        self.errors += made.errors
        self.left = made.left
        return made.customer

    def _tell(self) -> None:
        notes = self.notes
        for coordinate, told, path, spot in self.noted:
            if type(told) is Reason:
                assert path is not None
                notes.null(coordinate, told, tuple(path), spot.pattern)
            elif type(told) is Transform:
                if path is None:
                    notes.shown_everywhere(coordinate, told, spot.pattern)
                else:
                    notes.shown(coordinate, told, tuple(path))
            else:
                assert type(told) is Withheld
                if path is None:
                    notes.withheld_everywhere(coordinate, told, spot.pattern)
                else:
                    notes.withheld(coordinate, told, tuple(path), spot.pattern)
        self.noted.clear()

    def assembled(self, data: dict[str, Any]) -> Assembled:
        """Return the answer."""
        if self.noted:
            self._tell()
        return assembled(data, self.errors, self._notes)


def is_left(needs: Sequence[frozenset[str]], withheld: Mapping[str, Withheld]) -> bool:
    """Return whether one of the paths of coordinates may be shown to its end."""
    return any(need.isdisjoint(withheld) for need in needs)


def known(record: object, row: type[Row]) -> type:
    """Return the class of a record, which is a row of this kind."""
    made = type(record)
    if getattr(made, "row_of", None) != row.row_of:
        raise OddError
    return made
