"""Makes keys and assertions for trying out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.crossref.ids import is_customer_id
from gateway.cli.pretending_verifier import SANDBOX_ISSUER, sandbox_key
from gateway.cli.weighing import Trusted, weighed
from gateway.command_error import CommandError
from gateway.references import REFERENCE_FORM
from gateway.settings import Settings
from gateway.signatures import ALGORITHMS, PrivateKey, UnusableKeyError
from gateway.terminal import open_console
from gateway.verification import load_verifiers
from gateway.verification.claims import read_claims
from gateway.verification.faults import FaultyError
from gateway.verification.signing import Asserted, load_signing_key, sign_claims, write_signing_key
from schema.verification import METHODS, Level

__all__ = ["Told", "make_key", "print_assertion"]

_LEVELS = {str(level): level for level in Level if level}
_USUAL = {Level.V1: ("user",), Level.V2: ("otp",), Level.V3: ("otp", "kba")}
"""By what a customer is verified to each level, where nothing else is said."""

_LONGEST_LINE = 4_096
_NAME = "1 to 200 visible ASCII characters"
_CLAIMS: Mapping[str, tuple[str, str]] = {
    "--issuer": ("iss", f"{_NAME}, as verifiers.yaml names it"),
    "--audience": ("aud", f"{_NAME}, as verifiers.yaml names it"),
    "--client": ("client", f"{_NAME}, as consumers.yaml names it"),
    "--interaction": ("interaction", f"{REFERENCE_FORM}, as extensions.situation tells it"),
    "--customer": ("customer", "the customer's id, or SOURCE=KEY such as crm=C-000009"),
    "--method": ("amr", "each method once, ten at most"),
    "--ago": ("auth_time", "seconds, back to 1970 at most"),
}
_NO_ID = (
    "--customer names no source, so it is taken for the customer's id, and no id has this form: 32 hex digits, a UUID "
    "or a ULID, with a short prefix if wanted. Of a source's key write SOURCE=KEY, such as crm=C-000009."
)
_SOUND: Mapping[str, Any] = Asserted("i", "a", "c", "1", None, "1", Level.V1, ("user",), 1, 1).claims
"""Claims that any gateway can read, to see which one of others cannot be."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be asserted, as it was typed; `level`'s usual methods where there are none."""

    customer: str = field(repr=False)
    issuer: str | None
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
    _note(f"{file} signs: keep it to yourself. What was printed verifies: put it where jwks in verifiers.yaml says.")


def print_assertion(file: Path | None, told: Told, verifiers: Path | None) -> None:
    """Print the token that asserts what was told, with the key of a file, or without one with the sandbox's.

    What a gateway would not take, or count for less than it says, is told on standard error: by the file `verifiers`,
    or the one of the settings.

    Raises:
        CommandError: The key cannot be read, or something is no claim that any gateway would take.
        ConfigurationError: The verifiers' file is wrong.
    """
    issuer = told.issuer or (SANDBOX_ISSUER if file is None else None)
    if issuer is None:
        raise CommandError("Who asserts it? Give --issuer, as verifiers.yaml names it")
    asserted = _asserted(told, issuer)
    claims = asserted.claims
    _check(claims)
    key = sandbox_key() if file is None else load_signing_key(file)
    token = sign_claims(claims, key)
    if file is not None and asserted.source is None and not is_customer_id(asserted.key):
        _note(_NO_ID)
    for line in weighed(asserted, token, key, _trusted(file, verifiers)):
        _note(line)
    print(token)


def _asserted(told: Told, issuer: str) -> Asserted:
    if told.level not in _LEVELS:
        raise CommandError(f"got the level {told.level!r}; wanted one of: {', '.join(_LEVELS)}")
    level, now = _LEVELS[told.level], int(time.time())
    source, key = _customer(told.customer)
    return Asserted(
        issuer=issuer,
        audience=told.audience,
        client=told.client,
        interaction=told.interaction,
        source=source,
        key=key,
        level=level,
        methods=_known(told.methods) or _USUAL[level],
        verified_at=now - told.ago,
        issued_at=now,
        seconds=told.seconds,
    )


def _known(methods: Sequence[str]) -> Sequence[str]:
    for method in methods:
        if method not in METHODS:
            known = ", ".join(METHODS)
            raise CommandError(f"got the method {method!r}, which no gateway counts; wanted some of: {known}")
    return methods


def _check(claims: Mapping[str, Any]) -> None:
    wrong = [f"{option} is none that a gateway takes; wanted {wanted}" for option, wanted in _unreadable(claims)]
    if wrong:
        raise CommandError(". ".join(wrong))


def _unreadable(claims: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the options of which a claim cannot be read, and what is wanted."""
    for option, (name, wanted) in _CLAIMS.items():
        try:
            read_claims({**_SOUND, name: claims[name]})
        except FaultyError:
            yield option, wanted


def _customer(told: str) -> tuple[str | None, str]:
    source, separator, key = told.partition("=")
    given = key if separator else told
    if given == "-":
        given = sys.stdin.readline(_LONGEST_LINE).rstrip("\n")
    return (source if separator else None), given


def _trusted(file: Path | None, verifiers: Path | None) -> Trusted | None:
    """Return whose word the gateway takes; None where that is not known, or goes without saying: in a sandbox."""
    named = verifiers or (None if file is None else Settings.from_environment().verifiers)
    return None if named is None else Trusted(named, load_verifiers(named))


def _note(text: str) -> None:
    open_console(stderr=True).print(f"Note: {text}", soft_wrap=True)
