"""The common part of the protocol bases: one fetch becomes calls, each call's records become answers by key."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, TypeVar

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Key, SourceError
from adapters.limits import Limits, SourceLimits, limited, open_limits
from adapters.matching import Ends, match_answers
from adapters.observed import Observed
from adapters.offers import KeyForm, Offer
from adapters.paging import first_slice, further_pages
from adapters.sending import AskT, InTime, NotPermittedError, ReplyT, Send, SendError, Wire
from schema.reasons import Reason

__all__ = ["ProtocolAdapter"]

T = TypeVar("T")
_Answers = Mapping[Key, Answer]

_NOT_TAKEN = SourceError(Reason.SOURCE_ERROR, "the offer does not take an argument that was given")
_BLANK = SourceError(Reason.SOURCE_ERROR, "the key is blank, or holds nothing that a key of the offer's form can")


class ProtocolAdapter(ABC, Generic[AskT, ReplyT]):
    """An adapter whose protocol says how to ask for some keys and where the records are in a reply.

    `source` is the source's name, `offers` what it can answer, and `limits` what it bears. `timeout`, the seconds after
    which one call is given up, and `at_once`, the most calls to the source under way together, are for who says nothing
    else of that, and narrow `limits` where both are given.
    """

    def __init__(
        self,
        source: str,
        offers: Sequence[Offer],
        *,
        timeout: float | None = None,
        at_once: int | None = None,
        limits: Limits | SourceLimits | None = None,
    ) -> None:
        self.source = source
        self.offers = tuple(offers)
        self._limits = open_limits(source, limits, timeout, at_once)
        self._send = self._compose(self._limits)

    def _compose(self, limits: SourceLimits) -> Send[AskT, _Answers]:
        """Return the send with its wrappers, outermost first: a call is seen and timed once its turn has come.

        A reply is read within: what cannot be read, or holds nothing of what was asked, is a call that failed.
        """
        wire: Wire[AskT, _Answers] = Wire(self._made)
        return limited(Observed(InTime(wire, limits.timeout), self.source, limits.clock), self.source, limits)

    @property
    def limits(self) -> SourceLimits:
        """Return what the source bears, and how that stands."""
        return self._limits

    @property
    def forwards_credential(self) -> bool:
        """Return whether the caller's credential goes to the source; a protocol that can send it overrides it."""
        return False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source!r}, offers={[offer.name for offer in self.offers]})"

    def _unaskable(self, batch: Batch, key: Key) -> Answer | None:
        """Return the answer of a key that this protocol cannot put on the wire; None, the default, for all others.

        It is asked before blank keys are refused: what a key without text means may be the protocol's to say.
        """
        return None

    def _are_askable(self, batch: Batch) -> bool:
        """Return whether no key of the batch is refused, blank ones included; False where each has to be looked at.

        A protocol that can tell it of all keys at once overrides it: most batches hold nothing but plain keys.
        """
        return False

    @abstractmethod
    def _asks(self, batch: Batch, keys: Sequence[Key]) -> AskT:
        """Return the one call that asks these keys of the batch."""

    @abstractmethod
    async def _make(self, ask: AskT, call: Call) -> ReplyT:
        """Make the call on the wire and return the reply, or raise SendError.

        What `last_look` returns is called once the connection is had, right before the first byte.
        """

    @abstractmethod
    def _records(self, ask: AskT, reply: ReplyT) -> Iterable[object]:
        """Return the raw records in the reply, or raise SendError if it has another shape."""

    async def fetch(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        """Ask for all keys in as few calls as the offer allows, at most `offer.at_once` of them together.

        Spellings of one key are asked as one, in the first of them: asked as two, a source that folds them itself would
        answer twice, and neither answer could be told from a double record. A blank key is refused; so is every key of
        a batch with an argument that the offer does not take: an answer without it would look right and be wrong.
        """
        if batch.arguments and not batch.offer.takes.issuperset(name for name, _ in batch.arguments):
            return dict.fromkeys(batch.keys, _NOT_TAKEN)
        if self._is_plain(batch):
            return await self._plain_answers(batch, call)
        refused = {key: answer for key in batch.keys if (answer := self._refusal(batch, key)) is not None}
        forms = {key: batch.offer.key_form.normal(key) for key in batch.keys if key not in refused}
        spelt: dict[Key, Key] = {}
        for key, form in forms.items():
            spelt.setdefault(form, key)
        answers = await self._fetching(batch, call).answers(tuple(spelt.values()))
        return refused | {key: answers[spelt[form]] for key, form in forms.items() if spelt[form] in answers}

    def _is_plain(self, batch: Batch) -> bool:
        """Return whether the batch can be asked as it stands: no key is refused or spelt twice, and no page follows."""
        is_whole = bool(batch.keys) and batch.offer.max_page is None and batch.slice is None
        return is_whole and batch.offer.key_form is KeyForm.OPAQUE and self._are_askable(batch)

    async def _plain_answers(self, batch: Batch, call: Call) -> Mapping[Key, Answer]:
        if len(batch.keys) <= batch.offer.max_batch:
            return await self._answer(batch, batch.keys, call)
        return await self._fetching(batch, call).answers(batch.keys)

    def _fetching(self, batch: Batch, call: Call) -> _Fetching:
        return _Fetching(batch, partial(self._answer, call=call), asyncio.Semaphore(batch.offer.at_once))

    def _refusal(self, batch: Batch, key: Key) -> Answer | None:
        is_blank = not batch.offer.key_form.normal(key).strip()
        return self._unaskable(batch, key) or (_BLANK if is_blank else None)

    async def _answer(self, batch: Batch, keys: Sequence[Key], call: Call) -> Mapping[Key, Answer]:
        try:
            return await self._send.send(self._asks(batch, keys), call)
        except _UselessError as error:
            return error.answers
        except SendError as error:
            return dict.fromkeys(keys, SourceError(error.reason, error.detail))
        except NotPermittedError as error:
            denied = error.denied
        left = tuple(key for key in keys if key not in denied)
        return {**denied, **(await self._answer(batch, left, call) if left else {})}

    async def _made(self, ask: AskT, call: Call) -> _Answers:
        """Return the answers of one call, or raise SendError where none of them is of use."""
        reply = await self._make(ask, call)
        answers = self._read(ask.batch, ask.keys, ask, reply)
        if type(next(iter(answers.values()), None)) is SourceError:  # else there is no need to look at all of them
            _check_use(answers)
        return answers

    def _read(self, batch: Batch, keys: Sequence[Key], ask: AskT, reply: ReplyT) -> Mapping[Key, Answer]:
        """Return one answer a key; a protocol whose reply can say more than its records do overrides it."""
        ends = self._ends(ask, reply) if batch.offer.is_paged else None
        return match_answers(batch, keys, self._records(ask, reply), datetime.now(UTC), ends)

    def _ends(self, ask: AskT, reply: ReplyT) -> Ends:
        """Return what tells where the pages in a reply end; a protocol whose lists can have pages overrides it."""
        raise SendError(Reason.SOURCE_ERROR, "the adapter's protocol has no pages, and the offer has")

    async def aclose(self) -> None:
        """Give back connections; a protocol that holds some overrides it."""


class _UselessError(SendError):
    """The source has answered, and none of it is of use; `answers` say of each key why."""

    def __init__(self, reason: Reason, answers: _Answers) -> None:
        super().__init__(reason, "the answer as a whole is of no use")
        self.answers = answers


_OF_ALL = (Reason.SOURCE_RATE_LIMITED, Reason.SOURCE_AUTH)
_OF_SEVERAL = (Reason.SOURCE_MISMATCH, Reason.SOURCE_ERROR)
"""Of the only key it may be one bad record: who asks for it again and again closes the source to nobody."""


def _check_use(answers: _Answers) -> None:
    """Raise _UselessError where no key has an answer, and it is not one bad record of the only key.

    That a record is missing says nothing of the source: it may never have had one.
    """
    reasons = [answer.reason if isinstance(answer, SourceError) else None for answer in answers.values()]
    if None in reasons:
        return
    counted = _OF_ALL if len(answers) == 1 else _OF_ALL + _OF_SEVERAL
    told = next((reason for reason in counted if reason in reasons), None)
    if told is not None:
        raise _UselessError(told, answers)


@dataclass(frozen=True, slots=True)
class _Fetching:
    """One batch while it is asked: `ask` makes a call, at most `turns` of them together."""

    batch: Batch
    ask: Callable[[Batch, Sequence[Key]], Awaitable[Mapping[Key, Answer]]]
    turns: asyncio.Semaphore

    async def answers(self, keys: Sequence[Key]) -> Mapping[Key, Answer]:
        """Return the answers of these keys, which are asked in full calls."""
        size = self.batch.offer.keys_a_call
        parts = await _together([self._part(keys[start : start + size]) for start in range(0, len(keys), size)])
        return {key: answer for answers in parts for key, answer in answers.items()}

    async def _part(self, keys: Sequence[Key]) -> Mapping[Key, Answer]:
        answers = await self._asked(replace(self.batch, slice=first_slice(self.batch)), keys)
        if not self.batch.offer.is_paged:
            return answers
        wholes = await _together([self._whole(key, answer) for key, answer in answers.items()])
        return dict(zip(answers, wholes, strict=True))

    async def _whole(self, key: Key, answer: Answer) -> Answer:
        return await further_pages(self.batch, answer, partial(self._page, key))

    async def _page(self, key: Key, batch: Batch) -> Answer:
        return (await self._asked(batch, (key,)))[key]

    async def _asked(self, batch: Batch, keys: Sequence[Key]) -> Mapping[Key, Answer]:
        async with self.turns:
            return await self.ask(batch, keys)


async def _together(work: Sequence[Coroutine[Any, Any, T]]) -> Sequence[T]:
    """Return the results in order; one piece of work is done here and now, without a task.

    The first exception is raised itself: who reads of a group learns nothing of what went wrong.
    """
    if len(work) == 1:
        return (await work[0],)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except BaseExceptionGroup as raised:
        raise raised.exceptions[0] from None
    return [task.result() for task in tasks]
