"""The part of the contract that concerns identifiers: digests alone are kept, and lead to one customer or to nobody."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

import pytest

from adapters.crossref import (
    ConflictCode,
    ConflictError,
    IdentifierRules,
    IdentifierType,
    InputError,
    Linked,
    Lookup,
    RefusalCode,
    SecretError,
    SourceSystem,
    Subject,
)
from adapters.crossref.events import Act
from adapters.crossref.identifiers import identifying
from adapters.crossref.identifiers.identifying import erase_identifiers, forget_seen
from adapters.crossref.operations import noting_identifiers
from tests.adapters.crossref.contract import ID_A, ID_B, Backdoor, CrossReferenceContract, Open, Store, close, rows_of

EMAIL, PHONE = IdentifierType.EMAIL, IdentifierType.PHONE
CANARY, CANARY_PHONE = "canary.person@example.org", "+49 171 2345678"


class Identified(CrossReferenceContract):
    """What the parts on identifiers share."""

    @pytest.fixture
    async def known(self, store: Store) -> Store:
        """Two customers with a key of crm each, the first with one of billing too."""
        await rows_of(store, [(ID_A, {"crm": ["C1"], "billing": ["B1"]}), (ID_B, {"crm": ["C2"]})])
        return store

    async def note(self, store: Store, customer: str, *emails: str, source: str = "crm") -> Linked:
        return await store.note_identifiers(customer, source, {EMAIL: emails}, actor="feed")

    async def events(self, store: Store) -> int:
        """Hold the rows of identifiers against the events, too."""
        report = await store.verify()
        assert report.holds, report.problems
        return report.events

    async def who(self, store: Store, email: str = CANARY) -> str | None:
        found = await store.resolve_identifier(EMAIL, email)
        return found.customer_id if found else None

    def numbers(self, backdoor: Backdoor) -> Sequence[int]:
        return [row[0] for row in backdoor("SELECT key_version FROM identifier_hash ORDER BY key_version")]

    def shared(self, backdoor: Backdoor) -> Sequence[tuple[str, str]]:
        return [
            (row[0], row[1])
            for row in backdoor(
                "SELECT customer_a, customer_b FROM match_candidate WHERE kind = 'shared_identifier' "
                "ORDER BY customer_a, customer_b"
            )
        ]


class IdentifiersContract(Identified):
    """The part of the contract that concerns identifiers."""

    async def test_an_identifier_leads_to_its_customer(self, known: Store) -> None:
        """In any spelling; the answer is the one that the customer's id has."""
        noted = await known.note_identifiers(ID_A, "crm", {EMAIL: [CANARY], PHONE: [CANARY_PHONE]}, actor="feed")
        by_id = await known.resolve(Lookup(None, ID_A))
        asked = [
            Lookup(None, " Canary.Person@EXAMPLE.org", EMAIL),
            Lookup(None, "0049-171-2345678", PHONE),
            Lookup(None, "+49 (171) 234 56 78", PHONE),
            Lookup("crm", "C2"),
            Lookup(None, CANARY, PHONE),
        ]
        found = await known.resolve_many(asked)
        assert isinstance(by_id, Subject)
        assert [one and one.customer_id for one in found] == [ID_A, None, ID_A, ID_B, None]
        assert found[0] == found[2] == by_id
        assert (noted.customer, noted.version) == (ID_A, 2)

    async def test_numbers_without_a_country_are_of_the_one_that_is_named(self, known: Store) -> None:
        """A source writes its own country's numbers as they are dialled there."""
        await known.note_identifiers(ID_A, "crm", {PHONE: ["0171 2345678"]}, country="DE", actor="feed")
        found = await known.resolve_identifier(PHONE, CANARY_PHONE)
        assert found is not None
        assert found.customer_id == ID_A

    async def test_noting_again_writes_nothing(self, known: Store) -> None:
        """Whether alone or with others, in this spelling or that; the version may be any then."""
        noted = await self.note(known, ID_A, CANARY, "other@example.org")
        before = await self.events(known)
        assert await self.note(known, ID_A, "CANARY.person@example.org") == noted
        assert await known.note_identifiers(ID_A, "crm", {EMAIL: [CANARY]}, actor="x", expected_version=1) == noted
        assert await known.note_identifiers(ID_A, "crm", {}, actor="feed") == noted
        assert await self.events(known) == before

    async def test_an_expected_version_has_to_be_the_customers(self, known: Store) -> None:
        """Else nothing is noted or forgotten."""
        with pytest.raises(ConflictError) as caught:
            await known.note_identifiers(ID_A, "crm", {EMAIL: [CANARY]}, actor="feed", expected_version=7)
        assert caught.value.conflict.code is ConflictCode.VERSION_MISMATCH
        assert await self.who(known) is None
        noted = await self.note(known, ID_A, CANARY)
        with pytest.raises(ConflictError):
            await known.forget_identifiers(ID_A, actor="feed", expected_version=1)
        assert await self.who(known) == ID_A
        await known.forget_identifiers(ID_A, actor="feed", expected_version=noted.version)
        assert await self.who(known) is None

    async def test_a_write_is_made_once_a_key(self, known: Store) -> None:
        """The same request is answered as before; another one is refused."""
        writing = {"actor": "feed", "idempotency_key": "k1"}
        noted = await known.note_identifiers(ID_A, "crm", {EMAIL: [CANARY]}, **writing)  # type: ignore[arg-type]
        await known.forget_identifiers(ID_A, actor="feed")
        again = await known.note_identifiers(ID_A, "crm", {EMAIL: [CANARY]}, **writing)  # type: ignore[arg-type]
        assert again == noted
        assert await self.who(known) is None
        with pytest.raises(InputError) as caught:
            await known.note_identifiers(ID_A, "crm", {EMAIL: ["b@example.org"]}, **writing)  # type: ignore[arg-type]
        assert caught.value.code is RefusalCode.IDEMPOTENCY_KEY_REUSED

    async def test_what_several_customers_have_is_nobodys(self, known: Store, backdoor: Backdoor) -> None:
        """A shared identifier joins nobody: the caller is told nothing, a steward of both, once."""
        await self.note(known, ID_A, CANARY, "second@example.org")
        await self.note(known, ID_B, CANARY)
        assert await self.who(known) is None
        await self.note(known, ID_B, "second@example.org")
        assert self.shared(backdoor) == [(ID_A, ID_B)]
        evidence = repr(backdoor("SELECT evidence FROM match_candidate"))
        assert "email" in evidence
        assert "canary" not in evidence

    async def test_what_may_never_be_one_person_is_no_candidate(self, known: Store, backdoor: Backdoor) -> None:
        """A steward who has said so is not asked again."""
        await known.assert_non_match(Lookup("crm", "C1"), Lookup("crm", "C2"), actor="steward")
        await self.note(known, ID_A, CANARY)
        await self.note(known, ID_B, CANARY)
        assert self.shared(backdoor) == []
        assert await self.who(known) is None

    @pytest.mark.parametrize("fan_out", [1, 2])
    async def test_what_too_many_have_is_nobodys(self, store: Store, backdoor: Backdoor, fan_out: int) -> None:
        """The switchboard of a firm: stewards are not asked of ever more, and it is nobody's while a second has it."""
        await rows_of(store, [(f"cus_{n:032x}", {"crm": [f"C{n}"], "billing": [f"B{n}"]}) for n in range(4)])
        rules = IdentifierRules(fan_out=fan_out)
        for n in range(4):
            await store.note_identifiers(f"cus_{n:032x}", "crm", {EMAIL: [CANARY]}, rules=rules, actor="feed")
            assert await self.who(store) == (f"cus_{0:032x}" if n == 0 else None)
        await store.note_identifiers(f"cus_{1:032x}", "billing", {EMAIL: [CANARY]}, rules=rules, actor="feed")
        assert len(self.numbers(backdoor)) == 5
        assert len(self.shared(backdoor)) == fan_out - 1
        for n in range(3):
            assert await self.who(store) is None
            await store.forget_identifiers(f"cus_{n:032x}", actor="feed")
        assert await self.who(store) == f"cus_{3:032x}"
        assert (await store.verify()).holds

    async def test_what_very_many_have_is_not_read_through(self, known: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody is found then, whoever they are; each can still forget it, and does not note it twice."""
        await self.note(known, ID_A, CANARY)
        await self.note(known, ID_A, CANARY, source="billing")
        assert await self.who(known) == ID_A
        for place in (identifying, noting_identifiers):
            monkeypatch.setattr(place, "MOST_ROWS", 1)
        assert await self.who(known) is None
        before = await self.events(known)
        await self.note(known, ID_A, CANARY, source="billing")
        assert await self.events(known) == before
        await known.forget_identifiers(ID_A, "crm", {EMAIL: [CANARY]}, actor="feed")
        assert await self.who(known) == ID_A

    async def test_an_identifier_is_its_customers_at_the_moment_of_the_answer(
        self, known: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A merge is undone after it was found whose the identifier is, and before that one was read."""
        await self.note(known, ID_B, CANARY)
        merged = await known.merge(ID_B, ID_A, actor="steward")
        right = known._reader.resolve_many

        async def late(lookups: Sequence[Lookup], **more: bool) -> Sequence[Subject | None]:
            monkeypatch.setattr(known._reader, "resolve_many", right)
            await known.undo_merge(merged.seq, actor="steward")
            return await right(lookups, **more)

        monkeypatch.setattr(known._reader, "resolve_many", late)
        assert await self.who(known) == ID_B

    async def test_who_is_merged_meanwhile_is_found_as_who_it_is_then(
        self, known: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The answer is the survivor's, and no id was asked for that was replaced."""
        await self.note(known, ID_B, CANARY)
        right = known._reader.resolve_many

        async def late(lookups: Sequence[Lookup], **more: bool) -> Sequence[Subject | None]:
            monkeypatch.setattr(known._reader, "resolve_many", right)
            await known.merge(ID_B, ID_A, actor="steward")
            return await right(lookups, **more)

        monkeypatch.setattr(known._reader, "resolve_many", late)
        found = await known.resolve_many([Lookup(None, CANARY, EMAIL), Lookup("crm", "C2")])
        assert found[0] == found[1]
        assert found[0] is not None
        assert (found[0].customer_id, found[0].redirected) == (ID_A, False)

    async def test_whose_changes_every_time_is_nobodys(self, known: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is given up after some tries; what else was asked is answered."""
        await self.note(known, ID_B, CANARY)
        right, merges = known._reader.resolve_many, list[int]()

        async def late(lookups: Sequence[Lookup], **more: bool) -> Sequence[Subject | None]:
            found = await right(lookups, **more)
            if merges:
                await known.undo_merge(merges.pop(), actor="steward")
            else:
                merges.append((await known.merge(ID_B, ID_A, actor="steward")).seq)
            return found

        monkeypatch.setattr(known._reader, "resolve_many", late)
        found = await known.resolve_many([Lookup(None, CANARY, EMAIL), Lookup("billing", "B1")])
        assert [one and one.customer_id for one in found] == [None, ID_A]

    async def test_what_is_blocked_is_not_kept(self, known: Store, backdoor: Backdoor) -> None:
        """Mailboxes of nobody, numbers that fill a field, and what the rules name."""
        rules = IdentifierRules({EMAIL: ["info@", "@shop.example", "desk@example.org"], PHONE: ["+49 30 1234567"]})
        emails = [
            "noreply@example.org",
            "info@example.org",
            "anna@shop.example",
            "Desk@example.org",
            "anna@example.org",
        ]
        phones = ["+49 171 0000000", "+49 30 12345 67", "+49 30 1234568"]
        noted = await known.note_identifiers(ID_A, "crm", {EMAIL: emails, PHONE: phones}, rules=rules, actor="feed")
        assert noted.note == "6 not noted: the rules say they are nobody's"
        assert (await self.note(known, ID_A, "noreply@example.org")).note == "1 not noted: the rules say it is nobody's"
        assert (await self.note(known, ID_A, "anna@example.org")).note is None
        assert len(self.numbers(backdoor)) == 2
        assert await self.who(known, "anna@example.org") == ID_A
        assert await self.who(known, "noreply@example.org") is None

    async def test_nobody_is_found_by_what_is_blocked_since(
        self, known: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Others who have it are not noted any more, so that it would seem to be the one's who had it before."""
        await self.note(known, ID_A, CANARY)
        monkeypatch.setattr(known, "_rules", IdentifierRules({EMAIL: [CANARY]}))
        await self.note(known, ID_B, CANARY)
        assert await self.who(known) is None
        exported = await known.export(ID_B)
        assert exported is not None
        assert exported.identifiers == ()

    @pytest.mark.parametrize(
        ("kind", "value", "code"),
        [
            (EMAIL, "canary at example.org", RefusalCode.IDENTIFIER_INVALID),
            (PHONE, "0171 2345678", RefusalCode.IDENTIFIER_INVALID),
            (PHONE, "call canary", RefusalCode.IDENTIFIER_INVALID),
            (EMAIL, "canary@" + "x" * 400 + ".org", RefusalCode.IDENTIFIER_INVALID),
            (EMAIL, "canary\x00@example.org", RefusalCode.IDENTIFIER_INVALID),
        ],
    )
    async def test_what_cannot_be_one_is_refused(
        self, known: Store, kind: IdentifierType, value: str, code: RefusalCode
    ) -> None:
        """It is told which one, and not what it is; nothing is written. A look-up by it finds nobody."""
        before = await self.events(known)
        with pytest.raises(InputError) as caught:
            await known.note_identifiers(ID_A, "crm", {EMAIL: ["a@example.org"], kind: ["+491", value]}, actor="feed")
        assert caught.value.code is code
        assert "canary" not in str(caught.value)
        assert await self.events(known) == before
        assert await known.resolve_identifier(kind, value) is None

    async def test_a_place_is_told(self, known: Store) -> None:
        """Which of several is wrong, and how to mend it."""
        with pytest.raises(
            InputError, match=r"got what is no email at place 2; wanted: An e-mail address\. Correct it"
        ):
            await self.note(known, ID_A, "a@example.org", "b")
        with pytest.raises(InputError, match="two letters, such as DE"):
            await known.note_identifiers(ID_A, "crm", {PHONE: ["0171 2345678"]}, country="Germany", actor="feed")
        with pytest.raises(InputError, match="at most 50 identifiers"):
            await self.note(known, ID_A, *(f"{n}@example.org" for n in range(51)))

    async def test_whom_and_whence_have_to_be_known(self, known: Store, backdoor: Backdoor) -> None:
        """A customer, a source, and a key of theirs in it."""
        for customer, source, code in (
            (f"cus_{'f' * 32}", "crm", RefusalCode.CUSTOMER_UNKNOWN),
            (ID_A, "nowhere", RefusalCode.SOURCE_UNKNOWN),
            (ID_B, "billing", RefusalCode.LINK_UNKNOWN),
        ):
            with pytest.raises(InputError) as caught:
                await self.note(known, customer, CANARY, source=source)
            assert caught.value.code is code
        for status, conflict in (
            ("erased", ConflictCode.CUSTOMER_ERASED),
            ("retired", ConflictCode.CUSTOMER_RETIRED),
        ):
            close(backdoor, ID_B, status)
            with pytest.raises(ConflictError) as told:
                await self.note(known, ID_B, CANARY)
            assert told.value.conflict.code is conflict

    async def test_a_closed_customer_is_unknown_by_identifier(self, known: Store, backdoor: Backdoor) -> None:
        """As by key; another customer who has it too is then the only one."""
        await self.note(known, ID_A, CANARY)
        await self.note(known, ID_B, CANARY)
        close(backdoor, ID_B, "retired")
        assert await self.who(known) == ID_A
        close(backdoor, ID_A, "retired")
        assert await self.who(known) is None

    async def test_identifiers_go_with_a_merge(self, known: Store) -> None:
        """What was noted of the loser leads to the survivor, and no id was asked for that was replaced."""
        await self.note(known, ID_B, CANARY)
        await known.merge(ID_B, ID_A, actor="steward")
        found = await known.resolve_identifier(EMAIL, CANARY)
        assert found is not None
        assert (found.customer_id, found.redirected) == (ID_A, False)
        before = await self.events(known)
        await self.note(known, ID_A, CANARY)
        assert await self.events(known) == before
        await known.forget_identifiers(ID_A, actor="feed")
        assert await self.who(known) is None

    async def test_both_of_a_merge_are_one(self, known: Store) -> None:
        """What two customers shared is the one's who they are now."""
        await self.note(known, ID_A, CANARY)
        await self.note(known, ID_B, CANARY)
        await known.merge(ID_B, ID_A, actor="steward")
        assert await self.who(known) == ID_A

    async def test_identifiers_are_forgotten_by_source_and_by_value(self, known: Store) -> None:
        """What another source has shown too stays; forgetting again writes nothing."""
        await self.note(known, ID_A, CANARY, "second@example.org")
        await self.note(known, ID_A, CANARY, source="billing")
        await known.forget_identifiers(ID_A, "crm", {EMAIL: ["Second@example.org"]}, actor="feed")
        assert (await self.who(known), await self.who(known, "second@example.org")) == (ID_A, None)
        await known.forget_identifiers(ID_A, "crm", actor="feed")
        assert await self.who(known) == ID_A
        last = await known.forget_identifiers(ID_A, "billing", actor="feed")
        assert await self.who(known) is None
        before = await self.events(known)
        assert await known.forget_identifiers(ID_A, actor="feed") == last
        assert await known.forget_identifiers(ID_A, None, {EMAIL: [CANARY]}, actor="feed") == last
        assert await self.events(known) == before
        with pytest.raises(InputError) as caught:
            await known.forget_identifiers(f"cus_{'f' * 32}", actor="feed")
        assert caught.value.code is RefusalCode.CUSTOMER_UNKNOWN

    async def test_nobody_elses_are_forgotten(self, known: Store) -> None:
        """Another customer who has it too keeps it."""
        await self.note(known, ID_A, CANARY)
        await self.note(known, ID_B, CANARY)
        await known.forget_identifiers(ID_A, None, {EMAIL: [CANARY]}, actor="feed")
        assert await self.who(known) == ID_B

    async def test_what_came_with_keys_that_leave_is_forgotten(self, known: Store) -> None:
        """Of the sources of these keys, and where it is asked for of what was seen since."""
        seen = await self.note(known, ID_A, CANARY)
        await self.note(known, ID_A, "late@example.org")
        await self.note(known, ID_A, "third@example.org", source="billing")

        async def leave(since: int) -> None:
            await known._write(lambda ledger: forget_seen(ledger, Act("x"), ID_A, ["crm", "one"], since=since))

        await leave(seen.seq)
        emails = (CANARY, "late@example.org", "third@example.org")
        assert [await self.who(known, email) for email in emails] == [ID_A, None, ID_A]
        await leave(0)
        before = await self.events(known)
        await leave(0)
        assert [await self.who(known, email) for email in emails] == [None, None, ID_A]
        assert await self.events(known) == before

    @pytest.mark.parametrize("leave", ["unlink", "relink", "split"])
    async def test_identifiers_of_a_key_that_leaves_are_forgotten(self, known: Store, leave: str) -> None:
        """Nobody knows with which of the source's keys they came: the wrong person would be found."""
        await known.link("crm", "C3", ID_A, asserted_by="feed")
        await self.note(known, ID_A, CANARY)
        await self.note(known, ID_A, "second@example.org", source="billing")
        if leave == "unlink":
            await known.unlink("crm", "C3", actor="steward")
        elif leave == "relink":
            await known.relink("crm", "C3", ID_B, actor="steward")
        else:
            await known.split(ID_A, [("crm", "C3")], actor="steward")
        assert (await self.who(known), await self.who(known, "second@example.org")) == (None, ID_A)
        await self.events(known)

    async def test_erasing_leaves_nothing(self, known: Store, backdoor: Backdoor) -> None:
        """Neither digests nor what opens their commitments; the chain holds, and tells of them as erased."""
        await self.note(known, ID_A, CANARY)
        await self.note(known, ID_B, CANARY)
        await known.merge(ID_B, ID_A, actor="steward")
        await known._write(lambda ledger: erase_identifiers(ledger, ID_A))
        assert self.numbers(backdoor) == []
        assert backdoor("SELECT link_id FROM event_secret WHERE link_id LIKE 'idn%'") == []
        report = await known.verify_chain()
        assert (report.holds, report.erased) == (True, 2)

    async def test_tenants_do_not_share_identifiers(self, known: Store, open_for: Open, backdoor: Backdoor) -> None:
        """The same address has another digest in each, and leads to nobody in the other."""
        await self.note(known, ID_A, CANARY)
        other = await open_for("other")
        assert await self.who(other) is None
        await other.register_source(SourceSystem("crm"), actor="admin")
        await rows_of(other, [(ID_A, {"crm": ["C1"]})])
        await self.note(other, ID_A, CANARY)
        digests = {bytes(row[0]) for row in backdoor("SELECT digest FROM identifier_hash")}
        assert len(digests) == 2

    async def test_only_keyed_digests_are_kept(self, known: Store, backdoor: Backdoor) -> None:
        """Neither the value nor a digest that anybody can compute stands in any table that was written."""
        await known.note_identifiers(
            ID_A, "crm", {EMAIL: [CANARY], PHONE: [CANARY_PHONE]}, actor="feed", idempotency_key="k"
        )
        tables = ("xref_event", "event_secret", "identifier_hash", "match_candidate", "idempotency")
        written = repr([backdoor(f"SELECT * FROM {table}") for table in tables]).lower()
        for value in (CANARY, "+491712345678", "1712345678"):
            plain = hashlib.sha256(value.encode())
            for form in (value, plain.hexdigest(), base64.urlsafe_b64encode(plain.digest()).decode()[:40].lower()):
                assert form not in written

    async def test_no_repr_shows_an_identifier(self, known: Store) -> None:
        """Of what is handed in or out."""
        await self.note(known, ID_A, CANARY)
        lookup = Lookup(None, CANARY, EMAIL)
        rules = IdentifierRules({EMAIL: [CANARY]})
        for one in (lookup, rules, await known.resolve(lookup)):
            assert "canary" not in repr(one)
        assert repr(lookup) == "Lookup(identifier='email')"

    async def test_identifiers_need_a_secret(self, open_for: Open) -> None:
        """Without one they are neither noted nor looked up by, and never kept otherwise."""
        store = await open_for("plain", secrets=None)
        assert await store.resolve(Lookup(None, ID_A)) is None
        for call in (
            store.resolve_identifier(EMAIL, CANARY),
            store.wrap_identifiers(1, actor="admin"),
            store.retire_identifiers(1, actor="admin"),
        ):
            with pytest.raises(SecretError, match="secrets="):
                await call
