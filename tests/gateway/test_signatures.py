from __future__ import annotations

from typing import Any

import pytest

from gateway.signatures import ALGORITHMS, PrivateKey, PublicKey, UnusableKeyError

SIGNED = b"header.claims"


@pytest.fixture(scope="module")
def keys() -> dict[str, PrivateKey]:
    """A key for each algorithm."""
    return {algorithm: PrivateKey.generate(algorithm, algorithm) for algorithm in ALGORITHMS}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_is_its_keys_own(algorithm: str, keys: dict[str, PrivateKey]) -> None:
    """Of these bytes, by this algorithm; nothing else is one, whatever its length."""
    public, signature = PublicKey.of(keys[algorithm].public), keys[algorithm].sign(SIGNED)
    assert public.verifies(algorithm, SIGNED, signature)
    assert not public.verifies(algorithm, SIGNED + b"x", signature)
    for wrong in (b"", b"\0" * len(signature), signature[:-1], signature + b"\0"):
        assert not public.verifies(algorithm, SIGNED, wrong)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_verifies_by_its_own_algorithms_alone(algorithm: str, keys: dict[str, PrivateKey]) -> None:
    """Whatever the token names, `none` and shared keys included; both names of Ed25519 are one."""
    public, signature = PublicKey.of(keys[algorithm].public), keys[algorithm].sign(SIGNED)
    for other in (*ALGORITHMS, "none", "HS256", "ES384", ""):
        is_own = ALGORITHMS.get(other) == ALGORITHMS[algorithm]
        assert public.verifies(other, SIGNED, signature) is is_own


def test_a_key_comes_back_from_what_is_kept_of_it(keys: dict[str, PrivateKey]) -> None:
    """Both halves, its name and its algorithm; no print of it shows any of that but the names."""
    for algorithm, key in keys.items():
        again = PrivateKey.of(key.private)
        assert (again.kid, again.algorithm) == (algorithm, algorithm)
        assert PublicKey.of(key.public).verifies(algorithm, SIGNED, again.sign(SIGNED))
        assert "d" not in key.public
        assert str(key.private["d"]) not in repr(key)


@pytest.mark.parametrize("left_out", ["d", "alg", "kid", "kty", "x"])
def test_what_is_no_private_key_is_refused(left_out: str, keys: dict[str, PrivateKey]) -> None:
    """In words that hold nothing of it."""
    members: dict[str, Any] = {name: one for name, one in keys["EdDSA"].private.items() if name != left_out}
    with pytest.raises(UnusableKeyError) as caught:
        PrivateKey.of(members)
    assert not any(str(one) in str(caught.value) for one in members.values() if len(str(one)) > 20)
