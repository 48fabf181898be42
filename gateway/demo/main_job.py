"""The main job: two consumers ask about the same customer, and one of them for more than its view has."""

from __future__ import annotations

from gateway.demo.asking import Question, ask
from gateway.demo.stage import Stage
from gateway.demo.telling import Telling
from gateway.demo.workplace import CONSUMERS, read_query

__all__ = ["tell_answers", "tell_refusals", "two_questions"]


def two_questions(stage: Stage) -> tuple[Question, Question]:
    """Return what each of both consumers asks about the customer, by the key that it knows."""
    anne = stage.cast.anne
    keys = {"support-call": {"crm": anne.crm_key}, "debt-collection": {"billing": anne.billing_keys[0]}}
    support, debts = (
        stage.question(consumer, view, read_query(view), keys[view]) for consumer, view in CONSUMERS.items()
    )
    return support, debts


async def tell_answers(telling: Telling, stage: Stage) -> bool:
    """Tell what both see of the customer, and return whether it is whole."""
    support, debts = two_questions(stage)
    telling.heading("Anne calls. The agent asks for her by her number in the CRM")
    first = await ask(stage.client, support)
    telling.exchange(support, first)
    telling.heading("The same Anne owes money. Collections asks for her by her number in billing")
    second = await ask(stage.client, debts)
    telling.exchange(debts, second)
    return first.is_whole and second.is_whole


async def tell_refusals(telling: Telling, stage: Stage) -> bool:
    """Tell that one cannot ask as the other, and return whether it was refused."""
    support, debts = two_questions(stage)
    telling.heading("Collections sends the agent's query")
    telling.say("To its own view, in which the agent's fields do not exist:")
    through = stage.question(debts.consumer, debts.view, support.query, support.variables["by"])
    outside = await ask(stage.client, through)
    telling.refusal(through, outside)
    telling.say("\nAnd to the agent's view, which does not exist for collections:")
    beside = stage.question(debts.consumer, support.view, support.query, support.variables["by"])
    hidden = await ask(stage.client, beside)
    telling.refusal(beside, hidden)
    is_outside = "data" not in outside.body and any("Cannot query field" in said for _, said in outside.errors)
    is_hidden = hidden.status == 404 and [code for code, _ in hidden.errors] == ["VIEW_UNKNOWN"]
    return is_outside and is_hidden
