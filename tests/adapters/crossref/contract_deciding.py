"""The part of the contract that concerns candidates: listing, accepting and rejecting them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from adapters.crossref import (
    Candidate,
    CandidateStatus,
    ConflictCode,
    ConflictError,
    InputError,
    Linked,
    Lookup,
    RefusalCode,
    Writing,
)
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    ID_C,
    START,
    CrossReferenceContract,
    Open,
    SteppedClock,
    Store,
    rows_of,
)

BY: Writing = {"actor": "steward"}
OPEN, ACCEPTED, REJECTED, SUPERSEDED = CandidateStatus


class DecidingContract(CrossReferenceContract):
    """The part of the contract that concerns candidates."""

    @pytest.fixture
    async def two(self, store: Store) -> Store:
        await rows_of(store, [(ID_A, {"crm": ["C1"], "one": ["X1"]}), (ID_B, {"crm": ["C2"], "billing": ["B2"]})])
        return store

    async def opened(self, store: Store, key: str = "C1", customer: str = ID_B, source: str = "crm") -> Candidate:
        """The candidate that a conflict over the key has opened."""
        error = await self.conflict(store, source, key, customer)
        assert error.conflict.candidate_id is not None
        candidate = await store.candidate(error.conflict.candidate_id)
        assert candidate is not None
        return candidate

    async def status(self, store: Store, candidate: Candidate) -> CandidateStatus:
        found = await store.candidate(candidate.candidate_id)
        assert found is not None
        return found.status

    async def test_a_candidate_tells_what_a_steward_needs(self, two: Store, clock: SteppedClock) -> None:
        """Who is concerned, by which rule, since when; never a key."""
        clock.go(hours=1)
        made = await self.opened(two)
        assert (made.customer, made.other, made.kind, made.grade) == (ID_A, ID_B, "key_conflict", "possible")
        assert made.evidence == {"code": "KEY_OWNED_BY_OTHER", "source": "crm"}
        assert (made.status, made.decided_by, made.decided_seq, made.score) == (OPEN, None, None, None)
        assert (made.opened_at, made.opened_seq) == (clock.now, (await two.changes(0))[-1].seq)
        assert made.opened_at > START

    async def test_candidates_come_in_pages(self, two: Store) -> None:
        """The oldest first, those of one status alone."""
        await rows_of(two, [(ID_C, {"crm": ["C3"]})])
        made = [await self.opened(two, *one) for one in (("C1", ID_B), ("C2", ID_C), ("C1", ID_C))]
        assert [*await two.candidates()] == made
        assert [*await two.candidates(limit=2)] == made[:2]
        assert [*await two.candidates("open", after=made[1].opened_seq)] == made[2:]
        await two.reject(made[1].candidate_id, **BY)
        assert [*await two.candidates()] == [made[0], made[2]]
        (rejected,) = await two.candidates(REJECTED)
        assert rejected.candidate_id == made[1].candidate_id

    @pytest.mark.parametrize("status", ["", "OPEN", "gone", "\x00"])
    async def test_a_status_that_none_has_is_refused(self, two: Store, status: str) -> None:
        """Those that there are stand in the text."""
        with pytest.raises(InputError, match="'open', 'accepted', 'rejected', 'superseded'"):
            await two.candidates(status)

    @pytest.mark.parametrize("name", ["", "\x00", "\ud800", "cand_0", "' OR 1=1 --"])
    async def test_a_candidate_that_is_not_there(self, two: Store, name: str) -> None:
        """It is None to look at, and refused to decide."""
        await self.opened(two)
        assert await two.candidate(name) is None
        for decision in (two.accept(name, **BY), two.reject(name, **BY)):
            with pytest.raises(InputError, match="CANDIDATE_UNKNOWN"):
                await decision

    async def test_accepting_merges_and_the_oldest_survives(self, store: Store, clock: SteppedClock) -> None:
        """Whichever of the two is named first; who decided it stands with the candidate."""
        await rows_of(store, [(ID_B, {"crm": ["C2"]})])
        clock.go(seconds=1)
        await rows_of(store, [(ID_A, {"crm": ["C1"]})])
        candidate = await self.opened(store)
        done = await store.accept(candidate.candidate_id, actor="steward", reason_code="same-person")
        assert (done.customer, done.version) == (ID_B, 2)
        found = await store.resolve(Lookup(None, ID_A))
        assert found is not None
        assert found.customer_id == ID_B
        merged, decided = (await store.changes(candidate.opened_seq))[-2:]
        assert (merged.type, merged.seq) == ("customers.merged", done.seq)
        assert (decided.type, decided.customers) == ("candidate.decided", (ID_A, ID_B))
        after = await store.candidate(candidate.candidate_id)
        assert after is not None
        assert (after.status, after.decided_by, after.decided_seq) == (ACCEPTED, "steward", decided.seq)

    async def test_deciding_again_adds_no_event(self, two: Store) -> None:
        """What was accepted or rejected is left so, and answered with where the customer stands."""
        first = await self.opened(two)
        accepted = await two.accept(first.candidate_id, **BY)
        await rows_of(two, [(ID_C, {"crm": ["C3"]})])
        second = await self.opened(two, "C3", ID_A)
        rejected = await two.reject(second.candidate_id, **BY)
        before = await self.events(two)
        assert await two.accept(first.candidate_id, **BY) == accepted
        assert await two.reject(second.candidate_id, **BY) == rejected
        assert await self.events(two) == before

    async def test_what_was_decided_is_not_decided_otherwise(self, two: Store) -> None:
        """Nor is what something else has settled."""
        candidate = await self.opened(two)
        await two.reject(candidate.candidate_id, **BY)
        with pytest.raises(InputError, match=r"CANDIDATE_DECIDED: got a candidate that is rejected"):
            await two.accept(candidate.candidate_id, **BY)
        settled = await self.opened(two)
        await two.merge(ID_B, ID_A, **BY)
        assert await self.status(two, settled) is SUPERSEDED
        for decision in (two.accept(settled.candidate_id, **BY), two.reject(settled.candidate_id, **BY)):
            with pytest.raises(InputError, match="CANDIDATE_DECIDED"):
                await decision

    async def test_what_was_accepted_and_undone_is_not_accepted_again(self, two: Store) -> None:
        """Merging anew is a decision of its own."""
        candidate = await self.opened(two)
        done = await two.accept(candidate.candidate_id, **BY)
        await two.undo_merge(done.seq, **BY)
        with pytest.raises(InputError, match="CANDIDATE_DECIDED"):
            await two.accept(candidate.candidate_id, **BY)

    async def test_a_candidate_with_one_customer_cannot_be_accepted(self, two: Store) -> None:
        """There is nobody to merge with; it can be rejected, but not told apart."""
        candidate = await self.opened(two, "X2", ID_A, "one")
        assert candidate.other is None
        for decision in (
            two.accept(candidate.candidate_id, **BY),
            two.reject(candidate.candidate_id, non_match=True, **BY),
        ):
            with pytest.raises(InputError) as caught:
                await decision
            assert caught.value.code is RefusalCode.CANDIDATE_ONE_SIDED
        assert await self.status(two, candidate) is OPEN
        assert (await two.reject(candidate.candidate_id, **BY)).customer == ID_A

    async def test_what_stands_against_a_merge_stands_against_accepting(self, two: Store) -> None:
        """The candidate stays open, and nobody is merged; more keys than a source allows may be forced."""
        await self.link(two, "one", "X2", ID_B)
        candidate = await self.opened(two)
        with pytest.raises(ConflictError) as caught:
            await two.accept(candidate.candidate_id, **BY)
        assert caught.value.conflict.code is ConflictCode.LIMIT_EXCEEDED
        assert await self.status(two, candidate) is OPEN
        assert (await two.accept(candidate.candidate_id, force=True, **BY)).customer == ID_A
        assert await self.status(two, candidate) is ACCEPTED

    async def test_rejecting_leaves_the_two_as_they_are(self, two: Store) -> None:
        """Nothing but the decision is written, and the same conflict opens a new candidate."""
        candidate = await self.opened(two)
        done = await two.reject(candidate.candidate_id, **BY)
        assert (done.customer, done.version, done.seq) == (ID_A, 1, (await two.changes(0))[-1].seq)
        assert await self.status(two, candidate) is REJECTED
        assert (await self.opened(two)).candidate_id != candidate.candidate_id

    async def test_rejecting_with_a_non_match_keeps_the_two_apart(self, two: Store) -> None:
        """No key of the one is ever beside one of the other's, however they are moved; again it adds nothing."""
        candidate = await self.opened(two)
        await two.reject(candidate.candidate_id, non_match=True, **BY)
        assert [change.type for change in await two.changes(candidate.opened_seq)] == [
            "candidate.decided",
            *["non_match.asserted"] * 4,
        ]
        for pair in ((ID_A, ID_B), (ID_B, ID_A)):
            with pytest.raises(ConflictError, match="NON_MATCH_ASSERTED"):
                await two.merge(*pair, **BY)
        with pytest.raises(ConflictError, match="NON_MATCH_ASSERTED"):
            await two.relink("one", "X1", ID_B, **BY)
        before = await self.events(two)
        await two.reject(candidate.candidate_id, non_match=True, **BY)
        assert await self.events(two) == before

    async def test_two_who_are_never_one_are_not_asked_about_again(self, two: Store) -> None:
        """Not by a link, a replaced key, a merge or a move, and not by a load each night: what it meets is told."""
        candidate = await self.opened(two)
        await two.reject(candidate.candidate_id, non_match=True, **BY)
        before = await self.events(two)
        writes: list[Callable[[], Awaitable[Linked]]] = [
            partial(two.link, "crm", "C1", ID_B, asserted_by="feed"),
            partial(two.replace_key, "crm", "C2", "C1", actor="feed"),
            partial(two.merge, ID_A, ID_B, **BY),
            partial(two.relink, "crm", "C1", ID_B, **BY),
        ]
        for write in writes:
            with pytest.raises(ConflictError) as caught:
                await write()
            conflict = caught.value.conflict
            assert (conflict.code, conflict.customer, conflict.candidate_id) == ("NON_MATCH_ASSERTED", ID_B, None)
            assert conflict.other == ID_A
        for customer in (None, ID_B):
            report = await rows_of(two, [(customer, {"crm": ["C1", "C2"]})])
            assert report.counts == {"NON_MATCH_ASSERTED": 1}
            assert [(one.row, one.source, one.candidate) for one in report.problems] == [(1, "crm", None)]
        assert await self.events(two) == before

    async def test_of_three_customers_in_a_row_those_not_told_apart_are_asked_about(self, two: Store) -> None:
        """What was said of two says nothing of the third."""
        await rows_of(two, [(ID_C, {"crm": ["C3"]})])
        candidate = await self.opened(two)
        await two.reject(candidate.candidate_id, non_match=True, **BY)
        report = await rows_of(two, [(None, {"crm": ["C1", "C2", "C3"]})])
        assert report.counts == {"KEY_OWNED_BY_OTHER": 1, "NON_MATCH_ASSERTED": 1}
        (opened,) = await two.candidates()
        assert (opened.customer, opened.other) == (ID_A, ID_C)

    async def test_what_was_rejected_can_be_told_apart_afterwards(self, two: Store) -> None:
        """Asked for again with the non-match, that is written alone."""
        candidate = await self.opened(two)
        done = await two.reject(candidate.candidate_id, **BY)
        assert await two.reject(candidate.candidate_id, non_match=True, **BY) == done
        with pytest.raises(ConflictError, match="NON_MATCH_ASSERTED"):
            await two.merge(ID_A, ID_B, **BY)

    async def test_many_keys_are_told_apart_within_bounds(self, store: Store) -> None:
        """The first ten of each."""
        several = [(one, {"crm": [f"{one[4]}{n:02}" for n in range(12)]}) for one in (ID_A, ID_B)]
        await rows_of(store, [*several])
        candidate = await self.opened(store, "a00", ID_B)
        await store.reject(candidate.candidate_id, non_match=True, **BY)
        assert len(await store.changes(candidate.opened_seq)) == 1 + 100

    async def test_who_has_no_key_cannot_be_told_apart(self, two: Store) -> None:
        """Nothing is written then, the rejection neither."""
        candidate = await self.opened(two, "C1", ID_B)
        for source, key in (("crm", "C2"), ("billing", "B2")):
            await two.unlink(source, key, **BY)
        with pytest.raises(InputError, match="reject without non_match"):
            await two.reject(candidate.candidate_id, non_match=True, **BY)
        assert await self.status(two, candidate) is OPEN

    async def test_a_decision_is_made_for_the_version_that_was_seen(self, two: Store) -> None:
        """Of the survivor when accepting, of the first customer when rejecting; otherwise nothing is written."""
        candidate = await self.opened(two)
        before = await self.events(two)
        for decision in (
            two.accept(candidate.candidate_id, actor="steward", expected_version=7),
            two.reject(candidate.candidate_id, actor="steward", expected_version=7),
        ):
            with pytest.raises(ConflictError, match="VERSION_MISMATCH"):
                await decision
        assert await self.events(two) == before
        assert (await two.accept(candidate.candidate_id, actor="steward", expected_version=1)).version == 2

    async def test_a_decision_is_made_once_under_its_key(self, two: Store) -> None:
        """Asked for again it is answered as it was; the key is that of this decision alone."""
        candidate = await self.opened(two)
        done = await two.reject(candidate.candidate_id, actor="steward", idempotency_key="k-1")
        assert await two.reject(candidate.candidate_id, actor="steward", idempotency_key="k-1") == done
        with pytest.raises(InputError, match="IDEMPOTENCY_KEY_REUSED"):
            await two.reject(candidate.candidate_id, non_match=True, actor="steward", idempotency_key="k-1")

    async def test_candidates_of_a_customer_go_with_an_erasure(self, two: Store) -> None:
        """There is nothing left to decide."""
        candidate = await self.opened(two)
        await two.erase(ID_A, **BY)
        assert await two.candidate(candidate.candidate_id) is None
        assert await two.candidates() == ()

    async def test_tenants_have_candidates_of_their_own(self, two: Store, open_for: Open) -> None:
        """Nobody sees or decides those of another."""
        candidate, other = await self.opened(two), await open_for("other")
        assert await other.candidates() == ()
        assert await other.candidate(candidate.candidate_id) is None
        with pytest.raises(InputError, match="CANDIDATE_UNKNOWN"):
            await other.accept(candidate.candidate_id, **BY)
