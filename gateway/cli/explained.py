"""An explained plan printed for people: what is asked in which order, what it costs, and what is shown to whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

__all__ = ["print_explained"]

_SHORT = {"allow": "shown", "withhold": "withheld"}
"""How the effects are told where there is room for a word alone."""


def print_explained(console: Console, plan: Mapping[str, Any]) -> None:
    """Print a plan, as `Reader.explain` returns it, in the width of the console."""
    console.print(Text.assemble((plan["view"], "bold"), f" for {plan['purpose']}"), soft_wrap=True)
    console.print(_assumptions(plan))
    console.print()
    console.print(_tree(plan))
    console.print()
    console.print(_totals(plan["sources"]))
    console.print(_limits(plan))
    console.print()
    console.print(_verdicts(plan["verdicts"]))
    by_level = [(one["coordinate"], _cells(one)) for one in plan["verdicts"] if "levels" in one]
    told = [(coordinate, cells) for coordinate, cells in by_level if len(set(cells.values())) > 1]
    if told:
        console.print()
        console.print(_levels(told))


def _assumptions(plan: Mapping[str, Any]) -> str:
    """Return in sentences for whom the plan is told."""
    assumed = dict(plan["assumed"])
    level = assumed.pop("level")
    if level is None:
        all_of_it = "all else" if assumed else "all"
        said = f"The plan when {all_of_it} is allowed: customers verified as well as can be, the glass broken."
    else:
        said = f"The plan for customers at {level}, verified just now. What is withheld is not asked and not counted."
    if plan["anySituation"]:
        said += " No situation is told: what is shown in some situation counts as shown."
    if assumed:
        said += f" Assumed: {', '.join(f'{kind} {word}' for kind, word in assumed.items())}."
    kinds = dict.fromkeys(gate.partition(":")[0] for step in plan["gates"] for gate in step["gates"])
    open_ones = [kind for kind in kinds if kind not in assumed]
    if open_ones:
        options = ", ".join(f"--{kind}" for kind in open_ones)
        said += (
            f" What waits for a gate is counted; {options} {'says' if len(open_ones) == 1 else 'say'} what it answers."
        )
    return said


# What is asked


def _tree(plan: Mapping[str, Any]) -> Tree:
    tree = Tree(f"{_counted(plan['calls'], 'call')}, {_counted(plan['customers'], 'customer')}, depth {plan['depth']}")
    if plan["gates"]:
        branch = tree.add("asked first")
        for gate in plan["gates"]:
            branch.add(_gate(gate))
    every = sorted([*plan["steps"], *plan["notAsked"]], key=lambda step: (step["depth"], step["number"]))
    for depth, steps in groupby(every, lambda step: step["depth"]):
        branch = tree.add(f"depth {depth}")
        for step in steps:
            branch.add(_step(step) if "calls" in step else _not_asked(step))
    return tree


def _gate(gate: Mapping[str, Any]) -> Group:
    calls = f"  {_counted(gate['calls'], 'call')} of at most {_counted(gate['keysPerCall'], 'key')}"
    waiting = [f"step {number}" for number in gate["waiting"]] or ["no step"]
    rows = (("decides", gate["gates"]), ("who waits", waiting), ("fields", gate["fields"]))
    return Group(Text.assemble((_name(gate), "bold yellow"), calls), _rows(rows))


def _step(step: Mapping[str, Any]) -> Group:
    calls = (
        f"  step {step['number']}, {_counted(step['calls'], 'call')} of at most {_counted(step['keysPerCall'], 'key')}"
    )
    rows = (
        ("serves", [step["serves"]]),
        ("waits for", step["gates"]),
        ("part waits for", step["gatesOfPart"]),
        ("keys from", step["keysFrom"]),
        ("fields", step["fields"]),
        ("asked as", step["sourceFields"]),
        ("keys only", step["keys"]),
        ("of each key", _pages(step)),
        ("holds up", _hold_up(step)),
        ("left out", _by_code(step["withheld"])),
    )
    return Group(Text.assemble((_name(step), "bold cyan"), calls), _rows(rows))


def _not_asked(step: Mapping[str, Any]) -> Group:
    title = Text.assemble((_name(step), "dim strike"), (f"  step {step['number']}, not asked", "dim"))
    return Group(title, _rows((("serves", [step["serves"]]), ("withheld", _by_code(step["withheld"])))))


def _name(step: Mapping[str, Any]) -> str:
    return f"{step['source']}.{step['offer']}"


def _rows(rows: Iterable[tuple[str, Sequence[str]]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for word, values in rows:
        if values:
            table.add_row(Text(word, "dim"), ", ".join(values))
    return table


def _pages(step: Mapping[str, Any]) -> Sequence[str]:
    """Return how much of a list that is read in pages is asked for."""
    if "pagesPerKey" not in step:
        return ()
    entries = "all entries" if step["first"] is None else f"at most {_counted(step['first'], 'entry', 'entries')}"
    return (entries, f"in {_counted(step['pagesPerKey'], 'page')}")


def _hold_up(step: Mapping[str, Any]) -> Sequence[str]:
    """Return for how long a step may hold up an answer that can do without it."""
    return (f"the answer by at most {step['holdsUpMs']} ms",) if "holdsUpMs" in step else ()


def _by_code(withheld: Sequence[Mapping[str, str]]) -> list[str]:
    """Return withheld coordinates with their code, which stands once behind all that have it."""
    ordered = sorted(withheld, key=lambda one: one["code"])
    return [
        f"{', '.join(one['coordinate'] for one in found)} ({code})"
        for code, found in groupby(ordered, lambda one: one["code"])
    ]


# What it costs


def _totals(sources: Mapping[str, Mapping[str, int]]) -> Table:
    table = Table(box=box.ROUNDED, title="Totals by source", title_justify="left")
    table.add_column("source")
    for name in ("calls", "fields"):
        table.add_column(name, justify="right")
    for source, counts in sources.items():
        table.add_row(source, str(counts["calls"]), str(counts["fields"]))
    return table


def _limits(plan: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row(Text("limits", "bold"))
    over = {one["limit"]: one for one in plan["over"]}
    for name in ("customers", "calls", "weight"):
        weight = f"; {plan['weightShown']} of it can be shown" if name == "weight" else ""
        said = Text(f"{plan[name]} of at most {plan['limits'][name]}{weight}")
        table.add_row(f"  {name}", said.append(", too many" if name in over else "", "bold red"))
    for name in over.keys() - {"customers", "calls", "weight"}:
        asked = "more" if over[name]["asked"] is None else over[name]["asked"]
        said = Text(f"{asked} of at most {over[name]['allowed']}")
        table.add_row(f"  {name}", said.append(", too many", "bold red"))
    return table


# What is shown


def _verdicts(verdicts: Sequence[Mapping[str, Any]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for column in ({"no_wrap": True}, {"justify": "right", "no_wrap": True}, {}):
        table.add_column(**column)
    table.add_row(Text("verdicts", "bold"))
    reached = [one for one in verdicts if one.get("isReached", True)]
    decided = sorted(reached, key=lambda one: (one["effect"], one.get("code", "")))
    for (effect, code), found in groupby(decided, lambda one: (one["effect"], one.get("code"))):
        every = list(found)
        names = ", ".join(f"{one['coordinate']}{_shown_as(one)}" for one in every)
        table.add_row(f"  {effect}", str(len(every)), f"{code}: {names}" if code else names)
        if code:
            table.add_row("", "", Text(every[0]["remedy"], "dim"))
    behind = [one["coordinate"] for one in verdicts if not one.get("isReached", True)]
    if behind:
        table.add_row("  out of reach", str(len(behind)), ", ".join(behind))
        table.add_row("", "", Text("Allowed in themselves; what leads to them is withheld.", "dim"))
    return table


def _shown_as(verdict: Mapping[str, Any]) -> str:
    """Return how a value is shown, and what it waits for, in brackets; nothing where it is shown whole. Of what is
    not shown, for an order or a filter alone tells of it, that."""
    told = "an order or filter alone" if verdict.get("onlyTold") else None
    words = ", ".join(filter(None, (verdict.get("mask"), *verdict.get("gates", ()), told)))
    return f" ({words})" if words else ""


def _levels(told: Sequence[tuple[str, Mapping[str, str]]]) -> Table:
    """Return what depends on how well the customer is verified."""
    table = Table(box=box.ROUNDED, title="By the level of verification", title_justify="left")
    table.add_column("coordinate", overflow="fold")
    for level in told[0][1]:
        table.add_column(level)
    for coordinate, cells in told:
        table.add_row(coordinate, *(Text(cell, "dim" if cell == "withheld" else "") for cell in cells.values()))
    return table


def _cells(verdict: Mapping[str, Any]) -> Mapping[str, str]:
    return {level: ", ".join(_words(one)) for level, one in verdict["levels"].items()}


def _words(one: Mapping[str, Any]) -> Iterator[str]:
    """Yield an effect in as few words as there is room for in a table of four levels."""
    if "mask" in one:
        yield one["mask"]
    kinds = dict.fromkeys(gate.partition(":")[0] for gate in one.get("gates", ()))
    if kinds:
        yield f"waits: {' '.join(kinds)}"
    elif "mask" not in one:
        yield _SHORT.get(one["effect"], one["effect"])


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
