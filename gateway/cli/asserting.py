"""Makes keys and assertions for trying out."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from gateway.command_error import CommandError
from gateway.signatures import ALGORITHMS, PrivateKey, UnusableKeyError
from gateway.verification.claims import read_claims
from gateway.verification.faults import FaultyError
from gateway.verification.signing import Asserted, load_signing_key, sign_claims, write_signing_key
from schema.verification import Level

__all__ = ["Told", "make_key", "print_assertion"]

_LEVELS = {str(level): level for level in Level if level}
_LONGEST_LINE = 4_096


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be asserted, as it was typed."""

    customer: str = field(repr=False)
    issuer: str
    audience: str
    client: str
    interaction: str
    level: str
    methods: tuple[str, ...]
    seconds: int
    ago: int


def make_key(file: Path, kid: str, algorithm: str) -> None:
    """Write a fresh key to a file, and print the key set with its public half.

    Raises:
        CommandError: There is no such algorithm, the name is none, or the file cannot be made.
    """
    if algorithm not in ALGORITHMS:
        raise CommandError(f"got the algorithm {algorithm!r}; wanted one of: {', '.join(ALGORITHMS)}")
    try:
        key = PrivateKey.generate(algorithm, kid)
    except UnusableKeyError as error:
        raise CommandError(f"the key would be one {error}: give another --kid") from None
    write_signing_key(key, file)
    print(json.dumps({"keys": [key.public]}, indent=2))


def print_assertion(file: Path, told: Told) -> None:
    """Print the token that asserts what was told, with the key of a file.

    Raises:
        CommandError: The key cannot be read, or something is no claim that any gateway would take.
    """
    if told.level not in _LEVELS:
        raise CommandError(f"got the level {told.level!r}; wanted one of: {', '.join(_LEVELS)}")
    source, key = _customer(told.customer)
    now = int(time.time())
    claims = Asserted(
        issuer=told.issuer,
        audience=told.audience,
        client=told.client,
        interaction=told.interaction,
        source=source,
        key=key,
        level=_LEVELS[told.level],
        methods=told.methods,
        verified_at=now - told.ago,
        issued_at=now,
        seconds=told.seconds,
    ).claims
    try:
        read_claims(claims)
    except FaultyError:
        wanted = "names and references of visible ASCII characters, methods such as otp, and a customer"
        raise CommandError(f"got something that no gateway takes; wanted {wanted}") from None
    print(sign_claims(claims, load_signing_key(file)))


def _customer(told: str) -> tuple[str | None, str]:
    source, separator, key = told.partition("=")
    if not separator:
        return None, told
    return source, sys.stdin.readline(_LONGEST_LINE).rstrip("\n") if key == "-" else key
