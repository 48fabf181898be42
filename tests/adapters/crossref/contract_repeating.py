"""The part of the contract that concerns writes asked for twice, and writes of who has seen an older version."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.crossref import (
    ConflictCode,
    ConflictError,
    HkdfSecrets,
    InputError,
    Linked,
    Lookup,
    RefusalCode,
    SourceSystem,
)
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    Backdoor,
    CrossReferenceContract,
    Open,
    SteppedClock,
    Store,
    rows_of,
)

FIRST, SECOND = b"one secret of thirty-two bytes..", b"two secret of thirty-two bytes.."
C1, B9 = Lookup("crm", "C1"), Lookup("billing", "B9")

WRITES: list[Callable[[Store, dict[str, object]], Awaitable[Linked]]] = [
    lambda store, more: store.link("crm", "C9", ID_A, asserted_by="t", **more),  # type: ignore[arg-type]
    lambda store, more: store.unlink("crm", "C1", actor="t", **more),  # type: ignore[arg-type]
    lambda store, more: store.relink("crm", "C2", ID_A, actor="t", **more),  # type: ignore[arg-type]
    lambda store, more: store.replace_key("crm", "C1", "C9", actor="t", **more),  # type: ignore[arg-type]
    lambda store, more: store.assert_non_match(C1, B9, actor="t", **more),  # type: ignore[arg-type]
]


class RepeatingContract(CrossReferenceContract):
    """The part of the contract that concerns writes asked for twice, and writes of who has seen an older version."""

    @pytest.fixture
    async def two(self, store: Store) -> Store:
        await rows_of(store, [(ID_A, {"crm": ["C1"], "one": ["X1"]}), (ID_B, {"crm": ["C2"], "one": ["X2"]})])
        return store

    @pytest.mark.parametrize("write", WRITES)
    async def test_a_write_is_made_once_under_its_key(
        self, two: Store, write: Callable[[Store, dict[str, object]], Awaitable[Linked]]
    ) -> None:
        """Asked for again it is answered as it was, though the customer has changed since."""
        done = await write(two, {"idempotency_key": "k-1"})
        await self.link(two, "billing", "B1", ID_A)
        before = await self.events(two)
        assert await write(two, {"idempotency_key": "k-1"}) == done
        assert await self.events(two) == before

    @pytest.mark.parametrize("write", WRITES)
    async def test_a_write_for_an_older_version_is_not_made(
        self, two: Store, write: Callable[[Store, dict[str, object]], Awaitable[Linked]]
    ) -> None:
        """Nothing is written and no candidate is open; for the version that stands it is made."""
        before = await self.events(two)
        for version in (0, 2):
            with pytest.raises(ConflictError) as caught:
                await write(two, {"expected_version": version})
            conflict = caught.value.conflict
            assert (conflict.code, conflict.customer) == (ConflictCode.VERSION_MISMATCH, ID_A)
            assert conflict.candidate_id is None
            assert "candidate" not in str(caught.value)
        assert await self.events(two) == before
        assert (await write(two, {"expected_version": 1})).customer == ID_A

    async def test_a_version_is_not_asked_for_what_stands(self, two: Store) -> None:
        """A write that was made can be asked for again, without a key too."""
        done = await two.link("crm", "C9", ID_A, asserted_by="t", expected_version=1)
        assert await two.link("crm", "C9", ID_A, asserted_by="t", expected_version=1) == done

    async def test_that_nobody_has_the_key_can_be_expected(self, two: Store) -> None:
        """0 is the version of a customer not there yet."""
        with pytest.raises(ConflictError) as caught:
            await two.link("crm", "C9", asserted_by="t", expected_version=1)
        assert caught.value.conflict.customer == ""
        assert (await two.link("crm", "C9", asserted_by="t", expected_version=0)).version == 1

    @pytest.mark.parametrize("is_oldest", [False, True])
    async def test_a_merge_expects_the_losers_version_too(self, two: Store, is_oldest: bool) -> None:
        """What the loser got since it was looked at is not merged unseen; the conflict names whom to look at again."""
        told = await two.preview_merge(ID_B, ID_A)
        await self.link(two, "crm", "B9", ID_B)
        before, merge = await self.events(two), two.merge_oldest if is_oldest else two.merge
        seen: dict[str, Any] = {"expected_version": told.version, "loser_version": told.loser_version}
        with pytest.raises(ConflictError) as caught:
            await merge(ID_B, ID_A, force=True, actor="steward", **seen)
        conflict = caught.value.conflict
        assert (conflict.code, conflict.customer, conflict.candidate_id) == ("VERSION_MISMATCH", ID_B, None)
        assert await self.events(two) == before
        again = await two.preview_merge(ID_B, ID_A)
        assert (again.loser_version, again.links_by_source["crm"]) == (told.loser_version + 1, 2)
        done = await merge(ID_B, ID_A, force=True, actor="steward", **{**seen, "loser_version": again.loser_version})
        assert await merge(ID_B, ID_A, force=True, actor="steward", **seen) == done

    async def test_a_losers_version_is_one(self, two: Store) -> None:
        """As the survivor's has to be one."""
        with pytest.raises(InputError, match="VALUE_INVALID: loser_version"):
            await two.merge(ID_B, ID_A, actor="steward", loser_version=-1)

    async def test_another_losers_version_is_another_write(self, two: Store) -> None:
        """One idempotency key is good for what was expected with it."""
        await two.merge(ID_B, ID_A, force=True, loser_version=1, actor="steward", idempotency_key="k-1")
        with pytest.raises(InputError, match="IDEMPOTENCY_KEY_REUSED"):
            await two.merge(ID_B, ID_A, force=True, actor="steward", idempotency_key="k-1")

    async def test_a_conflict_is_answered_again(self, two: Store) -> None:
        """As it was, even when nothing stands in the way any more: who asks twice learns what came of the first."""
        asked = [store.link("one", "X2", ID_A, asserted_by="t", idempotency_key="k-1") for store in (two, two)]
        with pytest.raises(ConflictError) as first:
            await asked[0]
        await two.unlink("one", "X2", actor="t")
        before = await self.events(two)
        with pytest.raises(ConflictError) as second:
            await asked[1]
        assert first.value.conflict == second.value.conflict
        assert (first.value.conflict.code, first.value.conflict.other) == (ConflictCode.KEY_OWNED_BY_OTHER, ID_B)
        assert await self.events(two) == before

    @pytest.mark.parametrize(
        "other",
        [
            {"source": "billing"},
            {"key": "C8"},
            {"customer_id": ID_B},
            {"reason_code": "mistake"},
            {"reason_ref": "T-1"},
            {"confidence": 0.5},
            {"expected_version": 1},
        ],
    )
    async def test_a_key_is_good_for_one_write(self, two: Store, other: dict[str, object]) -> None:
        """Whatever is different, it is another write, and is refused."""
        asked: dict[str, object] = {"source": "crm", "key": "C9", "customer_id": ID_A, "asserted_by": "t"}
        await two.link(**asked, idempotency_key="k-1")  # type: ignore[arg-type]
        before = await self.events(two)
        with pytest.raises(InputError) as caught:
            await two.link(**asked | other, idempotency_key="k-1")  # type: ignore[arg-type]
        assert caught.value.code is RefusalCode.IDEMPOTENCY_KEY_REUSED
        assert await self.events(two) == before

    async def test_a_key_is_its_writers_own(self, two: Store) -> None:
        """Who guesses the keys of others cannot use them up, nor learn what was answered."""
        await two.unlink("crm", "C1", actor="intruder", idempotency_key="k-1")
        done = await two.unlink("crm", "C2", actor="steward", idempotency_key="k-1")
        assert done.customer == ID_B
        assert await two.unlink("crm", "C2", actor="steward", idempotency_key="k-1") == done

    async def test_a_key_is_kept_as_a_digest(self, two: Store, open_for: Open, backdoor: Backdoor) -> None:
        """For callers may make it of anything; without secrets it is no keyed one."""
        bare = await open_for("bare", secrets=None)
        await bare.register_source(SourceSystem("crm"), actor="admin")
        for one in (two, bare):
            await one.link("crm", "C9", asserted_by="t", idempotency_key="canary@example.org")
        rows = backdoor("SELECT idem_key FROM idempotency")
        assert len({*rows}) == 2
        assert "canary" not in str(rows)

    async def test_a_key_is_good_for_one_operation(self, two: Store) -> None:
        """The same arguments of another operation are another write."""
        await two.assert_non_match(C1, B9, actor="t", idempotency_key="k-1")
        with pytest.raises(InputError, match="IDEMPOTENCY_KEY_REUSED"):
            await two.clear_non_match(C1, B9, actor="t", idempotency_key="k-1")

    async def test_a_refused_write_leaves_its_key_free(self, two: Store) -> None:
        """Nothing was written, so it can be mended and asked for under the same key."""
        with pytest.raises(InputError, match="LINK_UNKNOWN"):
            await two.unlink("crm", "C9", actor="t", idempotency_key="k-1")
        assert (await two.unlink("crm", "C1", actor="t", idempotency_key="k-1")).customer == ID_A

    async def test_answers_are_forgotten_after_a_day(self, two: Store, clock: SteppedClock, backdoor: Backdoor) -> None:
        """The key is free again then, and the rows go when another is written."""
        await two.unlink("crm", "C1", actor="t", idempotency_key="k-1")
        clock.go(hours=24)
        with pytest.raises(InputError, match="IDEMPOTENCY_KEY_REUSED"):
            await two.unlink("crm", "C2", actor="t", idempotency_key="k-1")
        clock.go(seconds=1)
        await two.unlink("crm", "C2", actor="t", idempotency_key="k-1")
        await two.link("crm", "C2", ID_A, asserted_by="t", idempotency_key="k-2")
        clock.go(hours=25)
        await two.unlink("crm", "C2", actor="t", idempotency_key="k-3")
        assert len(backdoor("SELECT idem_key FROM idempotency")) == 1

    @pytest.mark.parametrize("key", ["", " k", "k" * 129, "k\n", "ключ"])
    async def test_a_key_that_is_none_is_refused(self, two: Store, key: str) -> None:
        """It is 1 to 128 printable ASCII characters, and stands in no message."""
        with pytest.raises(InputError, match="VALUE_INVALID: idempotency_key") as caught:
            await two.unlink("crm", "C1", actor="t", idempotency_key=key)
        assert not key or key not in str(caught.value)

    @pytest.mark.parametrize("version", [-1, 2**63])
    async def test_a_version_that_is_none_is_refused(self, two: Store, version: int) -> None:
        """It is a count of writes."""
        with pytest.raises(InputError, match="VALUE_INVALID: expected_version"):
            await two.unlink("crm", "C1", actor="t", expected_version=version)

    async def test_a_request_can_be_guessed_by_nobody(self, store: Store, open_for: Open, backdoor: Backdoor) -> None:
        """What is kept of it is keyed: by the tenant's secrets, else by a salt of its own."""
        bare = await open_for("bare", secrets=None)
        await bare.register_source(SourceSystem("crm"), actor="admin")
        for one in (store, bare):
            for key in ("k-1", "k-2"):
                await one.link("crm", "CANARY", asserted_by="t", idempotency_key=key)
            with pytest.raises(InputError, match="IDEMPOTENCY_KEY_REUSED"):
                await one.link("crm", "C2", asserted_by="t", idempotency_key="k-1")
        rows = backdoor("SELECT tenant_id, salt, request_hash, response FROM idempotency ORDER BY tenant_id, idem_key")
        assert [(tenant, salt is None) for tenant, salt, *_ in rows] == [
            ("bare", False),
            ("bare", False),
            ("default", True),
            ("default", True),
        ]
        assert (rows[0][2] == rows[1][2], rows[2][2] == rows[3][2]) == (False, True)
        assert "CANARY" not in str(rows)

    async def test_a_write_is_known_again_under_a_new_secret(self, store: Store, open_for: Open) -> None:
        """The version that it was asked for with is tried as well."""
        done = await store.link("crm", "C1", asserted_by="t", idempotency_key="k-1")
        both = await open_for(secrets=HkdfSecrets({1: FIRST, 2: SECOND}))
        assert await both.link("crm", "C1", asserted_by="t", idempotency_key="k-1") == done

    async def test_two_who_ask_at_once_are_answered_alike(self, store: Store, open_for: Open) -> None:
        """On whichever connection: the second finds the answer of the first, and one customer is made."""
        several = [store, await open_for()] * 4
        done = await asyncio.gather(
            *(one.link("crm", "C1", asserted_by="t", expected_version=0, idempotency_key="k-1") for one in several)
        )
        assert len(set(done)) == 1
        assert await self.events(store) == done[0].seq

    async def test_tenants_have_keys_of_their_own(self, store: Store, open_for: Open) -> None:
        """The same key of two tenants is two keys."""
        other = await open_for("other")
        await other.register_source(SourceSystem("crm"), actor="admin")
        await store.link("crm", "C1", asserted_by="t", idempotency_key="k-1")
        assert (await other.link("crm", "C2", asserted_by="t", idempotency_key="k-1")).version == 1
