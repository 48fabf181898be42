"""The chain of events: what tampering it finds, and that erasing a key is none."""

from __future__ import annotations

import pytest

from tests.adapters.crossref.contract import ID_A, ID_B, Backdoor, Store, rows_of


@pytest.fixture
async def filled(store: Store) -> Store:
    await rows_of(store, [(ID_A, {"crm": ["C1"], "mail": ["a@example.org"]}), (ID_B, {"crm": ["C2"]})])
    return store


async def test_an_untouched_chain_holds(filled: Store) -> None:
    """Every event and commitment is counted, and there is nothing to tell."""
    report = await filled.verify_chain()
    assert report.holds
    assert (report.events, report.commitments, report.erased, report.problems) == (6, 3, 0, ())


async def test_a_tenant_without_events_holds(filled: Store, backdoor: Backdoor) -> None:
    """An empty chain holds, and a tenant that is not there has one."""
    backdoor("DELETE FROM tenant WHERE tenant_id = 'nobody'")
    filled._tenant = "nobody"
    assert (await filled.verify_chain()).holds


async def test_an_erased_key_is_no_problem(filled: Store, backdoor: Backdoor) -> None:
    """The commitment stays when key and salt are deleted: the chain holds, and tells how many were erased."""
    backdoor("DELETE FROM event_secret WHERE seq = 5")
    report = await filled.verify_chain()
    assert (report.holds, report.commitments, report.erased) == (True, 3, 2)


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("UPDATE xref_event SET actor = 'nobody' WHERE seq = 5", "changed"),
        ("UPDATE xref_event SET body = replace(body, 'import', 'manual') WHERE seq = 5", "changed"),
        ("UPDATE xref_event SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 6", "changed"),
        ("UPDATE xref_event SET hash = x'00' WHERE seq = 5", "follow"),
        ("DELETE FROM xref_event WHERE seq = 2", "missing before"),
        ("DELETE FROM xref_event WHERE seq = 6", "missing at the end"),
        ("UPDATE tenant SET head_hash = x'00'", "missing at the end"),
        ("UPDATE tenant SET next_seq = 99", "missing at the end"),
        ("UPDATE event_secret SET key = CAST('C9' AS BLOB) WHERE seq = 6", "key that is kept"),
        ("UPDATE event_secret SET key = x'ff' WHERE seq = 6", "key that is kept"),
        ("UPDATE event_secret SET salt = zeroblob(32) WHERE seq = 6", "key that is kept"),
        ("UPDATE event_secret SET key = substr(key, 1, 10) WHERE length(key) > 20", "key that is kept"),
    ],
)
async def test_tampering_is_found(filled: Store, backdoor: Backdoor, statement: str, text: str) -> None:
    """A changed, missing or exchanged event and a key other than the one committed to are told, without the key."""
    backdoor(statement)
    report = await filled.verify_chain()
    assert not report.holds
    assert any(text in problem.text for problem in report.problems)


async def test_a_report_is_bounded(filled: Store, backdoor: Backdoor) -> None:
    """However much is wrong, the report lists the first hundred."""
    await rows_of(filled, [(None, {"crm": [f"K{n}"]}) for n in range(150)])
    backdoor("UPDATE xref_event SET actor = 'nobody'")
    assert len((await filled.verify_chain()).problems) == 100
