"""Files of the keys that verify assertions: JSON Web Key Sets (RFC 7517, section 5), with public keys alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gateway.signatures import PublicKey, UnusableKeyError
from gateway.strict_json import read_strictly
from schema.problems import ConfigurationError, Problem

__all__ = ["read_key_set"]

_MOST_BYTES = 262_144
_MOST_KEYS = 100
_WANTED = 'a JSON Web Key Set: {"keys": [...]} with 1 to 100 public keys, each with a kid of its own'
_MEND = "have the issuer's key set written there, as its jwks_uri serves it"


def read_key_set(path: Path) -> Mapping[str, PublicKey]:
    """Return the keys of a file by their `kid`.

    Raises:
        ConfigurationError: It cannot be read, or one of its keys can verify nothing; all problems are in it.
    """
    found: dict[str, PublicKey] = {}
    problems: list[Problem] = []
    for place, members in enumerate(_listed(path), start=1):
        problems.extend(_take(path, place, members, found))
    if problems:
        raise ConfigurationError(problems)
    return MappingProxyType(found)


def _take(path: Path, place: int, members: object, found: dict[str, PublicKey]) -> Iterator[Problem]:
    where = f"keys[{place}]"
    try:
        key = PublicKey.of(members if isinstance(members, dict) else {})
    except UnusableKeyError as error:
        yield Problem(str(path), None, f"a key {error} ({where})", "a public key for signatures", "leave it out")
        return
    if key.kid in found:
        got = f"the kid of another key again ({where})"
        yield Problem(str(path), None, got, "every kid once", "leave one of the keys out")
    found[key.kid] = key


def _listed(path: Path) -> list[Any]:
    members = _json(path)
    keys = members.get("keys") if isinstance(members, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= _MOST_KEYS:
        raise _refused(path, "JSON that is no key set")
    return keys


def _json(path: Path) -> object:
    try:
        with path.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise _refused(path, f"a file of more than {_MOST_BYTES} bytes")
        return read_strictly(content)
    except OSError as error:
        raise _refused(path, f"no readable file ({type(error).__name__})") from None
    except ValueError:  # its text may hold a key
        raise _refused(path, "a file that is no JSON in UTF-8, or has a member twice") from None


def _refused(path: Path, got: str) -> ConfigurationError:
    return ConfigurationError([Problem(str(path), None, got, _WANTED, _MEND)])
