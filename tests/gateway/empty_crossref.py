"""Cross-references of nobody, as files that are copied: to make the tables takes longer than most tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.crossref import SqliteCrossReference

__all__ = ["make_crossref"]


def make_crossref(folder: Path) -> Path:
    """Put `crossref.db` into a folder where there is none yet, and return its path."""
    path = folder / "crossref.db"
    if not path.exists():
        path.write_bytes(_empty())
    return path


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as name:
        SqliteCrossReference.open(Path(name) / "crossref.db").close()
        return (Path(name) / "crossref.db").read_bytes()
