"""The file of CUSTOMER_VIEW_SECRET_FILE: one secret a line, each with its version.

    1: mF3vX0...     a version from 1 up, and 32 bytes or more in base64url
    current: 1       the version that writes, where it is not the highest: until every process has the new one

No message holds a secret, or a part of one.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from adapters.crossref import HkdfSecrets
from schema.problems import ConfigurationError, Level, Problem

__all__ = ["load_secrets", "new_secret_line", "open_to_others"]

_LINE = re.compile(r"(?P<version>[1-9][0-9]{0,4}):\s*(?P<secret>[A-Za-z0-9_-]+)=*")
_CURRENT = re.compile(r"current:\s*(?P<version>[1-9][0-9]{0,4})")
_WANTED = "a line such as `1: <32 random bytes in base64url>`"
_MEND = "write a line with `customer-view secret`"
_FEWEST_BYTES = 32
_MOST_VERSION = 65_535
_MOST_FILE_BYTES = 65_536
_LIKE_A_SECRET = re.compile(r"[^/.]{40,}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_secrets(path: Path) -> HkdfSecrets:
    """Return the secrets in a file; empty lines and lines that start with # are passed over.

    Raises:
        ConfigurationError: It cannot be read, or holds no secret or a wrong line.
    """
    found: dict[int, bytes] = {}
    problems: list[Problem] = []
    current: dict[int, int] = {}  # line -> version
    for number, line in enumerate(_lines(path), start=1):
        named = _CURRENT.fullmatch(line)
        if named:
            current[number] = int(named["version"])
        elif line and not line.startswith("#"):
            problems.extend(_read(path, number, line, found))
    if not found and not problems:
        problems = [_problem(path, None, "no secret", _WANTED)]
    problems = problems or [*_check_current(path, current, found)]
    if problems:
        raise ConfigurationError(problems)
    return HkdfSecrets(found, next(iter(current.values()), None))


def open_to_others(path: Path) -> Iterator[Problem]:
    """Yield a note when others than its owner may use the file."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        mend = f"chmod 600 {path}"
        yield Problem(_place(path), None, f"the mode {mode:o}", "600: nobody but its owner reads it", mend, Level.NOTE)


def new_secret_line(version: int = 1) -> str:
    """Return a line with a fresh secret."""
    return f"{version}: {secrets.token_urlsafe(_FEWEST_BYTES)}"


def _lines(path: Path) -> list[str]:
    try:
        if path.exists() and not path.is_file():
            raise ConfigurationError([_problem(path, None, "a secret file that is no plain file", "a text file")])
        with path.open("rb") as opened:
            content = opened.read(_MOST_FILE_BYTES + 1)
        if len(content) > _MOST_FILE_BYTES:
            got = f"a secret file of more than {_MOST_FILE_BYTES} bytes"
            raise ConfigurationError([_problem(path, None, got, "a few lines")])
        return [line.strip() for line in content.decode("ascii").splitlines()]
    except PermissionError:
        got, wanted = "a secret file that may not be read", "one that the user who runs this may read"
        mend = "mend the rights to it and to its folder"
        raise ConfigurationError([Problem(_place(path), None, got, wanted, mend)]) from None
    except (OSError, ValueError) as error:
        got = f"a secret file that cannot be read ({type(error).__name__})"
        raise ConfigurationError([_problem(path, None, got, "a readable text file")]) from None


def _read(path: Path, number: int, line: str, found: dict[int, bytes]) -> Iterator[Problem]:
    parts = _LINE.fullmatch(line)
    if parts is None:
        yield _problem(path, number, "a line of another form", _WANTED)
        return
    version, secret = int(parts["version"]), _decoded(parts["secret"])
    if version > _MOST_VERSION:
        yield _problem(path, number, f"version {version}", f"a version from 1 to {_MOST_VERSION}")
    elif version in found:
        yield Problem(_place(path), number, f"version {version} a second time", "every version once", "remove one")
    elif secret is None:
        yield _problem(path, number, "a secret that is not base64url", _WANTED)
    elif len(secret) < _FEWEST_BYTES:
        yield _problem(path, number, f"a secret of {len(secret)} bytes", f"{_FEWEST_BYTES} random bytes or more")
    else:
        found[version] = secret


def _check_current(path: Path, current: Mapping[int, int], found: Mapping[int, bytes]) -> Iterator[Problem]:
    for place, (number, version) in enumerate(current.items()):
        if place:
            yield Problem(_place(path), number, "a current version a second time", "one at most", "remove one")
        elif version not in found:
            wanted = f"one of {sorted(found)}"
            yield Problem(_place(path), number, f"{version} as the current version", wanted, "correct it, or remove it")


def _decoded(secret: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    except binascii.Error:
        return None


def _problem(path: Path, line: int | None, got: str, wanted: str) -> Problem:
    return Problem(_place(path), line, got, wanted, _MEND)


def _place(path: Path) -> str:
    """Return the path, unless it looks as if the secret itself had been given in its stead."""
    text = str(path)
    return "the path that was given, which is not shown" if _LIKE_A_SECRET.fullmatch(text) else text
