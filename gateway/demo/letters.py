"""The newsletter: one customer agrees to it, another one has taken that back."""

from __future__ import annotations

from gateway.demo.asking import Question, ask
from gateway.demo.comparing import calls_of, cell_of, reasons_of
from gateway.demo.stage import Stage
from gateway.demo.telling import Telling
from gateway.demo.workplace import read_query

__all__ = ["letters_question", "tell_letters"]

_ROWS = {"name": ("name", "given"), "email": ("email",), "language": ("language",)}


def letters_question(stage: Stage) -> Question:
    """Return what is asked of who agrees to the newsletter, and of who has taken that back."""
    by = [{"crm": customer.crm_key} for customer in (stage.cast.anne, stage.cast.unwilling)]
    return stage.question("newsletter-sender", "newsletter", read_query("newsletter"), by)


async def tell_letters(telling: Telling, stage: Stage) -> bool:
    """Tell who is written to, and return whether that is who agrees, and nobody else."""
    telling.heading("The newsletter goes to who agrees to it")
    cast = stage.cast
    question = letters_question(stage)
    telling.say(f"newsletter-sender sends POST {question.url}")
    answer = await ask(stage.client, question)
    columns = [f"{cast.anne.crm_key}\nagrees", f"{cast.unwilling.crm_key}\nhas taken it back"]
    rows = {
        name: [cell_of(answer, ("customers", place, *path)) for place in range(len(columns))]
        for name, path in _ROWS.items()
    }
    telling.grid("asked", columns, rows)
    telling.reasons(reasons_of([answer]))
    telling.note(f"Calls: {calls_of(answer)}. One asks what both have agreed to, the other for her who agrees.")
    return answer.status == 200 and {one.code for one in answer.withheld} == {"CONSENT_WITHDRAWN"}
