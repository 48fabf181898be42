"""An engine whose every answer is assembled both ways, by the compiled shape and by graphql-core, and compared."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from graphql import GraphQLSchema

from adapters.crossref import Subject
from resolvers import Engine, RefusedError, Request, engine
from resolvers.assembly import Assembled
from resolvers.assembly import Operation as Executed
from resolvers.cursors import Cursors
from resolvers.executing import execute
from resolvers.fetched import Fetched
from resolvers.handed_on import DoubtError
from resolvers.plan import Plan
from resolvers.policy import PlanRules
from resolvers.shapes import Shape, compile_shape
from resolvers.shapes.making import Making
from schema.caller import Caller
from schema.deadline import Deadline
from schema.views import View
from tests.resolvers.differential.mutating import Operation
from tests.resolvers.differential.occurring import occurring
from tests.resolvers.differential.scripted import NOW, Script, ScriptedCrossReference, ScriptedSource
from tests.resolvers.differential.worlds import World

__all__ = ["Both", "Compiled", "Tally", "both_ways", "printed"]

_CALLER = Caller("bridge-desk")
_CURSOR = re.compile(r"[A-Za-z0-9_-]{40,}")
_CLEAN = ("clean", "clean, rows")
_OUTAGE = ("outage", "outage, rows")
_PARTS = ("data", "errors", "withheld", "masked", "absent")
_TRIES = 4
_LONG = 600.0
"""Seconds until the deadline: no answer is late."""


@dataclass
class Tally:
    """What was compared: how many operations, what occurred in them, and who answered, by kind of facts.

    `answered`, `handed_on` and `uncovered` count answers: of the shape, of the executor because the shape doubted, and
    of the executor because the document has no shape. `alone` counts customers that the shape left to the executor.
    """

    documents: int = 0
    rows: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    occurred: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    handed_on: Counter[str] = field(default_factory=Counter)
    uncovered: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)

    def left_alone(self) -> Mapping[str, int]:
        """How many customers were left to the executor though facts of them are of the right types."""
        return {kind: self.alone[kind] for kind in (*_CLEAN, *_OUTAGE) if self.alone[kind]}

    def not_compiled(self) -> Mapping[str, int]:
        """How many answers the shape did not make about facts of the right types: an outage is none of its doubts."""
        made = self.handed_on + self.uncovered
        return {kind: made[kind] for kind in (*_CLEAN, *_OUTAGE) if made[kind]}

    def table(self, name: str) -> str:
        """A few lines for people."""
        lines = [f"{name}: {self.documents} operations, {sum(self.refused.values())} refused, {self.rows} rows"]
        lines += [f"{count / max(1, self.documents):8.1%} {what}" for what, count in self.occurred.most_common()]
        lines += [f"{'answers by kind of facts':46}{'compiled':>9}{'handed on':>10}{'uncovered':>10}{'alone':>10}"]
        kinds = sorted({*self.answered, *self.handed_on, *self.uncovered})
        lines += [
            f"{kind:46}{self.answered[kind]:9}{self.handed_on[kind]:10}{self.uncovered[kind]:10}{self.alone[kind]:10}"
            for kind in kinds
        ]
        lines += [f"answers with {', '.join(f'{what}: {count}' for what, count in sorted(self.entries.items()))}"]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Compiled:
    """A shape, and what it was compiled from."""

    shape: Shape
    schema: GraphQLSchema
    plan: Plan
    rules: PlanRules


@dataclass
class Both:
    """A world's engines, over sources that say what `script` says: `rows` over sources that give rows, `dicts` over
    sources that do not."""

    world: World
    dicts: Engine
    rows: Engine
    script: Script
    loop: asyncio.AbstractEventLoop
    tally: Tally = field(default_factory=Tally)
    asked: Operation | None = None
    executed: Executed | None = None
    compiled: Compiled | None = None
    has_twins: bool = False

    def ask(self, operation: Operation, chance: Random) -> None:
        """Ask an operation, and again with other facts or a cursor that the answer told; count it where it is valid.

        Raises:
            Failed: Both ways differ, or there are errors about clean facts.
        """
        view = chance.choice(self.world.views)
        data = self.answer(operation, view)
        if data is None:
            return
        self.tally.documents += 1
        assert self.executed is not None
        self.tally.occurred.update(occurring(self.world.schema, self.executed.document, self.executed.name))
        if '"' not in operation.text:
            self.again(operation, view)
        found = sorted(filter(_CURSOR.fullmatch, _texts(data)))
        if operation.after and found:
            self.go_on(operation, view, found, chance)

    def look(self, text: str, variables: Mapping[str, Any] | None = None, *, view: int = 0) -> Any:
        """Ask one document as it is, twice: the second time with what the engine has kept. Return the data."""
        operation = Operation(text, None, variables or {})
        self.answer(operation, self.world.views[view])
        return self.answer(operation, self.world.views[view])

    def again(self, operation: Operation, view: View) -> None:
        """Ask it in another mood: what was read of the document, and its shape, are kept."""
        self.speak(self.script.other())
        self.answer(operation, view)

    def go_on(self, operation: Operation, view: View, found: Sequence[str], chance: Random) -> None:
        """Ask what follows a page: with a few of the cursors, until one is of the very list."""
        for _ in range(_TRIES):
            given = {chance.choice(operation.after): chance.choice(found)}
            if self.answer(replace(operation, variables={**operation.variables, **given}), view) is not None:
                self.tally.occurred["page that was gone on with"] += 1
                return

    def speak(self, script: Script) -> None:
        """Let the sources speak by this script from now on."""
        self.script.__dict__.update(script.__dict__)

    def answer(self, operation: Operation, view: View) -> Any:
        """The data of the answer, {} where it is null; None where the operation is refused."""
        request = Request(operation.text, operation.name, operation.variables)
        self.asked, made = operation, self.rows if self.script.rows else self.dicts
        try:
            caller = replace(_CALLER, assertions=self.script.assertions())
            answer = self.loop.run_until_complete(made.answer(view, request, caller, Deadline.after(_LONG)))
        except RefusedError as error:
            self.tally.refused[str(error.code)] += 1
            return None
        return answer["data"] or {}

    @property
    def kind(self) -> str:
        """The kind of facts that the answer is about."""
        asked, script = self.asked, self.script
        has_cursor = asked is not None and not asked.variables.keys().isdisjoint(asked.after)
        told = [script.mood.name.lower(), *(["given"] if script.answers or script.subjects else [])]
        told += [*(["rows"] if script.rows else []), *(["restricted"] if script.restricts else [])]
        told += ["twins"] if self.has_twins else []
        return ", ".join([*told, *(["behind a cursor"] if has_cursor else [])])

    def counted(self, executed: Callable[..., Any]) -> Callable[..., Any]:
        """What makes a customer by the executor, counted."""

        def execute_counted(*arguments: Any) -> Any:
            self.tally.alone[self.kind] += 1
            return executed(*arguments)

        return execute_counted

    def assemble(
        self,
        operation: Executed,
        fetched: Fetched,
        subjects: Mapping[str, Sequence[Subject | None]],
        cursors: Cursors,
        shape: Shape | None = None,
    ) -> Assembled:
        """Stand in for the engine's assembly: the compiled way first, as it goes, then the exact one."""
        self.executed, compiled, counter = operation, None, self.tally.uncovered
        # of steps that were made one the rows are wider than those for which the shape was compiled
        self.has_twins = len(fetched.plan.distinct) < len(fetched.plan.steps)
        self.tally.entries["a kept shape"] += shape is not None
        self.tally.entries["customers told apart"] += bool(fetched.verdicts.others)
        self.tally.entries["a usual profile with verdicts"] += not fetched.verdicts.usual.is_plain
        self.tally.entries["masks of some"] += fetched.verdicts.has_mixed_masks
        made_of = (operation.schema, fetched.plan, fetched.verdicts.rules)
        shape = shape or compile_shape(*made_of)  # the engine compiles what is asked twice
        self.compiled = None if shape is None else Compiled(shape, *made_of)
        if shape is not None:
            try:
                compiled, counter = shape(operation, fetched, subjects, cursors), self.tally.answered
            except DoubtError:
                counter = self.tally.handed_on
        counter[self.kind] += 1
        exact = execute(operation, fetched, subjects, cursors)
        if compiled is not None and printed(compiled) != printed(exact):
            pytest.fail(f"{difference(compiled, exact)}\n{self.asked}\n{self.script}", pytrace=False)
        if self.kind in _CLEAN and exact.errors:
            pytest.fail(f"clean facts, and {exact.errors}\n{self.asked}\n{self.script}", pytrace=False)
        for what in _PARTS[1:]:
            self.tally.entries[what] += bool(getattr(exact, what))
        return exact


