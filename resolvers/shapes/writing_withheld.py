"""What of a customer may be shown, as code."""

from __future__ import annotations

from collections.abc import Callable

from graphql import is_non_null_type

from resolvers.plan import Coordinates, FieldPlan
from resolvers.shapes.making import is_left
from resolvers.shapes.writing import Code, WrittenPath

__all__ = ["WithheldWriter"]

_MOST_NEEDS = 4
"""The most paths of coordinates that are looked at in a line; of more a function is asked."""


class WithheldWriter:
    """Writes which fields may be shown. `is_second`: the first function's customers have nothing withheld."""

    def __init__(self, code: Code, *, is_second: bool) -> None:
        self._code, self._is_second = code, is_second
        self._flags: dict[tuple[Coordinates, ...], str] = {}

    def flags(self) -> list[str]:
        """Return the lines that find out what may be shown, once for all fields whose values have the same needs.

        They go before the code of the fields, from `withheld_here`: what is withheld of the customer.
        """
        return [f"{name} = {self._is_left(needs)}" for needs, name in self._flags.items()]

    def unless_withheld(self, plan: FieldPlan, at: WrittenPath, write: Callable[[], str]) -> str:
        """Write a field, or why it is null where nothing of it may be shown, and return the expression that is it."""
        if not (self._is_second and plan.needs):
            return write()
        name = self._code.name("x")
        with self._code.block(f"if {self._flag(plan.needs)}"):
            self._code.line(f"{name} = {write()}")
        with self._code.block("else"):
            if is_non_null_type(plan.output):
                self._code.odd()
            else:
                self._code.line(f"{name} = withhold({self._code.spot(plan, at)}, withheld_here, {at.code})")
        return name

    def _flag(self, needs: tuple[Coordinates, ...]) -> str:
        flag = self._flags.get(needs)
        if flag is None:
            flag = self._flags[needs] = self._code.name("left")
        return flag

    def _is_left(self, needs: tuple[Coordinates, ...]) -> str:
        """Return whether something of a field may be shown, as an expression."""
        if len(needs) > _MOST_NEEDS:
            name = self._code.constant("is_left", is_left)
            return f"{name}({self._code.constant('needs', needs)}, withheld_here)"
        return " or ".join(f"{self._code.constant('need', need)}.isdisjoint(withheld_here)" for need in needs)
