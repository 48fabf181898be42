"""One answer in the making: what the code of a shape calls beside what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.answers import Answer, Found, Key
from adapters.crossref import Subject
from adapters.rows import Row
from resolvers.assembled import Assembled, assembled, error_entry
from resolvers.careful import Careful
from resolvers.cursors import Cursors, Stand
from resolvers.fetched import Fetched
from resolvers.joining import Joined, fault_of, join
from resolvers.pages import PageParts, page_facts
from resolvers.plan import Root
from resolvers.reasons_of_null import Notes, ResponsePath
from resolvers.values import MOST_VALUES, Values
from schema.reasons import Place, Reason

__all__ = ["Making", "OddError", "Spot", "known"]

_BEGINNING = Stand()


class OddError(Exception):
    """Something about a customer is out of the ordinary: it is shaped anew, with care."""


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """A field at one place of the answer's pattern: its coordinate, where it stands in the document, and its path with
    `*` for the indexes. `reason` is why its values are shown in another form, if they are."""

    coordinate: str
    locations: list[dict[str, int]]
    pattern: ResponsePath
    reason: Reason | None = None


class Making:
    """What has come of an answer so far.

    `errors` and `noted` hold the nulls of the customers that were shaped by code, `masked` the spots at which a value
    is shown in another form. `left` is how many values the lists of the answer may still come to.
    """

    __slots__ = ("_careful", "_cursors", "_notes", "errors", "fetched", "left", "masked", "noted", "withheld")

    def __init__(self, fetched: Fetched, cursors: Cursors) -> None:
        self.fetched, self._cursors, self.left = fetched, cursors, MOST_VALUES
        self.withheld: Mapping[str, object] = fetched.verdicts.withheld
        self.errors: list[dict[str, Any]] = []
        self.noted: list[tuple[Spot, Reason, list[str | int]]] = []
        self.masked: set[Spot] = set()
        self._notes: Notes | None = None  # made where they are needed, as it takes longer than one customer does
        self._careful: Careful | None = None

    @property
    def notes(self) -> Notes:
        """Return the notes of nulls and masks."""
        if self._notes is None:
            self._notes = Notes()
        return self._notes

    def null(self, spot: Spot, reason: Reason, path: list[str | int]) -> None:
        """Give a null its reason."""
        if reason.place is Place.ERROR:
            self.errors.append(error_entry(reason, spot.locations, path))
        else:
            self.noted.append((spot, reason, path))

    def shown(self, spot: Spot) -> None:
        """Note that values are shown in another form, once for all of a spot."""
        assert spot.reason is not None
        self.masked.add(spot)
        self.notes.shown_everywhere(spot.coordinate, spot.reason, spot.pattern)

    def lost(self, number: int, subject: Subject, key: Key, answer: Answer | None) -> Reason:
        """Return why a step has nothing for a key."""
        if answer is None:
            answer = self.fetched.answer(self.fetched.plan.steps[number], subject, key)
        if isinstance(answer, Found):
            raise OddError
        return fault_of(answer).reason

    def page(self, parts: PageParts, number: int, subject: Subject, key: Key, answer: Answer) -> dict[str, Any]:
        """Return the facts of a page from the beginning of one key's list."""
        given = self.fetched.given(self.fetched.plan.steps[number])
        joined = join(given, ((key, _BEGINNING),), lambda _: answer)
        assert isinstance(joined, Joined)  # the answer is a page, and no cursor was given
        seal = self._cursors.sealed
        return page_facts(joined, parts, lambda stands: seal(subject.customer_id, stands, given.bound_to))

    def anew(self, root: Root, subject: Subject, place: int, errors: int, noted: int, left: int) -> Any:
        """Return a customer that is shaped with care; what was told of it already is taken back.

        `errors`, `noted` and `left` are how many there were before it.
        """
        del self.errors[errors:], self.noted[noted:]
        self._tell()
        if self._careful is None:
            self._careful = Careful(Values(self.fetched, self._cursors, self.notes), self.errors)
        customer, self.left = self._careful.customer(root, subject, place, left)
        return customer

    def _tell(self) -> None:
        for spot, reason, path in self.noted:
            self.notes.null(spot.coordinate, reason, tuple(path), spot.pattern)
        self.noted.clear()

    def assembled(self, data: dict[str, Any]) -> Assembled:
        """Return the answer."""
        if self.noted:
            self._tell()
        return assembled(data, self.errors, self._notes)


def known(record: object, row: type[Row]) -> type:
    """Return the class of a record, which is a row of this kind."""
    made = type(record)
    if getattr(made, "row_of", None) != row.row_of:
        raise OddError
    return made
