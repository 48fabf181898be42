"""What stands at each field of the answer, as the facts and the verdicts have it, before it is given its shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapters.answers import TYPE_NAME, Facts, Fault, Found, Key, Page
from adapters.crossref import Subject
from resolvers.assembled import NullError
from resolvers.causes import causes
from resolvers.cursors import Cursors
from resolvers.fetched import Fetched
from resolvers.joining import NOT_LINKED, Joined, fault_of
from resolvers.pages import page_facts, page_parts
from resolvers.plan import Canonical, FieldPlan, FromList, FromRecord, FromStep, Position, Root
from resolvers.policy import Verdicts
from resolvers.reasons_of_null import Notes, ResponsePath
from resolvers.steps import Step
from schema.masks import mask_text
from schema.reasons import Place, Reason

__all__ = ["MOST_VALUES", "Node", "Values", "is_boundless", "note_unknown"]

MOST_VALUES = 100_000
"""The most values that the lists of one answer may come to, whatever a source sends; a list beyond it is SOURCE_ERROR.

An answer of so many takes about two seconds where graphql-core has to make it."""


_MOST_DIGITS = 1_000


@dataclass(frozen=True, slots=True)
class Node:
    """One object of the answer: how it is planned, whose it is, its keys (None: the customer's own), and the record it
    stands in. `firsts` keeps what its keys have led to, by step."""

    position: Position
    subject: Subject = field(repr=False)
    keys: Mapping[str, Sequence[Key]] | None = field(default=None, repr=False)
    record: Facts = field(default_factory=dict, repr=False)
    firsts: dict[int, Facts | Fault] = field(default_factory=dict, repr=False)


def note_unknown(notes: Notes, root: Root, found: Sequence[Subject | None], verdicts: Verdicts) -> None:
    """Note the customers that a root field does not show; it comes before whatever is told of the others."""
    for place, subject in enumerate(found):
        if subject is None:
            notes.withheld(root.coordinate, verdicts.refusal(root.response_name, place), root.where(place))


class Values:
    """Says what stands where, and notes why nothing or something else does.

    `left` is how many values the lists of the answer may still come to.
    """

    def __init__(self, fetched: Fetched, cursors: Cursors, notes: Notes, left: int | None = None) -> None:
        self._fetched, self._cursors, self._notes = fetched, cursors, notes
        self.left = MOST_VALUES if left is None else left

    def at(self, node: Node, plan: FieldPlan, where: ResponsePath) -> Any:
        """Return what stands at a field of an object: null, a leaf, a Node, a NullError, or a list of these."""
        profile = self._fetched.verdicts.profile(node.subject)
        if profile.withheld and plan.is_withheld(profile.hidden):
            for coordinate, verdict in causes(plan, profile.withheld):
                self._notes.withheld(coordinate, verdict, where)
            return None
        value = self._read(node, plan)
        if isinstance(value, Fault):
            return self._null(value, plan, where)
        return self._shaped(node, plan, value, where)

    def _null(self, fault: Fault, plan: FieldPlan, where: ResponsePath) -> NullError | None:
        if fault.reason.place is Place.ERROR:
            return NullError(fault.reason, is_absent=fault.is_absent)
        self._notes.null(plan.coordinate, fault.reason, where)
        return None

    def _read(self, node: Node, plan: FieldPlan) -> Any:
        """Return the raw value: a fact, a list of facts, a key, None or a Fault."""
        match plan.reads:
            case FromRecord(name):
                value = node.record.get(name)
            case FromStep(number, name):
                facts = node.firsts.get(number)
                if facts is None:
                    facts = node.firsts[number] = self._first(node, self._fetched.plan.steps[number])
                value = facts if isinstance(facts, Fault) else facts.get(name)
            case FromList(number):
                step = self._fetched.plan.steps[number]
                value = self._list(node, plan, step, self._keys(node, step))
            case Canonical():
                return node.subject.customer_id
        return value if plan.list_by_key is None else self._listed(node, plan, plan.list_by_key, value)

    def _listed(self, node: Node, plan: FieldPlan, number: int, keys: Any) -> Any:
        """Return the list that a step answered for a key, or for a list of keys, that stood in a record."""
        match keys:
            case str():
                keys = [keys]
            case None | Fault() | []:
                return keys
        bad = next((key for key in keys if isinstance(key, Fault)), None)
        return bad or self._list(node, plan, self._fetched.plan.steps[number], keys)

    def _list(self, node: Node, plan: FieldPlan, step: Step, keys: Sequence[Key]) -> Any:
        """Return the joined list of the keys: its entries, or a page of them, or the reason why there is none."""
        joined = self._fetched.list_of(step, node.subject, keys)
        if not isinstance(joined, Joined):
            return joined
        if not plan.is_page:
            return list(joined.items)
        customer_id, bound_to = node.subject.customer_id, self._fetched.given(step).bound_to
        return page_facts(joined, page_parts(plan), lambda stands: self._cursors.sealed(customer_id, stands, bound_to))

    def _keys(self, node: Node, step: Step) -> Sequence[Key]:
        if node.keys is not None:
            return node.keys.get(step.keyspace, ())
        return [linked.key for keyspace in step.keyspaces for linked in node.subject.keys.get(keyspace, ())]

    def _first(self, node: Node, step: Step) -> Facts | Fault:
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

    def _shaped(self, node: Node, plan: FieldPlan, value: Any, where: ResponsePath) -> Any:
        """Return the value with objects as nodes and faults as exceptions, in lists too."""
        if isinstance(value, list):
            self.left -= len(value) * plan.size
            if self.left < 0:
                return NullError(Reason.SOURCE_ERROR)
            return [self._shaped(node, plan, item, (*where, place)) for place, item in enumerate(value)]
        if isinstance(value, Fault):
            return NullError(value.reason, is_absent=value.is_absent)
        if value is None:
            return None
        if not plan.positions:
            return self._leaf(node, plan, value, where)
        if plan.keyspace is not None:
            return self._behind(node, plan, value)
        return self._object(node, plan, value, where)

    def _leaf(self, node: Node, plan: FieldPlan, value: Any, where: ResponsePath) -> Any:
        """Return a leaf as it may be shown. What a mask stands on is text: anything else is not shown at all."""
        transform = self._fetched.verdicts.profile(node.subject).transforms.get(plan.coordinate)
        if transform is None:
            return NullError(Reason.VALUE_INVALID) if is_boundless(value) else value
        if type(value) is not str:
            return NullError(Reason.VALUE_INVALID)
        self._notes.shown(plan.coordinate, transform, where)
        return mask_text(transform.mask, value)

    def _behind(self, node: Node, plan: FieldPlan, key: Any) -> Any:
        """Return the object that is reached by a key."""
        if not isinstance(key, str):  # an adapter of others may hold anything as a key
            return NullError(Reason.VALUE_INVALID)
        assert plan.position is not None
        assert plan.keyspace is not None
        return Node(plan.position, node.subject, {plan.keyspace: (key,)})

    def _object(self, node: Node, plan: FieldPlan, facts: Any, where: ResponsePath) -> Any:
        """Return the object that stands in a record; of an interface or union as its concrete type."""
        type_name = facts.get(TYPE_NAME)
        if isinstance(type_name, Fault):
            return NullError(type_name.reason)
        position = plan.position if type_name is None else plan.positions.get(type_name)
        if position is None:  # the view does not have the type
            self._notes.null(plan.coordinate, Reason.VALUE_NOT_IN_VIEW, where)
            return None
        return Node(position, node.subject, node.keys, facts)


def is_boundless(value: object) -> bool:
    """Return whether a value is a decimal whose digits, written out, take time without end: 1E+999999 as an Int."""
    return isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) > _MOST_DIGITS
