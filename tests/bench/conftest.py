"""The compiled sources of the workload, for tests of what is measured with them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.peers.sources import Sources, build_sources, sources


@pytest.fixture(scope="session")
def sources_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the compiled sources, or skip the test where there is no compiler."""
    if shutil.which("gcc") is None or shutil.which("taskset") is None:
        pytest.skip("needs gcc and taskset: on Debian, apt-get install gcc libc6-dev util-linux")
    return build_sources(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def running_sources(sources_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    """Return the sources while they run."""
    with sources(sources_program, tmp_path_factory.mktemp("logs")) as served:
        yield served
