"""The part of the contract that concerns links, sources and merges."""

from __future__ import annotations

import asyncio

import pytest

from adapters.crossref import (
    ConflictCode,
    ConflictError,
    InputError,
    KeyFormat,
    KeyMode,
    Linked,
    Lookup,
    Method,
    RefusalCode,
    SourceSystem,
    stored,
)
from adapters.crossref.events import Act
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    ID_C,
    Backdoor,
    CrossReferenceContract,
    Open,
    SteppedClock,
    Store,
    close,
    keys_of,
    rows_of,
)


class WritingContract(CrossReferenceContract):
    """The part of the contract that concerns links, sources and merges."""

    async def test_linking_again_adds_no_event(self, store: Store) -> None:
        """A link that stands is left as it is, whether the customer is named or not."""
        made = await self.link(store, "crm", "C1")
        before = await self.events(store)
        assert await self.link(store, "crm", "C1") == made
        assert await self.link(store, "crm", "C1", made.customer) == made
        assert await self.events(store) == before

    async def test_a_write_tells_version_and_event(self, store: Store) -> None:
        """Each link counts the customer's version up and names the event that did it."""
        made = await self.link(store, "crm", "C1")
        more = await self.link(store, "billing", "B1", made.customer)
        assert (made.version, more.version, more.seq) == (1, 2, made.seq + 1)

    async def test_a_key_is_never_stolen(self, store: Store) -> None:
        """A key of another customer stays theirs; the conflict has one candidate, however often it is met."""
        first, second = await self.link(store, "crm", "C1"), await self.link(store, "crm", "C2")
        error = await self.conflict(store, "crm", "C1", second.customer)
        before = await self.events(store)
        again = await self.conflict(store, "crm", "C1", second.customer)
        mirrored = await self.conflict(store, "crm", "C2", first.customer)
        conflict = error.conflict
        assert (conflict.code, conflict.customer, conflict.other, conflict.source) == (
            ConflictCode.KEY_OWNED_BY_OTHER,
            second.customer,
            first.customer,
            "crm",
        )
        assert conflict.candidate_id == again.conflict.candidate_id == mirrored.conflict.candidate_id
        assert await self.events(store) == before
        assert "C1" not in str(error)
        owner = await store.resolve(Lookup("crm", "C1"))
        assert owner is not None
        assert owner.customer_id == first.customer

    async def test_a_limit_of_live_keys_holds(self, store: Store) -> None:
        """A customer gets no more live keys of a source than it allows; there is one candidate for it."""
        made = await self.link(store, "one", "X1")
        error, again = [await self.conflict(store, "one", key, made.customer) for key in ("X2", "X3")]
        assert (error.conflict.code, error.conflict.other) == (ConflictCode.LIMIT_EXCEEDED, None)
        assert error.conflict.candidate_id == again.conflict.candidate_id
        assert await store.resolve(Lookup("one", "X2")) is None

    @pytest.mark.parametrize(
        ("status", "code"),
        [("erased", ConflictCode.CUSTOMER_ERASED), ("retired", ConflictCode.CUSTOMER_RETIRED)],
    )
    async def test_a_closed_customer_gets_no_links(
        self, store: Store, backdoor: Backdoor, status: str, code: ConflictCode
    ) -> None:
        """An erased or retired customer is linked to nothing and merged with nobody, and the steward is told once."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
        close(backdoor, ID_A, status)
        error = await self.conflict(store, "crm", "C9", ID_A)
        with pytest.raises(ConflictError) as caught:
            await store.merge(ID_A, ID_B, actor="steward")
        assert error.conflict.code is caught.value.conflict.code is code
        assert error.conflict.candidate_id == caught.value.conflict.candidate_id
        assert await store.resolve(Lookup("crm", "C9")) is None

    async def test_linking_to_a_merged_id_links_to_the_survivor(self, store: Store) -> None:
        """An old id still names the person in a write."""
        await rows_of(store, [(ID_A, {}), (ID_B, {})])
        await store.merge(ID_B, ID_A, actor="steward")
        assert (await self.link(store, "crm", "C1", ID_B)).customer == ID_A

    @pytest.mark.parametrize(
        ("source", "key", "customer", "code"),
        [
            ("nowhere", "C1", None, RefusalCode.SOURCE_UNKNOWN),
            ("crm", "", None, RefusalCode.KEY_INVALID),
            ("crm", "C1\x00", None, RefusalCode.KEY_INVALID),
            ("crm", "C1", ID_A, RefusalCode.CUSTOMER_UNKNOWN),
        ],
    )
    async def test_a_link_that_cannot_be_is_refused(
        self, store: Store, source: str, key: str, customer: str | None, code: RefusalCode
    ) -> None:
        """Unknown sources and customers and impossible keys are the caller's fault, and write nothing."""
        before = await self.events(store)
        with pytest.raises(InputError) as caught:
            await self.link(store, source, key, customer)
        assert caught.value.code is code
        assert await self.events(store) == before

    @pytest.mark.parametrize(
        "claim",
        [
            {"asserted_by": ""},
            {"asserted_by": "Anna\nForged"},
            {"asserted_by": "ada@example.org"},
            {"asserted_by": "x", "reason_code": "free text"},
            {"asserted_by": "x", "reason_code": "01512-8374659"},
            {"asserted_by": "x", "reason_code": "7"},
            {"asserted_by": "x", "reason_code": "12-34"},
            {"asserted_by": "x", "reason_ref": "y" * 200},
            {"asserted_by": "x", "reason_ref": "she called"},
            {"asserted_by": "x", "reason_ref": "ada@example.org"},
            {"asserted_by": "x", "reason_ref": "+491712345678"},
            {"asserted_by": "x", "confidence": 1.1},
            {"asserted_by": "x", "confidence": float("nan")},
            {"asserted_by": "x", "method": Method.MERGE},
        ],
    )
    async def test_a_claim_is_checked(self, store: Store, claim: dict[str, object]) -> None:
        """Who, why, how and how sure are short codes and a number from 0 to 1; merging is not claimed by a link."""
        with pytest.raises(InputError, match="VALUE_INVALID"):
            await store.link("crm", "C1", **claim)  # type: ignore[arg-type]

    async def test_an_address_is_no_actor(self, store: Store) -> None:
        """Of no write: who writes is kept for good. It is said without the address."""
        before = await self.events(store)
        actor = "canary@example.org"
        for write in (
            store.register_source(SourceSystem("new"), actor=actor),
            store.load([], actor=actor),
            store.hear([], actor=actor),
            store.unlink("crm", "C1", actor=actor),
            store.note_identifiers(ID_A, "crm", {}, actor=actor),
            store.wrap_identifiers(1, actor=actor),
        ):
            with pytest.raises(InputError, match="actor is not in its form; wanted the name of a feed") as caught:
                await write
            assert "canary" not in str(caught.value)
        assert await self.events(store) == before

    async def test_what_old_events_hold_is_no_fault_of_theirs(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They were written when an address was taken, and still verify, and are told."""
        monkeypatch.setattr(stored, "act_of", Act)
        linked = await store.link("crm", "C1", asserted_by="ada@example.org", reason_code="015128374659")
        monkeypatch.undo()
        assert (await store.verify()).holds
        assert (await store.history(linked.customer))[-1].actor == "ada@example.org"
        await store.unlink("crm", "C1", actor="x", reason_code="r2-d2")

    async def test_registering_again_adds_no_event(self, store: Store) -> None:
        """A source is registered once; its limit can change, its key format and mode cannot."""
        before = await self.events(store)
        await store.register_source(SourceSystem("crm"), actor="admin")
        assert await self.events(store) == before
        await store.register_source(SourceSystem("crm", max_live=1), actor="admin")
        assert await self.events(store) == before + 1
        for other in (SourceSystem("crm", KeyFormat.LOWER), SourceSystem("crm", key_mode=KeyMode.SEALED)):
            with pytest.raises(InputError, match="SOURCE_FIXED"):
                await store.register_source(other, actor="admin")
        made = await self.link(store, "crm", "C1")
        error = await self.conflict(store, "crm", "C2", made.customer)
        assert error.conflict.code is ConflictCode.LIMIT_EXCEEDED

    async def test_a_merged_id_leads_to_the_survivor(self, store: Store) -> None:
        """After a merge the loser's id and keys find the survivor, and the answer says that the id was redirected."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"], "billing": ["B2"]})])
        done = await store.merge(ID_B, ID_A, actor="steward", reason_code="duplicate", reason_ref="T-1")
        assert (done.customer, done.version) == (ID_A, 2)
        by_old, by_new, by_key = await store.resolve_many([Lookup(None, ID_B), Lookup(None, ID_A), Lookup("crm", "C2")])
        assert by_old is not None
        assert by_new is not None
        assert by_key == by_new
        assert (by_old.redirected, by_new.redirected) == (True, False)
        assert by_old.keys == by_new.keys
        assert sorted(keys_of(by_new, "crm")) == ["C1", "C2"]

    async def test_redirects_are_one_step_long(self, store: Store, backdoor: Backdoor) -> None:
        """Merging a survivor on leads every id merged into it to the new survivor directly."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]}), (ID_C, {"crm": ["C3"]})])
        await store.merge(ID_A, ID_B, actor="steward")
        await store.merge(ID_B, ID_C, actor="steward")
        rows = backdoor("SELECT customer_id, survivor_id FROM customer WHERE survivor_id IS NOT NULL ORDER BY 1")
        assert rows == [(ID_A, ID_C), (ID_B, ID_C)]
        subject = await store.resolve(Lookup(None, ID_A))
        assert subject is not None
        assert keys_of(subject, "crm") == ["C3", "C1", "C2"]

    async def test_merging_what_is_one_adds_no_event(self, store: Store) -> None:
        """Two names of one customer are left as they are, in either order."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
        done = await store.merge(ID_B, ID_A, actor="steward")
        before = await self.events(store)
        assert await store.merge(ID_B, ID_A, actor="steward") == done
        assert await store.merge(ID_A, ID_B, actor="steward") == done
        assert await self.events(store) == before

    async def test_merging_an_unknown_customer_is_refused(self, store: Store) -> None:
        """Both customers of a merge have to be known."""
        await rows_of(store, [(ID_A, {})])
        for pair in ((ID_A, ID_B), (ID_B, ID_A)):
            with pytest.raises(InputError, match="CUSTOMER_UNKNOWN"):
                await store.merge(*pair, actor="steward")

    async def test_a_merge_keeps_to_the_limit(self, store: Store) -> None:
        """Two customers who have more keys together than a source allows stay two, with a candidate."""
        await rows_of(store, [(ID_A, {"one": ["X1"]}), (ID_B, {"one": ["X2"]}), (ID_C, {"crm": ["C1"]})])
        with pytest.raises(ConflictError) as caught:
            await store.merge(ID_B, ID_A, actor="steward")
        assert (caught.value.conflict.code, caught.value.conflict.other) == (ConflictCode.LIMIT_EXCEEDED, ID_B)
        assert (await store.merge(ID_C, ID_A, actor="steward")).customer == ID_A

    async def test_a_merge_decides_the_pairs_candidates(self, store: Store, backdoor: Backdoor) -> None:
        """What a merge has settled is no longer open."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
        await self.conflict(store, "crm", "C1", ID_B)
        done = await store.merge(ID_B, ID_A, actor="steward")
        rows = backdoor("SELECT status, decided_by, decided_seq FROM match_candidate")
        assert rows == [("superseded", "steward", done.seq)]

    async def test_intervals_of_a_key_never_overlap(
        self, store: Store, clock: SteppedClock, backdoor: Backdoor
    ) -> None:
        """A key that moves ends one interval and begins the next at the same time, even when the clock goes back."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {})])
        clock.go(hours=-1)
        await store.merge(ID_A, ID_B, actor="steward")
        rows = backdoor("SELECT valid_from, valid_to, opened_seq, closed_seq FROM link ORDER BY opened_seq")
        (opened, closed, first, ended), (again, still, second, never) = rows
        assert opened == closed == again
        assert (still, never) == (None, None)
        assert ended == second
        assert first != second

    async def test_customers_of_any_form_of_id_meet(self, store: Store) -> None:
        """Ids of other systems stand beside ours: whatever a database takes to come first, the conflict is told."""
        ulid, uuid = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "0189ab3c-0000-7000-8000-0123456789ab"
        await rows_of(store, [(ulid, {"crm": ["C1"]}), (uuid, {"crm": ["C2"]}), (ID_A, {"crm": ["C3"]})])
        for key, other in (("C1", uuid), ("C2", ID_A), ("C3", ulid)):
            error = await self.conflict(store, "crm", key, other)
            assert error.conflict.code is ConflictCode.KEY_OWNED_BY_OTHER

    @pytest.mark.parametrize("customer", ["\x00", "\ud800", "cus_\n", "x" * 5000, "' OR 1=1 --"])
    async def test_a_hostile_id_is_unknown(self, store: Store, customer: str) -> None:
        """What cannot be an id names nobody in a write either."""
        with pytest.raises(InputError, match="CUSTOMER_UNKNOWN"):
            await self.link(store, "crm", "C1", customer)
        with pytest.raises(InputError, match="CUSTOMER_UNKNOWN"):
            await store.merge(customer, customer, actor="steward")

    @pytest.mark.parametrize("confidence", [-0.0, 0, 1e-300, 0.1, 1])
    async def test_any_confidence_is_told_as_it_is(self, store: Store, confidence: float) -> None:
        """The event and the link have the same number, which the chain proves."""
        await store.link("crm", "C1", asserted_by="rule", method=Method.PROBABILISTIC, confidence=confidence)
        assert (await store.verify_chain()).holds

    async def test_no_event_holds_a_key(self, store: Store, backdoor: Backdoor) -> None:
        """Events hold link ids and commitments, of plain sources too."""
        await self.link(store, "crm", "CANARY")
        assert not [row for row in backdoor("SELECT body FROM xref_event") if "CANARY" in str(row[0])]

    async def test_a_failed_write_leaves_nothing(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """An error in the middle takes back the event with the rows; the next write follows without a gap."""
        monkeypatch.setattr("adapters.crossref.operations.linking.insert_restrictions", None)
        with pytest.raises(TypeError):
            await self.link(store, "crm", "C1")
        monkeypatch.undo()
        assert await store.resolve(Lookup("crm", "C1")) is None
        before = await self.events(store)
        assert (await self.link(store, "crm", "C1")).seq == before + 1

    async def test_a_write_that_has_begun_is_finished(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever asked for it is cancelled in the middle of it: then it stands, as a whole, and so do the next."""
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        async def insert(*_: object) -> None:
            loop.call_soon_threadsafe(begun.set)

        monkeypatch.setattr("adapters.crossref.operations.linking.insert_restrictions", insert)
        asking = asyncio.create_task(self.link(store, "crm", "C1"))
        await begun.wait()
        asking.cancel()
        await asyncio.wait([asking])
        after = await self.link(store, "crm", "C2")
        found = await store.resolve(Lookup("crm", "C1"))
        assert asking.cancelled()
        assert found is not None
        assert await self.events(store) == after.seq

    async def test_two_writers_of_one_new_key_make_one_customer(self, store: Store, open_for: Open) -> None:
        """Whoever comes second finds the link of the first, on whichever connection."""
        other = await open_for()
        made = await asyncio.gather(*(self.link(one, "crm", "C1") for one in (store, other) * 8))
        assert len(set(made)) == 1
        await self.events(store)

    async def test_many_writers_leave_no_gap(self, store: Store, open_for: Open) -> None:
        """Links, merges and loads at once: every event has its number, none is missing, and each key has one owner."""
        several = [store, await open_for(), await open_for()]
        ids = [f"cus_{n:032x}" for n in range(6)]
        await rows_of(store, [(one, {"crm": [f"C{n}"]}) for n, one in enumerate(ids)])
        acts = [self.link(several[n % 3], "billing", f"B{n % 5}") for n in range(20)]
        merges = [several[n % 3].merge(ids[n], ids[(n + 1) % 3], actor="steward") for n in range(3)]
        loads = [rows_of(one, [(None, {"mail": ["a@example.org"], "crm": ["C5"]})]) for one in several]
        done = await asyncio.gather(*acts, *merges, *loads)
        assert len({one.customer for one in done[:20] if isinstance(one, Linked)}) == 5
        assert (
            len({one and one.customer_id for one in await store.resolve_many([Lookup(None, one) for one in ids[:3]])})
            == 1
        )
        await self.events(store)
