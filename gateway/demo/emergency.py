"""An emergency: the glass is broken for a reason, something opens for half an hour, and it waits for review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.demo.asking import Path, Question, ask, call
from gateway.demo.comparing import Cell, Kind, calls_of, cell_of, reasons_of
from gateway.demo.overhearing import overheard
from gateway.demo.stage import Stage
from gateway.demo.telling import Telling
from gateway.demo.workplace import OFFICER, read_query

__all__ = ["emergency_question", "opening", "tell_emergency"]

_WHY = {"reason": "suspected-fraud", "reference": "TICKET-17", "actor": "e-4711"}
_ROWS: Mapping[str, Path] = {
    "name": ("name", "display"),
    "accounts": ("accounts", "*", "number"),
    "invoices": ("invoices", "nodes", "*", "number"),
    "contactPoints": ("contactPoints", "*", "value"),
}


def emergency_question(stage: Stage) -> Question:
    """Return what the fraud desk asks of Anne, as ever."""
    situation = {"case": _WHY["reference"], "actor": _WHY["actor"]}
    return stage.question("fraud-desk", "fraud-review", read_query("fraud-review"), _anne(stage), situation=situation)


def opening(stage: Stage) -> Mapping[str, Any]:
    """Return what is said for having the glass broken: of whom, and why."""
    return {"customer": _anne(stage), **_WHY}


def _anne(stage: Stage) -> Mapping[str, str]:
    return {"crm": stage.cast.anne.crm_key}


async def tell_emergency(telling: Telling, stage: Stage) -> bool:
    """Tell what is opened, to whom and why, and who reviews it; return whether it was."""
    telling.heading("An emergency: somebody breaks the glass, and says why")
    asked = emergency_question(stage)
    before = await ask(stage.client, asked)
    url = f"{stage.base}/views/fraud-review/break-glass"
    with overheard() as logged:
        opened = await call(stage.client, "POST", url, asked.token, opening(stage))
    after = await ask(stage.client, replace(asked, headers={"Break-Glass": opened.body.get("grant", "")}))
    telling.say(f"fraud-desk sends POST {url}")
    telling.say(f"for {stage.cast.anne.crm_key}: {_WHY['reason']}, {_WHY['reference']}, by {_WHY['actor']}")
    columns = ["as ever", "the glass broken"]
    rows = {name: [cell_of(one, ("customer", *path)) for one in (before, after)] for name, path in _ROWS.items()}
    telling.grid("asked", columns, rows, {"calls": [Cell(Kind.SHOWN, calls_of(one)) for one in (before, after)]})
    telling.reasons(reasons_of([before]))
    listed = await _tell_waiting(telling, stage, logged)
    return bool(before.withheld) and after.is_whole and not after.withheld and listed


async def _tell_waiting(telling: Telling, stage: Stage, logged: Sequence[str]) -> bool:
    """Tell what the privacy officer learns, and return whether it is that one was opened."""
    telling.tell(
        "The privacy officer is told by reference only, in the log and, where one is set, by a webhook:", *logged
    )
    url = f"{stage.base}/privacy/break-glass"
    listed = await call(stage.client, "GET", url, stage.tokens[OFFICER])
    telling.tell("It waits for review.")
    telling.say(f"{OFFICER} sends GET {url}")
    waiting = listed.body.get("waiting", [])
    names = ("view", "actor", "reason", "reference", "reviewBy")
    telling.table(names, [[one[name] for name in names] for one in waiting])
    return len(waiting) == len(logged) == 1
