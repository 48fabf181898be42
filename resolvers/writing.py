"""A plan's answer as code: straight through each customer of whom everything is there and right.

The code reads facts, guards every leaf, and makes the answer's dicts and lists. A step that has nothing for a key is
told with its reason, in order. Whatever else is out of the ordinary raises, and the customer is shaped with care.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from graphql import (
    GraphQLOutputType,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from adapters.answers import TYPE_NAME, Found, Page
from adapters.rows import Row, row_shape
from resolvers.held import Code, DictFacts, Facts, Held, Place, RowFacts
from resolvers.joining import NOT_LINKED
from resolvers.making import DoubtError, is_left, known
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
    Step,
)
from resolvers.policy import Transforms
from resolvers.reasons_of_null import ResponsePath
from resolvers.writing_leaves import LeafWriter

__all__ = ["UncertainError", "write_root"]


_MOST_NEEDS = 4
"""The most paths of coordinates that are looked at in a line; of more a function is asked."""


class UncertainError(Exception):
    """Which mask a value has depends on the type of the object in which it stands: each has to be noted by itself."""


@dataclass(frozen=True, slots=True)
class _Entity:
    """An object that is known by keys: a customer (`key` None), or what is reached by the key of this name.

    `own` holds, by keyspace, the names of the customer's own key if there is just one, and of all its keys.
    """

    key: str | None = None
    own: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What a step has for an object: the names of the record or page (None where it has nothing), of the reason for
    that, of the answer and of the key."""

    record: str
    reason: str
    answer: str
    key: str


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
        self._code, self._plan, self._root, self._transforms = code, plan, root, transforms
        self._leaves, self._is_second = LeafWriter(code, transforms, by_path=by_path), is_second
        self._steps = [number for number, step in enumerate(plan.steps) if root.response_name in step.roots]
        self._facts = {number: self._facts_of(plan.steps[number]) for number in self._steps}
        self._shown: dict[ResponsePath, set[str]] = {}
        self._left: dict[tuple[Coordinates, ...], str] = {}

    def _facts_of(self, step: Step) -> Facts:
        has_rows = step.offer.gives_rows and not self._is_second
        shape = row_shape(step.offer.record, step.fields) if has_rows else None
        return DictFacts() if shape is None else RowFacts(shape, self._code.name("seen"))

    def check_masks(self) -> None:
        """Raise UncertainError where one place of the answer can hold a masked value and another one."""
        if any(len(found) > 1 and found & self._transforms.keys() for found in self._shown.values()):
            raise UncertainError

    def write_first(self) -> str:
        """Write the function for the customers of whom all may be shown."""
        line, block, name = self._code.line, self._code.block, self._code.name("shape")
        with block(f"def {name}(found, making, anew)"):
            self._begin()
            for number in self._steps:
                line(f"full_{number} = making.fetched.in_full({number})")
                facts = self._facts[number]
                if isinstance(facts, RowFacts):
                    line(f"{facts.seen} = {self._row(facts)}")
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
        return self._entity(self._root.position, _Entity(), at)

    def _row(self, facts: RowFacts) -> str:
        return self._code.constant("row", facts.shape.row)

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
        held, here = Held("subject.customer_id", DictFacts()), at.field(plan.response_name)
        return self._unless_withheld(plan, here, lambda: self._completed(plan, plan.output, held, here))

    def _type_name(self, position: Position, plan: FieldPlan, at: Place) -> str:
        self._shown.setdefault(at.field(plan.response_name).pattern, set()).add(plan.coordinate)
        return repr(position.type_name)

    def _from_step(
        self, plans: Sequence[FieldPlan], loaded: _Loaded, facts: Facts, made: dict[str, str], at: Place
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

    def _of_step(self, plan: FieldPlan, loaded: _Loaded, facts: Facts, at: Place) -> str:
        if isinstance(plan.reads, FromList):
            return self._listed(plan, plan.reads.step, loaded, at)
        assert isinstance(plan.reads, FromStep)
        return self._value(plan, loaded.record, facts, plan.reads.name, at)

    def _null(self, plan: FieldPlan, reason: str, at: Place) -> str:
        """Return the null of a field for which a step has nothing."""
        if is_non_null_type(plan.output):
            return self._code.odd()
        return f"null({self._code.spot(plan, at)}, {reason}, {at.code})"

    def _loaded(self, number: int, entity: _Entity) -> _Loaded:
        """Write what looks up what a step has for an object's key."""
        step, line, block = self._plan.steps[number], self._code.line, self._code.block
        record, reason, answer = (self._code.name(kind) for kind in ("record", "reason", "answer"))
        loaded = _Loaded(record, reason, answer, self._key(step, entity))
        not_linked = self._code.constant("reason", NOT_LINKED.reason)
        line(f"{loaded.record}, {loaded.reason}, {loaded.answer} = None, {not_linked}, None")
        keys = f"own({number}, subject)" if entity.key is None else f"({entity.key},)"
        if self._is_second:
            self._load_any(number, keys, loaded)
            return loaded
        conditions = [f"{loaded.key} is not None"] if entity.key is None else []
        conditions += [f"full_{number} is not None"] if step.is_page else []
        with block(f"if {' and '.join(conditions)}") if conditions else nullcontext():
            self._load_one(number, loaded)
        if conditions:
            with block("else" if entity.key is not None else f"elif {entity.own[step.keyspaces[0]][1]}"):
                self._load_any(number, keys, loaded)
        return loaded

    def _load_one(self, number: int, loaded: _Loaded) -> None:
        """Write what looks up the answer for one key."""
        line, block = self._code.line, self._code.block
        line(f"{loaded.answer} = full_{number}.get({loaded.key})")
        with block(f"if type({loaded.answer}) is {self._code.constant('Found', Found)}"):
            line(f"{loaded.record} = {loaded.answer}.record")
            if self._plan.steps[number].offer.is_list:
                self._code.odd_if(f"type({loaded.record}) is not {self._code.constant('Page', Page)}")
            else:
                self._check(loaded.record, self._facts[number])
        with block("else"):
            line(f"{loaded.reason} = lost({number}, subject, {loaded.key}, {loaded.answer})")

    def _load_any(self, number: int, keys: str, loaded: _Loaded) -> None:
        """Write what looks up what there is for any number of keys, wherever their lists begin."""
        is_list = self._plan.steps[number].offer.is_list
        look_up = "joined" if is_list else "first"
        self._code.line(f"{loaded.record}, {loaded.reason} = {look_up}({number}, subject, {keys})")
        if not is_list:
            with self._code.block(f"if {loaded.record} is not None"):
                self._check(loaded.record, self._facts[number])

    def _key(self, step: Step, entity: _Entity) -> str:
        """Return the name of the one key by which a step is asked for an object; of a customer it may be None."""
        if entity.key is not None:
            return entity.key
        if self._is_second:
            return "None"
        (keyspace,) = step.keyspaces  # a customer's offer is asked by its source's own keys
        if keyspace not in entity.own:
            linked, key = self._code.bound(f"keys.get({keyspace!r})"), self._code.name("key")
            self._code.line(f"{key} = {linked}[0].key if {linked} and len({linked}) == 1 else None")
            entity.own[keyspace] = key, linked
        return entity.own[keyspace][0]

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
            self._code.line(f"{key} = {self._entity(plan.position, _Entity(key), at)}")
        return key

    def _list_by_key(self, plan: FieldPlan, number: int, held: Held, at: Place) -> str:
        """Write what shapes the list that a step has by a key."""
        key = self._code.bound(held.code)
        with self._where(key, "str", plan, plan.output, at, is_sure=held.is_leaf_of is str):
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
            self._check(record, facts)
            self._code.line(f"{record} = {self._fields(position, facts, record, at)}")
        return record

    def _in_dict(self, plan: FieldPlan, output: GraphQLOutputType, facts: DictFacts, held: Held, at: Place) -> str:
        record = self._code.bound(held.code)
        if held.is_there:
            self._of_type(plan, output, facts, record, at)
            return record
        otherwise = f"fault({self._code.spot(plan, at)}, {record}, {at.code})"
        with self._code.where_right(record, self._is_facts(record), output, otherwise):
            self._of_type(plan, output, facts, record, at)
        return record

    def _check(self, record: str, facts: Facts) -> None:
        """Write that facts have to be what they are taken for."""
        if isinstance(facts, DictFacts):
            self._code.odd_if(f"not ({self._is_facts(record)})")
        elif facts.seen is not None:
            with self._code.block(f"if type({record}) is not {facts.seen}"):
                self._code.line(f"{facts.seen} = {self._code.constant('known', known)}({record}, {self._row(facts)})")

    def _is_facts(self, record: str) -> str:
        """Return whether facts are read by their names, as an expression."""
        is_dict = f"type({record}) is dict"
        return f"{is_dict} or isinstance({record}, {self._code.constant('Row', Row)})" if self._is_second else is_dict

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
                self._code.line(f"{record} = stranger({self._code.spot(plan, at)}, {type_name}, {at.code})")


def _step_of(plan: FieldPlan) -> int | None:
    """Return the step in whose answer a field stands."""
    return plan.reads.step if isinstance(plan.reads, FromStep | FromList) else None


def _dict_of(made: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{name!r}: {value}' for name, value in made.items())}}}"
