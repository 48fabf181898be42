"""The exact way to the answer: graphql-core's own executor over what was fetched.

Aliases, fragments, null propagation and error paths are exact by construction; the resolvers only look up what is
there. It also answers introspection, and it decides whatever a compiled shape doubts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLResolveInfo, GraphQLSchema, execute_sync

from adapters.crossref import Subject
from resolvers.assembled import Assembled, NullError, assembled, error_entry
from resolvers.cursors import Cursors
from resolvers.fetched import Fetched
from resolvers.plan import Root
from resolvers.reasons_of_null import Notes, response_path
from resolvers.source import locations
from resolvers.values import Node, Values, note_unknown
from schema.reasons import Reason

__all__ = ["Operation", "execute"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What is executed: a validated document, which of its operations, and the variables as they came."""

    schema: GraphQLSchema
    document: DocumentNode
    name: str | None
    variables: Mapping[str, Any] = field(repr=False)


def execute(
    operation: Operation, fetched: Fetched, subjects: Mapping[str, Sequence[Subject | None]], cursors: Cursors
) -> Assembled:
    """Return the answer. `subjects` holds the customers that each root field found, by response name, in order."""
    notes = Notes()
    values = Values(fetched, cursors, notes)
    result = execute_sync(
        operation.schema,
        operation.document,
        root_value={root.response_name: root for root in fetched.plan.roots},
        variable_values=dict(operation.variables),
        operation_name=operation.name,
        field_resolver=_Resolver(values, notes, subjects).resolve,
        type_resolver=_type_of,
    )
    errors = [_printed(error, notes) for error in result.errors or ()]
    return assembled(result.data, errors, notes)


def _printed(error: GraphQLError, notes: Notes) -> dict[str, Any]:
    """Return the error as it goes out; a message that is not ours may hold a value and is replaced.

    A null that was given a reason but stands where the schema allows none is an error with that reason.
    """
    ours = error.original_error
    if isinstance(ours, NullError):
        reason = ours.reason
    else:
        reason = notes.reason(tuple(error.path or ())) or Reason.VALUE_INVALID
    return error_entry(reason, locations(error), error.path)


def _type_of(value: Any, *_: Any) -> str:
    """Return the concrete type of an object that stands where an interface or union is declared."""
    assert isinstance(value, Node)
    return value.position.type_name


class _Resolver:
    """Answers the executor's questions from what was fetched."""

    def __init__(self, values: Values, notes: Notes, subjects: Mapping[str, Sequence[Subject | None]]) -> None:
        self._values, self._notes, self._subjects = values, notes, subjects

    def resolve(self, source: Any, info: GraphQLResolveInfo[Any], /, **_arguments: Any) -> Any:
        """Return the value of one field, null, or an exception that stands for a null with an error."""
        if isinstance(source, Node):
            plan = source.position.fields[str(info.path.key)]
            return self._values.at(source, plan, response_path(info.path))
        return self._root(source[info.path.key])

    def _root(self, root: Root) -> Any:
        found = self._subjects[root.response_name]
        note_unknown(self._notes, root, found)
        nodes = [None if subject is None else Node(root.position, subject) for subject in found]
        return nodes if root.is_list else nodes[0]
