"""Documents and variables that are made to cost much, and by which limit or code each is refused.

`python -m tests.resolvers.hostile` prints the CPU that refusing each of them takes.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from graphql import DocumentNode, GraphQLSyntaxError, Lexer, TokenKind, parse

from resolvers import RefusedError, documents
from resolvers.measures import Measured
from resolvers.measuring import measure
from schema.view_schema import ViewSchema
from schema.views import View
from tests.resolvers.harbour import harbour
from tests.resolvers.vessels import view

MOST_TOKENS = 4_000
V = 'vessel(by: {id: "v1"})'
BY = "query ($by: VesselBy!) { vessel(by: $by) { name } }"
LIST = "query ($by: [VesselBy!]!) { vessels(by: $by) { name } }"


@dataclass(frozen=True)
class Hostile:
    """A request, and the limit or the code by which it is refused in a view with as many tokens as there may be."""

    name: str
    text: str = field(repr=False)
    refused_by: str
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)


def of_vessel(selections: str) -> str:
    return f"{{ {V} {{ {selections} }} }}"


def times(number: int, text: str, joined: str = " ") -> str:
    """The text so often, `#` in it replaced by the number of the time."""
    return joined.join(text.replace("#", str(each)) for each in range(number))


def fragments(number: int, body: str, on: str = "Vessel") -> str:
    """Fragments F0 and on; `#` stands for a fragment's number and `>` for the next one's, which may not exist."""
    return " ".join(
        f"fragment F{each} on {on} {{ {body} }}".replace("#", str(each)).replace(">", str(each + 1))
        for each in range(number)
    )


def last(number: int, body: str = "name", on: str = "Vessel") -> str:
    return f" fragment F{number} on {on} {{ {body} }}"


def nested(value: object, levels: int) -> object:
    for _ in range(levels):
        value = {"id": value}
    return value


def hostiles() -> list[Hostile]:
    """Every hostile request."""
    return [*_bombs(), *_floods(), *_deep(), *_literals(), *_variables(), *_definitions(), *_introspection()]


def _bombs() -> Iterator[Hostile]:
    yield Hostile("bomb of spreads, 2^80", of_vessel("...F0") + fragments(80, "...F> ...F>") + last(80), "fields")
    yield Hostile("bomb of spreads, unused", "{ __typename }" + fragments(80, "...F> ...F>") + last(80), "fields")
    bomb = "a: owners { ...F> } b: owners { ...F> }"
    yield Hostile("bomb of lists in lists", of_vessel("...F0") + fragments(12, bomb) + last(12), "aliases")
    dense = " ".join(
        f"fragment F{one} on Vessel {{ name {' '.join(f'...F{more}' for more in range(one + 1, 50))} }}"
        for one in range(50)
    )
    yield Hostile("every fragment spreads all later", of_vessel("...F0") + dense, "fields")
    circle = " ".join(
        f"fragment F{one} on Vessel {{ {' '.join(f'...F{more}' for more in range(30))} }}" for one in range(30)
    )
    yield Hostile("every fragment spreads all", of_vessel("...F0") + circle, "GRAPHQL_VALIDATION_FAILED")
    itself = of_vessel("...F0") + " fragment F0 on Vessel { name " + times(1_500, "...F0") + " }"
    yield Hostile("a fragment spreads itself", itself, "GRAPHQL_VALIDATION_FAILED")
    ring = of_vessel("...F0") + fragments(60, "flag { code } ...F>") + last(60, "...F0")
    yield Hostile("ring of fragments", ring, "GRAPHQL_VALIDATION_FAILED")
    yield Hostile("chain of fragments", of_vessel("...F0") + fragments(300, "...F>") + last(300), "nesting")
    same = of_vessel(times(70, "...F#")) + fragments(70, "name callSign draught kind size { beam length }")
    yield Hostile("fragments that overlap", same, "comparisons")
    nothing = f"fragment S on Flag {{ code {times(1_200, '...N')} }} fragment N on Flag {{ }}"
    yield Hostile("spreads of nothing", of_vessel(times(50, "a#: flag { ...S }")) + nothing, "selections")
    yield Hostile("unused fragments", "{ __typename }" + fragments(500, "name"), "GRAPHQL_VALIDATION_FAILED")


def _floods() -> Iterator[Hostile]:
    yield Hostile("aliases of a field", of_vessel(times(1_300, "a#: name")), "aliases")
    yield Hostile("aliases of a look-up", f"{{ {times(200, f'a#: {V} {{ name }}')} }}", "aliases")
    yield Hostile("aliases of __typename", f"{{ {times(1_300, 'a#: __typename')} }}", "aliases")
    yield Hostile("one unknown directive", of_vessel(f"name {times(1_900, '@a')}"), "directives")
    yield Hostile("many unknown directives", of_vessel(f"name {times(1_900, '@a#')}"), "directives")
    yield Hostile("@skip on one field", of_vessel(f"name {times(500, '@skip(if: true)')}"), "directives")
    yield Hostile("@include on each field", of_vessel(times(400, "name @include(if: true)")), "directives")
    yield Hostile("directives of an operation", f"query {times(1_900, '@a')} {{ __typename }}", "directives")
    yield Hostile("one field, often", of_vessel(times(3_900, "name")), "fields")
    yield Hostile("unknown fields", of_vessel(times(3_900, "x#")), "fields")
    yield Hostile("objects that overlap", of_vessel(times(450, "size { beam }")), "comparisons")
    conflicts = of_vessel(times(300, 'portCalls(info: "#") { on }'))
    yield Hostile("fields that conflict", conflicts, "comparisons")
    yield Hostile(
        "unknown arguments", of_vessel(f"portCalls({times(1_200, 'a#: 1')}) {{ on }}"), "GRAPHQL_VALIDATION_FAILED"
    )
    yield Hostile("tokens", of_vessel(times(20_000, "name")), "tokens")
    yield Hostile("comments", "{ __typename }" + "#\n" * 100_000, "tokens")


def _deep() -> Iterator[Hostile]:
    yield Hostile("deep selections", of_vessel("a { " * 80 + "b" + " }" * 80), "depth")
    yield Hostile("selections without end", "{ a " * 1_900, "GRAPHQL_PARSE_FAILED")
    yield Hostile("deep inline fragments", of_vessel("... { " * 180 + "name" + " }" * 180), "nesting")
    wide = times(40, "p#: portCalls { on port { name flag { code state } } }")
    lists = f"query ($by: [VesselBy!]!) {{ vessels(by: $by) {{ {wide} }} }}"
    yield Hostile("wide lists of lists", lists, "weight", {"by": [{"id": "v1"}] * 100})


def _literals() -> Iterator[Hostile]:
    long = "x" * 200_000
    yield Hostile("a text of 200 kB", of_vessel(f'portCalls(since: "{long}") {{ on }}'), "GRAPHQL_VALIDATION_FAILED")
    block = '"""' + "\n  x" * 60_000 + '"""'
    yield Hostile(
        "a block of 60,000 lines", of_vessel(f"portCalls(since: {block}) {{ on }}"), "GRAPHQL_VALIDATION_FAILED"
    )
    yield Hostile(
        "a number of 200,000 digits",
        of_vessel(f"portCalls(of: {{leastDays: {'1' * 200_000}}}) {{ on }}"),
        "GRAPHQL_VALIDATION_FAILED",
    )
    yield Hostile("a name of 200 kB", of_vessel(long), "GRAPHQL_VALIDATION_FAILED")
    yield Hostile("names of 2 kB", of_vessel(times(100, f"{'x' * 2_000}#")), "GRAPHQL_VALIDATION_FAILED")
    yield Hostile("a list of look-ups", f"{{ vessels(by: [{times(600, '{id: 1}')}]) {{ name }} }}", "customers")
    yield Hostile("an object of 1,200 members", f"{{ vessel(by: {{{times(1_200, 'a#: 1')}}}) {{ name }} }}", "inputs")
    yield Hostile(
        "a deep object", f"{{ vessel(by: {'{a: ' * 190}1{'}' * 190}) {{ name }} }}", "GRAPHQL_VALIDATION_FAILED"
    )
    yield Hostile("a deep list", f"{{ vessels(by: {'[' * 190}{']' * 190}) {{ name }} }}", "GRAPHQL_VALIDATION_FAILED")
    yield Hostile("a list without end", f"{{ vessels(by: {'[' * 3_000}", "GRAPHQL_PARSE_FAILED")


def _variables() -> Iterator[Hostile]:
    yield Hostile("20,000 look-ups", LIST, "customers", {"by": [{"id": "v1"}] * 20_000})
    yield Hostile("20,000 members", BY, "BAD_USER_INPUT", {"by": {f"a{each}": 1 for each in range(20_000)}})
    yield Hostile("20,000 variables", BY, "BAD_USER_INPUT", {f"a{each}": 1 for each in range(20_000)})
    yield Hostile("a deep value", BY, "BAD_USER_INPUT", {"by": nested("v1", 900)})
    yield Hostile("a deep list as value", LIST, "BAD_USER_INPUT", {"by": [[[[[{"id": "v1"}]]]]]})
    text = "query ($since: Date!) { " + V + " { portCalls(since: $since) { on } } }"
    yield Hostile("a value of 200 kB", text, "BAD_USER_INPUT", {"since": "x" * 200_000})


def _definitions() -> Iterator[Hostile]:
    yield Hostile("operations", times(780, "query Q# { __typename }"), "OPERATION_RESOLUTION_FAILURE")
    yield Hostile("operations of one name", times(780, "query Q { __typename }"), "GRAPHQL_VALIDATION_FAILED")
    spread = times(100, f"query Q# {{ {V} {{ ...F0 }} }}") + fragments(40, "...F> flag { ...G }") + last(40)
    yield Hostile(
        "operations that share fragments", spread + " fragment G on Flag { code }", "OPERATION_RESOLUTION_FAILURE"
    )
    yield Hostile("unused variables", f"query ({times(990, '$v#: Int')}) {{ __typename }}", "GRAPHQL_VALIDATION_FAILED")
    yield Hostile(
        "one variable, often", f"query ({times(990, '$v: Int')}) {{ __typename }}", "GRAPHQL_VALIDATION_FAILED"
    )
    deep = f"query ($v: {'[' * 190}Int{']' * 190}) {{ __typename }}"
    yield Hostile("a deep type", deep, "GRAPHQL_VALIDATION_FAILED")
    yield Hostile("types of its own", times(900, "scalar S#"), "GRAPHQL_VALIDATION_FAILED")


def _introspection() -> Iterator[Hostile]:
    chain = "fields { type { " * 6 + "name" + " } }" * 6
    yield Hostile("types of fields of types", f"{{ __schema {{ types {{ {chain} }} }} }}", "introspection_lists")
    types = "fields { args { type { name } } }"
    yield Hostile(
        "aliases of types", f"{{ __schema {{ {times(20, f'a#: types {{ {types} }}')} }} }}", "introspection_aliases"
    )
    inner = "ofType { " * 60 + "name" + " }" * 60
    yield Hostile("deep types", f'{{ __type(name: "Vessel") {{ {inner} }} }}', "introspection_depth")
    body = "a: ofType { ...F> } b: ofType { ...F> }"
    bomb = f'{{ __type(name: "Vessel") {{ ...F0 }} }} {fragments(60, body, "__Type")} {last(60, "name", "__Type")}'
    yield Hostile("bomb of types", bomb, "aliases")


def bomb_of_nothing() -> Hostile:
    """Spreads that double each time, of a selection set that is empty."""
    text = of_vessel("...F0") + fragments(80, "...F> ...F>") + last(80, "")
    return Hostile("bomb of nothing", text, "nothing")


def through(**limits: int) -> View:
    """A view of everything with as many tokens as there may be."""
    return view(limits={"tokens": MOST_TOKENS, **limits})


@dataclass(frozen=True)
class Outcome:
    """How a request ended: by which limit or code, what it said, its work, its seconds of CPU and its calls.

    `work` is what the pass over the document did. Where there was none, because the document does not parse, it is how
    many tokens were read, and `is_parsed` is not set.
    """

    by: str
    message: str
    remedy: str
    is_parsed: bool
    work: int
    seconds: float
    calls: int


async def outcome(one: Hostile, of: View) -> Outcome:
    """Ask for it in a harbour of its own."""
    h = harbour()
    h.engine.schema_of(of)
    by, message, remedy = "answered", "", ""
    gc.collect()  # what others left behind is not this one's
    with watched() as watch:
        started = time.process_time()
        try:
            await h.ask(one.text, one.variables, through=of)
        except RefusedError as error:
            by = error.excess.limit if error.excess else str(error.code)
            message, remedy = "\n".join(str(told["message"]) for told in error.formatted()), error.remedy
        seconds = time.process_time() - started
    is_parsed, work = watch.work()
    return Outcome(by, message, remedy, is_parsed, work, seconds, len(h.batches) + h.crossref.reads)


@dataclass
class Watch:
    """What the one run did: the error with which its parser stopped, or the work of its pass over the document."""

    stopped: GraphQLSyntaxError | None = None
    measured: int | None = None

    def parse(self, text: str, **more: Any) -> DocumentNode:
        try:
            return parse(text, **more)
        except GraphQLSyntaxError as error:
            self.stopped = error
            raise

    def measure(self, of: ViewSchema, document: DocumentNode) -> Measured:
        measured = measure(of, document)
        self.measured = measured.work
        return measured

    def work(self) -> tuple[bool, int]:
        """Whether the document was parsed, and the work that was done."""
        if self.stopped is not None:
            return False, _tokens_read(self.stopped)
        assert self.measured is not None
        return True, self.measured


@contextmanager
def watched() -> Iterator[Watch]:
    """Have the engine's own parser and pass say what they do."""
    watch = Watch()
    with patch.object(documents, "parse", watch.parse), patch.object(documents, "measure", watch.measure):
        yield watch


def _tokens_read(error: GraphQLSyntaxError) -> int:
    """How many tokens there are, comments among them, up to the one at which the parser stopped."""
    assert error.source is not None
    (stopped_at,) = error.positions or ()
    lexer = Lexer(error.source)
    token, read = lexer.token, 0
    while token.kind is not TokenKind.EOF and token.start < stopped_at:
        if token.next is None:
            lexer.advance()
        assert token.next is not None
        token, read = token.next, read + 1
    return read


def table(outcomes: Mapping[str, tuple[Hostile, Outcome]]) -> str:
    """A line each, for people."""
    lines = [f"{'request':33}{'bytes':>8}{'work':>7}{'CPU ms':>8}  refused by"]
    lines += [
        f"{name:33}{len(one.text):8}{ended.work:7}{ended.seconds * 1000:8.1f}  {ended.by}"
        for name, (one, ended) in outcomes.items()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    asyncio.run(outcome(hostiles()[0], through()))  # the first time, schemas are built
    sys.stdout.write(table({one.name: (one, asyncio.run(outcome(one, through()))) for one in hostiles()}))


if __name__ == "__main__":
    main()
