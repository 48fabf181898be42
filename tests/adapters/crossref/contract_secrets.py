"""The part of the contract that concerns secrets: those with which live keys are sealed are demanded on opening."""

from __future__ import annotations

import pytest

from adapters.crossref import HkdfSecrets, IdentifierType, KeyNews, Lookup, SecretError, Secrets, SourceSystem
from tests.adapters.crossref.contract import (
    SECRETS,
    SOURCES,
    START,
    Backdoor,
    CrossReferenceContract,
    Open,
    Store,
    close,
)

FIRST, SECOND, OTHER = (b"one secret of thirty-two bytes..", b"two secret of thirty-two bytes..", b"x" * 32)
PERSON = "canary.person@example.org"
OLD, NEW = HkdfSecrets({1: FIRST}), HkdfSecrets({1: FIRST, 2: SECOND})
READY = HkdfSecrets({1: FIRST, 2: SECOND}, current=1)
"""Has the new secret, and does not write with it yet."""


class SecretsContract(CrossReferenceContract):
    """The part of the contract that concerns secrets."""

    async def refused(self, open_for: Open, secrets: Secrets | None) -> str:
        """Open with secrets that are refused; return what is said, which holds neither a secret nor a key."""
        with pytest.raises(SecretError) as caught:
            await open_for(secrets=secrets)
        said = str(caught.value)
        assert caught.value.__cause__ is None
        assert not any(word in said for word in ("thirty-two", "xxx", "canary"))
        return said

    async def test_a_new_secret_finds_what_the_old_one_sealed(self, store: Store, open_for: Open) -> None:
        """With a second version at hand old keys are found, read, and not linked twice."""
        made = await self.link(store, "mail", PERSON)
        both = await open_for(secrets=HkdfSecrets({1: FIRST, 2: SECOND}))
        assert await self.link(both, "mail", PERSON) == made
        found = await both.resolve(Lookup("mail", PERSON))
        assert found is not None
        assert found.keys["mail"][0].key == PERSON

    async def test_a_version_that_live_keys_need_is_demanded(self, store: Store, open_for: Open) -> None:
        """Without it look-ups by those keys would find nobody, and nothing would be said."""
        await self.link(store, "mail", PERSON)
        assert await self.refused(open_for, HkdfSecrets({2: SECOND, 7: OTHER})) == (
            "got secrets of the versions [2, 7]; wanted also [1], with which live keys are sealed: "
            "give them back beside the others"
        )
        assert "open the cross-reference with secrets=" in await self.refused(open_for, None)

    async def test_every_version_is_demanded(self, store: Store, open_for: Open) -> None:
        """Versions of one digit and of two, of one source with many keys: all are found, and all are asked for."""
        await self.link(store, "mail", PERSON)
        for version in (2, 10, 11):
            opened = await open_for(secrets=HkdfSecrets({1: FIRST, 2: SECOND, 10: SECOND, 11: FIRST}, version))
            for number in range(3):
                await self.link(opened, "mail", f"{version}.{number}@example.org")
        assert "wanted also [1, 10, 11]," in await self.refused(open_for, HkdfSecrets({2: SECOND}))
        assert "wanted also [2]," in await self.refused(open_for, HkdfSecrets({1: FIRST, 10: SECOND, 11: FIRST}))
        opened = await open_for(secrets=HkdfSecrets({1: FIRST, 2: SECOND, 10: SECOND, 11: FIRST}))
        assert await opened.resolve(Lookup("mail", "10.2@example.org")) is not None

    async def test_another_secret_under_the_same_version_is_refused(self, store: Store, open_for: Open) -> None:
        """One key of each version is opened, to see."""
        await self.link(store, "mail", PERSON)
        assert (await self.refused(open_for, HkdfSecrets({1: OTHER}))).startswith(
            "got another secret of version 1 than the one that sealed the keys of mail; wanted that one: "
        )

    async def test_versions_of_keys_that_live_no_more_are_not_demanded(
        self, store: Store, open_for: Open, backdoor: Backdoor
    ) -> None:
        """An old secret may go when nothing that is looked up needs it."""
        made = await self.link(store, "mail", PERSON)
        close(backdoor, made.customer, "erased")
        opened = await open_for(secrets=HkdfSecrets({2: SECOND}))
        assert await opened.resolve(Lookup("mail", PERSON)) is None

    @pytest.mark.parametrize(
        ("change", "values", "said"),
        [
            ("key_lookup = 'canary'", (), "got a sealed key of mail without a version"),
            ("key_lookup = 'v0:canary'", (), "got a sealed key of mail without a version"),
            ("key_sealed = NULL", (), "got another secret of version 1"),
            ("key_sealed = ?", (b"\x00\x01\xff",), "got another secret of version 1"),
        ],
    )
    async def test_links_that_something_else_changed_are_told(
        self, store: Store, open_for: Open, backdoor: Backdoor, change: str, values: tuple[object, ...], said: str
    ) -> None:
        """What the tables hold is checked as everything is."""
        await self.link(store, "mail", PERSON)
        backdoor(f"UPDATE link SET {change}", *values)
        assert said in await self.refused(open_for, SECRETS)

    async def test_other_tenants_need_none_of_it(self, store: Store, open_for: Open) -> None:
        """The secrets of a tenant are for its own keys."""
        await self.link(store, "mail", PERSON)
        await open_for("other", secrets=None)
        await open_for(secrets=SECRETS)

    async def test_another_secret_is_refused_where_identifiers_alone_are_kept(
        self, store: Store, open_for: Open, backdoor: Backdoor
    ) -> None:
        """With it nobody would be found by them, and nothing would be said."""
        person = await self.link(store, "crm", "C1")
        await store.note_identifiers(person.customer, "crm", {IdentifierType.EMAIL: [PERSON]}, actor="feed")
        assert (await self.refused(open_for, HkdfSecrets({1: OTHER}))) == (
            "got another secret of version 1 than the one with which identifiers were digested; wanted that one: "
            "give it back under its version, and a new one under a new version"
        )
        both = await open_for(secrets=HkdfSecrets({1: FIRST, 2: SECOND}))
        assert await both.wrap_identifiers(1, actor="admin") == 1
        for wrong in ({1: FIRST, 2: OTHER}, {1: OTHER, 2: SECOND}):
            assert "got another secret of version" in await self.refused(open_for, HkdfSecrets(wrong))
        again = await open_for(secrets=HkdfSecrets({1: FIRST, 2: SECOND}))
        assert await again.resolve_identifier(IdentifierType.EMAIL, PERSON) is not None
        held = backdoor("SELECT secret_marks FROM tenant WHERE tenant_id = 'default'")
        assert "canary" not in str(held)

    async def test_two_secrets_of_one_version_do_not_digest_beside_each_other(
        self, store: Store, open_for: Open
    ) -> None:
        """Of two processes that were opened before anything was digested the second is refused, until all is gone."""
        person = await self.link(store, "crm", "C1")
        wrong = await open_for(secrets=HkdfSecrets({1: OTHER}))
        shown = {IdentifierType.EMAIL: [PERSON]}
        await store.note_identifiers(person.customer, "crm", shown, actor="feed")
        with pytest.raises(SecretError, match="got another secret of version 1"):
            await wrong.note_identifiers(person.customer, "crm", {IdentifierType.EMAIL: ["b@example.org"]}, actor="x")
        await store.forget_identifiers(person.customer, actor="feed")
        await wrong.note_identifiers(person.customer, "crm", shown, actor="feed")
        assert (await wrong.resolve_identifier(IdentifierType.EMAIL, PERSON)) is not None

    async def test_two_with_different_secrets_never_double_a_key(self, store: Store, open_for: Open) -> None:
        """Who lacks the secret that another has written with is refused, in writing and in looking up; nothing is
        written by it, and it says which secret is wanted."""
        anna = await self.link(store, "crm", "C1")
        behind, ahead = await open_for(secrets=OLD), await open_for(secrets=NEW)
        made = await self.link(ahead, "mail", PERSON)
        events = await self.events(ahead)
        wanted = r"^got secrets of the versions \[1\]; wanted also \[2\], with which another process has written: "
        for call in (
            self.link(behind, "mail", PERSON),
            self.link(behind, "mail", PERSON, anna.customer),
            self.link(behind, "crm", "C2"),
            behind.unlink("crm", "C1", actor="t"),
            behind.merge(made.customer, anna.customer, actor="t"),
            behind.preview_merge(made.customer, anna.customer),
            behind.erase(made.customer, actor="t"),
            behind.hear([KeyNews("lnk_" + "0" * 32)], actor="t"),
            behind.resolve(Lookup("mail", PERSON)),
            behind.resolve_many([Lookup("crm", "C1"), Lookup("mail", "nobody@example.org")]),
            behind.resolve(Lookup("mail", PERSON), START),
            behind.history(Lookup("mail", PERSON)),
            behind.export(Lookup("mail", PERSON)),
        ):
            with pytest.raises(SecretError, match=wanted):
                await call
        assert await behind.resolve(Lookup("crm", "C1")) is not None
        assert await self.events(ahead) == events
        await self.refused(open_for, OLD)
        found = await ahead.resolve(Lookup("mail", PERSON))
        assert found is not None
        assert found.customer_id == made.customer

    async def test_two_secrets_of_one_version_never_double_a_key(self, store: Store, open_for: Open) -> None:
        """Of two who were opened before anything was sealed, who comes second is refused, in writing and in looking
        up; when nothing is in use any more that the other has sealed, the secret may be another one."""
        wrong, anna = await open_for(secrets=HkdfSecrets({1: OTHER})), await self.link(store, "crm", "C1")
        assert await wrong.resolve(Lookup("mail", PERSON)) is None
        await self.link(wrong, "crm", "C2")
        made = await self.link(store, "mail", PERSON)
        events = await self.events(store)
        wanted = r"^got another secret of version 1 than the one that sealed the keys of mail; wanted that one: "
        for call in (
            self.link(wrong, "mail", PERSON),
            self.link(wrong, "mail", PERSON, anna.customer),
            self.link(wrong, "crm", "C3"),
            wrong.merge(made.customer, anna.customer, actor="t"),
            wrong.hear([KeyNews("lnk_" + "0" * 32)], actor="t"),
            wrong.resolve(Lookup("mail", PERSON)),
            wrong.resolve_many([Lookup("crm", "C1"), Lookup("mail", PERSON)]),
            wrong.resolve(Lookup("mail", PERSON), START),
            wrong.history(Lookup("mail", PERSON)),
        ):
            with pytest.raises(SecretError, match=wanted):
                await call
        assert await self.events(store) == events
        assert await wrong.resolve(Lookup("crm", "C1")) is not None
        await store.erase(made.customer, actor="t")
        await self.link(wrong, "mail", PERSON)
        with pytest.raises(SecretError, match=wanted):
            await store.resolve(Lookup("mail", PERSON))

    async def test_who_has_another_secret_of_one_version_is_told_so_when_looking_up(
        self, store: Store, open_for: Open
    ) -> None:
        """By an identifier too, where nobody would be found."""
        wrong, person = await open_for(secrets=HkdfSecrets({1: OTHER})), await self.link(store, "crm", "C1")
        await store.note_identifiers(person.customer, "crm", {IdentifierType.EMAIL: [PERSON]}, actor="feed")
        with pytest.raises(SecretError, match="got another secret of version 1 than the one with which identifiers"):
            await wrong.resolve_identifier(IdentifierType.EMAIL, PERSON)

    async def test_two_with_different_secrets_never_double_an_identifier(self, store: Store, open_for: Open) -> None:
        """Who lacks the secret finds by an identifier neither nobody nor the one of two whom it can see."""
        one, other = await self.link(store, "crm", "C1"), await self.link(store, "crm", "C2")
        behind, ahead = await open_for(secrets=OLD), await open_for(secrets=NEW)
        mail = {IdentifierType.EMAIL: [PERSON]}
        await behind.note_identifiers(one.customer, "crm", mail, actor="t")
        await ahead.note_identifiers(other.customer, "crm", mail, actor="t")
        assert await ahead.resolve_identifier(IdentifierType.EMAIL, PERSON) is None
        with pytest.raises(SecretError, match=r"wanted also \[2\]"):
            await behind.resolve_identifier(IdentifierType.EMAIL, PERSON)
        with pytest.raises(SecretError, match=r"wanted also \[2\]"):
            await behind.note_identifiers(one.customer, "crm", mail, actor="t")

    async def test_a_new_secret_comes_in_two_steps_and_nobody_stops(self, store: Store, open_for: Open) -> None:
        """Every process has it first and writes with the old one; then one after the other writes with the new one."""
        before, ready = await open_for(secrets=OLD), await open_for(secrets=READY)
        made = await self.link(ready, "mail", PERSON)
        assert await self.link(before, "mail", PERSON) == made
        other, ahead = await open_for(secrets=READY), await open_for(secrets=NEW)
        moved = await ahead.link("mail", "second@example.org", asserted_by="t", idempotency_key="one")
        await other.unlink("mail", "second@example.org", actor="t")
        assert await other.link("mail", "second@example.org", asserted_by="t", idempotency_key="one") == moved
        third = await self.link(other, "mail", "third@example.org")
        assert await self.link(ahead, "mail", "third@example.org") == third
        for one in (other, ahead):
            found = await one.resolve_many([Lookup("mail", f"{key}@example.org") for key in ("second", "third")])
            assert [subject and subject.customer_id for subject in found] == [None, third.customer]
        assert (await ahead.verify()).holds

    async def test_an_idempotency_key_counts_once_whatever_the_secrets(self, open_for: Open) -> None:
        """Who has no secret is refused once others write with one; what was answered before there was one is answered
        as it was."""
        bare, sealed = await open_for("plain", secrets=None), await open_for("plain", secrets=OLD)
        await bare.register_source(SourceSystem("crm"), actor="t")
        made = await bare.link("crm", "C1", asserted_by="t", idempotency_key="one")
        await sealed.unlink("crm", "C1", actor="t")
        assert await sealed.link("crm", "C1", asserted_by="t", idempotency_key="one") == made
        assert await sealed.resolve(Lookup("crm", "C1")) is None
        with pytest.raises(SecretError, match="got an idempotency key and no secret"):
            await bare.link("crm", "C1", asserted_by="t", idempotency_key="two")
        await self.link(bare, "crm", "C1")

    async def test_who_dropped_a_secret_is_refused_when_it_is_written_with_again(
        self, store: Store, open_for: Open
    ) -> None:
        """Nothing was in use that it had sealed; now something is."""
        only, both = await open_for(secrets=HkdfSecrets({2: SECOND})), await open_for(secrets=READY)
        assert await only.resolve(Lookup("mail", PERSON)) is None
        await self.link(only, "mail", "second@example.org")
        assert await only.resolve(Lookup("mail", PERSON)) is None
        await self.link(both, "mail", PERSON)
        for call in (only.resolve(Lookup("mail", PERSON)), self.link(only, "mail", PERSON)):
            with pytest.raises(SecretError, match=r"wanted also \[1\], with which live keys are sealed"):
                await call

    async def test_a_key_of_two_customers_is_nobodys(self, store: Store, open_for: Open, backdoor: Backdoor) -> None:
        """However it came about: the keys of the two are never mixed, and verify tells of it."""
        one, other = await self.link(store, "crm", "C1"), await self.link(store, "crm", "C2")
        await self.link(store, "mail", PERSON, one.customer)
        both = await open_for(secrets=NEW)
        await self.link(both, "mail", "other@example.org", other.customer)
        source = next(source for source in SOURCES if source.name == "mail")
        kept = both._keyring.kept(source, PERSON)
        backdoor(
            "UPDATE link SET key_lookup = ?, key_sealed = ? WHERE source_id = 'mail' AND customer_id = ?",
            *(kept.lookup, kept.sealed, other.customer),
        )
        for lookups in ([Lookup("mail", PERSON)], [Lookup("crm", "C1"), Lookup("mail", PERSON)]):
            assert (await both.resolve_many(lookups))[-1] is None
            assert (await both.resolve_many(lookups, START))[-1] is None
        assert await both.export(Lookup("mail", PERSON)) is None
        assert list(await both.history(Lookup("mail", PERSON))) == []
        texts = [problem.text for problem in (await both.verify()).problems]
        assert "link: the same key stands in another link too; unlink it until it stands once" in texts
        for _ in range(2):
            await both.unlink("mail", PERSON, actor="t")
        again = await self.link(both, "mail", PERSON, one.customer)
        found = await both.resolve(Lookup("mail", PERSON))
        assert found is not None
        assert found.customer_id == again.customer

    async def test_verify_tells_a_secret_that_is_not_at_hand_from_tampering(
        self, store: Store, open_for: Open, backdoor: Backdoor
    ) -> None:
        """Once for each version, whatever it has sealed; given back, all is well. What was changed is told besides."""
        made = await self.link(store, "mail", PERSON)
        await store.unlink("mail", PERSON, actor="t")
        only = await open_for(secrets=HkdfSecrets({2: SECOND}))
        await self.link(only, "mail", "other@example.org")
        for report in (await only.verify_chain(), await only.verify()):
            assert [problem.text for problem in report.problems] == [
                "this and perhaps more cannot be opened, and is not checked, without version 1 of the secret; "
                "give it back beside the others"
            ]
            assert (report.holds, report.lacking) == (False, (1,))
        again = await (await open_for(secrets=NEW)).verify()
        assert (again.holds, again.lacking) == (True, ())
        backdoor("UPDATE link SET asserted_by = 'nobody' WHERE customer_id = ?", made.customer)
        assert "asserted_by" in (await only.verify()).problems[-1].text

    async def test_what_claims_another_secret_is_a_problem(
        self, store: Store, open_for: Open, backdoor: Backdoor
    ) -> None:
        """Who changes a row cannot hide it behind a version that never was."""
        await self.link(store, "mail", PERSON)
        for table, column in (("event_secret", "key"), ("event_secret", "salt"), ("link", "key_sealed")):
            ((before,),) = backdoor(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
            backdoor(f"UPDATE {table} SET {column} = ? WHERE {column} IS NOT NULL", b"\x00\x09" + bytes(before)[2:])
            report = await store.verify()
            assert (report.holds, report.lacking) == (False, (9,))
            backdoor(f"UPDATE {table} SET {column} = ? WHERE {column} IS NOT NULL", bytes(before))
        assert (await store.verify()).holds

    async def test_one_link_that_does_not_open_leaves_other_news_be(self, store: Store, backdoor: Backdoor) -> None:
        """It is left out, and what else was heard is asked of a steward."""
        made = await self.link(store, "crm", "C1")
        await self.link(store, "mail", PERSON, made.customer)
        subject = await store.resolve(Lookup("crm", "C1"))
        assert subject is not None
        links = [subject.keys[source][0].link_id for source in ("mail", "crm")]
        backdoor("UPDATE link SET key_sealed = ? WHERE link_id = ?", b"\x00\x01" + bytes(40), links[0])
        heard = await store.hear([KeyNews(link) for link in links], actor="t")
        assert (heard.opened, heard.left_out) == (1, 1)
