"""Lines for a shell, which work for as long as the demo is up: what they send stands in files of its folder."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.sandbox.misbehaviour import Misbehaviour
from gateway.demo.asking import Question, curl_line
from gateway.demo.sources import Started
from gateway.demo.stage import Stage
from gateway.demo.verifier import ISSUER
from schema.directives import CANONICAL
from schema.verification import VERIFICATION_HEADER, Level

__all__ = [
    "asking",
    "asking_behind_glass",
    "asking_verified",
    "asking_who_saw",
    "behaving",
    "explaining",
    "looking_at_sources",
    "misbehaving",
    "reviewing",
    "verifying_audit",
]

_JSON = "Content-Type: application/json"
_GRANT = """sed -E -e 's/.*"grant":"([^"]+)".*/\\1/' -e t -e 'w /dev/stderr' -e d"""
"""Takes the grant out of what an opening is answered with; why there is none, as after too many, is shown beside."""

_FIRST = """grep -o '"id":"[^"]*"' | head -n 1 | cut -d '"' -f 4"""
"""Takes the id of the first out of a list."""

_REVIEW = {"outcome": "justified", "reference": "DPO-1", "actor": "dpo-2"}


def asking(stage: Stage, question: Question, *proofs: str) -> str:
    """Return the line that sends the question. `proofs` are headers as the shell is given them."""
    line = curl_line(question.url, question.token, "-H", _JSON)
    return " ".join((line, *proofs, "-d", _kept(stage.folder / f"{question.consumer}.json", question.body)))


def asking_verified(stage: Stage, question: Question, level: Level) -> str:
    """Return the line that has who is asked about verified to this level, in the question's interaction, and asks."""
    ((source, key),) = question.variables["by"].items()
    customer = key if source == CANONICAL else f"{source}={key}"
    words = ("verification", "assert", str(stage.verifier.file), "--customer", customer, "--issuer", ISSUER)
    interaction = question.situation["interaction"]
    told = ("--client", question.consumer, "--interaction", interaction, "--level", str(level))
    return asking(stage, question, f'-H "{VERIFICATION_HEADER}: $({_command(*words, *told)})"')


def asking_behind_glass(stage: Stage, question: Question, opening: Mapping[str, Any]) -> str:
    """Return the line that breaks the glass, by what is said for the opening, and then asks."""
    url = f"{stage.base}/views/{question.view}/break-glass"
    sent = _kept(stage.folder / f"{question.consumer}.opening.json", opening)
    opened = f"{curl_line(url, question.token, '-H', _JSON)} -d {sent}"
    return asking(stage, question, f'-H "Break-Glass: $({opened} | {_GRANT})"')


def explaining(stage: Stage, question: Question) -> str:
    """Return the line that has explained what the question would ask of which source."""
    line = curl_line(f"{stage.base}/views/{question.view}/explain", question.token, "-H", _JSON)
    return f"{line} -d {_kept(stage.folder / f'{question.consumer}.json', question.body)}"


def reviewing(stage: Stage, token: str) -> str:
    """Return the line that reviews the broken glass which has waited longest."""
    waiting = f"{stage.base}/privacy/break-glass"
    url = f'"{waiting}/$({curl_line(waiting, token)} | {_FIRST})/review"'
    sent = _kept(stage.folder / "review.json", _REVIEW)
    return f"{curl_line('URL', token, '-H', _JSON).replace('URL', url, 1)} -d {sent}"


def asking_who_saw(stage: Stage, token: str) -> str:
    """Return the line that asks who saw what of Anne."""
    asked = {"customer": {"crm": stage.cast.anne.crm_key}, "actor": "dpo-2"}
    line = curl_line(f"{stage.base}/privacy/who-saw", token, "-H", _JSON)
    return f"{line} -d {_kept(stage.folder / 'who-saw.json', asked)}"


def looking_at_sources(stage: Stage, token: str) -> str:
    """Return the line that prints how the sources do."""
    return f"CUSTOMER_VIEW_OPERATOR_TOKEN={shlex.quote(token)} {_command('status', stage.base)}"


def misbehaving(source: Started, kind: Misbehaviour) -> str:
    """Return the line that has the source do this wrong from now on. It listens over HTTP."""
    return shlex.join(["curl", "-sS", f"{source.place}/__sandbox/misbehave", "-d", json.dumps({"kind": kind})])


def behaving(source: Started) -> str:
    """Return the line that has the source behave again. It listens over HTTP."""
    return shlex.join(["curl", "-sS", "-X", "POST", f"{source.place}/__sandbox/reset"])


def verifying_audit(stage: Stage) -> str:
    """Return the line that verifies the audit, beside the demo."""
    settings = stage.gateway.settings
    command = _command("audit", "verify", str(settings.audit), "--anchors", str(settings.audit_anchors))
    return f"CUSTOMER_VIEW_SECRET_FILE={shlex.quote(str(settings.secret_file))} {command}"


def _kept(file: Path, body: Mapping[str, Any]) -> str:
    """Write what is sent, to be read and changed, and return how curl is told of the file."""
    file.write_text(json.dumps(body, indent=2) + "\n", "utf-8")
    return shlex.quote(f"@{file}")


def _command(*words: str) -> str:
    """Return the command with its whole path: another shell may not have it on its own."""
    beside = Path(sys.executable).with_name("customer-view")
    return shlex.join((str(beside), *words) if beside.is_file() else (sys.executable, "-m", "gateway.cli", *words))
