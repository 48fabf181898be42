"""What the demo leaves for a steward: real disputes of its own customers, none of them about whom it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.crossref import Lookup, SqliteCrossReference
from adapters.sandbox.people import ANNE, Customer, customers
from gateway.demo.disputes import leave_disputes
from gateway.demo.workplace import load_customers, open_cross_reference, write_access


@pytest.fixture(scope="module")
def whom() -> Sequence[Customer]:
    return customers()


@pytest_asyncio.fixture
async def crossref(tmp_path: Path, whom: Sequence[Customer]) -> AsyncIterator[SqliteCrossReference]:
    """The demo's cross-reference before anything is disputed."""
    write_access(tmp_path)
    await load_customers(tmp_path, whom, lambda _: None)
    with closing(open_cross_reference(tmp_path)) as opened:
        yield opened


async def test_two_candidates_wait_and_a_merge_can_be_undone(
    crossref: SqliteCrossReference, whom: Sequence[Customer]
) -> None:
    """They concern six people: a household, a claimant and an owner, and two of one name; the log says it all."""
    anne = Lookup("crm", whom[ANNE].crm_key)
    before = await crossref.resolve(anne)
    merged = await leave_disputes(crossref, whom)
    assert await crossref.resolve(anne) == before
    *_, merger = await crossref.history(merged.customer_id)
    loser = str(merger.body["loser"])
    shared, claimed = await crossref.candidates()
    assert [shared.kind, claimed.kind] == ["shared_identifier", "key_conflict"]
    assert [shared.evidence["source"], claimed.evidence["source"]] == ["orders", "billing"]
    concerned = {merged.customer_id, loser, *(one for each in (shared, claimed) for one in (each.customer, each.other))}
    assert len(concerned) == 6
    found = [one for one in whom if one.customer_id in concerned]
    assert len(found) == 6
    assert whom[ANNE] not in found
    assert not any(one.is_restricted for one in found)
    await crossref.undo_merge(merger.seq, actor="data-steward")
    again = await crossref.resolve(Lookup(None, loser))
    assert again is not None
    assert not again.redirected
    report = await crossref.verify()
    assert not report.problems


async def test_whoever_was_merged_has_the_name_of_the_other(
    crossref: SqliteCrossReference, whom: Sequence[Customer]
) -> None:
    """And is somebody else: both have their own key in each source, and were born on other days."""
    merged = await leave_disputes(crossref, whom)
    *_, merger = await crossref.history(merged.customer_id)
    (other,) = [one for one in whom if one.customer_id == merger.body["loser"]]
    assert (other.person.given, other.person.family) == (merged.person.given, merged.person.family)
    assert other.person.born != merged.person.born
    now = await crossref.resolve(Lookup("crm", other.crm_key))
    assert now is not None
    assert now.customer_id == merged.customer_id
    assert {source: len(keys) for source, keys in now.keys.items()} == dict.fromkeys(
        ("crm", "billing", "orders", "support"), 2
    )
