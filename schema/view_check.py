"""A view held against the model: whether what it lists exists, can be reached and can be answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import cast

from graphql import (
    GraphQLObjectType,
    GraphQLOutputType,
    get_nullable_type,
    is_interface_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_required_argument,
)

from schema.directives import CANONICAL
from schema.mask_check import verify_masks
from schema.model import Coordinate, Model
from schema.part_check import verify_parts
from schema.problems import Level, Problem
from schema.reasons import FIELD_NOT_IN_VIEW
from schema.rule_check import verify_rules
from schema.suggest import did_you_mean, nearest
from schema.view_files import LoadedView
from schema.view_schema import IDENTIFIER
from schema.views import View

__all__ = ["MAX_PATHS", "Paths", "paths", "verify_view"]

MAX_PATHS = 2_000
"""The most paths of one view that are listed."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The ways on which each coordinate of a view can be reached, such as `customer.accounts.balance`.

    Behind an interface or union the concrete type stands too: `customer.contacts[PhoneCall].seconds`. `complete` is
    False when there were more than could be listed. No path goes through one coordinate twice.
    """

    by_coordinate: Mapping[str, tuple[str, ...]]
    complete: bool


def verify_view(
    loaded: LoadedView, model: Model, *, sources: Collection[str] | None = None, today: date | None = None
) -> list[Problem]:
    """Return what keeps the view from being served with this model, and notes for its owner.

    `sources` are the names that look-ups may use beside `id`; they are not checked when it is None, nor are the dates
    of review and validity when `today` is None.
    """
    checking = _Checking(loaded, model, frozenset(loaded.view.fields))
    problems = list(checking.coordinates())
    problems.extend(checking.reach())
    problems.extend(verify_masks(loaded, model))
    problems.extend(verify_rules(loaded, model))
    problems.extend(verify_parts(loaded, today))
    problems.extend(checking.identifiers())
    if sources is not None:
        problems.extend(checking.lookups(sources))
        problems.extend(checking.sources(sources))
    problems.extend(checking.notes(today))
    return problems


def paths(view: View, model: Model, *, most: int = MAX_PATHS) -> Paths:
    """Return every path on which a coordinate of the view can be reached from the subject, the shortest first."""
    listed = _by_type(_known(view.fields, model))
    found: dict[str, list[str]] = {}
    ways: deque[tuple[str, str, frozenset[str]]] = deque([(model.subject, model.singular, frozenset())])
    count = 0
    while ways:
        type_name, path, passed = ways.popleft()
        for coordinate in listed.get(type_name, ()):
            if str(coordinate) in passed:
                continue
            if count == most:
                return _paths(found, complete=False)
            count += 1
            way = f"{path}.{coordinate.field_name}"
            found.setdefault(str(coordinate), []).append(way)
            for held in model.concrete(coordinate.of):
                into = way if held == coordinate.of else f"{way}[{held}]"
                ways.append((held, into, passed | {str(coordinate)}))
    return _paths(found, complete=True)


def _paths(found: Mapping[str, list[str]], *, complete: bool) -> Paths:
    return Paths(MappingProxyType({name: tuple(ways) for name, ways in found.items()}), complete)


def _known(listed: Iterable[str], model: Model) -> list[Coordinate]:
    """Return the listed fields that the model has, arguments left out, in the view's order."""
    return [model.coordinates[name] for name in listed if name in model.coordinates]


def _by_type(listed: Iterable[Coordinate]) -> dict[str, list[Coordinate]]:
    types: dict[str, list[Coordinate]] = {}
    for coordinate in listed:
        types.setdefault(coordinate.type_name, []).append(coordinate)
    return types


