"""Opening with secrets that are not those which live keys are sealed with: refused, ahead of every look-up."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.crossref import HkdfSecrets, Lookup, SecretError, Secrets, SqliteCrossReference
from tests.adapters.crossref.conftest import SECRETS
from tests.adapters.crossref.contract import Backdoor, Store, close

FIRST, SECOND, OTHER = (b"one secret of thirty-two bytes..", b"two secret of thirty-two bytes..", b"x" * 32)
PERSON = "canary.person@example.org"


def refused(path: Path, secrets: Secrets | None) -> str:
    """Open with secrets that are refused; return what is said, which holds neither a secret nor a key."""
    with pytest.raises(SecretError) as caught:
        SqliteCrossReference.open(path, secrets=secrets)
    said = str(caught.value)
    assert caught.value.__cause__ is None
    assert not any(word in said for word in ("thirty-two", "xxx", "canary"))
    return said


async def test_a_version_that_live_keys_need_is_demanded(store: Store, path: Path) -> None:
    """Without it look-ups by those keys would find nobody, and nothing would be said."""
    await store.link("mail", PERSON, asserted_by="feed")
    assert refused(path, HkdfSecrets({2: SECOND, 7: OTHER})) == (
        "got secrets of the versions [2, 7]; wanted also [1], with which live keys are sealed: "
        "give them back beside the others"
    )
    assert "open the cross-reference with secrets=" in refused(path, None)


async def test_every_version_is_demanded(store: Store, path: Path, stores: list[Store]) -> None:
    """Versions of one digit and of two, of one source with many keys: all are found, and all are asked for."""
    for version in (2, 10, 11):
        stores.append(
            SqliteCrossReference.open(path, secrets=HkdfSecrets({1: FIRST, 2: SECOND, 10: SECOND, 11: FIRST}))
        )
        stores[-1]._keyring._secrets = HkdfSecrets({version: SECOND if version != 11 else FIRST})
        for number in range(3):
            await stores[-1].link("mail", f"{version}.{number}@example.org", asserted_by="feed")
    await store.link("mail", PERSON, asserted_by="feed")
    assert "wanted also [1, 10, 11]," in refused(path, HkdfSecrets({2: SECOND}))
    assert "wanted also [2]," in refused(path, HkdfSecrets({1: FIRST, 10: SECOND, 11: FIRST}))
    stores.append(SqliteCrossReference.open(path, secrets=HkdfSecrets({1: FIRST, 2: SECOND, 10: SECOND, 11: FIRST})))
    assert await stores[-1].resolve(Lookup("mail", "10.2@example.org")) is not None


async def test_another_secret_under_the_same_version_is_refused(store: Store, path: Path) -> None:
    """One key of each version is opened, to see."""
    await store.link("mail", PERSON, asserted_by="feed")
    assert refused(path, HkdfSecrets({1: OTHER})).startswith(
        "got another secret of version 1 than the one that sealed the keys of mail; wanted that one: "
    )


async def test_versions_of_keys_that_live_no_more_are_not_demanded(
    store: Store, path: Path, backdoor: Backdoor, stores: list[Store]
) -> None:
    """An old secret may go when nothing that is looked up needs it."""
    made = await store.link("mail", PERSON, asserted_by="feed")
    close(backdoor, made.customer, "erased")
    stores.append(SqliteCrossReference.open(path, secrets=HkdfSecrets({2: SECOND})))
    assert await stores[-1].resolve(Lookup("mail", PERSON)) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("key_lookup = 'canary'", "got a sealed key of mail without a version"),
        ("key_lookup = 'v0:canary'", "got a sealed key of mail without a version"),
        ("key_sealed = NULL", "got another secret of version 1"),
        ("key_sealed = x'0001ff'", "got another secret of version 1"),
    ],
)
async def test_links_that_something_else_changed_are_told(
    store: Store, path: Path, backdoor: Backdoor, change: str, said: str
) -> None:
    """What the tables hold is checked as everything is."""
    await store.link("mail", PERSON, asserted_by="feed")
    backdoor(f"UPDATE link SET {change}")
    assert said in refused(path, SECRETS)


async def test_other_tenants_need_none_of_it(store: Store, path: Path, stores: list[Store]) -> None:
    """The secrets of a tenant are for its own keys."""
    await store.link("mail", PERSON, asserted_by="feed")
    stores.append(SqliteCrossReference.open(path, tenant="other"))
    stores.append(SqliteCrossReference.open(path, secrets=SECRETS))
