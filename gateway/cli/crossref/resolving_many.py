"""`customer-view crossref resolve-many`: who is meant by each line of a file or a pipe."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from adapters.crossref import IdentifierType, Lookup, StoredCrossReference, Subject
from gateway.cli.crossref.keys import READ
from gateway.cli.crossref.meant import fault_of
from gateway.cli.crossref.opening import work_on
from gateway.cli.crossref.options import Place
from gateway.cli.crossref.reading import resolved_members, time_of
from gateway.command_error import CommandError
from gateway.terminal import open_console

__all__ = ["run_resolve_many"]

_TOGETHER = 1000
"""Look-ups that are answered as of one moment."""

_LONGEST = 16_384
"""Characters of the longest line."""

_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""What some programs write before the first line, to say that it is UTF-8."""

_WANTED = "wanted on each line an id, or a source, a comma and its key, as CSV in UTF-8"


def run_resolve_many(
    place: Place, file: str, identifier: IdentifierType | None, as_of: str | None, *, as_json: bool
) -> bool:
    """Print who is meant by each line, and return whether everybody is known.

    Raises CommandError: It cannot be asked, the file cannot be read, or somebody can never be known by a line.
    """
    at, console = time_of(as_of), open_console()
    counts = [0, 0]

    async def work(crossref: StoredCrossReference) -> None:
        sources = await crossref.sources()
        with _opened(file) as opened:
            rows = _lookups(opened, identifier)
            while several := [*islice(rows, _TOGETHER)]:
                for line, lookup in several:
                    fault = fault_of(lookup, sources)
                    if fault:
                        raise CommandError(f"line {line}: {fault}")
                lookups = [lookup for _, lookup in several]
                found = await crossref.resolve_many(lookups, at, restricted_keys=True)
                _print(console, [line for line, _ in several], found, as_json=as_json)
                counts[0] += len(several)
                counts[1] += sum(subject is not None for subject in found)

    work_on(place, work)
    asked, known = counts
    open_console(stderr=True).print(f"{known:,} of {asked:,} are known.", soft_wrap=True)
    return known == asked


def _opened(file: str) -> AbstractContextManager[TextIO]:
    if file == READ:
        return nullcontext(sys.stdin)
    try:
        return Path(file).open(encoding="utf-8", newline="")
    except OSError as error:
        raise CommandError(f"{file} cannot be read ({type(error).__name__}); correct its name or its rights") from None


def _lookups(opened: TextIO, identifier: IdentifierType | None) -> Iterator[tuple[int, Lookup]]:
    """Return the look-up of each line with its number; empty lines are passed over."""
    rows = csv.reader(_lines(opened), strict=True)
    try:
        for cells in rows:
            if cells:
                yield rows.line_num, _lookup(rows.line_num, cells, identifier)
    except (UnicodeDecodeError, csv.Error):
        raise CommandError(f"line {rows.line_num + 1} is no line of CSV in UTF-8; {_WANTED}") from None


def _lines(opened: TextIO) -> Iterator[str]:
    number = 0
    while line := opened.readline(_LONGEST):
        number += 1
        if len(line) == _LONGEST:
            raise CommandError(f"line {number} has more than {_LONGEST} characters; {_WANTED}")
        yield line.removeprefix(_MARK) if number == 1 else line


def _lookup(number: int, cells: Sequence[str], identifier: IdentifierType | None) -> Lookup:
    if len(cells) == 1:
        return Lookup(None, cells[0], identifier)
    if len(cells) > 2 or identifier is not None:
        wanted = "wanted one identifier on each line" if identifier else _WANTED
        raise CommandError(f"line {number} has {len(cells)} cells; {wanted}")
    return Lookup(cells[0], cells[1])


def _print(console: Console, lines: Sequence[int], found: Sequence[Subject | None], *, as_json: bool) -> None:
    for line, subject in zip(lines, found, strict=True):
        if as_json:
            print(json.dumps({"line": line, **resolved_members(subject)}, ensure_ascii=False))
        else:
            console.print(_told(line, subject), soft_wrap=True)


def _told(line: int, subject: Subject | None) -> Text:
    number = (f"{line:>8}  ", "dim")
    if subject is None:
        return Text.assemble(number, ("nobody", "yellow"))
    keys = "".join(f"  {source} {' '.join(one.key for one in keys)}" for source, keys in sorted(subject.keys.items()))
    return Text.assemble(number, (subject.customer_id, "bold cyan"), keys)
