"""The part of the contract that concerns versions: whoever has read one writes of the customer that was read, or not at
all, whatever the id leads to since."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from adapters.crossref import ConflictCode, ConflictError, Restriction
from tests.adapters.crossref.contract import ID_A, ID_B, ID_C, Store
from tests.adapters.crossref.contract_merging import Merged, holds, merged, undone

NAME = Restriction("gdpr-art-18", frozenset({"Customer.name"}))


async def outdated(store: Store, write: Awaitable[object]) -> str:
    """Return whom the refused write would have been of."""
    with pytest.raises(ConflictError) as caught:
        await write
    assert caught.value.conflict.code is ConflictCode.VERSION_MISMATCH
    return caught.value.conflict.customer


class VersionsContract(Merged):
    """The part of the contract that concerns versions."""

    async def version(self, store: Store, customer: str) -> int:
        found = await store.standing(customer)
        assert found is not None
        return found.version

    @pytest.fixture
    async def elsewhere(self, three: Store) -> Store:
        """The second customer was read with version 2, and merged since into the third, who had version 1."""
        await self.link(three, "crm", "B2", ID_B)
        assert (await self.version(three, ID_B), await self.version(three, ID_C)) == (2, 1)
        await merged(three, ID_B, ID_C)
        return three

    async def test_a_loser_that_was_merged_elsewhere_since_is_not_merged(self, elsewhere: Store) -> None:
        """What was confirmed was the merge of one customer, and not of whom it leads to now."""
        assert await outdated(elsewhere, merged(elsewhere, ID_B, ID_A, expected_version=1, loser_version=2)) == ID_C
        assert await self.owners(elsewhere, "A", "B", "C") == [ID_A, ID_C, ID_C]

    async def test_nobody_is_merged_into_a_survivor_that_was_merged_elsewhere_since(self, elsewhere: Store) -> None:
        """Whichever way round they were named."""
        assert await outdated(elsewhere, merged(elsewhere, ID_A, ID_B, expected_version=2, loser_version=1)) == ID_C
        oldest = elsewhere.merge_oldest(ID_A, ID_B, actor="steward", expected_version=1, loser_version=2)
        assert await outdated(elsewhere, oldest) == ID_C
        assert await self.owners(elsewhere, "A", "B", "C") == [ID_A, ID_C, ID_C]

    async def test_a_candidate_whose_customer_was_merged_elsewhere_since_is_not_accepted(self, three: Store) -> None:
        """It stays open, and can be accepted by whoever looks again."""
        candidate = str((await self.conflict(three, "crm", "B", ID_A)).conflict.candidate_id)
        seen = await self.version(three, ID_B)
        await three.restrict(ID_B, NAME, actor="steward")
        await merged(three, ID_B, ID_C)
        accept = partial(three.accept, candidate, actor="steward", expected_version=await self.version(three, ID_A))
        assert await outdated(three, accept(loser_version=seen + 1)) == ID_C
        assert (await accept(loser_version=await self.version(three, ID_B))).customer == ID_A

    @pytest.mark.parametrize(
        "write",
        [
            lambda store: store.erase(ID_B, actor="t", expected_version=2),
            lambda store: store.restrict(ID_B, NAME, actor="t", expected_version=2),
            lambda store: store.split(ID_B, [("crm", "C")], actor="t", expected_version=2),
            lambda store: store.relink("crm", "A", ID_B, actor="t", expected_version=2),
            lambda store: store.link("crm", "N", ID_B, asserted_by="t", expected_version=2),
        ],
    )
    async def test_no_write_is_of_whom_an_id_leads_to_since(
        self, elsewhere: Store, write: Callable[[Store], Awaitable[object]]
    ) -> None:
        """The id alone does not say of whom the version was read."""
        before = await self.events(elsewhere)
        assert await outdated(elsewhere, write(elsewhere)) == ID_C
        assert await self.events(elsewhere) == before

    async def test_who_is_alone_again_has_no_version_that_was_read_of_both(self, three: Store) -> None:
        """An undone merge changes whom an id leads to as well, that of a customer merged into the loser too."""
        await merged(three, ID_C, ID_B)
        merge = await merged(three, ID_B, ID_A)
        seen = set()
        for key in "KLMN":
            seen |= {await self.version(three, one) for one in (ID_A, ID_B, ID_C)}
            await self.link(three, "crm", key, ID_A)
        await undone(three, merge)
        assert not seen & {await self.version(three, one) for one in (ID_A, ID_B, ID_C)}
        assert await outdated(three, three.erase(ID_C, actor="t", expected_version=max(seen))) == ID_B
        await holds(three)
