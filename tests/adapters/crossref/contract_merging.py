"""The part of the contract that concerns merges: who survives, what is told beforehand, and what undoing gives back."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.crossref import (
    ConflictCode,
    ConflictError,
    IdentifierType,
    InputError,
    KeyNews,
    Linked,
    Lookup,
    MergePreview,
    RefusalCode,
    Restriction,
)
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    ID_C,
    Backdoor,
    CrossReferenceContract,
    SteppedClock,
    Store,
    close,
    rows_of,
)

ID_D = f"cus_{'d' * 32}"
NAME, PHONE = (Restriction("gdpr-art-18", frozenset({f"Customer.{field}"})) for field in ("name", "phone"))
CUSTOMERS = "SELECT customer_id, status, survivor_id FROM customer ORDER BY 1"
LINKS = (
    "SELECT source_id, key_lookup, customer_id, key_status, asserted_by, method, confidence FROM link "
    "WHERE valid_to IS NULL ORDER BY 1, 2"
)
CANDIDATES = "SELECT customer_a, customer_b, kind, status FROM match_candidate ORDER BY opened_seq"


async def merged(store: Store, loser: str, survivor: str, **more: Any) -> Linked:
    return await store.merge(loser, survivor, actor="steward", **more)


async def undone(store: Store, merge: Linked, **more: Any) -> Linked:
    return await store.undo_merge(merge.seq, actor="steward", **more)


async def refused(store: Store, merge: Linked) -> ConflictError:
    with pytest.raises(ConflictError) as caught:
        await undone(store, merge)
    return caught.value


async def heard(store: Store, key: str, new: str | None = None) -> int:
    """Let the source say that its key is gone or replaced, and return how many candidates that opens."""
    subject = await store.resolve(Lookup("crm", key))
    assert subject is not None
    link = next(linked.link_id for linked in subject.keys["crm"] if linked.key == key)
    return (await store.hear([KeyNews(link, new)], actor="gateway")).opened


async def holds(store: Store) -> None:
    report = await store.verify()
    assert report.holds, report.problems


async def grounds(store: Store, customer: str) -> list[str]:
    subject = await store.resolve(Lookup(None, customer))
    assert subject is not None
    return sorted(name for one in subject.restrictions for name in one.coordinates)


class Merged(CrossReferenceContract):
    """What both parts begin with: three customers, each with a key of crm, the second with one of billing too."""

    @pytest.fixture
    async def three(self, store: Store) -> Store:
        keys = [{"crm": ["A"]}, {"crm": ["B"], "billing": ["B"]}, {"crm": ["C"]}]
        await rows_of(store, list(zip((ID_A, ID_B, ID_C), keys, strict=True)))
        return store

    async def owners(self, store: Store, *keys: str) -> list[str | None]:
        found = await store.resolve_many([Lookup("crm", key) for key in keys])
        return [one.customer_id if one else None for one in found]


class MergingContract(Merged):
    """The part of the contract that concerns who survives a merge, and what is told beforehand."""

    async def test_the_oldest_survives(self, three: Store, clock: SteppedClock) -> None:
        """Whichever way round the two are named; a repeated merge adds no event."""
        clock.go(hours=1)
        newer = await self.link(three, "crm", "N")
        clock.go(hours=1)
        newest = await self.link(three, "crm", "M")
        done = await three.merge_oldest(newest.customer, newer.customer, actor="steward")
        assert done.customer == newer.customer
        assert await three.merge_oldest(newest.customer, newer.customer, actor="steward") == done
        assert (await three.merge_oldest(ID_C, newest.customer, actor="steward")).customer == ID_C
        assert await self.owners(three, "N", "M") == [ID_C, ID_C]

    @pytest.mark.parametrize("pair", [(ID_A, ID_B), (ID_B, ID_A)])
    async def test_of_two_created_at_once_the_first_id_survives(self, three: Store, pair: tuple[str, str]) -> None:
        """So both ways round make the same of it."""
        assert (await three.merge_oldest(*pair, actor="steward")).customer == ID_A

    async def test_a_preview_tells_what_a_merge_does(self, three: Store) -> None:
        """Links by source, restrictions and candidates, and the version to expect; nothing is written."""
        await three.restrict(ID_B, NAME, actor="steward")
        await three.restrict(ID_A, PHONE, actor="steward")
        candidate = str((await self.conflict(three, "crm", "B", ID_A)).conflict.candidate_id)
        before = await self.events(three)
        told = await three.preview_merge(ID_B, ID_A)
        assert told == MergePreview(ID_B, ID_A, 2, 2, {"billing": 1, "crm": 1}, (), (NAME,), (candidate,))
        assert await three.preview_merge(ID_B, ID_A, oldest=True) == told
        assert await three.preview_merge(ID_A, ID_B, oldest=True) == told
        assert (await three.preview_merge(ID_A, ID_B)).survivor == ID_B
        assert await self.events(three) == before
        assert (await merged(three, ID_B, ID_A, expected_version=told.version)).version == 3

    async def test_a_preview_of_what_is_one_is_empty(self, three: Store) -> None:
        """There is nothing to do, and the version is that of the customer."""
        await merged(three, ID_B, ID_A)
        assert await three.preview_merge(ID_B, ID_A) == MergePreview(ID_A, ID_A, 2, 2, {}, (), (), ())

    async def test_nobody_is_merged_with_itself(self, three: Store) -> None:
        """One id given twice is a slip, and no customer who is one already."""
        before = await self.events(three)
        for merge in (three.merge, three.merge_oldest):
            with pytest.raises(InputError, match="VALUE_INVALID: got one customer twice; wanted the ids of two"):
                await merge(ID_A, ID_A, actor="steward")
        with pytest.raises(InputError, match="VALUE_INVALID: got one customer twice"):
            await three.preview_merge(ID_A, ID_A)
        assert await self.events(three) == before

    async def test_a_preview_tells_all_that_stands_in_the_way(self, three: Store) -> None:
        """Each conflict, without opening a candidate for it."""
        await self.link(three, "one", "X1", ID_A)
        await self.link(three, "one", "X2", ID_B)
        await three.assert_non_match(Lookup("crm", "A"), Lookup("billing", "B"), actor="steward")
        before = await self.events(three)
        conflicts = (await three.preview_merge(ID_B, ID_A)).conflicts
        assert [(one.code, one.customer, one.other, one.source, one.candidate_id) for one in conflicts] == [
            (ConflictCode.NON_MATCH_ASSERTED, ID_A, ID_B, "billing", None),
            (ConflictCode.LIMIT_EXCEEDED, ID_A, ID_B, "one", None),
        ]
        assert await self.events(three) == before

    async def test_a_preview_tells_of_closed_customers(self, three: Store, backdoor: Backdoor) -> None:
        """Both are told, if both are closed."""
        close(backdoor, ID_A, "erased")
        close(backdoor, ID_B, "retired")
        codes = [one.code for one in (await three.preview_merge(ID_B, ID_A)).conflicts]
        assert codes == [ConflictCode.CUSTOMER_RETIRED, ConflictCode.CUSTOMER_ERASED]
        with pytest.raises(InputError, match="CUSTOMER_UNKNOWN"):
            await three.preview_merge(ID_B, ID_D)

    async def test_keys_that_are_never_one_persons_are_not_merged(self, three: Store, backdoor: Backdoor) -> None:
        """Nobody is asked again, for it was said of them; force does not help."""
        await three.assert_non_match(Lookup("crm", "A"), Lookup("crm", "B"), actor="steward")
        found = []
        for force in (False, True):
            with pytest.raises(ConflictError) as caught:
                await merged(three, ID_B, ID_A, force=force)
            found.append(caught.value.conflict)
        assert found[0] == found[1]
        assert (found[0].code, found[0].customer, found[0].other) == (ConflictCode.NON_MATCH_ASSERTED, ID_A, ID_B)
        assert (found[0].candidate_id, backdoor(CANDIDATES)) == (None, [])
        await three.clear_non_match(Lookup("crm", "B"), Lookup("crm", "A"), actor="steward")
        assert (await merged(three, ID_B, ID_A)).customer == ID_A

    async def test_a_forced_merge_goes_over_the_limit(self, three: Store, backdoor: Backdoor) -> None:
        """Then one candidate tells that the customer has too many keys, and no further one is linked."""
        await self.link(three, "one", "X1", ID_A)
        await self.link(three, "one", "X2", ID_B)
        with pytest.raises(ConflictError):
            await merged(three, ID_B, ID_A)
        done = await merged(three, ID_B, ID_A, force=True)
        assert backdoor(CANDIDATES) == [
            (ID_A, ID_B, "limit_exceeded", "superseded"),
            (ID_A, None, "limit_exceeded", "open"),
        ]
        assert await self.events(three) == done.seq + 1
        assert await merged(three, ID_B, ID_A, force=True) == done
        assert (await self.conflict(three, "one", "X3", ID_A)).conflict.code is ConflictCode.LIMIT_EXCEEDED

    async def test_a_merge_expects_the_survivors_version(self, three: Store) -> None:
        """Another one is a conflict without a candidate, and nothing is written."""
        before = await self.events(three)
        with pytest.raises(ConflictError) as caught:
            await merged(three, ID_B, ID_A, expected_version=7)
        assert (caught.value.conflict.code, caught.value.conflict.candidate_id) == ("VERSION_MISMATCH", None)
        assert await self.events(three) == before

    async def test_a_merge_settles_what_is_between_ids_of_the_two(self, three: Store, backdoor: Backdoor) -> None:
        """A candidate that names an id merged before is settled with the rest; one with somebody else stays open."""
        await rows_of(three, [(ID_D, {"crm": ["D"]})])
        await self.conflict(three, "crm", "C", ID_B)
        await self.conflict(three, "crm", "D", ID_B)
        await merged(three, ID_B, ID_A)
        await merged(three, ID_C, ID_A)
        assert backdoor(CANDIDATES) == [
            (ID_B, ID_C, "key_conflict", "superseded"),
            (ID_B, ID_D, "key_conflict", "open"),
        ]


class UndoingContract(Merged):
    """The part of the contract that concerns merges that are undone."""

    async def test_undoing_restores_what_was(self, three: Store, backdoor: Backdoor) -> None:
        """With nothing between: who has which key, how and by whom that is known, statuses, redirects, candidates."""
        await three.link("crm", "P", ID_B, asserted_by="rule-7", confidence=0.5)
        await three.replace_key("billing", "B", "B2", actor="feed")
        await merged(three, ID_C, ID_B)
        await self.conflict(three, "crm", "P", ID_A)
        await heard(three, "B"), await heard(three, "P", "P2")
        before = (backdoor(CUSTOMERS), backdoor(LINKS), backdoor(CANDIDATES))
        told = await three.preview_merge(ID_B, ID_A)
        merge = await merged(three, ID_B, ID_A)
        assert {one.candidate_id for one in await three.candidates("superseded")} == {*told.candidates}
        assert (backdoor(CUSTOMERS), backdoor(LINKS)) != before[:2]
        done = await undone(three, merge)
        assert (backdoor(CUSTOMERS), backdoor(LINKS), backdoor(CANDIDATES)) == before
        await holds(three)
        assert (done.customer, done.version, done.seq) == (ID_B, 6, await self.events(three))
        assert await heard(three, "B") == await heard(three, "P", "P2") == 0
        found = await three.resolve_many([Lookup(None, one) for one in (ID_A, ID_B, ID_C)])
        assert [one and (one.customer_id, one.redirected) for one in found] == [
            *((ID_A, False), (ID_B, False), (ID_B, True))
        ]

    async def test_what_is_asked_again_can_be_decided(self, three: Store, backdoor: Backdoor) -> None:
        """By what the steward would have done without the merge; whatever ends the link settles the rest."""
        await self.conflict(three, "crm", "B", ID_A)
        await heard(three, "B"), await heard(three, "B", "B2")
        await undone(three, await merged(three, ID_B, ID_A))
        between, _, replaced = [one.candidate_id for one in await three.candidates()]
        await three.reject(between, actor="steward", non_match=True)
        await three.accept(replaced, actor="steward")
        assert await self.owners(three, "B", "B2") == [ID_B, ID_B]
        assert [row[3] for row in backdoor(CANDIDATES)] == ["rejected", "superseded", "accepted"]
        await holds(three)

    @pytest.mark.parametrize("second", ["A", "C"])
    async def test_what_a_later_merge_has_settled_is_asked_again_of_who_parts(
        self, three: Store, second: str, backdoor: Backdoor
    ) -> None:
        """It was settled because the two were one by the merge that is undone, and are not any more; undoing the later
        merge too does not ask twice."""
        between = str((await self.conflict(three, "crm", "B", ID_C)).conflict.candidate_id)
        beside = str((await self.conflict(three, "crm", "A", ID_C)).conflict.candidate_id)
        merge = await merged(three, ID_B, ID_A)
        later = await (merged(three, ID_A, ID_C) if second == "A" else merged(three, ID_C, ID_A))
        assert await three.candidates() == ()
        await undone(three, merge)
        assert [one.candidate_id for one in await three.candidates()] == [between]
        await holds(three)
        await undone(three, later)
        assert [one.candidate_id for one in await three.candidates()] == [between, beside]
        assert backdoor("SELECT count(*) FROM match_candidate") == [(2,)]
        await holds(three)

    async def test_what_something_else_has_settled_since_is_not_asked_again(
        self, three: Store, backdoor: Backdoor
    ) -> None:
        """A key that was replaced or moved while the two were one, and a candidate that was decided."""
        await rows_of(three, [(ID_B, {"crm": ["P", "Q"]})])
        for key in "BPQ":
            await heard(three, key)
        candidate = str((await self.conflict(three, "crm", "B", ID_A)).conflict.candidate_id)
        merge = await three.accept(candidate, actor="steward", idempotency_key="k")
        seq = next(one.seq for one in await three.history(ID_A) if one.type == "customers.merged")
        await three.replace_key("crm", "P", "P2", actor="feed")
        await three.relink("crm", "Q", ID_C, actor="steward")
        await three.relink("crm", "Q", merge.customer, actor="steward")
        await three.undo_merge(seq, actor="steward")
        open_now = [one for one in await three.candidates() if one.other is None]
        assert [one.status for one in open_now] == ["open"] * (merge.customer == ID_A)
        assert ("accepted",) in backdoor("SELECT status FROM match_candidate")
        await holds(three)

    async def test_a_candidate_tells_of_a_limit_that_undoing_passes(self, three: Store, backdoor: Backdoor) -> None:
        """A key that was live again when the merge was undone; who has no more too many is told of no longer."""
        await self.link(three, "one", "l0", ID_B)
        await three.replace_key("one", "l0", "l3", actor="feed")
        await self.link(three, "one", "s1", ID_A)
        merge = await merged(three, ID_B, ID_A, force=True)
        await three.replace_key("one", "s1", "l0", actor="feed")
        await undone(three, merge)
        assert backdoor(CANDIDATES) == [
            *((ID_A, None, "limit_exceeded", "superseded"), (ID_B, None, "limit_exceeded", "open"))
        ]
        (told,) = await three.candidates()
        assert told.evidence == {"code": "LIMIT_EXCEEDED", "source": "one"}
        await holds(three)

    async def test_a_candidate_tells_of_a_limit_that_whoever_stays_is_left_over(
        self, three: Store, backdoor: Backdoor
    ) -> None:
        """The candidate of the forced merge that brought its keys names who goes; there is one for who stays then."""
        for key in ("s0", "s2"):
            await self.link(three, "one", key, ID_A)
            await three.replace_key("one", key, f"{key}-new", actor="feed")
            await three.unlink("one", f"{key}-new", actor="feed")
        await self.link(three, "one", "l0", ID_B)
        await self.link(three, "one", "c0", ID_C)
        await merged(three, ID_C, ID_B, force=True)
        merge = await merged(three, ID_B, ID_A)
        await three.replace_key("one", "l0", "s0", actor="feed")
        await three.replace_key("one", "c0", "s2", actor="feed")
        await undone(three, merge)
        assert backdoor(CANDIDATES) == [
            *((ID_B, None, "limit_exceeded", "open"), (ID_A, None, "limit_exceeded", "open"))
        ]
        await holds(three)

    async def test_a_restriction_that_both_have_stays_with_both(self, three: Store) -> None:
        """One that is asked for while the two are one is made, though the id that was merged has it."""
        await three.restrict(ID_B, NAME, actor="officer")
        merge = await merged(three, ID_B, ID_A)
        done = await three.restrict(ID_A, NAME, actor="officer")
        assert done.version == merge.version + 1
        assert await three.restrict(ID_B, NAME, actor="officer") == done
        await undone(three, merge)
        assert [await grounds(three, one) for one in (ID_A, ID_B)] == [["Customer.name"]] * 2
        again = await merged(three, ID_B, ID_A)
        assert (await three.lift(ID_A, NAME.ground, actor="officer")).version == again.version + 1
        assert await grounds(three, ID_A) == []
        await holds(three)

    async def test_a_load_makes_a_restriction_that_only_the_merged_id_has(self, three: Store) -> None:
        """As `restrict` does, and once."""
        await three.restrict(ID_B, NAME, actor="officer")
        merge = await merged(three, ID_B, ID_A)
        for added in (1, 0):
            report = await rows_of(three, [], restrictions={Lookup("crm", "A"): [NAME]})
            assert report.restrictions == added
        await undone(three, merge)
        assert await grounds(three, ID_A) == ["Customer.name"]

    async def test_a_merge_is_undone_once(self, three: Store) -> None:
        """A second time is a conflict without a candidate, also when the two were merged again since."""
        merge = await merged(three, ID_B, ID_A)
        await undone(three, merge)
        before = await self.events(three)
        first = await refused(three, merge)
        again = await merged(three, ID_B, ID_A)
        assert (await refused(three, merge)).conflict == first.conflict
        assert (first.conflict.code, first.conflict.customer) == (ConflictCode.MERGE_NOT_UNDOABLE, ID_B)
        assert first.conflict.candidate_id is None
        assert "candidate" not in str(first)
        await undone(three, again)
        assert await self.events(three) == before + 2

    async def test_undoing_under_an_idempotency_key_is_done_once(self, three: Store) -> None:
        """The same write is answered as it was."""
        merge = await merged(three, ID_B, ID_A)
        done = await undone(three, merge, idempotency_key="u-1")
        assert await undone(three, merge, idempotency_key="u-1") == done

    @pytest.mark.parametrize("seq", [0, -1, 1, 7, 2**62, 2**80])
    async def test_what_is_no_merge_is_not_undone(self, three: Store, seq: int) -> None:
        """Another event, or the number of none, is the caller's fault."""
        with pytest.raises(InputError) as caught:
            await three.undo_merge(seq, actor="steward")
        assert caught.value.code is RefusalCode.MERGE_UNKNOWN

    async def test_undoing_expects_the_version_of_whom_the_loser_leads_to(self, three: Store) -> None:
        """Another one is a conflict, and the merge stands."""
        merge = await merged(three, ID_B, ID_A)
        with pytest.raises(ConflictError, match="VERSION_MISMATCH"):
            await undone(three, merge, expected_version=1)
        assert (await undone(three, merge, expected_version=merge.version)).customer == ID_B

    async def test_only_what_the_loser_brought_goes_back(self, three: Store) -> None:
        """Keys of the survivor, and keys linked to it since, stay."""
        merge = await merged(three, ID_B, ID_A)
        await self.link(three, "crm", "N", ID_B)
        await undone(three, merge)
        assert await self.owners(three, "A", "B", "N") == [ID_A, ID_B, ID_A]

    async def test_what_was_taken_away_since_stays_where_it_is(self, three: Store) -> None:
        """Keys that were moved, split off, or unlinked and linked anew are not the merge's any more."""
        for key in "DEFG":
            await self.link(three, "crm", key, ID_B)
        merge = await merged(three, ID_B, ID_A)
        await three.relink("crm", "D", ID_C, actor="steward")
        apart = await three.split(ID_A, [("crm", "E")], actor="steward")
        await three.unlink("crm", "F", actor="steward")
        await three.unlink("crm", "G", actor="steward")
        await self.link(three, "crm", "G", ID_A)
        await undone(three, merge)
        assert await self.owners(three, *"ABCDEFG") == [ID_A, ID_B, ID_C, ID_C, apart.customer, None, ID_A]

    async def test_what_came_back_to_the_survivor_is_followed(self, three: Store) -> None:
        """A key that was moved away and merged in again has come of the merge still."""
        merge = await merged(three, ID_B, ID_A)
        await three.relink("crm", "B", ID_C, actor="steward")
        back = await merged(three, ID_C, ID_A)
        await undone(three, merge)
        assert await self.owners(three, *"ABC") == [ID_A, ID_B, ID_A]
        await undone(three, back)
        assert await self.owners(three, *"ABC") == [ID_A, ID_B, ID_C]

    async def test_a_replaced_key_goes_back_with_the_new_one(self, three: Store, backdoor: Backdoor) -> None:
        """The new key has come of the old one, whoever has the old one by now; statuses travel along."""
        await self.link(three, "crm", "D", ID_B)
        merge = await merged(three, ID_B, ID_A)
        onward = await merged(three, ID_A, ID_C)
        await three.replace_key("crm", "B", "B2", actor="feed")
        await three.replace_key("crm", "D", "D2", actor="feed")
        await three.replace_key("crm", "A", "A2", actor="feed")
        other = await self.link(three, "crm", "Z")
        await three.relink("crm", "D", other.customer, actor="steward")
        assert onward.customer == ID_C
        await undone(three, merge)
        owners = await self.owners(three, "A", "A2", "B", "B2", "C", "D", "D2")
        assert owners == [ID_C, ID_C, ID_B, ID_B, ID_C, other.customer, ID_B]
        rows = backdoor(f"SELECT key_lookup, key_status FROM ({LINKS}) AS l WHERE customer_id = ?", ID_B)
        assert sorted(rows) == [("B", "live"), ("B", "superseded"), ("B2", "live"), ("D2", "live")]

    @pytest.mark.parametrize("inner_first", [False, True])
    async def test_merges_in_each_other_are_undone_in_either_order(
        self, three: Store, backdoor: Backdoor, inner_first: bool
    ) -> None:
        """What is left is what was before both."""
        before = (backdoor(CUSTOMERS), backdoor(LINKS))
        inner = await merged(three, ID_C, ID_B)
        outer = await merged(three, ID_B, ID_A)
        for merge in (inner, outer) if inner_first else (outer, inner):
            await undone(three, merge)
        assert (backdoor(CUSTOMERS), backdoor(LINKS)) == before

    async def test_ids_go_back_with_the_loser(self, three: Store, backdoor: Backdoor) -> None:
        """An id that was merged into the loser leads to it again, through whichever merges the two have been since."""
        await rows_of(three, [(ID_D, {"crm": ["D"]})])
        await merged(three, ID_C, ID_B)
        merge = await merged(three, ID_B, ID_A)
        onward = await merged(three, ID_A, ID_D)
        await undone(three, onward)
        await merged(three, ID_A, ID_D)
        await undone(three, merge)
        assert backdoor(CUSTOMERS) == [
            *((ID_A, "merged", ID_D), (ID_B, "active", None), (ID_C, "merged", ID_B), (ID_D, "active", None))
        ]
        assert await self.owners(three, *"ABCD") == [ID_D, ID_B, ID_B, ID_D]

    async def test_what_an_undoing_took_out_does_not_come_of_what_was_before(self, three: Store) -> None:
        """A customer set apart again and merged by itself has nothing to do with the merges of before."""
        inner = await merged(three, ID_C, ID_B)
        outer = await merged(three, ID_B, ID_A)
        await undone(three, inner)
        await merged(three, ID_C, ID_A)
        await undone(three, outer)
        assert await self.owners(three, *"ABC") == [ID_A, ID_B, ID_A]
        found = await three.resolve(Lookup(None, ID_C))
        assert found is not None
        assert found.customer_id == ID_A

    async def test_a_merge_of_one_erased_is_not_undone(self, three: Store) -> None:
        """The tombstones stay."""
        merge = await merged(three, ID_B, ID_A)
        await three.erase(ID_A, actor="steward")
        assert (await refused(three, merge)).conflict.code is ConflictCode.MERGE_NOT_UNDOABLE
        assert await three.resolve(Lookup(None, ID_B)) is None

    async def test_a_key_whose_own_link_was_erased_goes_back_all_the_same(self, three: Store) -> None:
        """The old key went with somebody else; the one that replaced it has come of the merge."""
        merge = await merged(three, ID_B, ID_A)
        await three.replace_key("crm", "B", "B2", actor="feed")
        await three.relink("crm", "B", ID_C, actor="steward")
        await three.erase(ID_C, actor="steward")
        await undone(three, merge)
        assert await self.owners(three, "A", "B", "B2") == [ID_A, None, ID_B]
        await self.events(three)

    async def test_restrictions_go_with_their_ids(self, three: Store) -> None:
        """Each has its own again; those made while the two were one hold for both, unless they were lifted."""
        await three.restrict(ID_A, NAME, actor="steward")
        await three.restrict(ID_B, PHONE, actor="steward")
        merge = await merged(three, ID_B, ID_A)
        for ground, field in (("objection", "email"), ("mistake", "address")):
            one = Restriction(ground, frozenset({f"Customer.{field}"}))
            await three.restrict(ID_B, one, actor="steward")
        await three.lift(ID_A, "mistake", actor="steward")
        assert await grounds(three, ID_A) == ["Customer.email", "Customer.name", "Customer.phone"]
        await undone(three, merge)
        assert await grounds(three, ID_A) == ["Customer.email", "Customer.name"]
        assert await grounds(three, ID_B) == ["Customer.email", "Customer.phone"]

    async def test_only_restrictions_made_for_whom_the_loser_led_to_are_shared(self, three: Store) -> None:
        """Not those that somebody else had before, nor what was lifted since for whom the loser leads to."""
        merge = await merged(three, ID_B, ID_A)
        await three.restrict(ID_C, NAME, actor="steward")
        onward = await merged(three, ID_A, ID_C)
        await three.restrict(ID_C, PHONE, actor="steward")
        await undone(three, onward)
        assert await grounds(three, ID_A) == ["Customer.phone"]
        assert await grounds(three, ID_C) == ["Customer.name", "Customer.phone"]
        await three.lift(ID_A, PHONE.ground, actor="steward")
        await three.restrict(ID_A, Restriction("objection", frozenset({"Customer.email"})), actor="steward")
        await undone(three, merge)
        assert await grounds(three, ID_A) == await grounds(three, ID_B) == ["Customer.email"]

    async def test_identifiers_noted_since_are_forgotten(self, three: Store) -> None:
        """Of the sources of the keys that go back; what was noted before is whose it was."""
        phones = {ID_A: "+491712345670", ID_B: "+491712345671"}
        for customer, phone in phones.items():
            await three.note_identifiers(customer, "crm", {IdentifierType.PHONE: [phone]}, actor="feed")
        merge = await merged(three, ID_B, ID_A)
        await self.link(three, "one", "X1", ID_A)
        for source, phone in (("crm", "+491712345672"), ("one", "+491712345673")):
            await three.note_identifiers(ID_A, source, {IdentifierType.PHONE: [phone]}, actor="feed")
        done = await undone(three, merge)
        found = [await three.resolve_identifier(IdentifierType.PHONE, f"+49171234567{n}") for n in range(4)]
        assert [one.customer_id if one else None for one in found] == [ID_A, ID_B, None, ID_A]
        assert done.seq == await self.events(three)
