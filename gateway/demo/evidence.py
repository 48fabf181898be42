"""What is left of it all: who saw what of the customer, that nobody changed it, and the record of processing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.audit import AuditKeys
from gateway.audit.verifying import AuditReport, verify_audit
from gateway.demo.asking import call
from gateway.demo.stage import Stage
from gateway.demo.telling import Telling
from gateway.demo.workplace import CONSUMERS, MORE_CONSUMERS, OFFICER
from gateway.register import Activity, Controller, make_register
from gateway.secret_file import load_secrets

__all__ = ["tell_register", "tell_who_saw"]


async def tell_who_saw(telling: Telling, stage: Stage) -> bool:
    """Tell who saw what of Anne, and return whether everybody is there and nothing was changed."""
    telling.heading("Who saw what of Anne, when, what for")
    url = f"{stage.base}/privacy/who-saw"
    telling.say(f"{OFFICER} sends POST {url}")
    asked = {"customer": {"crm": stage.cast.anne.crm_key}, "actor": "dpo-2"}
    seen = (await call(stage.client, "POST", url, stage.tokens[OFFICER], asked)).body.get("seen", [])
    names = ("when", "view, for", "who, in which case", "what")
    telling.table(names, [_line(one) for one in seen], wide=names[2:3])
    report = await asyncio.to_thread(_verified, stage)
    verdict = "All holds" if report.holds else "Not all holds"
    telling.note(
        f"No value is in it, and each record is signed over the one before. {verdict}: {report.records} records."
    )
    return report.holds and {*CONSUMERS, *MORE_CONSUMERS} <= {one.get("consumer") for one in seen}


async def tell_register(telling: Telling, stage: Stage) -> bool:
    """Tell how the record of processing begins, and return whether every published view is in it."""
    telling.heading("The record of processing, from the same views")
    checked = stage.gateway.check()
    if checked.model is None:
        return False
    made = make_register(checked.published, checked.model, Controller(), datetime.now(UTC).date())
    newest = {one.view.partition("@")[0]: one for one in reversed(made.activities)}
    names = ("view, basis", "for", "personal data")
    telling.table(names, [_activity(one) for one in reversed(newest.values())], wide=names[2:])
    telling.note(
        f"So it begins: the newest of {len(made.activities)} versions. customer-view register writes all of it: who "
        "receives what, how it is kept safe, who looks after it."
    )
    return len(made.activities) == len(checked.published) > 0


def _verified(stage: Stage) -> AuditReport:
    """Return what is wrong with the audit, not held against the anchors: the newest records have none yet."""
    settings = stage.gateway.settings
    assert settings.audit is not None
    assert settings.secret_file is not None
    return verify_audit(settings.audit, AuditKeys.of(load_secrets(settings.secret_file), stage.gateway.tenant))


def _activity(one: Activity) -> list[str]:
    kinds = (category.term.partition(":")[2] for category in one.categories if category.term)
    return [_lines(one.view, one.basis[0]), one.purpose.term, _words(*kinds)]


def _line(one: Mapping[str, Any]) -> list[str]:
    happened = one.get("happened", {})
    situation, glass = one.get("situation", {}), one.get("breakGlass", {})
    who = (one.get("consumer"), one.get("actor"))
    case = (situation.get("interaction"), situation.get("case") or happened.get("reference"))
    why = glass.get("reason") or happened.get("reason")
    return [
        one["at"][11:19],
        _lines(one.get("view") or one["kind"], one.get("purpose")),
        _lines(_words(*who), _words(*case, why)),
        _what(one),
    ]


def _what(one: Mapping[str, Any]) -> str:
    masked, withheld = (sum(map(len, one.get(kind, {}).values())) for kind in ("masked", "withheld"))
    counts = ((len(one.get("shown", ())), "shown"), (masked, "masked"), (withheld, "withheld"))
    told = (f"{count} {word}" for count, word in counts if count)
    return _lines(f"at {one['level']}" if "level" in one else None, *told)


def _lines(*parts: str | None) -> str:
    return "\n".join(filter(None, parts))


def _words(*parts: str | None) -> str:
    return ", ".join(filter(None, parts))
