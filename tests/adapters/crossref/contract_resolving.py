"""The part of the contract that concerns look-ups, tenants and sealed keys."""

from __future__ import annotations

import pytest
from rich.pretty import pretty_repr

from adapters.crossref import (
    CrossReference,
    InputError,
    KeyFormat,
    KeyMode,
    LinkedKey,
    Lookup,
    Restriction,
    SecretError,
    SourceSystem,
    StoreError,
)
from tests.adapters.crossref.contract import (
    ID_A,
    ID_B,
    Backdoor,
    CrossReferenceContract,
    Open,
    Store,
    close,
    keys_of,
    rows_of,
)


class ResolvingContract(CrossReferenceContract):
    """The part of the contract that concerns look-ups, tenants and sealed keys."""

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

    @pytest.mark.parametrize("key", ["O123", "x123", "1e23", "+123", "123#", "12\u00a03"])
    async def test_a_key_of_digits_swallows_nothing_that_could_be_another_persons(self, store: Store, key: str) -> None:
        """Separators alone are left out: what has anything else links nobody, is not loaded, and finds nobody."""
        await store.register_source(SourceSystem("tax", KeyFormat.DIGITS), actor="admin")
        standing = await self.link(store, "tax", "123")
        with pytest.raises(InputError, match="KEY_INVALID: got what is no digits key of tax; wanted 1 to 512 digits"):
            await self.link(store, "tax", key)
        report = await rows_of(store, [(None, {"tax": [key], "crm": ["C1"]}), (None, {"tax": ["1-2 3"]})])
        assert (report.created, report.links, report.counts) == (1, 1, {"KEY_INVALID": 1})
        found = await store.resolve_many([Lookup("tax", key), Lookup("tax", "12/3"), Lookup("crm", "C1")])
        assert found[0] is None
        assert found[1] is not None
        assert found[2] is not None
        assert found[1].customer_id == standing.customer != found[2].customer_id

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

    async def test_tenants_do_not_see_each_other(self, store: Store, open_for: Open) -> None:
        """The same key and the same id in another tenant are another customer, and each chain counts for itself."""
        other = await open_for("other")
        await other.register_source(SourceSystem("crm"), actor="admin")
        await rows_of(store, [(ID_A, {"crm": ["C1", "C2"]}), (ID_B, {})])
        await store.merge(ID_B, ID_A, actor="steward")
        assert await other.resolve_many([Lookup("crm", "C1"), Lookup(None, ID_A), Lookup(None, ID_B)]) == [None] * 3
        restriction = Restriction("r", frozenset({"Customer.name"}))
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
        """Nothing that is handed out prints a key, a terminal that prints pretty included."""
        made = await self.link(store, "crm", "CANARY")
        handed_out = (Lookup("crm", "CANARY"), await store.resolve(Lookup("crm", "CANARY")))
        for text in (repr(handed_out), pretty_repr(handed_out)):
            assert "CANARY" not in text
            assert made.customer in text
        assert "CANARY" not in repr(LinkedKey("CANARY", "lnk_1"))

    async def test_a_source_registered_elsewhere_is_known(self, store: Store, open_for: Open) -> None:
        """A store sees what another process registers and links, plain or sealed, without being opened again."""
        other = await open_for()
        for name, mode in (("new", KeyMode.PLAIN), ("box", KeyMode.SEALED)):
            await other.register_source(SourceSystem(name, key_mode=mode), actor="admin")
        made = await other.link("box", "B1", asserted_by="feed")
        found = await store.resolve(Lookup(None, made.customer))
        assert found is not None
        assert keys_of(found, "box") == ["B1"]
        assert (await self.link(store, "new", "N1", made.customer)).customer == made.customer
        found = await store.resolve(Lookup("new", "N1"))
        assert found is not None
        assert found.customer_id == made.customer

    async def test_a_closed_store_says_so(self, open_for: Open) -> None:
        """After close every call is a StoreError; closing again is none."""
        store = await open_for("closed")
        await store.aclose()
        await store.aclose()
        for call in (store.resolve(Lookup("crm", "C1")), store.resolve_many([]), self.link(store, "crm", "C1")):
            with pytest.raises(StoreError):
                await call
        with pytest.raises(StoreError):
            await store.verify_chain()

    async def test_a_sealed_source_needs_a_secret(self, store: Store, open_for: Open) -> None:
        """Without secrets a sealed source cannot be registered, and a store that has one is not opened."""
        with pytest.raises(SecretError, match="secrets="):
            await open_for(secrets=None)
        plain = await open_for("plain", secrets=None)
        with pytest.raises(SecretError, match="secrets="):
            await plain.register_source(SourceSystem("mail", KeyFormat.LOWER, KeyMode.SEALED), actor="admin")
