"""The README does what it says: its files are written and its commands run, in their order, as they are printed."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks
from tests.docs.shell import Shell, opened

README = ROOT / "README.md"
SHOWN = frozenset({"json", "text"})
_FIRST = "Your first source and view, in ten minutes"
ENVIRONMENT = Path(sys.prefix)

pytestmark = pytest.mark.processes


def below(heading: str) -> list[Block]:
    """Return the blocks of one section."""
    text = README.read_text("utf-8")
    start = text.index(f"\n## {heading}\n")
    end = text.find("\n## ", start + 1)
    lines = range(text.count("\n", 0, start), text.count("\n", 0, end))
    return [block for block in blocks(README) if block.line in lines]


def is_make(block: Block) -> bool:
    return block.language == "sh" and all(line.startswith("make ") for line in block.text.splitlines())


def is_like(wanted: str, got: str) -> bool:
    """Return whether a text is as wanted, where `...` stands for anything; blanks at the ends of lines say nothing."""
    unpadded = "".join(f"{line.rstrip()}\n" for line in got.strip().splitlines())
    return doctest.OutputChecker().check_output(wanted, unpadded, doctest.ELLIPSIS)


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder that looks, to the README's commands, like a checkout in which `make setup` was run."""
    assert (ENVIRONMENT / "bin" / "customer-view").exists(), "the product is not installed here; run: make setup"
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / ".venv").symlink_to(ENVIRONMENT)
    return folder


def follow(shell: Shell, folder: Path, steps: Iterable[Block]) -> None:
    """Do what each block says: write it to the file that it names, run it, or compare it with what was printed."""
    printed = ""
    for block in steps:
        if block.file is not None:
            (folder / block.file).write_text(block.text, "utf-8")
        elif block.language in SHOWN:
            assert is_like(block.text, printed) or block.text.strip() in shell.errors(), (
                f"{block.place} shows:\n{block.text}\nThis was printed:\n{printed}\n{shell.errors()}"
            )
        elif not is_make(block):
            assert block.language == "sh", f"{block.place} is {block.language} without a file name in its first line"
            printed = shell.run(block.text)


def test_a_newcomer_gets_from_nothing_to_an_own_source_and_view(checkout: Path, tmp_path: Path) -> None:
    """Every file and every command of the ten minutes, as printed; only the ports are others, by their variables.

    At the end nothing runs any more: the shell waits for its jobs.
    """
    steps = below(_FIRST)
    assert sum(block.file is not None for block in steps) == 4
    ports = {"CRM_PORT": free_port(), "CUSTOMER_VIEW_PORT": free_port()}
    with opened(checkout, ports, tmp_path / "errors.log") as shell:
        follow(shell, tmp_path / "first-view", steps)
        shell.run("wait || true")


def test_the_demo_prints_what_the_readme_shows_of_it() -> None:
    """Each line of an excerpt is a line of the demo, in this order, but for times, ids and widths."""
    excerpts = [block for block in blocks(README) if block.language == "text" and block.line < below_line(_FIRST)]
    assert len(excerpts) == 4
    command = [sys.executable, "-m", "gateway.cli", "demo", "--once", "--port", "0"]
    environment = {**os.environ, "COLUMNS": "100"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, cwd=ROOT, env=environment)
    for block in excerpts:
        rest = iter(map(narrow, done.stdout.splitlines()))
        for line in block.text.splitlines():
            form = re.compile(r"\S+".join(map(re.escape, narrow(line).split("..."))))
            assert any(map(form.fullmatch, rest)), f"the demo does not print, or not here: {line}\n{done.stdout}"


def below_line(heading: str) -> int:
    """Return the line of a section's heading."""
    text = README.read_text("utf-8")
    return text.count("\n", 0, text.index(f"\n## {heading}\n"))


def narrow(line: str) -> str:
    """Return the line with one blank for several: how wide a column is depends on the times in it."""
    return " ".join(line.split())


def test_every_make_target_that_the_pages_name_exists() -> None:
    """A command that sets up is not run here; that it exists is read from the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in (README, ROOT / "CONTRIBUTING.md"):
        named = [line.split() for block in blocks(page) if is_make(block) for line in block.text.splitlines()]
        assert named
        assert {word for _, *words in named for word in words} <= targets


def test_bash_and_curl_are_here() -> None:
    """What the README's reader has, its test needs too."""
    assert shutil.which("bash")
    assert shutil.which("curl")
