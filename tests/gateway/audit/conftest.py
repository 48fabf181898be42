"""What tests of the audit share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.audit.books import Books


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """Return empty folders of an audit."""
    return Books.in_folder(tmp_path)
