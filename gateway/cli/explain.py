"""`customer-view explain`: what a query would ask of the sources, as a tree for people or as JSON. Nothing is asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from gateway.cli.application import Application, read_application
from gateway.cli.whole_view import whole_view
from gateway.command_error import CommandError
from gateway.terminal import open_console
from resolvers import Cursors, Reader, RefusalCode, RefusedError, Request
from resolvers.catalog import Catalog
from schema.situation import NO_SITUATION, Situation
from schema.verification import Level
from schema.views import View

__all__ = ["run_explain"]


def run_explain(
    app: str,
    view_name: str,
    *,
    query: str | None,
    variables: str | None,
    operation: str | None,
    as_json: bool,
    as_code: bool = False,
    level: str | None = None,
    situation: Situation = NO_SITUATION,
) -> bool:
    """Print the plan, or the code of the answer, and return whether there is one: a query that the view would refuse is
    told on standard error.

    `level` is how well the customers are verified. A situation of which nothing is told is not held against the view's.
    """
    application = read_application(app)
    view = application.view(view_name)
    text = _read(query) if query is not None else whole_view(view, application.model)
    request = Request(text, operation, _variables(variables, view), situation=_assumed(view, situation))
    reader = _reader(application)
    try:
        plan = reader.explain(view, request, level=_level(level))
        code = reader.code(view, request) if as_code else ""
    except RefusedError as error:
        _print_refusal(view, error, request)
        return False
    if as_code:
        _print_code(open_console(), code)
    elif as_json:
        print(json.dumps(plan, indent=2))
    else:
        _print(open_console(), plan)
    return True


def _assumed(view: View, situation: Situation) -> Situation:
    """Return the situation with the references that the view requires: no verdict depends on which they are."""
    if not situation.told():
        return NO_SITUATION
    required = [name for name in ("case", "interaction", "actor") if getattr(view.situation, name) == "required"]
    return replace(situation, **dict.fromkeys(required, "any"))


def _level(word: str | None) -> Level | None:
    if word is None or word in Level.__members__:
        return None if word is None else Level[word]
    raise CommandError(f"--level takes one of: {', '.join(Level.__members__)}")


def _print_code(console: Console, code: str) -> None:
    if not code:
        console.print("Nothing is compiled for this query: graphql-core's executor makes its answer.", soft_wrap=True)
    elif console.is_terminal:
        coloured = Syntax(code, "python", theme="ansi_dark", background_color="default").highlight(code)
        console.print(coloured, soft_wrap=True, end="")  # a line that was cut would be another program
    else:
        print(code, end="")


def _read(query: str) -> str:
    try:
        return sys.stdin.read() if query == "-" else Path(query).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"The query cannot be read from {query} ({type(error).__name__}). Name a text file, or - for a pipe."
        raise CommandError(message) from None


def _variables(text: str | None, view: View) -> Mapping[str, Any]:
    try:
        variables = json.loads(text or "{}")
    except ValueError:
        variables = None
    if not isinstance(variables, dict):
        raise CommandError(f"--variables is no JSON object; wanted such as {_example(view)}")
    return variables


def _example(view: View) -> str:
    """Return the option as a query by the view's own look-up takes it."""
    lookup = view.lookups[0]
    return f"--variables '{json.dumps({'by': {lookup: 'cus_1' if lookup == 'id' else 'a-key'}})}'"


def _reader(application: Application) -> Reader:
    return Reader(application.model, Catalog(application.gateway.declared.adapters), Cursors())


def _print_refusal(view: View, refused: RefusedError, request: Request) -> None:
    console = open_console(stderr=True)
    console.print(Text.assemble(("refused", "bold red"), f" by {view.id}: {refused.code}"), soft_wrap=True)
    for error in refused.errors:
        place = "".join(f" (line {one.line}, column {one.column})" for one in error.locations or ())
        console.print(f"  {error.message}{place}", soft_wrap=True)
    if refused.remedy:
        console.print(f"  {refused.remedy}", soft_wrap=True)
    if refused.code is RefusalCode.BAD_USER_INPUT and not request.variables:
        console.print(f"  Give each variable with {_example(view)}", soft_wrap=True)


