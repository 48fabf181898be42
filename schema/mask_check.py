"""A view's masks held against the model: whether they stand on texts that can be masked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schema.directives import CANONICAL
from schema.model import Coordinate, Model
from schema.problems import Problem
from schema.rule_order import hides_as_much
from schema.view_files import LoadedView
from schema.view_rules import FieldRule

__all__ = ["verify_masks"]

_TEXTS = frozenset({"String", "ID"})
"""The types whose values may be any text. Of others a masked value would be none: no date, no code of the enum."""


def verify_masks(loaded: LoadedView, model: Model) -> Iterator[Problem]:
    """Yield what is wrong with the masks of a view, above and below a level.

    Coordinates that the model does not have, and arguments, are left to others.
    """
    checking = _Checking(loaded)
    for name, rule in loaded.view.fields.items():
        coordinate = model.coordinates.get(name)
        if coordinate is not None and (rule.mask is not None or rule.below is not None):
            yield from checking.field(name, coordinate, rule)


@dataclass(frozen=True, slots=True)
class _Checking:
    loaded: LoadedView

    def field(self, name: str, coordinate: Coordinate, rule: FieldRule) -> Iterator[Problem]:
        """Yield what keeps the field from being masked."""
        if coordinate.of not in _TEXTS:
            got = f"a mask on {name}, which holds {coordinate.of}"
            yield self._at(name, got, "a mask on text: String or ID", "remove the mask, or the coordinate")
        elif coordinate.field_name == CANONICAL:
            wanted = "ids as they are: clients tell records apart by them, and masked ones are alike"
            yield self._at(name, f"a mask on the id {name}", wanted, "remove the mask, or the coordinate")
        elif rule.below is not None and (rule.below == rule.mask or not hides_as_much(rule.below, rule.mask)):
            got = f"{name}, masked by {rule.below} below {rule.min} and by {rule.mask} from it on"
            yield self._at(name, got, "below the level a mask that shows less", "correct one of the masks")

    def _at(self, name: str, got: str, wanted: str, mend: str) -> Problem:
        return Problem(str(self.loaded.path), self.loaded.line_of_field(name), got, wanted, mend)
