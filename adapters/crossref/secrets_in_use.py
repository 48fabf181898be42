"""Whether the secrets at hand are those that keys in use are sealed with: asked when opening, before any look-up, and
again when another process has written with one that is not at hand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from adapters.crossref.database import Connection
from adapters.crossref.errors import SecretError
from adapters.crossref.identifiers.digests import check_digests, read_marks
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.keys.sources import KeyMode, SourceSystem
from adapters.crossref.ledger import read_sources

__all__ = ["check_secrets", "check_written"]

_FORM = re.compile(r"v(?P<version>[1-9][0-9]{0,4}):")

_NEXT = (
    "SELECT key_lookup, key_sealed FROM link INDEXED BY link_current_key "
    "WHERE tenant_id = ? AND source_id = ? AND key_lookup >= ? AND valid_to IS NULL ORDER BY key_lookup LIMIT 1",
    "SELECT key_a, sealed_a FROM non_match WHERE tenant_id = ? AND source_a = ? AND key_a >= ? ORDER BY key_a LIMIT 1",
    "SELECT key_b, sealed_b FROM non_match WHERE tenant_id = ? AND source_b = ? AND key_b >= ? ORDER BY key_b LIMIT 1",
)
"""The next sealed key of a source: one that is linked, and one of either side of a non-match."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """One of the keys in use that a version sealed."""

    source: SourceSystem
    version: int
    sealed: bytes = field(repr=False)


async def check_secrets(connection: Connection, tenant: str, keyring: Keyring) -> None:
    """Raise SecretError unless every version that sealed a key in use is at hand, and is the secret that it was.

    A look-up goes by the versions at hand: without one, its customers would be unknown, and keys that must stay apart
    could come together. One key of each version and source is opened. The versions with which identifiers were digested
    have to be at hand too, and none may be newer than all at hand with which another process has written.
    """
    sources = (await read_sources(connection, tenant)).values()
    sealed = [source for source in sources if source.key_mode is KeyMode.SEALED]
    for source in sealed:
        keyring.check(source)
    samples = [
        sample for source in sealed for some in _NEXT for sample in await _samples(connection, tenant, source, some)
    ]
    if samples:
        keyring.check_versions(sample.version for sample in samples)
    for sample in samples:
        _open(keyring, sample)
    await check_digests(connection, tenant, keyring)
    keyring.lacking(await read_marks(connection, tenant))


async def check_written(connection: Connection, tenant: str, keyring: Keyring) -> None:
    """Raise SecretError as `check_secrets` does, which is asked only when the tenant was written with a secret that is
    not at hand."""
    if keyring.lacking(await read_marks(connection, tenant)):
        await check_secrets(connection, tenant, keyring)


async def _samples(connection: Connection, tenant: str, source: SourceSystem, statement: str) -> list[_Sample]:
    # One step into the index a version, however many links there are.
    samples, start = [], ""
    while row := await connection.fetch_one(statement, tenant, source.name, start):
        form = _FORM.match(row[0])
        if form is None:
            raise SecretError(
                f"got a sealed key of {source.name} without a version; wanted v1: and so on: restore a backup"
            )
        samples.append(_Sample(source, int(form["version"]), row[1] or b""))
        start = f"{form[0][:-1]};"  # what comes after the colon
    return samples


def _open(keyring: Keyring, sample: _Sample) -> None:
    try:
        keyring.unseal(sample.source, "key", sample.sealed)
    except SecretError:
        raise SecretError(
            f"got another secret of version {sample.version} than the one that sealed the keys of "
            f"{sample.source.name}; wanted that one: give it back under its version, and a new one under a new version"
        ) from None
