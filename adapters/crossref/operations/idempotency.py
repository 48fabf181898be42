"""Writes asked for twice under one key are made once: the second is given the answer of the first."""

from __future__ import annotations

import base64
import hmac
import json
import os
from collections.abc import Callable, Coroutine
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from adapters.crossref.asking import fetch_each
from adapters.crossref.database import Row
from adapters.crossref.errors import Conflict, ConflictCode, InputError, RefusalCode, SecretError
from adapters.crossref.events import canonical, moment
from adapters.crossref.ledger import Ledger
from adapters.crossref.operations.writes import Linked, Write

__all__ = ["answered"]

_KEPT = timedelta(hours=24)
"""How long an answer is kept; the row goes when one is written after that."""

_SALT = 32

_KEPT_UNDER = (
    "SELECT salt, request_hash, response FROM idempotency WHERE tenant_id = ? AND idem_key IN (?*) AND at >= ?"
)

Answer = Linked | Conflict


async def answered(ledger: Ledger, write: Write, work: Callable[[Ledger], Coroutine[Any, Any, Answer]]) -> Answer:
    """Return what the work returns or, when this write was answered already under its idempotency key, that answer.

    Raises InputError when the key was another write's of the same actor: nobody can use up another's; SecretError when
    there is no secret and others write with one, whose answers could not be found. An InputError of the work is not
    kept, for nothing was written.
    """
    if write.idempotency_key is None:
        return await _made(ledger, work)
    if ledger.written and not ledger.keyring.versions:
        raise SecretError(
            "got an idempotency key and no secret, and others write with one: open the cross-reference with theirs"
        )
    names = _names(ledger, write)
    kept = await fetch_each(ledger.connection, _KEPT_UNDER, (ledger.tenant,), names, _oldest(ledger))
    if kept:
        return _again(ledger, write, kept[0])
    answer = await _made(ledger, work)
    await _keep(ledger, write, answer)
    return answer


async def _made(ledger: Ledger, work: Callable[[Ledger], Coroutine[Any, Any, Answer]]) -> Answer:
    """Return what the work returns, with the events that it has made."""
    before = ledger.head[0]
    answer = await work(ledger)
    last = ledger.head[0]
    return replace(answer, events=(before + 1, last)) if isinstance(answer, Linked) and last > before else answer


def _names(ledger: Ledger, write: Write) -> list[str]:
    """Return what stands for the idempotency key, under each version of the secret, the current one first, and last
    without any: it may have been written before there was one.

    Nobody knows what callers make their keys of, so none is kept as it is.
    """
    keys = (*ledger.keyring.tenant_keys("idempotency key"), b"")
    content = canonical([write.act.actor, write.idempotency_key]).encode()
    return [base64.urlsafe_b64encode(hmac.digest(key, content, "sha256")).decode().rstrip("=") for key in keys]


def _oldest(ledger: Ledger) -> str:
    return moment(datetime.fromisoformat(ledger.at) - _KEPT)


def _again(ledger: Ledger, write: Write, kept: Row) -> Answer:
    salt, digest, response = kept
    keys = ledger.keyring.tenant_keys("idempotency") if salt is None else (salt,)
    if not any(hmac.compare_digest(_digest(key, write), digest) for key in keys):
        raise InputError(
            RefusalCode.IDEMPOTENCY_KEY_REUSED,
            "got the idempotency key of another write of the last 24 hours; wanted a new one for each write",
        )
    told = json.loads(response)
    if "conflict" in told:
        return Conflict(**{**told["conflict"], "code": ConflictCode(told["conflict"]["code"])})
    events = told["linked"].pop("events", None)
    return Linked(**told["linked"], events=tuple(events) if events else None)


async def _keep(ledger: Ledger, write: Write, answer: Answer) -> None:
    secrets = ledger.keyring.tenant_keys("idempotency")
    salt = None if secrets else os.urandom(_SALT)
    told = {"conflict" if isinstance(answer, Conflict) else "linked": asdict(answer)}
    other = answer.other if isinstance(answer, Conflict) else None
    await ledger.connection.execute(
        "DELETE FROM idempotency WHERE tenant_id = ? AND at < ?", ledger.tenant, _oldest(ledger)
    )
    await ledger.connection.execute(
        "INSERT INTO idempotency (tenant_id, idem_key, salt, request_hash, customer_id, other_id, response, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(ledger.tenant, _names(ledger, write)[0], salt, _digest(salt or secrets[0], write)),
        *(answer.customer, other, canonical(told), ledger.at),
    )


def _digest(key: bytes, write: Write) -> bytes:
    # keyed, for a request names keys of sources, which could be guessed from a plain digest
    act = write.act
    request = {
        "operation": write.operation,
        "arguments": write.arguments,
        "actor": act.actor,
        "reason_code": act.reason_code,
        "reason_ref": act.reason_ref,
        "expected_version": write.expected_version,
        "loser_version": write.loser_version,
    }
    return hmac.digest(key, canonical(request).encode(), "sha256")
