"""What the steps of a plan have for an object, as code: looked up by its keys, with the reason why there is nothing."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field

from adapters.answers import Found, Page
from adapters.rows import Row, row_shape
from resolvers.joining import NOT_LINKED
from resolvers.plan import Plan, Root
from resolvers.policy import Profile
from resolvers.shapes.held import DictFacts, HeldFacts, RowFacts
from resolvers.shapes.making import known
from resolvers.shapes.writing import Code
from resolvers.steps import Step

__all__ = ["Entity", "Loaded", "StepWriter"]


@dataclass(frozen=True, slots=True)
class Entity:
    """An object that is known by keys: a customer (`key` None), or what is reached by the key of this name.

    `own` holds, by keyspace, the names of the customer's own key if there is just one, and of all its keys.
    """

    key: str | None = None
    own: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a step has for an object: the names of the record or page (None where it has nothing), of the reason for
    that, of the answer and of the key."""

    record: str
    reason: str
    answer: str
    key: str


class StepWriter:
    """Writes what looks up what the steps of one root field have. `facts` is how each step's are held, by number.

    They are asked for customers of a profile; without one it is for the function that takes whatever the verdicts, keys
    and facts are.
    """

    def __init__(self, code: Code, plan: Plan, root: Root, profile: Profile | None = None) -> None:
        self._code, self._plan, self._profile, self._is_second = code, plan, profile, profile is None
        numbers = [number for number, step in enumerate(plan.steps) if self._is_asked(step, root)]
        self.facts = {number: self._facts_of(plan.steps[number]) for number in numbers}

    def _is_asked(self, step: Step, root: Root) -> bool:
        if self._profile is None:
            return root.response_name in step.roots
        left = self._profile.left(step)
        return left is not None and root.response_name in left.roots

    def _facts_of(self, step: Step) -> HeldFacts:
        left = self._profile.left(step) if self._profile is not None else None
        shape = row_shape(step.offer.record, left.fields) if left is not None and step.offer.gives_rows else None
        return DictFacts() if shape is None else RowFacts(shape, self._code.name("seen"))

    def begin(self) -> None:
        """Write, once for all customers, what their steps have answered, and in which rows."""
        for number, facts in self.facts.items():
            self._code.line(f"full_{number} = making.fetched.in_full({number})")
            if isinstance(facts, RowFacts):
                self._code.line(f"{facts.seen} = {self._row(facts)}")

    def loaded(self, number: int, entity: Entity) -> Loaded:
        """Write what looks up what a step has for an object's key."""
        step, line, block = self._plan.steps[number], self._code.line, self._code.block
        record, reason, answer = (self._code.name(kind) for kind in ("record", "reason", "answer"))
        loaded = Loaded(record, reason, answer, self._key(step, entity))
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

    def _load_one(self, number: int, loaded: Loaded) -> None:
        """Write what looks up the answer for one key."""
        line, block = self._code.line, self._code.block
        line(f"{loaded.answer} = full_{number}.get({loaded.key})")
        with block(f"if type({loaded.answer}) is {self._code.constant('Found', Found)}"):
            line(f"{loaded.record} = {loaded.answer}.record")
            if self._plan.steps[number].offer.is_list:
                self._code.odd_if(f"type({loaded.record}) is not {self._code.constant('Page', Page)}")
            else:
                self.check(loaded.record, self.facts[number])
        with block("else"):
            line(f"{loaded.reason} = lost({number}, subject, {loaded.key}, {loaded.answer})")

    def _load_any(self, number: int, keys: str, loaded: Loaded) -> None:
        """Write what looks up what there is for any number of keys, wherever their lists begin."""
        is_list = self._plan.steps[number].offer.is_list
        look_up = "joined" if is_list else "first"
        self._code.line(f"{loaded.record}, {loaded.reason} = {look_up}({number}, subject, {keys})")
        if not is_list:
            with self._code.block(f"if {loaded.record} is not None"):
                self.check(loaded.record, self.facts[number])

    def _key(self, step: Step, entity: Entity) -> str:
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

    def check(self, record: str, facts: HeldFacts) -> None:
        """Write that facts have to be what they are taken for."""
        if isinstance(facts, DictFacts):
            self._code.odd_if(f"not ({self.is_facts(record)})")
        elif facts.seen is not None:
            with self._code.block(f"if type({record}) is not {facts.seen}"):
                self._code.line(f"{facts.seen} = {self._code.constant('known', known)}({record}, {self._row(facts)})")

    def is_facts(self, record: str) -> str:
        """Return whether facts are read by their names, as an expression."""
        is_dict = f"type({record}) is dict"
        return f"{is_dict} or isinstance({record}, {self._code.constant('Row', Row)})" if self._is_second else is_dict

    def _row(self, facts: RowFacts) -> str:
        return self._code.constant("row", facts.shape.row)
