"""What clients ask for one after the other, what they are told, and whether everything stands so afterwards."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from itertools import count
from typing import Any, Self

from adapters.crossref import Linked, LoadRow, Lookup
from tests.adapters.crossref.contract import Store

__all__ = ["KINDS", "Ask", "Perform", "Story", "Telling", "check_telling", "loading", "performed", "telling_of"]

KINDS = frozenset({"link", "merge", "undo", "load"})

_SHARED = 10
"""Keys that all clients of a round link, in any order."""

_ROWS = 1100
"""Rows of a load: more than one transaction has."""

_AGAIN = 5
"""Writes of each client, the last ones that were answered, that are asked for once more."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Ask:
    """One write of a client, by its number; the client's name begins with that of the round, as all its keys do."""

    client: str
    number: int
    kind: str
    given: tuple[Any, ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Return the ask of which this was told, as JSON has it."""
        return cls(**{**told, "given": tuple(told["given"])})

    @property
    def idempotency_key(self) -> str:
        return f"{self.client}/{self.number}"

    @property
    def is_shared(self) -> bool:
        return self.kind == "link" and "-all-" in self.given[1]

    @property
    def rows(self) -> list[LoadRow]:
        """The rows of a load, each with keys of two sources."""
        return [(None, {"crm": [f"{self.given[0]}-{n}"], "billing": [f"{self.given[0]}-{n}"]}) for n in range(_ROWS)]


Story = Generator[Ask, Linked, None]
"""Asks, and is sent the answer; without end."""

Perform = Callable[[Ask], Awaitable[Linked]]


def telling_of(client: str) -> Story:
    """Return a client that links, merges what it has linked, and mostly undoes that."""
    chance, numbers = random.Random(client), count()
    everybody = client.partition("-")[0]

    def ask(kind: str, *given: object) -> Ask:
        return Ask(client, next(numbers), kind, given)

    for step in count():
        one = yield ask("link", "crm", f"{client}-{step}", None)
        other = yield ask("link", "billing", f"{client}-{step}", None)
        yield ask("link", "crm", f"{client}-{step}-more", other.customer)
        yield ask("link", "crm", f"{everybody}-all-{chance.randrange(_SHARED)}", None)
        merged = yield ask("merge", other.customer, one.customer)
        if chance.random() < 0.7:
            yield ask("undo", merged.seq)


def loading(client: str) -> Story:
    """Return a client that loads."""
    for number in count():
        yield Ask(client, number, "load", (f"{client}-{number}",))


async def performed(store: Store, ask: Ask) -> Linked:
    """Return what the store answers; a load, which names nobody, answers how many rows it has read."""
    key = ask.idempotency_key
    match ask.kind, ask.given:
        case "link", (source, name, customer):
            return await store.link(source, name, customer, asserted_by=ask.client, idempotency_key=key)
        case "merge", (loser, survivor):
            return await store.merge(loser, survivor, actor=ask.client, idempotency_key=key)
        case "undo", (seq,):
            return await store.undo_merge(seq, actor=ask.client, idempotency_key=key)
        case "load", _:
            return Linked("", 0, (await store.load(ask.rows, actor=ask.client)).rows)
    raise ValueError(ask)


@dataclass(slots=True)
class Telling:
    """What clients have asked, each in its order, and what they were told; a client's last ask may be unanswered."""

    asks: dict[str, list[Ask]] = field(default_factory=dict)
    answers: dict[Ask, Linked] = field(default_factory=dict)

    def asked(self, ask: Ask) -> None:
        self.asks.setdefault(ask.client, []).append(ask)

    def answered(self, ask: Ask, answer: Linked) -> None:
        self.answers[ask] = answer

    def hear(self, line: str) -> None:
        """Take what a program has told of its clients; a line that its end has torn apart tells nothing."""
        if line.endswith("\n"):
            told, *answer = json.loads(line)
            ask = Ask.of(told)
            if answer:
                self.answered(ask, Linked(*answer))
            else:
                self.asked(ask)

    @staticmethod
    def line(ask: Ask, answer: Linked | None = None) -> str:
        return json.dumps([asdict(ask), *(astuple(answer) if answer else ())]) + "\n"

    @property
    def open(self) -> Sequence[Ask]:
        """What was asked and not answered: nobody knows whether it stands."""
        return [asks[-1] for asks in self.asks.values() if asks[-1] not in self.answers]

    def owners(self, client: str) -> dict[Key, str]:
        """Return whose each key of a client is, by all that was answered."""
        owners: dict[Key, str] = {}
        moved: dict[int, list[Key]] = {}
        for ask in self.asks[client]:
            if (answer := self.answers.get(ask)) is None:
                break
            match ask.kind, ask.given:
                case "link", (source, name, _):
                    owners[source, name] = answer.customer
                case "merge", (loser, survivor):
                    moved[answer.seq] = [key for key, owner in owners.items() if owner == loser]
                    owners |= dict.fromkeys(moved[answer.seq], survivor)
                case "undo", (seq,):
                    owners |= dict.fromkeys(moved[seq], answer.customer)
        return owners

    def events(self) -> int:
        """Return how many events all of it has written."""
        asks = [ask for several in self.asks.values() for ask in several]
        loaded = sum(_ROWS for ask in asks if ask.kind == "load")
        shared = {ask.given for ask in asks if ask.is_shared}
        return loaded + len(shared) + sum(ask.kind != "load" and not ask.is_shared for ask in asks)


async def check_telling(store: Store, telling: Telling, perform: Perform, before: int) -> int:
    """Check that what was answered stands, and what was not wholly or not at all; ask for that again.

    `before` is how many events there were. Returns how many there are: one for each write, and none for a repetition.
    """
    for client in telling.asks:
        await _check_client(store, telling, perform, client)
    report = await store.verify()
    assert report.holds, report.problems
    assert report.events == before + telling.events()
    return report.events


async def _check_client(store: Store, telling: Telling, perform: Perform, client: str) -> None:
    last, stood = telling.asks[client][-1], telling.owners(client)
    if last not in telling.answers:
        if last.kind == "load":
            await _check_rows(store, last, is_done=False)
        found = await _found(store, stood)
        telling.answered(last, await perform(last))
        stands = telling.owners(client)
        assert found in (stood, {key: stands[key] for key in stood}), "a write stands by half"
        stood = stands
    assert await _found(store, stood) == stood
    for ask in telling.asks[client][-_AGAIN:]:
        assert await perform(ask) == telling.answers[ask], "a write that is repeated has another answer"
        if ask.kind == "load":
            await _check_rows(store, ask, is_done=True)
    assert await _found(store, stood) == stood


async def _found(store: Store, keys: Mapping[Key, object]) -> dict[Key, str]:
    found = await store.resolve_many([Lookup(*key) for key in keys])
    return {key: subject.customer_id for key, subject in zip(keys, found, strict=True) if subject is not None}


async def _check_rows(store: Store, ask: Ask, *, is_done: bool) -> None:
    """Check that each row is there with both its keys or not at all, and that whole transactions are."""
    keys = [(source, name) for _, row in ask.rows for source, (name,) in row.items()]
    found = await _found(store, dict.fromkeys(keys))
    crm, billing = ([found.get(key) for key in keys if key[0] == source] for source in ("crm", "billing"))
    assert crm == billing
    there = [customer for customer in crm if customer is not None]
    assert len(set(there)) == len(there) in ({_ROWS} if is_done else {0, 1000, _ROWS})
    assert crm[: len(there)] == there
