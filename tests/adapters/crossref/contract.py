"""What every store of the cross-reference has to do. A store's tests inherit these and give it by fixtures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from adapters.crossref import (
    EVERYTHING,
    ChainReport,
    ConflictCode,
    ConflictError,
    CrossReference,
    InputError,
    KeyFormat,
    KeyMode,
    Linked,
    LinkedKey,
    LoadReport,
    LoadRow,
    Lookup,
    Method,
    RefusalCode,
    Restriction,
    SecretError,
    SourceSystem,
    SqliteCrossReference,
)

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
ID_A, ID_B, ID_C = (f"cus_{digit * 32}" for digit in "abc")


class SteppedClock:
    """A clock that stands still until it is told to go."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def go(self, **time: float) -> None:
        self.now += timedelta(**time)


class Backdoor(Protocol):
    """Runs a statement with `?` parameters past the store, for what the store itself cannot do or show."""

    def __call__(self, statement: str, *values: object) -> list[tuple[object, ...]]: ...


Store = SqliteCrossReference
Open = Callable[[str], Store]
"""Opens the same database for a tenant."""


def keys_of(subject: object, source: str) -> list[str]:
    return [linked.key for linked in subject.keys[source]]  # type: ignore[attr-defined]


async def rows_of(store: Store, rows: list[LoadRow], **more: object) -> LoadReport:
    return await store.load(rows, actor="feed", **more)  # type: ignore[arg-type]


def close(backdoor: Backdoor, customer: str, status: str) -> None:
    """Retire or erase a customer in the tables, as those operations will."""
    backdoor("UPDATE link SET valid_to = valid_from, closed_seq = 1000000 WHERE customer_id = ?", customer)
    backdoor("UPDATE customer SET status = ? WHERE customer_id = ?", status, customer)


