"""How the limits of the sources stand, read when somebody looks: nothing of it is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from adapters.limits import SourceLimits, State
from gateway.telemetry.metrics import catalog
from gateway.telemetry.metrics.instruments import Instrument, Reading

__all__ = ["read_limits"]


def read_limits(sources: Mapping[str, SourceLimits]) -> Sequence[Reading]:
    """Return how the limits of these sources stand, by name."""
    states = {name: one.state() for name, one in sources.items()}
    breakers = [((name, word.value), float(word is one.breaker)) for name, one in states.items() for word in State]
    own = [((name, offer), one.breaker) for name, of in states.items() for offer, one in of.offers.items()]
    of_offers = [((*which, word.value), float(word is state)) for which, state in own for word in State]
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
