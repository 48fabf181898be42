"""The file of CUSTOMER_VIEW_SECRET_FILE: one secret a line, each with its version.

1: mF3vX0...     a version from 1 up, and 32 bytes or more in base64url; the highest version is the current one
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from pathlib import Path

from adapters.crossref import HkdfSecrets, SecretError
from schema.problems import ConfigurationError, Problem

__all__ = ["load_secrets", "new_secret_line"]

_LINE = re.compile(r"(?P<version>[1-9][0-9]{0,4}):\s*(?P<secret>[A-Za-z0-9_-]+=*)")
_WANTED = "a line such as `1: <32 random bytes in base64url>`"
_MEND = "write a line with `customer-view secret`"


def load_secrets(path: Path) -> HkdfSecrets:
    """Return the secrets in a file; empty lines and lines that start with # are passed over.

    Raises:
        ConfigurationError: It cannot be read or a line is wrong. No message holds a secret.
    """
    try:
        lines = path.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        got = f"a secret file that cannot be read ({type(error).__name__})"
        raise ConfigurationError([Problem(str(path), None, got, "a readable text file", _MEND)]) from None
    found: dict[int, bytes] = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("#"):
            problems.extend(_read(path, number, line.strip(), found))
    if not problems:
        try:
            return HkdfSecrets(found)
        except SecretError:
            problems = [Problem(str(path), None, f"{len(found)} secrets, or one under 32 bytes", _WANTED, _MEND)]
    raise ConfigurationError(problems)


def _read(path: Path, number: int, line: str, found: dict[int, bytes]) -> list[Problem]:
    parts = _LINE.fullmatch(line)
    if parts is None:
        return [Problem(str(path), number, "a line of another form", _WANTED, _MEND)]
    version = int(parts["version"])
    if version in found:
        return [Problem(str(path), number, f"version {version} a second time", "every version once", "remove one")]
    try:
        found[version] = base64.urlsafe_b64decode(
            parts["secret"].rstrip("=") + "=" * (-len(parts["secret"].rstrip("=")) % 4)
        )
    except binascii.Error:
        return [Problem(str(path), number, "a secret that is not base64url", _WANTED, _MEND)]
    return []


def new_secret_line(version: int = 1) -> str:
    """Return a line with a fresh secret."""
    return f"{version}: {secrets.token_urlsafe(32)}"
