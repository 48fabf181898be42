"""The part of the contract that concerns erasure: what goes, what stays, and that nobody else loses anything."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.crossref import (
    ConflictError,
    HkdfSecrets,
    IdentifierType,
    InputError,
    Linked,
    Lookup,
    Restriction,
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
    close,
    rows_of,
)
from tests.adapters.crossref.contract_secrets import FIRST, NEW, READY, SECOND
from tests.adapters.crossref.postgres_tables import TABLES

PERSON = "canary.person@example.org"
NAME = Restriction("gdpr-art-18", frozenset({"Customer.name"}))


async def erase(store: Store, customer: str, **more: Any) -> Linked:
    return await store.erase(customer, actor="steward", **more)


def all_of(look: Backdoor) -> dict[str, str]:
    """Everything that is written, by table."""
    return {table: str(look(f"SELECT * FROM {table}")) for table in TABLES}


def rows_with(look: Backdoor, text: str) -> list[str]:
    """The tables in which a text stands, as it is or as bytes."""
    forms = (text, text.encode().hex())
    return [table for table, rows in all_of(look).items() if any(form in rows for form in forms)]


class ErasingContract(CrossReferenceContract):
    """The part of the contract that concerns erasure."""

    @pytest.fixture
    async def three(self, store: Store) -> Store:
        """The first two are merged; the third has a key beside."""
        await rows_of(
            store,
            [
                (ID_A, {"crm": ["CANARY-1"], "mail": [PERSON]}),
                (ID_B, {"crm": ["CANARY-2"], "billing": ["CANARY-3"]}),
                (ID_C, {"crm": ["OTHER"]}),
            ],
        )
        await store.merge(ID_B, ID_A, actor="steward")
        return store

    async def test_one_erased_is_unknown_for_good(self, three: Store, backdoor: Backdoor) -> None:
        """By every key and id; the ids stand as tombstones, the keys are free, and the chain holds."""
        done = await erase(three, ID_A, reason_code="gdpr-art-17", reason_ref="T-1")
        names = [Lookup("crm", "CANARY-1"), Lookup("crm", "CANARY-2"), Lookup("billing", "CANARY-3")]
        names += [Lookup("mail", PERSON), Lookup(None, ID_A), Lookup(None, ID_B)]
        assert await three.resolve_many(names) == [None] * 6
        assert (done.customer, done.version, done.seq) == (ID_A, 3, await self.events(three))
        rows = backdoor("SELECT customer_id, status, survivor_id, changed_seq FROM customer ORDER BY 1")
        assert rows[:2] == [(one, "erased", None, done.seq) for one in (ID_A, ID_B)]
        report = await three.verify_chain()
        assert (report.holds, report.commitments, report.erased) == (True, 5, 4)
        assert (await self.link(three, "crm", "CANARY-1")).customer not in (ID_A, ID_B)

    async def test_no_key_is_left(self, three: Store, backdoor: Backdoor) -> None:
        """Not in links that have ended, not in what opens commitments, and the event tells of counts and ids alone."""
        await three.replace_key("crm", "CANARY-1", "CANARY-4", actor="feed")
        await self.link(three, "crm", "CANARY-5", ID_A)
        await three.unlink("crm", "CANARY-5", actor="steward")
        assert rows_with(backdoor, "CANARY") == ["link", "event_secret"]
        links = len(backdoor("SELECT 1 FROM link WHERE customer_id <> ?", ID_C))
        done = await erase(three, ID_B)
        assert rows_with(backdoor, "CANARY") == []
        assert backdoor("SELECT customer_id FROM link") == [(ID_C,)]
        assert len(backdoor("SELECT 1 FROM event_secret")) == 1
        ((body,),) = backdoor("SELECT body FROM xref_event WHERE seq = ?", done.seq)
        assert f'"links":{links},' in str(body).replace(" ", "")

    async def test_all_that_names_one_goes(self, three: Store, backdoor: Backdoor) -> None:
        """Restrictions, candidates, non-matches, identifiers and answers; those of others stay."""
        for customer in (ID_B, ID_C):
            await three.restrict(customer, NAME, actor="steward", idempotency_key=f"r-{customer}")
        await self.conflict(three, "crm", "CANARY-1", ID_C)
        for key in ("FREE-1", "FREE-2"):
            pair = Lookup("crm", "CANARY-2"), Lookup("crm", key)
            await three.assert_non_match(*pair, actor="steward")
        await three.clear_non_match(*pair, actor="steward")
        await three.note_identifiers(ID_A, "crm", {IdentifierType.EMAIL: [PERSON]}, actor="feed")
        await erase(three, ID_A)
        assert rows_with(backdoor, "CANARY") == []
        for table in ("match_candidate", "non_match", "non_match_past", "identifier_hash"):
            assert backdoor(f"SELECT 1 FROM {table}") == []
        assert backdoor("SELECT customer_id FROM restriction") == [(ID_C,)]
        assert backdoor("SELECT customer_id FROM idempotency") == [(ID_C,)]
        assert len(backdoor("SELECT 1 FROM event_secret")) == 1
        await self.events(three)

    @pytest.mark.parametrize("is_cleared", [False, True])
    async def test_an_erasure_leaves_no_non_matches_behind(
        self, store: Store, open_for: Open, backdoor: Backdoor, is_cleared: bool
    ) -> None:
        """Whichever side the key stands on, and whatever has become of it: sealed under this version of the secret or
        that, superseded, unlinked, or brought by a merge. Those of others stay, and the chain holds."""
        await rows_of(
            store,
            [
                (ID_A, {"crm": ["CANARY-1", "CANARY-2"], "mail": [PERSON]}),
                (ID_B, {"billing": ["CANARY-3"]}),
                (ID_C, {"crm": ["OTHER", "ZOE"], "mail": ["other@example.org"]}),
            ],
        )
        await store.replace_key("crm", "CANARY-2", "CANARY-4", actor="feed")
        ready, both = await open_for(secrets=READY), await open_for(secrets=NEW)
        theirs = [("crm", f"CANARY-{number}") for number in (1, 2, 4)] + [("billing", "CANARY-3"), ("mail", PERSON)]
        others = [("crm", "OTHER"), ("mail", "other@example.org"), ("crm", "FREE"), ("mail", "a@example.org")]
        pairs = [(Lookup(*one), Lookup(*other)) for one in theirs for other in others]
        for place, pair in enumerate(pairs):
            ordered = pair if place % 3 else pair[::-1]
            await (ready, both)[place % 2].assert_non_match(*ordered, actor="steward")
        kept = await both.assert_non_match(Lookup("crm", "ZOE"), Lookup("crm", "FREE"), actor="steward")
        for pair in pairs if is_cleared else ():
            await both.clear_non_match(*pair, actor="steward")
        await both.unlink("crm", "CANARY-1", actor="steward")
        await both.unlink("mail", PERSON, actor="steward")
        await both.merge(ID_B, ID_A, actor="steward")
        await erase(both, ID_B)
        assert rows_with(backdoor, "CANARY") == []
        assert backdoor("SELECT key_a, key_b, seq FROM non_match") == [("FREE", "ZOE", kept.seq)]
        assert backdoor("SELECT 1 FROM non_match_past") == []
        opening = {str(row[0]) for row in backdoor("SELECT link_id FROM event_secret WHERE link_id LIKE 'non_%'")}
        assert len({one.partition("/")[0] for one in opening}) == 1
        assert (await both.verify()).holds

    async def test_what_was_asserted_of_a_key_that_nobody_can_open_goes(
        self, store: Store, open_for: Open, backdoor: Backdoor
    ) -> None:
        """It was cleared, its link has ended, and the secret of both was given up."""
        made = await self.link(store, "mail", PERSON)
        await self.link(store, "crm", "C1", made.customer)
        pair = Lookup("mail", PERSON), Lookup("crm", "CANARY-5")
        await store.assert_non_match(*pair, actor="steward")
        await store.clear_non_match(*pair, actor="steward")
        await store.unlink("mail", PERSON, actor="steward")
        later = await open_for(secrets=HkdfSecrets({2: SECOND}))
        await erase(later, made.customer)
        for table in ("link", "event_secret", "non_match_past"):
            assert backdoor(f"SELECT 1 FROM {table}") == []
        assert rows_with(backdoor, "CANARY") == []

    async def test_answers_that_name_one_as_the_other_go(self, three: Store, backdoor: Backdoor) -> None:
        """A conflict names whoever stands in the way too."""
        with pytest.raises(ConflictError):
            await three.link("crm", "CANARY-1", ID_C, asserted_by="feed", idempotency_key="l-1")
        assert len(backdoor("SELECT 1 FROM idempotency")) == 1
        await erase(three, ID_A)
        assert backdoor("SELECT 1 FROM idempotency") == []

    async def test_erasing_again_adds_no_event(self, three: Store) -> None:
        """Neither by the id nor by one that was merged into it."""
        done = await erase(three, ID_A)
        assert await erase(three, ID_A, expected_version=1) == done
        assert await erase(three, ID_B) == done
        assert await self.events(three) == done.seq

    async def test_one_erased_by_other_means_is_left_so(self, three: Store, backdoor: Backdoor) -> None:
        """The tables of before may hold such a customer, of which no event tells."""
        close(backdoor, ID_C, "erased")
        before = await self.events(three)
        assert (await erase(three, ID_C)).customer == ID_C
        assert await self.events(three) == before

    async def test_erasing_expects_the_version(self, three: Store) -> None:
        """Another one is a conflict, and nobody is erased; who is unknown is refused."""
        with pytest.raises(ConflictError, match="VERSION_MISMATCH"):
            await erase(three, ID_B, expected_version=1)
        with pytest.raises(InputError, match="CUSTOMER_UNKNOWN"):
            await erase(three, f"cus_{'e' * 32}")
        assert (await erase(three, ID_B, expected_version=2)).version == 3

    async def test_a_key_that_is_anothers_now_stays(self, three: Store, backdoor: Backdoor) -> None:
        """Whoever got it by a move, a split or anew keeps it, with what proves it; erasing that one deletes it all."""
        await three.relink("crm", "CANARY-1", ID_C, actor="steward")
        apart = await three.split(ID_A, [("billing", "CANARY-3")], actor="steward")
        await three.unlink("crm", "CANARY-2", actor="steward")
        await self.link(three, "crm", "CANARY-2", ID_C)
        await erase(three, ID_A)
        found = await three.resolve_many(
            [
                Lookup("crm", "CANARY-1"),
                Lookup("crm", "CANARY-2"),
                Lookup("billing", "CANARY-3"),
                Lookup("mail", PERSON),
            ]
        )
        assert [one and one.customer_id for one in found] == [ID_C, ID_C, apart.customer, None]
        report = await three.verify_chain()
        assert (report.holds, report.erased) == (True, 1)
        await erase(three, ID_C)
        await erase(three, apart.customer)
        assert rows_with(backdoor, "CANARY") == []
        assert backdoor("SELECT 1 FROM event_secret") == []

    async def test_a_key_that_was_anothers_before_goes(self, three: Store, backdoor: Backdoor) -> None:
        """It is wherever it was by mistake too."""
        await three.relink("crm", "OTHER", ID_A, actor="steward")
        await erase(three, ID_A)
        assert rows_with(backdoor, "OTHER") == []
        assert backdoor("SELECT 1 FROM link") == []
        found = await three.resolve(Lookup(None, ID_C))
        assert found is not None
        assert found.keys == {}

    async def test_what_a_merge_had_brought_and_undoing_gave_back_stays(self, store: Store) -> None:
        """The survivor of a merge that was undone is erased alone."""
        await rows_of(store, [(ID_A, {"crm": ["A"]}), (ID_B, {"crm": ["B"]})])
        merge = await store.merge(ID_B, ID_A, actor="steward")
        await store.undo_merge(merge.seq, actor="steward")
        await erase(store, ID_A)
        found = await store.resolve_many([Lookup("crm", "A"), Lookup("crm", "B"), Lookup(None, ID_B)])
        assert [one and one.customer_id for one in found] == [None, ID_B, ID_B]
        await self.events(store)

    async def test_a_sealed_key_goes_under_every_version(
        self, store: Store, open_for: Open, backdoor: Backdoor
    ) -> None:
        """Also when its link has ended under one version of the secret, and was made anew under another."""
        first = await self.link(store, "mail", PERSON)
        await store.unlink("mail", PERSON, actor="steward")
        both = await open_for(secrets=HkdfSecrets({1: FIRST, 2: SECOND}))
        second = await self.link(both, "mail", PERSON)
        await erase(both, second.customer)
        assert first.customer != second.customer
        assert backdoor("SELECT 1 FROM link") == backdoor("SELECT 1 FROM event_secret") == []

    async def test_a_key_that_nobody_can_open_goes(self, store: Store, open_for: Open, backdoor: Backdoor) -> None:
        """The version of a link that has ended may have been given up."""
        made = await self.link(store, "mail", PERSON)
        await self.link(store, "crm", "C1", made.customer)
        await store.unlink("mail", PERSON, actor="steward")
        later = await open_for(secrets=HkdfSecrets({2: SECOND}))
        await erase(later, made.customer)
        assert backdoor("SELECT 1 FROM link") == backdoor("SELECT 1 FROM event_secret") == []

    async def test_tenants_are_erased_apart(self, store: Store, open_for: Open) -> None:
        """The same ids and keys in another tenant are another person's."""
        other = await open_for("other")
        await other.register_source(SourceSystem("crm"), actor="admin")
        for one in (store, other):
            await rows_of(one, [(ID_A, {"crm": ["A"]})])
        await erase(store, ID_A)
        assert await other.resolve(Lookup("crm", "A")) is not None
        await self.events(other)
