"""The OpenAPI document holds every operation, and whatever is generated from it is answered as it says."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from adapters.crossref import ConflictCode, SqliteCrossReference
from adapters.crossref import RefusalCode as InputCode
from gateway.crossref.application import OPERATIONS
from gateway.refusals import RequestCode
from resolvers import RefusalCode
from tests.gateway.crossref.office import SECRETS, Office, office

CODES = frozenset(map(str, (*RequestCode, *RefusalCode, *InputCode, *ConflictCode)))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


async def test_every_operation_is_documented(desk: Office) -> None:
    """With a summary, models, every refusal, and for whom it is."""
    document = (await desk.get("/openapi.json", "auditor")).json()
    assert document["servers"] == [{"url": "/crossref"}]
    told = {(method.upper(), path): one for path, each in document["paths"].items() for method, one in each.items()}
    assert told.keys() == {(one.method, one.path) for one in OPERATIONS}
    for operation in OPERATIONS:
        one = told[operation.method, operation.path]
        assert one["summary"]
        assert all(role in one["description"] for role in operation.roles)
        assert {"200", "400", "401", "403", "404", "422", "503"} <= one["responses"].keys()
        assert ({"409", "412"} <= one["responses"].keys()) is operation.is_write
        assert ("requestBody" in one) is (operation.method == "POST")
        parameters = {each["name"] for each in one.get("parameters", ())}
        assert ({"Idempotency-Key", "If-Match"} <= parameters) is operation.is_write
        assert "key" not in parameters


def generated(schema: Any) -> st.SearchStrategy[Case[Any]]:
    """Cases of every operation, right and wrong ones."""
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    each = [schema[one.path][one.method] for one in OPERATIONS if not one.path.endswith("/stream")]
    return st.one_of([operation.as_strategy(generation_mode=mode) for operation in each for mode in modes])


@pytest.fixture
def open_desk(
    declared: Path, tmp_path: Path, nothing_else_installed: None, caplog: pytest.LogCaptureFixture
) -> Iterator[Any]:
    """An office that stays open in a loop of its own, for hypothesis runs its examples outside of any."""
    caplog.set_level(logging.CRITICAL)
    shutil.copy(declared / "crossref.db", tmp_path)
    with (
        asyncio.Runner() as runner,
        closing(SqliteCrossReference.open(tmp_path / "crossref.db", secrets=SECRETS)) as store,
    ):
        made = office(declared, store)
        running = made.gateway.running()
        runner.run(running.__aenter__())
        try:
            yield made, runner
        finally:
            runner.run(running.__aexit__(None, None, None))


@pytest.mark.no_cover
@pytest.mark.parametrize("count", [150, pytest.param(10_000, marks=pytest.mark.long)])
def test_generated_requests_are_answered_as_the_document_says(count: int, open_desk: Any) -> None:
    """No status of 500 or more, documented statuses, types, forms and codes; whoever asks."""
    desk, runner = open_desk
    document = runner.run(desk.get("/openapi.json")).json()
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=generated(schemathesis.openapi.from_dict(document)), name=st.sampled_from(["steward", "officer"]))
    def every_case(case: Case[Any], name: str) -> None:
        sent = requests.Request(**case.as_transport_kwargs(base_url="http://office/crossref")).prepare()

        async def ask() -> Any:
            async with desk.client(name) as client:
                given = {name: text for name, text in sent.headers.items() if name.lower() not in ("authorization",)}
                return await client.request(sent.method, sent.url, headers=given, content=sent.body or b"")

        response = runner.run(ask())
        statuses[response.status_code] += 1
        if response.status_code != 405:
            case.validate_response(response, checks=CHECKS)
        for error in response.json().get("errors", ()) if response.status_code != 200 else ():
            assert error["extensions"]["code"] in CODES

    every_case()
    sys.stdout.write(f"{dict(statuses)}\n")
    assert statuses.keys() >= {200, 403, 404, 422}
