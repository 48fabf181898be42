"""The commands that make what files need: tokens, secrets, a schema. What they do is imported when they run."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["secret", "sources_schema", "token", "view_schema"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The consumer: agent-desktop.", show_default=False)],
    views: Annotated[
        list[str] | None, typer.Option("--view", help="A view that it may use; give it once for each.")
    ] = None,
    roles: Annotated[
        list[str] | None,
        typer.Option("--role", help="What else it is, such as steward or developer; give it once for each."),
    ] = None,
    sources: Annotated[
        list[str] | None,
        typer.Option("--source", help="A source whose keys it may write as a steward. [default: all]"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a token for a consumer.

    It is printed once, with the lines to add to consumers.yaml. With a role in the cross-reference it needs no view.

    Example: customer-view token agent-desktop --view support-call

    Example: customer-view token steward-desk --role steward

    Exit codes: 0 fine, 2 the name is none, or the consumer could do nothing.
    """
    from gateway.cli.printed import print_token

    print_token(name, views or (), roles or (), sources or (), as_json=as_json)


def secret(
    version: Annotated[
        int, typer.Option(min=1, max=65535, help="Its version; the highest writes, unless the file names another.")
    ] = 1,
) -> None:
    """Make a line for the secret file.

    The file is the one that CUSTOMER_VIEW_SECRET_FILE names.

    Example: (umask 077; customer-view secret > secrets.txt)

    Exit codes: 0 fine, 2 wrong use.
    """
    from gateway.cli.printed import print_secret

    print_secret(version)


def view_schema() -> None:
    """Print the JSON Schema of a view's file.

    Example: customer-view view-schema > view.schema.json

    Exit codes: 0 fine.
    """
    from gateway.cli.printed import print_schema

    print_schema()


def sources_schema() -> None:
    """Print the JSON Schema of the file of sources.

    The file is the one that CUSTOMER_VIEW_SOURCES names.

    Example: customer-view sources-schema > sources.schema.json

    Exit codes: 0 fine.
    """
    from gateway.cli.printed import print_sources_schema

    print_sources_schema()
