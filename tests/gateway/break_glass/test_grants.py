from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe, jwk

from gateway.break_glass import GrantSeal
from schema.grants import Grant

OLD, NEW = b"o" * 32, b"n" * 32
GRANT = Grant("bg_1", "fraud-review@1", "p1", "gardener", "e-4", "suspected-fraud", "T-17", 1_800_001_800.0)
SEALED = GrantSeal([NEW]).seal(GRANT)


def test_a_grant_comes_back_as_it_was_sealed() -> None:
    """To any process with the same secret; nobody else reads anything in it."""
    assert GrantSeal([NEW]).open(SEALED.encode()) == GRANT
    parts = [base64.urlsafe_b64decode(part + "==") for part in SEALED.split(".")]
    assert json.loads(parts[0]) == {"alg": "dir", "enc": "A256GCM"}
    assert not any(word in part for word in (b"p1", b"gardener", b"e-4", b"T-17") for part in parts[1:])
    assert GrantSeal([NEW]).seal(GRANT) != SEALED


def test_an_older_secret_still_opens() -> None:
    """While it is in the secret file; the newest seals."""
    both = GrantSeal([NEW, OLD])
    assert both.open(GrantSeal([OLD]).seal(GRANT).encode()) == GRANT
    assert GrantSeal([NEW]).open(both.seal(GRANT).encode()) == GRANT


def test_what_another_secret_has_sealed_is_no_grant() -> None:
    """Nor what was sealed by another release, or in another way with the same key."""
    assert GrantSeal([OLD]).open(SEALED.encode()) is None
    for plain, way in ((b"{}", "A256GCM"), (b"[]", "A256GCM"), (b"no JSON", "A256GCM"), (b"{}", "A128CBC-HS256")):
        token = jwe.encrypt_compact({"alg": "dir", "enc": way}, plain, jwk.OctKey.import_key(NEW), ["dir", way])
        assert GrantSeal([NEW]).open(token.encode()) is None


@pytest.mark.parametrize(
    "token", [b"", b"....", b"a.b.c.d.e", SEALED.encode() + b".x", b" " + SEALED.encode(), b"\xff"]
)
def test_what_is_no_token_is_no_grant(token: bytes) -> None:
    """Whatever it is, nothing is raised."""
    assert GrantSeal([NEW]).open(token) is None


@settings(deadline=None, max_examples=300)
@given(place=st.integers(0, len(SEALED) - 1), byte=st.integers(1, 255))
def test_a_token_of_which_a_byte_was_changed_opens_nothing_else(place: int, byte: int) -> None:
    """It opens nothing, or where the byte says nothing (base64 leaves bits unused) the very same grant."""
    token = bytearray(SEALED.encode())
    token[place] ^= byte
    assert GrantSeal([NEW]).open(bytes(token)) in (None, GRANT)
