"""The copy of a program that no longer insists on a newer C library."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.bench.peers import glibc
from tests.bench.peers.glibc import relax_glibc


@pytest.fixture(scope="module")
def program() -> bytes:
    """A program of this machine that is linked with glibc."""
    path = Path(shutil.which("env") or "").resolve()
    content = path.read_bytes() if path.is_file() else b""
    if not content.startswith(b"\x7fELF\x02\x01") or b"GLIBC_2.34" not in content:
        pytest.skip("needs a 64-bit ELF program that is linked with glibc 2.34 or newer")
    return content


def test_a_program_that_needs_nothing_newer_stays_as_it_is(program: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte for byte."""
    monkeypatch.setattr(glibc, "_NEWEST", 99)
    assert relax_glibc(program) == program


def test_only_versions_and_their_symbols_are_changed(
    program: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A few bytes, none of them code; and the program still has every version's name."""
    monkeypatch.setattr(glibc, "_NEWEST", 33)
    relaxed = relax_glibc(program)
    changed = sum(before != after for before, after in zip(program, relaxed, strict=True))
    assert 0 < changed < 64
    assert relaxed.count(b"GLIBC_2.34") == program.count(b"GLIBC_2.34")
    assert relax_glibc(relaxed) == relaxed
