"""The part of the contract that concerns customers that are split, restricted and freed again."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.crossref import (
    ConflictCode,
    ConflictError,
    IdentifierType,
    InputError,
    Linked,
    Lookup,
    RefusalCode,
    Restriction,
)
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    ID_C,
    Backdoor,
    CrossReferenceContract,
    Store,
    close,
    rows_of,
)

NAME = Restriction("gdpr-art-18", frozenset({"Customer.name"}))
ALL = Restriction("objection", frozenset({"*"}))


async def split(store: Store, keys: list[tuple[str, str]], into: str | None = None, **more: Any) -> Linked:
    return await store.split(ID_A, keys, into, actor="steward", **more)


class SplittingContract(CrossReferenceContract):
    """The part of the contract that concerns customers that are split."""

    @pytest.fixture
    async def two(self, store: Store) -> Store:
        keys = {"crm": ["C1", "C2"], "one": ["X1"], "mail": ["anna@example.org"]}
        await rows_of(store, [(ID_A, keys), (ID_B, {"one": ["X2"]})])
        return store

    async def keys(self, store: Store, customer: str) -> list[tuple[str, str]]:
        subject = await store.resolve(Lookup(None, customer))
        assert subject is not None
        return sorted((source, linked.key) for source, several in subject.keys.items() for linked in several)

    async def test_keys_go_to_a_new_customer(self, two: Store, backdoor: Backdoor) -> None:
        """It has these keys and no others, by a split; what both have is what the one had."""
        done = await split(two, [("crm", "C2"), ("mail", "ANNA@example.org"), ("crm", "C2")])
        assert await self.keys(two, done.customer) == [("crm", "C2"), ("mail", "anna@example.org")]
        assert await self.keys(two, ID_A) == [("crm", "C1"), ("one", "X1")]
        assert (done.version, done.seq) == (1, await self.events(two))
        rows = backdoor("SELECT method, asserted_by FROM link WHERE customer_id = ?", done.customer)
        assert rows == [("split", "steward")] * 2

    async def test_keys_go_to_a_customer_who_is_there(self, two: Store) -> None:
        """Doing it again adds no event, and neither does a split into the customer itself."""
        done = await split(two, [("crm", "C2")], ID_B)
        assert (done.customer, done.version) == (ID_B, 2)
        assert await self.keys(two, ID_B) == [("crm", "C2"), ("one", "X2")]
        before = await self.events(two)
        assert await split(two, [("crm", "C2")], ID_B, expected_version=1) == done
        assert (await split(two, [("crm", "C1")], ID_A)).customer == ID_A
        assert await self.events(two) == before
        await split(two, [("crm", "C1"), ("crm", "C2")], ID_B)
        assert await self.keys(two, ID_B) == [("crm", "C1"), ("crm", "C2"), ("one", "X2")]

    async def test_ids_merged_before_name_whom_they_lead_to(self, two: Store) -> None:
        """The one that is split, and the one that gets the keys."""
        await rows_of(two, [(ID_C, {"crm": ["C3"]})])
        await two.merge(ID_C, ID_A, actor="steward")
        assert (await two.split(ID_C, [("crm", "C1")], actor="steward")).version == 1
        assert (await two.split(ID_B, [("crm", "C3")], ID_C, actor="steward")).customer == ID_A

    @pytest.mark.parametrize(
        ("keys", "into", "code"),
        [
            ([], None, RefusalCode.VALUE_INVALID),
            ([("crm", f"K{n}") for n in range(1001)], None, RefusalCode.VALUE_INVALID),
            ([("nowhere", "C1")], None, RefusalCode.SOURCE_UNKNOWN),
            ([("crm", "C1\x00")], None, RefusalCode.KEY_INVALID),
            ([("crm", "C1"), ("crm", "C9")], None, RefusalCode.LINK_UNKNOWN),
            ([("crm", "C1"), ("one", "X2")], None, RefusalCode.LINK_UNKNOWN),
            ([("crm", "C1")], ID_C, RefusalCode.CUSTOMER_UNKNOWN),
            (
                [("crm", "C1"), ("crm", "C2"), ("one", "X1"), ("mail", "anna@example.org")],
                None,
                RefusalCode.SPLIT_EMPTY,
            ),
        ],
    )
    async def test_a_split_that_cannot_be_is_refused(
        self, two: Store, keys: list[tuple[str, str]], into: str | None, code: RefusalCode
    ) -> None:
        """Nothing is written, and no message holds a key."""
        before = await self.events(two)
        with pytest.raises(InputError) as caught:
            await split(two, keys, into)
        assert caught.value.code is code
        assert not any(key in str(caught.value) for _, key in keys)
        assert await self.events(two) == before

    async def test_an_unknown_customer_is_not_split(self, two: Store) -> None:
        """Whoever it is has to be known."""
        with pytest.raises(InputError, match="CUSTOMER_UNKNOWN"):
            await two.split(ID_C, [("crm", "C1")], actor="steward")

    async def test_a_split_expects_the_version_of_the_one_split(self, two: Store) -> None:
        """Another one is a conflict, and nothing is written."""
        with pytest.raises(ConflictError, match="VERSION_MISMATCH"):
            await split(two, [("crm", "C2")], expected_version=7)
        assert (await split(two, [("crm", "C2")], expected_version=1)).version == 1

    async def test_a_split_keeps_to_what_a_link_keeps_to(self, two: Store, backdoor: Backdoor) -> None:
        """Limits, non-matches and closed customers stand against it, and no key moves; what is not decided yet has a
        candidate."""
        await two.assert_non_match(Lookup("crm", "C2"), Lookup("one", "X2"), actor="steward")
        await rows_of(two, [(ID_C, {})])
        close(backdoor, ID_C, "erased")
        found = []
        for keys, into in (([("one", "X1")], ID_B), ([("crm", "C2")], ID_B), ([("crm", "C1")], ID_C)):
            with pytest.raises(ConflictError) as caught:
                await split(two, keys, into)
            found.append(caught.value.conflict)
        assert [(one.code, one.customer, one.other) for one in found] == [
            (ConflictCode.LIMIT_EXCEEDED, ID_B, ID_A),
            (ConflictCode.NON_MATCH_ASSERTED, ID_B, ID_A),
            (ConflictCode.CUSTOMER_ERASED, ID_C, None),
        ]
        assert [one.candidate_id is None for one in found] == [False, True, False]
        assert len(await self.keys(two, ID_A)) == 4

    async def test_one_erased_is_not_split(self, two: Store) -> None:
        """There is nothing left of it."""
        await two.erase(ID_A, actor="steward")
        with pytest.raises(ConflictError, match="CUSTOMER_ERASED"):
            await split(two, [("crm", "C1")])

    async def test_a_new_customer_keeps_to_the_limit_too(self, two: Store, backdoor: Backdoor) -> None:
        """What a forced merge brought together goes apart one by one; superseded keys do not count."""
        await two.merge(ID_B, ID_A, actor="steward", force=True)
        with pytest.raises(ConflictError) as caught:
            await split(two, [("one", "X1"), ("one", "X2")])
        assert (caught.value.conflict.code, caught.value.conflict.customer) == (ConflictCode.LIMIT_EXCEEDED, ID_A)
        await two.replace_key("one", "X1", "X2", actor="feed")
        done = await split(two, [("one", "X1"), ("one", "X2")])
        assert await self.keys(two, done.customer) == [("one", "X2")]
        rows = backdoor("SELECT key_status FROM link WHERE customer_id = ? ORDER BY key_lookup", done.customer)
        assert rows == [("superseded",), ("live",)]

    async def test_restrictions_hold_for_whoever_gets_the_keys(self, two: Store) -> None:
        """A new customer or one who was there: nobody can tell whom they were made for. What stands is not doubled."""
        await rows_of(two, [(ID_C, {"crm": ["C3"]})])
        await two.restrict(ID_C, ALL, actor="steward")
        await two.restrict(ID_A, NAME, actor="steward")
        await two.merge(ID_C, ID_A, actor="steward")
        done = await split(two, [("crm", "C1")])
        await two.restrict(ID_B, ALL, actor="steward")
        await split(two, [("crm", "C2")], ID_B)
        found = await two.resolve_many([Lookup(None, done.customer), Lookup(None, ID_B)])
        assert [one and one.restrictions for one in found] == [(NAME, ALL), (NAME, ALL)]
        assert (await two.verify()).holds

    async def test_restrictions_that_came_by_a_split_are_of_both_who_were_one(self, two: Store) -> None:
        """As all are that were made while they were."""
        await rows_of(two, [(ID_C, {"crm": ["C3"]})])
        merge = await two.merge(ID_C, ID_B, actor="steward")
        await two.restrict(ID_A, NAME, actor="steward")
        await split(two, [("crm", "C2")], ID_B)
        await two.undo_merge(merge.seq, actor="steward")
        found = await two.resolve_many([Lookup(None, ID_B), Lookup(None, ID_C)])
        assert [one and one.restrictions for one in found] == [(NAME,), (NAME,)]

    async def test_identifiers_of_the_sources_are_forgotten(self, two: Store) -> None:
        """Nobody knows with which of the keys they came; those of other sources stay."""
        for source, email in (("crm", "anna@example.org"), ("one", "anna@example.com")):
            await two.note_identifiers(ID_A, source, {IdentifierType.EMAIL: [email]}, actor="feed")
        done = await split(two, [("crm", "C2")], expected_version=3)
        assert await two.resolve_identifier(IdentifierType.EMAIL, "anna@example.org") is None
        found = await two.resolve_identifier(IdentifierType.EMAIL, "anna@example.com")
        assert found is not None
        assert found.customer_id == ID_A
        assert done.seq == await self.events(two)

    async def test_a_split_under_an_idempotency_key_is_done_once(self, two: Store) -> None:
        """Else a second one would find keys that are not the customer's."""
        done = await split(two, [("crm", "C2")], idempotency_key="s-1")
        assert await split(two, [("crm", "C2")], idempotency_key="s-1") == done
        with pytest.raises(InputError, match="LINK_UNKNOWN"):
            await split(two, [("crm", "C2")])


