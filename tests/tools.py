"""Programs that are not Python and that some tests need: Node with the packages of tests/node, and a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

__all__ = ["NODE_FOLDER", "browser_path", "node_path", "run_node"]

NODE_FOLDER = Path(__file__).parent / "node"
"""Where package.json names the Node packages; `make test` installs them into node_modules beside it."""


def node_path() -> str:
    """Return the path of Node, or skip the test where it or its packages are not there."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node 20 or newer: install it and run make test again")
    if not (NODE_FOLDER / "node_modules" / ".ready").exists():
        pytest.skip("needs the packages of tests/node: run make test, or make node, where npm reaches its registry")
    return node


def run_node(script: str, *arguments: str, timeout: float = 60.0, environment: Mapping[str, str] | None = None) -> str:
    """Run a script of tests/node with Node and return what it prints; a script that fails fails the test."""
    command = [node_path(), str(NODE_FOLDER / script), *arguments]
    given = {**os.environ, **(environment or {})}
    done = subprocess.run(
        command, cwd=NODE_FOLDER, env=given, capture_output=True, text=True, timeout=timeout, check=False
    )
    if done.returncode:
        pytest.fail(f"{script} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}", pytrace=False)
    return done.stdout


def browser_path() -> str:
    """Return the path of Chromium, or skip the test where neither it nor its driver is there."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None or shutil.which("chromedriver") is None:
        pytest.skip("needs Chromium and its driver: on Debian, apt-get install chromium chromium-driver")
    return found
