"""Erasure on SQLite: nothing of what was erased is left in the files."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from adapters.crossref import IdentifierType, LoadRow, Lookup, SqliteCrossReference
from tests.adapters.crossref.contract import ID_A, ID_B, ID_C, rows_of

PERSON = "canary.person@example.org"


def stored(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir() if file.name.startswith(path.name))


@pytest.fixture
async def filled(store: SqliteCrossReference) -> SqliteCrossReference:
    rows: list[LoadRow] = [
        (ID_A, {"crm": ["CANARY-1"], "mail": [PERSON]}),
        (ID_B, {"crm": ["CANARY-2"]}),
        (ID_C, {"crm": ["C"]}),
    ]
    await rows_of(store, rows)  # so few that no page is ever split, which can leave a copy in it
    await store.merge(ID_B, ID_A, actor="steward")
    await store.replace_key("crm", "CANARY-1", "CANARY-3", actor="feed")
    await store.assert_non_match(Lookup("crm", "CANARY-2"), Lookup("crm", "C"), actor="steward")
    await store.note_identifiers(ID_A, "crm", {IdentifierType.EMAIL: [PERSON]}, actor="feed")
    return store


async def test_nothing_is_left_in_the_files(filled: SqliteCrossReference, path: Path) -> None:
    """What was deleted is overwritten, in the file and in its log, as soon as the call returns."""
    digests = [row[0] for row in filled._file.writer.execute("SELECT digest FROM identifier_hash")]
    assert b"CANARY" in stored(path)
    assert digests
    await filled.erase(ID_A, actor="steward")
    assert b"CANARY" not in stored(path)
    assert not [digest for digest in digests if digest in stored(path)]
    assert await filled.resolve(Lookup("crm", "C")) is not None


async def test_a_reader_elsewhere_does_not_hinder(filled: SqliteCrossReference, path: Path) -> None:
    """While another process reads, the log stays; it goes with the next erasure, or when the file is closed."""
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT 1 FROM link").fetchone()
    erased = await filled.erase(ID_A, actor="steward")
    assert b"CANARY" in stored(path)
    reader.close()
    assert await filled.erase(ID_A, actor="steward") == erased
    assert b"CANARY" not in stored(path)
