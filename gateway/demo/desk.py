"""The desk: the same query at three levels of verification, and the same assertion tried on another customer."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.demo.asking import Answer, Path, Question, ask
from gateway.demo.comparing import Cell, Kind, calls_of, cell_of, outcome_of, reasons_of
from gateway.demo.overhearing import overheard
from gateway.demo.stage import Stage
from gateway.demo.telling import Telling
from gateway.demo.verifier import ISSUER
from gateway.demo.workplace import read_query
from schema.verification import Level

__all__ = ["INTERACTION", "app_question", "desk_question", "tell_levels", "tell_others"]

INTERACTION = "CALL-1"
"""The call in which the desk asks."""

_LEVELS = {
    Level.V0: "not verified",
    Level.V1: "says she is Anne",
    Level.V2: "by a one-time code",
}
_NODES: Path = ("nodes", "*")
_ROWS: Mapping[str, Path] = {
    "name": ("name", "display"),
    "customerSince": ("customerSince",),
    "company": ("company", "name"),
    "tickets": ("tickets", *_NODES, "subject"),
    "  messages": ("tickets", *_NODES, "messages", *_NODES, "text"),
    "orders": ("orders", *_NODES, "number"),
    "contactPoints": ("contactPoints", "*", "value"),
    "accounts": ("accounts", "*", "balance", "amount"),
    "address": ("address", "locality"),
}


def desk_question(stage: Stage, level: Level, by: Mapping[str, str] | None = None) -> Question:
    """Return what the desk asks of a customer, Anne unless another is named, while Anne is verified to this level."""
    anne = {"crm": stage.cast.anne.crm_key}
    proof = stage.verifier.header(anne, level, client="voice-desk", interaction=INTERACTION)
    situation = {"channel": "voice", "journey": "service", "interaction": INTERACTION}
    query = read_query("voice-desk")
    return stage.question("voice-desk", "support-call", query, by or anne, situation=situation, headers=proof)


def app_question(stage: Stage) -> Question:
    """Return what Anne asks of herself in the app, in which she is yet to be signed in."""
    return _of_app(stage, {"id": stage.cast.anne.customer_id}, {}, "APP-1")


async def tell_levels(telling: Telling, stage: Stage) -> bool:
    """Tell what opens at each level and why the rest stays shut, and return whether it is so."""
    telling.heading("But is it Anne? The desk asks the same at three levels")
    asked = {level: desk_question(stage, level) for level in _LEVELS}
    telling.say(f"voice-desk sends POST {asked[Level.V0].url}")
    telling.note(
        f"Twice it carries an assertion of {ISSUER}: signed, for this customer, this call and this desk alone."
    )
    answers = {level: await ask(stage.client, question) for level, question in asked.items()}
    columns = [f"{level}\n{words}" for level, words in _LEVELS.items()]
    rows = {name: [cell_of(one, ("customer", *path)) for one in answers.values()] for name, path in _ROWS.items()}
    calls = [Cell(Kind.SHOWN, calls_of(one)) for one in answers.values()]
    telling.grid("asked", columns, rows, {"calls": calls})
    telling.reasons(reasons_of([*answers.values()]))
    return _opens_by_level(answers)


def _opens_by_level(answers: Mapping[Level, Answer]) -> bool:
    """Return whether each level shows more, and the last all but what waits for more yet."""
    if any(answer.status != 200 or "errors" in answer.body for answer in answers.values()):
        return False
    shut = {level: {one.coordinate for one in answer.withheld} for level, answer in answers.items()}
    return (
        shut[Level.V2] == {"Ticket.messages", "Customer.address"}
        and "Customer.customerSince" in shut[Level.V0] - shut[Level.V1]
        and "Customer.accounts" in shut[Level.V1]
    )


async def tell_others(telling: Telling, stage: Stage) -> bool:
    """Tell what an assertion is good for with another customer, and return whether that is nothing."""
    telling.heading("The same assertion, tried on another customer")
    anne, other = stage.cast.anne, stage.cast.other
    telling.note(f"Anne is {anne.crm_key}; the other one, {other.crm_key}, was not verified by anybody.")
    desk = desk_question(stage, Level.V2, {"crm": other.crm_key})
    by = {"id": anne.customer_id}
    app = stage.verifier.header(by, Level.V2, client="customer-app", interaction="APP-1")
    tried = {
        ("support-call\nthe other", "the desk"): desk,
        ("self-service\nAnne", "the app"): _of_app(stage, by, app, "APP-1"),
        ("self-service\nthe other", "the app"): _of_app(stage, {"id": other.customer_id}, app, "APP-1"),
        ("self-service\nAnne", "the desk"): _of_app(stage, by, desk.headers, INTERACTION),
    }
    with overheard() as logged:
        answers = [await ask(stage.client, question) for question in tried.values()]
    telling.outcomes(
        ("asked, of whom", "signed for"),
        [(words, outcome_of(answer), calls_of(answer)) for words, answer in zip(tried, answers, strict=True)],
    )
    telling.note("Which check the last one failed is told to nobody but the log:", *logged)
    raised, own, wrong, taken = answers
    return (
        {one.code for one in raised.withheld} == {"VERIFICATION_REQUIRED"}
        and own.is_whole
        and [one.code for one in wrong.withheld] == ["VERIFICATION_WRONG_SUBJECT"]
        and [code for code, _ in taken.errors] == ["VERIFICATION_INVALID"]
    )


def _of_app(stage: Stage, by: Mapping[str, str], proof: Mapping[str, str], interaction: str) -> Question:
    query, told = read_query("self-service"), {"interaction": interaction}
    return stage.question("customer-app", "self-service", query, by, situation=told, headers=proof)
