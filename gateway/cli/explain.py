"""`customer-view explain`: what a query would ask of the sources, as a tree for people or as JSON. Nothing is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from gateway.cli.application import Application, read_application
from gateway.cli.explained import print_explained
from gateway.cli.query import read_query, read_variables
from gateway.cli.refused import refused
from gateway.command_error import CommandError
from gateway.terminal import open_console
from gateway.whole_view import whole_view
from resolvers import GATE_WORDS, Assumed, Cursors, GateKind, Reader, RefusedError, Request
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
    gates: Mapping[str, str | None] | None = None,
    situation: Situation = NO_SITUATION,
) -> bool:
    """Print the plan, or the code of the answer, and return whether the view would answer: a query that it would refuse
    is told on standard error, with the plan where it is over a limit.

    `level` is how well the customers are verified, `gates` what gates of a kind answer of them. A situation of which
    nothing is told is not held against the view's: what is shown in some situation counts as shown.
    """
    application, assumed = read_application(app), _assumed(level, gates or {})
    view = application.view(view_name)
    text = read_query(query) if query is not None else whole_view(view, application.model)
    request = Request(text, operation, read_variables(variables, view), situation=_required(view, situation))
    reader = _reader(application)
    try:
        if as_code:
            _print_code(open_console(), reader.code(view, request))
            return True
        plan = reader.explain(view, request, assumed=assumed)
    except RefusedError as error:
        _tell_refusal(application, view, request, error, as_json=as_json)
        return False
    if as_json:
        print(json.dumps(plan, indent=2))
    else:
        print_explained(open_console(), plan)
    _print_excesses(plan)
    return not plan["over"]


def _required(view: View, situation: Situation) -> Situation:
    """Return the situation with the references that the view requires: no verdict depends on which they are."""
    if not situation.told():
        return NO_SITUATION
    required = [name for name in ("case", "interaction", "actor") if getattr(view.situation, name) == "required"]
    return replace(situation, **dict.fromkeys(required, "any"))


def _assumed(level: str | None, gates: Mapping[str, str | None]) -> Assumed:
    said = {GateKind(kind): word for kind, word in gates.items() if word is not None}
    for kind, word in said.items():
        if word not in GATE_WORDS[kind]:
            raise CommandError(f"--{kind} takes one of: {', '.join(GATE_WORDS[kind])}")
    if level is not None and level not in Level.__members__:
        raise CommandError(f"--level takes one of: {', '.join(Level.__members__)}")
    return Assumed(None if level is None else Level[level], said)


def _print_code(console: Console, code: str) -> None:
    if not code:
        console.print("Nothing is compiled for this query: graphql-core's executor makes its answer.", soft_wrap=True)
    elif console.is_terminal:
        coloured = Syntax(code, "python", theme="ansi_dark", background_color="default").highlight(code)
        console.print(coloured, soft_wrap=True, end="")  # a line that was cut would be another program
    else:
        print(code, end="")


def _reader(application: Application) -> Reader:
    return Reader(application.model, Catalog(application.gateway.declared.adapters), Cursors())


def _tell_refusal(
    application: Application, view: View, request: Request, error: RefusedError, *, as_json: bool
) -> None:
    told = refused(
        view,
        error.formatted(),
        query=request.query,
        variables=request.variables,
        views=application.views,
        model=application.model,
    )
    if as_json:
        print(json.dumps(told.told(), indent=2))
    told.print()


def _print_excesses(plan: Mapping[str, Any]) -> None:
    """Print on standard error which limits the query is over, and what makes it so large."""
    console = open_console(stderr=True)
    for over in plan["over"]:
        console.print(Text.assemble(("refused", "bold red"), f" by {plan['view']}: {over['code']}"), soft_wrap=True)
        console.print(f"  {over['message']}", soft_wrap=True)
        largest = ", ".join(f"{one['number']} by {one['of']}" for one in over["largest"])
        if largest:
            console.print(f"  Most of the {over['limit']}: {largest}", soft_wrap=True)
        console.print(f"  {over['remedy']}", soft_wrap=True)