class CrossReferenceContract:
    """The contract. `store` has the sources crm, billing, `one` with max_live 1, and mail, which is sealed."""

    async def link(self, store: Store, source: str, key: str, customer: str | None = None) -> Linked:
        return await store.link(source, key, customer, asserted_by="tester")

    async def conflict(self, store: Store, source: str, key: str, customer: str) -> ConflictError:
        with pytest.raises(ConflictError) as caught:
            await self.link(store, source, key, customer)
        return caught.value

    async def events(self, store: Store) -> int:
        report: ChainReport = await store.verify_chain()
        assert report.holds, report.problems
        return report.events

    # resolving

    async def test_any_key_leads_to_all_keys(self, store: Store) -> None:
        """A source's key, whichever it is, resolves to the customer with the keys of every source."""
        port: CrossReference = store
        made = await self.link(store, "crm", "C1")
        await self.link(store, "billing", "B1", made.customer)
        by_crm, by_billing, by_id = await port.resolve_many(
            [Lookup("crm", "C1"), Lookup("billing", "B1"), Lookup(None, made.customer)]
        )
        assert by_crm is not None
        assert by_crm == by_billing == by_id
        assert (by_crm.customer_id, by_crm.redirected, by_crm.restrictions) == (made.customer, False, ())
        assert {source: keys_of(by_crm, source) for source in by_crm.keys} == {"crm": ["C1"], "billing": ["B1"]}

    async def test_answers_stand_in_the_order_asked(self, store: Store) -> None:
        """Unknown look-ups are None in their places; the same one asked twice is answered twice."""
        first, second = await self.link(store, "crm", "C1"), await self.link(store, "crm", "C2")
        asked = [Lookup("crm", "C2"), Lookup("crm", "?"), Lookup(None, first.customer), Lookup("crm", "C2")]
        answers = await store.resolve_many(asked)
        expected = [second.customer, None, first.customer, second.customer]
        assert [answer and answer.customer_id for answer in answers] == expected
        assert await store.resolve_many([]) == []

    async def test_resolving_what_was_resolved_changes_nothing(self, store: Store) -> None:
        """resolve(resolve(x)) is resolve(x)."""
        await self.link(store, "crm", "C1")
        once = await store.resolve(Lookup("crm", "C1"))
        assert once is not None
        assert await store.resolve(Lookup(None, once.customer_id)) == once

    @pytest.mark.parametrize("count", [1, 2, 8, 9, 64, 65, 256, 257, 600])
    async def test_a_batch_of_any_size_is_answered(self, store: Store, count: int) -> None:
        """However many are asked, each gets its own answer."""
        await rows_of(store, [(None, {"crm": [f"C{n}"]}) for n in range(count)])
        answers = await store.resolve_many([Lookup("crm", f"C{n}") for n in range(count)])
        assert [keys_of(answer, "crm") for answer in answers] == [[f"C{n}"] for n in range(count)]

    async def test_a_customer_without_keys_is_known(self, store: Store) -> None:
        """A customer who is known to no source yet is a subject without keys."""
        await rows_of(store, [(ID_A, {})])
        subject = await store.resolve(Lookup(None, ID_A))
        assert subject is not None
        assert dict(subject.keys) == {}

    @pytest.mark.parametrize("status", ["retired", "erased"])
    async def test_a_closed_customer_is_unknown(self, store: Store, backdoor: Backdoor, status: str) -> None:
        """Erased and retired customers are unknown by key, by id, and by an id that was merged into them."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
        await store.merge(ID_B, ID_A, actor="steward")
        close(backdoor, ID_A, status)
        asked = [Lookup("crm", "C1"), Lookup("crm", "C2"), Lookup(None, ID_A), Lookup(None, ID_B)]
        assert await store.resolve_many(asked) == [None] * 4

    @pytest.mark.parametrize("key", ["", "C1\x00", "C1\ud800", "C1\n", "x" * 513, "x" * 5000, "%", "C_", "' OR 1=1 --"])
    async def test_a_hostile_key_is_unknown(self, store: Store, key: str) -> None:
        """What cannot be a key, or is a pattern or a statement, finds nobody, beside a look-up that finds somebody."""
        await self.link(store, "crm", "C1")
        answers = await store.resolve_many([Lookup("crm", key), Lookup(None, key), Lookup("crm", "C1")])
        assert [answer is None for answer in answers] == [True, True, False]

    async def test_an_unregistered_source_is_unknown(self, store: Store) -> None:
        """A look-up by a source that nobody registered finds nobody."""
        assert await store.resolve(Lookup("nowhere", "C1")) is None

    async def test_keys_are_looked_up_in_normal_form(self, store: Store) -> None:
        """The source's key format decides when two spellings are one key, when linking and when looking up."""
        await store.register_source(SourceSystem("tax", KeyFormat.DIGITS), actor="admin")
        await self.link(store, "tax", "12-34 5")
        subject = await store.resolve(Lookup("tax", "123/45"))
        assert subject is not None
        assert keys_of(subject, "tax") == ["12345"]

    async def test_superseded_keys_resolve_and_are_not_asked(self, store: Store, backdoor: Backdoor) -> None:
        """A key that its source has replaced still finds the customer, but is not among the keys."""
        made = await self.link(store, "crm", "old")
        await self.link(store, "crm", "new", made.customer)
        backdoor("UPDATE link SET key_status = 'superseded' WHERE key_lookup = 'old'")
        subject = await store.resolve(Lookup("crm", "old"))
        assert subject is not None
        assert keys_of(subject, "crm") == ["new"]

    async def test_several_live_keys_have_a_fixed_order(self, store: Store) -> None:
        """The survivor's own keys come before those that came by merge, then the newest link, then the key."""
        await rows_of(store, [(ID_A, {"crm": ["b", "a"]}), (ID_B, {"crm": ["d", "c"]})])
        await self.link(store, "crm", "z", ID_A)
        await self.link(store, "crm", "y", ID_B)
        await store.merge(ID_B, ID_A, actor="steward")
        await self.link(store, "crm", "n", ID_A)
        subject = await store.resolve(Lookup("crm", "d"))
        assert subject is not None
        assert keys_of(subject, "crm") == ["n", "z", "a", "b", "c", "d", "y"]

    # linking

    async def test_linking_again_adds_no_event(self, store: Store) -> None:
        """A link that stands is left as it is, whether the customer is named or not."""
        made = await self.link(store, "crm", "C1")
        before = await self.events(store)
        assert await self.link(store, "crm", "C1") == made
        assert await self.link(store, "crm", "C1", made.customer) == made
        assert await self.events(store) == before

    async def test_a_write_tells_version_and_event(self, store: Store) -> None:
        """Each link counts the customer's version up and names the event that did it."""
        made = await self.link(store, "crm", "C1")
        more = await self.link(store, "billing", "B1", made.customer)
        assert (made.version, more.version, more.seq) == (1, 2, made.seq + 1)

    async def test_a_key_is_never_stolen(self, store: Store) -> None:
        """A key of another customer stays theirs; the conflict has one candidate, however often it is met."""
        first, second = await self.link(store, "crm", "C1"), await self.link(store, "crm", "C2")
        error = await self.conflict(store, "crm", "C1", second.customer)
        before = await self.events(store)
        again = await self.conflict(store, "crm", "C1", second.customer)
        mirrored = await self.conflict(store, "crm", "C2", first.customer)
        conflict = error.conflict
        assert (conflict.code, conflict.customer, conflict.other, conflict.source) == (
            ConflictCode.KEY_OWNED_BY_OTHER,
            second.customer,
            first.customer,
            "crm",
        )
        assert conflict.candidate_id == again.conflict.candidate_id == mirrored.conflict.candidate_id
        assert await self.events(store) == before
        assert "C1" not in str(error)
        owner = await store.resolve(Lookup("crm", "C1"))
        assert owner is not None
        assert owner.customer_id == first.customer

    async def test_a_limit_of_live_keys_holds(self, store: Store) -> None:
        """A customer gets no more live keys of a source than it allows; there is one candidate for it."""
        made = await self.link(store, "one", "X1")
        error, again = [await self.conflict(store, "one", key, made.customer) for key in ("X2", "X3")]
        assert (error.conflict.code, error.conflict.other) == (ConflictCode.LIMIT_EXCEEDED, None)
        assert error.conflict.candidate_id == again.conflict.candidate_id
        assert await store.resolve(Lookup("one", "X2")) is None

    @pytest.mark.parametrize(
        ("status", "code"),
        [("erased", ConflictCode.CUSTOMER_ERASED), ("retired", ConflictCode.CUSTOMER_RETIRED)],
    )
    async def test_a_closed_customer_gets_no_links(
        self, store: Store, backdoor: Backdoor, status: str, code: ConflictCode
    ) -> None:
        """An erased or retired customer is linked to nothing and merged with nobody, and the steward is told once."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
        close(backdoor, ID_A, status)
        error = await self.conflict(store, "crm", "C9", ID_A)
        with pytest.raises(ConflictError) as caught:
            await store.merge(ID_A, ID_B, actor="steward")
        assert error.conflict.code is caught.value.conflict.code is code
        assert error.conflict.candidate_id == caught.value.conflict.candidate_id
        assert await store.resolve(Lookup("crm", "C9")) is None

    async def test_linking_to_a_merged_id_links_to_the_survivor(self, store: Store) -> None:
        """An old id still names the person in a write."""
        await rows_of(store, [(ID_A, {}), (ID_B, {})])
        await store.merge(ID_B, ID_A, actor="steward")
        assert (await self.link(store, "crm", "C1", ID_B)).customer == ID_A

    @pytest.mark.parametrize(
        ("source", "key", "customer", "code"),
        [
            ("nowhere", "C1", None, RefusalCode.SOURCE_UNKNOWN),
            ("crm", "", None, RefusalCode.KEY_INVALID),
            ("crm", "C1\x00", None, RefusalCode.KEY_INVALID),
            ("crm", "C1", ID_A, RefusalCode.CUSTOMER_UNKNOWN),
        ],
    )
    async def test_a_link_that_cannot_be_is_refused(
        self, store: Store, source: str, key: str, customer: str | None, code: RefusalCode
    ) -> None:
        """Unknown sources and customers and impossible keys are the caller's fault, and write nothing."""
        before = await self.events(store)
        with pytest.raises(InputError) as caught:
            await self.link(store, source, key, customer)
        assert caught.value.code is code
        assert await self.events(store) == before

    @pytest.mark.parametrize(
        "claim",
        [
            {"asserted_by": ""},
            {"asserted_by": "Anna\nForged"},
            {"asserted_by": "x", "reason_code": "free text"},
            {"asserted_by": "x", "reason_ref": "y" * 200},
            {"asserted_by": "x", "confidence": 1.1},
            {"asserted_by": "x", "confidence": float("nan")},
            {"asserted_by": "x", "method": Method.MERGE},
        ],
    )
    async def test_a_claim_is_checked(self, store: Store, claim: dict[str, object]) -> None:
        """Who, why, how and how sure are short codes and a number from 0 to 1; merging is not claimed by a link."""
        with pytest.raises(InputError, match="VALUE_INVALID"):
            await store.link("crm", "C1", **claim)  # type: ignore[arg-type]

    # sources

    async def test_registering_again_adds_no_event(self, store: Store) -> None:
        """A source is registered once; its limit can change, its key format and mode cannot."""
        before = await self.events(store)
        await store.register_source(SourceSystem("crm"), actor="admin")
        assert await self.events(store) == before
        await store.register_source(SourceSystem("crm", max_live=1), actor="admin")
        assert await self.events(store) == before + 1
        for other in (SourceSystem("crm", KeyFormat.LOWER), SourceSystem("crm", key_mode=KeyMode.SEALED)):
            with pytest.raises(InputError, match="SOURCE_FIXED"):
                await store.register_source(other, actor="admin")
        made = await self.link(store, "crm", "C1")
        error = await self.conflict(store, "crm", "C2", made.customer)
        assert error.conflict.code is ConflictCode.LIMIT_EXCEEDED

    # merging

    async def test_a_merged_id_leads_to_the_survivor(self, store: Store) -> None:
        """After a merge the loser's id and keys find the survivor, and the answer says that the id was redirected."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"], "billing": ["B2"]})])
        done = await store.merge(ID_B, ID_A, actor="steward", reason_code="duplicate", reason_ref="T-1")
        assert (done.customer, done.version) == (ID_A, 2)
        by_old, by_new, by_key = await store.resolve_many([Lookup(None, ID_B), Lookup(None, ID_A), Lookup("crm", "C2")])
        assert by_old is not None
        assert by_new is not None
        assert by_key == by_new
        assert (by_old.redirected, by_new.redirected) == (True, False)
        assert by_old.keys == by_new.keys
        assert sorted(keys_of(by_new, "crm")) == ["C1", "C2"]

    async def test_redirects_are_one_step_long(self, store: Store, backdoor: Backdoor) -> None:
        """Merging a survivor on leads every id merged into it to the new survivor directly."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]}), (ID_C, {"crm": ["C3"]})])
        await store.merge(ID_A, ID_B, actor="steward")
        await store.merge(ID_B, ID_C, actor="steward")
        rows = backdoor("SELECT customer_id, survivor_id FROM customer WHERE survivor_id IS NOT NULL ORDER BY 1")
        assert rows == [(ID_A, ID_C), (ID_B, ID_C)]
        subject = await store.resolve(Lookup(None, ID_A))
        assert subject is not None
        assert keys_of(subject, "crm") == ["C3", "C1", "C2"]

    async def test_merging_what_is_one_adds_no_event(self, store: Store) -> None:
        """Two names of one customer are left as they are, in either order."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
        done = await store.merge(ID_B, ID_A, actor="steward")
        before = await self.events(store)
        assert await store.merge(ID_B, ID_A, actor="steward") == done
        assert await store.merge(ID_A, ID_B, actor="steward") == done
        assert await self.events(store) == before

    async def test_merging_an_unknown_customer_is_refused(self, store: Store) -> None:
        """Both customers of a merge have to be known."""
        await rows_of(store, [(ID_A, {})])
        for pair in ((ID_A, ID_B), (ID_B, ID_A)):
            with pytest.raises(InputError, match="CUSTOMER_UNKNOWN"):
                await store.merge(*pair, actor="steward")

    async def test_a_merge_keeps_to_the_limit(self, store: Store) -> None:
        """Two customers who have more keys together than a source allows stay two, with a candidate."""
        await rows_of(store, [(ID_A, {"one": ["X1"]}), (ID_B, {"one": ["X2"]}), (ID_C, {"crm": ["C1"]})])
        with pytest.raises(ConflictError) as caught:
            await store.merge(ID_B, ID_A, actor="steward")
        assert (caught.value.conflict.code, caught.value.conflict.other) == (ConflictCode.LIMIT_EXCEEDED, ID_B)
        assert (await store.merge(ID_C, ID_A, actor="steward")).customer == ID_A

    async def test_a_merge_decides_the_pairs_candidates(self, store: Store, backdoor: Backdoor) -> None:
        """What a merge has settled is no longer open."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})])
        await self.conflict(store, "crm", "C1", ID_B)
        done = await store.merge(ID_B, ID_A, actor="steward")
        rows = backdoor("SELECT status, decided_by, decided_seq FROM match_candidate")
        assert rows == [("superseded", "steward", done.seq)]

    async def test_intervals_of_a_key_never_overlap(
        self, store: Store, clock: SteppedClock, backdoor: Backdoor
    ) -> None:
        """A key that moves ends one interval and begins the next at the same time, even when the clock goes back."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]}), (ID_B, {})])
        clock.go(hours=-1)
        await store.merge(ID_A, ID_B, actor="steward")
        rows = backdoor("SELECT valid_from, valid_to, opened_seq, closed_seq FROM link ORDER BY opened_seq")
        (opened, closed, first, ended), (again, still, second, never) = rows
        assert opened == closed == again
        assert (still, never) == (None, None)
        assert ended == second
        assert first != second

    # restrictions

    async def test_restrictions_hold_while_they_are_in_force(
        self, store: Store, clock: SteppedClock, backdoor: Backdoor
    ) -> None:
        """A restriction holds from its first moment until the moment before its last; the clock is the store's."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]})])
        clock.go(hours=1)
        kept = Restriction("gdpr-art-18", frozenset({"Customer.name", "Account.balance"}))
        await rows_of(store, [], restrictions={Lookup("crm", "C1"): [kept]})
        until = (START + timedelta(hours=2)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        backdoor("UPDATE restriction SET valid_to = ?", until)
        seen = []
        for hours in (-1, 1, 0.999, 0.001):
            clock.go(hours=hours)
            subject = await store.resolve(Lookup("crm", "C1"))
            assert subject is not None
            seen.append(subject.restrictions)
        assert seen == [(), (kept,), (kept,), ()]

    async def test_a_merge_lifts_no_restriction(self, store: Store) -> None:
        """What is restricted for a merged id is restricted for the survivor too; equal restrictions are one."""
        both = Restriction("vendor:restricted", frozenset({EVERYTHING}))
        own = Restriction("gdpr-art-18", frozenset({"Customer.name"}))
        await rows_of(
            store,
            [(ID_A, {"crm": ["C1"]}), (ID_B, {"crm": ["C2"]})],
            restrictions={Lookup(None, ID_A): [both], Lookup(None, ID_B): [both, own]},
        )
        await store.merge(ID_B, ID_A, actor="steward")
        subject = await store.resolve(Lookup("crm", "C1"))
        assert subject is not None
        assert subject.restrictions == (own, both)
        report = await rows_of(store, [], restrictions={Lookup(None, ID_B): [own], Lookup(None, ID_A): [both]})
        assert report.restrictions == 0

    # loading

    async def test_a_load_writes_one_event_a_customer(self, store: Store) -> None:
        """Customers, keys and restrictions come in by one event each, and loading the same again adds nothing."""
        before = await self.events(store)
        rows: list[LoadRow] = [
            (ID_A, {"crm": ["C1", "C1", "C2"], "billing": ["B1"]}),
            (None, {"crm": ["C3"], "mail": ["Anna@Example.org"]}),
            (ID_B, {}),
        ]
        restrictions = {
            Lookup("mail", "anna@example.org"): [Restriction("r1", frozenset({"Customer.name"}))],
            Lookup(None, ID_B): [Restriction("r1", frozenset({"*"})), Restriction("r1", frozenset({"*"}))],
        }
        report = await rows_of(store, rows, restrictions=restrictions)
        assert report == LoadReport(rows=3, created=3, links=5, restrictions=2)
        assert await self.events(store) == before + 3
        again = await rows_of(store, rows, restrictions=restrictions)
        assert again == LoadReport(rows=3)
        assert await self.events(store) == before + 3
        subject = await store.resolve(Lookup("crm", "C3"))
        assert subject is not None
        assert [one.ground for one in subject.restrictions] == ["r1"]

    async def test_a_load_goes_on_after_conflicts(self, store: Store) -> None:
        """What cannot be linked is left out and told by row, code and source; the rest is loaded."""
        rows: list[LoadRow] = [
            (ID_A, {"crm": ["C1"], "one": ["X1"]}),
            (ID_B, {"crm": ["C1", "C2"]}),
            (ID_A, {"one": ["X2"], "billing": ["B1"]}),
            (None, {"crm": ["C1", "C2"], "billing": ["B9"]}),
            ("anna.smith@example.org", {"crm": ["C5"]}),
            (None, {"nowhere": ["N1"]}),
            (None, {"crm": ["", "C6"]}),
            (None, {"crm": "C7", "billing": [7]}),  # type: ignore[list-item]
        ]
        report = await rows_of(store, rows)
        assert [(problem.row, problem.code, problem.source) for problem in report.problems] == [
            (2, ConflictCode.KEY_OWNED_BY_OTHER, "crm"),
            (3, ConflictCode.LIMIT_EXCEEDED, "one"),
            (4, ConflictCode.KEY_OWNED_BY_OTHER, "crm"),
            (5, RefusalCode.CUSTOMER_ID_INVALID, None),
            (6, RefusalCode.SOURCE_UNKNOWN, None),
            (6, RefusalCode.ROW_EMPTY, None),
            (7, RefusalCode.KEY_INVALID, "crm"),
            (8, RefusalCode.KEY_INVALID, "billing"),
        ]
        assert report.counts["KEY_OWNED_BY_OTHER"] == 2
        assert (report.rows, report.created, report.links) == (8, 4, 6)
        found = await store.resolve_many([Lookup("crm", key) for key in ("C1", "C2", "C6", "C7")])
        assert [one and one.customer_id for one in found[:2]] == [ID_A, ID_B]
        assert None not in found
        assert await store.resolve_many([Lookup("billing", "B9"), Lookup("crm", "C5")]) == [None, None]
        before = await self.events(store)
        assert (await rows_of(store, rows)).counts == report.counts
        assert await self.events(store) == before

    async def test_a_load_spares_closed_customers(self, store: Store, backdoor: Backdoor) -> None:
        """A row for an erased customer is left out; its restrictions are told as having no place."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]})])
        close(backdoor, ID_A, "erased")
        report = await rows_of(
            store,
            [(ID_A, {"crm": ["C2"]}), (ID_A, {})],
            restrictions={Lookup(None, ID_A): [Restriction("r", frozenset({"*"}))]},
        )
        assert report.counts == {"CUSTOMER_ERASED": 2}
        assert (report.links, report.unplaced) == (0, 1)

    async def test_restrictions_find_their_customers(self, store: Store) -> None:
        """A restriction is written for a customer there already or in the file; for nobody known it is counted."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]})])
        restriction = Restriction("r", frozenset({"Customer.orders(first:)"}))
        report = await rows_of(
            store,
            [(None, {"billing": ["B1"]})],
            restrictions={
                Lookup("crm", "C1"): [restriction],
                Lookup("billing", "B1"): [restriction],
                Lookup(None, ID_C): [restriction],
            },
        )
        assert (report.restrictions, report.unplaced) == (2, 1)

    @pytest.mark.parametrize(
        "restriction",
        [
            Restriction("because she asked for it", frozenset({"Customer.name"})),
            Restriction("r", frozenset()),
            Restriction("r", frozenset({"name"})),
            Restriction("r", frozenset({"Customer.name", "Customer.name; DROP"})),
        ],
    )
    async def test_a_restriction_is_checked(self, store: Store, restriction: Restriction) -> None:
        """A ground is a code and a coordinate a coordinate; anything else stops the load before its first row."""
        with pytest.raises(InputError, match="VALUE_INVALID"):
            await rows_of(store, [(ID_A, {})], restrictions={Lookup(None, ID_A): [restriction]})
        assert await store.resolve(Lookup(None, ID_A)) is None

    async def test_a_load_tells_its_progress(self, store: Store) -> None:
        """Rows are read and written chunk by chunk, and the rows done are told after each."""
        told: list[int] = []
        report = await rows_of(store, ((None, {"crm": [str(n)]}) for n in range(1100)), progress=told.append)  # type: ignore[arg-type]
        assert told == [500, 1000, 1100]
        assert report.created == 1100

    async def test_a_report_is_bounded(self, store: Store) -> None:
        """However many rows are wrong, the report lists the first thousand and counts all."""
        report = await rows_of(store, [(None, {})] * 1005)
        assert (len(report.problems), report.counts) == (1000, {"ROW_EMPTY": 1005})

    # tenants and secrets

    async def test_tenants_do_not_see_each_other(self, store: Store, open_for: Open) -> None:
        """The same key and the same id in another tenant are another customer, and each chain counts for itself."""
        other = open_for("other")
        await other.register_source(SourceSystem("crm"), actor="admin")
        await rows_of(store, [(ID_A, {"crm": ["C1", "C2"]}), (ID_B, {})])
        await store.merge(ID_B, ID_A, actor="steward")
        assert await other.resolve_many([Lookup("crm", "C1"), Lookup(None, ID_A), Lookup(None, ID_B)]) == [None] * 3
        restriction = Restriction("r", frozenset({"*"}))
        await rows_of(other, [(ID_A, {"crm": ["C1"]})], restrictions={Lookup(None, ID_A): [restriction]})
        ours, theirs = await store.resolve(Lookup("crm", "C1")), await other.resolve(Lookup("crm", "C1"))
        assert ours is not None
        assert theirs is not None
        assert (keys_of(ours, "crm"), ours.restrictions) == (["C1", "C2"], ())
        assert (keys_of(theirs, "crm"), theirs.restrictions) == (["C1"], (restriction,))
        assert (await other.verify_chain()).events == 2

    async def test_sealed_keys_are_found_and_read_back(self, store: Store) -> None:
        """A sealed source's key is looked up in any spelling and given back to call the source with."""
        made = await self.link(store, "mail", "Anna@Example.org")
        assert await self.link(store, "mail", "ANNA@example.ORG") == made
        subject = await store.resolve(Lookup("mail", " anna@example.org "))
        assert subject is not None
        assert keys_of(subject, "mail") == ["anna@example.org"]

    async def test_no_repr_shows_a_key(self, store: Store) -> None:
        """Nothing that is handed out prints a key."""
        await self.link(store, "crm", "CANARY")
        assert "CANARY" not in repr((Lookup("crm", "CANARY"), await store.resolve(Lookup("crm", "CANARY"))))
        assert "CANARY" not in repr(LinkedKey("CANARY", "lnk_1"))

    async def test_a_sealed_source_needs_a_secret(self, store: Store, open_without_secrets: Open) -> None:
        """Without secrets a sealed source cannot be registered, and a store that has one is not opened."""
        with pytest.raises(SecretError, match="secrets="):
            open_without_secrets("default")
        plain = open_without_secrets("plain")
        with pytest.raises(SecretError, match="secrets="):
            await plain.register_source(SourceSystem("mail", KeyFormat.LOWER, KeyMode.SEALED), actor="admin")
