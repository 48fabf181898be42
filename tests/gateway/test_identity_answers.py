"""What the cross-reference does to answers: GraphQL goes in, over a database of each kind."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from adapters.answers import Gone, ReplacedBy
from adapters.crossref import Candidate, Lookup, Restriction, SourceSystem, StoredCrossReference, open_crossref
from adapters.crossref.postgres.finding import PostgresFinder
from adapters.crossref.sqlite.finding import SqliteFinder
from adapters.sandbox.postgres import PostgresServer
from gateway.gateway import Gateway
from gateway.settings import Settings
from tests.adapters.crossref.postgres_tables import make_database
from tests.gateway.greenhouse import Greenhouse, Plant, Table, nursery, soil, write_all

pytestmark = pytest.mark.usefixtures("nothing_else_installed")

SEEN = 5.0
"""Seconds in which what is written is seen, and what is heard is written; a hundredth of it on a quiet machine."""

NUMBERS = count()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer.start() as started:
        yield started


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a cross-reference can be kept."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/crossref.db"
    started, name = request.getfixturevalue("server"), f"answers{next(NUMBERS)}"
    await make_database(started, name)
    return str(started.url(name))


@dataclass
class Served:
    """An open gateway, and another handle on its cross-reference, as another process has it."""

    house: Greenhouse
    store: StoredCrossReference

    async def ask(self, by: str, fields: str = "id label", to: str = "watering") -> dict[str, Any]:
        """The answer with its receipt, without the time that it took."""
        query = f"{{ plant(by: {{{by}}}) {{ {fields} }} }}"
        response = await self.house.post({"query": query, "extensions": {"receipt": "sources"}}, to=to)
        assert response.status_code == 200
        answer: dict[str, Any] = response.json()
        del answer["extensions"]["receipt"]["ms"]
        return answer

    async def until(self, by: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The answer, when it has come to be so."""
        async with asyncio.timeout(SEEN):
            while not is_so(answer := await self.ask(by)):  # noqa: ASYNC110  another process has no event of ours
                await asyncio.sleep(0.01)
        return answer

    async def seen(self, by: str, label: str | None) -> dict[str, Any]:
        """The answer, when it has come to this label, or to no plant."""
        return await self.until(by, lambda answer: (answer["data"]["plant"] or {}).get("label") == label)

    async def candidate(self) -> Candidate:
        """The one candidate that is open."""
        async with asyncio.timeout(SEEN):
            while not (found := await self.store.candidates()):  # noqa: ASYNC110  it is written by nobody's leave
                await asyncio.sleep(0.01)
        (candidate,) = found
        return candidate


@asynccontextmanager
async def served(folder: Path, place: str, **settings: Any) -> AsyncIterator[Served]:
    """Open a gateway over the place; the nursery has `N-p1` to `N-p3`, which are nobody's in the cross-reference."""
    views, consumers = write_all(folder)
    plants, beds = nursery(), soil()
    async with open_crossref(place) as store:
        await store.register_source(SourceSystem("nursery"), actor="test")
        gateway = Gateway(
            model=Plant,
            adapters=[plants, beds],
            views=views,
            crossref=place,
            consumers=consumers,
            settings=Settings(**settings),
        )
        house = Greenhouse(gateway, plants, beds, Table())
        async with house.gateway.running():
            yield Served(house, store)


async def linked(store: StoredCrossReference, key: str, customer: str | None = None) -> str:
    return (await store.link("nursery", key, customer, asserted_by="test")).customer


async def test_a_merged_id_answers_the_survivor_and_says_so(tmp_path: Path, place: str) -> None:
    """By the id that was merged, and not by its key; after undoing each answers for itself."""
    async with served(tmp_path, place) as at:
        loser, survivor = await linked(at.store, "N-p1"), await linked(at.store, "N-p2")
        await at.seen(f'id: "{loser}"', "Fern")
        merged = await at.store.merge(loser, survivor, actor="test")
        answer = await at.seen(f'id: "{loser}"', "Moss")
        assert answer["data"]["plant"]["id"] == survivor
        assert answer["extensions"]["redirected"] == [{"path": ["plant"], "requested": loser}]
        by_key = await at.seen('nursery: "N-p1"', "Moss")
        assert "redirected" not in by_key["extensions"]
        await at.store.undo_merge(merged.seq, actor="test")
        assert "redirected" not in (await at.seen(f'id: "{loser}"', "Fern"))["extensions"]


