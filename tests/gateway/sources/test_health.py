"""`GET /health/sources`: who is told how the sources do, what is told, and that nobody is asked for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.answers import SourceError
from gateway.settings import Settings
from gateway.source_health_told import SourcesTold
from schema.observer import Failed, Sent, Unsent
from schema.reasons import Reason
from tests.gateway.greenhouse import FLORIST, GARDENER, STRANGER, code_of
from tests.gateway.sources.greengrocer import called
from tests.gateway.sources.station import OPERATOR_TOKEN, Station, station

QUERY = {"query": "query ($by: PlantBy!) { plant(by: $by) { label } }", "variables": {"by": {"id": "p1"}}}


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        (None, 401, "UNAUTHENTICATED"),
        (STRANGER, 401, "UNAUTHENTICATED"),
        (GARDENER, 403, "ROLE_NEEDED"),
        (FLORIST, 403, "ROLE_NEEDED"),
    ],
)
async def test_only_operators_are_told(tmp_path: Path, token: str | None, status: int, code: str) -> None:
    """The florist has another role. What is refused names no source."""
    it = station(tmp_path)
    async with it.house.gateway.running():
        response = await it.asked(token)
    assert (response.status_code, code_of(response)) == (status, code)
    assert "nursery" not in response.text
    assert it.house.is_untouched


async def test_an_operator_has_no_view(tmp_path: Path) -> None:
    """The role shows how sources do, and nothing of a customer."""
    it = station(tmp_path)
    async with it.house.gateway.running():
        response = await it.house.post(QUERY, token=OPERATOR_TOKEN)
    assert (response.status_code, code_of(response)) == (404, "VIEW_UNKNOWN")


async def test_nothing_stands_in_the_url(tmp_path: Path) -> None:
    """A parameter that was taken for one would be a wrong answer."""
    it = station(tmp_path)
    async with it.house.gateway.running():
        response = await it.asked(path="/health/sources?source=nursery")
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")


async def test_a_gateway_that_is_not_open_tells_nothing(tmp_path: Path) -> None:
    """It is unavailable, as everything is."""
    response = await station(tmp_path).asked()
    assert (response.status_code, code_of(response)) == (503, "UNAVAILABLE")


async def test_every_source_is_told_before_anything_was_asked(tmp_path: Path) -> None:
    """In the order of the adapters; no source and no customer is asked for it."""
    it = station(tmp_path)
    async with it.house.gateway.running():
        told = (await it.asked()).json()
    assert it.house.is_untouched
    assert told["at"] == "2027-01-15T08:00:00Z"
    nursery, soil = told["sources"]
    assert nursery == {
        "source": "nursery",
        "leftAloneSince": None,
        "readiness": False,
        "limits": {
            "breaker": "closed",
            "opened": 0,
            "width": 100,
            "most": 100,
            "underWay": 0,
            "waiting": 0,
            "queue": 400,
            "heldSeconds": 0.0,
            "repeatsLeft": 10,
            "offers": [],
        },
        "lastMinute": {
            "calls": 0,
            "failed": 0,
            "repeated": 0,
            "unsent": 0,
            "errorRate": None,
            "p50Ms": None,
            "p95Ms": None,
        },
        "lastFailure": None,
    }
    assert (soil["source"], soil["limits"]) == ("soil", None)


async def test_what_requests_have_met_is_told(tmp_path: Path) -> None:
    """Calls, and how keys failed; one source's failure stands at that one."""
    it = station(tmp_path)
    async with it.house.gateway.running():
        assert (await it.house.post(QUERY)).json()["data"]["plant"]["label"] == "Fern"
        it.house.nursery.answers["N-p1"] = SourceError(Reason.SOURCE_MISMATCH, "the record is of another key")
        await it.house.post(QUERY)
        it.clock[0] += 5
        told = await it.told()
    assert it.house.calls == 2
    assert told["nursery"]["lastMinute"]["calls"] == 2
    assert told["nursery"]["lastMinute"]["p50Ms"] == 1.0
    assert told["nursery"]["lastFailure"] == {
        "offer": "plants",
        "code": "SOURCE_MISMATCH",
        "detail": "the record is of another key",
        "at": "2027-01-15T08:00:00Z",
    }
    assert told["soil"]["lastFailure"] is None
    assert "N-p1" not in str(told)


