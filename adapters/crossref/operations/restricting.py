"""Restrictions of processing (GDPR art. 18 and sources' own flags): which coordinates may not be touched, and why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from adapters.crossref.database import Row
from adapters.crossref.errors import InputError, RefusalCode
from adapters.crossref.events import canonical
from adapters.crossref.ledger import Ledger
from adapters.crossref.port import EVERYTHING, Restriction

__all__ = ["OF_CUSTOMER", "by_ground", "check_ground", "check_restriction", "insert_restrictions"]
__all__ += ["restrictions_to_add", "standing_restrictions", "told_restrictions"]

_GROUND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}")
_COORDINATE = re.compile(
    r"[_A-Za-z][_0-9A-Za-z]{0,127}\.[_A-Za-z][_0-9A-Za-z]{0,127}(?:\([_A-Za-z][_0-9A-Za-z]{0,127}:\))?"
)
_MAX_COORDINATES = 1000

OF_CUSTOMER = (
    "(SELECT customer_id FROM customer WHERE tenant_id = ? AND customer_id = ? UNION ALL "
    "SELECT customer_id FROM customer INDEXED BY customer_survivor WHERE tenant_id = ? AND survivor_id = ?) AS c "
    "CROSS JOIN restriction AS r INDEXED BY restriction_customer "
    "WHERE r.tenant_id = ? AND r.customer_id = c.customer_id AND r.valid_to IS NULL"
)
"""What restrictions that are not lifted are selected from, of a customer and of the ids merged into it: each by index,
in the order written, as CROSS JOIN keeps it. It wants tenant and customer twice, and the tenant."""


def check_restriction(restriction: Restriction) -> None:
    """Raise InputError when the ground is no short code or a coordinate is none."""
    check_ground(restriction.ground)
    names = restriction.coordinates
    if not 0 < len(names) <= _MAX_COORDINATES or not all(map(_is_coordinate, names)):
        raise InputError(
            RefusalCode.VALUE_INVALID,
            f"a restriction has 1 to {_MAX_COORDINATES} coordinates, each Type.field, or {EVERYTHING} for all",
        )


def check_ground(ground: str) -> None:
    """Raise InputError when the ground is no short code."""
    if not _GROUND.fullmatch(ground):
        raise InputError(
            RefusalCode.VALUE_INVALID,
            "a restriction's ground is a short code such as gdpr-art-18; keep the text elsewhere",
        )


def _is_coordinate(name: str) -> bool:
    return name == EVERYTHING or _COORDINATE.fullmatch(name) is not None


async def restrictions_to_add(ledger: Ledger, customer: str, wanted: Iterable[Restriction]) -> list[Restriction]:
    """Return those of the wanted restrictions that do not stand already with this very id.

    One of an id merged into it does not count: it goes with that id when the merge is undone.
    """
    distinct = list(dict.fromkeys(wanted))
    if not distinct:
        return []
    rows = await ledger.connection.fetch(
        "SELECT ground, coordinates FROM restriction INDEXED BY restriction_customer "
        "WHERE tenant_id = ? AND customer_id = ? AND valid_to IS NULL",
        *(ledger.tenant, customer),
    )
    standing = _restrictions(rows)
    return [restriction for restriction in distinct if restriction not in standing]


async def standing_restrictions(ledger: Ledger, customer: str) -> set[Restriction]:
    """Return the restrictions that are not lifted, of the customer and of the ids merged into it."""
    rows = await ledger.connection.fetch(
        f"SELECT r.ground, r.coordinates FROM {OF_CUSTOMER}",  # noqa: S608  all of it is above
        *(*(ledger.tenant, customer) * 2, ledger.tenant),
    )
    return _restrictions(rows)


def _restrictions(rows: Iterable[Row]) -> set[Restriction]:
    return {Restriction(ground, frozenset(json.loads(coordinates))) for ground, coordinates in rows}


def told_restrictions(restrictions: Iterable[Restriction]) -> list[dict[str, object]]:
    """Return the restrictions as an event tells them."""
    return [{"ground": one.ground, "coordinates": sorted(one.coordinates)} for one in restrictions]


async def insert_restrictions(ledger: Ledger, customer: str, restrictions: Sequence[Restriction]) -> None:
    """Write restrictions that hold from now on."""
    await ledger.connection.execute_many(
        "INSERT INTO restriction (restriction_id, tenant_id, customer_id, ground, coordinates, valid_from) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [
            (ledger.new_id("res"), ledger.tenant, customer, one.ground, canonical(sorted(one.coordinates)), ledger.at)
            for one in restrictions
        ],
    )


def by_ground(restriction: Restriction) -> tuple[str, list[str]]:
    """Return what restrictions are put in order by."""
    return restriction.ground, sorted(restriction.coordinates)
