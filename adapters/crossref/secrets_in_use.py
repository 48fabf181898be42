"""Whether the secrets at hand are those that live keys are sealed with: asked when opening, ahead of every look-up."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from adapters.crossref.database import Connection
from adapters.crossref.errors import SecretError
from adapters.crossref.ledger import read_sources
from adapters.crossref.sealing import Keyring
from adapters.crossref.sources import KeyMode, SourceSystem

__all__ = ["check_secrets"]

_FORM = re.compile(r"v(?P<version>[1-9][0-9]{0,4}):")

_NEXT = (
    "SELECT key_lookup, key_sealed FROM link INDEXED BY link_current_key "
    "WHERE tenant_id = ? AND source_id = ? AND key_lookup >= ? AND valid_to IS NULL ORDER BY key_lookup LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class _Sample:
    """One of the live links that a version sealed."""

    source: SourceSystem
    version: int
    sealed: bytes = field(repr=False)


async def check_secrets(connection: Connection, tenant: str, keyring: Keyring) -> None:
    """Raise SecretError unless every version that sealed a live key is at hand, and is the secret that it was.

    A look-up goes by the versions at hand: without one, its customers would be unknown. One key of each version and
    source is opened.
    """
    sources = (await read_sources(connection, tenant)).values()
    sealed = [source for source in sources if source.key_mode is KeyMode.SEALED]
    for source in sealed:
        keyring.check(source)
    samples = [sample for source in sealed for sample in await _samples(connection, tenant, source)]
    if samples:
        keyring.check_versions(sample.version for sample in samples)
    for sample in samples:
        _open(keyring, sample)


async def _samples(connection: Connection, tenant: str, source: SourceSystem) -> list[_Sample]:
    # One step into the index a version, however many links there are.
    samples, start = [], ""
    while row := await connection.fetch_one(_NEXT, tenant, source.name, start):
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
