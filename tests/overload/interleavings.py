"""Merged calls of many callers: what each is answered is what they are answered alone.

    python -m tests.overload.interleavings [--count 10000] [--first 0]

A whole gateway in this process, in virtual time. In each interleaving a few requests come within some milliseconds,
of consumers, through views with levels, masks and consents, about customers of whom some have consented and some are
verified; sources answer after random times. What is the same for several is asked once for all. Each answer is
compared, byte by byte, with that of another gateway which nobody else asked.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from gateway.gateway import Gateway
from gateway.settings import Settings
from schema.deadline import Clock
from tests.bench import inside, workload
from tests.bench.disclosure.product import DISCLOSURE, declared, prepare
from tests.bench.disclosure.verifier import INTERACTION, Verifier
from tests.bench.disclosure.views import CONSENT, CONSUMER, LEVELS, MASK, PLAIN, path_of
from tests.bench.inside import Inside, Script, VirtualLoop
from tests.bench.product.declared import TOKEN
from tests.overload.running import printed, tell

__all__ = ["Asked", "Interleaved", "interleave", "opened_twice"]

_AT = 1_800_000_000.0
_CUSTOMERS = range(12)
_VIEWS = (PLAIN, LEVELS, MASK, CONSENT)
_SELECTIONS = (
    "{ id name { display given } segment accounts { number balance { amount } } }",
    "{ id accounts { number status balance { amount currency } daysOverdue } company { name status } }",
    "{ id name { display family } preferredChannel company { name } }",
)
_MOST_TOGETHER = 7
_MOMENTS, _SLOWEST = (0.0, 0.0, 0.001, 0.004), 0.01
_IN_FLIGHT = 2
"""Calls of an offer that run together: what comes meanwhile waits, and is asked in one."""
_HEADER = b"customer-verification"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: by whom, through which view, which fields, of whom, and which of them are said to be verified."""

    token: str
    view: str
    selection: str
    customers: tuple[int, ...]
    verified: tuple[int, ...]

    @classmethod
    def at_random(cls, chance: random.Random) -> Asked:
        """Return one: often about the customers of whom others ask too."""
        view = chance.choice(_VIEWS)
        customers = tuple(chance.sample(_CUSTOMERS, chance.choice((1, 1, 2, 4))))
        may_be_verified = view in (LEVELS, MASK)
        verified = tuple(each for each in customers if may_be_verified and chance.random() < 0.5)
        token = TOKEN if verified else chance.choice((TOKEN, _OTHER))  # what is asserted is for one consumer
        return cls(token, view, chance.choice(_SELECTIONS), customers, verified)

    def sent(self, headers: Mapping[int, str]) -> tuple[bytes, str, inside.RawHeaders]:
        """Return the body, the path and the headers. `headers` are the assertions, by customer."""
        extensions = {"situation": {"interaction": INTERACTION}} if self.view in (LEVELS, MASK) else {}
        by = [{"id": workload.customer_id(each)} for each in self.customers]
        document = workload.many(0, self.selection).document
        body = orjson.dumps({"query": document, "variables": {"by": by}, "extensions": extensions})
        told = ((_HEADER, ", ".join(headers[each] for each in self.verified).encode()),) if self.verified else ()
        return body, path_of(self.view), ((b"authorization", f"Bearer {self.token}".encode()), *told)


_OTHER = "cv_" + "o" * 43


class _Deciding(Script):
    """Sources whose every third customer has not consented."""

    def _answer(self, target: str) -> bytes:
        answered = super()._answer(target)
        if not target.startswith("/consent"):
            return answered
        head, _, body = answered.partition(b"\r\n\r\n")
        records = orjson.loads(body)
        for one in records:
            one["status"] = "given" if workload.number_of(one["customer"]) % 3 else "withdrawn"
        body = orjson.dumps(records)
        kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
        return b"\r\n".join([*kept, b"Content-Length: %d" % len(body), b"", body])


