"""A plan's answer as code: straight through each customer of whom everything is there and right.

The code reads facts, guards every leaf, and makes the answer's dicts and lists. A step that has nothing for a key is
told with its reason, in order. Whatever else is out of the ordinary raises, and the customer is shaped with care.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import groupby

from graphql import (
    GraphQLOutputType,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from adapters.answers import TYPE_NAME, Found, Page
from adapters.rows import row_shape
from resolvers.held import Code, DictFacts, Facts, Held, Place, RowFacts
from resolvers.joining import NOT_LINKED
from resolvers.making import Spot, known
from resolvers.pages import EDGES, NODE, NODES, PAGE_INFO, page_parts
from resolvers.plan import Canonical, FieldPlan, FromList, FromRecord, FromStep, Plan, Position, Root, Step
from resolvers.policy import Transforms
from resolvers.reasons_of_null import ResponsePath
from resolvers.source import locations_of
from resolvers.writing_leaves import LeafWriter

__all__ = ["UncertainError", "write_root"]


class UncertainError(Exception):
    """No code is written: which mask a value has would depend on the type of the object in which it stands."""


@dataclass(frozen=True, slots=True)
class _Entity:
    """An object that is known by keys: a customer (`key` None), or what is reached by the key of this name.

    `own` holds the names of the customer's own keys, by keyspace.
    """

    key: str | None = None
    own: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What a step has for an object: the names of the record or page (None where it has nothing), of the reason for
    that, of the answer and of the key."""

    record: str
    reason: str
    answer: str
    key: str


def write_root(code: Code, plan: Plan, root: Root, transforms: Transforms) -> str:
    """Write the function that shapes the customers of a root field, and return its name.

    It takes the customers and the Making, and returns them shaped, in a list. It raises what is not to be decided here.

    Raises:
        UncertainError: No code can be written.
        TooDeepError: The code would nest deeper than Python takes.
    """
    writer = _Writer(code, plan, root, transforms)
    name = writer.write()
    writer.check_masks()
    return name


