"""What tests of the audit share."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.crossref import HkdfSecrets
from gateway.audit import AuditKeys
from tests.gateway.audit.books import DAY, NOON, Books


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """Return empty folders of an audit."""
    return Books.in_folder(tmp_path)


@pytest.fixture
def kept(books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Books:
    """Books of which the environment knows, with a cross-reference of two customers."""
    secrets = tmp_path / "secrets.txt"
    secrets.write_text(f"1: {'A' * 43}\n")
    secrets.chmod(0o600)
    books.keys = AuditKeys.of(HkdfSecrets({1: bytes(32)}))
    for name, value in (
        ("SECRET_FILE", secrets),
        ("AUDIT", books.folder),
        ("AUDIT_ANCHORS", books.anchors),
        ("CROSSREF", f"sqlite:///{tmp_path / 'crossref.db'}"),
    ):
        monkeypatch.setenv(f"CUSTOMER_VIEW_{name}", str(value))
    monkeypatch.setenv("COLUMNS", "160")
    clock = count(NOON - 30 * DAY)  # what is asked was asked before all that is told here
    monkeypatch.setattr("gateway.cli.audit_who_saw.time", SimpleNamespace(time=lambda: next(clock)))
    return books