class RestrictingContract(CrossReferenceContract):
    """The part of the contract that concerns restrictions made and lifted one by one."""

    @pytest.fixture
    async def two(self, store: Store) -> Store:
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
        return store

    async def held(self, store: Store, customer: str) -> tuple[Restriction, ...]:
        subject = await store.resolve(Lookup(None, customer))
        assert subject is not None
        return subject.restrictions

    async def test_a_restriction_holds_until_it_is_lifted(self, two: Store) -> None:
        """Each of the two is one event, and none when there is nothing to do."""
        made = await two.restrict(ID_A, NAME, actor="steward")
        assert await self.held(two, ID_A) == (NAME,)
        assert await two.restrict(ID_A, NAME, actor="steward", expected_version=1) == made
        lifted = await two.lift(ID_A, NAME.ground, actor="steward")
        assert await self.held(two, ID_A) == ()
        again = await two.lift(ID_A, NAME.ground, actor="steward", expected_version=1)
        assert again == lifted
        assert (lifted.note, again.note) == (None, "no restriction of this ground is in force")
        assert [(one.version, one.seq - made.seq) for one in (made, lifted)] == [(2, 0), (3, 1)]
        assert await self.events(two) == lifted.seq
        await two.restrict(ID_A, NAME, actor="steward")
        assert await self.held(two, ID_A) == (NAME,)

    async def test_lifting_is_by_ground_and_of_all_ids(self, two: Store) -> None:
        """Those that came by a merge are lifted too; those of another ground stay."""
        other = Restriction(NAME.ground, frozenset({"Customer.phone"}))
        await two.restrict(ID_A, NAME, actor="steward")
        await two.restrict(ID_A, ALL, actor="steward")
        await two.restrict(ID_B, other, actor="steward")
        await two.merge(ID_B, ID_A, actor="steward")
        assert await self.held(two, ID_B) == (NAME, other, ALL)
        await two.lift(ID_B, NAME.ground, actor="steward")
        assert await self.held(two, ID_A) == (ALL,)

    async def test_restrictions_are_checked(self, two: Store) -> None:
        """Short codes and coordinates of customers who are there; else nothing is written."""
        before = await self.events(two)
        for ground, coordinates in (("free text", {"*"}), ("x", set[str]()), ("x", {"Customer"})):
            with pytest.raises(InputError, match="VALUE_INVALID"):
                await two.restrict(ID_A, Restriction(ground, frozenset(coordinates)), actor="steward")
        with pytest.raises(InputError, match="VALUE_INVALID"):
            await two.lift(ID_A, "free text", actor="steward")
        with pytest.raises(InputError, match="CUSTOMER_UNKNOWN"):
            await two.restrict(ID_C, NAME, actor="steward")
        with pytest.raises(InputError, match="CUSTOMER_UNKNOWN"):
            await two.lift(ID_C, "x", actor="steward")
        assert await self.events(two) == before

    async def test_restrictions_expect_the_customers_version(self, two: Store) -> None:
        """Another one is a conflict, and nothing is written."""
        with pytest.raises(ConflictError, match="VERSION_MISMATCH"):
            await two.restrict(ID_A, NAME, actor="steward", expected_version=7)
        await two.restrict(ID_A, NAME, actor="steward", expected_version=1)
        with pytest.raises(ConflictError, match="VERSION_MISMATCH"):
            await two.lift(ID_A, NAME.ground, actor="steward", expected_version=1)
        assert await self.held(two, ID_A) == (NAME,)

    async def test_one_erased_is_not_restricted(self, two: Store) -> None:
        """There is nothing to restrict, and nothing to lift."""
        await two.restrict(ID_A, NAME, actor="steward")
        erased = await two.erase(ID_A, actor="steward")
        with pytest.raises(ConflictError, match="CUSTOMER_ERASED"):
            await two.restrict(ID_A, NAME, actor="steward")
        assert await two.lift(ID_A, NAME.ground, actor="steward") == erased
