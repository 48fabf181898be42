"""How the limits of the sources stand, read when somebody looks: nothing of it is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from gateway.telemetry.metrics import catalog
from gateway.telemetry.metrics.instruments import Instrument, Reading

__all__ = ["Limited", "OfferStanding", "Standing", "read_limits"]

_STATES = ("closed", "open", "half-open")


class OfferStanding(Protocol):
    """How what holds of one offer alone stands."""

    @property
    def breaker(self) -> str:
        """Return the state of its breaker."""


class Standing(Protocol):
    """How the limits of one source stand at a moment."""

    @property
    def breaker(self) -> str:
        """Return the state of its breaker: closed, open or half-open."""

    @property
    def opened(self) -> int:
        """Return how often it has opened."""

    @property
    def width(self) -> int:
        """Return how many calls may run together now."""

    @property
    def most(self) -> int:
        """Return how many may at most."""

    @property
    def under_way(self) -> int:
        """Return how many calls are on the wire."""

    @property
    def waiting(self) -> int:
        """Return how many calls wait for their turn or their rate."""

    @property
    def held_seconds(self) -> float:
        """Return for how long yet the source wants to be left alone."""

    @property
    def offers(self) -> Mapping[str, OfferStanding]:
        """Return how the offers that were asked stand, by name."""

    @property
    def retries_left(self) -> int:
        """Return how many calls may be sent again now."""


class Limited(Protocol):
    """The limits of one source."""

    def state(self) -> Standing:
        """Return how they stand now."""


def read_limits(sources: Mapping[str, Limited]) -> Sequence[Reading]:
    """Return how the limits of these sources stand, by name."""
    states = {name: one.state() for name, one in sources.items()}
    breakers = [((name, word), float(word == one.breaker)) for name, one in states.items() for word in _STATES]
    own = [((name, offer), one.breaker) for name, of in states.items() for offer, one in of.offers.items()]
    of_offers = [((*which, word), float(word == state)) for which, state in own for word in _STATES]
    return (
        Reading(catalog.BREAKER, breakers),
        Reading(catalog.OFFER_BREAKER, of_offers),
        _each(catalog.OPENED, ((name, one.opened) for name, one in states.items())),
        _each(catalog.WIDTH, ((name, one.width) for name, one in states.items())),
        _each(catalog.MOST, ((name, one.most) for name, one in states.items())),
        _each(catalog.UNDER_WAY, ((name, one.under_way) for name, one in states.items())),
        _each(catalog.WAITING, ((name, one.waiting) for name, one in states.items())),
        _each(catalog.HELD, ((name, one.held_seconds) for name, one in states.items())),
        _each(catalog.RETRIES_LEFT, ((name, one.retries_left) for name, one in states.items())),
    )


def _each(instrument: Instrument, values: Iterable[tuple[str, float]]) -> Reading:
    return Reading(instrument, [((name,), value) for name, value in values])
