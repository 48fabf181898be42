"""The leaves of an answer as code: each is guarded by the rule of its type, then printed, or masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, cast

from graphql import GraphQLLeafType, GraphQLOutputType, is_non_null_type

from resolvers.plan import FieldPlan, Position, Root
from resolvers.policy import Transform, Transforms
from resolvers.shapes.held import Held
from resolvers.shapes.leaf_types import LeafType, leaf_type_of
from resolvers.shapes.making import Spot
from resolvers.shapes.writing import Code, WrittenPath
from resolvers.steps import Coordinates
from schema.masks import mask_text

__all__ = ["AnyLeafWriter", "LeafWriter"]


_Mask = Callable[[str], None] | None
"""Writes what masks the value of a name; None where it is shown whole."""


class _Leaves:
    """Writes leaves, masked or not."""

    def __init__(self, code: Code) -> None:
        self._code = code

    def _write(
        self,
        plan: FieldPlan,
        output: GraphQLOutputType,
        of: GraphQLLeafType,
        held: Held,
        at: WrittenPath,
        mask: _Mask = None,
    ) -> str:
        leaf = leaf_type_of(of)
        if mask is not None and not leaf.is_text:
            return self._hidden(output, held)
        is_sure = held.is_leaf_of is leaf.exact
        if is_sure and leaf.is_plain and mask is None and not is_non_null_type(output):
            return held.code
        value = self._code.bound(held.code)
        otherwise = "" if is_non_null_type(output) else self._otherwise(plan, of, value, at, is_masked=mask is not None)
        if is_sure:
            with self._code.unless_null(value, output):
                self._shown(output, leaf, mask, value, otherwise, is_row=True)
            return value
        right = self._right(leaf, value)
        if leaf.is_plain and mask is None:
            self._plain(output, value, right, otherwise)
            return value
        with self._code.where_right(value, right, output, otherwise):
            self._shown(output, leaf, mask, value, otherwise, is_row=False)
        return value

    def _otherwise(self, plan: FieldPlan, of: GraphQLLeafType, value: str, at: WrittenPath, *, is_masked: bool) -> str:
        """Return what stands for a value that is none of its type, as an expression."""
        prints = None if is_masked else cast("Any", of).coerce_output_value
        return f"leaf({self._code.spot(plan, at, prints)}, {value}, {at.code})"

    def _hidden(self, output: GraphQLOutputType, held: Held) -> str:
        """Write that no value is decided here: a mask stands on what is no text."""
        if is_non_null_type(output):
            return self._code.odd()
        value = self._code.bound(held.code)
        self._code.odd_if(f"{value} is not None")
        return value

    def _plain(self, output: GraphQLOutputType, value: str, right: str, otherwise: str) -> None:
        """Write the guard of a value that is shown as it is."""
        if is_non_null_type(output):
            self._code.odd_if(f"not ({right})")
        else:
            with self._code.block(f"if {value} is not None and not ({right})"):
                self._code.line(f"{value} = {otherwise}")

    def _shown(
        self, output: GraphQLOutputType, leaf: LeafType, mask: _Mask, value: str, otherwise: str, *, is_row: bool
    ) -> None:
        if mask is not None:
            mask(value)
        elif leaf.names is not None:
            names = leaf.codes if is_row else leaf.names
            self._code.line(f"{value} = {self._code.constant('names', names)}[{value}]")
        elif leaf.prints is not None:
            self._print(leaf, output, value, otherwise)

    def _print(self, leaf: LeafType, output: GraphQLOutputType, value: str, otherwise: str) -> None:
        """Write what prints a value; one of the right class may have no print all the same."""
        printed = self._code.name("printed")
        call = f"{printed} = {self._code.constant('prints', leaf.prints)}({value})"
        if is_non_null_type(output):
            self._code.line(call)
            self._code.odd_if(f"{printed} is None")
        else:
            with self._code.block("try"):
                self._code.line(call)
            with self._code.block("except Exception"):
                self._code.line(f"{printed} = {otherwise}")
            with self._code.block("else"):
                self._code.odd_if(f"{printed} is None")
        self._code.line(f"{value} = {printed}")

    def _right(self, leaf: LeafType, value: str) -> str:
        """Return what holds of values that are printed without a doubt, as an expression."""
        is_exact = f"type({value}) is {self._code.constant(leaf.exact.__name__, leaf.exact)}"
        return f"{is_exact} and {leaf.within.format(value)}" if leaf.within else is_exact


class LeafWriter(_Leaves):
    """Writes the leaves of one root field's customers, of whom all the same is shown in another form."""

    def __init__(self, code: Code, root: Root, transforms: Transforms) -> None:
        super().__init__(code)
        self._transforms = transforms
        self._by_path = bool(transforms) and _has_mixed(transforms, [root.position])

    def write(
        self, plan: FieldPlan, output: GraphQLOutputType, of: GraphQLLeafType, held: Held, at: WrittenPath
    ) -> str:
        """Write what guards and prints a leaf of this type, and return the expression that is it."""
        transform = self._transforms.get(plan.coordinate)
        mask = None if transform is None else partial(self._mask, plan, transform, at)
        return self._write(plan, output, of, held, at, mask)

    def _mask(self, plan: FieldPlan, transform: Transform, at: WrittenPath, value: str) -> None:
        line, block, constant = self._code.line, self._code.block, self._code.constant
        line(f"{value} = {constant('mask', partial(mask_text, transform.mask))}({value})")
        spot = constant("spot", Spot(plan, at.pattern, transform=transform))
        by_path = f"shown_at({spot}, {constant('transform', transform)}, {at.code})"
        if self._by_path:  # once for all of a spot is wrong where only some of the values there are masked
            line(by_path)
            return
        with block("if by_path"):
            line(by_path)
        with block(f"elif {spot} not in masked"):
            line(f"shown({spot})")


