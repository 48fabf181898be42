"""The part of the contract that concerns what sources say of keys: a question to a steward, and nothing else."""

from __future__ import annotations

import pytest

from adapters.crossref import (
    Candidate,
    CandidateStatus,
    ConflictError,
    InputError,
    KeyNews,
    Lookup,
    SourceSystem,
    StoredCrossReference,
    Writing,
)
from adapters.crossref.operations import hearing
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    Backdoor,
    CrossReferenceContract,
    Open,
    Store,
    keys_of,
    rows_of,
)

BY: Writing = {"actor": "steward"}
OPEN, ACCEPTED, REJECTED, SUPERSEDED = CandidateStatus


async def link_of(store: Store, source: str, key: str) -> str:
    """The id of a key's link."""
    subject = await store.resolve(Lookup(source, key))
    assert subject is not None
    return next(one.link_id for one in subject.keys[source] if one.key == key)


class NewsContract(CrossReferenceContract):
    """The part of the contract that concerns what sources say of keys."""

    @pytest.fixture
    async def filled(self, store: Store) -> Store:
        first = {"crm": ["C1"], "mail": ["a@example.org"], "one": ["X1"]}
        await rows_of(store, [(ID_A, first), (ID_B, {"crm": ["C2"], "billing": ["B2"]})])
        return store

    async def heard(self, store: Store, key: str, new: str | None = None, source: str = "crm") -> Candidate:
        """The candidate that is opened for what a source says of a key."""
        news = KeyNews(await link_of(store, source, key), new)
        assert (await store.hear([news], actor="gateway")).opened == 1
        return (await store.candidates())[-1]

    async def status(self, store: Store, candidate: Candidate) -> CandidateStatus:
        found = await store.candidate(candidate.candidate_id)
        assert found is not None
        return found.status

    async def holds(self, store: Store) -> None:
        report = await store.verify()
        assert report.holds, report.problems

    async def test_what_a_source_says_changes_nothing_but_asks(self, filled: Store) -> None:
        """The customer answers as before, by the same version; the candidate names rule, source and link."""
        before = await filled.resolve(Lookup("crm", "C1"))
        gone, replaced = await self.heard(filled, "C1"), await self.heard(filled, "C2", "C-replaced")
        assert await filled.resolve(Lookup("crm", "C1")) == before
        assert (gone.customer, gone.other, gone.kind, gone.grade) == (ID_A, None, "source_says_gone", "probable")
        link = await link_of(filled, "crm", "C1")
        assert gone.evidence == {"code": "SOURCE_SAYS_GONE", "source": "crm", "link": link}
        assert (replaced.customer, replaced.kind) == (ID_B, "source_says_replaced")
        assert "C-replaced" not in str(replaced) + str([one.body for one in await filled.history(ID_B)])
        await self.holds(filled)

    async def test_what_is_asked_already_is_asked_once(self, filled: Store, open_for: Open) -> None:
        """By whichever process it is heard, and also after a steward has rejected it."""
        link, other = await link_of(filled, "crm", "C1"), await open_for()
        news = [KeyNews(link), KeyNews(link), KeyNews(link, "C9")]
        assert (await filled.hear(news, actor="gateway")).opened == 2
        events = await self.events(filled)
        assert (await other.hear(news, actor="gateway")).opened == 0
        for candidate in await filled.candidates():
            await filled.reject(candidate.candidate_id, **BY)
        assert (await other.hear(news, actor="gateway")).opened == 0
        assert await self.events(filled) == events + 2
        await self.holds(filled)

    async def test_another_new_key_supersedes_the_one_before(self, filled: Store) -> None:
        """The source's latest word is asked."""
        first = await self.heard(filled, "C1", "C8")
        second = await self.heard(filled, "C1", "C9")
        assert [await self.status(filled, one) for one in (first, second)] == [SUPERSEDED, OPEN]
        await self.holds(filled)

    async def test_what_is_no_news_is_let_pass(self, filled: Store) -> None:
        """A link that is not there or has ended, a key that is asked for no more, and one that replaces itself."""
        ended, old = await link_of(filled, "crm", "C2"), await link_of(filled, "crm", "C1")
        await filled.unlink("crm", "C2", **BY)
        await filled.replace_key("crm", "C1", "C3", **BY)
        standing = await link_of(filled, "crm", "C3")
        events = await self.events(filled)
        news = [KeyNews(ended), KeyNews(old), KeyNews("lnk_0"), KeyNews(standing, "C3")]
        heard = await filled.hear(news, actor="gateway")
        assert (heard.opened, heard.left_out) == (0, 0)
        assert await self.events(filled) == events

    async def test_what_can_be_no_key_is_left_out(self, filled: Store) -> None:
        """And counted; the rest of what is heard with it is asked."""
        link = await link_of(filled, "crm", "C1")
        heard = await filled.hear([KeyNews(link, "\x00"), KeyNews(link, ""), KeyNews(link)], actor="gateway")
        assert (heard.opened, heard.left_out) == (1, 2)

    async def test_a_source_gone_mad_fills_no_table(self, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """So many of its candidates are open together, and those of others are not among them."""
        monkeypatch.setattr(hearing, "_MOST_OPEN", 1)
        links = [await link_of(filled, *one) for one in (("crm", "C1"), ("crm", "C2"), ("billing", "B2"))]
        heard = await filled.hear([KeyNews(link) for link in links], actor="gateway")
        assert (heard.opened, heard.left_out) == (2, 1)

    async def test_what_is_accepted_settles_what_else_was_said_of_the_key(self, filled: Store) -> None:
        """Nothing can come of it any more: the link has ended, or its key is asked for no more."""
        gone, replaced = await self.heard(filled, "C1"), await self.heard(filled, "C1", "C9")
        await filled.accept(gone.candidate_id, **BY)
        assert await self.status(filled, replaced) is SUPERSEDED
        await self.holds(filled)

    async def test_accepting_that_a_key_is_gone_unlinks_it(self, filled: Store) -> None:
        """Once: accepted again it is left so, and answered with where the customer stands."""
        candidate = await self.heard(filled, "C1")
        done = await filled.accept(candidate.candidate_id, actor="steward", reason_ref="T-1", expected_version=1)
        assert (done.customer, done.version) == (ID_A, 2)
        assert await filled.resolve(Lookup("crm", "C1")) is None
        assert await self.status(filled, candidate) is ACCEPTED
        events = await self.events(filled)
        again = await filled.accept(candidate.candidate_id, **BY)
        assert (again, await self.events(filled)) == (done, events)
        with pytest.raises(InputError, match="CANDIDATE_DECIDED"):
            await filled.reject(candidate.candidate_id, **BY)
        await self.holds(filled)

    @pytest.mark.parametrize(
        ("source", "old", "new"), [("crm", "C1", "C9"), ("mail", "a@example.org", "B@example.org"), ("one", "X1", "X2")]
    )
    async def test_accepting_that_a_key_is_replaced_replaces_it(
        self, filled: Store, backdoor: Backdoor, source: str, old: str, new: str
    ) -> None:
        """The old key leads to the customer as before; a sealed source's new key stands nowhere in the clear."""
        candidate = await self.heard(filled, old, new, source)
        if source == "mail":
            kept = backdoor("SELECT key_lookup, key_sealed FROM match_candidate WHERE key_lookup IS NOT NULL")
            assert "example" not in str(kept)
            assert kept[0][0].startswith("v1:")
        done = await filled.accept(candidate.candidate_id, **BY)
        assert done.customer == ID_A
        subject = await filled.resolve(Lookup(source, old))
        assert keys_of(subject, source) == [new.lower() if source == "mail" else new]
        assert await self.status(filled, candidate) is ACCEPTED
        await self.holds(filled)

    async def test_what_may_not_be_stands_against_accepting(self, filled: Store) -> None:
        """A new key of another customer is not taken from them; the candidate stays open until the two are one."""
        candidate = await self.heard(filled, "C1", "C2")
        for expected in (7, None):
            with pytest.raises(ConflictError) as caught:
                await filled.accept(candidate.candidate_id, actor="steward", expected_version=expected)
        conflict = caught.value.conflict
        assert (conflict.code, conflict.customer, conflict.other) == ("KEY_OWNED_BY_OTHER", ID_A, ID_B)
        assert await self.status(filled, candidate) is OPEN
        assert conflict.candidate_id is not None
        await filled.accept(conflict.candidate_id, **BY)
        await filled.accept(candidate.candidate_id, **BY)
        subject = await filled.resolve(Lookup("crm", "C1"))
        assert keys_of(subject, "crm") == ["C2"]
        await self.holds(filled)

    async def test_accepting_for_another_version_is_refused(self, filled: Store) -> None:
        """And the candidate stays open."""
        candidate = await self.heard(filled, "C1")
        with pytest.raises(ConflictError, match="VERSION_MISMATCH"):
            await filled.accept(candidate.candidate_id, actor="steward", expected_version=7)
        with pytest.raises(InputError, match="VALUE_INVALID: got a loser_version for a candidate that merges nobody"):
            await filled.accept(candidate.candidate_id, actor="steward", loser_version=1)
        assert await self.status(filled, candidate) is OPEN

    async def test_rejecting_leaves_all_as_it_is(self, filled: Store) -> None:
        """There are no two customers to tell apart."""
        candidate = await self.heard(filled, "C1")
        with pytest.raises(InputError, match="CANDIDATE_ONE_SIDED"):
            await filled.reject(candidate.candidate_id, non_match=True, **BY)
        await filled.reject(candidate.candidate_id, **BY)
        assert await self.status(filled, candidate) is REJECTED
        assert await filled.resolve(Lookup("crm", "C1")) is not None
        with pytest.raises(InputError, match="CANDIDATE_DECIDED"):
            await filled.accept(candidate.candidate_id, **BY)

    @pytest.mark.parametrize("act", ["unlink", "relink", "replace", "merge", "split", "undo"])
    async def test_what_changes_the_link_settles_the_question(self, filled: Store, act: str) -> None:
        """It was of a link that is no more; the source may say it again, of the link that is."""
        undone = (await filled.merge(ID_A, ID_B, **BY)).seq if act == "undo" else 0
        candidate = await self.heard(filled, "C1", "C9")
        await self._change(filled, act, undone)
        assert await self.status(filled, candidate) is SUPERSEDED
        subject = await filled.resolve(Lookup("crm", "C1"))
        if act in ("merge", "undo", "relink", "split"):
            assert "C1" in keys_of(subject, "crm")
            await self.heard(filled, "C1", "C9")
        await self.holds(filled)

    async def _change(self, store: StoredCrossReference, act: str, undone: int) -> None:
        match act:
            case "unlink":
                await store.unlink("crm", "C1", **BY)
            case "relink":
                await store.relink("crm", "C1", ID_B, **BY)
            case "replace":
                await store.replace_key("crm", "C1", "C7", **BY)
            case "merge":
                await store.merge(ID_A, ID_B, **BY)
            case "split":
                await store.split(ID_A, [("crm", "C1")], **BY)
            case _:
                await store.undo_merge(undone, **BY)

    @pytest.mark.parametrize("erased", [ID_A, ID_B])
    async def test_erasing_deletes_the_new_key(self, filled: Store, backdoor: Backdoor, erased: str) -> None:
        """That of the customer, and one of the customer that a source has named for somebody else's."""
        await self.heard(filled, "C1", "C2")
        await filled.erase(erased, **BY)
        assert backdoor("SELECT candidate_id FROM match_candidate") == []
        assert backdoor("SELECT link_id FROM event_secret WHERE link_id LIKE '%/new'") == []
        await self.holds(filled)

    async def test_erasing_deletes_what_was_said_of_the_key_before(self, filled: Store, backdoor: Backdoor) -> None:
        """While it was another customer's, and the new key never was anybody's."""
        await self.heard(filled, "C1", "C9")
        await filled.relink("crm", "C1", ID_B, **BY)
        await filled.erase(ID_B, **BY)
        assert backdoor("SELECT candidate_id FROM match_candidate") == []
        assert backdoor("SELECT link_id FROM event_secret WHERE link_id LIKE '%/new'") == []
        await self.holds(filled)

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ("key_lookup = 'C8'", "not as the events tell: key"),
            ("link_id = 'lnk_0'", "link_id"),
            ("source_id = 'billing'", "source_id"),
        ],
    )
    async def test_a_question_that_was_changed_is_found(
        self, filled: Store, backdoor: Backdoor, change: str, told: str
    ) -> None:
        """By the check of the tables, as every other row."""
        await self.heard(filled, "C1", "C9")
        backdoor(f"UPDATE match_candidate SET {change}")
        report = await filled.verify()
        assert [told in one.text for one in report.problems] == [True]

    async def test_tenants_hear_nothing_of_each_other(self, filled: Store, open_for: Open) -> None:
        """A link of another tenant is no link."""
        other = await open_for("other")
        await other.register_source(SourceSystem("crm"), actor="admin")
        heard = await other.hear([KeyNews(await link_of(filled, "crm", "C1"))], actor="gateway")
        assert (heard.opened, heard.left_out) == (0, 0)
        assert [*await other.candidates()] == []
