"""What can be done while the demo stays up; nothing of it would work once it has ended."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from gateway.demo.asking import Question, curl_line
from gateway.demo.desk import desk_question
from gateway.demo.main_job import two_questions
from gateway.demo.stage import Stage
from gateway.demo.telling import Telling
from gateway.demo.workplace import OFFICER, STEWARD
from gateway.ide import Ide
from gateway.settings import Settings
from schema.verification import Level

__all__ = ["invite", "tell_pages"]


def invite(telling: Telling, stage: Stage) -> None:
    """Tell what to ask and to decide, with lines that can be pasted and addresses for a browser."""
    _to_ask(telling, stage)
    _to_decide(telling, stage)
    _to_review(telling, stage)


def _to_ask(telling: Telling, stage: Stage) -> None:
    telling.heading("Ask yourself: each line can be pasted as it is")
    questions = two_questions(stage)
    for question in questions:
        telling.say(f"\n{question.as_curl()}")
    telling.say("\nThe desk at V2: what Anne was verified by holds for five minutes.")
    telling.say(f"\n{desk_question(stage, Level.V2).as_curl()}")
    tell_pages(telling, questions)
    crm = next(source for source in stage.started if source.name == "crm")
    telling.tell(
        f"Stop the CRM (kill {crm.process}) and ask again: what others own is still answered, and each null names its "
        "reason."
    )


def tell_pages(telling: Telling, questions: Iterable[Question]) -> None:
    """Tell where each view of the questions can be asked in a browser, if the page for it was built."""
    if Ide.load().is_built:
        telling.say("\nOr in a browser, with the token that stands after Bearer in the line of the view:")
        for question in questions:
            telling.say(f"{question.base}/views/{question.view}/graphiql")


def _to_decide(telling: Telling, stage: Stage) -> None:
    telling.heading("Decide whose a key is, as a steward")
    telling.say("Two candidates wait to be decided. This lists them:")
    telling.say(f"\n{curl_line(f'{stage.base}/crossref/candidates', stage.tokens[STEWARD])}")
    if Settings.from_environment().steward_page:
        telling.tell(
            "They are decided in a browser, with the token that stands after Bearer in that line. And under Customer, "
            f"look up {stage.cast.merged.crm_key} of the source crm: two people of one name were merged there, and "
            "their history undoes it."
        )
        telling.say(f"{stage.base}/crossref/steward")


def _to_review(telling: Telling, stage: Stage) -> None:
    telling.heading("Review it, as the privacy officer")
    telling.say("The broken glass waits. This lists it:")
    telling.say(f"\n{curl_line(f'{stage.base}/privacy/break-glass', stage.tokens[OFFICER])}")
    if Settings.from_environment().officer_page:
        telling.tell(
            "It is reviewed in a browser, with the token that stands after Bearer in that line. There, too, are the "
            "views, who used them how often, the record of processing, and who saw "
            f"{stage.cast.anne.crm_key} of the source crm."
        )
        telling.say(f"{stage.base}/privacy/officer")
    telling.say("\nThat nobody has changed a record, beside the demo:")
    telling.say(f"\n{_verifying(stage)}")


def _verifying(stage: Stage) -> str:
    """Return the line for a shell that verifies the audit."""
    settings = stage.gateway.settings
    words = ["customer-view", "audit", "verify", str(settings.audit), "--anchors", str(settings.audit_anchors)]
    return f"CUSTOMER_VIEW_SECRET_FILE={shlex.quote(str(settings.secret_file))} {shlex.join(words)}"
