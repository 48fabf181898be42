"""The command that tells what a query would ask, or really takes. What it does is imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.command_error import CommandError

__all__ = ["explain"]

_App = Annotated[str, typer.Argument(metavar="APP", help="The gateway: module:attribute.", show_default=False)]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def explain(
    app: _App,
    view: Annotated[
        str, typer.Argument(metavar="VIEW", help="The view: support-call, or support-call@1.", show_default=False)
    ],
    query: Annotated[
        str | None,
        typer.Option(help="The file of the query, or - for standard input. [default: all that the view lists]"),
    ] = None,
    variables: Annotated[str | None, typer.Option(help="The query's variables, a JSON object.")] = None,
    operation: Annotated[str | None, typer.Option(help="Which operation, where the query holds several.")] = None,
    level: Annotated[
        str | None,
        typer.Option(help="How well the customers are verified: V0, V1, V2 or V3. [default: as the query shows most]"),
    ] = None,
    consent: Annotated[
        str | None,
        typer.Option(
            help="What is recorded of consent: given, refused, withdrawn, expired, missing, objected, unknown."
        ),
    ] = None,
    objection: Annotated[
        str | None, typer.Option(help="What is recorded of objections: none, recorded, unknown.")
    ] = None,
    case: Annotated[str | None, typer.Option(help="Whether a case is open: open, none or unknown.")] = None,
    interaction: Annotated[
        str | None, typer.Option(help="Whether the interaction goes on: active, none or unknown.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="The channel, in views that ask for it.")] = None,
    journey: Annotated[str | None, typer.Option(help="The stage of the journey, likewise.")] = None,
    objective: Annotated[str | None, typer.Option(help="The objective, likewise.")] = None,
    code: Annotated[bool, typer.Option("--code", help="Print the code that is compiled for the answer.")] = False,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="Have a running gateway answer the query, and print what that takes.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option(help="With --analyze, the gateway. [default: that of CUSTOMER_VIEW_HOST and _PORT]"),
    ] = None,
    token_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="With --analyze, the file of the token. [default: CUSTOMER_VIEW_OPERATOR_TOKEN]"
        ),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Print what a query would ask, and show.

    Steps, calls, fields, keys, limits and verdicts at each level, before anything is asked; nothing is.

    Without --level the plan is told as it is when all is allowed. What waits for a gate of which nothing is said waits.

    With --analyze a running gateway answers the query for the customers whom --variables name, as any other request,
    and tells what that took: no value is told. It is for consumers with the role developer. There, --case and
    --interaction are references, as the view asks for them.

    Example: customer-view explain mycompany.view:gateway support-call --query q.graphql --level V1 --case open

    Exit codes: 0 fine, 1 the view would refuse the query, 2 wrong use or a bad configuration.
    """
    if code and as_json:
        raise CommandError("--code prints Python and --json the plan: give one of them")
    if analyze:
        if code or level or consent or objection:
            raise CommandError("--analyze tells what is: leave out --code, --level, --consent and --objection")
        from gateway.cli.analyze import Analyzed, run_analyze
        from schema.situation import Situation

        told_in = Situation(channel, journey, objective, case=case, interaction=interaction)
        asked = Analyzed(query, variables, operation, told_in, url, token_file)
        _exit_unless(run_analyze(app, view, asked, as_json=as_json))
        return
    if url is not None or token_file is not None:
        raise CommandError("--url and --token-file are for --analyze: give it too")
    from gateway.cli.explain import run_explain
    from schema.situation import Situation

    told = run_explain(
        app,
        view,
        query=query,
        variables=variables,
        operation=operation,
        as_json=as_json,
        as_code=code,
        level=level,
        gates={"consent": consent, "objection": objection, "case": case, "interaction": interaction},
        situation=Situation(channel, journey, objective),
    )
    _exit_unless(told)


def _exit_unless(fine: bool) -> None:
    if not fine:
        raise typer.Exit(1)