def printed(assembled: Assembled) -> bytes:
    """The parts of an answer as they go out; of one that cannot go out, as Python tells them."""
    parts = [getattr(assembled, name) for name in _PARTS]
    try:
        return orjson.dumps(parts)
    except TypeError:
        return repr(parts).encode("ascii", "backslashreplace")


def difference(compiled: Assembled, exact: Assembled) -> str:
    """The parts in which two answers differ, both ways."""
    pairs = [(name, getattr(compiled, name), getattr(exact, name)) for name in _PARTS]
    return "\n".join(
        f"{name}\n  compiled {one}\n  exact    {other}" for name, one, other in pairs if repr(one) != repr(other)
    )


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for one in data.values() if isinstance(data, dict) else data:
            yield from _texts(one)


@contextmanager
def both_ways(world: World) -> Iterator[Both]:
    """An engine over the scripted sources of a world, with a loop of its own."""
    script = Script()
    dicts = [ScriptedSource(world, source, offers, script) for source, offers in world.giving(rows=False).items()]
    rows = [ScriptedSource(world, source, offers, script) for source, offers in world.giving(rows=True).items()]
    crossref = ScriptedCrossReference(world, script)
    loop = asyncio.new_event_loop()
    of_dicts, of_rows = (Engine(world.model, one, crossref, now=lambda: NOW) for one in (dicts, rows))
    both = Both(world, of_dicts, of_rows, script, loop)
    try:
        with (
            patch.object(engine, "assemble", both.assemble),
            patch.object(Making, "executed", both.counted(Making.executed)),
        ):
            yield both
        both.tally.rows = sum(one.rows for one in rows)
        for made in (both.dicts, both.rows):
            loop.run_until_complete(made.aclose())
    finally:
        loop.close()
