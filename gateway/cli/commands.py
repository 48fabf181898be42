"""The commands, their words and their exit codes. What they do is imported when they run, so that --help is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gateway.cli.audit_commands import audit
from gateway.cli.crossref import crossref
from gateway.cli.explain_command import explain
from gateway.cli.making_commands import secret, sources_schema, token, view_schema
from gateway.cli.starting import collecting_seldom
from gateway.cli.verification import verification
from gateway.command_error import CommandError
from schema.problems import ConfigurationError

__all__ = ["app", "main"]

_FOUND, _WRONG = 1, 2
"""Exit codes beside 0: problems were found; wrong use or a bad configuration."""


class _Clearly(TyperGroup):
    """Commands whose errors are told as messages."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; exit with code 2 where it cannot be carried out."""
        try:
            return super().invoke(ctx)
        except CommandError as error:
            typer.echo(f"customer-view: {error}", err=True)
        except ConfigurationError as error:
            _print_problems(error)
        raise typer.Exit(_WRONG)


def _print_problems(error: ConfigurationError) -> None:
    from gateway.cli.problems import print_problems
    from gateway.terminal import open_console

    print_problems(open_console(stderr=True), error.problems)
    typer.echo("customer-view: the configuration is wrong; mend what is listed above", err=True)


app = typer.Typer(
    cls=_Clearly,
    name="customer-view",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""A virtual customer view: each customer field, live, from the system that owns it.

APP names a gateway as module:attribute, such as mycompany.view:gateway. It is imported with the current folder on the
path.

Exit codes: 0 fine, 1 problems found, or nobody, or something stands against it, 2 wrong use or a bad configuration, 3 a
load of the cross-reference left something out, 130 stopped by Ctrl-C.

Begin with: customer-view demo""",
)

App = Annotated[str, typer.Argument(metavar="APP", help="The gateway: module:attribute.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Host = Annotated[str | None, typer.Option(help="The address to listen on. [default: CUSTOMER_VIEW_HOST, or 127.0.0.1]")]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="The port; 0 takes a free one. [default: CUSTOMER_VIEW_PORT, or 8000]"),
]
Documents = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="GraphQL documents in a folder for each view, compiled at the start. [default: declared]"
    ),
]


def main() -> None:
    """Run the command line."""
    with collecting_seldom():
        app(prog_name="customer-view")


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after printing, instead of staying up.")] = False,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The gateway's port. [default: 8000, or a free one if it is taken]"),
    ] = None,
) -> None:
    """Ask about one customer through every kind of view, live.

    It starts the sandbox sources and a gateway on this machine, asks, and prints the answers, what was refused, and,
    as long as it stays up, curl lines to paste. Everything is in a folder that is removed at the end; nothing is left.

    Example: customer-view demo --once

    Exit codes: 0 all was as expected, 1 something was not, 2 it could not be started.
    """
    from gateway.demo import run_demo

    _exit_unless(run_demo(once=once, port=port))


@app.command()
def serve(
    app: Annotated[
        str | None,
        typer.Argument(
            metavar="APP", help="The gateway: module:attribute. A sandbox does without.", show_default=False
        ),
    ] = None,
    host: Host = None,
    port: Port = None,
    documents: Documents = None,
    sandbox: Annotated[
        str | None,
        typer.Option(metavar="VIEW", help="Serve this view from made-up data: no source, no cross-reference."),
    ] = None,
    always: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WISH", help="In the sandbox, what holds for every key: NULL@Type.field, SOURCE_TIMEOUT@Type.field."
        ),
    ] = None,
    nulls: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="In the sandbox, the share of fields that are null.")
    ] = 0.0,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="In the sandbox, an origin whose web pages may ask, beside those of usual local ports."),
    ] = None,
    level: Annotated[
        str | None,
        typer.Option(help="In the sandbox, how well every customer is verified: V0 to V3.", show_default="V3"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Processes that answer. [default: CUSTOMER_VIEW_WORKERS, or 1]"),
    ] = None,
) -> None:
    """Serve a gateway over HTTP until Ctrl-C.

    Settings come from environment variables CUSTOMER_VIEW_*. With --workers several processes answer at one port, and
    are started anew when they end. Those of other machines share nothing with them but the cross-reference.

    SIGTERM has it say that it is not ready, answer on for CUSTOMER_VIEW_DRAIN_SECONDS, and stop; a second one ends it
    at once. SIGHUP reads views, consumers, verifiers, sources and documents anew; what is wrong changes nothing.

    With --documents the documents in FOLDER/VIEW/*.graphql are compiled at the start; a wrong one stops it.

    With --sandbox one view, also a draft, is answered from made-up data, through the same door, with the same limits,
    receipts and codes. Without an APP it is one of the sandbox's own views.

    Example: customer-view serve mycompany.view:gateway --port 8080

    Example: customer-view serve mycompany.view:gateway --sandbox support-call

    Exit codes: 0 stopped by a signal, 2 bad configuration; then nothing listened.
    """
    if sandbox is not None and (documents is not None or workers is not None):
        given = "--workers" if documents is None else "--documents"
        raise CommandError(f"{given} is for a gateway, not for a sandbox: leave it out, or --sandbox")
    if sandbox is not None:
        from gateway.cli.pretending import Wanted, level_of, run_sandbox

        run_sandbox(app, Wanted(sandbox, always or (), nulls, origin or (), level_of(level)), host, port)
        return
    if always or nulls or origin or level:
        raise CommandError("--always, --nulls, --origin and --level are for a sandbox: give --sandbox VIEW too")
    if app is None:
        raise CommandError("Which gateway? Give the APP, such as mycompany.view:gateway, or --sandbox VIEW")
    from gateway.cli.serve import run_serve

    run_serve(app, host, port, documents, workers)


@app.command()
def check(
    app: App,
    documents: Documents = None,
    as_json: Json = False,
    notes: Annotated[bool, typer.Option(help="Print notes too, which do not stop a start.")] = True,
    with_paths: Annotated[
        bool, typer.Option("--paths", help="Print every path on which each coordinate of a view can be reached.")
    ] = False,
) -> None:
    """Verify everything that a gateway declares.

    Model, adapters, views, lock, consumers, secrets, packages, documents: each problem comes with its file and line,
    what was got, what was wanted, and how to mend it. The cross-reference is opened to read; no source is asked.

    Example: customer-view check mycompany.view:gateway

    Exit codes: 0 no error, 1 errors found, 2 there is no such gateway.
    """
    from gateway.cli.check import run_check

    _exit_unless(run_check(app, documents, as_json=as_json, notes=notes, with_paths=with_paths))


app.command()(explain)


@app.command()
def status(
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="URL", help="The gateway. [default: that of CUSTOMER_VIEW_HOST and _PORT]", show_default=False
        ),
    ] = None,
    token_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="The file of the token, or - for a pipe. [default: CUSTOMER_VIEW_OPERATOR_TOKEN]"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print how the sources of a running gateway do.

    Of each the state of its breaker, the calls of the last minute, and how it last failed. It is for consumers with the
    role operator, and told of one process: of several, by the one that takes the request. No source is asked.

    Example: customer-view status http://127.0.0.1:8000

    Exit codes: 0 all are called, 1 one is left alone, 2 the gateway cannot be asked, or does not tell.
    """
    from gateway.cli.status import run_status

    _exit_unless(run_status(url, token_file, as_json=as_json))


@app.command()
def sdl(
    app: App,
    view: Annotated[
        str | None, typer.Argument(metavar="VIEW", help="The view. [default: the whole model]", show_default=False)
    ] = None,
    other: Annotated[
        str | None,
        typer.Argument(
            metavar="OTHER", help="With --diff, a version of a view or a .graphql file.", show_default=False
        ),
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Print what changed, and what it breaks.")] = False,
    codes: Annotated[bool, typer.Option("--codes", help="Print the codes of answers too, as enums.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --diff, print JSON, for programs.")] = False,
) -> None:
    """Print the GraphQL schema of a view or of the model.

    With --diff the newest form of VIEW is held against OTHER, or against the newest published version before it;
    without VIEW, every view is. A file of SDL that was kept is held against VIEW, or against the model.

    Example: customer-view sdl mycompany.view:gateway support-call > support-call.graphql

    Example: customer-view sdl mycompany.view:gateway support-call@2 --diff support-call@1

    Exit codes: 0 fine, 1 something breaks and is not published as a version, 2 wrong use or a bad configuration.
    """
    if diff:
        from gateway.cli.diff import run_diff

        if codes:
            raise CommandError("--codes prints a schema, --diff what changed: give one of them")
        _exit_unless(run_diff(app, view, other, as_json=as_json))
        return
    if other is not None or as_json:
        raise CommandError("a second name and --json are for what changed: give --diff too")
    from gateway.cli.printed import print_sdl

    print_sdl(app, view, codes=codes)


@app.command()
def publish(
    app: App,
    view: Annotated[
        str, typer.Argument(metavar="VIEW@N", help="The view with its version: support-call@1.", show_default=False)
    ],
) -> None:
    """Publish a version of a view.

    Its digest is added to views.lock. From then on it is served and never changes.

    Example: customer-view publish mycompany.view:gateway support-call@2

    Exit codes: 0 published (or it was already), 1 something is wrong with the view, 2 wrong use or no such gateway.
    """
    from gateway.cli.printed import run_publish

    _exit_unless(run_publish(app, view))


@app.command()
def register(
    app: App,
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="markdown, csv or json.")] = "markdown",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write. [default: standard output]")
    ] = None,
) -> None:
    """Write the record of processing activities (GDPR article 30).

    It is made from the published views and the model: purposes, lawful bases, categories of personal data, recipients,
    transfers, retention and measures. Who answers for it is said by CUSTOMER_VIEW_CONTROLLER,
    CUSTOMER_VIEW_CONTROLLER_CONTACT and CUSTOMER_VIEW_DATA_PROTECTION_OFFICER.

    Example: customer-view register mycompany.view:gateway --out register.md

    Exit codes: 0 written, 2 wrong use or a bad configuration.
    """
    from gateway.cli.register import run_register

    run_register(app, form, out)


app.command()(token)
app.command()(secret)
app.command("view-schema")(view_schema)
app.command("sources-schema")(sources_schema)
app.add_typer(crossref)
app.add_typer(verification)
app.add_typer(audit)


def _exit_unless(fine: bool) -> None:
    if not fine:
        raise typer.Exit(_FOUND)
