"""The part of the contract that concerns the versions of the secret with which identifiers are digested."""

from __future__ import annotations

import base64

import pytest

from adapters.crossref import HkdfSecrets, InputError, SecretError
from tests.adapters.crossref.contract import ID_A, ID_B, Backdoor, Open, Store, rows_of
from tests.adapters.crossref.contract_identifiers import CANARY, Identified

FIRST, SECOND, THIRD = (b"one secret of thirty-two bytes..", b"two secret of thirty-two bytes..", b"x" * 32)
BOTH, ALL = HkdfSecrets({1: FIRST, 2: SECOND}), HkdfSecrets({1: FIRST, 2: SECOND, 3: THIRD})


class RekeyingContract(Identified):
    """The part of the contract that concerns the versions of the secret with which identifiers are digested."""

    async def test_versions_rotate_as_identifiers_are_seen(
        self, known: Store, open_for: Open, backdoor: Backdoor
    ) -> None:
        """Look-ups find the same before, during and after; a retired version has no rows, and its secret may go."""
        await self.note(known, ID_A, CANARY)
        await self.note(known, ID_B, "other@example.org")
        both = await open_for(secrets=BOTH)
        assert [await self.who(both), await self.who(both, "other@example.org")] == [ID_A, ID_B]
        await self.note(both, ID_A, CANARY)
        assert self.numbers(backdoor) == [1, 2]
        assert await self.who(both) == ID_A
        assert await both.retire_identifiers(1, actor="admin") == 1
        assert self.numbers(backdoor) == [2]
        assert [await self.who(both), await self.who(both, "other@example.org")] == [ID_A, None]
        only = await open_for(secrets=HkdfSecrets({2: SECOND}))
        assert await self.who(only) == ID_A
        report = await only.verify()
        assert (report.holds, report.erased) == (True, 2)

    async def test_what_was_noted_of_an_id_that_was_merged_stays_its_own(
        self, known: Store, open_for: Open, backdoor: Backdoor
    ) -> None:
        """It is digested anew in its place, for the merge can be undone."""
        await self.note(known, ID_B, CANARY)
        await known.merge(ID_B, ID_A, actor="steward")
        await self.note(await open_for(secrets=BOTH), ID_A, CANARY)
        assert backdoor("SELECT customer_id, key_version FROM identifier_hash") == [(ID_B, 2)]

    async def test_a_shared_identifier_is_no_news_when_it_is_digested_anew(
        self, known: Store, open_for: Open, backdoor: Backdoor
    ) -> None:
        """A candidate that was decided is not opened again by a rotation."""
        await self.note(known, ID_A, CANARY)
        await self.note(known, ID_B, CANARY)
        backdoor("UPDATE match_candidate SET status = 'rejected', decided_by = 'steward', decided_seq = 9")
        both = await open_for(secrets=BOTH)
        await self.note(both, ID_A, CANARY)
        await self.note(both, ID_B, CANARY)
        assert self.numbers(backdoor) == [2, 2]
        assert len(self.shared(backdoor)) == 1
        assert await self.who(both) is None

    async def test_a_lost_secret_is_wrapped(self, known: Store, open_for: Open, backdoor: Backdoor) -> None:
        """Digests that it made are nowhere any more; look-ups find the same; noting again unwraps."""
        await self.note(known, ID_A, CANARY, "second@example.org")
        ((first,), _) = backdoor("SELECT digest FROM identifier_hash")
        both = await open_for(secrets=BOTH)
        assert await both.wrap_identifiers(1, actor="admin") == 2
        assert await both.wrap_identifiers(1, actor="admin") == 0
        assert self.numbers(backdoor) == [65536, 65536]
        text = base64.urlsafe_b64encode(bytes(first)).rstrip(b"=")
        assert bytes(first) not in [bytes(row[0]) for row in backdoor("SELECT digest FROM identifier_hash")]
        assert text not in [bytes(row[0]) for row in backdoor("SELECT key FROM event_secret")]
        assert [await self.who(both), await self.who(both, "second@example.org")] == [ID_A, ID_A]
        assert (await both.verify()).holds
        await self.note(both, ID_A, CANARY)
        assert self.numbers(backdoor) == [2, 65536]
        assert await self.who(both) == ID_A

    async def test_what_was_wrapped_can_be_wrapped_again(
        self, known: Store, open_for: Open, backdoor: Backdoor
    ) -> None:
        """And retired with the first of its secrets, or with any."""
        await self.note(known, ID_A, CANARY)
        both = await open_for(secrets=BOTH)
        await both.wrap_identifiers(1, actor="admin")
        await self.note(both, ID_B, "other@example.org")
        every = await open_for(secrets=ALL)
        assert await every.wrap_identifiers(2, actor="admin") == 2
        assert self.numbers(backdoor) == [65537, 65538]
        assert [await self.who(every), await self.who(every, "other@example.org")] == [ID_A, ID_B]
        assert await every.retire_identifiers(1, actor="admin") == 1
        assert [await self.who(every), await self.who(every, "other@example.org")] == [None, ID_B]
        with pytest.raises(SecretError, match=r"wanted also \[2\], with which identifiers were digested"):
            await open_for(secrets=HkdfSecrets({3: THIRD}))
        assert await every.retire_identifiers(2, actor="admin") == 1
        assert backdoor("SELECT key_version FROM identifier_version") == []
        await open_for(secrets=HkdfSecrets({3: THIRD}))

    async def test_many_are_wrapped_and_retired_in_parts(
        self, store: Store, open_for: Open, backdoor: Backdoor
    ) -> None:
        """Some hundreds a transaction; nothing is left out."""
        await rows_of(store, [(f"cus_{n:032x}", {"crm": [f"C{n}"]}) for n in range(13)])
        for n in range(13):
            await self.note(store, f"cus_{n:032x}", *(f"{n}.{one}@example.org" for one in range(50)))
        both = await open_for(secrets=BOTH)
        assert await both.wrap_identifiers(1, actor="admin") == 650
        assert await self.who(both, "12.49@example.org") == f"cus_{12:032x}"
        assert await both.retire_identifiers(1, actor="admin") == 650
        assert self.numbers(backdoor) == []
        assert (await both.verify()).holds

    @pytest.mark.parametrize("version", [0, 1, -1, 65536])
    async def test_the_version_in_use_is_neither_wrapped_nor_retired(self, known: Store, version: int) -> None:
        """Nor is what is no version."""
        for call in (known.wrap_identifiers, known.retire_identifiers):
            with pytest.raises(InputError, match="wanted one that was current before 1"):
                await call(version, actor="admin")

    async def test_a_version_that_digests_need_is_demanded(self, known: Store, open_for: Open) -> None:
        """Without it look-ups by those identifiers would find nobody, and nothing would be said."""
        await self.note(known, ID_A, CANARY)
        for secrets in (HkdfSecrets({2: SECOND}), None):
            with pytest.raises(SecretError):
                await open_for(secrets=secrets)
        await known.forget_identifiers(ID_A, actor="feed")
        await open_for(secrets=HkdfSecrets({2: SECOND}))
