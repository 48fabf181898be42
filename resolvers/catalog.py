"""Which offer of which adapter answers a field: the index of everything that the adapters declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from adapters.adapter import Adapter
from adapters.limits import SourceLimits, limits_kept_by
from adapters.offers import CANONICAL_ID, Offer

__all__ = ["Catalog", "Served"]


@dataclass(frozen=True, slots=True)
class Served:
    """An offer and the source that makes it."""

    source: str
    offer: Offer

    @property
    def keyspace(self) -> str:
        """Return whose keys the offer is asked by."""
        return self.offer.keyspace or self.source


class Catalog:
    """All offers, by what they serve. The first adapter that serves a field answers it."""

    def __init__(self, adapters: Iterable[Adapter]) -> None:
        self.adapters: Mapping[str, Adapter] = {adapter.source: adapter for adapter in adapters}
        self.served: Sequence[Served] = tuple(
            Served(source, offer) for source, adapter in self.adapters.items() for offer in adapter.offers
        )
        limits = {source: limits_kept_by(adapter) for source, adapter in self.adapters.items()}
        self._limits = {source: one for source, one in limits.items() if one is not None}

    @property
    def limits(self) -> Mapping[str, SourceLimits]:
        """Return the limits of the sources that have some, by name."""
        return self._limits

    @property
    def asks_by_id(self) -> bool:
        """Return whether an offer is asked by the customer's canonical id."""
        return any(served.offer.keyspace == CANONICAL_ID for served in self.served)

    def facts(self, type_name: str, field: str, keyspaces: frozenset[str] | None) -> Served | None:
        """Return the offer that answers a field (its Python name) of an entity by one of these keyspaces.

        None for `keyspaces` means any source's own keys: what the cross-reference knows of the subject.
        """
        for served in self.served:
            offer = served.offer
            if offer.serves == type_name and field in offer.record.model_fields and _reaches(served, keyspaces):
                return served
        return None

    def lists(self, coordinate: str, keyspaces: frozenset[str] | None) -> Served | None:
        """Return the offer that answers a list by one of these keyspaces."""
        for served in self.served:
            if served.offer.serves == coordinate and _reaches(served, keyspaces):
                return served
        return None


def _reaches(served: Served, keyspaces: frozenset[str] | None) -> bool:
    return served.offer.keyspace in ("", CANONICAL_ID) if keyspaces is None else served.keyspace in keyspaces
