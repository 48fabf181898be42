"""The URLs of cross-references, looked at before they are opened. Nothing of one is shown but its scheme, for it may
hold a password."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from adapters.crossref.connecting import database_path
from adapters.crossref.errors import StoreError

__all__ = ["URLS", "check_url", "file_of", "url_fault"]

URLS = "sqlite:/// and the path of a file, or postgresql://user:password@host/database"

_SCHEME = re.compile(r"(?!sqlite:)[a-z][a-z0-9+.-]{0,30}://", re.ASCII | re.IGNORECASE)
_POSTGRES = ("postgresql://", "postgres://")


def url_fault(url: str) -> str | None:
    """Return what is wrong with the URL of a cross-reference, None when it can be one."""
    if url.startswith(_POSTGRES):
        return _postgres_fault(url)
    try:
        database_path(url)
    except StoreError:
        scheme = _SCHEME.match(url)
        return f"a cross-reference of the kind {scheme[0]}" if scheme else "a cross-reference without a file"
    return None


def file_of(url: str) -> Path | None:
    """Return the file of SQLite, None for a database of PostgreSQL. Raises StoreError when the URL can be neither."""
    fault = url_fault(url)
    if fault:
        raise StoreError(f"got {fault}; wanted {URLS}: correct it")
    return None if url.startswith(_POSTGRES) else database_path(url)


def check_url(url: str) -> None:
    """Raise StoreError when this cannot be the URL of a PostgreSQL database."""
    fault = _postgres_fault(url) if url.startswith(_POSTGRES) else "what is no URL of PostgreSQL"
    if fault:
        raise StoreError(f"got {fault}; wanted postgresql://user:password@host/database: correct it")


def _postgres_fault(url: str) -> str | None:
    if not url.isprintable() or " " in url:
        return "a URL with blanks or control characters; encode them: a blank is %20"
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
        is_whole = parts.netloc.count("@") < 2 and not parts.fragment
        _ = parts.port if "," not in parts.netloc else None  # several hosts are left to the driver
    except ValueError:
        is_whole = False
    if not is_whole:
        return "a URL that cannot be taken apart; encode what stands in a password: @ : / ? # are %40 %3A %2F %3F %23"
    if not parts.path.strip("/") and not options.keys() & {"database", "dbname"}:
        return "a URL of PostgreSQL without a database"
    return None if parts.hostname or "host" in options else "a URL of PostgreSQL without a host"
