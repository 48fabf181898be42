"""A plan's answer as code: straight through each customer of whom everything is there and right.

The code reads facts, guards every leaf, and makes the answer's dicts and lists. A step that has nothing for a key is
told with its reason, in order. Whatever else is out of the ordinary raises, and the customer is shaped with care.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from types import MappingProxyType

from graphql import (
    GraphQLLeafType,
    GraphQLOutputType,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from adapters.answers import TYPE_NAME, Found, Page
from adapters.rows import RowField, RowShape, row_shape
from resolvers.emitting import Text
from resolvers.joining import NOT_LINKED
from resolvers.leaves import Leaf, leaf_of
from resolvers.making import OddError, Spot, known
from resolvers.pages import EDGES, NODE, NODES, PAGE_INFO, page_parts
from resolvers.plan import Canonical, FieldPlan, FromList, FromRecord, FromStep, Plan, Position, Root, Step
from resolvers.policy import Transforms
from resolvers.reasons_of_null import ResponsePath
from resolvers.source import locations_of
from schema.masks import mask_text

__all__ = ["UncertainError", "write_root"]


class UncertainError(Exception):
    """No code is written: which mask a value has would depend on the type of the object in which it stands."""


@dataclass(frozen=True, slots=True)
class _Dict:
    """Facts in a dict, nothing of which is known. `inner` says what stands in it that is not alike."""

    inner: Mapping[str, _Facts] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Facts in a row. `seen` is the name of its class in the code; None in a row within a row, which came with it."""

    shape: RowShape
    seen: str | None = None


_Facts = _Dict | _Rows


@dataclass(frozen=True, slots=True)
class _Held:
    """A value in the code, before it has its shape: an expression, and what is known of it.

    `row` is what a row says of it: then it needs no guard but against null. `facts` is what an object of it is.
    `is_list` says that it is a list for certain. `in_lists` counts the lists that were entered to get there.
    """

    code: str
    facts: _Facts
    row: RowField | None = None
    is_list: bool = False
    in_lists: int = 0

    def item(self, name: str) -> _Held:
        """Return an entry of it."""
        return replace(self, code=name, is_list=self._has_list(self.in_lists + 1), in_lists=self.in_lists + 1)

    def _has_list(self, entered: int) -> bool:
        return self.row is not None and entered < self.row.lists

    @property
    def is_leaf_of(self) -> type | None:
        """Return the class of the value where a row says it and null is the only other thing."""
        return self.row.leaf if self.row is not None and self.in_lists == self.row.lists else None


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the answer: its path as code, and with `*` for the indexes."""

    path: tuple[str, ...]
    pattern: ResponsePath

    def field(self, name: str) -> _Place:
        """Return the place of a field of the object here."""
        return _Place((*self.path, repr(name)), (*self.pattern, name))

    def item(self, index: str) -> _Place:
        """Return the place of an entry of the list here."""
        return _Place((*self.path, index), (*self.pattern, "*"))

    @property
    def code(self) -> str:
        """Return the path as a list in the code."""
        return f"[{', '.join(self.path)}]"


@dataclass(frozen=True, slots=True)
class _Entity:
    """An object that is known by keys: a customer (`key` None), or what is reached by the key of this name.

    `own` holds the names of the customer's own keys, by keyspace.
    """

    key: str | None = None
    keyspace: str = ""
    own: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What a step has for an object: the names of the record or page (None where it has nothing), of the reason for
    that, of the answer and of the key."""

    record: str
    reason: str
    answer: str
    key: str


def write_root(text: Text, plan: Plan, root: Root, transforms: Transforms) -> str:
    """Write the function that shapes the customers of a root field, and return its name.

    It takes the customers and the Making, and returns them shaped, in a list. It raises what is not to be decided here.

    Raises:
        UncertainError: No code can be written.
        TooDeepError: The code would nest deeper than Python takes.
    """
    writer = _Writer(text, plan, root, transforms)
    name = writer.write()
    writer.check_masks()
    return name


