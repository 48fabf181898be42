"""What a request has really taken, printed for people: when what was asked, how long it took, and what that waited for.

Who tells it may be another server, so no text of it is taken for more than text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from gateway.command_error import CommandError
from schema.tracing import Stage

__all__ = ["print_analyzed"]

_WIDTH = 32
"""Columns of the line on which a step stands from its begin to its end."""

_WIDEST = max(len(stage.value) for stage in Stage)

_OK, _NOT_ASKED = "OK", "NOT_ASKED"


def print_analyzed(console: Console, told: Mapping[str, Any]) -> None:
    """Print what `POST /views/{name}/explain` tells with `analyze`. Raises CommandError: it is of another form."""
    try:
        parts = (_title(told), _tree(told), _verdicts(told))
    except (LookupError, TypeError, ValueError, AttributeError):
        raise CommandError("The answer is not that of a gateway: is it another server?") from None
    for number, part in enumerate(parts):
        if number:
            console.print()
        console.print(part, soft_wrap=isinstance(part, Text))


def _title(told: Mapping[str, Any]) -> Text:
    ms, most = float(told["ms"]), float(told["deadlineMs"])
    used = f", {ms / most:.0%} of the {_time(most)} that it had" if most else ""
    customers = f"{told['customers']} customer{'' if told['customers'] == 1 else 's'}"
    return _text((told["view"], "bold"), f" for {told['purpose']}: {customers} in ", (_time(ms), "bold"), used)


# What was asked


def _tree(told: Mapping[str, Any]) -> Tree:
    width = _end_of(told)
    tree = Tree(_text("measured, from when the request came; ", ("the slowest path", "bold red"), " is marked"))
    for stage in told["stages"]:
        tree.add(_text((f"{stage['stage']:<{_WIDEST}}", "bold"), "  ", *_span(stage, width, "")))
    for name, steps in (("asked first", told["gates"]), *_by_depth(told["steps"])):
        if steps:
            branch = tree.add(name)
            for step in steps:
                branch.add(_step(step, width))
    return tree


def _by_depth(steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    for depth in sorted({int(step["depth"]) for step in steps}):
        yield f"depth {depth}", [step for step in steps if step["depth"] == depth]


def _end_of(told: Mapping[str, Any]) -> float:
    ends = [one["endMs"] for name in ("stages", "gates", "steps") for one in told[name] if one["endMs"] is not None]
    return max([float(told["ms"]), *map(float, ends), 0.1])


def _step(step: Mapping[str, Any], width: float) -> Group | Text:
    name = f"{step['source']}.{step['offer']}"
    if step["outcome"] == _NOT_ASKED:
        return _text((name, "dim strike"), ("  not asked", "dim"))
    is_slowest = bool(step["onSlowestPath"])
    number = f"  step {step['number']}" if "number" in step else ""
    outcome = ("  OK", "green") if step["outcome"] == _OK else (f"  {step['outcome']}", "bold red")
    mark = ("● ", "bold red") if is_slowest else ("  ", "")
    title = _text(mark, (name, "bold red" if is_slowest else "bold cyan"), number, outcome)
    rows = [("when", _text(*_span(step, width, "red" if is_slowest else "cyan"))), ("calls", _text(_calls(step)))]
    rows += [(word, _text(", ".join(map(str, step[name])))) for word, name in _LISTS if step.get(name)]
    return Group(title, _rows(rows))


_LISTS = (("decides", "gates"), ("fields", "fields"), ("after step", "after"))


def _calls(step: Mapping[str, Any]) -> str:
    """Return what calls were made, with what went wrong and what was waited, where there is something to tell."""
    said = [
        f"{step['calls']} for {step['keys']} key{'' if step['keys'] == 1 else 's'}, the slowest {_time(step['ms'])}"
    ]
    said += [f"{step[name]} {word}" for name, word in _COUNTED if step[name]]
    said += [f"waited {_time(step['waitedMs'])}"] if step["waitedMs"] else []
    said += [f"breaker {step['breaker']}"] if "breaker" in step else []
    return "; ".join(said)


_COUNTED = (("failed", "failed"), ("retries", "sent again"), ("merged", "shared with other requests"))


def _span(one: Mapping[str, Any], width: float, colour: str) -> Iterable[str | tuple[str, str]]:
    """Return a line on which something stands from its begin to its end, and both as figures."""
    if one["beginMs"] is None or one["endMs"] is None:
        return [("not told", "dim")]
    begin, end = float(one["beginMs"]), float(one["endMs"])
    first = min(_WIDTH - 1, max(0, int(begin / width * _WIDTH)))
    last = min(_WIDTH, max(first + 1, round(end / width * _WIDTH)))
    line = [("·" * first, "dim"), ("━" * (last - first), colour), ("·" * (_WIDTH - last), "dim")]
    return [*line, f"  {_time(begin)} to {_time(end)}"]


def _rows(rows: Iterable[tuple[str, Text]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for word, said in rows:
        table.add_row(Text(f"  {word}", "dim"), said)
    return table


# What was shown


def _verdicts(told: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row(Text("what was not shown", "bold"))
    kinds = [("withheld", told["withheld"]), ("absent", told["absent"])]
    found = [(kind, code, ", ".join(map(str, names))) for kind, codes in kinds for code, names in codes.items()]
    found += [("masked", "", ", ".join(map(str, told["masked"])))] if told["masked"] else []
    found += [("errors", code, f"{count} values") for code, count in told["errors"].items()]
    for kind, code, said in found or [("nothing", "", "")]:
        table.add_row(_text(f"  {kind}"), _text(code), _text(said))
    return table


def _time(ms: object) -> str:
    value = float(str(ms))
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms"


def _text(*parts: str | tuple[str, str]) -> Text:
    """Return a text without what a terminal would act on."""
    plain = [(_plain(one), "") if isinstance(one, str) else (_plain(one[0]), one[1]) for one in parts]
    return Text.assemble(*plain)


def _plain(text: object) -> str:
    return "".join(one if one.isprintable() else "?" for one in str(text))
