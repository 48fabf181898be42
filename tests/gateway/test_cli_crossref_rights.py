"""What a user without the right to a file is told: one line, and how to mend it."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.crossref import StoreError
from adapters.crossref.trying import try_crossref
from gateway.checking import _unusable
from tests.gateway.cli_crossref import make_place

NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody can reach, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@contextmanager
def another_user(folder: Path, mode: int) -> Iterator[None]:
    """Act for a user who has these rights to the folder; root would have all of them."""
    is_root = os.geteuid() == 0
    folder.chmod(mode)
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.mark.parametrize("words", [("sources",), ("register", "crm"), ("upgrade",), ("link", "crm", "C-1")])
@pytest.mark.parametrize(
    "mode", [pytest.param(0o000, id="may not be entered"), pytest.param(0o555, id="may not be written")]
)
def test_a_folder_without_rights_is_told_in_one_line(folder: Path, words: tuple[str, ...], mode: int) -> None:
    """With what was wanted and how to mend it, and the exit code of wrong use."""
    place = make_place(folder)
    place.path.chmod(0o444)
    assert place.run("sources").code == 0
    with another_user(folder, mode):
        ran = place.run(*words, "--actor", "ops") if words[0] in ("register", "link") else place.run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("customer-view: ")
    assert ran.err.count("\n") == 1
    assert "right" in ran.err


def test_a_file_to_load_without_rights_is_told_in_one_line(folder: Path) -> None:
    """Its bookmark is made of what stands in it; so it is for a folder of the list of what was left out."""
    place, closed = make_place(folder), folder / "closed"
    closed.mkdir()
    file = folder / "rows.csv"
    file.write_text("crm\nC-1\n")
    place.path.chmod(0o666)
    assert place.run("load", str(file)).code == 0
    file.chmod(0o000)
    closed.chmod(0o000)
    with another_user(folder, 0o777):
        for words in ((str(file),), ("-", "--conflicts", str(closed / "below" / "list.csv"))):
            ran = place.run("load", *words, "--actor", "ops", stdin="crm\nC-2\n")
            assert (ran.code, ran.out) == (2, "")
            assert (ran.err.count("\n"), "(PermissionError)" in ran.err) == (1, True), ran.err


def test_trying_and_checking_a_folder_without_rights_say_so(folder: Path) -> None:
    """As the commands do."""
    file = make_place(folder).path
    with another_user(folder, 0o000):
        with pytest.raises(StoreError, match="got no right to the file of the cross-reference"):
            asyncio.run(try_crossref(f"sqlite:///{file}"))
        assert _unusable(file) == "which cannot be reached (PermissionError: mend the rights to it and to its folder)"
