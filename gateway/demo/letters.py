"""The newsletter: one customer agrees to it, another one has taken that back."""

from __future__ import annotations

from gateway.demo.asking import ask
from gateway.demo.comparing import calls_of, cell_of, reasons_of
from gateway.demo.stage import Stage
from gateway.demo.telling import Telling
from gateway.demo.workplace import read_query

__all__ = ["tell_letters"]

_ROWS = {"name": ("name", "given"), "email": ("email",), "language": ("language",)}


async def tell_letters(telling: Telling, stage: Stage) -> bool:
    """Tell who is written to, and return whether that is who agrees, and nobody else."""
    telling.heading("The newsletter goes to who agrees to it")
    cast = stage.cast
    by = [{"crm": cast.anne.crm_key}, {"crm": cast.unwilling.crm_key}]
    question = stage.question("newsletter-sender", "newsletter", read_query("newsletter"), by)
    telling.say(f"newsletter-sender sends POST {question.url}")
    answer = await ask(stage.client, question)
    columns = [f"{cast.anne.crm_key}\nagrees", f"{cast.unwilling.crm_key}\nhas taken it back"]
    rows = {
        name: [cell_of(answer, ("customers", place, *path)) for place in range(len(by))] for name, path in _ROWS.items()
    }
    telling.grid("asked", columns, rows)
    telling.reasons(reasons_of([answer]))
    telling.note(f"Calls: {calls_of(answer)}. One asks what both have agreed to, the other for her who agrees.")
    return answer.status == 200 and {one.code for one in answer.withheld} == {"CONSENT_WITHDRAWN"}
