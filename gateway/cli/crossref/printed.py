"""What commands of the cross-reference print: for people as tables and lines, for programs as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from rich import box
from rich.table import Table
from rich.text import Text

from adapters.crossref import Linked, Outline
from gateway.crossref.answers import Written
from gateway.terminal import open_console

__all__ = ["members", "moment", "print_json", "print_linked", "print_refusal", "sources_of", "table"]


def print_json(content: object) -> None:
    """Print content as JSON has it."""
    print(json.dumps(content, indent=2, ensure_ascii=False))


def print_linked(linked: Linked, done: Sequence[str] = (), *, as_json: bool) -> None:
    """Print where a customer stands after a write, and what was done, or why nothing was."""
    if as_json:
        print_json(members(Written.of(linked)))
        return
    console, customer = open_console(), (linked.customer or "no customer", "bold cyan")
    if linked.events is None and linked.note:
        console.print(f"Nothing was written: {linked.note}.", soft_wrap=True)
        console.print(Text.assemble(customer, f"  version {linked.version}"), soft_wrap=True)
        return
    if linked.events is None:
        since = f" (since event {linked.seq} or before)" if linked.seq else ""
        console.print(f"Nothing to do: it stands so already{since}.", soft_wrap=True)
        console.print(Text.assemble(customer, f"  version {linked.version}"), soft_wrap=True)
        return
    console.print(Text.assemble(customer, f"  version {linked.version}, event {linked.seq}"), soft_wrap=True)
    for line in (*done, *filter(None, [linked.note])):
        console.print(Text(f"  {line}"), soft_wrap=True)


def print_refusal(text: str) -> None:
    """Print why nothing was written."""
    open_console(stderr=True).print(Text.assemble(("refused ", "bold red"), text), soft_wrap=True)


def moment(at: datetime) -> str:
    """Return a time in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def table(*columns: str) -> Table:
    """Return an empty table; a column whose name begins with `#` holds numbers."""
    made = Table(box=box.ROUNDED)
    for name in columns:
        is_number = name.startswith("#")
        made.add_column(name.removeprefix("#"), overflow="fold", justify="right" if is_number else "left")
    return made


def sources_of(outline: Outline) -> Mapping[str, int]:
    """Return how many keys of which source a customer has, by the names of the sources."""
    return Counter(link.source for link in outline.links)


def members(answer: BaseModel) -> dict[str, Any]:
    """Return an answer of the API as JSON has it: programs find the same words here and there."""
    return answer.model_dump(mode="json", by_alias=True)
