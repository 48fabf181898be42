"""Which of a view's fields hold personal data, and of which kind: by their own mark, or by what leads to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gateway.register.record import Category
from schema.describing import attribute_docs
from schema.directives import CANONICAL, PersonalCategory
from schema.model import Coordinate, Model
from schema.views import View

__all__ = ["categories_of"]

_UNSAID = "Personal data of which the model does not say what it tells."

_Kind = tuple[PersonalCategory | None, bool]
"""A category and whether it is one of the special categories."""


def categories_of(view: View, model: Model) -> tuple[Sequence[Category], Sequence[str]]:
    """Return the view's personal data by category, in the order of the list of categories, and its other fields.

    A field without a mark of its own is of the kinds of the fields that lead to it: an amount is financial below a
    balance. One that marked fields of several kinds lead to stands in each of them. The canonical id identifies.
    """
    listed = [model.coordinates[name] for name in view.fields if name in model.coordinates]
    kinds = _kinds(listed, model)
    wanted = [*PersonalCategory, None]
    found = [_category(each, [(str(one), kinds[str(one)]) for one in listed]) for each in wanted]
    others = [str(one) for one in listed if not kinds[str(one)]]
    return [category for category in found if category.coordinates], others


def _category(wanted: PersonalCategory | None, listed: Iterable[tuple[str, Iterable[_Kind]]]) -> Category:
    held = [(name, is_special) for name, kinds in listed for category, is_special in kinds if category is wanted]
    names = dict.fromkeys(name for name, _ in held)
    special = {name for name, is_special in held if is_special}
    if wanted is None:
        return Category(None, _UNSAID, [*names], sorted(special))
    return Category(wanted.value, attribute_docs(PersonalCategory)[wanted.name], [*names], sorted(special))


def _kinds(listed: Sequence[Coordinate], model: Model) -> Mapping[str, frozenset[_Kind]]:
    """Return the kinds of each coordinate: handed down from what holds its type, until nothing changes."""
    kinds = {str(one): _own(one, model) for one in listed}
    unmarked = [one for one in listed if not kinds[str(one)]]
    is_changed = True
    while is_changed:
        handed = {str(one): _handed(one, listed, kinds, model) for one in unmarked}
        is_changed = any(kinds[name] != each for name, each in handed.items())
        kinds.update(handed)
    return kinds


def _handed(
    one: Coordinate, listed: Sequence[Coordinate], kinds: Mapping[str, frozenset[_Kind]], model: Model
) -> frozenset[_Kind]:
    leading = (each for each in listed if one.type_name in (each.of, *model.concrete(each.of)))
    return frozenset().union(*(kinds[str(each)] for each in leading))


def _own(one: Coordinate, model: Model) -> frozenset[_Kind]:
    if (one.type_name, one.field_name) == (model.subject, CANONICAL):
        return frozenset({(PersonalCategory.IDENTIFYING, False)})  # opaque, and still one person's alone
    return frozenset({(one.category, one.is_sensitive)}) if one.is_personal or one.is_sensitive else frozenset()
