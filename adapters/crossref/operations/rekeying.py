"""Versions of the secret under which identifiers are digested, as they come and go; some hundreds at a time.

Ordinarily nothing is to be done: what is seen again is digested anew under the current version, and the rest is retired
with its version. When a secret is lost, its digests are wrapped at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapters.crossref.database import Row
from adapters.crossref.errors import InputError, RefusalCode, SecretError
from adapters.crossref.events import Act, EventType, canonical
from adapters.crossref.identifiers.digests import Recipe, all_recipes, wrapped
from adapters.crossref.identifiers.identifying import Kept, write_identifiers
from adapters.crossref.ledger import Ledger
from schema.identifiers import IdentifierType

__all__ = ["retire_some", "wrap_some"]

_SOME = 500
"""Digests of one transaction."""

_ABOVE = 0x1_0000
"""The first number that is no version: of recipes that wrap."""


async def wrap_some(ledger: Ledger, act: Act, version: int) -> int:
    """Wrap digests of this version under the current one, and return how many were; 0 when all are.

    Raises InputError for the current version, and SecretError without secrets.
    """
    current = _current(ledger, version)
    for recipe in await _recipes(ledger, version):
        rows = await _rows(ledger, [recipe.number]) if recipe.versions[-1] == version else []
        if rows:
            into = await _wrapping(ledger, recipe, current)
            await _wrap(ledger, act, rows, into)
            return len(rows)
    return 0


async def retire_some(ledger: Ledger, act: Act, version: int) -> int:
    """Forget identifiers whose digests were made with this version, and return how many were; 0 when all are.

    Afterwards its secret may go. Raises InputError for the current version, and SecretError without secrets.
    """
    _current(ledger, version)
    numbers = [recipe.number for recipe in await _recipes(ledger, version)]
    rows = await _rows(ledger, numbers)
    if rows:
        gone = [row[0] for row in rows]
        await write_identifiers(ledger, EventType.IDENTIFIERS_FORGOTTEN, (None, None), act, gone=gone)
    else:
        await ledger.connection.execute_many(
            "DELETE FROM identifier_version WHERE tenant_id = ? AND key_version = ?",
            [(ledger.tenant, number) for number in numbers],
        )
    return len(rows)


def _current(ledger: Ledger, version: int) -> int:
    """Return the current version, which has to be another one."""
    if not ledger.keyring.versions:
        raise SecretError("no secret was given; open the cross-reference with secrets=")
    current = ledger.keyring.versions[0]
    if version == current or not 1 <= version < _ABOVE:
        raise InputError(
            RefusalCode.VALUE_INVALID, f"got version {version}; wanted one that was current before {current}"
        )
    return current


async def _recipes(ledger: Ledger, version: int) -> list[Recipe]:
    """Return the recipes with which this version has to do."""
    known = await all_recipes(ledger.connection, ledger.tenant, [version])
    return [recipe for recipe in known if version in recipe.versions]


async def _rows(ledger: Ledger, numbers: Iterable[int]) -> Sequence[Row]:
    for number in numbers:
        for kind in IdentifierType:
            rows = await ledger.connection.fetch(
                "SELECT identifier_id, id_type, digest, customer_id, source_id, seen_at "
                "FROM identifier_hash INDEXED BY identifier_by_digest "
                "WHERE tenant_id = ? AND id_type = ? AND key_version = ? LIMIT ?",
                *(ledger.tenant, kind, number, _SOME),
            )
            if rows:
                return rows
    return ()


async def _wrapping(ledger: Ledger, recipe: Recipe, current: int) -> Recipe:
    """Return the recipe that wraps another under the current version; a new one is written down."""
    versions, known = (*recipe.versions, current), await all_recipes(ledger.connection, ledger.tenant, ())
    for one in known:
        if one.versions == versions:
            return one
    made = Recipe(max((one.number + 1 for one in known), default=_ABOVE), versions)
    await ledger.connection.execute(
        "INSERT INTO identifier_version (tenant_id, key_version, made_with) VALUES (?, ?, ?)",
        *(ledger.tenant, made.number, canonical(list(versions))),
    )
    return made


async def _wrap(ledger: Ledger, act: Act, rows: Sequence[Row], into: Recipe) -> None:
    gone, made = [row[0] for row in rows], list[Kept]()
    for _, kind, digest, customer, source, seen_at in rows:
        anew = wrapped(ledger.keyring, IdentifierType(kind), digest, into.versions[-1])
        made.append(Kept(ledger.new_id("idn"), kind, into.number, anew, customer, source, seen_at))
    await write_identifiers(ledger, EventType.IDENTIFIERS_REKEYED, (None, None), act, made, gone)
