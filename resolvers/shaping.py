"""The shape of an answer, compiled from its plan: a function of what was fetched, and equal to the executor's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from graphql import GraphQLSchema

from adapters.crossref import Subject
from resolvers.assembled import Assembled
from resolvers.cursors import Cursors
from resolvers.emitting import TooDeepError
from resolvers.executing import Operation
from resolvers.fetched import Fetched
from resolvers.held import Code
from resolvers.making import DoubtError, Making
from resolvers.plan import Meta, Plan, Root
from resolvers.policy import Transforms
from resolvers.writing import UncertainError, write_root

__all__ = ["DoubtError", "Shape", "compile_shape"]

_TYPE_NAME = "__typename"
_MOST_WORK = 2_000
"""The most selections of a plan for which code is written; the executor makes the answers of a larger one."""

_First = Callable[[Sequence[Subject | None], Making, Callable[..., Any]], list[Any]]
_Second = Callable[[Making], Callable[[Subject, int], Any]]


class _Customers:
    """Shapes the customers of one root field. The second function is made when there is a customer that needs it."""

    def __init__(self, plan: Plan, root: Root, transforms: Transforms) -> None:
        self.root, self._plan, self._transforms = root, plan, transforms
        self._first: _First
        self._first, self._first_code = self._compiled(is_second=False)

    def __call__(self, found: Sequence[Subject | None], making: Making) -> list[Any]:
        """Return the customers shaped."""
        return self._first(found, making, self._anew)

    @property
    def code(self) -> str:
        """Return the code of both functions."""
        return "\n\n".join(filter(None, (self._first_code, self._second[1])))

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
            return self._compiled(is_second=True)
        except TooDeepError:
            return None, ""

    def _compiled(self, *, is_second: bool) -> tuple[Callable[..., Any], str]:
        """Return one of the functions, and its code."""
        try:
            return self._written(is_second=is_second, by_path=False)
        except UncertainError:
            return self._written(is_second=is_second, by_path=True)

    def _written(self, *, is_second: bool, by_path: bool) -> tuple[Callable[..., Any], str]:
        code, root = Code(), self.root
        name = write_root(code, self._plan, root, self._transforms, is_second=is_second, by_path=by_path)
        return code.function(name, f"shape of {root.coordinate}"), code.code


_Part = tuple[str, str | _Customers]


class Shape:
    """Makes the answers of one plan."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._parts = parts

    @property
    def code(self) -> str:
        """Return the code that makes the answers, as text."""
        return "\n\n".join(part.code for _, part in self._parts if not isinstance(part, str))

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
        for name, part in self._parts:
            if isinstance(part, str):
                data[name] = part
            else:
                found = subjects[name]
                if not all(found):
                    making.unknown(part.root, found)
                made = part(found, making)
                data[name] = made if part.root.is_list else made[0]
        return data


def compile_shape(schema: GraphQLSchema, plan: Plan, transforms: Transforms) -> Shape | None:
    """Return the shape of a plan's answers; None where the executor has to make them: those of introspection, and of
    plans that are very large or nest very deep.

    `transforms` are those of the view with which the plan is used.
    """
    if plan.work > _MOST_WORK or any(isinstance(one, Meta) and one.field_name != _TYPE_NAME for one in plan.shown):
        return None
    query = schema.query_type
    assert query is not None
    try:
        return Shape([_part(query.name, plan, one, transforms) for one in plan.shown])
    except TooDeepError:
        return None


def _part(query: str, plan: Plan, one: Root | Meta, transforms: Transforms) -> _Part:
    return one.response_name, query if isinstance(one, Meta) else _Customers(plan, one, transforms)
