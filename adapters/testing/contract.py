"""The contract suite: what the engine relies on in every adapter, as tests that a subclass inherits.

    class TestCrm(AdapterContract):
        @asynccontextmanager
        async def under_test(self):
            async with CrmServer() as server:
                yield CrmUnderTest(server)

The tests are plain functions, each with an event loop of its own, so they run under pytest without a plugin. A test
that the source cannot stage is skipped, and the skip says what was missing. To have pytest show the values of a failed
assertion, write `pytest.register_assert_rewrite("adapters.testing")` in your conftest.py.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest import SkipTest

from adapters.answers import Answer, Fault, Found, Missing, Page
from adapters.testing.paged import PagingContract
from adapters.testing.source import Misbehaviour, SourceUnderTest
from adapters.testing.staging import Heard, ask, batch_of, check_found, filled, reason_of, staged, together, told
from schema.reasons import Reason

__all__ = ["AdapterContract"]


class AdapterContract(PagingContract):
    """Inherit it in a class named `Test...` and say how to stage the source. One offer is tested by one class."""

    @staged
    async def test_an_empty_batch_asks_nothing(self, source: SourceUnderTest) -> None:
        """No key, no call, no answer."""
        assert await ask(source, []) == {}
        assert len(await source.seen()) == 0, "a call was made for no key"

    @staged
    async def test_one_key_is_answered_by_its_record(self, source: SourceUnderTest) -> None:
        """One key is the special case of a batch."""
        keys = await filled(source, 1)
        check_found(source, await ask(source, keys), keys)
        assert len(await source.seen()) == 1

    @staged
    async def test_a_full_batch_is_one_call(self, source: SourceUnderTest) -> None:
        """As many keys as the offer takes go out together."""
        keys = await filled(source, source.offer.keys_a_call)
        check_found(source, await ask(source, keys), keys)
        assert [call.keys for call in await source.seen()] == [source.offer.keys_a_call]

    @staged
    async def test_an_over_full_batch_is_split_into_the_fewest_calls(self, source: SourceUnderTest) -> None:
        """No call holds more keys than the offer takes, and there are no more calls than that needs."""
        size = source.offer.keys_a_call
        keys = await filled(source, 2 * size + 1)
        check_found(source, await ask(source, keys), keys)
        assert sorted(call.keys for call in await source.seen()) == sorted([1, size, size])

    @staged
    async def test_the_observer_is_told_of_every_call(self, source: SourceUnderTest) -> None:
        """The calls reported are the calls that the source saw, each with its offer, fields and number of keys."""
        heard = Heard()
        keys = await filled(source, 2 * source.offer.keys_a_call)
        await ask(source, keys, observer=heard)
        assert sorted(call.keys for call in heard.calls) == sorted(call.keys for call in await source.seen())
        told = {(call.source, call.offer, call.fields, call.outcome) for call in heard.calls}
        assert told == {(source.adapter.source, source.offer.name, source.fields, None)}

    @staged
    async def test_a_key_that_the_source_does_not_have_costs_itself_only(self, source: SourceUnderTest) -> None:
        """Its answer is what the offer declares; the others have theirs."""
        keys = await filled(source, 3)
        unknown = source.key(99)
        answers = await ask(source, [*keys[:1], unknown, *keys[1:]])
        _check_absent(source, answers[unknown])
        check_found(source, answers, keys)

    @staged
    async def test_records_in_another_order_reach_their_own_keys(self, source: SourceUnderTest) -> None:
        """An answer is matched by the key that its record echoes, never by position."""
        keys = await filled(source, together(source, 3))
        await told(source, Misbehaviour.SHUFFLED)
        check_found(source, await ask(source, keys), keys)

    @staged
    async def test_a_record_of_another_key_is_never_an_answer(self, source: SourceUnderTest) -> None:
        """The key it displaced is SOURCE_MISMATCH, and nobody gets the foreign record."""
        keys = await filled(source, together(source, 3))
        await told(source, Misbehaviour.FOREIGN)
        answers = await ask(source, keys)
        assert set(answers) == set(keys), "the answers hold another set of keys than was asked"
        assert reason_of(answers[keys[0]]) is Reason.SOURCE_MISMATCH
        check_found(source, answers, keys[1:])

    @staged
    async def test_two_records_of_one_key_are_an_error_of_that_key(self, source: SourceUnderTest) -> None:
        """Which of them is right cannot be known; a list offer takes them as rows."""
        if source.offer.is_list:
            raise SkipTest("does not apply: a list offer takes several records of one key as its rows")
        keys = await filled(source, together(source, 3))
        await told(source, Misbehaviour.DUPLICATED)
        answers = await ask(source, keys)
        assert reason_of(answers[keys[0]]) is Reason.SOURCE_ERROR
        check_found(source, answers, keys[1:])

    @staged
    async def test_a_bad_value_costs_itself_only(self, source: SourceUnderTest) -> None:
        """In its place stands Fault(VALUE_INVALID); every other value of the batch is there."""
        keys = await filled(source, together(source, 2))
        await told(source, Misbehaviour.SPOILED)
        answers = await ask(source, keys)
        got, wanted = list(_values(answers[keys[0]])), list(_values_of(source.facts(keys[0])))
        faults = [value for value in got if value == Fault(Reason.VALUE_INVALID)]
        assert len(faults) == 1, f"got {len(faults)} faults; wanted one, for the one value that was spoiled"
        assert [a for a in got if a in wanted] == [a for a in got if a not in faults]
        check_found(source, answers, keys[1:])

    @staged
    async def test_an_error_for_one_key_costs_that_key_only(self, source: SourceUnderTest) -> None:
        """Where the protocol can say so for one key."""
        keys = await filled(source, 3)
        await told(source, Misbehaviour.REFUSED)
        answers = await ask(source, keys)
        assert not isinstance(answers[keys[0]], (Found, Missing))
        check_found(source, answers, keys[1:])

    @staged
    async def test_a_source_that_is_down_is_an_error_of_every_key(self, source: SourceUnderTest) -> None:
        """Nothing is raised, and the observer hears of the failure."""
        await self._fails(source, Misbehaviour.DOWN)

    @staged
    async def test_garbage_is_an_error_of_every_key(self, source: SourceUnderTest) -> None:
        """Nothing is raised, and the observer hears of calls that were made in vain or answered uselessly."""
        await self._fails(source, Misbehaviour.GARBAGE)

    async def _fails(self, source: SourceUnderTest, how: Misbehaviour) -> None:
        keys, heard = await filled(source, source.offer.keys_a_call + 1), Heard()
        await told(source, how)
        answers = await ask(source, keys, observer=heard)
        assert set(answers) == set(keys)
        reasons = {reason_of(answer) for answer in answers.values()}
        assert Reason.SOURCE_ERROR in reasons <= {Reason.SOURCE_ERROR, Reason.CIRCUIT_OPEN}, f"got {reasons}"
        told_of = len(heard.calls)  # a call may be sent again, and a source that fails is left alone
        assert told_of >= 2, f"the observer was told of {told_of} calls; wanted 2 or more"

    @staged
    async def test_the_projection_reaches_the_source(self, source: SourceUnderTest) -> None:
        """The source is asked for the wanted fields and the key it echoes, and for nothing else."""
        keys = await filled(source, 1)
        asks = [(field,) for field in source.fields] + [source.fields]
        for fields in asks:
            check_found(source, await ask(source, keys, fields=fields), keys, fields)
        seen = [call.fields for call in await source.seen()]
        if None in seen:
            raise SkipTest("does not apply: this protocol cannot ask for fields")
        assert seen == [source.asked_of_source(fields) for fields in asks]

    @staged
    async def test_hostile_keys_come_back_as_themselves(self, source: SourceUnderTest) -> None:
        """Whatever a key contains, it is one key: alone and among others."""
        keys = [source.key(1), *source.hostile_keys, source.key(2)]
        await source.put(keys)
        check_found(source, await ask(source, keys), keys)
        for key in source.hostile_keys:
            check_found(source, await ask(source, [key]), [key])

    @staged
    async def test_a_hostile_key_finds_no_record_of_another_key(self, source: SourceUnderTest) -> None:
        """A key that the source does not have answers as absent or as an error, whatever it contains."""
        known = await filled(source, 1)
        for key in source.hostile_keys:
            answers = await ask(source, [key, *known])
            check_found(source, answers, known)
            assert not _has_facts(answers[key])

    @staged
    async def test_the_deadline_is_kept(self, source: SourceUnderTest) -> None:
        """A slow source costs the time that is left, and every key says so."""
        keys = await filled(source, 2)
        await told(source, Misbehaviour.SLOW)
        start = time.monotonic()
        answers = await ask(source, keys, seconds=0.05)
        assert time.monotonic() - start < 2, "the deadline was 0.05 s away; the answer took more than 2 s"
        assert {reason_of(answer) for answer in answers.values()} <= {Reason.DEADLINE_EXCEEDED, Reason.SOURCE_TIMEOUT}

    @staged
    async def test_nothing_is_sent_after_the_deadline(self, source: SourceUnderTest) -> None:
        """A call that cannot be answered in time is not made."""
        keys = await filled(source, 2)
        answers = await ask(source, keys, seconds=0.0)
        assert {reason_of(answer) for answer in answers.values()} == {Reason.DEADLINE_EXCEEDED}
        assert len(await source.seen()) == 0

    @staged
    async def test_cancellation_passes_through_and_frees_the_source(self, source: SourceUnderTest) -> None:
        """A cancelled fetch ends as cancelled, and the next one is answered."""
        keys = await filled(source, 1)
        await told(source, Misbehaviour.SLOW)
        for _ in range(3):
            before = len(await source.seen())
            task = asyncio.create_task(ask(source, keys))
            await source.wait_until_seen(before + 1)
            task.cancel()
            ended = await asyncio.wait([task], timeout=2)
            assert not ended[1], "the fetch went on for 2 s after it was cancelled"
            assert task.cancelled(), "the fetch swallowed its cancellation"
        await source.misbehave(None)
        check_found(source, await ask(source, keys), keys)

    @staged
    async def test_no_key_and_no_value_is_printed(self, source: SourceUnderTest) -> None:
        """Neither the repr of an answer, a batch or the adapter nor a log line holds what a customer's record holds."""
        keys, declared = await filled(source, 2), repr(source.offer)  # a word that the offer declares tells of nobody
        printed = [repr(source.adapter), repr(batch_of(source, keys, source.fields))]
        with _logged() as lines:
            printed.append(repr(list((await ask(source, keys)).values())))
            for how in sorted(source.can & {Misbehaviour.DOWN, Misbehaviour.GARBAGE, Misbehaviour.FOREIGN}):
                await source.misbehave(how)
                printed.append(repr(list((await ask(source, keys)).values())))
        secrets = {secret for key in keys for secret in _secrets([key, source.facts(key)]) if secret not in declared}
        assert not [secret for secret in secrets if any(secret in text for text in (*printed, *lines))]


