"""A customer's restrictions as they are made one by one, and lifted."""

from __future__ import annotations

import json
from dataclasses import dataclass

from adapters.crossref.errors import Conflict, InputError, RefusalCode
from adapters.crossref.events import EventType
from adapters.crossref.ledger import CustomerRow, Ledger
from adapters.crossref.operations.linking import closed_conflict
from adapters.crossref.operations.restricting import (
    OF_CUSTOMER,
    check_ground,
    check_restriction,
    insert_restrictions,
    restrictions_to_add,
    told_restrictions,
)
from adapters.crossref.operations.writes import Linked, Write, version_conflict
from adapters.crossref.port import Restriction

__all__ = ["lift", "restrict"]

_NONE = "no restriction of this ground is in force"


@dataclass(frozen=True, slots=True)
class _Standing:
    """A restriction that is not lifted, and the id that it was made for."""

    restriction_id: str
    customer: str
    coordinates: tuple[str, ...]


async def restrict(ledger: Ledger, write: Write, customer_id: str, restriction: Restriction) -> Linked | Conflict:
    """Let the restriction hold for the customer from now on; one that stands already is left as it is.

    One of an id merged into the customer is made for the customer too, who keeps it when that merge is undone.
    Raises InputError when the restriction is not in its form, or there is no such customer.
    """
    check_restriction(restriction)
    row = await _known(ledger, customer_id)
    closed = await closed_conflict(ledger, write.act, row, None)
    if closed:
        return closed
    new = await restrictions_to_add(ledger, row.customer_id, [restriction])
    if not new:
        return Linked(row.customer_id, row.version, row.changed_seq)
    conflict = version_conflict(write.expected_version, row)
    return conflict or await _restrict(ledger, write, row, restriction)


async def lift(ledger: Ledger, write: Write, customer_id: str, ground: str) -> Linked | Conflict:
    """Lift the customer's restrictions of this ground, those of ids merged into it included: they hold no more.

    Without any nothing is written, which is noted. Raises InputError when the ground is no short code, or there is no
    such customer.
    """
    check_ground(ground)
    row = await _known(ledger, customer_id)
    standing = await _standing(ledger, row.customer_id, ground)
    if not standing:
        return Linked(row.customer_id, row.version, row.changed_seq, note=_NONE)
    conflict = version_conflict(write.expected_version, row)
    return conflict or await _lift(ledger, write, row, ground, standing)


async def _known(ledger: Ledger, customer_id: str) -> CustomerRow:
    row = await ledger.customer(customer_id)
    if row is None:
        raise InputError(RefusalCode.CUSTOMER_UNKNOWN, "no customer has this id; link a key first")
    return row


async def _restrict(ledger: Ledger, write: Write, row: CustomerRow, restriction: Restriction) -> Linked:
    body = {"links": [], "restrictions": told_restrictions([restriction])}
    seq = await ledger.append(EventType.CUSTOMER_RESTRICTED, row.customer_id, write.act, body)
    await insert_restrictions(ledger, row.customer_id, [restriction])
    return Linked(row.customer_id, await ledger.touch(row.customer_id, seq), seq)


async def _standing(ledger: Ledger, customer: str, ground: str) -> list[_Standing]:
    rows = await ledger.connection.fetch(
        f"SELECT r.restriction_id, r.customer_id, r.coordinates FROM {OF_CUSTOMER} "  # noqa: S608  a constant of ours
        "AND r.ground = ? ORDER BY r.restriction_id",
        *(*(ledger.tenant, customer) * 2, ledger.tenant, ground),
    )
    return [_Standing(restriction_id, made_for, tuple(json.loads(told))) for restriction_id, made_for, told in rows]


async def _lift(ledger: Ledger, write: Write, row: CustomerRow, ground: str, standing: list[_Standing]) -> Linked:
    told = [{"customer": one.customer, "coordinates": list(one.coordinates)} for one in standing]
    body = {"ground": ground, "restrictions": told}
    seq = await ledger.append(EventType.RESTRICTION_LIFTED, row.customer_id, write.act, body)
    await ledger.connection.execute_many(
        "UPDATE restriction SET valid_to = ? WHERE restriction_id = ?",
        [(ledger.at, one.restriction_id) for one in standing],
    )
    return Linked(row.customer_id, await ledger.touch(row.customer_id, seq), seq)
