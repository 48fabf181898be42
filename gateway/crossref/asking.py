"""Who asks, what they may do, and the cross-reference that they ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from adapters.crossref import KeyMode, Lookup, StoredCrossReference
from gateway.alarms import Alarms
from gateway.crossref.refusals import unknown_customer
from gateway.crossref.roles import TOLD_OF_ERASURES
from gateway.refusals import NotTakenError, RequestCode
from resolvers.rates import Rates
from schema.caller import CrossrefRole
from schema.model import Model

__all__ = ["Asked", "Asking", "Places", "allowed"]


class Places:
    """Places for what takes long: whoever finds none is told to ask again later."""

    def __init__(self, most: int) -> None:
        self._free = most

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take a place for as long as the context lasts.

        Raises:
            NotTakenError: 503, none is free.
        """
        if not self._free:
            message = "As many of these are under way as the gateway takes. Ask again later."
            raise NotTakenError(503, RequestCode.UNAVAILABLE, message, {"Retry-After": "30"})
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


@dataclass(frozen=True, slots=True)
class Asking:
    """A consumer with a role in the cross-reference, and what it asks.

    `sources` are those whose keys it may write; of every source where there are none. `model` is that of the views.
    `streams` and `checks` bound how many of these are under way. `stays` says whether the consumer would be let in with
    the same roles now: what it is told for hours ends when it is registered no more.
    """

    consumer: str
    roles: frozenset[str]
    sources: frozenset[str]
    crossref: StoredCrossReference = field(repr=False)
    model: Model = field(repr=False)
    alarms: Alarms = field(repr=False)
    rates: Rates | None = field(repr=False)
    noting: Rates | None = field(repr=False)
    streams: Places = field(repr=False)
    checks: Places = field(repr=False)
    stays: Callable[[], bool] = field(repr=False, default=lambda: True)

    def check_role(self, roles: Collection[CrossrefRole]) -> None:
        """Refuse a consumer that has none of the roles.

        Raises:
            NotTakenError: 403, it has none.
        """
        if not self.roles & frozenset(roles):
            wanted = " or ".join(sorted(roles))
            message = f"This is for consumers with the role {wanted}. Have it added in consumers.yaml."
            raise NotTakenError(403, RequestCode.ROLE_NEEDED, message)

    def check_sources(self, *sources: str) -> None:
        """Refuse to write keys of a source that is not the consumer's affair.

        Raises:
            NotTakenError: 403, one of the sources is none of its own.
        """
        if self.sources and not self.sources.issuperset(sources):
            message = "This consumer may not write keys of this source. Have it added to crossref_sources."
            raise NotTakenError(403, RequestCode.SOURCE_NOT_PERMITTED, message)

    def check_every_source(self) -> None:
        """Refuse a consumer of some sources alone what concerns the keys of every source.

        Raises:
            NotTakenError: 403, it may not write keys of every source.
        """
        if self.sources:
            message = "This concerns keys of every source, and this consumer may write those of some. Ask a steward."
            raise NotTakenError(403, RequestCode.SOURCE_NOT_PERMITTED, message)

    @property
    def tells_erased(self) -> bool:
        """Return whether it may know that a customer was erased, and is not unknown: who erases, and who audits."""
        return bool(self.roles & frozenset(TOLD_OF_ERASURES))

    async def check_customers(self, *customers: str | None) -> None:
        """Refuse a write for customers who are not there, before anything else can tell who was erased from who never
        was; None is nobody.

        Raises:
            InputError: One of them is unknown, erased or retired, which are alike to this consumer.
        """
        for customer in () if self.tells_erased else customers:
            if customer is not None and not await self.is_there(customer):
                raise unknown_customer()

    async def is_there(self, customer: str) -> bool:
        """Return whether look-ups find the customer."""
        found = await self.crossref.standing(customer)
        return found is not None and found.is_active

    async def check_lookups(self, lookups: Collection[Lookup]) -> None:
        """Count look-ups by identifiers, and by sealed keys, which are as personal: one could try all of either.

        Raises:
            RefusedError: There are more than the consumer may ask by in a minute; nobody is looked up.
        """
        if self.rates is None:
            return
        personal = set[str]()
        if any(lookup.source is not None for lookup in lookups):
            sources = await self.crossref.sources()
            personal = {name for name, source in sources.items() if source.key_mode is KeyMode.SEALED}
        self.check_rate(sum(one.identifier is not None or one.source in personal for one in lookups))

    def check_rate(self, identifiers: int) -> None:
        """Count what the consumer asks by identifiers, in whichever way it learns whose they are.

        Raises:
            RefusedError: There are more than the consumer may ask by in a minute.
        """
        if identifiers and self.rates is not None:
            self.rates.take(self.consumer, identifiers)

    def check_noting(self, identifiers: int) -> None:
        """Count what the consumer notes: a candidate, or a version that stays, tells who has an identifier.

        Raises:
            RefusedError: There are more than the consumer may note in a minute.
        """
        if identifiers and self.noting is not None:
            self.noting.take(self.consumer, identifiers)


async def _asking(request: Request) -> Asking:
    asking: Asking = request.state.asking
    return asking


Asked = Annotated[Asking, Depends(_asking)]
"""Who asks, for an operation's parameter."""


def allowed(roles: Collection[CrossrefRole]) -> Callable[[Asking], Awaitable[None]]:
    """Return what lets in consumers with one of the roles, as a dependency."""

    async def check(asking: Asked) -> None:
        asking.check_role(roles)

    return check
