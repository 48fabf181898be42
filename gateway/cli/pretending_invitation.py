"""What a sandbox prints when it serves: where it is, which keys to look up, and lines that can be pasted."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.pretending_sandbox import EXAMPLE_ACTOR, EXAMPLE_KEY, TOKEN, Sandbox
from gateway.demo.asking import curl_line
from schema.verification import VERIFICATION_HEADER

__all__ = ["invite"]

_EXAMPLES = (
    ("any key", "made-up data, the same for the same key every time"),
    ("NULL@{field}", "the source has no value there"),
    ("SOURCE_TIMEOUT@{field}", "that field's source does not answer; any code of a null will do"),
    ("SUBJECT_RESTRICTED@{field}", "the field is withheld"),
    ("SUBJECT_UNKNOWN", "nobody can be shown"),
    ("SLOW@2", "each answer takes two seconds"),
    ("NULL@{field}+SLOW@2#bob", "several of these, and a name that makes it another customer"),
)

_USUAL = "otp"
"""The method of an assertion for which none is given."""


def invite(console: Console, url: str, sandbox: Sandbox) -> None:
    """Tell how the sandbox, which serves at this URL, is asked."""
    view = sandbox.view
    console.print(Text.assemble(("Serving ", ""), (view.id, "bold"), " from made-up data."), soft_wrap=True)
    place = f"{url}/views/{view.name}"
    pages = (("schema", f"{place}/schema.graphql"), ("page", f"{place}/graphiql"))
    for word, text in (("url", f"{place}/graphql"), ("token", TOKEN), *pages):
        console.print(Text.assemble((f"{word:<8}", "dim"), text), soft_wrap=True)
    _print_keys(console, sandbox)
    for about, line in _lines(url, sandbox):
        console.print(Text(f"\n{about}", "dim"), soft_wrap=True)
        console.print(line, soft_wrap=True)
    console.print("\nStop with Ctrl-C.")


def _lines(url: str, sandbox: Sandbox) -> Iterator[tuple[str, str]]:
    """Yield lines for a shell, each with what it is about."""
    yield "all that the view lists", sandbox.question(url).as_curl()
    view, told = sandbox.view, sandbox.question(url).situation
    if view.verification is not None and "interaction" in told:
        about = f"an assertion, for the header {VERIFICATION_HEADER}"
        without = f"; without it everybody is at {sandbox.level}, as --level says"
        words = ("--customer", EXAMPLE_KEY, "--client", sandbox.consumer, "--interaction", told["interaction"])
        method = () if _USUAL in view.verification.methods else ("--method", view.verification.methods[0])
        yield about + without, shlex.join(("customer-view", "verification", "assert", "--sandbox", *words, *method))
    if view.break_glass is not None:
        opening = {
            "customer": {view.lookups[0]: EXAMPLE_KEY},
            "reason": view.break_glass.reasons[0],
            "reference": "TICKET-1",
            "actor": told.get("actor", EXAMPLE_ACTOR),
        }
        sent = ("-H", "Content-Type: application/json", "-d", json.dumps(opening))
        line = curl_line(f"{url}/views/{view.name}/break-glass", TOKEN, *sent)
        yield "the glass is broken; the grant that comes back is for the header Break-Glass", line


def _print_keys(console: Console, sandbox: Sandbox) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), title="\nkeys to look up", title_justify="left")
    table.add_column("key", header_style="dim", overflow="fold")
    table.add_column("what comes back", header_style="dim", overflow="fold")
    for key, text in _EXAMPLES:
        if "{field}" not in key or sandbox.one_field:
            table.add_row(Text(key.format(field=sandbox.one_field), "cyan"), text)
    console.print(table)
