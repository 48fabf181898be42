"""From what was fetched to the answer: data, and a reason for every null and every mask.

A pure function of the plan, the fetched answers and the verdicts. The shape is made by graphql-core's own executor, so
that aliases, fragments, null propagation and error paths are exact by construction; its resolvers only look up what is
there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLResolveInfo, GraphQLSchema, execute_sync
from graphql.pyutils import Path

from adapters.answers import TYPE_NAME, Facts, Fault, Found, Key, Page
from adapters.crossref import Subject
from resolvers.cursors import Cursors
from resolvers.fetched import Fetched
from resolvers.joining import NOT_LINKED, Joined, fault_of
from resolvers.pages import page_facts
from resolvers.plan import Canonical, FieldPlan, FromList, FromRecord, FromStep, Position, Root, Step
from resolvers.reasons_of_null import Notes, ResponsePath, response_path
from resolvers.source import locations
from schema.masks import mask_text
from schema.reasons import Place, Reason

__all__ = ["MOST_VALUES", "Assembled", "Operation", "assemble"]

MOST_VALUES = 100_000
"""The most values that the lists of one answer may come to, whatever a source sends; a list beyond it is SOURCE_ERROR.

An answer of so many takes about two seconds."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What is executed: a validated document, which of its operations, and the variables as they came."""

    schema: GraphQLSchema
    document: DocumentNode
    name: str | None
    variables: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Assembled:
    """The answer: `data`, `errors` in response form, and the entries of `extensions.withheld`, `.masked`, `.absent`."""

    data: dict[str, Any] | None = field(repr=False)
    errors: list[dict[str, Any]]
    withheld: list[dict[str, Any]]
    masked: list[dict[str, Any]]
    absent: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Node:
    """One object of the answer: how it is planned, whose it is, its keys, and the record it stands in."""

    position: Position
    subject: Subject
    keys: Mapping[str, Sequence[Key]] | None
    record: Facts


class _NullError(Exception):
    """A null that is an error: made afresh for each place, so that no traceback outlives its request."""

    def __init__(self, reason: Reason) -> None:
        self.extensions = {"code": str(reason), "remedy": reason.remedy}
        super().__init__(reason.message)


def assemble(
    operation: Operation,
    fetched: Fetched,
    subjects: Mapping[str, Sequence[Subject | None]],
    cursors: Cursors,
    shape: object = None,
) -> Assembled:
    """Return the answer. `subjects` holds the customers that each root field found, by response name, in order."""
    shaper = _Shaper(fetched, subjects, cursors)
    result = execute_sync(
        operation.schema,
        operation.document,
        root_value={root.response_name: root for root in fetched.plan.roots},
        variable_values=dict(operation.variables),
        operation_name=operation.name,
        field_resolver=shaper.resolve,
        type_resolver=shaper.type_of,
    )
    errors = [_printed(error, shaper.notes) for error in result.errors or ()]
    told = {place: shaper.notes.entries(place, result.data) for place in Place}
    return Assembled(result.data, errors, told[Place.WITHHELD], told[Place.MASKED], told[Place.ABSENT])


def _printed(error: GraphQLError, notes: Notes) -> dict[str, Any]:
    """Return the error as it goes out; a message that is not ours may hold a value and is replaced.

    A null that was given a reason but stands where the schema allows none is an error with that reason.
    """
    ours = error.original_error
    if not isinstance(ours, _NullError):
        ours = _NullError(notes.reason(tuple(error.path or ())) or Reason.VALUE_INVALID)
    return {"message": str(ours), "locations": locations(error), "path": error.path, "extensions": ours.extensions}


