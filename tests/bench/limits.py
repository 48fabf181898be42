"""What each wrapper of a call costs that keeps the limits of its source, where nothing is wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapters.adapter import Batch, Call
from adapters.limits import Limits, SourceLimits, Window
from adapters.limits.sends import Admitted, Counted, Paced, Queued, limited
from adapters.observed import Observed
from adapters.offers import Offer
from adapters.records import Record
from adapters.sending import Ask, InTime, Send, Wire
from schema.deadline import Deadline
from tests.bench.figures import middle, ratio
from tests.bench.running import Bench
from tests.bench.tables import Table

__all__ = ["chains", "measure_limits"]

_BLOCKS = 20
"""In how many blocks the calls of a turn are made: what else the machine does changes within a turn."""

_NOTE = """\
A call to a source that answers at once, in this process, without a socket: what an adapter's own call costs beside it
(131 us over HTTP) is in none of these. Ratio: the median over blocks of calls, each by the block without limits beside
it; each row has one wrapper more."""

_ANSWER: Mapping[str, str] = {}


class _Thing(Record):
    name: str


_OFFER = Offer(name="things", serves="Thing", record=_Thing, key="id")
_ASK = Ask(Batch(_OFFER, ("name",), ("1",)), ("1",))


@dataclass(frozen=True, slots=True)
class Block:
    """Microseconds of CPU a call in one block of calls."""

    cpu_us: float


async def _answered(ask: Ask, call: Call) -> Mapping[str, str]:
    return _ANSWER


def chains() -> Mapping[str, Send[Ask, Mapping[str, str]]]:
    """Return the sends by what they have: from none of the limits to all of them."""
    limits = SourceLimits(Limits())
    wire: Wire[Ask, Mapping[str, str]] = Wire(_answered)
    bare = Observed(InTime(wire, limits.timeout), "crm")
    counted = Counted(bare, "crm", limits)
    queued = Queued(counted, "crm", limits)
    paced = Paced(queued, "crm", limits)
    rated = SourceLimits(Limits(rates=[Window(100_000, 0.001)]))
    return {
        "in time and observed": bare,
        "counted (breakers, width)": counted,
        "queued (turns, permit)": queued,
        "paced, without a rate": paced,
        "admitted": Admitted(paced, "crm", limits),
        "retried: all of them": limited(bare, "crm", limits),
        "all of them, with a rate": limited(bare, "crm", rated),
    }


def measure_limits(bench: Bench) -> Iterator[Table]:
    """Yield what a call costs with one wrapper more at a time."""
    sends = chains()
    blocks: dict[str, list[Block]] = {name: [] for name in sends}
    with asyncio.Runner() as runner:
        count = max(1, int(bench.seconds / _BLOCKS * 1e6 / runner.run(_block(next(iter(sends.values())), 200)).cpu_us))
        for number in range(bench.turns * _BLOCKS):
            bench.advance(f"limits of a source, {number + 1} of {bench.turns * _BLOCKS}")
            for name, send in sends.items():
                blocks[name].append(runner.run(_block(send, count)))
    yield _table(blocks)


async def _block(send: Send[Ask, Mapping[str, str]], count: int) -> Block:
    """Make so many calls, one after the other."""
    call = Call(Deadline.after(60.0), "dpv:ServiceProvision")
    began = time.process_time()
    for _ in range(count):
        await send.send(_ASK, call)
    return Block((time.process_time() - began) / count * 1e6)


def _table(blocks: Mapping[str, Sequence[Block]]) -> Table:
    plain = next(iter(blocks.values()))
    rows = [
        (name, f"{middle(some):.1f}", f"{ratio(some, plain):.2f}", f"{min(one.cpu_us for one in some):.1f}")
        for name, some in blocks.items()
    ]
    title = "A call through the limits of its source: CPU a call, in this process"
    return Table(title, ("the call is", "CPU us", "ratio", "least us"), rows, _NOTE)
