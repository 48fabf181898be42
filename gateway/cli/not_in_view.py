"""FIELD_NOT_IN_VIEW: what a query names that the model has and the view does not list. For the operator alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, Node, TypeInfo, TypeInfoVisitor, Visitor, get_location, parse, visit

from schema.model import Model
from schema.reasons import FIELD_NOT_IN_VIEW
from schema.view_schema import cut_schema
from schema.views import View

__all__ = ["NotInView", "not_in_view"]


@dataclass(frozen=True, slots=True)
class NotInView:
    """A coordinate that is not in the view, where the query names it first, and how to come to it."""

    coordinate: str
    line: int
    column: int
    remedy: str

    def told(self) -> dict[str, Any]:
        """Return it as the members of a JSON object."""
        place = {"line": self.line, "column": self.column}
        return {"code": FIELD_NOT_IN_VIEW, "coordinate": self.coordinate, **place, "remedy": self.remedy}


def not_in_view(text: str, view: View, views: Sequence[View], model: Model) -> list[NotInView]:
    """Return what a document that parses names outside of the view, each once, in the document's order.

    `views` are all that there are: the remedy names those through which a consumer of this one may ask.
    """
    document = parse(text, max_tokens=view.limits.tokens)
    whole = cut_schema(model, _all(model), view.lookups, view.identifiers)
    naming = _Naming(model, TypeInfo(whole.schema))
    visit(document, TypeInfoVisitor(naming.types, naming))
    return [
        _told(name, node, _remedy(name, view, views)) for name, node in naming.named.items() if name not in view.fields
    ]


def _all(model: Model) -> Iterator[str]:
    for name, coordinate in model.coordinates.items():
        yield name
        yield from (f"{name}({argument}:)" for argument in coordinate.arguments)


class _Naming(Visitor):
    """Collects the coordinates of the model that a document names, each with the first node that does."""

    def __init__(self, model: Model, types: TypeInfo) -> None:
        super().__init__()
        self.model, self.types = model, types
        self.named: dict[str, Node] = {}

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Note a field of the business, and its arguments."""
        parent = self.types.get_parent_type()
        name = f"{parent.name}.{node.name.value}" if parent is not None else ""
        coordinate = self.model.coordinates.get(name)
        if coordinate is None or self.model.is_plumbing(coordinate.type_name):
            return
        self.named.setdefault(name, node)
        for argument in node.arguments or ():
            if argument.name.value in coordinate.arguments:
                self.named.setdefault(f"{name}({argument.name.value}:)", argument)


def _told(name: str, node: Node, remedy: str) -> NotInView:
    assert node.loc is not None
    place = get_location(node.loc.source, node.loc.start)
    return NotInView(name, place.line, place.column, remedy)


def _remedy(name: str, view: View, views: Sequence[View]) -> str:
    """Return which views of this one's consumers list a coordinate, and whom to ask otherwise."""
    newest = {one.name: one for one in sorted(views, key=lambda one: one.version) if name in one.fields}
    others = {one.id: [each for each in one.consumers if each in view.consumers] for one in newest.values()}
    shown = [f"{other} lists it, for {', '.join(consumers)}" for other, consumers in others.items() if consumers]
    listed = f"{'; '.join(shown)}." if shown else f"No view of {', '.join(view.consumers)} lists it."
    return f"{listed} {view.id} is owned by: {view.owner}. Ask there for a version that lists it."
