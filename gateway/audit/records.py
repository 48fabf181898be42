"""What a record says: of a request, of a refusal, and of what else happened. Never a value, and never a customer's id.

A request's customers stand in groups, of whom the same was decided:

    "shown": [{"customers": ["<reference>", ...], "level": "V2", "actingFor": ["<reference>"],
               "opened": {"<id of the grant>": ["Customer.payments"]},
               "allow": ["Customer.segment", "Customer.payments"],
               "told": ["Payment.bookedAt"],
               "transform": {"VALUE_MASKED": ["Customer.name"]},
               "withhold": {"CONSENT_MISSING": ["Customer.accounts"],
                            "VERIFICATION_REQUIRED+CONSENT_MISSING": ["Customer.invoices"]}}]

What stands in `told` was not shown: an order or a filter of a list that was shown tells of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from resolvers.disclosure import Disclosed, Disclosure, Effect
from schema.grants import Grant

__all__ = ["REQUEST", "Refused", "members_of", "members_of_refusal", "members_of_unwritten"]

REQUEST = "request"
"""The kind of a record of a request."""

_MORE = "+"
"""Between the codes that withhold a coordinate: the first is what the consumer was told."""

_ALLOW, _WITHHOLD = "allow", "withhold"

Reference = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that was refused, of a consumer who is known: by which code, and for which view, where that is known.

    `at` is when it came, in seconds since 1970, `seconds` how long it took.
    """

    consumer: str
    code: str
    view: str | None
    request: str | None
    seconds: float


def members_of(disclosure: Disclosure, reference: Reference) -> dict[str, Any]:
    """Return what the record of a request says. `reference` gives what stands for a canonical id."""
    told: dict[str, Any] = {
        "request": disclosure.request,
        "view": disclosure.view,
        "purpose": disclosure.purpose,
        "basis": disclosure.basis,
        "consumer": disclosure.consumer,
        "situation": disclosure.situation.told(),
        "code": disclosure.code,
        "ms": _ms(disclosure.seconds),
        "customers": len(disclosure.customers),
        "calls": dict(disclosure.sources),
        "grant": None if disclosure.grant is None else _grant(disclosure.grant, reference),
        "shown": _groups(disclosure, reference),
    }
    return {name: value for name, value in told.items() if value not in (None, {}, [])}


def members_of_unwritten(disclosure: Disclosure, reference: Reference, size: int) -> dict[str, Any]:
    """Return what stands in place of a record of so many bytes, which is too long: that the request was refused."""
    told = members_of(disclosure, reference)
    told.pop("shown", None)
    return {**told, "code": "AUDIT_UNAVAILABLE", "tooLong": size}


def members_of_refusal(refused: Refused) -> dict[str, Any]:
    """Return what the record of a refusal says."""
    told = {
        "request": refused.request,
        "view": refused.view,
        "consumer": refused.consumer,
        "code": refused.code,
        "ms": _ms(refused.seconds),
    }
    return {name: value for name, value in told.items() if value is not None}


def _grant(grant: Grant, reference: Reference) -> dict[str, Any]:
    return {
        "id": grant.id,
        "customer": reference(grant.customer),
        "actor": grant.actor,
        "reason": grant.reason,
        "reference": grant.reference,
    }


def _groups(disclosure: Disclosure, reference: Reference) -> list[dict[str, Any]]:
    """Return the groups of those of whom the same was decided; customers with equal verdicts share their effects."""
    groups: dict[tuple[object, ...], dict[str, Any]] = {}
    for one in disclosure.customers:
        alike = (id(one.effects) if one.effects else 0, int(one.level), one.refused, one.acting_for, one.opened)
        group = groups.get(alike)
        if group is None:
            group = groups[alike] = _group(one, disclosure.grant, reference)
        if one.customer is None:
            group["unknown"] = group.get("unknown", 0) + 1
        else:
            group.setdefault("customers", []).append(reference(one.customer))
    return [*groups.values()]


def _group(one: Disclosed, grant: Grant | None, reference: Reference) -> dict[str, Any]:
    told: dict[str, Any] = {"level": str(one.level)}
    if one.refused is not None:
        told["refused"] = str(one.refused)
    if one.acting_for:
        told["actingFor"] = [*map(reference, one.acting_for)]
    if one.opened and grant is not None:
        told["opened"] = {grant.id: [*one.opened]}
    reached = {name: effect for name, effect in one.effects.items() if name not in one.out_of_reach}
    only_told = [name for name in reached if name in one.told and reached[name].effect != _WITHHOLD]
    if only_told:
        told["told"] = only_told
    return told | _effects({name: effect for name, effect in reached.items() if name not in only_told})


def _effects(effects: Mapping[str, Effect]) -> dict[str, Any]:
    """Return the coordinates by effect: those that are shown whole as a list, the others by their codes."""
    told: dict[str, Any] = {}
    for coordinate, decided in effects.items():
        if decided.effect == _ALLOW:
            told.setdefault(_ALLOW, []).append(coordinate)
        else:
            by_codes = told.setdefault(decided.effect, {})
            by_codes.setdefault(_MORE.join(map(str, decided.codes)), []).append(coordinate)
    return told


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
