"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from schema.grants import Grant
from schema.verification import Assertion

__all__ = ["DEVELOPER", "OPERATOR", "Caller", "ConsumerClass", "CrossrefRole"]

DEVELOPER = "developer"
"""The role of those who build on views: they are told plans, and schemas that others may not read."""

OPERATOR = "operator"
"""The role of those who run the gateway: they are told how each source does, and have files read anew. It
needs no view."""


class ConsumerClass(StrEnum):
    """Whether somebody waits for a consumer's answers. Where there is not room for all, bulk has to wait."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


class CrossrefRole(StrEnum):
    """The roles of those who work with the cross-reference itself; without one of them it is not there. One of them is
    for privacy's sake, and lets into the privacy officer's API too."""

    READER = "crossref-reader"
    """Looks up who is meant and by which keys, and reads candidates, histories and changes."""
    STEWARD = "steward"
    """Reads, links, merges, splits and decides candidates."""
    PRIVACY_OFFICER = "privacy-officer"
    """Looks up, restricts, exports what is kept of a person, and erases it; is told of views, of their use and of who
    saw what, and reviews broken glasses."""
    AUDITOR = "auditor"
    """Reads histories and changes, and has the whole log verified."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A consumer (a registered client application) and the views it may use.

    `views` holds view names (`support-call`, any published version) and exact versions (`support-call@1`).
    `roles` are the consumer's, as it is registered (`developer`, `operator`, or one of `CrossrefRole`).
    `credential` is the caller's own token where a source wants it forwarded; it is never printed.
    `assertions` say how well which customers are verified, `grant` that the glass was broken: of one request alone.
    Somebody waits for the answers to an urgent one: its requests, and the calls for them, go before those of bulk.
    """

    consumer: str
    views: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    credential: str | None = field(default=None, repr=False)
    assertions: tuple[Assertion, ...] = field(default=(), repr=False)
    grant: Grant | None = None
    is_urgent: bool = True

    def may_use(self, name: str, version: int) -> bool:
        """Return whether the consumer is registered for this version of the view."""
        return name in self.views or f"{name}@{version}" in self.views
