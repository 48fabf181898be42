"""The part of the contract that concerns keys that leave a customer, move to another, or are replaced."""

from __future__ import annotations

import pytest

from adapters.crossref import ConflictCode, ConflictError, InputError, Lookup, Method, RefusalCode
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    ID_C,
    Backdoor,
    CrossReferenceContract,
    SteppedClock,
    Store,
    close,
    keys_of,
    rows_of,
)

INTERVALS = "SELECT customer_id, valid_from, valid_to, opened_seq, closed_seq, method FROM link ORDER BY opened_seq"


class UnlinkingContract(CrossReferenceContract):
    """The part of the contract that concerns keys that leave a customer, move to another, or are replaced."""

    @pytest.fixture
    async def two(self, store: Store) -> Store:
        await rows_of(store, [(ID_A, {"crm": ["C1"], "one": ["X1"]}), (ID_B, {"crm": ["C2"], "one": ["X2"]})])
        return store

    async def owner(self, store: Store, source: str, key: str) -> str | None:
        subject = await store.resolve(Lookup(source, key))
        return subject.customer_id if subject else None

    async def test_an_unlinked_key_is_nobodys(self, two: Store) -> None:
        """Its customer stays, with the keys that are left, and the key may be linked anew."""
        done = await two.unlink("crm", "C1", actor="steward", reason_code="mistake", reason_ref="T-1")
        left = await two.resolve(Lookup(None, ID_A))
        assert left is not None
        assert ([*left.keys], await self.owner(two, "crm", "C1")) == (["one"], None)
        assert (done.customer, done.version, done.seq) == (ID_A, 2, await self.events(two))
        assert (await self.link(two, "crm", "C1", ID_B)).customer == ID_B

    async def test_a_customer_without_keys_stays(self, store: Store) -> None:
        """The id leads to the customer, whom a new key finds again."""
        made = await self.link(store, "crm", "C1")
        await store.unlink("crm", "C1", actor="steward")
        found = await store.resolve(Lookup(None, made.customer))
        assert found is not None
        assert found.keys == {}
        assert (await self.link(store, "crm", "C1")).customer != made.customer

    async def test_unlinking_again_adds_no_event(self, two: Store) -> None:
        """What was unlinked is left so, and the answer is the same."""
        done = await two.unlink("crm", "C1", actor="steward")
        before = await self.events(two)
        assert await two.unlink("crm", "C1", actor="steward", expected_version=1) == done
        assert await self.events(two) == before

    async def test_a_key_unlinked_twice_is_told_of_its_last_customer(self, two: Store) -> None:
        """Whoever repeats the write learns where that customer stands now, even under the id of a survivor."""
        await two.unlink("crm", "C1", actor="steward")
        await self.link(two, "crm", "C1", ID_B)
        await two.unlink("crm", "C1", actor="steward")
        await two.unlink("one", "X2", actor="steward")
        merged = await two.merge(ID_B, ID_A, actor="steward")
        assert await two.unlink("crm", "C1", actor="steward") == merged

    async def test_a_sealed_key_is_unlinked(self, store: Store) -> None:
        """It is found by its digest, in any spelling that the source takes for the same key."""
        await self.link(store, "mail", "anna@example.org")
        await store.unlink("mail", " Anna@Example.org", actor="steward")
        assert await self.owner(store, "mail", "anna@example.org") is None

    @pytest.mark.parametrize(
        ("source", "key", "code"),
        [
            ("crm", "C9", RefusalCode.LINK_UNKNOWN),
            ("crm", "", RefusalCode.KEY_INVALID),
            ("nowhere", "C1", RefusalCode.SOURCE_UNKNOWN),
        ],
    )
    async def test_what_is_not_linked_is_refused(self, two: Store, source: str, key: str, code: RefusalCode) -> None:
        """Nothing is written, whichever operation it is, and no message holds a key."""
        before = await self.events(two)
        for write in (
            two.unlink(source, key, actor="steward"),
            two.relink(source, key, ID_B, actor="steward"),
            two.replace_key(source, key, "C8", actor="steward"),
        ):
            with pytest.raises(InputError) as caught:
                await write
            assert caught.value.code is code
            assert "C9" not in str(caught.value)
        assert await self.events(two) == before

    async def test_a_key_moves_to_the_customer_who_is_named(
        self, two: Store, clock: SteppedClock, backdoor: Backdoor
    ) -> None:
        """One interval ends where the next begins, and both customers' versions count up."""
        clock.go(hours=1)
        done = await two.relink("crm", "C1", ID_B, actor="steward")
        subject = await two.resolve(Lookup("crm", "C1"))
        assert subject is not None
        assert (subject.customer_id, sorted(keys_of(subject, "crm"))) == (ID_B, ["C1", "C2"])
        assert (done.customer, done.version, done.seq) == (ID_B, 2, await self.events(two))
        versions = backdoor("SELECT customer_id, version, changed_seq FROM customer ORDER BY customer_id")
        assert versions == [(ID_A, 2, done.seq), (ID_B, 2, done.seq)]
        (first, opened) = [row for row in backdoor(INTERVALS) if done.seq in row]
        assert (first[0], first[2], first[4]) == (ID_A, opened[1], opened[3])
        assert opened == (ID_B, opened[1], None, done.seq, None, Method.MANUAL)

    async def test_moving_a_key_to_its_owner_adds_no_event(self, two: Store) -> None:
        """Under the owner's id or one that was merged into it, whatever version is expected."""
        done = await two.relink("crm", "C1", ID_B, actor="steward")
        before = await self.events(two)
        assert await two.relink("crm", "C1", ID_B, actor="steward", expected_version=1) == done
        assert await self.events(two) == before
        await two.unlink("one", "X1", actor="steward")
        merged = await two.merge(ID_A, ID_B, actor="steward")
        assert await two.relink("crm", "C1", ID_A, actor="steward") == merged

    async def test_a_key_moves_to_no_customer_that_is_not_there(self, two: Store) -> None:
        """An id that nobody has is the caller's mistake."""
        with pytest.raises(InputError, match="CUSTOMER_UNKNOWN"):
            await two.relink("crm", "C1", ID_C, actor="steward")

    async def test_a_key_does_not_move_over_a_limit(self, two: Store) -> None:
        """The key stays, and a candidate of both customers is open, once."""
        errors = []
        for _ in range(2):
            with pytest.raises(ConflictError) as caught:
                await two.relink("one", "X1", ID_B, actor="steward")
            errors.append(caught.value.conflict)
        conflict = errors[0]
        assert errors[0] == errors[1]
        assert (conflict.code, conflict.customer, conflict.other, conflict.source) == (
            ConflictCode.LIMIT_EXCEEDED,
            ID_B,
            ID_A,
            "one",
        )
        assert conflict.candidate_id is not None
        assert await self.owner(two, "one", "X1") == ID_A

    async def test_a_key_does_not_move_to_a_closed_customer(self, two: Store, backdoor: Backdoor) -> None:
        """Who was erased gets nothing any more."""
        close(backdoor, ID_B, "erased")
        with pytest.raises(ConflictError) as caught:
            await two.relink("crm", "C1", ID_B, actor="steward")
        assert caught.value.conflict.code is ConflictCode.CUSTOMER_ERASED
        assert await self.owner(two, "crm", "C1") == ID_A

    async def test_a_replaced_key_leads_to_its_customer_and_is_not_asked_for(self, two: Store) -> None:
        """The new key answers in its place."""
        done = await two.replace_key("one", "X1", "X9", actor="crm-feed")
        by_old, by_new = await two.resolve_many([Lookup("one", "X1"), Lookup("one", "X9")])
        assert by_old is not None
        assert by_old == by_new
        assert keys_of(by_old, "one") == ["X9"]
        assert (done.customer, done.version, done.seq) == (ID_A, 2, await self.events(two))

    async def test_replacing_again_adds_no_event(self, two: Store) -> None:
        """What was replaced is left so."""
        done = await two.replace_key("one", "X1", "X9", actor="crm-feed")
        before = await self.events(two)
        assert await two.replace_key("one", "X1", "X9", actor="crm-feed") == done
        assert await self.events(two) == before

    async def test_a_key_is_replaced_by_another_of_its_customer(self, store: Store) -> None:
        """Both are the customer's already: the old one is asked for no more; replaced back, it is again."""
        await rows_of(store, [(ID_A, {"crm": ["C1", "C2"]})])
        await store.replace_key("crm", "C1", "C2", actor="crm-feed")
        await store.replace_key("crm", "C2", "C1", actor="crm-feed")
        subject = await store.resolve(Lookup("crm", "C2"))
        assert subject is not None
        assert keys_of(subject, "crm") == ["C1"]
        await self.events(store)

    async def test_a_key_of_another_customer_replaces_none(self, two: Store) -> None:
        """That two customers are one is for a steward to say."""
        with pytest.raises(ConflictError) as caught:
            await two.replace_key("crm", "C1", "C2", actor="crm-feed")
        conflict = caught.value.conflict
        assert (conflict.code, conflict.customer, conflict.other) == (ConflictCode.KEY_OWNED_BY_OTHER, ID_A, ID_B)
        assert await self.owner(two, "crm", "C2") == ID_B

    async def test_a_key_replaced_before_leaves_no_place(self, two: Store) -> None:
        """A second key in the place of one is one more, which the source's limit is asked about."""
        await two.replace_key("one", "X1", "X8", actor="crm-feed")
        with pytest.raises(ConflictError) as caught:
            await two.replace_key("one", "X1", "X9", actor="crm-feed")
        assert caught.value.conflict.code is ConflictCode.LIMIT_EXCEEDED
        await two.replace_key("one", "X8", "X9", actor="crm-feed")
        subject = await two.resolve(Lookup("one", "X1"))
        assert subject is not None
        assert keys_of(subject, "one") == ["X9"]

    async def test_a_key_does_not_replace_itself(self, two: Store) -> None:
        """In no spelling."""
        with pytest.raises(InputError, match="VALUE_INVALID"):
            await two.replace_key("crm", "C1", "C1", actor="crm-feed")

    async def test_a_key_that_replaces_takes_the_place_of_the_old_one(self, store: Store) -> None:
        """What came by a merge answers after the customer's own keys, as the key did that it replaces."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
        await store.merge(ID_B, ID_A, actor="steward")
        await store.replace_key("crm", "C2", "C3", actor="crm-feed")
        subject = await store.resolve(Lookup(None, ID_A))
        assert subject is not None
        assert keys_of(subject, "crm") == ["C1", "C3"]

    async def test_superseded_keys_move_as_what_they_are(self, two: Store) -> None:
        """Moved to another customer, they lead there, and are not asked for; no limit counts them."""
        await two.replace_key("one", "X1", "X9", actor="crm-feed")
        await two.relink("one", "X1", ID_B, actor="steward")
        subject = await two.resolve(Lookup("one", "X1"))
        assert subject is not None
        assert (subject.customer_id, keys_of(subject, "one")) == (ID_B, ["X2"])

    async def test_no_event_of_a_move_holds_a_key(self, store: Store, backdoor: Backdoor) -> None:
        """Events hold link ids and commitments, which the chain proves."""
        await rows_of(store, [(ID_A, {"crm": ["CANARY-1"]}), (ID_B, {"crm": ["C2"]})])
        await store.replace_key("crm", "CANARY-1", "CANARY-2", actor="crm-feed")
        await store.relink("crm", "CANARY-1", ID_B, actor="steward")
        await store.unlink("crm", "CANARY-1", actor="steward")
        assert "CANARY" not in str(backdoor("SELECT body FROM xref_event"))
        report = await store.verify_chain()
        assert (report.holds, report.commitments) == (True, 3)