async def test_what_an_adapter_says_of_a_failure_is_told_without_what_looks_personal(tmp_path: Path) -> None:
    """It is to be a constant text, but one that answers by itself may put together what it likes."""
    it = station(tmp_path)
    async with it.house.gateway.running():
        detail = "none for ola@example.org, 91234567 " + "x" * 5_000
        it.house.nursery.answers = {"N-p1": SourceError(Reason.SOURCE_ERROR, detail)}
        await it.house.post(QUERY)
        told = (await it.told())["nursery"]["lastFailure"]["detail"]
    assert told.startswith("none for [e-mail], [number] x")
    assert len(told) < 400


def fail(it: Station) -> None:
    """Have five calls of the nursery fail, and one refused."""
    observer = it.house.gateway._sources._watch
    for _ in range(5):
        observer.note(Sent("nursery", "plants", (), 1, 0.2, Reason.SOURCE_TIMEOUT))
        assert called(it.limits, "plants", failed=True)
    observer.note(Unsent("nursery", "plants", Reason.CIRCUIT_OPEN, "left alone", 1))
    observer.note(Failed("nursery", "plants", Reason.CIRCUIT_OPEN, "left alone", 1))


async def test_a_source_that_is_left_alone_is_told_with_since_when(tmp_path: Path) -> None:
    """And which of its offers are; what is not sent is no call that failed."""
    it = station(tmp_path)
    async with it.house.gateway.running():
        fail(it)
        it.clock[0] += 12.5
        nursery = (await it.told())["nursery"]
    assert nursery["leftAloneSince"] == "2027-01-15T08:00:00Z"
    assert (nursery["limits"]["breaker"], nursery["limits"]["opened"]) == ("open", 1)
    assert nursery["limits"]["offers"] == [{"offer": "plants", "breaker": "open", "opened": 1, "heldSeconds": 0.0}]
    minute = nursery["lastMinute"]
    assert (minute["calls"], minute["failed"], minute["unsent"], minute["errorRate"]) == (5, 5, 1, 1.0)
    assert nursery["lastFailure"]["code"] == "SOURCE_TIMEOUT"


async def test_readiness_goes_by_a_source_where_the_operator_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told nobody which source it is; the log tells it, once."""
    file = tmp_path / "sources.yaml"
    file.write_text("nursery: {readiness: true}\n")
    it = station(tmp_path, settings=Settings(sources=file))
    async with it.house.gateway.running():
        assert (await it.told())["nursery"]["readiness"] is True
        fail(it)
        it.clock[0] += 10.5
        fails = await it.asked(None, "/health/ready")
        assert (fails.status_code, fails.text) == (503, "not ready\n")
        assert (await it.asked(None, "/health/live")).status_code == 200
    assert caplog.messages.count("not ready: left alone for more than 10 s: nursery") == 1


async def test_readiness_does_not_go_by_any_other_source(tmp_path: Path) -> None:
    """One sick source costs its own fields; nor does it where the file says false."""
    file = tmp_path / "sources.yaml"
    file.write_text("nursery: {readiness: false, timeout: 3}\n")
    for settings in (None, Settings(sources=file)):
        it = station(tmp_path, settings=settings)
        async with it.house.gateway.running():
            fail(it)
            it.clock[0] += 10.5
            assert (await it.asked(None, "/health/ready")).text == "ready\n"


async def test_what_is_told_is_of_its_form(tmp_path: Path) -> None:
    """The command reads it by the same declaration."""
    it = station(tmp_path)
    async with it.house.gateway.running():
        fail(it)
        response = await it.asked()
    told = SourcesTold.model_validate_json(response.content)
    assert told.model_dump_json(by_alias=True).encode() == response.content
    assert response.headers["cache-control"] == "no-store"
