"""What is measured of policy and audit: the gateways are in order, each way answers what it is to, and is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import cast

import orjson
import pytest
from rich.console import Console

from gateway.settings import Settings
from schema.problems import Level
from tests.bench import inside
from tests.bench.disclosure.asking import Way, keeping, ways_of
from tests.bench.disclosure.measuring import check, measure_disclosure
from tests.bench.disclosure.opened import Opened, opened
from tests.bench.disclosure.product import DISCLOSURE, declared, prepare
from tests.bench.disclosure.verifier import Verifier
from tests.bench.disclosure.views import LEVELS
from tests.bench.load import WrongAnswerError
from tests.bench.running import Bench

AT = 1_800_000_000.0


class Running:
    seconds, turns = 0.001, 1

    def advance(self, what: str) -> None:
        assert what


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier(lambda: AT)


@pytest.fixture(scope="module")
def gateways(verifier: Verifier) -> Iterator[Opened]:
    with opened(verifier, partial(inside.VirtualLoop, 30.0), lambda: AT) as both:
        yield both


def way(verifier: Verifier, name: str, of: int = 0) -> Way:
    return next(one for one in ways_of(verifier)[of] if one.name == name)


def test_the_gateway_is_declared_without_a_fault(tmp_path: Path, verifier: Verifier) -> None:
    """What `customer-view check` says of it, but for notes: one disk for records and anchors is as it is here."""
    prepare(tmp_path, range(5), verifier)
    settings = Settings(**declared(tmp_path, is_audited=True))
    checked = DISCLOSURE.gateway("http://127.0.0.1:9", tmp_path, settings=settings).check()
    assert [one for one in checked.problems if one.level is not Level.NOTE] == []


@pytest.mark.parametrize("of", [0, 1], ids=["one", "fifty"])
def test_each_way_answers_what_it_is_to(gateways: Opened, verifier: Verifier, of: int) -> None:
    """The first has no rules, and what passes shows the same."""
    check(gateways, ways_of(verifier)[of])


def test_a_way_that_answers_otherwise_is_not_measured(gateways: Opened, verifier: Verifier) -> None:
    """A level that is not reached would be cheaper than it is."""
    plain, passed = way(verifier, "no rules"), way(verifier, "levels, all passed")
    with pytest.raises(WrongAnswerError, match=r"levels, all passed: got an answer that tells \{'withheld'\}"):
        check(gateways, [plain, replace(passed, asserting=None)])


def test_one_way_alone_is_recorded(gateways: Opened, verifier: Verifier) -> None:
    """So the difference is the audit's."""
    assert gateways.audited.service.audit is not None
    assert gateways.unrecorded.service.audit is None
    for one in (one for ways in ways_of(verifier) for one in ways):
        assert gateways.of(one) is (gateways.audited if "audited" in one.name else gateways.unrecorded)


def test_a_consent_is_a_call_more(gateways: Opened, verifier: Verifier) -> None:
    """And withheld fields of each source are none less."""
    script, calls = gateways.unrecorded.script, {}
    for name in ("no rules", "levels, half withheld", "a consent gate"):
        (sent,), before = way(verifier, name).requests(0, 1), script.calls
        gateways.unrecorded.ask(*sent)
        calls[name] = script.calls - before
    assert calls == {"no rules": 3, "levels, half withheld": 3, "a consent gate": 4}


def test_tokens_are_the_same_where_they_are_kept(verifier: Verifier) -> None:
    """And others in each request where they are new."""
    known, new = (way(verifier, name) for name in ("levels, all passed", "the same, a new token each time"))
    assert known.requests(0, 2) == known.requests(0, 2)
    assert len({headers[0][1] for _, _, headers in new.requests(0, 3)}) == 3
    assert new.requests(0, 1) != new.requests(0, 1)
    assert keeping(verifier)(["a"]) != keeping(verifier)(["a"])


def test_four_of_fifty_are_verified(gateways: Opened, verifier: Verifier) -> None:
    """As many as a request can bring assertions of."""
    (sent,) = way(verifier, "the same, but of four verified", 1).requests(0, 1)
    customers = orjson.loads(gateways.unrecorded.ask(*sent))["data"]["customers"]
    assert [one["segment"] is not None for one in customers] == [True] * 4 + [False] * 46
    assert sent[1] == f"/views/{LEVELS}/graphql"


def test_what_was_measured_is_told() -> None:
    """A table for one customer and one for fifty, with a row for each way, beside the first."""
    written = StringIO()
    for table in measure_disclosure(cast("Bench", Running())):
        Console(width=130, file=written).print(table)
    shown = written.getvalue()
    for ways in ways_of(Verifier()):
        assert f"{ways[0].query.title}, by the rules of the view" in shown
        assert all(f" {one.name} " in shown for one in ways)
    assert shown.count(" 1.00 ") >= 2
