"""Digests of identifiers, and under which versions of the secret they were made.

A digest is the HMAC-SHA-256 of the normal form under a key that differs for each tenant, type and version. When a
secret is lost before all identifiers were seen again, a digest is wrapped: the HMAC of it under a newer version takes
its place, which whoever has the lost secret alone cannot compute.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from adapters.crossref.database import Connection, Row
from adapters.crossref.errors import SecretError
from adapters.crossref.keys.sealing import Keyring
from schema.identifiers import IdentifierType

__all__ = ["Recipe", "all_recipes", "check_digests", "digest_of", "digest_text", "read_marks", "recipes_at_hand"]
__all__ += ["wrapped"]

_NEXT = (
    "SELECT key_version FROM identifier_hash WHERE tenant_id = ? AND id_type = ? AND key_version > ? "
    "ORDER BY key_version LIMIT 1"
)

_WRITTEN = (
    "SELECT v.key_version, v.made_with, t.secret_marks FROM tenant AS t "
    "LEFT JOIN identifier_version AS v ON v.tenant_id = t.tenant_id WHERE t.tenant_id = ? ORDER BY v.key_version"
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a digest was made: under the first version of the secret, and wrapped under each that follows.

    `number` is what the table has for it as `key_version`: the version itself, or for one that was wrapped a number
    above all versions.
    """

    number: int
    versions: tuple[int, ...]


def digest_of(keyring: Keyring, kind: IdentifierType, form: str, recipe: Recipe) -> bytes:
    """Return the digest of an identifier in normal form; raises SecretError when a version is not at hand."""
    content = form.encode()
    for version in recipe.versions:
        content = wrapped(keyring, kind, content, version)
    return content


def wrapped(keyring: Keyring, kind: IdentifierType, content: bytes, version: int) -> bytes:
    """Return the HMAC of a digest, or of what is to be one, under this version of the secret."""
    return keyring.hmac("identifier", kind, version, content)


def digest_text(digest: bytes) -> str:
    """Return a digest as the text that an event commits to: base64url without padding."""
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def recipes_at_hand(connection: Connection, tenant: str, keyring: Keyring) -> Sequence[Recipe]:
    """Return the recipes of which every secret is at hand, that of new digests first.

    Raises SecretError when there is no secret at all, when another process has written with a newer one than those at
    hand, and when digests are in use of which the secret is not at hand.
    """
    versions = keyring.versions
    if not versions:
        raise SecretError(
            "identifiers are kept as digests and no secret was given; open the cross-reference with secrets="
        )
    rows = await connection.fetch(_WRITTEN, tenant)
    if rows and keyring.lacking(json.loads(rows[0][2])):
        await check_digests(connection, tenant, keyring)
    every = _recipes(versions, (row for row in rows if row[0] is not None))
    return [one for one in every if {*one.versions} <= {*versions}]


async def all_recipes(connection: Connection, tenant: str, versions: Sequence[int]) -> list[Recipe]:
    """Return the recipes of these versions and of all that was wrapped."""
    rows = await connection.fetch(
        "SELECT key_version, made_with FROM identifier_version WHERE tenant_id = ? ORDER BY key_version", tenant
    )
    return _recipes(versions, rows)


def _recipes(versions: Sequence[int], rows: Iterable[Row]) -> list[Recipe]:
    plain = [Recipe(version, (version,)) for version in versions]
    return [*plain, *(Recipe(row[0], tuple(json.loads(row[1]))) for row in rows)]


async def check_digests(connection: Connection, tenant: str, keyring: Keyring) -> None:
    """Raise SecretError unless every version is at hand with which digests were made, and is the secret that it was.

    Without one, customers would silently be unknown by their identifiers.
    """
    used = await _in_use(connection, tenant)
    if not used:
        return
    versions = {*keyring.versions}
    missing = sorted(used - versions)
    if missing:
        raise SecretError(
            f"got secrets of the versions {sorted(versions)}; wanted also {missing}, with which identifiers were "
            "digested: give them back beside the others, and retire a version before its secret goes"
        )
    marks = await read_marks(connection, tenant)
    for version in sorted(used):
        if marks.get(str(version), keyring.mark(version)) != keyring.mark(version):
            raise SecretError(
                f"got another secret of version {version} than the one with which identifiers were digested; wanted "
                "that one: give it back under its version, and a new one under a new version"
            )


async def read_marks(connection: Connection, tenant: str) -> Mapping[str, str]:
    """Return the versions of the secret with which the tenant was written, and the mark of each."""
    row = await connection.fetch_one("SELECT secret_marks FROM tenant WHERE tenant_id = ?", tenant)
    marks: Mapping[str, str] = json.loads(row[0]) if row else {}
    return marks


async def _in_use(connection: Connection, tenant: str) -> set[int]:
    """Return the versions with which digests were made, or wrapped."""
    numbers = {number for kind in IdentifierType for number in await _numbers(connection, tenant, kind)}
    known = {one.number: one.versions for one in await all_recipes(connection, tenant, ())} if numbers else {}
    return {version for number in numbers for version in known.get(number, (number,))}


async def _numbers(connection: Connection, tenant: str, kind: IdentifierType) -> list[int]:
    # one step into the index a number, however many digests there are
    numbers, last = list[int](), 0
    while row := await connection.fetch_one(_NEXT, tenant, kind, last):
        last = row[0]
        numbers.append(last)
    return numbers
