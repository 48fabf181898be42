"""The exact way to the answer: graphql-core's own executor over what was fetched.

Aliases, fragments, null propagation and error paths are exact by construction; the resolvers only look up what is
there. It also answers introspection, and it decides whatever a compiled shape doubts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLResolveInfo, GraphQLSchema, execute_sync

from adapters.crossref import Subject
from resolvers.assembled import Assembled, NullError, assembled, error_entry
from resolvers.cursors import Cursors
from resolvers.fetched import Fetched
from resolvers.plan import Root
from resolvers.policy import Verdicts
from resolvers.reasons_of_null import Notes, ResponsePath, response_path
from resolvers.source import locations
from resolvers.values import Node, Values, note_unknown
from schema.reasons import Reason

__all__ = ["Executed", "Operation", "execute", "execute_one"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What is executed: a validated document, which of its operations, and the variables as they came."""

    schema: GraphQLSchema
    document: DocumentNode
    name: str | None
    variables: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Executed:
    """One customer, its errors in response form, and how many values the lists of the answer may still come to."""

    customer: dict[str, Any] | None = field(repr=False)
    errors: list[dict[str, Any]]
    left: int


def execute(
    operation: Operation, fetched: Fetched, subjects: Mapping[str, Sequence[Subject | None]], cursors: Cursors
) -> Assembled:
    """Return the answer. `subjects` holds the customers that each root field found, by response name, in order."""
    notes = Notes()
    resolver = _Resolver(Values(fetched, cursors, notes), notes, subjects, fetched.verdicts)
    result = _result(operation, fetched, resolver)
    return assembled(result.data, [_printed(error, notes, error.path) for error in result.errors or ()], notes)


def execute_one(
    operation: Operation,
    fetched: Fetched,
    cursors: Cursors,
    notes: Notes,
    root: Root,
    subject: Subject,
    place: int,
    left: int,
) -> Executed:
    """Return one customer of a root field as it stands at its place in the answer, and add to the notes.

    `left` is how many values the lists of the answer may still come to before it.
    """
    values = Values(fetched, cursors, notes, left)
    resolver = _Resolver(
        values, notes, {root.response_name: (subject,)}, fetched.verdicts, place if root.is_list else None
    )
    result = _result(operation, fetched, resolver)
    errors = [
        _printed(error, notes, None if error.path is None else resolver.moved(tuple(error.path)))
        for error in result.errors or ()
    ]
    made = result.data and result.data[root.response_name]
    return Executed(made[0] if made and root.is_list else made, errors, values.left)


def _result(operation: Operation, fetched: Fetched, resolver: _Resolver) -> ExecutionResult:
    return execute_sync(
        operation.schema,
        operation.document,
        root_value={root.response_name: root for root in fetched.plan.roots},
        variable_values=dict(operation.variables),
        operation_name=operation.name,
        field_resolver=resolver.resolve,
        type_resolver=_type_of,
    )


def _printed(error: GraphQLError, notes: Notes, path: Sequence[str | int] | None) -> dict[str, Any]:
    """Return the error as it goes out; a message that is not ours may hold a value and is replaced.

    A null that was given a reason but stands where the schema allows none is an error with that reason.
    """
    ours = error.original_error
    reason = ours.reason if isinstance(ours, NullError) else notes.reason(tuple(path or ())) or Reason.VALUE_INVALID
    is_absent = isinstance(ours, NullError) and ours.is_absent
    return error_entry(reason, locations(error), None if path is None else list(path), is_absent=is_absent)


def _type_of(value: Any, *_: Any) -> str:
    """Return the concrete type of an object that stands where an interface or union is declared."""
    assert isinstance(value, Node)
    return value.position.type_name


class _Resolver:
    """Answers the executor's questions from what was fetched; `place` is where a customer stands that is alone here."""

    def __init__(
        self,
        values: Values,
        notes: Notes,
        subjects: Mapping[str, Sequence[Subject | None]],
        verdicts: Verdicts,
        place: int | None = None,
    ) -> None:
        self._values, self._notes, self._subjects, self._place = values, notes, subjects, place
        self._verdicts = verdicts

    def resolve(self, source: Any, info: GraphQLResolveInfo[Any], /, **_arguments: Any) -> Any:
        """Return the value of one field, null, or an exception that stands for a null with an error."""
        if isinstance(source, Node):
            plan = source.position.fields[str(info.path.key)]
            return self._values.at(source, plan, self.moved(response_path(info.path)))
        return self._root(source[info.path.key])

    def moved(self, path: ResponsePath) -> ResponsePath:
        """Return a path as it is in the answer."""
        return path if self._place is None or len(path) < 2 else (path[0], self._place, *path[2:])

    def _root(self, root: Root) -> Any:
        found = self._subjects.get(root.response_name, ())
        note_unknown(self._notes, root, found, self._verdicts)
        nodes = [None if subject is None else Node(root.position, subject) for subject in found]
        if root.is_list:
            return nodes
        return nodes[0] if nodes else None
