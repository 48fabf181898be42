"""The part of the contract that concerns secrets: those with which live keys are sealed are demanded on opening."""

from __future__ import annotations

import pytest

from adapters.crossref import HkdfSecrets, Lookup, SecretError, Secrets
from tests.adapters.crossref.contract import SECRETS, Backdoor, CrossReferenceContract, Open, Store, close

FIRST, SECOND, OTHER = (b"one secret of thirty-two bytes..", b"two secret of thirty-two bytes..", b"x" * 32)
PERSON = "canary.person@example.org"


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
        for version in (2, 10, 11):
            opened = await open_for(secrets=HkdfSecrets({1: FIRST, 2: SECOND, 10: SECOND, 11: FIRST}))
            opened._keyring._secrets = HkdfSecrets({version: SECOND if version != 11 else FIRST})
            for number in range(3):
                await self.link(opened, "mail", f"{version}.{number}@example.org")
        await self.link(store, "mail", PERSON)
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
