"""What `customer-view audit who-saw` prints: for people a table of 80 columns, for programs JSON and CSV of all."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain, groupby

from rich.console import Console
from rich.text import Text

from adapters.crossref import KnownAs
from gateway.audit.reading import DAMAGED
from gateway.audit.who_saw import Seen
from gateway.cli.crossref.printed import table
from gateway.cli.crossref.telling import counted
from gateway.spreadsheet import plain
from gateway.terminal import open_console

__all__ = ["COLUMNS", "Form", "print_seen"]

COLUMNS = (
    *("at", "kind", "customer", "view", "purpose", "basis", "consumer", "actor", "level", "acting for"),
    *("channel", "journey", "objective", "case", "interaction", "refused", "shown", "told", "masked", "withheld"),
    *("glass", "reason", "reference", "opened", "review", "happened", "as written"),
)
"""The columns of the CSV, in their order."""

_MORE = "+"
"""Between codes of a record: the first is what the consumer was told."""
_FEW = 8
"""Characters of a reference that a table tells."""


class Form(Enum):
    """In which form it is told."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def print_seen(seen: Iterable[Seen], names: Sequence[KnownAs], form: Form, narrowed: str = "") -> None:
    """Print records, the newest first; as JSON and CSV one at a time, however many there are. `narrowed` says of which
    time and view they are, where that is not all."""
    if form is Form.JSON:
        _print_json(seen)
    elif form is Form.CSV:
        writer = csv.DictWriter(sys.stdout, COLUMNS, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        for one in seen:
            writer.writerow({name: plain(value) for name, value in _row(one).items()})
    else:
        _print_table(open_console(), [*seen], names, narrowed)


def _print_json(seen: Iterable[Seen]) -> None:
    before = "["
    for one in seen:
        text = json.dumps(one.told(), indent=2, ensure_ascii=False).replace("\n", "\n  ")
        sys.stdout.write(f"{before}\n  {text}")
        before = ","
    print("[]" if before == "[" else "\n]")


def _row(one: Seen) -> Mapping[str, str]:
    situation, glass = one.situation, one.grant
    values = (
        *(one.at.isoformat(), one.kind, one.known_as, one.view, one.purpose, one.basis, one.consumer),
        *(one.actor, one.level, "; ".join(one.acting_for)),
        *(situation.get(name) for name in ("channel", "journey", "objective", "case", "interaction")),
        *(one.refused, "; ".join(one.shown), "; ".join(one.ordered), _by_codes(one.masked), _by_codes(one.withheld)),
        *(glass.get("id"), glass.get("reason"), glass.get("reference"), "; ".join(one.opened)),
        *(one.review.get("outcome"), _members(one.happened), "yes" if one.is_signed else "no"),
    )
    return {name: value or "" for name, value in zip(COLUMNS, values, strict=True)}


def _by_codes(told: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{name} ({codes})" for codes, names in told.items() for name in names)


def _members(told: Mapping[str, object]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in told.items())


# The table


def _print_table(console: Console, seen: Sequence[Seen], names: Sequence[KnownAs], narrowed: str) -> None:
    damaged = [one for one in seen if one.kind == DAMAGED]
    records = [one for one in seen if one.kind != DAMAGED]
    if records:
        shown = table("when", "who, what for", "what")
        shown.show_lines = True
        for _, several in groupby(records, key=_alike):
            alike = [*several]
            shown.add_row(Text(_when(alike)), Text(_who(alike[0])), _what(alike[0]))
        console.print(shown)
        console.print(Text(f"Times are in UTC.{_other_names(records, names)}", "dim"), soft_wrap=True)
    elif not damaged:
        console.print(Text(f"No record{narrowed} tells of this customer."), soft_wrap=True)
    _print_damage(console, damaged)
    changed = sum(not one.is_signed for one in records)
    if changed:
        said = f"{counted(changed, 'record')} not as written: run `customer-view audit verify`."
        console.print(Text(said, "bold red"), soft_wrap=True)


def _print_damage(console: Console, damaged: Sequence[Seen]) -> None:
    for one in damaged:
        lines = one.happened["lines"]
        more = f" and {counted(lines - 1, 'other')} in it" if lines > 1 else ""
        said = f"{one.happened['file']}: line {one.happened['line']}{more} cannot be read, whoever it was about: "
        console.print(Text(f"{said}run `customer-view audit verify`.", "bold red"), soft_wrap=True)


def _alike(one: Seen) -> object:
    """Return what is told of a record beside its time: those of a day that follow each other alike are told once."""
    told = one.told()
    return one.at.date(), json.dumps({name: value for name, value in told.items() if name != "at"}, sort_keys=True)


def _when(alike: Sequence[Seen]) -> str:
    newest, oldest = alike[0].at, alike[-1].at
    lines = [f"{newest:%Y-%m-%d}", f"{newest:%H:%M:%S}"]
    if len(alike) > 1:
        lines += [f"{len(alike)} times", f"since {oldest:%H:%M:%S}"]
    return "\n".join(lines)


def _who(one: Seen) -> str:
    told = (
        _words(one.consumer, one.actor),
        one.view or one.kind,
        _words(one.purpose, one.basis),
        _words(*(one.situation.get(name) for name in ("case", "interaction", "channel"))),
        f"verified {one.level}" if one.level else None,
        *(f"acting for {reference[:_FEW]}..." for reference in one.acting_for),
    )
    return "\n".join(filter(None, told))


def _words(*told: object) -> str:
    return ", ".join(str(one) for one in told if one)


def _what(one: Seen) -> Text:
    """Return what was shown and masked, by type; how much was withheld and why; and what came of a broken glass."""
    text = Text()
    if one.refused:
        _line(text, "nothing", "yellow", one.refused)
    _line(text, "shown", "green", _by_type(one.shown))
    _line(text, "told by an order or a filter", "green", _by_type(one.ordered))
    _line(text, "masked", "yellow", _by_type(chain.from_iterable(one.masked.values())))
    for code, count in _withheld(one):
        _line(text, "withheld", "red", f"{count}: {code}")
    if one.grant:
        _line(text, "glass", "magenta", one.grant.get("id", ""))
        _line(text, "reason", "magenta", _words(one.grant.get("reason"), one.grant.get("reference")))
        _line(text, "opened", "magenta", _by_type(one.opened) or "nothing")
    if one.grant or one.kind == "break-glass.opened":
        _line(text, "review", "magenta", str(one.review.get("outcome", "not yet")))
    for name, value in one.happened.items():
        _line(text, name, "", str(value))
    if not one.is_signed:
        _line(text, "not as it was written", "bold red", " ")
    return text


def _line(text: Text, word: str, style: str, told: str) -> None:
    if told:
        text.append("\n" if text else "")
        text.append(f"{word} ", style)
        text.append(told)


def _by_type(coordinates: Iterable[str]) -> str:
    """Return coordinates with each type named once: `Customer: name, segment; Account: balance`."""
    by_type: dict[str, list[str]] = {}
    for coordinate in coordinates:
        name, _, member = coordinate.partition(".")
        by_type.setdefault(name, []).append(member)
    return "; ".join(f"{name}: {', '.join(members)}" for name, members in by_type.items())


def _withheld(one: Seen) -> Iterator[tuple[str, int]]:
    """Yield for which code how many coordinates were withheld: by the first, which the consumer was told."""
    counts: dict[str, int] = {}
    for codes, names in one.withheld.items():
        code = codes.partition(_MORE)[0]
        counts[code] = counts.get(code, 0) + len(names)
    yield from counts.items()


def _other_names(seen: Sequence[Seen], names: Sequence[KnownAs]) -> str:
    others = sorted({one.known_as for one in seen} - {names[0].customer})
    return f" Some records name the customer as {', '.join(others)}." if others else ""
