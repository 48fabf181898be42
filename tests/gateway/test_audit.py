from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.gateway.greenhouse import GARDENER
from tests.gateway.served import listening
from tests.tools import node_path, run_node

CHECKS = 61


@pytest.mark.node
async def test_the_public_audit_of_graphql_over_http_finds_nothing(
    planted: Path, nothing_else_installed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every check of graphql-http, whether MUST, SHOULD or MAY, with a known token against a gateway on a socket."""
    node_path()
    async with listening(planted) as served:
        printed = await asyncio.to_thread(run_node, "audit.mjs", f"{served.url}/views/watering/graphql", GARDENER)
    results = json.loads(printed.splitlines()[-1])
    with capsys.disabled():
        sys.stdout.write(f"\n{printed[: printed.rindex('[')]}")
    assert [(one["name"], one["reason"]) for one in results if one["status"] != "ok"] == []
    assert len(results) == CHECKS
    assert served.house.is_untouched