@dataclass(frozen=True, slots=True)
class _Checking:
    """One view and the model that it is held against."""

    loaded: LoadedView
    model: Model
    listed: frozenset[str]

    def coordinates(self) -> Iterator[Problem]:
        """Yield what is wrong with single coordinates."""
        types = {name.partition(".")[0] for name in self.listed}
        for name in self.loaded.view.fields:
            base, is_argument, argument = name.partition("(")
            coordinate = self.model.coordinates.get(base)
            if coordinate is None:
                yield self._unknown(name, base)
            elif self.model.is_plumbing(coordinate.type_name):
                wanted = "fields of the business alone: what makes a page comes with its list"
                yield self._at(("fields", name), f"{name}, a part of every page", wanted, "remove it")
            elif is_argument:
                yield from self._argument(name, coordinate, argument.removesuffix(":)"))
            else:
                yield from self._field(name, coordinate, types)

    def reach(self) -> Iterator[Problem]:
        """Yield the coordinates to which no listed coordinate leads from the subject."""
        listed = _by_type(_known(self.loaded.view.fields, self.model))
        meant = _by_type(_known([*self.loaded.view.fields, *self._meant()], self.model))
        if self.model.subject not in meant:
            yield self._at(
                ("fields",),
                f"no field of {self.model.subject}",
                f"a field of {self.model.subject}, where every query begins",
                f"list one, such as {self.model.subject}.id",
            )
            return
        reached = _reached(self.model, meant)
        for lost in (name for name in listed if name not in reached and not self.model.is_plumbing(name)):
            coordinate, *others = listed[lost]
            more = f" (and {len(others)} more of {lost})" if others else ""
            yield self._at(
                ("fields", str(coordinate)),
                f"{coordinate}, which nothing leads to{more}",
                f"a listed field that holds {lost}",
                self._way_in(lost),
            )

    def _meant(self) -> Iterator[str]:
        """Yield what misspelt fields probably are: what they lead to is not lost besides."""
        known = self.model.coordinates
        unknown = (name for name in self.loaded.view.fields if "(" not in name and name not in known)
        yield from filter(None, (nearest(name, known) for name in unknown))

    def lookups(self, sources: Collection[str]) -> Iterator[Problem]:
        """Yield the look-ups by a source that is not known."""
        known = [CANONICAL, *sources]
        for position, lookup in enumerate(self.loaded.view.lookups):
            if lookup not in known:
                advice = did_you_mean(lookup, known, "remove it, or add an adapter for the source")
                yield self._at(("lookups", position), f"the look-up {lookup}", f"one of: {', '.join(known)}", advice)

    def sources(self, known: Collection[str]) -> Iterator[Problem]:
        """Yield the sources that may hold up the answer and are not known."""
        for source in self.loaded.view.sources:
            if source not in known:
                advice = did_you_mean(source, known, "remove it, or add an adapter for the source")
                yield self._at(("sources", source), f"the source {source}", f"one of: {', '.join(known)}", advice)

    def identifiers(self) -> Iterator[Problem]:
        """Yield that a source has the name under which identifiers are looked up by."""
        view = self.loaded.view
        if view.identifiers and IDENTIFIER in view.lookups:
            yield self._at(
                ("lookups", view.lookups.index(IDENTIFIER)),
                f"the look-up {IDENTIFIER} of a source beside {IDENTIFIER}s",
                "one of the two, for both have this name in queries",
                "remove it, or rename the source",
            )

    def notes(self, today: date | None) -> Iterator[Problem]:
        """Yield what the view's owner ought to know."""
        view = self.loaded.view
        if view.lawful_basis.gdpr == "A6-1-a" and not self._asks_for_consent():
            yield self._at(
                ("lawful_basis", "gdpr"),
                "consent as the lawful basis (A6-1-a), and no part consent",
                "that customers' consent is asked of the source that owns it, before anything is shown",
                "add `consent:`, or let the consumer ask only for customers who have given consent",
                Level.NOTE,
            )
        if today is not None and view.review_by < today:
            yield self._at(
                ("review_by",),
                f"a review that was due on {view.review_by.isoformat()}",
                "a view that has been reviewed",
                "review it and publish a version with the next date",
                Level.NOTE,
            )

    def _asks_for_consent(self) -> bool:
        """Return whether nothing of a customer but the id is shown without consent."""
        fields = self.loaded.view.fields
        of_subject = [each for each in _known(fields, self.model) if each.type_name == self.model.subject]
        others = [fields[str(each)] for each in of_subject if each.field_name != CANONICAL]
        is_asked = bool(others) and all(rule.consent is not None for rule in others)
        return is_asked or self.loaded.view.consent is not None

    def _unknown(self, name: str, base: str) -> Problem:
        known = [each for each in self.model.coordinates if not self.model.is_plumbing(each.partition(".")[0])]
        wanted = "a coordinate of the model"
        return self._at(("fields", name), f"{base}, which the model does not have", wanted, _or_remove(base, known))

    def _argument(self, name: str, coordinate: Coordinate, argument: str) -> Iterator[Problem]:
        place, found = ("fields", name), coordinate.arguments.get(argument)
        if found is None:
            wanted = f"an argument of {coordinate}"
            yield self._at(
                place, f"{name}, which the model does not have", wanted, _or_remove(argument, coordinate.arguments)
            )
            return
        if str(coordinate) not in self.listed:
            got = f"{name} without its field ({FIELD_NOT_IN_VIEW})"
            yield self._at(place, got, f"{coordinate} listed too", f"add `{coordinate}:`")
        if found.reads is not None and found.reads not in self.listed:
            yield self._at(
                place,
                f"{name}, which filters or orders by {found.reads}, which is not in the view ({FIELD_NOT_IN_VIEW})",
                "arguments by fields that are listed, for they tell of the values",
                f"list {found.reads}, or remove the argument",
            )

    def _field(self, name: str, coordinate: Coordinate, types: Collection[str]) -> Iterator[Problem]:
        concrete = self.model.concrete(coordinate.of)
        if self.model.subject in concrete:
            got = f"{name}, which leads to another {self.model.singular}"
            wanted = f"no {self.model.singular} but those looked up: restrictions of who is reached so are not asked"
            mend = "remove it; look the other one up in a request of its own"
            yield self._at(("fields", name), got, wanted, mend)
        elif coordinate.of != concrete[0] or len(concrete) > 1:
            yield from self._abstract(name, coordinate, [each for each in concrete if each in types], types)
        elif is_object_type(self.model.schema.type_map[coordinate.of]) and coordinate.of not in types:
            yield self._without_fields(name, coordinate.of)
        else:
            yield from self._required_arguments(name, coordinate)
        if is_interface_type(self.model.schema.type_map[coordinate.type_name]):
            yield from self._of_interface(name, coordinate, types)

    def _abstract(
        self, name: str, coordinate: Coordinate, shown: Sequence[str], types: Collection[str]
    ) -> Iterator[Problem]:
        """Yield what keeps a field that holds an interface or union from being shown."""
        held, concrete = self.model.schema.type_map[coordinate.of], self.model.concrete(coordinate.of)
        if not shown:
            yield self._without_fields(name, concrete[0])
        elif is_interface_type(held) and held.name not in types:
            yield self._without_fields(name, held.name)
        elif len(shown) < len(concrete) and _holds_non_null(coordinate.type):
            hidden = ", ".join(each for each in concrete if each not in shown)
            got = f"{name}: {coordinate.type} without fields of {hidden}"
            wanted = (
                f"a field of every type of {held.name}: where one is not of the view there is null, and none may be"
            )
            yield self._at(("fields", name), got, wanted, f"list a field of {hidden}")

    def _of_interface(self, name: str, coordinate: Coordinate, types: Collection[str]) -> Iterator[Problem]:
        """Yield the types of an interface that are in the view without its field."""
        for held in self.model.concrete(coordinate.type_name):
            own = f"{held}.{coordinate.field_name}"
            if held in types and own not in self.listed:
                wanted = f"{own} listed too: rules stand on the concrete types' fields"
                yield self._at(("fields", name), f"{name} without {own} ({FIELD_NOT_IN_VIEW})", wanted, f"add `{own}:`")

    def _without_fields(self, name: str, held: str) -> Problem:
        fields = cast("GraphQLObjectType", self.model.schema.type_map[held]).fields
        wanted, first = f"a field of {held} listed too", next(iter(fields))
        return self._at(
            ("fields", name), f"{name} without any field of it", wanted, f"list one, such as {held}.{first}"
        )

    def _required_arguments(self, name: str, coordinate: Coordinate) -> Iterator[Problem]:
        owner = cast("GraphQLObjectType", self.model.schema.type_map[coordinate.type_name])
        for argument, spec in owner.fields[coordinate.field_name].args.items():
            full = f"{name}({argument}:)"
            if is_required_argument(spec) and full not in self.listed:
                got = f"{name} without its required argument"
                yield self._at(("fields", name), got, f"{full} listed too", f"add `{full}:`")

    def _way_in(self, type_name: str) -> str:
        leading = [
            name
            for name, each in self.model.coordinates.items()
            if type_name in (each.of, *self.model.concrete(each.of))
        ]
        return f"list {' or '.join(leading[:3])}, or remove it" if leading else "remove it"

    def _at(
        self, place: tuple[str | int, ...], got: str, wanted: str, mend: str, level: Level = Level.ERROR
    ) -> Problem:
        line = self.loaded.document.line_of(place)
        return Problem(str(self.loaded.path), line, got, wanted, mend, level)


def _reached(model: Model, listed: Mapping[str, Iterable[Coordinate]]) -> set[str]:
    """Return the types that can be reached, with the interfaces and unions that lead to them."""
    reached: set[str] = set()
    waiting = [model.subject]
    while waiting:
        if (type_name := waiting.pop()) not in reached:
            reached.add(type_name)
            waiting.extend(coordinate.of for coordinate in listed.get(type_name, ()))
            waiting.extend(model.concrete(type_name))
    return reached


def _holds_non_null(output: GraphQLOutputType) -> bool:
    """Return whether the named type at the bottom of a type may not be null."""
    while is_list_type(inner := get_nullable_type(output)):
        output = inner.of_type
    return is_non_null_type(output)


def _or_remove(word: str, known: Iterable[str]) -> str:
    return did_you_mean(word, known, "remove it")
