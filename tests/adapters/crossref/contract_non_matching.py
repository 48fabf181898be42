"""The part of the contract that concerns keys which are never one person's."""

from __future__ import annotations

import pytest

from adapters.crossref import (
    ConflictCode,
    ConflictError,
    HkdfSecrets,
    InputError,
    Linked,
    Lookup,
    SecretError,
    SourceSystem,
)
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    ID_C,
    Backdoor,
    CrossReferenceContract,
    Open,
    Store,
    rows_of,
)

FIRST, SECOND = b"one secret of thirty-two bytes..", b"two secret of thirty-two bytes.."
C1, C2, B1, PERSON = Lookup("crm", "C1"), Lookup("crm", "C2"), Lookup("billing", "B1"), Lookup("mail", "a@example.org")


class NonMatchingContract(CrossReferenceContract):
    """The part of the contract that concerns keys which are never one person's."""

    @pytest.fixture
    async def two(self, store: Store) -> Store:
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
        return store

    async def refused(self, store: Store, source: str, key: str, customer: str) -> None:
        error = await self.conflict(store, source, key, customer)
        before = await self.events(store)
        assert error.conflict.code is ConflictCode.NON_MATCH_ASSERTED
        again = await self.conflict(store, source, key, customer)
        assert again.conflict.candidate_id == error.conflict.candidate_id is not None
        assert await self.events(store) == before
        assert await store.resolve(Lookup(source, key)) is None

    async def test_a_key_is_not_linked_beside_one_that_is_never_the_same_persons(self, two: Store) -> None:
        """A candidate is open for it, once, and the key stays free; another customer may have it."""
        await two.assert_non_match(C1, B1, actor="steward")
        await self.refused(two, "billing", "B1", ID_A)
        assert (await self.link(two, "billing", "B1", ID_B)).customer == ID_B

    async def test_the_order_of_the_two_is_all_one(self, two: Store) -> None:
        """Said of the one and the other, it holds for the other and the one."""
        await two.assert_non_match(B1, C1, actor="steward")
        await self.refused(two, "billing", "B1", ID_A)

    async def test_sealed_keys_are_kept_apart_too(self, store: Store, backdoor: Backdoor) -> None:
        """They are compared by their digests, and stand nowhere in the clear."""
        await store.assert_non_match(Lookup("mail", "b@example.org"), PERSON, actor="steward")
        made = await self.link(store, "mail", "A@Example.org")
        await self.refused(store, "mail", "b@example.org", made.customer)
        tables = [backdoor(f"SELECT * FROM {name}") for name in ("non_match", "xref_event", "event_secret")]
        assert "example.org" not in str(tables)

    async def test_a_non_match_holds_under_every_version_of_the_secret(self, store: Store, open_for: Open) -> None:
        """Whichever version it was asserted with, and the links were sealed with."""
        other = Lookup("mail", "b@example.org")
        await self.link(store, "mail", PERSON.key, None)
        both = await open_for(secrets=HkdfSecrets({1: FIRST, 2: SECOND}))
        done = await both.assert_non_match(PERSON, other, actor="steward")
        assert await both.assert_non_match(PERSON, other, actor="steward") == done
        await self.refused(both, "mail", other.key, done.customer)
        with pytest.raises(SecretError, match=r"wanted also \[2\]"):
            await open_for(secrets=HkdfSecrets({1: FIRST}))
        await both.clear_non_match(other, PERSON, actor="steward")
        assert (await self.link(both, "mail", other.key, done.customer)).customer == done.customer

    async def test_a_row_of_a_load_leaves_out_what_must_stay_apart(self, store: Store) -> None:
        """Of two keys in one row the second is left out, and told; so is one beside a key that the customer has."""
        await store.assert_non_match(C1, B1, actor="steward")
        await store.assert_non_match(C1, PERSON, actor="steward")
        keys = {"crm": ["C1"], "billing": ["B1", "B2"]}
        report = await rows_of(store, [(ID_A, keys), (None, {"crm": ["C1"], "mail": [PERSON.key]})])
        assert (report.links, report.counts) == (2, {"NON_MATCH_ASSERTED": 2})
        assert [(one.row, one.source) for one in report.problems] == [(1, "billing"), (2, "mail")]

    async def test_a_key_does_not_move_to_where_it_must_not_be(self, two: Store) -> None:
        """It stays where it is."""
        await two.assert_non_match(C1, C2, actor="steward")
        with pytest.raises(ConflictError) as caught:
            await two.relink("crm", "C1", ID_B, actor="steward")
        conflict = caught.value.conflict
        assert (conflict.code, conflict.customer, conflict.other) == (ConflictCode.NON_MATCH_ASSERTED, ID_B, ID_A)
        owner = await two.resolve(C1)
        assert owner is not None
        assert owner.customer_id == ID_A

    async def test_a_key_does_not_replace_one_whose_person_it_is_not(self, two: Store) -> None:
        """Any key of the customer counts, one that is superseded too."""
        await self.link(two, "billing", "B2", ID_A)
        await two.assert_non_match(C1, B1, actor="steward")
        await two.replace_key("crm", "C1", "C9", actor="crm-feed")
        with pytest.raises(ConflictError) as caught:
            await two.replace_key("billing", "B2", "B1", actor="billing-feed")
        assert caught.value.conflict.code is ConflictCode.NON_MATCH_ASSERTED
        assert await two.resolve(B1) is None

    async def test_asserting_tells_where_the_first_owner_stands(self, two: Store) -> None:
        """Else the second; nobody with version 0 when neither key is linked. Nobody's version counts up."""
        seq = await self.events(two)
        assert await two.assert_non_match(C1, C2, actor="steward") == Linked(ID_A, 1, seq + 1)
        assert await two.assert_non_match(B1, C2, actor="steward") == Linked(ID_B, 1, seq + 2)
        assert await two.assert_non_match(B1, PERSON, actor="steward") == Linked("", 0, seq + 3)
        assert await self.events(two) == seq + 3

    async def test_asserting_again_adds_no_event(self, two: Store) -> None:
        """In either order, and the answer is the same."""
        done = await two.assert_non_match(C1, B1, actor="steward", reason_code="court", reason_ref="T-1")
        before = await self.events(two)
        assert await two.assert_non_match(C1, B1, actor="steward") == done
        assert await two.assert_non_match(B1, C1, actor="steward") == done
        assert await self.events(two) == before

    async def test_what_was_cleared_may_come_together(self, two: Store) -> None:
        """And may be asserted anew; clearing what does not stand adds no event."""
        await two.assert_non_match(C1, B1, actor="steward")
        cleared = await two.clear_non_match(B1, C1, actor="steward")
        before = await self.events(two)
        assert cleared == Linked(ID_A, 1, before)
        again = await two.clear_non_match(C1, B1, actor="steward")
        assert (again.customer, again.note) == (ID_A, "nobody has asserted that these two keys are never one person's")
        assert cleared.note is None
        assert await two.clear_non_match(B1, PERSON, actor="steward") == Linked("", 0, 0)
        assert await self.events(two) == before
        await two.assert_non_match(C1, B1, actor="steward")
        await two.clear_non_match(C1, B1, actor="steward")
        assert (await self.link(two, "billing", "B1", ID_A)).customer == ID_A

    async def test_the_candidates_of_both_owners_are_closed(self, two: Store, backdoor: Backdoor) -> None:
        """That they are two is decided; those with others stay open."""
        await rows_of(two, [(ID_C, {"crm": ["C3"]})])
        ours = (await self.conflict(two, "crm", "C1", ID_B)).conflict.candidate_id
        theirs = (await self.conflict(two, "crm", "C1", ID_C)).conflict.candidate_id
        await two.assert_non_match(C2, C1, actor="steward")
        rows = backdoor("SELECT candidate_id, status, decided_by FROM match_candidate ORDER BY opened_seq")
        assert rows == [(ours, "superseded", "steward"), (theirs, "open", None)]
        ((body,),) = backdoor("SELECT body FROM xref_event WHERE type = 'candidate.decided'")
        assert str(ours) in body
        await self.events(two)

    async def test_keys_of_one_customer_are_split_first(self, two: Store) -> None:
        """That one customer is two people is no non-match; it would already be broken."""
        await self.link(two, "billing", "B1", ID_A)
        with pytest.raises(InputError, match="SAME_CUSTOMER: got two keys of one customer; split them first"):
            await two.assert_non_match(C1, B1, actor="steward")

    @pytest.mark.parametrize(
        ("first", "second", "code"),
        [
            (Lookup(None, ID_A), C2, "VALUE_INVALID: got a canonical id"),
            (C1, Lookup(None, ID_B), "VALUE_INVALID: got a canonical id"),
            (PERSON, Lookup("mail", "A@example.org "), "VALUE_INVALID: got one key twice"),
            (C1, Lookup("nowhere", "C1"), "SOURCE_UNKNOWN"),
            (C1, Lookup("crm", ""), "KEY_INVALID"),
        ],
    )
    async def test_what_are_no_two_keys_is_refused(self, two: Store, first: Lookup, second: Lookup, code: str) -> None:
        """Nothing is written, whether it is asserted or cleared."""
        before = await self.events(two)
        for write in (two.assert_non_match, two.clear_non_match):
            with pytest.raises(InputError, match=code):
                await write(first, second, actor="steward")
        assert await self.events(two) == before

    async def test_an_expected_version_is_that_of_whom_the_answer_names(self, two: Store) -> None:
        """Of an owner who has changed nothing is said; that nobody has the keys can be expected by 0."""
        with pytest.raises(ConflictError) as caught:
            await two.assert_non_match(C1, B1, actor="steward", expected_version=2)
        conflict = caught.value.conflict
        assert (conflict.code, conflict.customer, conflict.candidate_id) == (ConflictCode.VERSION_MISMATCH, ID_A, None)
        await two.assert_non_match(B1, PERSON, actor="steward", expected_version=0)
        with pytest.raises(ConflictError):
            await two.clear_non_match(B1, PERSON, actor="steward", expected_version=1)
        await two.clear_non_match(B1, PERSON, actor="steward", expected_version=0)

    async def test_no_event_of_a_non_match_holds_a_key(self, store: Store, backdoor: Backdoor) -> None:
        """Events commit to both keys, which the chain proves, and name whom they concern."""
        first, second = Lookup("crm", "CANARY-1"), Lookup("mail", "CANARY-2")
        await store.assert_non_match(first, second, actor="steward")
        await store.clear_non_match(first, second, actor="steward")
        assert "CANARY" not in str(backdoor("SELECT body FROM xref_event"))
        report = await store.verify_chain()
        assert (report.holds, report.commitments, report.erased) == (True, 4, 0)

    async def test_tenants_keep_nothing_apart_for_each_other(self, two: Store, open_for: Open) -> None:
        """What one asserts is not asked about for another."""
        other = await open_for("other")
        for source in ("crm", "billing"):
            await other.register_source(SourceSystem(source), actor="admin")
        await two.assert_non_match(C1, B1, actor="steward")
        made = await self.link(other, "crm", "C1")
        assert (await self.link(other, "billing", "B1", made.customer)).customer == made.customer