@dataclass(slots=True)
class Interleaved:
    """Two gateways, one for requests that come together and one for each alone, and what came of it."""

    together: Inside
    alone: Inside
    headers: Mapping[int, str]
    requests: int = 0
    calls: tuple[int, int] = (0, 0)
    known: dict[Asked, tuple[bytes, int]] = field(default_factory=dict)

    def cold(self, asked: Asked) -> tuple[bytes, int]:
        """Return what is answered to a request that nothing else runs with, and how many calls it took."""
        found = self.known.get(asked)
        if found is None:
            before = self.alone.script.calls
            answer = self.alone.run(self.alone.ask_after(0.0, *asked.sent(self.headers)))
            found = self.known[asked] = (answer, self.alone.script.calls - before)
        return found


def interleave(gateways: Interleaved, seed: int) -> str | None:
    """Have some requests come together, and return what is not as it is alone; None where all is."""
    chance = random.Random(seed)
    asked = [Asked.at_random(chance) for _ in range(chance.randint(2, _MOST_TOGETHER))]
    asked += asked[: chance.randrange(2)]  # the very same request twice
    gateways.together.script.delay = lambda: chance.uniform(0.0, _SLOWEST)
    wanted = [gateways.cold(one) for one in asked]
    before = gateways.together.script.calls
    answers = gateways.together.run(_all(gateways, asked, chance))
    made, alone = gateways.together.script.calls - before, sum(calls for _, calls in wanted)
    gateways.requests += len(asked)
    gateways.calls = (gateways.calls[0] + made, gateways.calls[1] + alone)
    for one, answer, (right, _) in zip(asked, answers, wanted, strict=True):
        if answer != right:
            return f"seed {seed}: {one}: got {answer[:600]!r}; wanted {right[:600]!r}"
    return f"seed {seed}: {made} calls; alone they were {alone}" if made > alone else None


async def _all(gateways: Interleaved, asked: Sequence[Asked], chance: random.Random) -> list[bytes]:
    starts = [chance.choice(_MOMENTS) for _ in asked]
    asking = (
        gateways.together.ask_after(start, *one.sent(gateways.headers))
        for start, one in zip(starts, asked, strict=True)
    )
    return [*await asyncio.gather(*asking)]


@contextmanager
def opened_twice() -> Iterator[Interleaved]:
    """Open both gateways for as long as the context lasts."""
    verifier = Verifier(lambda: _AT)
    headers = {each: verifier.header([workload.customer_id(each)]) for each in _CUSTOMERS}
    with ExitStack() as stack:
        loops = [VirtualLoop(), VirtualLoop()]
        for loop in loops:
            loop.script = _Deciding()
        together, alone = (stack.enter_context(inside.opened(loop, partial(_prepared, verifier))) for loop in loops)
        yield Interleaved(together, alone, headers)


def _prepared(verifier: Verifier, folder: Path, clock: Clock) -> Gateway:
    prepare(folder, range(100), verifier, consumers=(CONSUMER, "other"))
    entry = f"- {{name: other, token_sha256: {sha256(_OTHER.encode()).hexdigest()}, views: [{', '.join(_VIEWS)}]}}\n"
    with (folder / "consumers.yaml").open("a") as file:
        file.write(entry)
    settings = Settings(**declared(folder, is_audited=False))
    how: dict[str, Any] = {"settings": settings, "in_flight": _IN_FLIGHT}
    return DISCLOSURE.gateway(inside.SOURCES, folder, clock=clock, now=lambda: _AT, **how)


def main(arguments: Sequence[str]) -> int:
    """Interleave, print what came of it, and return 1 at the first answer that is not as it is alone."""
    parser = argparse.ArgumentParser(prog="python -m tests.overload.interleavings")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    given: Any = parser.parse_args(arguments)
    with opened_twice() as gateways:
        for seed in range(given.first, given.first + given.count):
            if fault := interleave(gateways, seed):
                return tell("", [fault])
        made, alone = gateways.calls
        counted = [given.count, gateways.requests, made, alone]
    title = "Every answer is byte by byte what it is alone."
    return tell(printed(title, ["interleavings", "requests", "calls", "calls alone"], [counted]), [])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
