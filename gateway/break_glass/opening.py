"""Breaking the glass: who may, why, for whom, and that it is written down before anything is opened."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from adapters.crossref import CrossReference, Lookup, Subject
from gateway.break_glass.alerts import PrivacyAlerts
from gateway.break_glass.grants import GrantSeal
from gateway.break_glass.ledger import OPENED, REFUSED, Ledger, moment
from gateway.refusals import NotTakenError, RequestCode, not_at_this_path
from resolvers.policy import is_shown
from resolvers.rates import Rates
from resolvers.refusals import RefusedError
from schema.caller import Caller
from schema.directives import CANONICAL
from schema.grants import Grant
from schema.model import Model
from schema.view_rules import BreakGlass
from schema.views import View

__all__ = ["PER_MINUTE", "Asked", "GlassBreaking", "Opened"]

PER_MINUTE = 10
"""How often a consumer may try, in each process: whoever tries without end could find out who is a customer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants opened: of which customer (`source` None for the id), why, by which ticket, and who asks."""

    source: str | None
    key: str = field(repr=False)
    reason: str
    reference: str
    actor: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A grant, and the token of it."""

    grant: Grant
    token: str = field(repr=False)
    review_by: float


class GlassBreaking:
    """Opens what views show in emergencies only. `now` is in seconds since 1970."""

    def __init__(
        self,
        crossref: CrossReference,
        model: Model,
        seal: GrantSeal,
        ledger: Ledger,
        alerts: PrivacyAlerts,
        rates: Rates,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._crossref, self._model, self._seal, self._ledger = crossref, model, seal, ledger
        self._alerts, self._rates, self._now = alerts, rates, now

    async def open(self, view: View, caller: Caller, asked: Asked) -> Opened:
        """Return the grant, once it is written down; then the privacy officer is told.

        Raises:
            NotTakenError: 404, the view has nothing to open, or nobody is found who may be shown; 403, the consumer has
                no role for it; 400, the reason or the look-up is none of the view's; 429, it was tried too often. That
                it was tried is written down.
            AuditUnavailableError: It cannot be written down.
            CrossReferenceError: The cross-reference cannot be read.
        """
        try:
            rule = self._allowed(view, caller, asked)
        except NotTakenError as error:
            await self._refused(view, caller, asked, error.code)
            raise
        (subject,) = await self._crossref.resolve_many([Lookup(asked.source, asked.key)])
        if subject is None or not self._is_shown(subject):
            meant = None if subject is None else subject.customer_id
            await self._refused(view, caller, asked, RequestCode.SUBJECT_UNKNOWN, meant)
            raise _nobody()
        return await self._opened(self._grant(view, rule, caller, asked, subject.customer_id), rule)

    def _allowed(self, view: View, caller: Caller, asked: Asked) -> BreakGlass:
        rule = _rule(view, caller)
        _check(view, rule, asked)
        self._count(caller)
        return rule

    async def _refused(
        self, view: View, caller: Caller, asked: Asked, code: RequestCode, customer: str | None = None
    ) -> None:
        told = {"view": view.id, "consumer": caller.consumer, "code": str(code), **_why(view, asked)}
        await self._ledger.record_event(REFUSED, told, customer=customer)

    async def _opened(self, grant: Grant, rule: BreakGlass) -> Opened:
        review_by = self._now() + rule.review_hours * 3_600
        until = {"until": moment(grant.until), "review_by": moment(review_by)}
        await self._ledger.record_event(OPENED, {**_fields(grant), **until}, customer=grant.customer)
        self._alerts.tell(grant.id, moment(review_by))
        return Opened(grant, self._seal.seal(grant), review_by)

    def _grant(self, view: View, rule: BreakGlass, caller: Caller, asked: Asked, customer: str) -> Grant:
        return Grant(
            id=f"bg_{secrets.token_hex(12)}",
            view=view.id,
            customer=customer,
            consumer=caller.consumer,
            actor=asked.actor,
            reason=asked.reason,
            reference=asked.reference,
            until=self._now() + rule.minutes * 60,
        )

    def _is_shown(self, subject: Subject) -> bool:
        return is_shown(subject, self._model.coordinates, f"{self._model.subject}.{CANONICAL}")

    def _count(self, caller: Caller) -> None:
        try:
            self._rates.take(caller.consumer, 1)
        except RefusedError as error:
            message = "This consumer has tried to open as much within a minute as it may. Ask again later."
            told = {"Retry-After": str(error.retry_after)}
            raise NotTakenError(429, RequestCode.RATE_LIMITED, message, told) from None


def _rule(view: View, caller: Caller) -> BreakGlass:
    rule = view.break_glass
    if rule is None:
        raise not_at_this_path()
    if caller.roles.isdisjoint(rule.roles):
        wanted = " or ".join(sorted(rule.roles))
        message = f"To open what this view shows in emergencies needs the role {wanted}. Have it added."
        raise NotTakenError(403, RequestCode.ROLE_NEEDED, message)
    return rule


def _check(view: View, rule: BreakGlass, asked: Asked) -> None:
    if asked.reason not in rule.reasons:
        message = f"The body (reason): it is none of this view's. Give one of: {', '.join(rule.reasons)}."
        raise NotTakenError(400, RequestCode.BAD_REQUEST, message)
    if (asked.source or CANONICAL) not in view.lookups:
        keys = ", ".join(view.lookups)
        message = f"The body (customer): this view looks customers up by other keys. Give one of: {keys}."
        raise NotTakenError(400, RequestCode.BAD_REQUEST, message)


def _fields(grant: Grant) -> Mapping[str, str]:
    return {
        "grant": grant.id,
        "view": grant.view,
        "consumer": grant.consumer,
        "actor": grant.actor,
        "reason": grant.reason,
        "reference": grant.reference,
    }


def _why(view: View, asked: Asked) -> Mapping[str, str]:
    """Return who tried and why. A reason that is none of the view's is a text of anybody's, and left out."""
    is_known = view.break_glass is not None and asked.reason in view.break_glass.reasons
    reason = {"reason": asked.reason} if is_known else {}
    return {"actor": asked.actor, **reason, "reference": asked.reference}


def _nobody() -> NotTakenError:
    message = "No customer can be shown for this look-up. Check its key, and that this view may show the customer."
    return NotTakenError(404, RequestCode.SUBJECT_UNKNOWN, message)