async def test_an_unlinked_source_is_not_linked_and_not_asked(tmp_path: Path, place: str) -> None:
    """Its fields are null with a code; a relinked key answers for its new customer."""
    async with served(tmp_path, place) as at:
        customer = await linked(at.store, "N-p1")
        await at.seen(f'id: "{customer}"', "Fern")
        await at.store.unlink("nursery", "N-p1", actor="test")
        answer = await at.seen(f'id: "{customer}"', None)
        assert answer["data"]["plant"] == {"id": customer, "label": None}
        told = {"coordinate": "Plant.label", "code": "SOURCE_NOT_LINKED"}
        assert [{name: one[name] for name in told} for one in answer["extensions"]["absent"]] == [told]
        calls = at.house.calls
        assert (await at.ask(f'id: "{customer}"'))["data"] == answer["data"]
        assert at.house.calls == calls
        assert (await at.ask('nursery: "N-p1"'))["data"] == {"plant": None}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many were looked up, each time that a database was read for look-ups."""
    made: list[int] = []

    def counted(find: Callable[..., Any]) -> Callable[..., Any]:
        async def counting(self: object, asked: Sequence[object], **more: bool) -> Any:
            made.append(len(asked))
            return await find(self, asked, **more)

        return counting

    for finder in (SqliteFinder, PostgresFinder):
        monkeypatch.setattr(finder, "find", counted(finder.find))
    return made


async def test_erased_unknown_and_hidden_are_alike(tmp_path: Path, place: str, reads: list[int]) -> None:
    """The same answer to the byte but for times, the same reads, no source asked; merged ids and keys too."""
    async with served(tmp_path, place, kept_lookup_bytes=0) as at:
        loser, survivor = await linked(at.store, "N-p1"), await linked(at.store, "N-p2")
        hidden = await linked(at.store, "N-p3")
        await at.store.merge(loser, survivor, actor="test")
        await at.store.erase(survivor, actor="test")
        await at.store.restrict(hidden, Restriction("g", frozenset({"*"})), actor="test")
        calls = at.house.calls
        unheard_of = survivor[:-4] + "0000"
        asked = [f'id: "{one}"' for one in (unheard_of, loser, survivor, hidden, "no id")]
        asked += [f'nursery: "{key}"' for key in ("N-p1", "N-p2", "N-p3", "N-p9")]
        answers, read = [], []
        for by in asked:
            before = len(reads)
            answers.append(await at.ask(by))
            read.append(len(reads) - before)
        assert answers == [answers[0]] * len(answers)
        assert answers[0]["data"] == {"plant": None}
        assert [one["code"] for one in answers[0]["extensions"]["withheld"]] == ["SUBJECT_UNKNOWN"]
        assert (at.house.calls, read) == (calls, [1] * len(asked))
        assert (await at.store.standing(loser), await at.store.standing(unheard_of)) != (None, None)


async def test_a_key_that_is_gone_becomes_a_candidate(tmp_path: Path, place: str) -> None:
    """The answer says so, the link stays; when a steward accepts it, the source is not linked any more."""
    async with served(tmp_path, place) as at:
        customer = await linked(at.store, "N-p1")
        at.house.nursery.answers["N-p1"] = Gone()
        for _ in range(3):
            answer = await at.ask(f'id: "{customer}"')
            assert [one["code"] for one in answer["extensions"]["absent"]] == ["SOURCE_KEY_GONE"]
        candidate = await at.candidate()
        assert (candidate.customer, candidate.kind) == (customer, "source_says_gone")
        assert candidate.evidence["source"] == "nursery"
        assert await at.store.resolve(Lookup("nursery", "N-p1")) is not None
        told = (await at.store.history(customer))[-1]
        assert told.type == "candidate.opened"
        assert told.actor == "gateway"
        await at.store.accept(candidate.candidate_id, actor="steward")
        await at.until(f'id: "{customer}"', lambda one: one["extensions"]["absent"][0]["code"] == "SOURCE_NOT_LINKED")


async def test_a_key_that_is_replaced_becomes_a_candidate(tmp_path: Path, place: str) -> None:
    """Nothing is followed of its own accord; when a steward accepts it, the new key answers, by the old one too."""
    async with served(tmp_path, place) as at:
        customer = await linked(at.store, "N-p1")
        at.house.nursery.answers["N-p1"] = ReplacedBy("N-p2")
        answer = await at.ask(f'id: "{customer}"')
        assert answer["data"]["plant"]["label"] is None
        assert [one["code"] for one in answer["extensions"]["absent"]] == ["SOURCE_KEY_REPLACED"]
        candidate = await at.candidate()
        assert (candidate.customer, candidate.kind) == (customer, "source_says_replaced")
        assert "N-p2" not in str(candidate) + str(candidate.evidence)
        await at.store.accept(candidate.candidate_id, actor="steward")
        await at.seen(f'id: "{customer}"', "Moss")
        await at.seen('nursery: "N-p1"', "Moss")
        assert (await at.store.verify()).holds


async def test_several_gateways_open_one_candidate(tmp_path: Path, place: str) -> None:
    """Whoever hears it first; the other finds it there."""
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
    async with served(tmp_path / "one", place) as one, served(tmp_path / "other", place) as other:
        customer = await linked(one.store, "N-p1")
        for at in (one, other):
            at.house.nursery.answers["N-p1"] = Gone()
        await asyncio.gather(*[at.ask(f'id: "{customer}"') for at in (one, other, one)])
        await one.candidate()
        await asyncio.sleep(0.6)  # longer than the other takes
        assert len(await one.store.candidates()) == 1


async def test_what_sources_say_can_be_passed_over(tmp_path: Path, place: str) -> None:
    """By a setting; the answer is the same."""
    async with served(tmp_path, place, hear_sources=False) as at:
        customer = await linked(at.store, "N-p1")
        at.house.nursery.answers["N-p1"] = Gone()
        answer = await at.ask(f'id: "{customer}"')
        assert [one["code"] for one in answer["extensions"]["absent"]] == ["SOURCE_KEY_GONE"]
        await asyncio.sleep(0.5)
        assert [*await at.store.candidates()] == []


async def test_of_several_keys_the_first_that_has_a_record_answers(tmp_path: Path, place: str) -> None:
    """The survivor's own before what came by a merge, then the newest; all are asked in one call and in the receipt."""
    async with served(tmp_path, place) as at:
        survivor = await linked(at.store, "N-p1")
        await linked(at.store, "N-p2", survivor)
        loser = await linked(at.store, "N-p3")
        await at.store.merge(loser, survivor, actor="test")
        answer = await at.seen(f'id: "{survivor}"', "Moss")
        (source,) = answer["extensions"]["receipt"]["sources"]
        assert (source["keys"], source["calls"]) == (3, 1)
        assert at.house.nursery.batches[-1].keys == ("N-p2", "N-p1", "N-p3")
        for gone, label in (("N-p2", "Fern"), ("N-p1", "Ivy")):
            at.house.nursery.answers[gone] = Gone()
            assert (await at.ask(f'id: "{survivor}"'))["data"]["plant"]["label"] == label


async def test_no_answer_waits_for_what_is_heard_to_be_written(tmp_path: Path) -> None:
    """While another process writes answers come as ever; the candidate is opened when it has done."""
    async with served(tmp_path, f"sqlite:///{tmp_path}/crossref.db") as at:
        customer = await linked(at.store, "N-p1")
        at.house.nursery.answers["N-p1"] = Gone()
        with closing(sqlite3.connect(tmp_path / "crossref.db", isolation_level=None)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            await at.ask(f'id: "{customer}"')
            await asyncio.sleep(0.5)  # the write has begun, and waits up to five seconds
            for _ in range(20):
                answer = await at.ask(f'id: "{customer}"')
                assert [one["code"] for one in answer["extensions"]["absent"]] == ["SOURCE_KEY_GONE"]
            assert [*await at.store.candidates()] == []
            blocker.execute("ROLLBACK")
        assert (await at.candidate()).customer == customer
