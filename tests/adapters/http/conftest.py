"""What the tests of HTTP share."""

from __future__ import annotations

import pytest

from tests.adapters.http.ways import Way, past_httpx, through_httpx


@pytest.fixture(params=[through_httpx, past_httpx])
def client(request: pytest.FixtureRequest) -> Way:
    """Both ways: whatever comes, a call past httpx's client ends as one through it does."""
    way: Way = request.param
    return way
