"""A view's schema is shown to whom the view says, whichever way it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.greenhouse import (
    FLORIST,
    GARDENER,
    Greenhouse,
    code_of,
    greenhouse,
    write_all,
    write_consumers,
    write_view,
)

SCHEMA = {"query": "{ __schema { queryType { name } } }"}


@pytest.fixture
def hidden(tmp_path: Path, nothing_else_installed: None) -> Greenhouse:
    """One view for developers, as the florist is, and one for nobody."""
    views, consumers = write_all(tmp_path)
    write_view(views, "herbs@1", consumers="gardener, florist", introspection="developers")
    write_view(views, "roots@1", consumers="gardener, florist", introspection="nobody")
    write_consumers(
        consumers, gardener="watering, herbs, roots, pruning, hurry", inspector="pests", florist="feeding, herbs, roots"
    )
    return greenhouse(tmp_path)


@pytest.mark.parametrize(
    ("view", "token", "shown"),
    [
        ("watering", GARDENER, True),
        ("herbs", GARDENER, False),
        ("herbs", FLORIST, True),
        ("roots", GARDENER, False),
        ("roots", FLORIST, False),
    ],
)
async def test_the_schema_is_shown_as_the_view_says(hidden: Greenhouse, view: str, token: str, shown: bool) -> None:
    """As SDL with 403, by introspection as a document that is refused; data is answered all the same."""
    async with hidden.gateway.running():
        async with hidden.client(token) as client:
            sdl = await client.get(f"/views/{view}/schema.graphql")
        asked = await hidden.post(SCHEMA, to=view, token=token)
        data = await hidden.post({"query": "{ plants(by: []) { label __typename } }"}, to=view, token=token)
    assert data.json() == {"data": {"plants": []}}
    if shown:
        assert (sdl.status_code, asked.json()) == (200, {"data": {"__schema": {"queryType": {"name": "Query"}}}})
        return
    assert (sdl.status_code, code_of(sdl)) == (403, "INTROSPECTION_NOT_ALLOWED")
    assert code_of(asked) == "INTROSPECTION_NOT_ALLOWED"
    assert "label" not in sdl.text + asked.text
