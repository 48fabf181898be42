"""What a source bears: by its operator's words, and where these say nothing by those of its adapter's author."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from adapters.limits import Bucket, Execution, Limits, OfferLimits, Points, Rate, Window
from adapters.limits.signals import SIGNALS
from gateway.sources.declaration import MODELS, Offered, RateRule, SourceRule

__all__ = ["disorders", "limits_of"]

_MADE: Mapping[str, Callable[..., Rate]] = MappingProxyType(
    dict(zip(MODELS, (Window, Bucket, Points, Execution), strict=True))
)
_IN_ORDER = (("width", "least", "most"), ("repeating", "first_seconds", "most_seconds"))
"""Of which part which number may not be above which."""


def limits_of(rule: SourceRule, own: Limits) -> Limits:
    """Return the limits of a source whose adapter's `own` are these."""
    given = rule.model_fields_set
    parts: dict[str, Any] = {
        name: replace(getattr(own, name), **getattr(rule, name).model_dump(exclude_unset=True))
        for name in ("width", "breaking", "repeating")
        if name in given
    }
    if "timeout" in given:
        parts["timeout"] = rule.timeout
    if "rates" in given:
        parts["rates"] = _rates(rule.rates)
    if "signals" in given:
        parts["signals"] = SIGNALS[rule.signals]
    if "offers" in given:
        offers = {name: _offered(one, own.offers.get(name, OfferLimits())) for name, one in rule.offers.items()}
        parts["offers"] = {**own.offers, **offers}
    return replace(own, **parts)


def disorders(rule: SourceRule, limits: Limits) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with numbers together: the part, the key that was given, and what was got."""
    for part, low, high in _IN_ORDER:
        given, together = getattr(rule, part).model_fields_set, getattr(limits, part)
        least, most = getattr(together, low), getattr(together, high)
        if low in given and least > most:  # one that is the adapter's own gives way
            whose = "" if high in given else " of its adapter"
            yield part, low, f"{low} {least:g}, above {high} {most:g}{whose}"


def _offered(given: Offered, own: OfferLimits) -> OfferLimits:
    parts: dict[str, Any] = {
        name: getattr(given, name) for name in ("timeout", "at_once") if name in given.model_fields_set
    }
    if "rates" in given.model_fields_set:
        parts["rates"] = _rates(given.rates)
    return replace(own, **parts)


def _rates(rules: Sequence[RateRule]) -> tuple[Rate, ...]:
    return tuple(_MADE[name](**told.model_dump()) for rule in rules for name, told in rule if told is not None)
