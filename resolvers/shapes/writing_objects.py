"""The objects of an answer as code: known by keys, or found in a record, with all that stands in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from itertools import groupby

from graphql import (
    GraphQLOutputType,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from adapters.answers import TYPE_NAME
from resolvers.handed_on import DoubtError
from resolvers.pages import EDGES, NODE, NODES, PAGE_INFO, page_parts
from resolvers.plan import FieldPlan, FromList, FromRecord, FromStep, Position
from resolvers.shapes.held import DictFacts, Held, HeldFacts
from resolvers.shapes.writing import Code, WrittenPath
from resolvers.shapes.writing_leaves import AnyLeafWriter, LeafWriter
from resolvers.shapes.writing_steps import Entity, Loaded, StepWriter
from resolvers.shapes.writing_withheld import WithheldWriter

__all__ = ["ObjectWriter"]


class ObjectWriter:
    """Writes the objects of one root field's customers."""

    def __init__(
        self, code: Code, leaves: LeafWriter | AnyLeafWriter, steps: StepWriter, withheld: WithheldWriter
    ) -> None:
        self._code, self._leaves, self._steps = code, leaves, steps
        self._withheld, self._unless_withheld = withheld, withheld.unless_withheld

    # What is known by keys, and what the steps have for it

    def entity(self, position: Position, entity: Entity, at: WrittenPath) -> str:
        """Write what shapes an object of which steps are asked, and return the expression that is it."""
        numbers = dict.fromkeys(map(self._step_of, position.fields.values()))
        loaded = {number: self._steps.loaded(number, entity) for number in numbers if number is not None}
        made: dict[str, str] = {}
        for reads_of, plans in groupby(position.fields.values(), key=self._step_of):
            if reads_of is None:
                made.update((plan.response_name, self._own(position, plan, at)) for plan in plans)
            else:
                self._from_step(list(plans), loaded[reads_of], self._steps.facts[reads_of], made, at)
        return _dict_of(made)

    def _step_of(self, plan: FieldPlan) -> int | None:
        """Return the step in whose answer a field stands; none where it is certain that it is not shown."""
        is_read = isinstance(plan.reads, FromStep | FromList) and not self._withheld.is_withheld(plan)
        return plan.reads.step if is_read and isinstance(plan.reads, FromStep | FromList) else None

    def _own(self, position: Position, plan: FieldPlan, at: WrittenPath) -> str:
        """Return what is known of the object without a step, or why it is null."""
        if plan.reads is None:
            return repr(position.type_name)
        held, here = Held("subject.customer_id", DictFacts()), at.field(plan.response_name)
        return self._unless_withheld(plan, here, lambda: self._completed(plan, plan.output, held, here))

    def _from_step(
        self, plans: Sequence[FieldPlan], loaded: Loaded, facts: HeldFacts, made: dict[str, str], at: WrittenPath
    ) -> None:
        """Write the fields that stand in what one step has, or why they are null."""
        with self._code.block(f"if {loaded.record} is not None"):
            for plan in plans:
                here = at.field(plan.response_name)
                value = self._unless_withheld(plan, here, partial(self._of_step, plan, loaded, facts, here))
                made[plan.response_name] = self._code.bound(value)
        with self._code.block("else"):
            for plan in plans:
                here = at.field(plan.response_name)
                null = self._unless_withheld(plan, here, partial(self._null, plan, loaded.reason, here))
                self._code.line(f"{made[plan.response_name]} = {null}")

    def _of_step(self, plan: FieldPlan, loaded: Loaded, facts: HeldFacts, at: WrittenPath) -> str:
        if isinstance(plan.reads, FromList):
            return self._listed(plan, plan.reads.step, loaded, at)
        assert isinstance(plan.reads, FromStep)
        return self._value(plan, loaded.record, facts, plan.reads.name, at)

    def _null(self, plan: FieldPlan, reason: str, at: WrittenPath) -> str:
        """Return the null of a field for which a step has nothing."""
        if is_non_null_type(plan.output):
            return self._code.odd()
        return f"null({self._code.spot(plan, at)}, {reason}, {at.code})"

    # Values

    def _fields(self, position: Position, facts: HeldFacts, record: str, at: WrittenPath) -> str:
        """Write what shapes an object that stands in a record, and return the expression that is it."""
        made: dict[str, str] = {}
        for name, plan in position.fields.items():
            if plan.reads is None:
                made[name] = repr(position.type_name)
            else:
                made[name] = self._of_record(plan, record, facts, at.field(name))
        return _dict_of(made)

    def _of_record(self, plan: FieldPlan, record: str, facts: HeldFacts, at: WrittenPath) -> str:
        assert isinstance(plan.reads, FromRecord)
        return self._unless_withheld(plan, at, partial(self._value, plan, record, facts, plan.reads.name, at))

    def _value(self, plan: FieldPlan, record: str, facts: HeldFacts, name: str, at: WrittenPath) -> str:
        """Write what shapes a field of a record, and return the expression that is it."""
        held = facts.held(record, name)
        if plan.list_by_key is not None:
            return self._list_by_key(plan, plan.list_by_key, held, at)
        return self._completed(plan, plan.output, held, at)

    def _completed(self, plan: FieldPlan, output: GraphQLOutputType, held: Held, at: WrittenPath) -> str:
        """Write what shapes a value as its type says, and return the expression that is it."""
        of = get_nullable_type(output)
        if is_list_type(of):
            return self._list(plan, output, of.of_type, held, at)
        if is_leaf_type(of):
            return self._leaves.write(plan, output, of, held, at)
        if plan.keyspace is not None:
            return self._behind(plan, output, held, at)
        return self._object(plan, output, held, at)

    def _list(
        self, plan: FieldPlan, output: GraphQLOutputType, of_items: GraphQLOutputType, held: Held, at: WrittenPath
    ) -> str:
        items = self._code.bound(held.code)
        with self._where(items, "list", plan, output, at, is_sure=held.is_list, is_there=held.is_there):
            made, item, index = self._code.name("made"), self._code.name("item"), self._code.name("at")
            self._code.line(f"left -= len({items}) * {plan.size}")
            with self._code.block("if left < 0"):
                self._code.line(f"raise {self._code.constant('Doubt', DoubtError)}")
            if at.noted_before == "None" and plan.positions and isinstance(held.facts, DictFacts):
                at = replace(at, noted_before=self._code.bound("len(noted)"))
            self._code.line(f"{made} = []")
            with self._code.loop(item, index, items):
                value = self._completed(plan, of_items, held.item(item), at.item(index))
                self._code.line(f"{made}.append({value})")
            self._code.line(f"{items} = {made}")
        return items

    def _where(
        self,
        name: str,
        of: str,
        plan: FieldPlan,
        output: GraphQLOutputType,
        at: WrittenPath,
        *,
        is_sure: bool,
        is_there: bool = False,
    ) -> AbstractContextManager[None]:
        """Write, as what is written meanwhile, what is made of a value of a class; a Fault has its reason."""
        if is_sure:
            return self._code.unless_null(name, output, is_there=is_there)
        return self._code.where_right(name, f"type({name}) is {of}", output, self._code.fault(name, plan, at))

    def _behind(self, plan: FieldPlan, output: GraphQLOutputType, held: Held, at: WrittenPath) -> str:
        """Write what shapes the object that is reached by a key."""
        key = self._code.bound(held.code)
        with self._where(key, "str", plan, output, at, is_sure=held.is_leaf_of is str):
            if plan.position is None:
                return self._code.odd()
            self._code.line(f"{key} = {self.entity(plan.position, Entity(key), at)}")
        return key

    def _list_by_key(self, plan: FieldPlan, number: int, held: Held, at: WrittenPath) -> str:
        """Write what shapes the list that a step has by a key."""
        key = self._code.bound(held.code)
        with self._where(key, "str", plan, plan.output, at, is_sure=held.is_leaf_of is str):
            loaded = self._steps.loaded(number, Entity(key))
            with self._code.block(f"if {loaded.record} is not None"):
                self._code.line(f"{key} = {self._listed(plan, number, loaded, at)}")
            with self._code.block("else"):
                self._code.line(f"{key} = {self._null(plan, loaded.reason, at)}")
        return key

    def _listed(self, plan: FieldPlan, number: int, loaded: Loaded, at: WrittenPath) -> str:
        """Write what shapes the list that a step has answered, or the page of it."""
        facts = self._steps.facts[number]
        if not plan.is_page:
            items = Held(f"{loaded.record}.items", facts, is_list=True, is_there=True)
            return self._completed(plan, plan.output, items, at)
        parts = self._code.constant("parts", page_parts(plan))
        made = self._code.bound(f"page({parts}, {number}, subject, {loaded.key}, {loaded.record}, {loaded.answer})")
        of_page = DictFacts({NODES: facts, EDGES: DictFacts({NODE: facts}), PAGE_INFO: DictFacts()})
        return self._completed(plan, plan.output, Held(made, of_page, is_there=True), at)

    def _object(self, plan: FieldPlan, output: GraphQLOutputType, held: Held, at: WrittenPath) -> str:
        """Write what shapes an object that stands in a record."""
        facts, position = held.facts, plan.position
        if isinstance(facts, DictFacts):
            return self._in_dict(plan, output, facts, held, at)
        if position is None:  # a row does not say of which type it is
            return self._code.odd()
        if held.is_inline:
            return self._fields(position, facts, held.code, at)
        record = self._code.bound(held.code)
        with self._code.unless_null(record, output, is_there=held.row is None and is_non_null_type(output)):
            self._steps.check(record, facts)
            self._code.line(f"{record} = {self._fields(position, facts, record, at)}")
        return record

    def _in_dict(
        self, plan: FieldPlan, output: GraphQLOutputType, facts: DictFacts, held: Held, at: WrittenPath
    ) -> str:
        record = self._code.bound(held.code)
        if held.is_there:
            self._of_type(plan, output, facts, record, at)
            return record
        otherwise = self._code.fault(record, plan, at)
        with self._code.where_right(record, self._steps.is_facts(record), output, otherwise):
            self._of_type(plan, output, facts, record, at)
        return record

    def _of_type(
        self, plan: FieldPlan, output: GraphQLOutputType, facts: DictFacts, record: str, at: WrittenPath
    ) -> None:
        """Write what shapes an object as the type that it says it is of; where there is only one, it need not say."""
        type_name = self._code.bound(f"{record}.get({TYPE_NAME!r})")
        or_none = f" or {type_name} is None" if plan.position is not None else ""
        for number, (name, position) in enumerate(plan.positions.items()):
            with self._code.block(f"{'elif' if number else 'if'} {type_name} == {name!r}{or_none}"):
                self._code.line(f"{record} = {self._fields(position, facts, record, at)}")
        with self._code.block("else"):
            if is_non_null_type(output):
                self._code.odd()
            else:
                self._code.line(
                    f"{record} = stranger({self._code.spot(plan, at)}, {type_name}, {at.code}, {at.noted_before})"
                )


def _dict_of(made: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{name!r}: {value}' for name, value in made.items())}}}"
