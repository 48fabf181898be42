"""The claims of an assertion (RFC 7519, and `acr`, `amr`, `auth_time` of OpenID Connect), each of its exact form.

    iss, aud, iat, exp, jti    as ever; nbf too, where it stands
    auth_time, acr, amr        when the customer was verified, to which level ("V2"), and by what (["otp"])
    customer                   {"id": "cus_..."} or {"crm": "C-000009"}: who, as a look-up names it
    interaction                the interaction in which it was, and in which alone it holds
    client                     the consumer that it is for
    acting_for                 for whom somebody else acts, where that is so: a reference

Claims of other names are passed over, as RFC 7519 has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gateway.references import is_reference, read_customer
from gateway.verification.faults import Fault, FaultyError
from schema.verification import Level

__all__ = ["Claims", "read_claims"]

_NAME = re.compile(r"[!-~]{1,200}")
_METHOD = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_LEVELS = {str(level): level for level in Level if level > Level.V0}
_MOST_ENTRIES = 10
_LATEST = 2**40

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Claims:
    """What an assertion claims. Times are in seconds since 1970; `source` is None where the customer's id is given."""

    issuer: str
    audience: tuple[str, ...]
    issued_at: int
    not_before: int
    expires_at: int
    verified_at: int
    level: Level
    methods: tuple[str, ...]
    source: str | None
    key: str = field(repr=False)
    interaction: str
    client: str
    acting_for: str | None = field(repr=False)


def read_claims(given: Mapping[str, Any]) -> Claims:
    """Return the claims of a token.

    Raises:
        FaultyError: CLAIM: one is missing or of another form.
    """
    _read(given, "jti", _reference)
    source, key = _read(given, "customer", read_customer)
    issued_at = _read(given, "iat", _time)
    return Claims(
        issuer=_read(given, "iss", _name),
        audience=_read(given, "aud", _audience),
        issued_at=issued_at,
        not_before=_read(given, "nbf", _time) if "nbf" in given else issued_at,
        expires_at=_read(given, "exp", _time),
        verified_at=_read(given, "auth_time", _time),
        level=_read(given, "acr", _level),
        methods=_read(given, "amr", _methods),
        source=source,
        key=key,
        interaction=_read(given, "interaction", _reference),
        client=_read(given, "client", _name),
        acting_for=_read(given, "acting_for", _reference) if "acting_for" in given else None,
    )


def _read(given: Mapping[str, Any], name: str, read: Callable[[Any], _T | None]) -> _T:
    found = read(given.get(name))
    if found is None:
        raise FaultyError(Fault.CLAIM)
    return found


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None


def _reference(value: object) -> str | None:
    return value if isinstance(value, str) and is_reference(value) else None


def _audience(value: object) -> tuple[str, ...] | None:
    """One, or a list of some."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_ENTRIES:
        return None
    return tuple(value) if all(_name(one) for one in value) else None


def _time(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _LATEST else None  # True is no time


def _level(value: object) -> Level | None:
    return _LEVELS.get(value) if isinstance(value, str) else None


def _methods(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_ENTRIES:
        return None
    if not all(isinstance(one, str) and _METHOD.fullmatch(one) for one in value) or len(set(value)) < len(value):
        return None
    return tuple(value)
