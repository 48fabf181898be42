"""What docs/telemetry.md says of spans and of keys is what there is."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from gateway.telemetry.redaction import KNOWN
from tests.docs.pages import code_in_first_column, section
from tests.gateway.telemetry.nurseries import exported, open_nursery
from tests.gateway.telemetry.test_tracing import ASKED, LABEL

_OF_EVERY_LINE = {"timestamp", "level", "logger", "event", "exception"}


@pytest.mark.usefixtures("nothing_else_installed")
async def test_every_span_and_attribute_is_documented(planted: Path) -> None:
    """All that came out of requests of several kinds stands in the tables."""
    async with open_nursery(planted) as house:
        await asyncio.gather(house.post(ASKED), house.post(LABEL))
        house.server.first = [503, 404, 404]
        await house.post(LABEL)
        await house.post(b"no json")
        spans = await exported(house)
    tables = section("telemetry.md", "### Spans")
    documented = set(code_in_first_column(tables)) | set(re.findall(r"`([a-z_.]+)`", tables))
    known = {"nursery.plants", "soil.beds"}
    assert {span.name for span in spans} - known <= documented
    assert {name for span in spans for name in span.attributes or {}} <= documented


def test_every_key_that_is_printed_is_documented() -> None:
    """Beside those that every line has; and none stands there that is not printed."""
    listed = section("telemetry.md", "## Logs").partition("Of a key that is not one of these")[2].partition(".\n- ")[0]
    assert set(re.findall(r"`([a-z_]+)`", listed)) == KNOWN - _OF_EVERY_LINE