class _Shaper:
    """Answers the executor's questions from what was fetched."""

    def __init__(self, fetched: Fetched, subjects: Mapping[str, Sequence[Subject | None]], cursors: Cursors) -> None:
        self._fetched, self._subjects, self._cursors = fetched, subjects, cursors
        self._left = MOST_VALUES
        self.notes = Notes()

    def resolve(self, source: Any, info: GraphQLResolveInfo[Any], /, **_arguments: Any) -> Any:
        """Return the value of one field, null, or an exception that stands for a null with an error."""
        if isinstance(source, _Node):
            return self._field(source, source.position.fields[str(info.path.key)], info.path)
        return self._root(source[info.path.key], info.path)

    def type_of(self, value: Any, *_: Any) -> str:
        """Return the concrete type of an object that stands where an interface or union is declared."""
        assert isinstance(value, _Node)
        return value.position.type_name

    def _root(self, root: Root, path: Path) -> Any:
        found = self._subjects[root.response_name]
        nodes = [self._customer(root, subject, path, place) for place, subject in enumerate(found)]
        return nodes if root.is_list else nodes[0]

    def _customer(self, root: Root, subject: Subject | None, path: Path, place: int) -> _Node | None:
        where = response_path(path, place) if root.is_list else response_path(path)
        if subject is None:
            self.notes.null(root.coordinate, Reason.SUBJECT_UNKNOWN, where)
            return None
        return _Node(root.position, subject, None, {})

    def _field(self, node: _Node, plan: FieldPlan, path: Path) -> Any:
        where = response_path(path)
        withheld = self._fetched.verdicts.of(node.subject)
        if withheld and plan.is_withheld(frozenset(withheld)):
            for need in plan.needs:
                coordinate = min(need & withheld.keys())
                self.notes.null(coordinate, withheld[coordinate], where)
            return None
        value = self._read(node, plan)
        if isinstance(value, Fault):
            return self._null(value.reason, plan, where)
        return self._shaped(node, plan, value, where)

    def _null(self, reason: Reason, plan: FieldPlan, where: tuple[str | int, ...]) -> Exception | None:
        if reason.place is Place.ERROR:
            return _NullError(reason)
        self.notes.null(plan.coordinate, reason, where)
        return None

    def _read(self, node: _Node, plan: FieldPlan) -> Any:
        """Return the raw value: a fact, a list of facts, a key, None or a Fault."""
        match plan.reads:
            case Canonical():
                return node.subject.customer_id
            case FromRecord(name):
                value = node.record.get(name)
            case FromStep(number, name):
                facts = self._first(node, self._fetched.plan.steps[number])
                value = facts if isinstance(facts, Fault) else facts.get(name)
            case FromList(number):
                step = self._fetched.plan.steps[number]
                value = self._list(node, plan, step, self._keys(node, step))
        return value if plan.list_by_key is None else self._listed(node, plan, plan.list_by_key, value)

    def _listed(self, node: _Node, plan: FieldPlan, number: int, keys: Any) -> Any:
        """Return the list that a step answered for a key, or for a list of keys, that stood in a record."""
        match keys:
            case str():
                keys = [keys]
            case None | Fault() | []:
                return keys
        bad = next((key for key in keys if isinstance(key, Fault)), None)
        return bad or self._list(node, plan, self._fetched.plan.steps[number], keys)

    def _list(self, node: _Node, plan: FieldPlan, step: Step, keys: Sequence[Key]) -> Any:
        """Return the joined list of the keys: its entries, or a page of them, or the reason why there is none."""
        joined = self._fetched.list_of(step, node.subject, keys)
        if not isinstance(joined, Joined):
            return joined
        if not plan.is_page:
            return list(joined.items)
        bound_to = self._fetched.given(step).bound_to
        return page_facts(joined, plan, lambda stands: self._cursors.sealed(node.subject.customer_id, stands, bound_to))

    def _keys(self, node: _Node, step: Step) -> Sequence[Key]:
        if node.keys is not None:
            return node.keys.get(step.offer.keyspace or step.source, ())
        return [linked.key for keyspace in step.keyspaces for linked in node.subject.keys.get(keyspace, ())]

    def _first(self, node: _Node, step: Step) -> Facts | Fault:
        """Return the record of the first key that the source has; a key that failed before it decides nothing else.

        Passing over a failed key would let an outage change whose record answers.
        """
        absent = NOT_LINKED
        for key in self._keys(node, step):
            answer = self._fetched.answer(step, node.subject, key)
            if isinstance(answer, Found) and not isinstance(answer.record, Page):
                return answer.record
            fault = fault_of(answer)
            if fault.reason.place is Place.ERROR:
                return fault
            absent = fault if absent is NOT_LINKED else absent
        return absent

    def _shaped(self, node: _Node, plan: FieldPlan, value: Any, where: ResponsePath) -> Any:
        """Return the value as the executor takes it: objects as nodes, faults as exceptions, in lists too."""
        if isinstance(value, list):
            self._left -= len(value) * plan.size
            if self._left < 0:
                return _NullError(Reason.SOURCE_ERROR)
            return [self._shaped(node, plan, item, (*where, place)) for place, item in enumerate(value)]
        if isinstance(value, Fault):
            return _NullError(value.reason)
        if value is None:
            return None
        if not plan.positions:
            return self._leaf(plan, value, where)
        if plan.keyspace is not None:
            return self._behind(node, plan, value)
        return self._object(node, plan, value, where)

    def _leaf(self, plan: FieldPlan, value: Any, where: ResponsePath) -> Any:
        """Return a leaf as it may be shown. What a mask stands on is text: anything else is not shown at all."""
        transform = self._fetched.verdicts.transforms.get(plan.coordinate)
        if transform is None:
            return value
        if type(value) is not str:
            return _NullError(Reason.VALUE_INVALID)
        self.notes.shown(plan.coordinate, transform.reason, where)
        return mask_text(transform.mask, value)

    def _behind(self, node: _Node, plan: FieldPlan, key: Any) -> Any:
        """Return the object that is reached by a key."""
        if not isinstance(key, str):  # an adapter of others may hold anything as a key
            return _NullError(Reason.VALUE_INVALID)
        assert plan.position is not None
        assert plan.keyspace is not None
        return _Node(plan.position, node.subject, {plan.keyspace: (key,)}, {})

    def _object(self, node: _Node, plan: FieldPlan, facts: Any, where: ResponsePath) -> Any:
        """Return the object that stands in a record; of an interface or union as its concrete type."""
        type_name = facts.get(TYPE_NAME)
        if isinstance(type_name, Fault):
            return _NullError(type_name.reason)
        position = plan.position if type_name is None else plan.positions.get(type_name)
        if position is None:  # the view does not have the type
            self.notes.null(plan.coordinate, Reason.VALUE_NOT_IN_VIEW, where)
            return None
        return _Node(position, node.subject, node.keys, facts)
