"""The commands for trying out assertions. What they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.command_error import CommandError

__all__ = ["verification"]

verification = typer.Typer(
    name="verification",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""Try out assertions of how well a customer is verified.

For development: in production the systems that verify customers sign them, with keys that never come here.

Exit codes: 0 fine, 2 wrong use.

Example: customer-view verification new-key idv.jwk --kid idv-1 > idv.jwks.json""",
)


@verification.command("new-key")
def new_key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the key is written.", show_default=False)],
    kid: Annotated[str, typer.Option(help="What the key is called in tokens.")],
    algorithm: Annotated[str, typer.Option(help="EdDSA, Ed25519, ES256, PS256 or RS256.")] = "EdDSA",
) -> None:
    """Make a key that signs assertions.

    Both halves are written to FILE, which must not be there yet and which nobody but you can read; the key set with the
    public half is printed, for `jwks` in verifiers.yaml.

    Example: customer-view verification new-key idv.jwk --kid idv-1 > idv.jwks.json

    Exit codes: 0 fine, 2 wrong use.
    """
    from gateway.cli.asserting import make_key

    make_key(file, kid, algorithm)


@verification.command("assert")
def sign(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The key; a sandbox does without.", show_default=False)
    ] = None,
    *,
    customer: Annotated[
        str,
        typer.Option(metavar="ID|SOURCE=KEY", help="Who is verified: the customer's id, or a source and its key."),
    ],
    client: Annotated[str, typer.Option(help="The consumer that it is for.")],
    interaction: Annotated[str, typer.Option(help="The interaction in which it holds.")],
    issuer: Annotated[
        str | None, typer.Option(help="Who asserts it, as verifiers.yaml names it.", show_default=False)
    ] = None,
    level: Annotated[str, typer.Option(help="V1, V2 or V3.")] = "V2",
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="By what the customer was verified; give it once for each.",
            show_default="for V1 user, for V2 otp, for V3 otp and kba",
        ),
    ] = None,
    audience: Annotated[str, typer.Option(help="What it is for, as verifiers.yaml names it.")] = "customer-view",
    seconds: Annotated[int, typer.Option(min=1, max=86_400, help="For how long it holds.")] = 300,
    ago: Annotated[int, typer.Option(min=0, help="How many seconds ago the customer was verified.")] = 0,
    verifiers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The verifiers.yaml that it is held against.", show_default="CUSTOMER_VIEW_VERIFIERS"
        ),
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Sign for serve --sandbox: no key, no issuer.")] = False,
) -> None:
    """Sign an assertion, for the header Customer-Verification.

    What a gateway would not take, or count for less than it says, is told on standard error. A KEY given as - is read
    from standard input: what stands on a command line can be seen in the shell's history.

    Example: customer-view verification assert idv.jwk --customer crm=C-000009 --issuer https://idv.example --client
    agent-desktop --interaction call-7

    Example: customer-view verification assert --sandbox --customer ada --client voice-desk --interaction call-1

    Exit codes: 0 fine, 2 wrong use.
    """
    from gateway.cli.asserting import Told, print_assertion

    if sandbox is (file is not None):
        raise CommandError("With which key? Give the FILE, or --sandbox for the one that every sandbox takes")
    told = Told(customer, issuer, audience, client, interaction, level, tuple(method or ()), seconds, ago)
    print_assertion(file, told, verifiers)