class _Writer:
    def __init__(self, code: Code, plan: Plan, root: Root, transforms: Transforms) -> None:
        self._code, self._plan, self._root, self._transforms = code, plan, root, transforms
        self._leaves = LeafWriter(code, transforms)
        self._steps = [number for number, step in enumerate(plan.steps) if root.response_name in step.roots]
        self._facts = {number: self._facts_of(plan.steps[number]) for number in self._steps}
        self._shown: dict[ResponsePath, set[str]] = {}

    def _facts_of(self, step: Step) -> Facts:
        shape = row_shape(step.offer.record, step.fields) if step.offer.gives_rows else None
        return DictFacts() if shape is None else RowFacts(shape, self._code.name("seen"))

    def check_masks(self) -> None:
        """Raise UncertainError where one place of the answer can hold a masked value and another one."""
        if any(len(found) > 1 and found & self._transforms.keys() for found in self._shown.values()):
            raise UncertainError

    def write(self) -> str:
        line, block, name = self._code.line, self._code.block, self._code.name("shape")
        with block(f"def {name}(found, making)"):
            self._begin()
            with block("for place, subject in enumerate(found)"):
                with block("if subject is None"):
                    line("made.append(None)")
                    line("continue")
                line("errors_before, noted_before, left_before = len(errors), len(noted), left")
                with block("try"):
                    with block("if subject.customer_id in withheld"):
                        self._code.odd()
                    line("keys = subject.keys")
                    response_name = self._root.response_name
                    at = Place((repr(response_name),), (response_name,))
                    at = at.item("place") if self._root.is_list else at
                    line(f"made.append({self._entity(self._root.position, _Entity(), at)})")
                with block("except Exception"):
                    root = self._code.constant("root", self._root)
                    line(f"made.append(anew({root}, subject, place, errors_before, noted_before, left_before))")
                    line("left = making.left")
            line("making.left = left")
            line("return made")
        return name

    def _begin(self) -> None:
        line = self._code.line
        line("fetched, withheld, errors, noted = making.fetched, making.withheld, making.errors, making.noted")
        line("null, lost, anew, page = making.null, making.lost, making.anew, making.page")
        line("masked, shown, made, left = making.masked, making.shown, [], making.left")
        for number in self._steps:
            line(f"full_{number} = fetched.in_full({number})")
            facts = self._facts[number]
            if isinstance(facts, RowFacts):
                line(f"{facts.seen} = {self._row(facts)}")

    def _row(self, facts: RowFacts) -> str:
        return self._code.constant("row", facts.shape.row)

    # Objects that are known by keys, and what the steps have for them

    def _entity(self, position: Position, entity: _Entity, at: Place) -> str:
        """Write what shapes an object of which steps are asked, and return the expression that is it."""
        reads = [plan.reads for plan in position.fields.values()]
        numbers = dict.fromkeys(read.step for read in reads if isinstance(read, FromStep | FromList))
        loaded = {number: self._loaded(number, entity) for number in numbers}
        made: dict[str, str] = {}
        for reads_of, plans in groupby(position.fields.values(), key=_step_of):
            if reads_of is None:
                made.update((plan.response_name, self._own(position, plan, at)) for plan in plans)
            else:
                self._from_step(list(plans), loaded[reads_of], self._facts[reads_of], made, at)
        return _dict_of(made)

    def _own(self, position: Position, plan: FieldPlan, at: Place) -> str:
        """Return what is known of the object without a step."""
        if plan.reads is None:
            return self._type_name(position, plan, at)
        assert isinstance(plan.reads, Canonical)
        return self._completed(
            plan, plan.output, Held("subject.customer_id", DictFacts()), at.field(plan.response_name)
        )

    def _type_name(self, position: Position, plan: FieldPlan, at: Place) -> str:
        self._shown.setdefault(at.field(plan.response_name).pattern, set()).add(plan.coordinate)
        return repr(position.type_name)

    def _from_step(
        self, plans: Sequence[FieldPlan], loaded: _Loaded, facts: Facts, made: dict[str, str], at: Place
    ) -> None:
        """Write the fields that stand in what one step has, or why they are null."""
        with self._code.block(f"if {loaded.record} is not None"):
            for plan in plans:
                value = self._of_step(plan, loaded, facts, at.field(plan.response_name))
                made[plan.response_name] = self._code.bound(value)
        with self._code.block("else"):
            for plan in plans:
                null = self._null(plan, loaded.reason, at.field(plan.response_name))
                self._code.line(f"{made[plan.response_name]} = {null}")

    def _of_step(self, plan: FieldPlan, loaded: _Loaded, facts: Facts, at: Place) -> str:
        if isinstance(plan.reads, FromList):
            return self._listed(plan, plan.reads.step, loaded, at)
        assert isinstance(plan.reads, FromStep)
        return self._value(plan, loaded.record, facts, plan.reads.name, at)

    def _null(self, plan: FieldPlan, reason: str, at: Place) -> str:
        """Return the null of a field for which a step has nothing."""
        if is_non_null_type(plan.output):
            return self._code.odd()
        spot = Spot(plan.coordinate, locations_of(plan.nodes), at.pattern)
        return f"null({self._code.constant('spot', spot)}, {reason}, {at.code})"

    def _loaded(self, number: int, entity: _Entity) -> _Loaded:
        """Write what looks up the answer of a step for an object's key."""
        step, line, block = self._plan.steps[number], self._code.line, self._code.block
        record, reason, answer = (self._code.name(kind) for kind in ("record", "reason", "answer"))
        key = self._key(step, entity)
        line(f"{record}, {reason} = None, {self._code.constant('reason', NOT_LINKED.reason)}")
        with nullcontext() if key == entity.key else block(f"if {key} is not None"):
            if step.is_page:
                self._code.odd_if(f"full_{number} is None")
            line(f"{answer} = full_{number}.get({key})")
            with block(f"if type({answer}) is {self._code.constant('Found', Found)}"):
                line(f"{record} = {answer}.record")
                if step.offer.is_list:
                    self._code.odd_if(f"type({record}) is not {self._code.constant('Page', Page)}")
                else:
                    self._check(record, self._facts[number])
            with block("else"):
                line(f"{reason} = lost({number}, subject, {key}, {answer})")
        return _Loaded(record, reason, answer, key)

    def _key(self, step: Step, entity: _Entity) -> str:
        """Return the name of the one key by which a step is asked for an object; of a customer it may be None."""
        if entity.key is not None:
            return entity.key
        (keyspace,) = step.keyspaces  # a customer's offer is asked by its source's own keys
        if keyspace not in entity.own:
            key = entity.own[keyspace] = self._code.bound(f"keys.get({keyspace!r})")
            with self._code.block(f"if {key}"):
                self._code.odd_if(f"len({key}) != 1")
                self._code.line(f"{key} = {key}[0].key")
            with self._code.block("else"):
                self._code.line(f"{key} = None")
        return entity.own[keyspace]

    # Values

    def _fields(self, position: Position, facts: Facts, record: str, at: Place) -> str:
        """Write what shapes an object that stands in a record, and return the expression that is it."""
        made: dict[str, str] = {}
        for name, plan in position.fields.items():
            if plan.reads is None:
                made[name] = self._type_name(position, plan, at)
            else:
                assert isinstance(plan.reads, FromRecord)
                made[name] = self._value(plan, record, facts, plan.reads.name, at.field(name))
        return _dict_of(made)

    def _value(self, plan: FieldPlan, record: str, facts: Facts, name: str, at: Place) -> str:
        """Write what shapes a field of a record, and return the expression that is it."""
        held = self._held(record, facts, name)
        if plan.list_by_key is not None:
            return self._list_by_key(plan, plan.list_by_key, held, at)
        return self._completed(plan, plan.output, held, at)

    def _held(self, record: str, facts: Facts, name: str) -> Held:
        if isinstance(facts, DictFacts):
            return Held(f"{record}.get({name!r})", facts.inner.get(name, DictFacts()))
        row = facts.shape.fields[name]
        code = f"{record}.{row.attribute}" if row.attribute else record
        inside = DictFacts() if row.shape is None else RowFacts(row.shape)
        return Held(code, inside, row, is_list=row.lists > 0)

    def _completed(self, plan: FieldPlan, output: GraphQLOutputType, held: Held, at: Place) -> str:
        """Write what shapes a value as its type says, and return the expression that is it."""
        of = get_nullable_type(output)
        if is_list_type(of):
            return self._list(plan, output, of.of_type, held, at)
        if is_leaf_type(of):
            self._shown.setdefault(at.pattern, set()).add(plan.coordinate)
            return self._leaves.write(plan, output, of, held, at)
        if plan.keyspace is not None:
            return self._behind(plan, output, held, at)
        return self._object(plan, output, held, at)

    def _list(
        self, plan: FieldPlan, output: GraphQLOutputType, of_items: GraphQLOutputType, held: Held, at: Place
    ) -> str:
        items, made = self._code.bound(held.code), self._code.name("made")
        item, index = self._code.name("item"), self._code.name("at")
        with self._code.unless_null(items, output, is_there=held.is_there):
            if not held.is_list:
                self._code.odd_if(f"type({items}) is not list")
            self._code.line(f"left -= len({items}) * {plan.size}")
            self._code.odd_if("left < 0")
            self._code.line(f"{made} = []")
            with self._code.loop(item, index, items):
                value = self._completed(plan, of_items, held.item(item), at.item(index))
                self._code.line(f"{made}.append({value})")
            self._code.line(f"{items} = {made}")
        return items

    def _behind(self, plan: FieldPlan, output: GraphQLOutputType, held: Held, at: Place) -> str:
        """Write what shapes the object that is reached by a key."""
        if plan.position is None:
            return self._code.odd()
        key = self._code.bound(held.code)
        with self._code.unless_null(key, output):
            if held.is_leaf_of is not str:
                self._code.odd_if(f"type({key}) is not str")
            self._code.line(f"{key} = {self._entity(plan.position, _Entity(key), at)}")
        return key

    def _list_by_key(self, plan: FieldPlan, number: int, held: Held, at: Place) -> str:
        """Write what shapes the list that a step has by a key."""
        key = self._code.bound(held.code)
        with self._code.unless_null(key, plan.output):
            if held.is_leaf_of is not str:
                self._code.odd_if(f"type({key}) is not str")
            loaded = self._loaded(number, _Entity(key))
            with self._code.block(f"if {loaded.record} is not None"):
                self._code.line(f"{key} = {self._listed(plan, number, loaded, at)}")
            with self._code.block("else"):
                self._code.line(f"{key} = {self._null(plan, loaded.reason, at)}")
        return key

    def _listed(self, plan: FieldPlan, number: int, loaded: _Loaded, at: Place) -> str:
        """Write what shapes the list that a step has answered, or the page of it."""
        facts = self._facts[number]
        if not plan.is_page:
            items = Held(f"{loaded.record}.items", facts, is_list=True, is_there=True)
            return self._completed(plan, plan.output, items, at)
        parts = self._code.constant("parts", page_parts(plan))
        made = self._code.bound(f"page({parts}, {number}, subject, {loaded.key}, {loaded.answer})")
        of_page = DictFacts({NODES: facts, EDGES: DictFacts({NODE: facts}), PAGE_INFO: DictFacts()})
        return self._completed(plan, plan.output, Held(made, of_page, is_there=True), at)

    def _object(self, plan: FieldPlan, output: GraphQLOutputType, held: Held, at: Place) -> str:
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
            self._check(record, facts)
            self._code.line(f"{record} = {self._fields(position, facts, record, at)}")
        return record

    def _in_dict(self, plan: FieldPlan, output: GraphQLOutputType, facts: DictFacts, held: Held, at: Place) -> str:
        record = self._code.bound(held.code)
        with self._code.unless_null(record, output, is_there=held.is_there or is_non_null_type(output)):
            self._check(record, facts)
            self._of_type(plan, facts, record, at)
        return record

    def _check(self, record: str, facts: Facts) -> None:
        """Write that facts have to be what they are taken for."""
        if isinstance(facts, DictFacts):
            self._code.odd_if(f"type({record}) is not dict")
        elif facts.seen is not None:
            with self._code.block(f"if type({record}) is not {facts.seen}"):
                self._code.line(f"{facts.seen} = {self._code.constant('known', known)}({record}, {self._row(facts)})")

    def _of_type(self, plan: FieldPlan, facts: DictFacts, record: str, at: Place) -> None:
        """Write what shapes an object as the type that it says it is of."""
        type_name = self._code.bound(f"{record}.get({TYPE_NAME!r})")
        if plan.position is not None:
            self._code.odd_if(f"{type_name} is not None and {type_name} != {plan.position.type_name!r}")
            self._code.line(f"{record} = {self._fields(plan.position, facts, record, at)}")
            return
        for number, (name, position) in enumerate(plan.positions.items()):
            with self._code.block(f"{'elif' if number else 'if'} {type_name} == {name!r}"):
                self._code.line(f"{record} = {self._fields(position, facts, record, at)}")
        with self._code.block("else"):
            self._code.odd()


def _step_of(plan: FieldPlan) -> int | None:
    """Return the step in whose answer a field stands."""
    return plan.reads.step if isinstance(plan.reads, FromStep | FromList) else None


def _dict_of(made: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{name!r}: {value}' for name, value in made.items())}}}"
