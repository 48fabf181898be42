"""A view's masks held against the model: whether they hide what they stand on, on every way to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import is_interface_type

from schema.masks import Mask
from schema.model import Coordinate, Model
from schema.problems import Problem
from schema.view_files import LoadedView

__all__ = ["verify_masks"]

_TEXTS = frozenset({"String", "ID"})
"""The types whose values may be any text. Of others a masked value would be none: no date, no code of the enum."""

_ID = "id"


def verify_masks(loaded: LoadedView, model: Model) -> Iterator[Problem]:
    """Yield what is wrong with the masks of a view. Coordinates that the model does not have are left to others."""
    checking = _Checking(loaded, model)
    for name, rule in loaded.view.fields.items():
        base, is_argument, argument = name.removesuffix(":)").partition("(")
        coordinate = model.coordinates.get(base)
        if coordinate is None:
            continue
        if is_argument:
            yield from checking.argument(name, coordinate, argument, rule.mask)
        elif rule.mask is not None:
            yield from checking.field(name, coordinate)
        if not is_argument and is_interface_type(model.schema.type_map[coordinate.type_name]):
            yield from checking.of_interface(name, coordinate)


@dataclass(frozen=True, slots=True)
class _Checking:
    loaded: LoadedView
    model: Model

    def field(self, name: str, coordinate: Coordinate) -> Iterator[Problem]:
        """Yield what keeps the field from being masked."""
        if coordinate.of not in _TEXTS:
            got = f"a mask on {name}, which holds {coordinate.of}"
            yield self._at(name, got, "a mask on text: String or ID", "remove the mask, or the coordinate")
        elif coordinate.field_name == _ID:
            wanted = "ids as they are: clients tell records apart by them, and masked ones are alike"
            yield self._at(name, f"a mask on the id {name}", wanted, "remove the mask, or the coordinate")

    def argument(self, name: str, coordinate: Coordinate, argument: str, mask: Mask | None) -> Iterator[Problem]:
        """Yield what an argument has to do with masks: it has none, and asks for nothing that has one."""
        if mask is not None:
            yield self._at(name, f"a mask on the argument {name}", "masks on fields", "remove the mask")
        found = coordinate.arguments.get(argument)
        if found is not None and found.reads is not None and self._mask(found.reads) is not None:
            got = f"{name}, which filters or orders by {found.reads}, which is masked"
            wanted = "arguments by fields that are shown whole, for they tell of the values"
            yield self._at(name, got, wanted, "remove the argument, or the mask")

    def of_interface(self, name: str, coordinate: Coordinate) -> Iterator[Problem]:
        """Yield the types of an interface that show its field otherwise."""
        for held in self.model.concrete(coordinate.type_name):
            own = f"{held}.{coordinate.field_name}"
            if own in self.loaded.view.fields and self._mask(own) != self._mask(name):
                got = f"{own} ({self._said(own)}) and {name} ({self._said(name)})"
                yield self._at(own, got, "an interface's field and those of its types masked alike", "make them alike")

    def _mask(self, name: str) -> Mask | None:
        rule = self.loaded.view.fields.get(name)
        return rule.mask if rule is not None else None

    def _said(self, name: str) -> str:
        return str(self._mask(name) or "whole")

    def _at(self, name: str, got: str, wanted: str, mend: str) -> Problem:
        return Problem(str(self.loaded.path), self.loaded.line_of_field(name), got, wanted, mend)
