"""The part of the contract that concerns the chain of events: what tampering it finds, and that erasing is none."""

from __future__ import annotations

import pytest

from adapters.crossref import SourceSystem, StoreError
from tests.adapters.crossref.contract import ID_A, ID_B, Backdoor, CrossReferenceContract, Open, Store, rows_of


class VerifyingContract(CrossReferenceContract):
    """The part of the contract that concerns the chain of events."""

    @pytest.fixture
    async def filled(self, store: Store) -> Store:
        await rows_of(store, [(ID_A, {"crm": ["C1"], "mail": ["a@example.org"]}), (ID_B, {"crm": ["C2"]})])
        return store

    async def test_an_untouched_chain_holds(self, filled: Store) -> None:
        """Every event and commitment is counted, and there is nothing to tell."""
        report = await filled.verify_chain()
        assert report.holds
        assert (report.events, report.commitments, report.erased, report.problems) == (6, 3, 0, ())

    async def test_a_tenant_without_events_holds(self, filled: Store, backdoor: Backdoor) -> None:
        """An empty chain holds, and a tenant that is not there has one."""
        backdoor("DELETE FROM tenant WHERE tenant_id = 'nobody'")
        filled._tenant = "nobody"
        assert (await filled.verify_chain()).holds

    async def test_an_erased_key_is_no_problem(self, filled: Store, backdoor: Backdoor) -> None:
        """The commitment stays when key and salt are deleted: the chain holds, and tells how many were erased."""
        backdoor("DELETE FROM event_secret WHERE seq = 5")
        report = await filled.verify_chain()
        assert (report.holds, report.commitments, report.erased) == (True, 3, 2)

    @pytest.mark.parametrize(
        ("statement", "values", "text"),
        [
            ("UPDATE xref_event SET actor = 'nobody' WHERE seq = 5", (), "changed"),
            ("UPDATE xref_event SET body = ? WHERE seq = 5", ('{"links":[],"restrictions":[]}',), "changed"),
            ("UPDATE xref_event SET at = ? WHERE seq = 6", ("2020-01-01T00:00:00.000000Z",), "changed"),
            ("UPDATE xref_event SET hash = ? WHERE seq = 5", (b"\x00",), "follow"),
            ("DELETE FROM xref_event WHERE seq = 2", (), "missing before"),
            ("DELETE FROM xref_event WHERE seq = 3", (), "missing before"),
            ("UPDATE tenant SET head_hash = ?", (b"\x00",), "missing at the end"),
            ("UPDATE tenant SET next_seq = 99", (), "missing at the end"),
            ("UPDATE event_secret SET key = ? WHERE seq = 6", (b"C9",), "key that is kept"),
            ("UPDATE event_secret SET key = ? WHERE seq = 6", (b"\xff",), "key that is kept"),
            ("UPDATE event_secret SET salt = ? WHERE seq = 6", (bytes(32),), "key that is kept"),
            ("UPDATE event_secret SET key = substr(key, 1, 10) WHERE length(key) > 20", (), "key that is kept"),
        ],
    )
    async def test_tampering_is_found(
        self, filled: Store, backdoor: Backdoor, statement: str, values: tuple[object, ...], text: str
    ) -> None:
        """A changed, missing or exchanged event and a key other than the one committed to are told, without the key."""
        backdoor(statement, *values)
        report = await filled.verify_chain()
        assert not report.holds
        assert any(text in problem.text for problem in report.problems)

    async def test_events_that_have_changed_places_are_found(self, filled: Store, backdoor: Backdoor) -> None:
        """Each is whole, and follows another than the one before it."""
        for number, place in ((2, 99), (3, 2), (99, 3)):
            backdoor("UPDATE xref_event SET seq = ? WHERE seq = ?", place, number)
        problems = (await filled.verify_chain()).problems
        assert {(2, "the event was changed"), (3, "the event was changed")} < {(one.seq, one.text) for one in problems}

    async def test_a_report_is_bounded(self, filled: Store, backdoor: Backdoor) -> None:
        """However much is wrong, the report lists the first hundred."""
        await rows_of(filled, [(None, {"crm": [f"K{n}"]}) for n in range(150)])
        backdoor("UPDATE xref_event SET actor = 'nobody'")
        assert len((await filled.verify_chain()).problems) == 100

    async def test_an_event_gone_from_the_end_is_missed(self, store: Store, backdoor: Backdoor) -> None:
        """The tenant's row tells how many there were."""
        last = (await store.verify_chain()).events
        backdoor("DELETE FROM xref_event WHERE seq = ?", last)
        report = await store.verify_chain()
        assert [problem.text for problem in report.problems] == ["events are missing at the end"]
        assert (await self.link(store, "crm", "C1")).seq == last + 1

    async def test_a_tenant_that_is_gone_is_told(self, open_for: Open, backdoor: Backdoor) -> None:
        """Writing goes on only when it was opened again."""
        store = await open_for("other")
        backdoor("DELETE FROM tenant WHERE tenant_id = 'other'")
        with pytest.raises(StoreError, match="open the cross-reference again"):
            await store.register_source(SourceSystem("crm"), actor="admin")

    async def test_a_long_chain_is_read_in_pages(self, store: Store, backdoor: Backdoor) -> None:
        """Every event counts once, and one that is gone from any page is missed."""
        await rows_of(store, [(None, {"crm": [f"K{n}"]}) for n in range(450)])
        report = await store.verify_chain()
        assert (report.holds, report.events, report.commitments) == (True, 454, 450)
        backdoor("DELETE FROM event_secret WHERE seq = 204")
        backdoor("DELETE FROM xref_event WHERE seq = 204")
        assert [problem.seq for problem in (await store.verify_chain()).problems] == [205, 205]
