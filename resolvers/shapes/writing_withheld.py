"""What of a customer may be shown, as code."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from graphql import is_non_null_type

from resolvers.plan import FieldPlan, Position, Root
from resolvers.policy import Profile
from resolvers.shapes.making import is_left
from resolvers.shapes.writing import Code, WrittenPath
from resolvers.steps import Coordinates

__all__ = ["WithheldWriter"]

_MOST_NEEDS = 4
"""The most paths of coordinates that are looked at in a line; of more a function is asked."""


class WithheldWriter:
    """Writes which fields may be shown: to customers of a profile, or, without one, to whoever it is."""

    def __init__(self, code: Code, root: Root, profile: Profile | None = None) -> None:
        self._code, self._profile = code, profile
        self._by_path = profile is None or _has_mixed(profile.hidden, [root.position])
        self._flags: dict[tuple[Coordinates, ...], str] = {}

    def is_withheld(self, plan: FieldPlan) -> bool:
        """Return whether it is certain that nothing of a field may be shown."""
        return self._profile is not None and plan.is_withheld(self._profile.hidden)

    def flags(self) -> list[str]:
        """Return the lines that find out what may be shown, once for all fields whose values have the same needs.

        They go before the code of the fields, from `withheld_here`: what is withheld of the customer.
        """
        return [f"{name} = {self._is_left(needs)}" for needs, name in self._flags.items()]

    def unless_withheld(self, plan: FieldPlan, at: WrittenPath, write: Callable[[], str]) -> str:
        """Write a field, or why it is null where nothing of it may be shown, and return the expression that is it."""
        if self.is_withheld(plan):
            assert self._profile is not None
            return self._withheld(plan, self._code.constant("withheld", self._profile.withheld), at)
        if self._profile is not None or not plan.needs:
            return write()
        name = self._code.name("x")
        with self._code.block(f"if {self._flag(plan.needs)}"):
            self._code.line(f"{name} = {write()}")
        with self._code.block("else"):
            self._code.line(f"{name} = {self._withhold(plan, 'withheld_here', at)}")
        return name

    def _withheld(self, plan: FieldPlan, withheld: str, at: WrittenPath) -> str:
        """Write the null of a field that is withheld of all customers of the profile; where these are all there are it
        is noted once for all of them."""
        line, block, by_path = self._code.line, self._code.block, self._withhold(plan, withheld, at)
        if self._by_path or is_non_null_type(plan.output):
            return self._code.bound(by_path)
        name, spot = self._code.name("x"), self._code.spot(plan, at)
        line(f"{name} = None")
        with block("if has_others"):
            line(by_path)
        with block(f"elif {spot} not in masked"):
            line(f"hidden({spot}, {withheld})")
        return name

    def _withhold(self, plan: FieldPlan, withheld: str, at: WrittenPath) -> str:
        """Return the null of a field of which nothing may be shown, as an expression; there it may have to be odd."""
        if is_non_null_type(plan.output):
            return self._code.odd()
        return f"withhold({self._code.spot(plan, at)}, {withheld}, {at.code})"

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


def _has_mixed(hidden: Coordinates, positions: Iterable[Position]) -> bool:
    """Return whether one path of the answer can end in a withheld value and in another one, by the type of its object.

    `positions` are the objects that can stand at one path.
    """
    by_name: dict[str, list[FieldPlan]] = {}
    for position in positions:
        for name, plan in position.fields.items():
            by_name.setdefault(name, []).append(plan)
    return any(
        (len(plans) > 1 and any(plan.is_withheld(hidden) for plan in plans))
        or _has_mixed(hidden, [one for plan in plans for one in plan.positions.values()])
        for plans in by_name.values()
    )
