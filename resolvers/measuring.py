"""The pass over a document that finds how much it asks for: linear, before validation and before planning.

Each fragment is measured once, where it is first needed, and never expanded; a fragment within itself counts nothing.
The document may be wrong in every way that the parser lets pass: what the view does not know counts as one value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from graphql import (
    DefinitionNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLOutputType,
    InlineFragmentNode,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)

from resolvers.literals import largest_input, size_by, size_of_literal
from resolvers.measures import Count, Figure, Measure, Measured, Part, Size, Sized, Sum
from schema.relay import PAGE_SIZE
from schema.view_schema import ViewSchema

__all__ = ["LIST_SIZE", "measure"]

LIST_SIZE = 10
"""How many entries a list without pages counts for: how long it is, only its source knows."""

_BY, _FIRST = "by", "first"
_INTROSPECTING = ("__schema", "__type")
_LISTS_OF_TYPES = ("fields", "inputFields", "interfaces", "possibleTypes")

_Definition = OperationDefinitionNode | FragmentDefinitionNode


def measure(view: ViewSchema, document: DocumentNode) -> Measured:
    """Return how much each operation and fragment of a parsed document asks for in a view.

    The work is the document's tokens, and one for each selection, directive and value: at most twice its bytes.
    """
    nodes = [node for node in document.definitions if _is_executable(node)]
    walk = _Walk(view, document.token_count, nodes)
    measures = [walk.measure(node) for node in nodes]
    operations = {
        node.name.value if node.name else "": found
        for node, found in zip(nodes, measures, strict=True)
        if isinstance(node, OperationDefinitionNode)
    }
    return Measured(measures, operations, walk.sums, walk.work)


def _is_executable(node: DefinitionNode) -> TypeGuard[_Definition]:
    return isinstance(node, _Definition)


@dataclass(frozen=True, slots=True)
class _Held:
    """The field that a part lies below: how many values it has, and how many entries a page of it.

    `is_meta`: it is of introspection. `is_paged`: it stands in a connection, and has as many values as a page has
    entries.
    """

    is_meta: bool = False
    is_list_of_types: bool = False
    is_paged: bool = False
    times: Size = 1
    page: Size = 1


@dataclass(frozen=True, slots=True)
class _Frame:
    """A selection set that is being walked, in the part that it adds to; an inline fragment adds to its field's.

    `level` counts the braces since the part began. The part belongs to the field `held` or to the fragment, if any.
    """

    waiting: Iterator[SelectionNode]
    parent: GraphQLNamedType | None
    part: Part
    level: int = 1
    held: _Held | None = None
    fragment: str | None = None


class _Walk:
    """One pass. It keeps its own stack: a chain of fragments can be longer than Python's."""

    def __init__(self, view: ViewSchema, tokens: int, nodes: Iterable[_Definition]) -> None:
        self._view = view
        self._fragments = {node.name.value: node for node in nodes if isinstance(node, FragmentDefinitionNode)}
        self._measured: dict[str, Part] = {}
        self._begun: set[str] = set()
        self.sums: list[Sum] = []
        self.work = tokens

    def measure(self, node: _Definition) -> Measure:
        """Return the measure of one definition."""
        if isinstance(node, OperationDefinitionNode):
            part = self._walk(self._operation(node))
            return Measure(part.counts, part.own.figure(), self._defaults(node, part), frozenset(part.listed))
        name = node.name.value
        part = self._measured.get(name) or self._walk(self._fragment(self._fragments[name]))
        return Measure(part.counts, part.own.figure(), {})

    def _operation(self, node: OperationDefinitionNode) -> _Frame:
        root = self._view.schema.query_type if node.operation is OperationType.QUERY else None
        part = Part(self.sums)
        self._directives(node.directives, part)
        return self._frame(node.selection_set, root, part)

    def _fragment(self, node: FragmentDefinitionNode) -> _Frame:
        self._begun.add(node.name.value)
        part = Part(self.sums)
        self._directives(node.directives, part)
        of = self._view.schema.get_type(node.type_condition.name.value)
        return self._frame(node.selection_set, of, part, fragment=node.name.value)

    def _frame(
        self,
        selections: SelectionSetNode,
        parent: GraphQLNamedType | None,
        part: Part,
        *,
        level: int = 1,
        held: _Held | None = None,
        fragment: str | None = None,
    ) -> _Frame:
        part.reach(Count.NESTING, level)
        return _Frame(iter(selections.selections), parent, part, level, held, fragment)

    def _walk(self, root: _Frame) -> Part:
        stack = [root]
        while stack:
            frame = stack[-1]
            selection = next(frame.waiting, None)
            if selection is None:
                stack.pop()
                self._leave(frame, stack[-1] if stack else None)
            elif (below := self._visit(frame, selection)) is not None:
                stack.append(below)
        return root.part

    def _visit(self, frame: _Frame, selection: SelectionNode) -> _Frame | None:
        """Count a selection; return what has to be walked before the next one."""
        self.work += 1
        self._directives(selection.directives, frame.part)
        if isinstance(selection, FieldNode):
            return self._field(frame, selection)
        if isinstance(selection, InlineFragmentNode):
            on = selection.type_condition
            parent = frame.parent if on is None else self._view.schema.get_type(on.name.value)
            return self._frame(selection.selection_set, parent, frame.part, level=frame.level + 1)
        assert isinstance(selection, FragmentSpreadNode)
        return self._spread(frame, selection.name.value)

    def _spread(self, frame: _Frame, name: str) -> _Frame | None:
        measured = self._measured.get(name)
        if measured is not None:
            _add_fragment(frame, measured)
        elif name in self._fragments and name not in self._begun:
            return self._fragment(self._fragments[name])
        return None

    def _field(self, frame: _Frame, node: FieldNode) -> _Frame | None:
        part, name = frame.part, node.name.value
        is_meta = name in _INTROSPECTING or _is_meta(frame.parent)
        part.add(Count.FIELDS, 1)
        part.add(Count.ALIASES, node.alias is not None)
        part.add(Count.INTROSPECTION_ALIASES, is_meta and node.alias is not None)
        part.reach(Count.INTROSPECTION_DEPTH if is_meta else Count.DEPTH, 1)
        part.own.add(Figure(1))
        self._inputs((argument.value for argument in node.arguments or ()), part)
        if node.selection_set is None:
            return None
        parent = frame.parent if is_composite_type(frame.parent) else None
        definition = None if parent is None else self._view.schema.get_field(parent, name)
        returned = None if definition is None else get_named_type(definition.type)
        held = self._held(part, parent, node, definition)
        return self._frame(node.selection_set, returned, Part(self.sums), held=held)

    def _leave(self, frame: _Frame, outer: _Frame | None) -> None:
        """Add what was walked to what it stands in."""
        if frame.fragment is not None:
            self._measured[frame.fragment] = frame.part
            if outer is not None:
                _add_fragment(outer, frame.part)
        elif frame.held is not None and outer is not None:
            _add_field(outer, frame.held, frame.part)

    def _held(
        self, part: Part, parent: GraphQLNamedType | None, node: FieldNode, definition: GraphQLField | None
    ) -> _Held:
        name = node.name.value
        if name in _INTROSPECTING or _is_meta(parent):
            return _Held(is_meta=True, is_list_of_types=name in _LISTS_OF_TYPES)
        if parent is None or definition is None:
            return _Held()
        if parent is self._view.schema.query_type:
            return _Held(times=_look_ups(part, node) if name == self._view.many else 1)
        coordinate = self._view.model.coordinates.get(f"{parent.name}.{name}")
        if coordinate is not None and coordinate.is_connection:
            return _Held(page=size_by(node, _FIRST, _page_size(definition)))
        levels = _list_levels(definition.type)
        is_paged = levels > 0 and self._view.model.is_plumbing(parent.name)
        return _Held(is_paged=is_paged, times=1 if is_paged else LIST_SIZE**levels)

    def _defaults(self, node: OperationDefinitionNode, part: Part) -> dict[str, int]:
        """Return the sizes that variables have when they are not given."""
        sizes: dict[str, int] = {}
        for variable in node.variable_definitions or ():
            self.work += 1
            self._directives(variable.directives, part)
            value = variable.default_value
            if value is not None and not isinstance(value, NullValueNode):
                self._inputs([value], part)
                sizes[variable.variable.name.value] = size_of_literal(value, 1)
        return sizes

    def _directives(self, directives: Sequence[DirectiveNode] | None, part: Part) -> None:
        for directive in directives or ():
            self.work += 1
            part.add(Count.DIRECTIVES, 1)
            self._inputs((argument.value for argument in directive.arguments or ()), part)

    def _inputs(self, values: Iterable[ValueNode], part: Part) -> None:
        largest, visited = largest_input(values)
        part.reach(Count.INPUTS, largest)
        self.work += visited


