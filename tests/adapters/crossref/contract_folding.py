"""The part of the contract that concerns the tables as the events tell them: what is changed past the store shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pytest

from adapters.crossref import ChainReport, ConflictError, KeyNews, Lookup, Restriction
from adapters.crossref.events import Act, EventType
from adapters.crossref.ledger import Ledger
from adapters.crossref.verification.beside import Beside
from schema.identifiers import IdentifierType
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    ID_C,
    Backdoor,
    CrossReferenceContract,
    Open,
    SteppedClock,
    Store,
    rows_of,
)

RESTRICTION = Restriction("r", frozenset({"Customer.name", "Customer.email"}))
EMAIL = IdentifierType.EMAIL

LONG_AGO, LATER = "2020-01-01T00:00:00.000000Z", "2030-01-01T00:00:00.000000Z"

CHANGES: list[tuple[str, str, str, Mapping[str, object]]] = [
    (
        *("source_system", "source_id", "source_id = 'billing'"),
        {"key_format": "lower", "key_mode": "sealed", "max_live": 7, "priority": 7},
    ),
    (
        *("customer", "customer_id", f"customer_id = '{ID_C}'"),
        {"status": "retired", "version": 77, "created_at": LONG_AGO, "changed_seq": 77},
    ),
    (
        *("link", "link_id", f"key_lookup = 'C5' AND customer_id = '{ID_C}'"),
        {"source_id": "billing", "key_lookup": "C9", "customer_id": ID_B, "key_status": "superseded"}
        | {"valid_from": LONG_AGO, "valid_to": LATER, "asserted_by": "nobody", "method": "native", "confidence": 0.25}
        | {"opened_seq": 1, "closed_seq": 1000},
    ),
    (
        *("restriction", "restriction_id", "valid_to IS NOT NULL"),
        {"customer_id": ID_B, "ground": "s", "coordinates": '["Customer.name"]', "valid_from": LONG_AGO}
        | {"valid_to": LATER},
    ),
    (
        *("match_candidate", "candidate_id", "kind = 'key_conflict' AND customer_b IS NOT NULL"),
        {"customer_a": f"cus_{'0' * 32}", "customer_b": f"cus_{'f' * 32}", "kind": "model", "grade": "certain"}
        | {"score": 0.5, "evidence": "{}", "status": "rejected", "decided_by": "nobody", "decided_seq": 1000}
        | {"opened_seq": 1},
    ),
    (
        *("match_candidate", "candidate_id", "kind = 'source_says_replaced'"),
        {"source_id": "billing", "link_id": "lnk_0", "key_lookup": "C9"},
    ),
    (
        *("non_match", "non_match_id", "source_a = 'crm'"),
        {"source_a": "billing", "key_a": "A", "source_b": "one", "key_b": "Z", "non_match_id": "non_0"}
        | {"asserted_by": "nobody", "reason_code": "other", "reason_ref": "T-9", "seq": 1},
    ),
    (
        *("identifier_hash", "identifier_id", f"customer_id = '{ID_C}'"),
        {"identifier_id": "ide_0", "id_type": "phone", "key_version": 9, "digest": b"0", "customer_id": ID_B}
        | {"source_id": "billing", "seen_at": LONG_AGO, "seq": 1},
    ),
    (*("event_customer", "seq", "leads_to IS NOT NULL"), {"leads_to": ID_C, "customer_id": ID_C}),
]
"""Of each table one row, by the column that names it and by what is true of it, and other values that the database
itself lets pass."""

EXTRA = [
    "source_system (tenant_id, source_id) VALUES ('default', 'extra')",
    "customer (tenant_id, customer_id, status, created_at, changed_seq) "
    f"SELECT tenant_id, 'cus_0', status, created_at, changed_seq FROM customer WHERE customer_id = '{ID_C}'",
    "link (link_id, tenant_id, source_id, key_lookup, customer_id, valid_from, asserted_by, method, opened_seq) "
    "SELECT 'lnk_0', tenant_id, source_id, 'C9', customer_id, valid_from, asserted_by, method, opened_seq FROM link "
    "WHERE key_lookup = 'C4'",
    "restriction (restriction_id, tenant_id, customer_id, ground, coordinates, valid_from) "
    "SELECT 'res_0', tenant_id, customer_id, ground, coordinates, valid_from FROM restriction WHERE valid_to IS NULL",
    "match_candidate (tenant_id, candidate_id, customer_a, kind, grade, evidence, opened_seq) "
    f"VALUES ('default', 'cand_0', '{ID_A}', 'key_conflict', 'possible', '{{}}', 1)",
    "non_match (tenant_id, source_a, key_a, source_b, key_b, non_match_id, asserted_by, seq) "
    "VALUES ('default', 'billing', 'A', 'crm', 'Z', 'non_0', 't', 1)",
    "identifier_hash (identifier_id, tenant_id, id_type, key_version, digest, customer_id, source_id, seen_at, seq) "
    "SELECT 'ide_0', tenant_id, id_type, 9, digest, customer_id, source_id, seen_at, seq FROM identifier_hash "
    f"WHERE customer_id = '{ID_C}'",
    f"event_customer (tenant_id, customer_id, seq, at) SELECT tenant_id, '{ID_C}', seq, at FROM xref_event "
    "WHERE seq = 1",
]
"""A row for each table, of which no event tells."""


class FoldingContract(CrossReferenceContract):
    """The part of the contract that concerns the tables as the events tell them."""

    @pytest.fixture
    async def filled(self, store: Store, clock: SteppedClock) -> Store:
        """A store in which everything has happened once; ID_A has crm C1, ID_B is merged into it."""
        rows = [(ID_A, {"crm": ["C1", "C2"], "mail": ["a@example.org"]}), (ID_B, {"crm": ["C3"], "one": ["O1"]})]
        await rows_of(store, [*rows, (ID_C, {"crm": ["C4", "C5"], "billing": ["B1"]})])
        clock.go(seconds=1)
        await store.restrict(ID_A, RESTRICTION, actor="t")
        await store.assert_non_match(Lookup("crm", "C1"), Lookup("crm", "C4"), actor="t", reason_code="asked")
        await store.assert_non_match(Lookup("crm", "C2"), Lookup("crm", "C4"), actor="t")
        await store.clear_non_match(Lookup("crm", "C4"), Lookup("crm", "C2"), actor="t")
        with pytest.raises(ConflictError):
            await store.merge(ID_C, ID_A, actor="t")
        with pytest.raises(ConflictError):
            await store.link("billing", "B1", ID_B, asserted_by="t")
        merged = await store.merge(ID_B, ID_A, actor="t")
        await store.undo_merge(merged.seq, actor="t")
        clock.go(seconds=1)
        await store.merge(ID_B, ID_A, actor="t")
        await store.replace_key("crm", "C2", "C6", actor="t")
        await store.split(ID_C, [("billing", "B1")], actor="t")
        await store.relink("crm", "C5", ID_A, actor="t")
        await store.unlink("crm", "C5", actor="t")
        await store.restrict(ID_C, RESTRICTION, actor="t")
        await store.lift(ID_C, "r", actor="t")
        await store.note_identifiers(ID_A, "crm", {EMAIL: ["p@example.org", "q@example.org"]}, actor="t")
        await store.note_identifiers(ID_C, "crm", {EMAIL: ["p@example.org"]}, actor="t")
        subject = await store.resolve(Lookup("crm", "C4"))
        assert subject is not None
        await store.hear([KeyNews(subject.keys["crm"][0].link_id, "C7")], actor="t")
        return store

    async def problems(self, store: Store) -> list[str]:
        """Return what `verify` finds in the tables, where the chain holds."""
        assert (await store.verify_chain()).holds
        return [problem.text for problem in (await store.verify()).problems]

    async def test_untouched_tables_are_as_the_events_tell(self, filled: Store) -> None:
        """Every row is compared, and there is nothing to tell; the chain alone counts none."""
        report = await filled.verify()
        assert report.holds, report.problems
        assert report.rows > 30
        assert (await filled.verify_chain()).rows == 0

    async def test_a_tenant_without_events_holds(self, open_for: Open) -> None:
        """There is no row, and no event that tells one."""
        report: ChainReport = await (await open_for("other")).verify()
        assert (report.holds, report.events, report.rows) == (True, 0, 0)

    async def test_an_erased_customer_is_as_the_events_tell(self, filled: Store) -> None:
        """What is deleted is what the event tells: links, non-matches, identifiers, restrictions and candidates."""
        await filled.erase(ID_A, actor="t")
        report = await filled.verify()
        assert report.holds, report.problems
        assert report.erased > 0

    @pytest.mark.parametrize(
        ("statement", "values", "text"),
        [
            ("UPDATE source_system SET max_live = 2 WHERE source_id = 'one'", (), "source_system: the row is not"),
            ("UPDATE customer SET version = version + 1 WHERE customer_id = ?", (ID_C,), "events tell: version"),
            (
                "UPDATE customer SET created_at = ? WHERE customer_id = ?",
                ("2020-01-01T00:00:00.000000Z", ID_A),
                "creat",
            ),
            (
                "UPDATE customer SET status = 'active', survivor_id = NULL WHERE customer_id = ?",
                (ID_B,),
                "status, surv",
            ),
            (
                "UPDATE link SET key_lookup = 'C9' WHERE key_lookup = 'C4'",
                (),
                "link: the row is not as the events tell: k",
            ),
            ("UPDATE link SET customer_id = ? WHERE key_lookup = 'C1'", (ID_C,), "events tell: customer_id"),
            ("UPDATE link SET key_status = 'live' WHERE key_status = 'superseded'", (), "events tell: key_status"),
            ("UPDATE link SET key_lookup = 'v1:x' WHERE source_id = 'mail'", (), "events tell: key"),
            ("UPDATE link SET key_sealed = NULL WHERE source_id = 'mail'", (), "events tell: key"),
            ("UPDATE link SET confidence = 0.5, method = 'native' WHERE key_lookup = 'C4'", (), "confidence, method"),
            ("DELETE FROM link WHERE key_lookup = 'C4'", (), "link: a row is missing"),
            ("UPDATE restriction SET valid_to = NULL", (), "restriction: no event tells of the row"),
            ("DELETE FROM restriction WHERE valid_to IS NULL", (), "restriction: a row is missing"),
            ("UPDATE match_candidate SET status = 'rejected'", (), "match_candidate: the row is not"),
            ("UPDATE match_candidate SET grade = 'certain', evidence = '{}'", (), "events tell: evidence, grade"),
            ("DELETE FROM match_candidate", (), "match_candidate: a row is missing"),
            ("DELETE FROM non_match", (), "non_match: a row is missing"),
            ("UPDATE non_match SET key_b = 'C5'", (), "events tell: key_b"),
            ("UPDATE non_match SET reason_code = NULL", (), "events tell: reason_code"),
            ("DELETE FROM identifier_hash", (), "identifier_hash: a row is missing"),
            (
                "UPDATE identifier_hash SET customer_id = ? WHERE customer_id = ?",
                (ID_B, ID_C),
                "identifier_hash: the row is",
            ),
            ("UPDATE identifier_hash SET digest = ? WHERE customer_id = ?", (b"\x00", ID_C), "events tell: key"),
            ("DELETE FROM event_customer", (), "event_customer: a row is missing"),
            ("UPDATE event_customer SET leads_to = NULL", (), "event_customer: the row is not"),
            ("DELETE FROM event_secret WHERE link_id IN (SELECT link_id FROM link)", (), "link: what opens"),
        ],
    )
    async def test_a_changed_row_is_found(
        self, filled: Store, backdoor: Backdoor, statement: str, values: tuple[object, ...], text: str
    ) -> None:
        """What the tables have and the events do not, or otherwise, is told by table and column, without any key."""
        backdoor(statement, *values)
        problems = await self.problems(filled)
        assert any(text in problem for problem in problems), problems

    @pytest.mark.parametrize(("table", "place", "which", "values"), CHANGES)
    async def test_every_column_counts(
        self, filled: Store, backdoor: Backdoor, table: str, place: str, which: str, values: Mapping[str, object]
    ) -> None:
        """A row of which one value was changed is told as its table's, and no longer when it is as it was."""
        ((row_id, *before),) = backdoor(f"SELECT {place}, {', '.join(values)} FROM {table} WHERE {which} LIMIT 1")
        for (column, value), right in zip(values.items(), before, strict=True):
            assert right != value, column
            setting = f"UPDATE {table} SET {column} = ? WHERE {place} = ?"
            backdoor(setting, value, row_id)
            report = await filled.verify()
            assert any(problem.text.startswith(f"{table}: ") for problem in report.problems), column
            backdoor(setting, right, value if column == place else row_id)
        assert (await filled.verify()).holds

    async def test_a_row_too_many_is_found(self, filled: Store, backdoor: Backdoor) -> None:
        """In whichever table."""
        for extra in EXTRA:
            backdoor(f"INSERT INTO {extra}")
        tables = [extra.partition(" ")[0] for extra in EXTRA]
        assert await self.problems(filled) == [f"{table}: no event tells of the row" for table in tables]

    async def test_a_source_or_customer_too_few_is_found(self, store: Store, backdoor: Backdoor) -> None:
        """Those that have nothing: the database keeps the others."""
        await rows_of(store, [(ID_A, {})])
        backdoor("DELETE FROM customer")
        backdoor("DELETE FROM source_system WHERE source_id = 'billing'")
        assert await self.problems(store) == [
            f"{table}: a row is missing that the events tell" for table in ("source_system", "customer")
        ]

    async def test_a_problem_names_the_row_and_its_last_event(self, filled: Store, backdoor: Backdoor) -> None:
        """Ids may be told: they say nothing to who does not have the tables."""
        backdoor("UPDATE customer SET version = 77 WHERE customer_id = ?", ID_C)
        (problem,) = (await filled.verify()).problems
        ((seq,),) = backdoor("SELECT changed_seq FROM customer WHERE customer_id = ?", ID_C)
        assert (problem.seq, problem.row_id) == (seq, ID_C)

    async def test_what_an_erasure_should_have_deleted_is_found(self, filled: Store, backdoor: Backdoor) -> None:
        """A commitment of a key that was erased is not to be opened any more."""
        secrets = backdoor("SELECT tenant_id, seq, link_id, salt, key FROM event_secret")
        await filled.erase(ID_A, actor="t")
        kept = {row[2] for row in backdoor("SELECT tenant_id, seq, link_id FROM event_secret")}
        back = next(row for row in secrets if row[2] not in kept and row[2].startswith("lnk"))
        backdoor("INSERT INTO event_secret (tenant_id, seq, link_id, salt, key) VALUES (?, ?, ?, ?, ?)", *back)
        assert await self.problems(filled) == ["what opens the commitment of a key that was erased is still kept"]

    @pytest.mark.parametrize(
        ("kind", "body", "text"),
        [
            ("customer.praised", {}, "type that this release does not know"),
            (EventType.LINK_CLOSED, {"closed": ["lnk_0"], "source": "crm"}, "tells of what was not there"),
            (EventType.LINK_ADDED, {"links": []}, "leaves out what its type has to tell"),
            (EventType.RESTRICTION_LIFTED, {"ground": 1, "restrictions": 2}, "leaves out what its type has to tell"),
        ],
    )
    async def test_an_event_that_cannot_be_folded_is_told(
        self, store: Store, kind: str, body: Mapping[str, object], text: str
    ) -> None:
        """The chain says that nobody has changed it; what it tells is no less wrong."""

        async def work(ledger: Ledger) -> None:
            await ledger.append(cast("EventType", kind), None, Act("t"), body)

        await store._write(work)
        (problem,) = await self.problems(store)
        assert text in problem

    async def test_an_event_that_cannot_be_read_is_told(self, filled: Store, backdoor: Backdoor) -> None:
        """The others are checked all the same."""
        backdoor("UPDATE xref_event SET actor = '', body = '[]' WHERE seq = 6")
        for report in (await filled.verify_chain(), await filled.verify()):
            assert [problem.text for problem in report.problems if problem.seq == 6] == [
                "the event was changed: it cannot be read"
            ]

    async def test_restrictions_of_one_instant_are_told_apart(self, store: Store) -> None:
        """Made and lifted twice while the clock stands still, they are alike but for their ids."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]})])
        for _ in range(2):
            await store.restrict(ID_A, RESTRICTION, actor="t")
            await store.lift(ID_A, "r", actor="t")
        assert await self.problems(store) == []

    async def test_long_tables_are_read_in_pages(self, store: Store, backdoor: Backdoor) -> None:
        """Every row counts once, and the report lists the first hundred problems."""
        await rows_of(store, [(None, {"crm": [f"K{n}"]}) for n in range(450)])
        report = await store.verify()
        assert (report.holds, report.rows) == (True, 4 + 2 * 450)
        backdoor("UPDATE link SET asserted_by = 'nobody'")
        assert len((await store.verify()).problems) == 100

    async def test_rows_of_other_tenants_are_not_looked_at(
        self, filled: Store, open_for: Open, backdoor: Backdoor
    ) -> None:
        """Each tenant has a log of its own."""
        other = await open_for("other")
        backdoor("UPDATE link SET asserted_by = 'nobody'")
        assert (await other.verify()).holds
        assert not (await filled.verify()).holds

    async def test_what_is_kept_beside_holds_no_key(self, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """The temporary file is on a disk: digests stand in it, of a secret that is gone when it is."""
        told: list[str] = []
        put = Beside.put

        def listened(beside: Beside, kind: str, row_id: str, row: Mapping[str, object], *more: str | None) -> None:
            told.append(f"{row_id} {row}")
            put(beside, kind, row_id, row, *more)

        monkeypatch.setattr(Beside, "put", listened)
        await filled.verify()
        assert told
        assert not [one for one in told if "'C1'" in one or "'O1'" in one or "example.org" in one]
