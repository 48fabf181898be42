"""Who asks: a privacy officer, of a gateway that keeps audit, in which it is written down what they ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends
from pydantic import AfterValidator
from starlette.requests import Request

from gateway.audit import AuditLog
from gateway.audit.turns import Turns
from gateway.privacy.counts import Counts
from gateway.privacy.daily import Daily
from gateway.references import REFERENCE_FORM, is_reference
from gateway.service import Service
from schema.caller import Caller

__all__ = ["Asked", "Asking", "Reference", "recorded"]


@dataclass(frozen=True, slots=True)
class Asking:
    """A privacy officer, and what they ask: the open gateway, its audit, the counts of its records, and what is made of
    its views; `searches` are turns at searching the records."""

    caller: Caller
    service: Service = field(repr=False)
    audit: AuditLog = field(repr=False)
    counts: Counts = field(repr=False)
    daily: Daily = field(repr=False)
    searches: Turns = field(repr=False)

    @property
    def today(self) -> date:
        """Return the day, in UTC."""
        return datetime.fromtimestamp(self.service.now(), UTC).date()

    async def record(self, kind: str, *, customer: str | None = None, actor: str | None = None) -> None:
        """Write down that this was asked, before it is told; of whom, where it is about somebody, and by which employee
        of the consumer's, where that was told.

        Raises:
            AuditUnavailableError: It cannot be written.
        """
        by = {} if actor is None else {"actor": actor}
        await self.audit.record_event(kind, {"consumer": self.caller.consumer, **by}, customer=customer)


def _reference(text: str) -> str:
    if not is_reference(text):
        raise ValueError(f"wanted {REFERENCE_FORM}")
    return text


Reference = Annotated[str, AfterValidator(_reference)]
"""Refers to something of the consumer's own: a ticket, an employee."""


async def _asking(request: Request) -> Asking:
    asking: Asking = request.state.asking
    return asking


Asked = Annotated[Asking, Depends(_asking)]
"""Who asks, for an operation's parameter."""


def recorded(kind: str) -> Callable[[Asking], Awaitable[None]]:
    """Return what writes down that something of this kind is asked, as a dependency."""

    async def record(asking: Asked) -> None:
        await asking.record(kind)

    return record