def _add_fragment(frame: _Frame, fragment: Part) -> None:
    frame.part.hold(fragment, frame.level)
    frame.part.reach(Count.DEPTH, fragment.counts[Count.DEPTH])
    frame.part.own.add(fragment.own.figure())
    frame.part.paged.add(fragment.paged.figure())


def _add_field(frame: _Frame, held: _Held, below: Part) -> None:
    part, counts = frame.part, below.counts
    part.hold(below, frame.level)
    if held.is_meta:  # answered from the view's schema: no source is asked for what it holds, however much
        part.reach(Count.INTROSPECTION_DEPTH, 1 + counts[Count.INTROSPECTION_DEPTH])
        part.reach(Count.INTROSPECTION_LISTS, held.is_list_of_types + counts[Count.INTROSPECTION_LISTS])
        return
    part.reach(Count.DEPTH, 1 + counts[Count.DEPTH])
    below.own.add(below.paged.figure(), held.page)
    (part.paged if held.is_paged else part.own).add(below.own.figure(), held.times)


def _look_ups(part: Part, node: FieldNode) -> Size:
    size = size_by(node, _BY, 1)
    if isinstance(size, Sized):
        part.listed.add(size.variable)
    return size


def _is_meta(of: GraphQLNamedType | None) -> bool:
    return of is not None and of.name.startswith("__")


def _page_size(connection: GraphQLField) -> int:
    first = connection.args.get(_FIRST)
    return first.default_value if first is not None and isinstance(first.default_value, int) else PAGE_SIZE


def _list_levels(of: GraphQLOutputType) -> int:
    levels = 0
    while is_list_type(of) or is_non_null_type(of):
        levels += is_list_type(of)
        of = of.of_type
    return levels
