from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.bench.servers import serve_app, serve_product, settle

pytestmark = pytest.mark.processes


def test_an_application_runs_for_as_long_as_it_is_wanted() -> None:
    """Its CPU is counted by the system, and it is gone afterwards."""
    with serve_app("tests.bench.sources:app", {}) as server:
        with urllib.request.urlopen(server.url + "/told", timeout=30) as answered:
            assert json.load(answered) == {"calls": 0, "bytes": 0, "keys": 0}
        settle(server)
        assert server.cpu() > 0
        assert server.memory_mb() > 5
        assert server.url.endswith(f":{server.port}")
    assert not psutil.pid_exists(server.process.pid)


def test_a_gateway_that_does_not_serve_is_told_with_what_it_wrote(tmp_path: Path) -> None:
    """Instead of waiting for it."""
    with (
        pytest.raises(RuntimeError, match=r"does not serve[\s\S]*There is no module"),
        serve_product("no.such.module:gateway", {}, tmp_path / "log"),
    ):
        pass