class _Writer:
    def __init__(self, text: Text, plan: Plan, root: Root, transforms: Transforms) -> None:
        self._text, self._plan, self._root, self._transforms = text, plan, root, transforms
        self._steps = [number for number, step in enumerate(plan.steps) if root.response_name in step.roots]
        self._facts = {number: self._facts_of(plan.steps[number]) for number in self._steps}
        self._shown: dict[ResponsePath, set[str]] = {}

    def _facts_of(self, step: Step) -> _Facts:
        shape = row_shape(step.offer.record, step.fields) if step.offer.gives_rows else None
        return _Dict() if shape is None else _Rows(shape, self._text.name("seen"))

    def check_masks(self) -> None:
        """Raise UncertainError where one place of the answer can hold a masked value and another one."""
        if any(len(found) > 1 and found & self._transforms.keys() for found in self._shown.values()):
            raise UncertainError

    def write(self) -> str:
        line, block, name = self._text.line, self._text.block, self._text.name("shape")
        with block(f"def {name}(found, making)"):
            self._begin()
            with block("for place, subject in enumerate(found)"):
                with block("if subject is None"):
                    line("made.append(None)")
                    line("continue")
                line("errors_before, noted_before, left_before = len(errors), len(noted), left")
                with block("try"):
                    with block("if subject.customer_id in withheld"):
                        self._odd()
                    line("keys = subject.keys")
                    response_name = self._root.response_name
                    at = _Place((repr(response_name),), (response_name,))
                    at = at.item("place") if self._root.is_list else at
                    line(f"made.append({self._entity(self._root.position, _Entity(), at)})")
                with block("except Exception"):
                    root = self._text.constant("root", self._root)
                    line(f"made.append(anew({root}, subject, place, errors_before, noted_before, left_before))")
                    line("left = making.left")
            line("making.left = left")
            line("return made")
        return name

    def _begin(self) -> None:
        line = self._text.line
        line("fetched, withheld, errors, noted = making.fetched, making.withheld, making.errors, making.noted")
        line("null, lost, anew, page = making.null, making.lost, making.anew, making.page")
        line("masked, shown, made, left = making.masked, making.shown, [], making.left")
        for number in self._steps:
            line(f"full_{number} = fetched.in_full({number})")
            facts = self._facts[number]
            if isinstance(facts, _Rows):
                line(f"{facts.seen} = {self._row(facts)}")

    def _row(self, facts: _Rows) -> str:
        return self._text.constant("row", facts.shape.row)

    def _odd(self) -> str:
        """Write that the customer is out of the ordinary; what comes after it in the block is never reached."""
        self._text.line(f"raise {self._text.constant('Odd', OddError)}")
        return "None"

    def _odd_if(self, condition: str) -> None:
        with self._text.block(f"if {condition}"):
            self._odd()

    def _bound(self, code: str) -> str:
        """Return a name for the value of an expression."""
        name = self._text.name("x")
        self._text.line(f"{name} = {code}")
        return name

    @contextmanager
    def _unless_null(self, name: str, output: GraphQLOutputType) -> Iterator[None]:
        """Write, as what is written meanwhile, what is made of a value if it is not null."""
        if is_non_null_type(output):
            self._odd_if(f"{name} is None")
            yield
        else:
            with self._text.block(f"if {name} is not None"):
                yield

    # Objects that are known by keys, and what the steps have for them

    def _entity(self, position: Position, entity: _Entity, at: _Place) -> str:
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

    def _own(self, position: Position, plan: FieldPlan, at: _Place) -> str:
        """Return what is known of the object without a step."""
        if plan.reads is None:
            return self._type_name(position, plan, at)
        assert isinstance(plan.reads, Canonical)
        return self._completed(plan, plan.output, _Held("subject.customer_id", _Dict()), at.field(plan.response_name))

    def _type_name(self, position: Position, plan: FieldPlan, at: _Place) -> str:
        self._shown.setdefault(at.field(plan.response_name).pattern, set()).add(plan.coordinate)
        return repr(position.type_name)

    def _from_step(
        self, plans: Sequence[FieldPlan], loaded: _Loaded, facts: _Facts, made: dict[str, str], at: _Place
    ) -> None:
        """Write the fields that stand in what one step has, or why they are null."""
        with self._text.block(f"if {loaded.record} is not None"):
            for plan in plans:
                value = self._of_step(plan, loaded, facts, at.field(plan.response_name))
                made[plan.response_name] = value if value.isidentifier() else self._bound(value)
        with self._text.block("else"):
            for plan in plans:
                null = self._null(plan, loaded.reason, at.field(plan.response_name))
                self._text.line(f"{made[plan.response_name]} = {null}")

    def _of_step(self, plan: FieldPlan, loaded: _Loaded, facts: _Facts, at: _Place) -> str:
        if isinstance(plan.reads, FromList):
            return self._listed(plan, plan.reads.step, loaded, at)
        assert isinstance(plan.reads, FromStep)
        return self._value(plan, loaded.record, facts, plan.reads.name, at)

    def _null(self, plan: FieldPlan, reason: str, at: _Place) -> str:
        """Return the null of a field for which a step has nothing."""
        if is_non_null_type(plan.output):
            return self._odd()
        spot = Spot(plan.coordinate, locations_of(plan.nodes), at.pattern)
        return f"null({self._text.constant('spot', spot)}, {reason}, {at.code})"

    def _loaded(self, number: int, entity: _Entity) -> _Loaded:
        """Write what looks up the answer of a step for an object's key."""
        step, line, block = self._plan.steps[number], self._text.line, self._text.block
        record, reason, answer = (self._text.name(kind) for kind in ("record", "reason", "answer"))
        key = self._key(step, entity)
        line(f"{record}, {reason} = None, {self._text.constant('reason', NOT_LINKED.reason)}")
        if key is None:
            return _Loaded(record, reason, answer, "None")
        with nullcontext() if key == entity.key else block(f"if {key} is not None"):
            if step.is_page:
                self._odd_if(f"full_{number} is None")
            line(f"{answer} = full_{number}.get({key})")
            with block(f"if type({answer}) is {self._text.constant('Found', Found)}"):
                line(f"{record} = {answer}.record")
                if step.offer.is_list:
                    self._odd_if(f"type({record}) is not {self._text.constant('Page', Page)}")
                else:
                    self._check(record, self._facts[number])
            with block("else"):
                line(f"{reason} = lost({number}, subject, {key}, {answer})")
        return _Loaded(record, reason, answer, key)

    def _key(self, step: Step, entity: _Entity) -> str | None:
        """Return the name of the one key by which a step is asked for an object; None where there can be none."""
        if entity.key is not None:
            return entity.key if step.keyspace == entity.keyspace else None
        if len(step.keyspaces) != 1:
            return self._odd()
        (keyspace,) = step.keyspaces
        if keyspace not in entity.own:
            key = entity.own[keyspace] = self._bound(f"keys.get({keyspace!r})")
            with self._text.block(f"if {key}"):
                self._odd_if(f"len({key}) != 1")
                self._text.line(f"{key} = {key}[0].key")
            with self._text.block("else"):
                self._text.line(f"{key} = None")
        return entity.own[keyspace]

    # Values

    def _fields(self, position: Position, facts: _Facts, record: str, at: _Place) -> str:
        """Write what shapes an object that stands in a record, and return the expression that is it."""
        made: dict[str, str] = {}
        for name, plan in position.fields.items():
            if plan.reads is None:
                made[name] = self._type_name(position, plan, at)
            else:
                assert isinstance(plan.reads, FromRecord)
                made[name] = self._value(plan, record, facts, plan.reads.name, at.field(name))
        return _dict_of(made)

    def _value(self, plan: FieldPlan, record: str, facts: _Facts, name: str, at: _Place) -> str:
        """Write what shapes a field of a record, and return the expression that is it."""
        held = self._held(record, facts, name)
        if held is None:
            return self._odd()
        if plan.list_by_key is not None:
            return self._list_by_key(plan, plan.list_by_key, held, at)
        return self._completed(plan, plan.output, held, at)

    def _held(self, record: str, facts: _Facts, name: str) -> _Held | None:
        if isinstance(facts, _Dict):
            return _Held(f"{record}.get({name!r})", facts.inner.get(name, _Dict()))
        row = facts.shape.fields.get(name)
        if row is None:
            return None
        code = f"{record}.{row.attribute}" if row.attribute else record
        inside = _Dict() if row.shape is None else _Rows(row.shape)
        return _Held(code, inside, row, is_list=row.lists > 0)

    def _completed(self, plan: FieldPlan, output: GraphQLOutputType, held: _Held, at: _Place) -> str:
        """Write what shapes a value as its type says, and return the expression that is it."""
        of = get_nullable_type(output)
        if is_list_type(of):
            return self._list(plan, output, of.of_type, held, at)
        if held.is_list:
            return self._odd()
        if is_leaf_type(of):
            return self._leaf(plan, output, of, held, at)
        if plan.keyspace is not None:
            return self._behind(plan, output, held, at)
        return self._object(plan, output, held, at)

    def _list(
        self, plan: FieldPlan, output: GraphQLOutputType, of_items: GraphQLOutputType, held: _Held, at: _Place
    ) -> str:
        items, made = self._bound(held.code), self._text.name("made")
        item, index = self._text.name("item"), self._text.name("at")
        with self._unless_null(items, output):
            if not held.is_list:
                self._odd_if(f"type({items}) is not list")
            self._text.line(f"left -= len({items}) * {plan.size}")
            self._odd_if("left < 0")
            self._text.line(f"{made} = []")
            with self._text.loop(item, index, items):
                value = self._completed(plan, of_items, held.item(item), at.item(index))
                self._text.line(f"{made}.append({value})")
            self._text.line(f"{items} = {made}")
        return items

    def _leaf(self, plan: FieldPlan, output: GraphQLOutputType, of: GraphQLLeafType, held: _Held, at: _Place) -> str:
        self._shown.setdefault(at.pattern, set()).add(plan.coordinate)
        leaf, transform = leaf_of(of), self._transforms.get(plan.coordinate)
        if leaf is None or (transform is not None and not (leaf.exact is str and leaf.is_plain)):
            return self._odd()
        is_sure = held.is_leaf_of is leaf.exact
        if leaf.is_plain and transform is None:
            return self._plain(leaf, output, held, is_sure=is_sure)
        value = self._bound(held.code)
        with self._unless_null(value, output):
            if not is_sure:
                self._odd_if(self._is_wrong(leaf, value))
            if transform is not None:
                mask = self._text.constant("mask", partial(mask_text, transform.mask))
                shown = self._text.constant("spot", Spot(plan.coordinate, [], at.pattern, transform.reason))
                self._text.line(f"{value} = {mask}({value})")
                with self._text.block(f"if {shown} not in masked"):
                    self._text.line(f"shown({shown})")
            else:
                self._text.line(f"{value} = {self._printed(leaf, value, is_row=is_sure)}")
                if leaf.prints is not None:
                    self._odd_if(f"{value} is None")
        return value

    def _plain(self, leaf: Leaf, output: GraphQLOutputType, held: _Held, *, is_sure: bool) -> str:
        """Write the guard of a value that is shown as it is, and return it."""
        may_be_null = not is_non_null_type(output)
        if is_sure and may_be_null:
            return held.code
        value = self._bound(held.code)
        wrong = f"{value} is None" if is_sure else self._is_wrong(leaf, value)
        self._odd_if(f"{value} is not None and ({wrong})" if may_be_null else wrong)
        return value

    def _is_wrong(self, leaf: Leaf, value: str) -> str:
        is_other = f"type({value}) is not {self._text.constant(leaf.exact.__name__, leaf.exact)}"
        return f"{is_other} or not ({leaf.within.format(value)})" if leaf.within else is_other

    def _printed(self, leaf: Leaf, value: str, *, is_row: bool) -> str:
        if leaf.names is not None:
            names = leaf.codes if is_row else leaf.names
            return f"{self._text.constant('names', names)}[{value}]"
        return f"{self._text.constant('prints', leaf.prints)}({value})"

    def _behind(self, plan: FieldPlan, output: GraphQLOutputType, held: _Held, at: _Place) -> str:
        """Write what shapes the object that is reached by a key."""
        if plan.position is None or plan.keyspace is None:
            return self._odd()
        key = self._bound(held.code)
        with self._unless_null(key, output):
            if held.is_leaf_of is not str:
                self._odd_if(f"type({key}) is not str")
            self._text.line(f"{key} = {self._entity(plan.position, _Entity(key, plan.keyspace), at)}")
        return key

    def _list_by_key(self, plan: FieldPlan, number: int, held: _Held, at: _Place) -> str:
        """Write what shapes the list that a step has by a key."""
        key = self._bound(held.code)
        with self._unless_null(key, plan.output):
            if held.is_leaf_of is not str:
                self._odd_if(f"type({key}) is not str")
            loaded = self._loaded(number, _Entity(key, self._plan.steps[number].keyspace))
            with self._text.block(f"if {loaded.record} is not None"):
                self._text.line(f"{key} = {self._listed(plan, number, loaded, at)}")
            with self._text.block("else"):
                self._text.line(f"{key} = {self._null(plan, loaded.reason, at)}")
        return key

    def _listed(self, plan: FieldPlan, number: int, loaded: _Loaded, at: _Place) -> str:
        """Write what shapes the list that a step has answered, or the page of it."""
        facts = self._facts[number]
        if not plan.is_page:
            items = _Held(f"{loaded.record}.items", facts, is_list=True)
            return self._completed(plan, plan.output, items, at)
        parts = self._text.constant("parts", page_parts(plan))
        made = self._bound(f"page({parts}, {number}, subject, {loaded.key}, {loaded.answer})")
        of_page = _Dict({NODES: facts, EDGES: _Dict({NODE: facts}), PAGE_INFO: _Dict()})
        return self._completed(plan, plan.output, _Held(made, of_page), at)

    def _object(self, plan: FieldPlan, output: GraphQLOutputType, held: _Held, at: _Place) -> str:
        """Write what shapes an object that stands in a record."""
        facts, position = held.facts, plan.position
        if isinstance(facts, _Rows) and held.row is not None and not held.row.attribute:
            return self._odd() if position is None else self._fields(position, facts, held.code, at)
        record = self._bound(held.code)
        with self._unless_null(record, output):
            self._check(record, facts)
            if isinstance(facts, _Rows):
                value = self._odd() if position is None else self._fields(position, facts, record, at)
                self._text.line(f"{record} = {value}")
            else:
                self._of_type(plan, facts, record, at)
        return record

    def _check(self, record: str, facts: _Facts) -> None:
        """Write that facts have to be what they are taken for."""
        if isinstance(facts, _Dict):
            self._odd_if(f"type({record}) is not dict")
        elif facts.seen is not None:
            with self._text.block(f"if type({record}) is not {facts.seen}"):
                self._text.line(f"{facts.seen} = {self._text.constant('known', known)}({record}, {self._row(facts)})")

    def _of_type(self, plan: FieldPlan, facts: _Dict, record: str, at: _Place) -> None:
        """Write what shapes an object as the type that it says it is of."""
        type_name = self._bound(f"{record}.get({TYPE_NAME!r})")
        if plan.position is not None:
            self._odd_if(f"{type_name} is not None and {type_name} != {plan.position.type_name!r}")
            self._text.line(f"{record} = {self._fields(plan.position, facts, record, at)}")
            return
        for number, (name, position) in enumerate(plan.positions.items()):
            with self._text.block(f"{'elif' if number else 'if'} {type_name} == {name!r}"):
                self._text.line(f"{record} = {self._fields(position, facts, record, at)}")
        with self._text.block("else"):
            self._odd()


def _step_of(plan: FieldPlan) -> int | None:
    """Return the step in whose answer a field stands."""
    return plan.reads.step if isinstance(plan.reads, FromStep | FromList) else None


def _dict_of(made: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{name!r}: {value}' for name, value in made.items())}}}"
