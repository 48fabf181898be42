"""The part of the contract that concerns what is told of non-matches, of limits that come late, and of new keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.crossref import (
    ExportedReplacement,
    HkdfSecrets,
    InputError,
    KeyNews,
    Lookup,
    NonMatch,
    Registered,
    SecretError,
    SourceSystem,
    StoredCrossReference,
    StoreError,
    Writing,
)
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    ID_C,
    START,
    Backdoor,
    CrossReferenceContract,
    Open,
    SteppedClock,
    Store,
    register_all,
    rows_of,
)

BY: Writing = {"actor": "steward"}
SECRETS = {1: b"one secret of thirty-two bytes..", 2: b"two secret of thirty-two bytes.."}


class TellingContract(CrossReferenceContract):
    """The part of the contract that concerns what is told of non-matches, of limits that come late, and of new keys."""

    def keys(self, found: NonMatch) -> list[tuple[str, str]]:
        return [(one.source, one.key) for one in (found.first, found.second)]

    async def test_non_matches_are_listed_with_their_keys(self, store: Store, clock: SteppedClock) -> None:
        """Sealed ones too, in normal form; with who said so, when and why, and none that was taken back."""
        mail = Lookup("mail", "Canary@Example.org")
        why: Writing = {"actor": "steward", "reason_code": "twins", "reason_ref": "T-1"}
        said = await store.assert_non_match(mail, Lookup("crm", "C1"), **why)
        clock.go(hours=1)
        await store.assert_non_match(Lookup("crm", "C1"), Lookup("crm", "C2"), **BY)
        first, second = await store.non_matches()
        assert (self.keys(first), self.keys(second)) == (
            [("crm", "C1"), ("mail", "canary@example.org")],
            [("crm", "C1"), ("crm", "C2")],
        )
        assert (first.asserted_by, first.asserted_at, first.reason_code, first.reason_ref, first.seq) == (
            *("steward", START, "twins", "T-1"),
            said.seq,
        )
        assert (second.asserted_at, second.reason_code) == (clock.now, None)
        assert not [key for key in ("C1", "canary") if key in repr(first)]
        await store.clear_non_match(Lookup("crm", "C1"), mail, **BY)
        assert await store.non_matches() == (second,)

    async def test_non_matches_come_in_pages(self, store: Store, clock: SteppedClock) -> None:
        """Each begins after the last one of the page before; the last is empty."""
        for number in range(5):
            clock.go(seconds=1)
            await store.assert_non_match(Lookup("crm", "C1"), Lookup("billing", f"B{number}"), **BY)
        told: list[NonMatch] = []
        for size in (2, 2, 1, 0):
            page = await store.non_matches(after=told[-1].non_match_id if told else None, limit=2)
            assert len(page) == size
            told += page
        assert [self.keys(one)[0] for one in told] == [("billing", f"B{number}") for number in range(5)]

    async def test_a_page_of_non_matches_that_cannot_be_is_refused(self, store: Store) -> None:
        """By what is no id, which may be a key, and is not repeated."""
        for after, limit in (("anna@example.org", 1), ("", 1), ("\ud800", 1), (None, 0), (None, 1001)):
            with pytest.raises(InputError, match="VALUE_INVALID") as caught:
                await store.non_matches(after=after, limit=limit)
            assert "anna" not in str(caught.value)

    async def test_non_matches_are_a_tenants_own(self, store: Store, open_for: Open) -> None:
        """Another one's are not told."""
        await store.assert_non_match(Lookup("crm", "C1"), Lookup("crm", "C2"), **BY)
        other = await open_for("other")
        await register_all(other)
        assert await other.non_matches() == ()

    async def test_non_matches_are_told_whichever_secret_sealed_them(self, store: Store, open_for: Open) -> None:
        """And refused where it is not at hand: what is left out would look as if it were not."""
        await store.assert_non_match(Lookup("crm", "C1"), Lookup("mail", "a@example.org"), **BY)
        both = await open_for(secrets=HkdfSecrets(SECRETS))
        assert len(await both.non_matches()) == 1
        await both.assert_non_match(Lookup("crm", "C1"), Lookup("mail", "b@example.org"), **BY)
        assert len(await both.non_matches()) == 2
        with pytest.raises(SecretError):
            await store.non_matches()

    async def test_whom_a_lower_limit_comes_too_late_for_is_counted(self, store: Store) -> None:
        """Customers, not keys; of live keys of that source alone, and only when a limit is lowered."""
        await rows_of(
            store,
            [
                (ID_A, {"crm": ["C1", "C2", "C3"], "billing": ["B1", "B2"]}),
                (ID_B, {"crm": ["C4", "C5"], "billing": ["B6", "B7", "B8", "B9"]}),
                (ID_C, {"crm": ["C6"], "billing": ["B3", "B4", "B5"]}),
            ],
        )
        await store.replace_key("crm", "C4", "C7", **BY)  # which is live in its place
        await store.replace_key("crm", "C6", "C8", **BY)
        crm = SourceSystem("crm")
        for limit, over in ((3, 0), (2, 1), (1, 2), (1, 0), (2, 0), (None, 0), (1, 2)):
            registered = await store.register_source(replace(crm, max_live=limit), actor="admin")
            assert registered == Registered(over), limit
        assert await store.register_source(SourceSystem("new", max_live=1), actor="admin") == Registered(0)
        subject = await store.resolve(Lookup(None, ID_A))
        assert subject is not None
        assert len(subject.keys["crm"]) == 3

    async def test_those_of_another_tenant_are_not_counted(self, store: Store, open_for: Open) -> None:
        """A limit is a tenant's own."""
        await rows_of(store, [(ID_A, {"crm": ["C1", "C2"]})])
        other = await open_for("other")
        await register_all(other)
        assert await other.register_source(SourceSystem("crm", max_live=1), actor="admin") == Registered(0)

    async def test_a_limit_stands_that_could_not_be_counted(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is told that nobody knows, not that it failed."""

        async def late(*_: object, **__: object) -> int:
            raise StoreError("did not answer in time; try again")

        monkeypatch.setattr("adapters.crossref.stored.count_over", late)
        limited = SourceSystem("crm", max_live=1)
        assert await store.register_source(limited, actor="admin") == Registered(None)
        assert (await store.sources())["crm"] == limited

    async def replaced(self, store: StoredCrossReference, customer: str) -> list[ExportedReplacement]:
        exported = await store.export(customer)
        assert exported is not None
        return list(exported.replacements)

    async def said(self, store: Store, source: str, key: str, new: str) -> str:
        """Let a source say that a key is replaced, and return the link."""
        subject = await store.resolve(Lookup(source, key))
        assert subject is not None
        link = next(one.link_id for one in subject.keys[source] if one.key == key)
        assert (await store.hear([KeyNews(link, new)], actor="gateway")).opened == 1
        return link

    async def test_an_export_holds_new_keys_that_wait_for_a_steward(self, store: Store, clock: SteppedClock) -> None:
        """Of a source whose keys are sealed too; one for a key that is gone names none."""
        await rows_of(store, [(ID_A, {"crm": ["C1"], "mail": ["a@example.org"]}), (ID_B, {"crm": ["C2"]})])
        clock.go(hours=1)
        links = [await self.said(store, "mail", "a@example.org", "B@example.org")]
        links += [await self.said(store, "crm", "C1", "C9")]
        assert (await store.hear([KeyNews(links[0])], actor="gateway")).opened == 1
        told = await self.replaced(store, ID_A)
        assert [(one.source, one.key, one.link_id, one.status, one.since) for one in told] == [
            ("crm", "C9", links[1], "open", clock.now),
            ("mail", "b@example.org", links[0], "open", clock.now),
        ]
        assert {one.candidate_id for one in told} <= {one.candidate_id for one in await store.candidates()}
        assert not [key for key in ("C9", "example.org") if key in repr(told)]
        assert await self.replaced(store, ID_B) == []

    async def test_a_new_key_that_may_be_anothers_is_not_told(self, store: Store) -> None:
        """As of a link that has ended: that a source has said so is told, and no key of somebody else."""
        await rows_of(store, [(ID_A, {"crm": ["C1", "C2"]}), (ID_B, {"crm": ["C9"]})])
        await self.said(store, "crm", "C1", "C9")
        await self.said(store, "crm", "C2", "C8")
        assert [one.key for one in await self.replaced(store, ID_A)] == [None, "C8"]
        await store.reject((await store.candidates())[1].candidate_id, **BY)
        assert [(one.key, one.status) for one in await self.replaced(store, ID_A)] == [
            (None, "open"),
            (None, "rejected"),
        ]

    async def test_a_new_key_of_ones_own_is_told(self, store: Store) -> None:
        """One that the same customer has already, and one of an id that was merged."""
        await rows_of(store, [(ID_A, {"crm": ["C1", "C2"]}), (ID_B, {"crm": ["C3"]})])
        await self.said(store, "crm", "C1", "C2")
        await self.said(store, "crm", "C3", "C4")
        await store.merge(ID_B, ID_A, **BY)
        assert [(one.key, one.status) for one in await self.replaced(store, ID_B)] == [
            ("C2", "open"),
            (None, "superseded"),
        ]

    async def test_nothing_of_new_keys_is_left_by_an_erasure(self, store: Store, backdoor: Backdoor) -> None:
        """They are the person's, and go with it."""
        await rows_of(store, [(ID_A, {"crm": ["C1"]})])
        await self.said(store, "crm", "C1", "C9")
        await store.erase(ID_A, **BY)
        assert backdoor("SELECT * FROM match_candidate") == []
