"""What policy and audit cost a request, beside the same request through a view without rules that nobody records."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from tests.bench.disclosure.asking import Way, ways_of
from tests.bench.disclosure.opened import Opened, opened
from tests.bench.disclosure.verifier import Verifier
from tests.bench.figures import middle, ratio
from tests.bench.load import WrongAnswerError
from tests.bench.running import Bench
from tests.bench.tables import Table

__all__ = ["check", "measure_disclosure"]

_BLOCKS = 20
"""In how many blocks the requests of a turn are asked: what else the machine does changes within a turn."""

_WARM_UP = 200

_NOTE = """\
The whole gateway runs in this process, without sockets; what they cost would be added to both sides of a ratio. Ratio:
the median over blocks of requests, each by the block of no rules beside it; where others use the machine too, that of
the least varies less. The audit's thread, which syncs what was written, counts. At the levels seven of the fields want
V2; a consent gate is a call more, to the CRM."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Microseconds of CPU a request, and calls to sources, in one block of requests."""

    cpu_us: float
    calls: float


def measure_disclosure(bench: Bench) -> Iterator[Table]:
    """Yield what each way of asking costs, for one customer and for fifty; what it answers is looked at first."""
    verifier = Verifier()
    bench.advance("gateways with and without an audit")
    with opened(verifier) as gateways:
        for ways in ways_of(verifier):
            check(gateways, ways)
            yield _table(ways, _measured(bench, gateways, ways))


def check(gateways: Opened, ways: Sequence[Way]) -> None:
    """Ask once in each way. Raises WrongAnswerError unless it tells what it is to tell, and has the data that the first
    way has where that is nothing."""
    wanted = None
    for way in ways:
        answer = orjson.loads(gateways.ask(way, way.requests(0, 1)[0]))
        told = frozenset(answer["extensions"]) - {"receipt"}
        wanted = wanted or answer["data"]
        if told != way.tells or (answer["data"] == wanted) == bool(way.tells):
            raise WrongAnswerError(f"{way.name}: got an answer that tells {set(told)}: {str(answer)[:300]}")


def _measured(bench: Bench, gateways: Opened, ways: Sequence[Way]) -> Mapping[str, Sequence[_Block]]:
    """Return the blocks of each way by its name: A B C A B C."""
    blocks: dict[str, list[_Block]] = {way.name: [] for way in ways}
    for way in ways:
        _block(gateways, way, 0, max(1, _WARM_UP // way.query.count))
    count = _requests_of(bench.seconds / _BLOCKS, gateways, ways[0])
    for number in range(bench.turns * _BLOCKS):
        bench.advance(f"{ways[0].query.title}, by the rules of the view, {number + 1} of {bench.turns * _BLOCKS}")
        for way in ways:
            blocks[way.name].append(_block(gateways, way, number * count, count))
    return blocks


def _requests_of(seconds: float, gateways: Opened, way: Way) -> int:
    """Return how many requests take so many seconds of CPU, one at least."""
    return max(1, int(seconds * 1e6 / _block(gateways, way, 0, 5).cpu_us))


def _block(gateways: Opened, way: Way, first: int, count: int) -> _Block:
    """Ask so many requests. Tokens are signed before."""
    requests, script = way.requests(first, count), gateways.of(way).script
    calls, began = script.calls, time.process_time()
    for sent in requests:
        gateways.ask(way, sent)
    spent = time.process_time() - began
    return _Block(spent / count * 1e6, (script.calls - calls) / count)


def _table(ways: Sequence[Way], measured: Mapping[str, Sequence[_Block]]) -> Table:
    plain = measured[ways[0].name]
    rows = [(way.name, *_cells(measured[way.name], plain)) for way in ways]
    title = f"{ways[0].query.title}, by the rules of the view: CPU a request, in this process"
    return Table(title, ("asked", "CPU us", "ratio", "least us", "ratio of the least", "calls"), rows, _NOTE)


def _cells(blocks: Sequence[_Block], plain: Sequence[_Block]) -> Iterator[str]:
    least, least_plain = (min(one.cpu_us for one in some) for some in (blocks, plain))
    yield f"{middle(blocks):,.0f}"
    yield f"{ratio(blocks, plain):.2f}"
    yield f"{least:,.0f}"
    yield f"{least / least_plain:.2f}"
    yield f"{middle(blocks, 'calls'):.2f}"
