"""The part of the contract that concerns histories, exports and the change feed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from adapters.crossref import (
    Change,
    ConflictError,
    HistoryEntry,
    IdentifierType,
    InputError,
    KnownAs,
    Lookup,
    Restriction,
    Standing,
    StoreError,
    Writing,
)
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    ID_C,
    START,
    Backdoor,
    CrossReferenceContract,
    Open,
    SteppedClock,
    Store,
    close,
    register_all,
    rows_of,
)

BY: Writing = {"actor": "steward"}
PERSON = "canary.person@example.org"
HOSTILE = ["", "\x00", "\ud800", "cus_\n", "x" * 5000, "' OR 1=1 --"]


class RecountingContract(CrossReferenceContract):
    """The part of the contract that concerns histories, exports and the change feed."""

    @pytest.fixture
    async def two(self, store: Store) -> Store:
        await rows_of(store, [(ID_A, {"crm": ["C1"], "mail": [PERSON]}), (ID_B, {"crm": ["C2"]})])
        return store

    async def test_a_history_tells_who_did_what_and_why(self, two: Store, clock: SteppedClock) -> None:
        """Each event with its number and time; what is told of links is told without their keys."""
        clock.go(hours=1)
        await self.link(two, "billing", "a canary", ID_A)
        await two.unlink("billing", "a canary", actor="anna", reason_code="wrong-person", reason_ref="T-1")
        made, _, ended = await two.history(ID_A)
        assert (made.type, made.at, made.actor, made.reason_code) == ("customer.created", START, "feed", None)
        assert [link["source"] for link in made.body["links"]] == ["crm", "mail"]  # type: ignore[attr-defined]
        assert (ended.type, ended.customer, ended.at, ended.seq) == ("link.closed", ID_A, clock.now, made.seq + 3)
        assert (ended.actor, ended.reason_code, ended.reason_ref) == ("anna", "wrong-person", "T-1")
        bodies = str([entry.body for entry in await two.history(ID_A)])
        assert not [key for key in ("a canary", PERSON) if key in bodies]
        assert "body" not in repr(made)

    async def test_the_ids_of_a_customer_follow_merges_both_ways(self, two: Store, clock: SteppedClock) -> None:
        """Ids that lead to it are its own for all time; where it led to another, that is told for as long as it did."""
        await rows_of(two, [(ID_C, {"crm": ["C3"]})])
        assert await two.known_as(ID_A) == (KnownAs(ID_A),)
        clock.go(hours=1)
        first = await two.merge(ID_B, ID_A, **BY)
        for one in (ID_A, ID_B, Lookup("crm", "C2")):
            assert await two.known_as(one) == (KnownAs(ID_A), KnownAs(ID_B))
        clock.go(hours=1)
        begun = clock.now
        second = await two.merge(ID_A, ID_C, **BY)
        assert await two.known_as(ID_B) == (KnownAs(ID_C), *sorted(map(KnownAs, (ID_A, ID_B)), key=str))
        clock.go(hours=1)
        ended = clock.now
        await two.undo_merge(second.seq, **BY)
        clock.go(hours=1)
        await two.undo_merge(first.seq, **BY)
        assert await two.known_as(ID_C) == (KnownAs(ID_C),)
        assert KnownAs(ID_C, begun, ended) in await two.known_as(ID_A)
        assert KnownAs(ID_A, begun - timedelta(hours=1), begun) in await two.known_as(ID_B)
        assert KnownAs(ID_C, begun, ended) in await two.known_as(ID_B)
        for name in ("cus_" + "0" * 32, *HOSTILE):
            assert await two.known_as(name) == ()

    async def test_who_was_erased_is_known_by_the_id_to_which_theirs_led(self, two: Store, clock: SteppedClock) -> None:
        """From the merge on records name that one; before it, it is another's."""
        clock.go(hours=1)
        merged = clock.now
        await two.merge(ID_B, ID_A, **BY)
        clock.go(hours=1)
        await two.erase(ID_A, **BY)
        assert await two.known_as(ID_A) == (KnownAs(ID_A), KnownAs(ID_B))
        assert await two.known_as(ID_B) == (KnownAs(ID_B), KnownAs(ID_A, merged, None))

    async def test_whose_ids_were_erased_is_told(self, two: Store) -> None:
        """Those merged into them too; nobody else's, and no text that can be no id."""
        await rows_of(two, [(ID_C, {"crm": ["C3"]})])
        await two.merge(ID_B, ID_A, **BY)
        await two.erase(ID_A, **BY)
        assert await two.erased([ID_A, ID_B, ID_C, "cus_" + "0" * 32, *HOSTILE]) == {ID_A, ID_B}
        assert await two.erased([]) == frozenset()

    async def test_where_a_customer_stands(self, two: Store) -> None:
        """The id in use, its status, version and last event; one that was erased is told as that."""
        merged = await two.merge(ID_B, ID_A, **BY)
        for one in (ID_A, ID_B, Lookup("crm", "C2")):
            assert await two.standing(one) == Standing(ID_A, "active", 2, merged.seq)
        await two.erase(ID_B, **BY)
        told = [await two.standing(one) for one in (ID_A, ID_B)]
        assert [one and (one.customer, one.status, one.is_active) for one in told] == [
            (ID_A, "erased", False),
            (ID_B, "erased", False),
        ]
        assert await two.standing(Lookup("crm", "C2")) is None
        for name in (ID_C, *HOSTILE):
            assert await two.standing(name) is None

    async def test_a_history_holds_that_of_merged_ids(self, two: Store) -> None:
        """By either id and by any key it is that of both; those of others are not in it."""
        await two.merge(ID_B, ID_A, **BY)
        await rows_of(two, [(ID_C, {"crm": ["C3"]})])
        history = await two.history(ID_A)
        assert self.told(history) == [
            ("customer.created", ID_A),
            ("customer.created", ID_B),
            ("customers.merged", ID_A),
        ]
        for named in (ID_B, Lookup(None, ID_B), Lookup("crm", "C2"), Lookup("mail", PERSON.upper())):
            assert await two.history(named) == history

    async def test_an_undone_merge_stands_in_both_histories(self, two: Store) -> None:
        """Whom an event concerns besides the customer that it names has it too."""
        merged = await two.merge(ID_B, ID_A, **BY)
        await two.undo_merge(merged.seq, **BY)
        since = [("customers.merged", ID_A), ("merge.undone", ID_B)]
        assert self.told(await two.history(ID_A)) == [("customer.created", ID_A), *since]
        assert self.told(await two.history(ID_B)) == [("customer.created", ID_B), *since]

    async def test_a_move_stands_in_both_histories(self, two: Store) -> None:
        """So does a candidate, and what was decided of it."""
        with pytest.raises(ConflictError) as caught:
            await self.link(two, "crm", "C1", ID_B)
        assert caught.value.conflict.candidate_id is not None
        await two.reject(caught.value.conflict.candidate_id, **BY)
        await two.relink("crm", "C1", ID_B, **BY)
        await two.split(ID_B, [("crm", "C1")], ID_A, **BY)
        histories = [await two.history(one) for one in (ID_A, ID_B)]
        wanted = ["customer.created", "candidate.opened", "candidate.decided", "link.moved", "customer.split"]
        assert [[entry.type for entry in history] for history in histories] == [wanted] * 2

    def told(self, history: object) -> list[tuple[str, str | None]]:
        return [(entry.type, entry.customer) for entry in history]  # type: ignore[attr-defined]

    async def test_a_key_that_nobody_has_tells_of_who_had_it_last(self, two: Store) -> None:
        """A steward asks by what was unlinked, too."""
        await two.relink("crm", "C2", ID_A, **BY)
        await two.unlink("crm", "C2", **BY)
        assert await two.history(Lookup("crm", "C2")) == await two.history(ID_A)

    async def test_a_history_comes_in_pages(self, two: Store) -> None:
        """Each begins after the last event of the one before; the last is empty."""
        for number in range(5):
            await self.link(two, "billing", f"B{number}", ID_A)
        await two.merge(ID_B, ID_A, **BY)
        whole = await two.history(ID_A)
        pages: list[HistoryEntry] = []
        while page := await two.history(ID_A, after=pages[-1].seq if pages else 0, limit=2):
            assert len(page) == 2
            pages += page
        assert pages == [*whole]
        assert len(whole) == 8

    async def test_many_merged_ids_have_one_history(self, store: Store) -> None:
        """However many there are."""
        ids = [f"cus_{n:032x}" for n in range(130)]
        await rows_of(store, [(one, {"crm": [f"C{n}"]}) for n, one in enumerate(ids)])
        for one in ids[1:]:
            await store.merge(one, ids[0], **BY)
        history = await store.history(ids[77])
        assert len(history) == 130 + 129
        assert [entry.seq for entry in history] == sorted(entry.seq for entry in history)
        exported = await store.export(ids[0])
        assert exported is not None
        assert (len(exported.links), exported.merged) == (130 + 129, tuple(ids[1:]))

    async def test_the_history_of_who_was_erased_stays_without_keys(self, two: Store) -> None:
        """An auditor sees that and when it was done, by the id or by one merged before; by a key nothing is found."""
        await two.merge(ID_B, ID_A, **BY)
        await two.erase(ID_A, **BY)
        told = self.told(await two.history(ID_A))
        assert [kind for kind, _ in told] == ["customer.created"] * 2 + ["customers.merged", "customer.erased"]
        assert ("customer.erased", ID_A) in self.told(await two.history(ID_B))
        assert await two.history(Lookup("crm", "C1")) == await two.history(Lookup("mail", PERSON)) == ()

    @pytest.mark.parametrize("name", HOSTILE)
    async def test_nothing_is_told_of_who_is_unknown(self, two: Store, name: str) -> None:
        """By id, by key, and by a source that nobody registered."""
        for named in (name, Lookup(None, name), Lookup("crm", name), Lookup("nowhere", name)):
            assert await two.history(named) == ()
            assert await two.export(named) is None

    @pytest.mark.parametrize(("after", "limit"), [(-1, 1), (2**63, 1), (0, 0), (0, 1001)])
    async def test_a_page_that_cannot_be_is_refused(self, two: Store, after: int, limit: int) -> None:
        """Of a history, of the feed and of candidates alike."""
        for page in (
            two.history(ID_A, after=after, limit=limit),
            two.changes(after, limit=limit),
            two.candidates(after=after, limit=limit),
        ):
            with pytest.raises(InputError, match="VALUE_INVALID"):
                await page

    async def test_an_identifier_is_resolved_first(self, two: Store) -> None:
        """It may be of several, and is never taken for an id."""
        named = Lookup(None, PERSON, IdentifierType.EMAIL)
        for page in (two.history(named), two.export(named)):
            with pytest.raises(InputError, match="resolve it first"):
                await page

    async def test_an_export_holds_the_keys(self, two: Store, clock: SteppedClock) -> None:
        """Opened, with source, since when, by whom and how; printed it shows none."""
        clock.go(hours=1)
        await self.link(two, "billing", "B1", ID_A)
        exported = await two.export(ID_A)
        assert exported is not None
        assert exported == await two.export(Lookup("billing", "B1"))
        assert [(one.source, one.key, one.since, one.asserted_by, one.method) for one in exported.links] == [
            ("billing", "B1", clock.now, "tester", "manual"),
            ("crm", "C1", START, "feed", "import"),
            ("mail", PERSON, START, "feed", "import"),
        ]
        assert {(one.until, one.status, one.confidence) for one in exported.links} == {(None, "live", 1.0)}
        assert (exported.customer, exported.merged, exported.is_whole) == (ID_A, (), True)
        assert exported.history == tuple(await two.history(ID_A))
        assert not [key for key in ("C1'", "B1'", PERSON) if key in repr(exported)]

    async def test_an_export_tells_no_key_of_a_link_that_has_ended(self, two: Store, clock: SteppedClock) -> None:
        """Whose it was all the time is not known; that there was one is told."""
        clock.go(hours=1)
        await two.relink("crm", "C1", ID_B, **BY)
        exported = await two.export(ID_A)
        assert exported is not None
        ended, _ = exported.links
        assert (ended.source, ended.key, ended.status) == ("crm", None, "ended")
        assert (ended.since, ended.until) == (START, clock.now)
        await two.replace_key("mail", PERSON, "new@example.org", **BY)
        replaced = await two.export(ID_A)
        assert replaced is not None
        assert sorted(one.status for one in replaced.links) == ["ended", "live", "superseded"]
        assert await two.export(Lookup("crm", "C1")) == await two.export(ID_B)
        await two.unlink("crm", "C1", **BY)
        assert await two.export(Lookup("crm", "C1")) is None

    async def test_an_export_holds_what_came_by_merge(self, two: Store) -> None:
        """Keys, restrictions, digests and events of ids that were merged into the customer."""
        standing, lifted = (Restriction(name, frozenset({"Customer.name"})) for name in ("standing", "lifted"))
        await two.restrict(ID_B, standing, **BY)
        await two.restrict(ID_B, lifted, **BY)
        await two.lift(ID_B, "lifted", **BY)
        await two.note_identifiers(ID_B, "crm", {IdentifierType.EMAIL: ["b@example.org", "c@example.org"]}, **BY)
        await two.merge(ID_B, ID_A, **BY)
        exported = await two.export(ID_B)
        assert exported is not None
        assert (exported.customer, exported.merged) == (ID_A, (ID_B,))
        assert [one.key for one in exported.links if one.until is None] == ["C1", "C2", PERSON]
        assert [(one.type, one.source) for one in exported.identifiers] == [("email", "crm")]
        assert [(one.ground, one.until is None) for one in exported.restrictions] == [
            ("lifted", False),
            ("standing", True),
        ]
        assert exported.restrictions[0].coordinates == ("Customer.name",)
        assert "b@example.org" not in str(exported)

    async def test_nothing_is_exported_of_who_was_erased(self, two: Store, backdoor: Backdoor) -> None:
        """As of who is unknown; of the retired neither."""
        await two.erase(ID_A, **BY)
        assert await two.export(ID_A) is None
        close(backdoor, ID_B, "retired")
        assert await two.export(ID_B) is None

    async def test_an_outline_tells_all_but_the_keys(self, two: Store, clock: SteppedClock) -> None:
        """Which sources know the customer, since when and who said so; what holds now, and not what did."""
        clock.go(hours=1)
        await self.link(two, "billing", "a canary", ID_A)
        await two.replace_key("billing", "a canary", "another canary", **BY)
        standing, lifted = (Restriction(name, frozenset({"Customer.name"})) for name in ("standing", "lifted"))
        for restriction in (standing, lifted):
            await two.restrict(ID_B, restriction, **BY)
        await two.lift(ID_B, "lifted", **BY)
        await two.note_identifiers(ID_B, "crm", {IdentifierType.EMAIL: ["b@example.org"]}, **BY)
        merge = await two.merge(ID_B, ID_A, **BY)
        outline = await two.outline(ID_B)
        assert outline is not None
        assert outline == await two.outline(ID_A) == await two.outline(Lookup("mail", PERSON))
        assert (outline.customer, outline.merged, outline.created_at, outline.is_whole) == (ID_A, (ID_B,), START, True)
        assert outline.version == merge.version
        assert [(one.source, one.status, one.since, one.asserted_by, one.method) for one in outline.links] == [
            ("billing", "superseded", clock.now, "tester", "manual"),
            ("billing", "live", clock.now, "steward", "manual"),
            ("crm", "live", START, "feed", "import"),
            ("crm", "live", clock.now, "steward", "merge"),
            ("mail", "live", START, "feed", "import"),
        ]
        assert [(one.type, one.source) for one in outline.identifiers] == [("email", "crm")]
        assert [(one.ground, one.until) for one in outline.restrictions] == [("standing", None)]
        assert "canary" not in str(outline)

    async def test_an_outline_has_a_thousand_links_at_most(self, store: Store) -> None:
        """And says so when there are more."""
        await rows_of(store, [(ID_A, {"crm": [f"C{n}" for n in range(1001)]})])
        outline = await store.outline(ID_A)
        assert outline is not None
        assert (len(outline.links), outline.is_whole) == (1000, False)

    async def test_nothing_is_outlined_of_who_is_not_there(self, two: Store, backdoor: Backdoor) -> None:
        """Unknown, erased, retired, and a key that nobody has now."""
        await two.unlink("crm", "C1", **BY)
        await two.erase(ID_B, **BY)
        several: list[Lookup | str] = [*HOSTILE, ID_B, ID_C, Lookup("crm", "C1"), Lookup("nowhere", "C1")]
        for named in several:
            assert await two.outline(named) is None
        close(backdoor, ID_A, "retired")
        assert await two.outline(ID_A) is None

    async def test_the_feed_tells_every_event_in_order(self, two: Store) -> None:
        """Without gaps, page by page, with the customers whom it concerns."""
        merged = await two.merge(ID_B, ID_A, **BY)
        changes = await two.changes(0)
        assert [change.seq for change in changes] == [*range(1, merged.seq + 1)]
        assert changes[0].customers == ()
        assert (changes[-1].type, changes[-1].customers, changes[-1].at) == ("customers.merged", (ID_A, ID_B), START)
        assert await two.changes(2, limit=3) == changes[2:5]
        assert await two.changes(merged.seq) == ()

    async def test_a_feed_that_was_read_further_is_another_one(self, two: Store) -> None:
        """A position beyond the end is told, for waiting there would leave out what comes: a backup was restored."""
        last = (await two.changes(0))[-1].seq
        with pytest.raises(InputError, match="beyond the last event"):
            await two.changes(last + 1)

    async def test_tenants_have_feeds_of_their_own(self, two: Store, open_for: Open) -> None:
        """Numbers, histories and exports are those of the tenant alone."""
        other = await open_for("other")
        assert await other.changes(0) == ()
        await register_all(other)
        await rows_of(other, [(ID_A, {"crm": ["C9"]})])
        exported = await other.export(ID_A)
        assert exported is not None
        assert [one.key for one in exported.links] == ["C9"]
        assert len(await other.history(ID_A)) == 1

    async def test_a_follower_sees_what_comes(self, two: Store, open_for: Open) -> None:
        """First what is there, then what somebody else writes; then it is cancelled."""
        other, seen = await open_for(), list[Change]()
        last = (await two.changes(0))[-1].seq

        async def follow() -> None:
            async for change in two.follow(last - 1):
                seen.append(change)

        following = asyncio.create_task(follow())
        made = [await self.link(other, "billing", f"B{number}", ID_A) for number in range(2)]
        async with asyncio.timeout(10):
            while len(seen) < 3:  # noqa: ASYNC110  the follower tells nobody
                await asyncio.sleep(0.01)
        following.cancel()
        await asyncio.wait([following])
        assert following.cancelled()
        assert [change.seq for change in seen] == [last, made[0].seq, made[1].seq]

    async def test_whoever_follows_a_closed_store_is_told(self, open_for: Open) -> None:
        """So are those who ask for anything else."""
        store = await open_for("closed")
        await store.aclose()
        with pytest.raises(StoreError):
            await anext(store.follow(0))
        for asked in (store.history(ID_A), store.export(ID_A), store.candidates(), store.candidate("cand_1")):
            with pytest.raises(StoreError):
                await asked