def _check_absent(source: SourceUnderTest, answer: Answer | None) -> None:
    declared = source.offer.absent
    if source.missing_is_known or declared is Missing:
        assert answer == Missing()
    elif declared is Page:
        assert isinstance(answer, Found)
        assert isinstance(answer.record, Page)
        assert (tuple(answer.record.items), answer.record.has_next) == ((), False)
    else:
        assert reason_of(answer) is Reason.SOURCE_INCOMPLETE


def _has_facts(answer: Answer) -> bool:
    return isinstance(answer, Found) and not (isinstance(answer.record, Page) and not answer.record.items)


def _values(answer: Answer) -> Iterator[object]:
    assert isinstance(answer, Found), f"got {answer!r} for a key with one bad value; wanted Found"
    yield from _values_of(answer.record.items if isinstance(answer.record, Page) else answer.record)


def _values_of(facts: object) -> Iterator[object]:
    """Yield every single value in facts, in the order of their fields."""
    if isinstance(facts, Mapping):
        for name in sorted(facts):
            yield from _values_of(facts[name])
    elif isinstance(facts, (list, tuple)):
        for item in facts:
            yield from _values_of(item)
    else:
        yield facts


def _secrets(facts: object) -> Iterator[str]:
    """Yield the values that are long enough not to stand in a text by chance."""
    yield from (text for text in map(str, _values_of(facts)) if len(text) >= 6)


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Collect every log line written in the block, of every level."""
    lines: list[str] = []
    handler, root = logging.Handler(), logging.getLogger()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
