"""The leaves of an answer as code: each is guarded by the rule of its type, then printed, or masked."""

from __future__ import annotations

from functools import partial

from graphql import GraphQLLeafType, GraphQLOutputType, is_non_null_type

from resolvers.held import Code, Held, Place
from resolvers.leaves import Leaf, leaf_of
from resolvers.making import Spot
from resolvers.plan import FieldPlan
from resolvers.policy import Transform, Transforms
from schema.masks import mask_text

__all__ = ["LeafWriter"]


class LeafWriter:
    """Writes the leaves of one root field's customers."""

    def __init__(self, code: Code, transforms: Transforms) -> None:
        self._code, self._transforms = code, transforms

    def write(self, plan: FieldPlan, output: GraphQLOutputType, of: GraphQLLeafType, held: Held, at: Place) -> str:
        """Write what guards and prints a leaf of this type, and return the expression that is it."""
        leaf, transform = leaf_of(of), self._transforms.get(plan.coordinate)
        if transform is not None and not leaf.is_text:
            return self._code.odd()
        is_sure = held.is_leaf_of is leaf.exact
        if leaf.is_plain and transform is None:
            return self._plain(leaf, output, held, is_sure=is_sure)
        value = self._code.bound(held.code)
        with self._code.unless_null(value, output, is_there=not is_sure and is_non_null_type(output)):
            if not is_sure:
                self._code.odd_if(self._is_wrong(leaf, value))
            if transform is not None:
                self._mask(transform, Spot(plan.coordinate, [], at.pattern, transform.reason), value)
            else:
                self._print(leaf, value, is_row=is_sure)
        return value

    def _mask(self, transform: Transform, spot: Spot, value: str) -> None:
        mask, shown = self._code.constant("mask", partial(mask_text, transform.mask)), self._code.constant("spot", spot)
        self._code.line(f"{value} = {mask}({value})")
        with self._code.block(f"if {shown} not in masked"):
            self._code.line(f"shown({shown})")

    def _plain(self, leaf: Leaf, output: GraphQLOutputType, held: Held, *, is_sure: bool) -> str:
        """Write the guard of a value that is shown as it is, and return it."""
        may_be_null = not is_non_null_type(output)
        if is_sure and may_be_null:
            return held.code
        value = self._code.bound(held.code)
        wrong = f"{value} is None" if is_sure else self._is_wrong(leaf, value)
        self._code.odd_if(f"{value} is not None and ({wrong})" if may_be_null else wrong)
        return value

    def _is_wrong(self, leaf: Leaf, value: str) -> str:
        is_other = f"type({value}) is not {self._code.constant(leaf.exact.__name__, leaf.exact)}"
        return f"{is_other} or not ({leaf.within.format(value)})" if leaf.within else is_other

    def _print(self, leaf: Leaf, value: str, *, is_row: bool) -> None:
        if leaf.names is not None:
            names = leaf.codes if is_row else leaf.names
            self._code.line(f"{value} = {self._code.constant('names', names)}[{value}]")
        else:
            self._code.line(f"{value} = {self._code.constant('prints', leaf.prints)}({value})")
            self._code.odd_if(f"{value} is None")
