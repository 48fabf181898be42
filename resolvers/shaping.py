"""The shape of an answer, compiled from its plan: a function of what was fetched, and equal to the executor's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import GraphQLSchema

from adapters.crossref import Subject
from resolvers.assembled import Assembled
from resolvers.careful import DoubtError
from resolvers.cursors import Cursors
from resolvers.emitting import TooDeepError
from resolvers.fetched import Fetched
from resolvers.held import Code
from resolvers.making import Making
from resolvers.plan import Meta, Plan, Root
from resolvers.policy import Transforms
from resolvers.values import note_unknown
from resolvers.writing import UncertainError, write_root

__all__ = ["DoubtError", "Shape", "compile_shape"]

_TYPE_NAME = "__typename"
_MOST_WORK = 2_000
"""The most selections of a plan for which code is written; customers of a larger one are all shaped with care."""

_Customers = Callable[[Sequence[Subject | None], Making], list[Any]]
_Part = tuple[str, str | tuple[Root, _Customers]]


class Shape:
    """Makes the answers of one plan. `code` is the code that makes them, as text."""

    __slots__ = ("_parts", "code")

    def __init__(self, parts: Sequence[_Part], code: str) -> None:
        self._parts, self.code = parts, code

    def __call__(
        self, fetched: Fetched, subjects: Mapping[str, Sequence[Subject | None]], cursors: Cursors
    ) -> Assembled:
        """Return the answer. `subjects` holds the customers that each root field found, by response name, in order.

        Raises:
            DoubtError: The executor has to decide.
        """
        making = Making(fetched, cursors)
        try:
            return making.assembled(self._data(subjects, making))
        except DoubtError:
            raise
        except Exception:  # noqa: BLE001  facts of an adapter of others may raise anything; the executor takes it
            raise DoubtError from None

    def _data(self, subjects: Mapping[str, Sequence[Subject | None]], making: Making) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for name, part in self._parts:
            if isinstance(part, str):
                data[name] = part
            else:
                root, customers = part
                found = subjects[name]
                if not all(found):
                    note_unknown(making.notes, root, found)
                made = customers(found, making)
                data[name] = made if root.is_list else made[0]
        return data


def compile_shape(schema: GraphQLSchema, plan: Plan, transforms: Transforms) -> Shape | None:
    """Return the shape of a plan's answers; None where the executor has to make them, as it does for introspection.

    `transforms` are those of the view with which the plan is used.
    """
    if any(isinstance(one, Meta) and one.field_name != _TYPE_NAME for one in plan.shown):
        return None
    query = schema.query_type
    assert query is not None
    parts: list[_Part] = []
    codes: list[str] = []
    for one in plan.shown:
        if isinstance(one, Meta):
            parts.append((one.response_name, query.name))
        else:
            customers, code = _compiled(plan, one, transforms)
            parts.append((one.response_name, (one, customers)))
            codes.append(code)
    return Shape(parts, "\n\n".join(filter(None, codes)))


def _compiled(plan: Plan, root: Root, transforms: Transforms) -> tuple[_Customers, str]:
    """Return what shapes the customers of a root field, and the code of it; no code where none can be written."""
    code = Code()
    try:
        name = write_root(code, plan, root, transforms) if plan.work <= _MOST_WORK else None
    except (TooDeepError, UncertainError):
        name = None
    return (_with_care(root), "") if name is None else (code.function(name, f"shape of {root.coordinate}"), code.code)


def _with_care(root: Root) -> _Customers:
    def customers(found: Sequence[Subject | None], making: Making) -> list[Any]:
        return [
            subject and making.anew(root, subject, place, len(making.errors), len(making.noted), making.left)
            for place, subject in enumerate(found)
        ]

    return customers
