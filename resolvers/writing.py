"""A plan's answer as code: straight through each customer, with the reason of every null that the schema allows.

The code reads facts, guards every leaf, and makes the answer's dicts and lists. There are two functions: the first
reads facts as they are offered, rows by their attributes; the second reads any facts by their names, and asks of every
field whether it is withheld. What raises in the first is left to the second; what raises in that, to the executor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from resolvers.held import Code, DictFacts, Facts, Held, Place, RowFacts
from resolvers.making import DoubtError, is_left
from resolvers.pages import EDGES, NODE, NODES, PAGE_INFO, page_parts
from resolvers.plan import (
    Canonical,
    Coordinates,
    FieldPlan,
    FromList,
    FromRecord,
    FromStep,
    Plan,
    Position,
    Root,
)
from resolvers.policy import Transforms
from resolvers.reasons_of_null import ResponsePath
from resolvers.writing_leaves import LeafWriter
from resolvers.writing_steps import Entity, Loaded, StepWriter

__all__ = ["UncertainError", "write_root"]


_MOST_NEEDS = 4
"""The most paths of coordinates that are looked at in a line; of more a function is asked."""


class UncertainError(Exception):
    """Which mask a value has depends on the type of the object in which it stands: each has to be noted by itself."""


def write_root(
    code: Code, plan: Plan, root: Root, transforms: Transforms, *, is_second: bool = False, by_path: bool = False
) -> str:
    """Write the function that shapes the customers of a root field, and return its name.

    It takes the customers, the Making and what shapes one of them anew, and returns them shaped, in a list. The second
    function is for those of whom something is withheld or whose facts are none that the first one reads: it takes the
    Making, and returns a function of a customer and its place. `by_path`: each masked value is noted by itself.

    Raises:
        UncertainError: It is to be written `by_path`.
        TooDeepError: The code would nest deeper than Python takes.
    """
    writer = _Writer(code, plan, root, transforms, is_second=is_second, by_path=by_path)
    name = writer.write_second() if is_second else writer.write_first()
    if not by_path:
        writer.check_masks()
    return name


class _Writer:
    def __init__(
        self, code: Code, plan: Plan, root: Root, transforms: Transforms, *, is_second: bool, by_path: bool
    ) -> None:
        self._code, self._root, self._transforms = code, root, transforms
        self._leaves, self._is_second = LeafWriter(code, transforms, by_path=by_path), is_second
        self._steps = StepWriter(code, plan, root, is_second=is_second)
        self._shown: dict[ResponsePath, set[str]] = {}
        self._left: dict[tuple[Coordinates, ...], str] = {}

    def check_masks(self) -> None:
        """Raise UncertainError where one place of the answer can hold a masked value and another one."""
        if any(len(found) > 1 and found & self._transforms.keys() for found in self._shown.values()):
            raise UncertainError

    def write_first(self) -> str:
        """Write the function for the customers of whom all may be shown."""
        line, block, name = self._code.line, self._code.block, self._code.name("shape")
        with block(f"def {name}(found, making, anew)"):
            self._begin()
            self._steps.begin()
            line("made, left = [], making.left")
            with block("for place, subject in enumerate(found)"):
                with block("if subject is None"):
                    line("made.append(None)")
                    line("continue")
                line("before = len(errors), len(noted), left")
                with block("try"):
                    with block("if subject.customer_id in withheld"):
                        self._code.odd()
                    line("keys = subject.keys")
                    line(f"made.append({self._customer()})")
                with block(f"except {self._code.constant('Doubt', DoubtError)}"):
                    line("raise")
                with block("except Exception"):
                    line("made.append(anew(making, subject, place, *before))")
                    line("left = making.left")
            line("making.left = left")
            line("return made")
        return name

    def write_second(self) -> str:
        """Write the function for one customer at a time, whatever the verdicts and the facts are."""
        line, block, name = self._code.line, self._code.block, self._code.name("shape")
        with block(f"def {name}(making)"):
            self._begin()
            line("held_back = making.held_back")
            with block("def one(subject, place)"):
                line("left = making.left")
                line("held = withheld.get(subject.customer_id, {})")
                mark = self._code.mark()
                made = self._code.bound(self._customer())
                self._code.insert(mark, [f"{name} = {self._is_left(needs)}" for needs, name in self._left.items()])
                line("making.left = left")
                line(f"return {made}")
            line("return one")
        return name

    def _begin(self) -> None:
        line = self._code.line
        line("withheld, errors, noted = making.fetched.verdicts.withheld, making.errors, making.noted")
        line("null, lost, first, joined, page = making.null, making.lost, making.first, making.joined, making.page")
        line("own, leaf, fault, stranger = making.own, making.leaf, making.fault, making.stranger")
        line("masked, shown, shown_at = making.masked, making.shown, making.shown_at")

    def _customer(self) -> str:
        response_name = self._root.response_name
        at = Place((repr(response_name),), (response_name,))
        at = at.item("place") if self._root.is_list else at
        return self._entity(self._root.position, Entity(), at)

    # What is withheld

    def _is_left(self, needs: tuple[Coordinates, ...]) -> str:
        """Return whether something of a field may be shown, as an expression."""
        if len(needs) > _MOST_NEEDS:
            return f"{self._code.constant('is_left', is_left)}({self._code.constant('needs', needs)}, held)"
        return " or ".join(f"{self._code.constant('need', need)}.isdisjoint(held)" for need in needs)

    def _unless_withheld(self, plan: FieldPlan, at: Place, write: Callable[[], str]) -> str:
        """Write a field, or why it is null where nothing of it may be shown, and return the expression that is it."""
        if not (self._is_second and plan.needs):
            return write()
        flag = self._left.get(plan.needs)
        if flag is None:
            flag = self._left[plan.needs] = self._code.name("left")
        name = self._code.name("x")
        with self._code.block(f"if {flag}"):
            self._code.line(f"{name} = {write()}")
        with self._code.block("else"):
            if is_non_null_type(plan.output):
                self._code.odd()
            else:
                self._code.line(f"{name} = held_back({self._code.spot(plan, at)}, held, {at.code})")
        return name

    # Objects that are known by keys, and what the steps have for them

    def _entity(self, position: Position, entity: Entity, at: Place) -> str:
        """Write what shapes an object of which steps are asked, and return the expression that is it."""
        reads = [plan.reads for plan in position.fields.values()]
        numbers = dict.fromkeys(read.step for read in reads if isinstance(read, FromStep | FromList))
        loaded = {number: self._steps.loaded(number, entity) for number in numbers}
        made: dict[str, str] = {}
        for reads_of, plans in groupby(position.fields.values(), key=_step_of):
            if reads_of is None:
                made.update((plan.response_name, self._own(position, plan, at)) for plan in plans)
            else:
                self._from_step(list(plans), loaded[reads_of], self._steps.facts[reads_of], made, at)
        return _dict_of(made)

    def _own(self, position: Position, plan: FieldPlan, at: Place) -> str:
        """Return what is known of the object without a step."""
        if plan.reads is None:
            return self._type_name(position, plan, at)
        assert isinstance(plan.reads, Canonical)
        held, here = Held("subject.customer_id", DictFacts()), at.field(plan.response_name)
        return self._unless_withheld(plan, here, lambda: self._completed(plan, plan.output, held, here))

    def _type_name(self, position: Position, plan: FieldPlan, at: Place) -> str:
        self._shown.setdefault(at.field(plan.response_name).pattern, set()).add(plan.coordinate)
        return repr(position.type_name)

    def _from_step(
        self, plans: Sequence[FieldPlan], loaded: Loaded, facts: Facts, made: dict[str, str], at: Place
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

    def _of_step(self, plan: FieldPlan, loaded: Loaded, facts: Facts, at: Place) -> str:
        if isinstance(plan.reads, FromList):
            return self._listed(plan, plan.reads.step, loaded, at)
        assert isinstance(plan.reads, FromStep)
        return self._value(plan, loaded.record, facts, plan.reads.name, at)

    def _null(self, plan: FieldPlan, reason: str, at: Place) -> str:
        """Return the null of a field for which a step has nothing."""
        if is_non_null_type(plan.output):
            return self._code.odd()
        return f"null({self._code.spot(plan, at)}, {reason}, {at.code})"

    # Values

    def _fields(self, position: Position, facts: Facts, record: str, at: Place) -> str:
        """Write what shapes an object that stands in a record, and return the expression that is it."""
        made: dict[str, str] = {}
        for name, plan in position.fields.items():
            if plan.reads is None:
                made[name] = self._type_name(position, plan, at)
            else:
                made[name] = self._of_record(plan, record, facts, at.field(name))
        return _dict_of(made)

    def _of_record(self, plan: FieldPlan, record: str, facts: Facts, at: Place) -> str:
        assert isinstance(plan.reads, FromRecord)
        return self._unless_withheld(plan, at, partial(self._value, plan, record, facts, plan.reads.name, at))

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
        items = self._code.bound(held.code)
        with self._where(items, "list", plan, output, at, is_sure=held.is_list, is_there=held.is_there):
            made, item, index = self._code.name("made"), self._code.name("item"), self._code.name("at")
            self._code.line(f"left -= len({items}) * {plan.size}")
            with self._code.block("if left < 0"):
                self._code.line(f"raise {self._code.constant('Doubt', DoubtError)}")
            if at.mark == "None" and plan.positions and isinstance(held.facts, DictFacts):
                at = replace(at, mark=self._code.bound("len(noted)"))
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
        at: Place,
        *,
        is_sure: bool,
        is_there: bool = False,
    ) -> AbstractContextManager[None]:
        """Write, as what is written meanwhile, what is made of a value of a class; a Fault has its reason."""
        if is_sure:
            return self._code.unless_null(name, output, is_there=is_there)
        otherwise = f"fault({self._code.spot(plan, at)}, {name}, {at.code})"
        return self._code.where_right(name, f"type({name}) is {of}", output, otherwise)

    def _behind(self, plan: FieldPlan, output: GraphQLOutputType, held: Held, at: Place) -> str:
        """Write what shapes the object that is reached by a key."""
        key = self._code.bound(held.code)
        with self._where(key, "str", plan, output, at, is_sure=held.is_leaf_of is str):
            if plan.position is None:
                return self._code.odd()
            self._code.line(f"{key} = {self._entity(plan.position, Entity(key), at)}")
        return key

    def _list_by_key(self, plan: FieldPlan, number: int, held: Held, at: Place) -> str:
        """Write what shapes the list that a step has by a key."""
        key = self._code.bound(held.code)
        with self._where(key, "str", plan, plan.output, at, is_sure=held.is_leaf_of is str):
            loaded = self._steps.loaded(number, Entity(key))
            with self._code.block(f"if {loaded.record} is not None"):
                self._code.line(f"{key} = {self._listed(plan, number, loaded, at)}")
            with self._code.block("else"):
                self._code.line(f"{key} = {self._null(plan, loaded.reason, at)}")
        return key

    def _listed(self, plan: FieldPlan, number: int, loaded: Loaded, at: Place) -> str:
        """Write what shapes the list that a step has answered, or the page of it."""
        facts = self._steps.facts[number]
        if not plan.is_page:
            items = Held(f"{loaded.record}.items", facts, is_list=True, is_there=True)
            return self._completed(plan, plan.output, items, at)
        parts = self._code.constant("parts", page_parts(plan))
        made = self._code.bound(f"page({parts}, {number}, subject, {loaded.key}, {loaded.record}, {loaded.answer})")
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
            self._steps.check(record, facts)
            self._code.line(f"{record} = {self._fields(position, facts, record, at)}")
        return record

    def _in_dict(self, plan: FieldPlan, output: GraphQLOutputType, facts: DictFacts, held: Held, at: Place) -> str:
        record = self._code.bound(held.code)
        if held.is_there:
            self._of_type(plan, output, facts, record, at)
            return record
        otherwise = f"fault({self._code.spot(plan, at)}, {record}, {at.code})"
        with self._code.where_right(record, self._steps.is_facts(record), output, otherwise):
            self._of_type(plan, output, facts, record, at)
        return record

    def _of_type(self, plan: FieldPlan, output: GraphQLOutputType, facts: DictFacts, record: str, at: Place) -> None:
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
                self._code.line(f"{record} = stranger({self._code.spot(plan, at)}, {type_name}, {at.code}, {at.mark})")


def _step_of(plan: FieldPlan) -> int | None:
    """Return the step in whose answer a field stands."""
    return plan.reads.step if isinstance(plan.reads, FromStep | FromList) else None


def _dict_of(made: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{name!r}: {value}' for name, value in made.items())}}}"
