"""Restrictions of processing (GDPR art. 18 and sources' own flags): which coordinates may not be touched, and why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from adapters.crossref.errors import InputError, RefusalCode
from adapters.crossref.events import canonical
from adapters.crossref.ledger import Ledger
from adapters.crossref.port import EVERYTHING, Restriction

__all__ = ["check_restriction", "insert_restrictions", "restrictions_to_add"]

_GROUND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}")
_COORDINATE = re.compile(
    r"[_A-Za-z][_0-9A-Za-z]{0,127}\.[_A-Za-z][_0-9A-Za-z]{0,127}(?:\([_A-Za-z][_0-9A-Za-z]{0,127}:\))?"
)
_MAX_COORDINATES = 1000


def check_restriction(restriction: Restriction) -> None:
    """Raise InputError when the ground is no short code or a coordinate is none."""
    if not _GROUND.fullmatch(restriction.ground):
        raise InputError(
            RefusalCode.VALUE_INVALID,
            "a restriction's ground is a short code such as gdpr-art-18; keep the text elsewhere",
        )
    names = restriction.coordinates
    if not 0 < len(names) <= _MAX_COORDINATES or not all(map(_is_coordinate, names)):
        raise InputError(
            RefusalCode.VALUE_INVALID,
            f"a restriction has 1 to {_MAX_COORDINATES} coordinates, each Type.field, or {EVERYTHING} for all",
        )


def _is_coordinate(name: str) -> bool:
    return name == EVERYTHING or _COORDINATE.fullmatch(name) is not None


async def restrictions_to_add(ledger: Ledger, customer: str, wanted: Iterable[Restriction]) -> list[Restriction]:
    """Return those of the wanted restrictions that do not stand already, with the customer or an id merged into it."""
    distinct = list(dict.fromkeys(wanted))
    if not distinct:
        return []
    rows = await ledger.connection.fetch(
        "SELECT r.ground, r.coordinates FROM customer AS c JOIN restriction AS r "
        "ON r.tenant_id = c.tenant_id AND r.customer_id = c.customer_id "
        "WHERE c.tenant_id = ? AND (c.customer_id = ? OR c.survivor_id = ?) AND r.valid_to IS NULL",
        *(ledger.tenant, customer, customer),
    )
    standing = {Restriction(ground, frozenset(json.loads(coordinates))) for ground, coordinates in rows}
    return [restriction for restriction in distinct if restriction not in standing]


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
