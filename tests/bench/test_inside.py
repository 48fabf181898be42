from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest

from tests.bench.inside import FastLoop, Inside, Script, VirtualLoop, opened
from tests.bench.workload import INVALID, QUERIES, RESTRICTED, TWICE, crm_record, many


@pytest.fixture(scope="module", params=[VirtualLoop, FastLoop])
def gateway(request: pytest.FixtureRequest) -> Iterator[Inside]:
    with opened(request.param()) as running:
        yield running


@pytest.mark.parametrize(("name", "calls"), [("one", 3), ("fifty", 3), ("field", 1), ("typename", 0)])
def test_a_request_is_answered_whole_and_asks_each_source_once(gateway: Inside, name: str, calls: int) -> None:
    """Through all of the gateway; the sources' answers come through the parser of its own client."""
    before = gateway.script.calls
    answer = orjson.loads(gateway.ask(QUERIES[name].body(1, "fields")))
    assert gateway.script.calls - before == calls
    assert "errors" not in answer
    assert "withheld" not in answer["extensions"]
    assert answer["extensions"]["receipt"]["view"] == "bench@1"


def test_the_customers_who_are_known_are_enough(gateway: Inside) -> None:
    """Those of the largest query, and of four different ones for fifty."""
    for body in (many(200).body(0), QUERIES["fifty"].body(3), QUERIES["one"].body(199)):
        assert b"null" not in gateway.ask(body)


@pytest.mark.parametrize(
    ("customer", "told", "calls"),
    [
        (RESTRICTED, {"withheld": ["SUBJECT_RESTRICTED"], "errors": []}, 4),
        (INVALID, {"withheld": [], "errors": ["VALUE_INVALID"]}, 3),
    ],
    ids=["restricted", "invalid value"],
)
def test_one_customer_who_is_not_as_the_others_costs_a_field(
    gateway: Inside, customer: int, told: dict[str, list[str]], calls: int
) -> None:
    """What may not be asked for one is asked apart for the others; what is invalid is so for one."""
    before = gateway.script.calls
    answer = orjson.loads(gateway.ask(replace(QUERIES["fifty"], among=customer).body(0, "sources")))
    assert gateway.script.calls - before == calls
    assert [one["code"] for one in answer["extensions"].get("withheld", ())] == told["withheld"]
    assert [one["extensions"]["code"] for one in answer.get("errors", ())] == told["errors"]
    empty = [[name for name in one if one[name] is None] for one in answer["data"]["customers"]]
    assert [len(names) for names in empty] == [0] * 49 + [1]


def test_both_keys_of_a_customer_are_asked(gateway: Inside) -> None:
    """In the batch of the others, and the receipt says so."""
    before = gateway.script.calls
    answer = orjson.loads(gateway.ask(replace(many(49), among=TWICE).body(0, "sources")))
    assert gateway.script.calls - before == 3
    assert None not in answer["data"]["customers"][48].values()
    (crm,) = (one for one in answer["extensions"]["receipt"]["sources"] if one["source"] == "crm")
    assert crm["keys"] == 50


def test_a_source_that_is_down_costs_its_own_fields(gateway: Inside) -> None:
    """Each null has its error, and the source is well again afterwards."""
    gateway.script.down = "billing"
    try:
        answer = orjson.loads(gateway.ask(QUERIES["fifty"].body(0)))
    finally:
        gateway.script.down = ""
    assert [error["path"] for error in answer["errors"]] == [["customers", place, "accounts"] for place in range(50)]
    assert {one["accounts"] for one in answer["data"]["customers"]} == {None}
    assert b"errors" not in gateway.ask(QUERIES["fifty"].body(0))


def test_what_is_not_answered_with_200_is_told(gateway: Inside) -> None:
    """Figures of a refusal say nothing."""
    with pytest.raises(RuntimeError, match="got the status 400; wanted 200"):
        gateway.ask(b"[]")


def test_a_script_answers_as_sources_do() -> None:
    """With the length of what it says, and in bytes that were made before."""
    script = Script()
    head = b"GET /crm?ids=C-000001 HTTP/1.1\r\nHost: x"
    begin, _, body = script(head).partition(b"\r\n\r\n")
    assert begin.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(body)}".encode() in begin
    assert orjson.loads(body) == [crm_record("C-000001")]
    assert script(head) is script(head)
    assert script.calls == 3


def test_time_passes_at_once_where_it_is_waited_for() -> None:
    """An hour takes no time, and as long as the loop says."""
    loop = VirtualLoop()
    try:
        before = loop.time()
        loop.run_until_complete(asyncio.sleep(3_600))
        assert loop.time() - before == pytest.approx(3_600, abs=0.1)
    finally:
        loop.close()


def test_who_waits_for_nothing_is_told_so() -> None:
    """Instead of waiting for ever."""
    loop = VirtualLoop()
    never = loop.create_future()
    try:
        with pytest.raises(RuntimeError, match="something is waited for"):
            loop.run_until_complete(never)
    finally:
        loop.close()


def test_a_connection_is_closed_once() -> None:
    """Its protocol is told in the next turn."""
    lost: list[object] = []

    class Protocol(asyncio.Protocol):
        def connection_lost(self, error: Exception | None) -> None:
            lost.append(error)

    loop = VirtualLoop()
    try:
        connection, _ = loop.run_until_complete(loop.create_connection(Protocol))
        assert not connection.is_closing()
        connection.close()
        connection.abort()
        loop.run_until_complete(asyncio.sleep(0))
        assert connection.is_closing()
        assert lost == [None]
    finally:
        loop.close()