class AnyLeafWriter(_Leaves):
    """Writes leaves that may be shown in another form or not, which is asked for each customer: those `masked`."""

    def __init__(self, code: Code, masked: Coordinates) -> None:
        super().__init__(code)
        self._masked = masked

    def write(
        self, plan: FieldPlan, output: GraphQLOutputType, of: GraphQLLeafType, held: Held, at: WrittenPath
    ) -> str:
        """Write what guards and prints a leaf of this type, and return the expression that is it."""
        if plan.coordinate not in self._masked:
            return self._write(plan, output, of, held, at)
        line, block, made = self._code.line, self._code.block, self._code.name("x")
        held = replace(held, code=self._code.bound(held.code))
        transform = self._code.bound(f"transforms_here.get({plan.coordinate!r})")
        with block(f"if {transform} is None"):
            line(f"{made} = {self._write(plan, output, of, held, at)}")
        with block("else"):
            line(f"{made} = {self._write(plan, output, of, held, at, partial(self._mask, plan, transform, at))}")
        return made

    def _mask(self, plan: FieldPlan, transform: str, at: WrittenPath, value: str) -> None:
        mask, spot = self._code.constant("mask", mask_text), self._code.spot(plan, at)
        self._code.line(f"{value} = {mask}({transform}.mask, {value})")
        self._code.line(f"shown_at({spot}, {transform}, {at.code})")


def _has_mixed(transforms: Transforms, positions: Iterable[Position]) -> bool:
    """Return whether one path of the answer can end in a masked value and in another one, by the type of its object.

    `positions` are the objects that can stand at one path.
    """
    by_name: dict[str, list[FieldPlan]] = {}
    for position in positions:
        for name, plan in position.fields.items():
            by_name.setdefault(name, []).append(plan)
    return any(
        _is_mixed(transforms, plans)
        or _has_mixed(transforms, [one for plan in plans for one in plan.positions.values()])
        for plans in by_name.values()
    )


def _is_mixed(transforms: Transforms, plans: Iterable[FieldPlan]) -> bool:
    leaves = {plan.coordinate for plan in plans if not plan.positions}
    return len(leaves) > 1 and not leaves.isdisjoint(transforms)
