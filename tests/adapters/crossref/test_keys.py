"""Keys in their normal forms, sealed and opened, and ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adapters.crossref
from adapters.crossref import HkdfSecrets, KeyFormat, KeyMode, SecretError, SourceSystem
from adapters.crossref.ids import is_customer_id, new_id
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.keys.secrets import decrypt, encrypt

MAIL = SourceSystem("mail", KeyFormat.LOWER, KeyMode.SEALED)
SECRETS = HkdfSecrets({1: b"1" * 32, 2: b"2" * 40})
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "key", "normal"),
    [
        (KeyFormat.OPAQUE, " aB ", " aB "),
        (KeyFormat.LOWER, " Anna@Example.ORG\n", "anna@example.org"),
        (KeyFormat.DIGITS, "12-34/5", "12345"),
        (KeyFormat.DIGITS, " (100) 1.2,3'4-5/6\t7\n", "1001234567"),
        (KeyFormat.DIGITS, "O123", None),
        (KeyFormat.DIGITS, "x12", None),
        (KeyFormat.DIGITS, "1.5e3", None),
        (KeyFormat.DIGITS, "+12", None),
        (KeyFormat.DIGITS, "1_2", None),
        (KeyFormat.DIGITS, "12\0", None),
        (KeyFormat.DIGITS, "-", None),
        (KeyFormat.LOWER, "\u212aIM\u00c4", "\u212aim\u00c4"),
        (KeyFormat.LOWER, "\u0130x\u017f", "\u0130x\u017f"),
        (KeyFormat.LOWER, "\u00a0anna", None),
        (KeyFormat.LOWER, "\u3000anna\u2028", None),
        (KeyFormat.LOWER, "\x1canna", None),
        (KeyFormat.DIGITS, "١٢٣", None),
        (KeyFormat.DIGITS, "1٢3", None),
        (KeyFormat.DIGITS, "12\uff13", None),
        (KeyFormat.DIGITS, "100\u00a0001", None),
        (KeyFormat.UUID, "\u00a00189ab3c-0000-7000-8000-0123456789ab", None),
        (KeyFormat.UUID, "0189ab3c-0000-7000-8000-0123456789\uff41\uff42", None),
        (KeyFormat.DIGITS, "none", None),
        (KeyFormat.UUID, "0189AB3C-0000-7000-8000-0123456789AB", "0189ab3c-0000-7000-8000-0123456789ab"),
        (KeyFormat.UUID, " 0189ab3c00007000800001234 56789ab", None),
        (KeyFormat.UUID, "0189ab3c000070008000 0123456789ab".replace(" ", ""), "0189ab3c-0000-7000-8000-0123456789ab"),
        (KeyFormat.UUID, "{0189ab3c-0000-7000-8000-0123456789ab}", None),
        (KeyFormat.OPAQUE, "a\tb", None),
        (KeyFormat.OPAQUE, "\ud800", None),
        (KeyFormat.OPAQUE, "", None),
        (KeyFormat.OPAQUE, "x" * 512, "x" * 512),
        (KeyFormat.OPAQUE, "x" * 513, None),
        (KeyFormat.DIGITS, "1" + "-" * 1024, None),
    ],
)
def test_a_key_has_one_normal_form(form: KeyFormat, key: str, normal: str | None) -> None:
    """Spellings of one key become one text; what cannot be a key becomes none."""
    assert form.normal(key) == normal


@given(form=st.sampled_from(KeyFormat), key=st.text(max_size=40))
def test_a_normal_form_is_its_own(form: KeyFormat, key: str) -> None:
    """Bringing a normal form into normal form changes nothing."""
    normal = form.normal(key)
    assert normal is None or form.normal(normal) == normal


def test_derived_keys_differ_by_use_and_version() -> None:
    """One secret gives 32 bytes for each use and version, always the same."""
    made = {SECRETS.derive(use, version=version) for use in ("a", "b") for version in (1, 2)}
    assert {len(key) for key in made} == {32}
    assert len(made) == 4
    assert SECRETS.derive("a") == SECRETS.derive("a", version=2)
    assert (SECRETS.current_version, SECRETS.versions) == (2, (2, 1))


def test_the_current_version_is_the_highest_or_the_one_named() -> None:
    """It comes first of all; one that is not at hand is refused."""
    versions = {1: b"1" * 32, 2: b"2" * 32, 3: b"3" * 32}
    assert HkdfSecrets(versions, 2).versions == (2, 3, 1)
    assert Keyring("one", HkdfSecrets(versions, 1)).kept(MAIL, "a@example.org").lookup.startswith("v1:")
    with pytest.raises(SecretError, match=r"got 4 as the current version; wanted one of \[1, 2, 3\]"):
        HkdfSecrets(versions, 4)


@pytest.mark.parametrize("versions", [{}, {0: b"x" * 32}, {65536: b"x" * 32}, {1: b"x" * 31}])
def test_poor_secrets_are_refused(versions: dict[int, bytes]) -> None:
    """A secret is 32 bytes or more, its version a number that fits two bytes; the message holds no secret."""
    with pytest.raises(SecretError) as caught:
        HkdfSecrets(versions)
    assert "xxx" not in str(caught.value)


def test_an_unknown_version_is_told() -> None:
    """A version that is not at hand cannot be derived from."""
    with pytest.raises(SecretError, match="got version 3"):
        SECRETS.derive("a", version=3)


@pytest.mark.parametrize("sealed", [b"", b"short", b"\x00" * 60])
def test_what_was_not_sealed_does_not_open(sealed: bytes) -> None:
    """Cut, forged and empty ciphertexts are refused alike."""
    with pytest.raises(SecretError, match="does not open"):
        decrypt(b"k" * 32, sealed, b"here")


def test_a_sealed_value_opens_only_where_it_belongs() -> None:
    """The ciphertext is bound to its place and to its key."""
    sealed = encrypt(b"k" * 32, b"value", b"here")
    assert decrypt(b"k" * 32, sealed, b"here") == b"value"
    for key, place in ((b"k" * 32, b"there"), (b"x" * 32, b"here")):
        with pytest.raises(SecretError):
            decrypt(key, sealed, place)


def test_sealed_keys_differ_by_tenant_and_source() -> None:
    """The same key has another look-up form in every tenant and source, and its ciphertext opens only in its own."""
    other = SourceSystem("other", KeyFormat.LOWER, KeyMode.SEALED)
    kept = Keyring("one", SECRETS).kept(MAIL, "a@example.org")
    forms = {kept.lookup, Keyring("two", SECRETS).kept(MAIL, "a@example.org").lookup}
    assert len(forms | {Keyring("one", SECRETS).kept(other, "a@example.org").lookup}) == 3
    assert kept.lookup.startswith("v2:")
    assert "example" not in repr(kept)
    assert Keyring("one", SECRETS).read(MAIL, kept) == "a@example.org"
    for ring, source in ((Keyring("two", SECRETS), MAIL), (Keyring("one", SECRETS), other)):
        with pytest.raises(SecretError):
            ring.read(source, kept)


def test_new_ids_are_in_order_of_time_and_opaque() -> None:
    """Ids sort by the time they were given, never repeat, and pass for canonical ids."""
    made = [new_id("cus", NOW + timedelta(milliseconds=n // 10)) for n in range(1000)]
    assert len(set(made)) == 1000
    assert sorted(made, key=lambda one: one[:16]) == made
    assert all(map(is_customer_id, made))
    assert {one[16] for one in made} == {"7"}
    assert {one[20] for one in made} <= set("89ab")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("cus_0189ab3c00007000800001234567890a", True),
        ("0189ab3c-0000-7000-8000-01234567890a", True),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", True),
        ("anna.smith@example.org", False),
        ("cus_12345", False),
        ("Anna Smith", False),
        ("cus_0189ab3c00007000800001234567890a\n", False),
        ("", False),
    ],
)
def test_a_canonical_id_is_opaque(text: str, fits: bool) -> None:
    """Only the forms of random ids are canonical ids."""
    assert is_customer_id(text) is fits


def test_the_face_lists_what_is_offered() -> None:
    """Every name in __all__ is there, and each class and function that the package shows is in __all__."""
    face = adapters.crossref
    shown = {name for name, thing in vars(face).items() if getattr(thing, "__module__", "").startswith(face.__name__)}
    assert shown <= set(face.__all__)
    assert all(hasattr(face, name) for name in face.__all__)
