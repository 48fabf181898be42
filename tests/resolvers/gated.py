"""The harbour with an office, which knows what vessels have agreed to and which cases they have: what gates ask."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from adapters.answers import Key, Page
from adapters.crossref import Subject
from adapters.gates import (
    CASE,
    CONSENT,
    INTERACTION,
    CaseRecord,
    ConsentRecord,
    ConsentStatus,
    InteractionRecord,
)
from adapters.offers import Offer
from resolvers import Engine, Request
from schema.views import View
from tests.resolvers.fleet import Raw
from tests.resolvers.harbour import Harbour, MemorySource, harbour, subject
from tests.resolvers.vessels import ARGUMENTS, FIELDS, MODEL, view

EMAIL = {"purpose": "DirectMarketing", "channel": "email"}
PHONE = {"purpose": "DirectMarketing", "channel": "phone"}


class Decided(ConsentRecord):
    purpose: str | None
    channel: str | None = None
    status: ConsentStatus | None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class Case(CaseRecord):
    reference: str | None
    is_open: bool | None
    notes: str | None = None
    """Nothing is decided by it."""


class Contact(InteractionRecord):
    reference: str | None
    is_active: bool | None


CONSENTS = Offer(name="consents", serves=CONSENT, record=Decided, key="ship", absent=Page)
CASES = Offer(name="cases", serves=CASE, record=Case, key="ship", absent=Page)
CONTACTS = Offer(name="contacts", serves=INTERACTION, record=Contact, key="ship", absent=Page)
GATES = (CONSENTS, CASES, CONTACTS)


def consent(key: Key, status: str, **more: Any) -> Raw:
    """What the office has of a vessel's consent to e-mails, unless more is said."""
    return {"ship": key, "status": status} | EMAIL | more


def case(key: Key, reference: str = "CASE-1", *, is_open: bool = True) -> Raw:
    """A case of a vessel."""
    return {"ship": key, "reference": reference, "is_open": is_open}


def contact(key: Key, reference: str = "call-1", *, is_active: bool = True) -> Raw:
    """An interaction with a vessel."""
    return {"ship": key, "reference": reference, "is_active": is_active}


def ship(number: int, *restricted: str) -> Subject:
    """The vessel with this number, known to the office as well."""
    return subject(
        f"v{number}", *restricted, registry=f"R{number}", sonar=f"S{number}", office=f"O{number}", ships=f"R{number}"
    )


class Port:
    """The harbour and its office."""

    def __init__(
        self,
        consents: Iterable[Raw] = (),
        cases: Iterable[Raw] = (),
        subjects: Iterable[Subject] = (),
        contacts: Iterable[Raw] = (),
    ) -> None:
        known = {"consents": _by_ship(consents), "cases": _by_ship(cases), "contacts": _by_ship(contacts)}
        self.office = MemorySource("office", GATES, known)
        self.harbour: Harbour = harbour(list(subjects) or map(ship, range(1, 4)))
        self.harbour.engine = self.made()

    def made(self) -> Engine:
        """A new engine over the same sources."""
        return Engine(MODEL, [*self.harbour.sources, self.office], self.harbour.crossref)

    @classmethod
    def without_office(cls) -> Port:
        """A harbour in which nobody answers gates."""
        port = cls()
        port.harbour.engine = Engine(MODEL, port.harbour.sources, port.harbour.crossref)
        return port

    def explain(self, query: str, through: View) -> dict[str, Any]:
        """What a query would ask."""
        return self.harbour.engine.explain(through, Request(query))

    async def ask(self, query: str, through: View, **more: Any) -> dict[str, Any]:
        """Answer a query through a view."""
        return await self.harbour.ask(query, through=through, **more)

    @property
    def asked(self) -> list[tuple[str, tuple[str, ...], tuple[Key, ...]]]:
        """Every batch of every source: the offer, the fields and the keys."""
        batches = [batch for source in (self.office, *self.harbour.sources) for batch in source.batches]
        return [
            (
                batch.offer.name,
                () if batch.offer in GATES else batch.fields,
                batch.keys,
            )
            for batch in batches
        ]


def gated(fields: dict[str, Any], **changes: Any) -> View:
    """A view of everything in which these fields have these rules."""
    return view(fields=dict.fromkeys((*FIELDS, *ARGUMENTS)) | fields, **changes)


def withheld(answer: dict[str, Any]) -> dict[str, str]:
    """Why which coordinates are withheld."""
    return {one["coordinate"]: one["code"] for one in answer.get("extensions", {}).get("withheld", ())}


def _by_ship(raws: Iterable[Raw]) -> dict[Key, list[Raw]]:
    found: dict[Key, list[Raw]] = {}
    for raw in raws:
        found.setdefault(raw["ship"], []).append(raw)
    return found
