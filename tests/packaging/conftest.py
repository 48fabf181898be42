"""The wheel, built once for all tests of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from zipfile import ZipFile

import pytest

from tests.docs.pages import ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZipFile]:
    """Return the wheel of this checkout, made by the build backend that is installed here: nothing is fetched."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    with ZipFile(path) as opened:
        yield opened
