"""The contract suite has teeth: each fault that it is there to find, it finds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest import SkipTest

import pytest

from adapters.adapter import Batch, Call, Slice
from adapters.answers import Answer, Facts, Found, Key, Missing, Page, SourceError
from adapters.matching import Ends, PageEnd, match_answers
from adapters.offers import Offer
from adapters.protocol import ProtocolAdapter
from adapters.records import Record, source_fields
from adapters.sending import Ask, SendError
from adapters.testing import AdapterContract, Misbehaviour, SeenCall, SourceUnderTest
from schema.reasons import Reason


class Part(Record):
    name: str
    size: int


class Thing(Record):
    name: str
    city: str | None
    parts: list[Part]


PARTS = [{"name": "wheel", "size": 1}, {"name": "frame", "size": 2}]

OFFER = Offer(name="things", serves="Thing", record=Thing, key="id", max_batch=3, absent=Missing)


class Memory(ProtocolAdapter[Ask, list[dict[str, Any]]]):
    """A sound adapter of a source in memory."""

    def __init__(self) -> None:
        super().__init__("memory", [OFFER])
        self.held: dict[Key, dict[str, Any]] = {}
        self.calls: list[SeenCall] = []
        self.how: Misbehaviour | None = None

    def _asks(self, batch: Batch, keys: Sequence[Key]) -> Ask:
        return Ask(batch, keys)

    async def _make(self, ask: Ask, call: Call) -> list[dict[str, Any]]:
        wanted = frozenset({*source_fields(Thing, ask.batch.fields), "id"})
        self.calls.append(SeenCall(len(ask.keys), wanted))
        if self.how is Misbehaviour.SLOW:
            await asyncio.sleep(30)
        if self.how in (Misbehaviour.DOWN, Misbehaviour.GARBAGE):
            raise SendError(Reason.SOURCE_ERROR, "down")
        found = [dict(self.held[key]) for key in ask.keys if key in self.held]
        match self.how:
            case Misbehaviour.SHUFFLED:
                found.reverse()
            case Misbehaviour.FOREIGN:
                found[0]["id"] = "foreign"
            case Misbehaviour.DUPLICATED:
                found.append(found[0])
            case Misbehaviour.SPOILED:
                found[0]["city"] = 5
        return found

    def _records(self, ask: Ask, reply: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return reply


class Things(SourceUnderTest):
    can = frozenset(set(Misbehaviour) - {Misbehaviour.REFUSED})

    def __init__(self, adapter: Memory) -> None:
        self.adapter: Memory = adapter
        self.offer = OFFER

    async def put(self, keys: Sequence[Key]) -> None:
        self.adapter.held = {
            key: {"id": key, "name": f"thing {key}", "city": "Utrecht", "parts": PARTS} for key in keys
        }

    def facts(self, key: Key) -> Facts:
        return {"name": f"thing {key}", "city": "Utrecht", "parts": PARTS}

    async def seen(self) -> Sequence[SeenCall]:
        return self.adapter.calls

    async def misbehave(self, how: Misbehaviour | None) -> None:
        self.adapter.how = how


class Row(Record):
    name: str


LISTING = Offer(name="rows", serves="Owner.rows", record=Row, key="id", max_page=3, absent=Page)


class Paged(Memory):
    """A sound adapter of lists in memory, in pages whose cursors are places in the list."""

    def __init__(self) -> None:
        super().__init__()
        self.offers = (LISTING,)
        self.rows: dict[Key, list[dict[str, Any]]] = {}

    def start(self, part: Slice) -> int:
        if part.after is None:
            return 0
        if not part.after.isdecimal() or len(part.after) > 9:
            raise SendError(Reason.SOURCE_ERROR, "no cursor")
        return int(part.after)

    async def _make(self, ask: Ask, call: Call) -> list[dict[str, Any]]:
        self.calls.append(SeenCall(len(ask.keys), None))
        part = self.part(ask)
        return self.rows.get(ask.keys[0], [])[(start := self.start(part)) : start + part.first]

    def part(self, ask: Ask) -> Slice:
        assert ask.batch.slice is not None
        return ask.batch.slice

    def _ends(self, ask: Ask, reply: list[dict[str, Any]]) -> Ends:
        end = self.start(self.part(ask)) + len(reply)
        return lambda key, records: PageEnd(records, str(end), end < len(self.rows.get(key, [])))


class PagedThings(Things):
    can = frozenset()

    def __init__(self, adapter: Paged) -> None:
        self.paged = self.adapter = adapter
        self.offer = LISTING

    async def put(self, keys: Sequence[Key]) -> None:
        for key in keys:
            await self.put_list(key, 2)

    async def put_list(self, key: Key, rows: int) -> None:
        self.paged.rows[key] = [{"id": key, "name": f"row {number} of {key}"} for number in range(rows)]

    def facts(self, key: Key) -> Sequence[Facts]:  # type: ignore[override]
        return [{"name": row["name"]} for row in self.paged.rows[key]]


class Contract(AdapterContract):
    def __init__(self, adapter: Callable[[], Memory] = Memory) -> None:
        self.adapter = adapter

    @asynccontextmanager
    async def under_test(self) -> AsyncIterator[Things]:
        adapter = self.adapter()
        yield PagedThings(adapter) if isinstance(adapter, Paged) else Things(adapter)


TESTS = [name for name in dir(AdapterContract) if name.startswith("test_")]


def failures(adapter: Callable[[], Memory]) -> set[str]:
    """Return the names of the tests that fail."""
    failed = set()
    for name in TESTS:
        try:
            getattr(Contract(adapter), name)()
        except SkipTest:
            continue
        except Exception:  # noqa: BLE001  an assertion or whatever the faulty adapter raises: both are a failure
            failed.add(name)
    return failed


def test_a_sound_adapter_keeps_the_contract() -> None:
    """Every test passes, or is skipped with its reason."""
    assert failures(Memory) == set()
    assert failures(Paged) == set()
    with pytest.raises(SkipTest, match="cannot be told to be refused"):
        Contract().test_an_error_for_one_key_costs_that_key_only()


class ByPosition(Memory):
    def _read(self, batch: Batch, keys: Sequence[Key], ask: Ask, reply: list[dict[str, Any]]) -> Mapping[Key, Answer]:
        return match_answers(
            batch, keys, [record | {"id": key} for key, record in zip(keys, reply, strict=False)], datetime.now(UTC)
        )


class FirstOfTwo(Memory):
    def _records(self, ask: Ask, reply: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return list({record["id"]: record for record in reply}.values())


class AllAtOnce(Memory):
    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        wide = replace_batch(batch, len(batch.keys) or 1)
        return await super().fetch(wide, call)


class OneByOne(Memory):
    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        return await super().fetch(replace_batch(batch, 1), call)


class EveryField(Memory):
    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        return await super().fetch(replace(batch, fields=("city", "name", "parts.name", "parts.size")), call)


class Raising(Memory):
    async def _make(self, ask: Ask, call: Call) -> list[dict[str, Any]]:
        if self.how in (Misbehaviour.DOWN, Misbehaviour.GARBAGE):
            raise ConnectionError("down")
        return await super()._make(ask, call)


class Deaf(Memory):
    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        try:
            return await super().fetch(batch, call)
        except asyncio.CancelledError:
            return {}


class Timeless(Memory):
    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        fetched: dict[Key, Answer] = {}
        for key in batch.keys:
            reply = await self._make(Ask(batch, (key,)), call)
            fetched |= match_answers(batch, (key,), reply, datetime.now(UTC))
        return fetched


class Talkative(Memory):
    def _asks(self, batch: Batch, keys: Sequence[Key]) -> Ask:
        logging.getLogger(__name__).debug("asking %s", keys)
        return super()._asks(batch, keys)


class Careless(Memory):
    def _read(self, batch: Batch, keys: Sequence[Key], ask: Ask, reply: list[dict[str, Any]]) -> Mapping[Key, Answer]:
        answers = super()._read(batch, keys, ask, reply)
        named = {key: SourceError(Reason.SOURCE_MISMATCH, f"nothing for {key}") for key in keys}
        return {key: answer if isinstance(answer, Found) else named[key] for key, answer in answers.items()}


class Splitting(Memory):
    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        parts = tuple(dict.fromkeys(part for key in batch.keys for part in key.split(",")))
        return await super().fetch(replace(batch, keys=parts), call)


class Lingering(Memory):
    async def aclose(self) -> None:
        self.task = asyncio.create_task(asyncio.sleep(5))


class Losing(Paged):
    def _ends(self, ask: Ask, reply: list[dict[str, Any]]) -> Ends:
        ends = super()._ends(ask, reply)

        def further(key: Key, records: Sequence[Mapping[str, Any]]) -> PageEnd:
            end = ends(key, records)
            return replace(end, end_cursor=str(int(end.end_cursor or "0") + 1))

        return further


class Doubling(Paged):
    def _ends(self, ask: Ask, reply: list[dict[str, Any]]) -> Ends:
        ends, part = super()._ends(ask, reply), self.part(ask)

        def before(key: Key, records: Sequence[Mapping[str, Any]]) -> PageEnd:
            return replace(ends(key, records), end_cursor=str(self.start(part) + max(1, len(reply) - 1)))

        return before


class ByNumber(Paged):
    def start(self, part: Slice) -> int:
        return -(-super().start(part) // part.first) * part.first


class Endless(Paged):
    def _ends(self, ask: Ask, reply: list[dict[str, Any]]) -> Ends:
        end = self.start(self.part(ask)) + len(reply)
        return lambda key, records: PageEnd(records, str(end), len(records) == self.part(ask).first)


class Placeless(Paged):
    def _ends(self, ask: Ask, reply: list[dict[str, Any]]) -> Ends:
        ends = super()._ends(ask, reply)
        return lambda key, records: replace(ends(key, records), end_cursor=None)


class Ignorant(Paged):
    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        part = None if batch.slice is None else Slice(min(batch.slice.first, 3), batch.slice.after)
        return await super().fetch(replace(batch, slice=part), call)


class Trusting(Paged):
    def start(self, part: Slice) -> int:
        return int((part.after or "0").split("@")[0])


class Owned(Paged):
    async def _make(self, ask: Ask, call: Call) -> list[dict[str, Any]]:
        rows = await super()._make(ask, call)
        owner = (self.part(ask).after or "").partition("@")[2]
        others = self.rows[owner][:1] if owner in self.rows else rows
        return [row | {"id": ask.keys[0]} for row in others]

    def start(self, part: Slice) -> int:
        return super().start(Slice(part.first, None if part.after is None else part.after.partition("@")[0]))

    def _ends(self, ask: Ask, reply: list[dict[str, Any]]) -> Ends:
        ends = super()._ends(ask, reply)
        return lambda key, records: replace(ends(key, records), end_cursor=f"{len(records)}@{key}")


def replace_batch(batch: Batch, size: int) -> Batch:
    offer = Offer(name="things", serves="Thing", record=Thing, key="id", max_batch=size, absent=Missing)
    return replace(batch, offer=offer)


@pytest.mark.parametrize(
    ("adapter", "caught"),
    [
        (ByPosition, "test_records_in_another_order_reach_their_own_keys"),
        (ByPosition, "test_a_record_of_another_key_is_never_an_answer"),
        (FirstOfTwo, "test_two_records_of_one_key_are_an_error_of_that_key"),
        (AllAtOnce, "test_an_over_full_batch_is_split_into_the_fewest_calls"),
        (OneByOne, "test_a_full_batch_is_one_call"),
        (EveryField, "test_the_projection_reaches_the_source"),
        (Raising, "test_a_source_that_is_down_is_an_error_of_every_key"),
        (Raising, "test_garbage_is_an_error_of_every_key"),
        (Deaf, "test_cancellation_passes_through_and_frees_the_source"),
        (Timeless, "test_nothing_is_sent_after_the_deadline"),
        (Timeless, "test_the_observer_is_told_of_every_call"),
        (Talkative, "test_no_key_and_no_value_is_printed"),
        (Careless, "test_no_key_and_no_value_is_printed"),
        (Splitting, "test_hostile_keys_come_back_as_themselves"),
        (Losing, "test_pages_join_to_the_whole_list"),
        (Doubling, "test_pages_join_to_the_whole_list"),
        (ByNumber, "test_pages_of_any_sizes_join_to_the_whole_list"),
        (Endless, "test_a_list_that_ends_with_a_page_says_so"),
        (Placeless, "test_pages_join_to_the_whole_list"),
        (Ignorant, "test_more_than_a_page_is_read_in_the_calls_that_the_offer_tells"),
        (Losing, "test_a_whole_list_is_read_in_its_pages"),
        (Losing, "test_lists_of_several_keys_are_read_apart"),
        (Owned, "test_a_cursor_of_another_list_gives_nothing_of_that_list"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_faulty_adapter_is_found(adapter: Callable[[], Memory], caught: str) -> None:
    """By the test that is there for its fault."""
    with pytest.raises((AssertionError, ExceptionGroup, ConnectionError)):
        getattr(Contract(adapter), caught)()


def test_a_task_left_behind_is_found() -> None:
    """By any test; the loop's end would hide it."""
    with pytest.raises(AssertionError, match="ran on after both were closed"):
        Contract(Lingering).test_an_empty_batch_asks_nothing()


def test_a_cursor_that_is_trusted_is_found() -> None:
    """What is no cursor is an answer, and never raised."""
    with pytest.raises(ValueError, match="invalid literal"):
        Contract(Trusting).test_what_is_no_cursor_gives_nothing_of_others()


def test_a_source_of_pages_has_to_hold_long_lists() -> None:
    """The suite says so, and passes over no test of pages for want of them."""

    async def put() -> None:
        await SourceUnderTest.put_list(PagedThings(Paged()), "7", 3)

    with pytest.raises(NotImplementedError, match="overrides put_list"):
        asyncio.run(put())


def test_a_source_that_cannot_misbehave_says_so() -> None:
    """The default refuses, and the suite asks only for what stands in `can`."""

    async def told() -> None:
        await SourceUnderTest.misbehave(Things(Memory()), Misbehaviour.DOWN)

    with pytest.raises(NotImplementedError, match="overrides misbehave"):
        asyncio.run(told())