def _print(console: Console, plan: Mapping[str, Any]) -> None:
    limits = plan["limits"]
    console.print(Text.assemble((plan["view"], "bold"), f" for {plan['purpose']}"), soft_wrap=True)
    console.print(_tree(plan))
    console.print(_totals(plan["sources"]))
    console.print(
        f"limits    {plan['customers']} of at most {limits['customers']} customers, "
        f"{plan['calls']} of at most {limits['calls']} calls, "
        f"weight {plan['weight']} of at most {limits['weight']}",
        soft_wrap=True,
    )
    decided = sorted(plan["verdicts"], key=lambda verdict: verdict["effect"])
    for effect, verdicts in groupby(decided, key=lambda verdict: verdict["effect"]):
        names = [f"{verdict['coordinate']}{_decided(verdict)}" for verdict in verdicts]
        console.print(f"verdicts  {effect} {len(names)}: {', '.join(names)}")
    _print_levels(console, [verdict for verdict in decided if "levels" in verdict])


def _decided(verdict: Mapping[str, Any]) -> str:
    """Return how a value is shown, or why it is not, in brackets; nothing where it is shown whole."""
    told = (verdict.get("mask"), verdict.get("code"), *verdict.get("gates", ()))
    words = ", ".join(filter(None, told))
    return f" ({words})" if words else ""


def _print_levels(console: Console, verdicts: Sequence[Mapping[str, Any]]) -> None:
    """Print what depends on how well the customer is verified."""
    if not verdicts:
        return
    table = Table(box=box.ROUNDED, title="By the level of verification", title_justify="left")
    for name in ("coordinate", *verdicts[0]["levels"]):
        table.add_column(name, overflow="fold")
    for verdict in verdicts:
        effects = [f"{one['effect']}{_decided(one)}" for one in verdict["levels"].values()]
        table.add_row(verdict["coordinate"], *effects)
    console.print(table)


def _tree(plan: Mapping[str, Any]) -> Tree:
    tree = Tree(f"{_calls(plan['calls'])}, {_customers(plan['customers'])}, depth {plan['depth']}")
    for depth, steps in groupby(sorted(plan["steps"], key=lambda step: step["depth"]), key=lambda step: step["depth"]):
        branch = tree.add(f"depth {depth}")
        for step in steps:
            _add_step(branch, step)
    return tree


def _add_step(branch: Tree, step: Mapping[str, Any]) -> None:
    title = (f"{step['source']}.{step['offer']}", "bold cyan")
    calls = f"  step {step['number']}, {_calls(step['calls'])} of at most {_keys(step['keysPerCall'])}"
    told: Sequence[tuple[str, Sequence[str]]] = (
        ("serves", [step["serves"]]),
        ("keys from", step["keysFrom"]),
        ("fields", step["fields"]),
        ("asked as", step["sourceFields"]),
        ("keys only", step["keys"]),
        ("of each key", _pages(step)),
    )
    table = Table.grid(padding=(0, 2))
    for word, values in told:
        if values:
            table.add_row(Text(word, "dim"), ", ".join(values))
    branch.add(Group(Text.assemble(title, calls), table))


def _pages(step: Mapping[str, Any]) -> Sequence[str]:
    """Return how much of a list that is read in pages is asked for."""
    if "pagesPerKey" not in step:
        return ()
    pages = f"in {step['pagesPerKey']} page{'' if step['pagesPerKey'] == 1 else 's'}"
    return ("all entries" if step["first"] is None else f"at most {step['first']} entries", pages)


def _totals(sources: Mapping[str, Mapping[str, int]]) -> Table:
    table = Table(box=box.ROUNDED, title="Totals by source", title_justify="left")
    table.add_column("source")
    for name in ("calls", "fields"):
        table.add_column(name, justify="right")
    for source, counts in sources.items():
        table.add_row(source, str(counts["calls"]), str(counts["fields"]))
    return table


def _calls(number: int) -> str:
    return f"{number} call{'' if number == 1 else 's'}"


def _keys(number: int) -> str:
    return f"{number} key{'' if number == 1 else 's'}"


def _customers(number: int) -> str:
    return f"{number} customer{'' if number == 1 else 's'}"
