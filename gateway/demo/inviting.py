"""What can be done while the demo stays up; nothing of it would work once it has ended."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.sandbox.misbehaviour import Misbehaviour
from gateway.demo.asking import Question, curl_line
from gateway.demo.desk import app_question, desk_question
from gateway.demo.emergency import emergency_question, opening
from gateway.demo.letters import letters_question
from gateway.demo.main_job import two_questions
from gateway.demo.pasting import (
    asking,
    asking_behind_glass,
    asking_verified,
    asking_who_saw,
    behaving,
    explaining,
    looking_at_sources,
    misbehaving,
    reviewing,
    verifying_audit,
)
from gateway.demo.stage import Stage
from gateway.demo.telling import Telling
from gateway.demo.workplace import OFFICER, OPERATOR, STEWARD
from gateway.ide import Ide
from gateway.settings import Settings
from schema.verification import Level

__all__ = ["invite", "tell_pages"]


def invite(telling: Telling, stage: Stage) -> None:
    """Tell what to ask and to decide, with lines that can be pasted and addresses for a browser."""
    _to_ask(telling, stage)
    _to_operate(telling, stage)
    _to_decide(telling, stage)
    _to_review(telling, stage)


def _to_ask(telling: Telling, stage: Stage) -> None:
    telling.heading("Ask yourself: each line works as it is, for as long as this stays up")
    support, debts = two_questions(stage)
    desk, letters, emergency = desk_question(stage, Level.V0), letters_question(stage), emergency_question(stage)
    own = app_question(stage)
    telling.line("agent-desktop, in support-call", asking(stage, support))
    telling.line("collections, in debt-collection", asking(stage, debts))
    telling.line(
        "voice-desk, in support-call. Anne is verified anew each time: try V1 and V3 in place of V2",
        asking_verified(stage, desk, Level.V2),
    )
    telling.line(
        "customer-app, in self-service. Anne signs in anew each time, and sees herself alone",
        asking_verified(stage, own, Level.V2),
    )
    telling.line("newsletter-sender, in newsletter", asking(stage, letters))
    telling.line(
        "fraud-desk, in fraud-review. It breaks the glass, which waits for review, and asks",
        asking_behind_glass(stage, emergency, opening(stage)),
    )
    telling.line("collections, once more: what its query would ask of which source", explaining(stage, debts))
    other = stage.cast.other.crm_key
    telling.tell(f"What they send is yours to change: {stage.folder}/*.json. The other customer is {other}.")
    tell_pages(telling, (support, debts, own, letters, emergency))


def tell_pages(telling: Telling, questions: Iterable[Question]) -> None:
    """Tell where each view of the questions can be asked in a browser, if the page for it was built."""
    if Ide.load().is_built:
        telling.say("\nOr in a browser, with the token that stands after Bearer in the line of the view:")
        for question in questions:
            telling.say(f"{question.base}/views/{question.view}/graphiql")


def _to_operate(telling: Telling, stage: Stage) -> None:
    telling.heading("See how the sources do, as an operator")
    telling.line("Calls, errors and times of the last minute", looking_at_sources(stage, stage.tokens[OPERATOR]))
    crm = next(source for source in stage.started if source.name == "crm")
    telling.line(
        "The CRM goes down. Ask again: what others own is still answered, and each null names its reason",
        misbehaving(crm, Misbehaviour.DOWN),
    )
    telling.line("It is back", behaving(crm))
    telling.tell(
        "After five calls that failed a source is left alone for a moment, which the first of these lines tells. What "
        "else sources can do wrong stands in docs/sandbox.md."
    )


def _to_decide(telling: Telling, stage: Stage) -> None:
    telling.heading("Decide whose a key is, as a steward")
    candidates = curl_line(f"{stage.base}/crossref/candidates", stage.tokens[STEWARD])
    telling.line("Two candidates wait to be decided", candidates)
    if Settings.from_environment().steward_page:
        telling.tell(
            "They are decided in a browser, with the token that stands after Bearer in that line. And under Customer, "
            f"look up {stage.cast.merged.crm_key} of the source crm: two people of one name were merged there, and "
            "their history undoes it."
        )
        telling.say(f"{stage.base}/crossref/steward")


def _to_review(telling: Telling, stage: Stage) -> None:
    telling.heading("Review it, as the privacy officer")
    token, anne = stage.tokens[OFFICER], stage.cast.anne
    telling.line("The broken glass, which waits", curl_line(f"{stage.base}/privacy/break-glass", token))
    telling.line("Its review: the one that has waited longest, and there is a second none", reviewing(stage, token))
    telling.line("Who saw what of Anne", asking_who_saw(stage, token))
    telling.line("That nobody has changed a record of it, beside the gateway", verifying_audit(stage))
    if Settings.from_environment().officer_page:
        telling.tell(
            "It is reviewed in a browser, with the token that stands after Bearer in the first line. There, too, are "
            "the views, who used them how often, the record of processing, and who saw "
            f"{anne.crm_key} of the source crm."
        )
        telling.say(f"{stage.base}/privacy/officer")
