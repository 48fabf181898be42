"""An emergency: the glass is broken for a reason, something opens for half an hour, and it waits for review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.demo.asking import Path, ask, call
from gateway.demo.comparing import Cell, Kind, calls_of, cell_of, reasons_of
from gateway.demo.overhearing import overheard
from gateway.demo.stage import Stage
from gateway.demo.telling import Telling
from gateway.demo.workplace import OFFICER, read_query

__all__ = ["tell_emergency"]

_WHY = {"reason": "suspected-fraud", "reference": "TICKET-17", "actor": "e-4711"}
_ROWS: Mapping[str, Path] = {
    "name": ("name", "display"),
    "accounts": ("accounts", "*", "number"),
    "invoices": ("invoices", "nodes", "*", "number"),
    "contactPoints": ("contactPoints", "*", "value"),
}


async def tell_emergency(telling: Telling, stage: Stage) -> bool:
    """Tell what is opened, to whom and why, and who reviews it; return whether it was."""
    telling.heading("An emergency: somebody breaks the glass, and says why")
    by, situation = {"crm": stage.cast.anne.crm_key}, {"case": _WHY["reference"], "actor": _WHY["actor"]}
    query = read_query("fraud-review")
    before = await ask(stage.client, stage.question("fraud-desk", "fraud-review", query, by, situation=situation))
    url, token = f"{stage.base}/views/fraud-review/break-glass", stage.tokens["fraud-desk"]
    with overheard() as logged:
        opened = await call(stage.client, "POST", url, token, {"customer": by, **_WHY})
    grant = opened.body.get("grant", "")
    asked = stage.question("fraud-desk", "fraud-review", query, by, situation=situation, headers={"Break-Glass": grant})
    after = await ask(stage.client, asked)
    telling.say(f"fraud-desk sends POST {url}")
    telling.say(f"for {by['crm']}: {_WHY['reason']}, {_WHY['reference']}, by {_WHY['actor']}")
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
    telling.say(f"\nIt waits for review: {OFFICER} sends GET {url}")
    waiting = listed.body.get("waiting", [])
    names = ("view", "actor", "reason", "reference", "reviewBy")
    telling.table(names, [[one[name] for name in names] for one in waiting])
    return len(waiting) == len(logged) == 1
