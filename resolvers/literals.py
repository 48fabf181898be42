"""What is written into a document as values: how large a list they make, and how large the largest input object is."""

from __future__ import annotations

from collections.abc import Iterable

from graphql import FieldNode, IntValueNode, ListValueNode, NullValueNode, ObjectValueNode, ValueNode, VariableNode

from resolvers.measures import MOST, Size, Sized, size_of

__all__ = ["largest_input", "size_by", "size_of_literal"]

_MOST_DIGITS = 9


def size_by(node: FieldNode, argument: str, otherwise: int) -> Size:
    """Return the size that an argument of a field gives to a list, `otherwise` where it is not given."""
    value = next((one.value for one in node.arguments or () if one.name.value == argument), None)
    if isinstance(value, VariableNode):
        return Sized(value.name.value, otherwise)
    return otherwise if value is None else size_of_literal(value, otherwise)


def size_of_literal(value: ValueNode, otherwise: int) -> int:
    """Return the size that a value gives to a list: a number is one, a list has one, null has none."""
    match value:
        case IntValueNode():
            # Python refuses to read a number of more than 4,300 digits
            return size_of(int(value.value), otherwise) if len(value.value) <= _MOST_DIGITS else MOST
        case ListValueNode():
            return len(value.values)
        case NullValueNode():
            return otherwise
        case _:
            return 1


def largest_input(values: Iterable[ValueNode]) -> tuple[int, int]:
    """Return how many values the largest input object among these holds, and how many values were visited.

    An object holds what is nested in it; the entries of a list are looked at one by one.
    """
    largest = visited = 0
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        visited += 1
        if isinstance(value, ListValueNode):
            waiting.extend(value.values)
        elif isinstance(value, ObjectValueNode):
            found = _values_in(value)
            largest, visited = max(largest, found), visited + found
    return largest, visited


def _values_in(value: ObjectValueNode) -> int:
    found = 0
    waiting: list[ValueNode] = [member.value for member in value.fields]
    while waiting:
        one = waiting.pop()
        found += 1
        if isinstance(one, ListValueNode):
            waiting.extend(one.values)
        elif isinstance(one, ObjectValueNode):
            waiting.extend(member.value for member in one.fields)
    return found
