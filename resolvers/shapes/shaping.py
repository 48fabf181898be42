"""The shape of an answer, compiled from its plan: a function of what was fetched, and equal to the executor's.

It makes dicts and lists, and orjson makes bytes of them in one go. Bytes made by a template, each leaf printed by
itself, take longer: for a customer of 12 fields 0.83 us against 0.73 us for dict and bytes, for fifty 44 against 31
(measured on 2026-11-22, CPython 3.11, orjson 3.13, guards left out in both).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from cachetools import LRUCache
from graphql import GraphQLSchema

from adapters.crossref import Subject
from resolvers.assembled import Assembled
from resolvers.cursors import Cursors
from resolvers.executing import Operation
from resolvers.fetched import Fetched
from resolvers.handed_on import DoubtError, TooDeepError
from resolvers.plan import Meta, Plan, Root
from resolvers.policy import PlanRules, Profile, Standing
from resolvers.shapes.making import Making
from resolvers.shapes.writing import Code
from resolvers.shapes.writing_customers import write_first, write_second

__all__ = ["Shape", "compile_shape"]

_TYPE_NAME = "__typename"
_MOST_WORK = 2_000
"""The most selections of a plan for which code is written, counted once for each spread of their fragment; the executor
makes the answers of a larger one.

The code of one takes 0.1 ms, once, on the event loop: 0.2 s in all, which is what the executor takes for twelve answers
of one customer (measured on 2026-11-22). Only fragments that are spread again and again come to more: a document has at
most 4,000 tokens.
"""

_MOST_FIRSTS = 16
"""The most functions of one root field that are kept for customers of different profiles, beside the one for those of
whom all may be shown: when there are more, those that were used longest ago go."""

_First = Callable[[Sequence[Subject | None], Making, Callable[..., Any]], list[Any]]
_Second = Callable[[Making], Callable[[Subject, int], Any]]


class _Customers:
    """Shapes the customers of one root field.

    There is a first function for each profile that has been the usual one, and the second, which is made when there is
    a customer that needs it. `_known` finds the first ones by profiles, of which there are others of the same standing
    where some steps of the plan were made one.
    """

    def __init__(self, plan: Plan, root: Root, rules: PlanRules) -> None:
        self.root, self._plan, self._rules = root, plan, rules
        self._firsts: LRUCache[Standing, tuple[_First | None, str]] = LRUCache(_MOST_FIRSTS)
        self._known: LRUCache[Profile, _First | None] = LRUCache(_MOST_FIRSTS)
        self._fullest = self._compiled(partial(write_first, profile=rules.fullest))

    def __call__(self, found: Sequence[Subject | None], making: Making) -> list[Any]:
        """Return the customers shaped."""
        first = self.compile(making.fetched.verdicts.usual)
        if first is not None:
            return first(found, making, self._anew)
        return [subject and self._apart(making, subject, place) for place, subject in enumerate(found)]

    @property
    def code(self) -> str:
        """Return the code of all functions."""
        made = (self._fullest, *self._firsts.values(), self._second)
        return "\n\n".join(code for _, code in made if code)

    def compile(self, profile: Profile) -> _First | None:
        """Return the function for customers of a profile; None where there is none: of few, or too deep."""
        if profile is self._rules.fullest:
            return self._fullest[0]
        try:
            return self._known[profile]
        except KeyError:
            first = self._known[profile] = self._first(profile)
            return first

    def _first(self, profile: Profile) -> _First | None:
        standing = profile.standing
        if standing == self._rules.fullest.standing:
            return self._fullest[0]
        kept = self._firsts.get(standing)
        if kept is not None:
            return kept[0]
        if not profile.is_ordinary:
            return None
        try:
            made: tuple[_First | None, str] = self._compiled(
                partial(write_first, profile=self._rules.profile(standing))
            )
        except TooDeepError:
            made = None, ""
        self._firsts[standing] = made
        return made[0]

    def _apart(self, making: Making, subject: Subject, place: int) -> Any:
        return self._anew(making, subject, place, len(making.errors), len(making.noted), making.left)

    def _anew(self, making: Making, subject: Subject, place: int, *before: int) -> Any:
        """Return a customer that the first function does not shape; `before` says what had been told before it."""
        making.begin_again(*before)
        shape = self._second_for(making)
        if shape is not None:
            try:
                return shape(subject, place)
            except DoubtError:
                raise
            except Exception:  # noqa: BLE001  facts of an adapter of others may raise anything; the executor takes it
                making.begin_again(*before)
        return making.executed(self.root, subject, place)

    def _second_for(self, making: Making) -> Callable[[Subject, int], Any] | None:
        name = self.root.response_name
        if name not in making.seconds:
            second = self._second[0]
            making.seconds[name] = second and second(making)
        return making.seconds[name]

    @cached_property
    def _second(self) -> tuple[_Second | None, str]:
        try:
            return self._compiled(partial(write_second, masked=self._rules.masked))
        except TooDeepError:
            return None, ""

    def _compiled(self, write: Callable[[Code, Plan, Root], str]) -> tuple[Callable[..., Any], str]:
        """Return one of the functions, and its code."""
        code = Code()
        name = write(code, self._plan, self.root)
        return code.function(name, f"shape of {self.root.coordinate}"), code.code


_Field = tuple[str, str | _Customers]
"""A root field: its response name, and the text that always stands there, or what shapes the customers that do."""


class Shape:
    """Makes the answers of one plan."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Sequence[_Field]) -> None:
        self._fields = fields

    @property
    def code(self) -> str:
        """Return the code that makes the answers, as text."""
        return "\n\n".join(field.code for _, field in self._fields if not isinstance(field, str))

    def compile(self, profile: Profile) -> None:
        """Compile what makes the answers about customers of a profile."""
        for _, field in self._fields:
            if not isinstance(field, str):
                field.compile(profile)

    def __call__(
        self,
        operation: Operation,
        fetched: Fetched,
        subjects: Mapping[str, Sequence[Subject | None]],
        cursors: Cursors,
    ) -> Assembled:
        """Return the answer. `subjects` holds the customers that each root field found, by response name, in order.

        Raises:
            DoubtError: The executor has to decide.
        """
        making = Making(operation, fetched, cursors)
        try:
            return making.assembled(self._data(subjects, making))
        except DoubtError:
            raise
        except Exception:  # noqa: BLE001  facts of an adapter of others may raise anything; the executor takes it
            raise DoubtError from None
        finally:
            making.seconds.clear()  # they hold the making, and with it the facts, in a circle

    def _data(self, subjects: Mapping[str, Sequence[Subject | None]], making: Making) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for name, field in self._fields:
            if isinstance(field, str):
                data[name] = field
            else:
                found = subjects[name]
                if not all(found):
                    making.unknown(field.root, found)
                made = field(found, making)
                data[name] = made if field.root.is_list else made[0]
        return data


def compile_shape(schema: GraphQLSchema, plan: Plan, rules: PlanRules) -> Shape | None:
    """Return the shape of a plan's answers; None where the executor has to make them: those of introspection, and of
    plans that are very large or nest very deep.

    `rules` are those of the view that stand on the plan. It is compiled for customers of whom all may be shown; for
    those of other profiles it is when there are some.
    """
    if plan.work > _MOST_WORK or any(isinstance(one, Meta) and one.field_name != _TYPE_NAME for one in plan.shown):
        return None
    query = schema.query_type
    assert query is not None
    try:
        return Shape([_field(query.name, plan, one, rules) for one in plan.shown])
    except TooDeepError:
        return None


def _field(query: str, plan: Plan, one: Root | Meta, rules: PlanRules) -> _Field:
    return one.response_name, query if isinstance(one, Meta) else _Customers(plan, one, rules)
