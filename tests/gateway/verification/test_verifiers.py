from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import Settings
from gateway.signatures import PrivateKey
from gateway.verification import load_verifiers
from gateway.verification.key_sets import read_key_set
from schema.problems import ConfigurationError, Problem
from schema.verification import Level
from tests.gateway.greenhouse import greenhouse
from tests.gateway.verification.issuing import (
    CURVE_KEY,
    ENTRY,
    ISSUER,
    KEY,
    NEXT_KEY,
    RSA_KEY,
    write_key_set,
    write_verifiers,
)


def problems_of(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load_verifiers(path)
    assert caught.value.__cause__ is None
    return caught.value.problems


def of_keys(folder: Path, content: Any) -> tuple[Problem, ...]:
    """The problems of a key set's file."""
    path = folder / "keys.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ConfigurationError) as caught:
        read_key_set(path)
    assert {problem.file for problem in caught.value.problems} == {str(path)}
    return caught.value.problems


def test_verifiers_are_read_with_their_keys(tmp_path: Path) -> None:
    """By issuer; the key set lies beside the file."""
    (verifier,) = load_verifiers(write_verifiers(tmp_path)).values()
    assert (verifier.issuer, verifier.audience, verifier.highest) == (ISSUER, "customer-view", Level.V3)
    assert verifier.keys.keys() == {KEY.kid, NEXT_KEY.kid, CURVE_KEY.kid, RSA_KEY.kid}
    assert (verifier.max_lifetime, verifier.clock_skew) == (900, 10)
    assert str(KEY.public["x"]) not in repr(verifier)


def test_a_lifetime_and_a_skew_have_defaults(tmp_path: Path) -> None:
    """Half an hour, and half a minute."""
    entry = {name: one for name, one in ENTRY.items() if name not in ("max_lifetime", "clock_skew")}
    (verifier,) = load_verifiers(write_verifiers(tmp_path, entry)).values()
    assert (verifier.max_lifetime, verifier.clock_skew) == (1_800, 30)


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"algorithms": ["none"]}, "one of: EdDSA, Ed25519, ES256, PS256, RS256; none whose key both sides know"),
        ({"algorithms": ["HS256"]}, "one of: EdDSA, Ed25519, ES256, PS256, RS256; none whose key both sides know"),
        ({"algorithms": []}, "a list of algorithms: EdDSA, Ed25519, ES256, PS256, RS256"),
        ({"algorithms": ["EdDSA", "EdDSA"]}, "every entry once"),
        ({"highest": "V4"}, "the highest level that it may assert: V1, V2 or V3"),
        ({"highest": "V0"}, "the highest level that it may assert: V1, V2 or V3"),
        ({"methods": ["mfa"]}, "one of: kba, pin, pwd, app, hwk, otp"),
        ({"methods": []}, "a list of the methods that it may assert, such as [otp, app]"),
        ({"clock_skew": 31}, "seconds that its clock may be ahead: a whole number, 0 to 30"),
        ({"max_lifetime": 86_401}, "seconds that an assertion may hold: a whole number, 1 to 86400"),
        ({"max_lifetime": "900"}, "seconds that an assertion may hold: a whole number, 1 to 86400"),
        ({"issuer": ""}, "the issuer as its tokens name it in iss, such as https://idv.example"),
        ({"audience": "a b"}, "what its tokens have to name in aud, such as customer-view"),
        ({"secret": "x"}, "one of: issuer, audience, algorithms, jwks, highest, methods, max_lifetime, clock_skew"),
        ({"jwks": None}, "the path of its JSON Web Key Set, a file of public keys"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told(tmp_path: Path, changed: dict[str, Any], wanted: str) -> None:
    """File, line, what was wanted."""
    (problem,) = problems_of(write_verifiers(tmp_path, {**ENTRY, **changed}))
    assert problem.file == str(tmp_path / "verifiers.yaml")
    assert problem.line == 1
    assert problem.wanted.startswith(wanted)


def test_an_issuer_stands_once(tmp_path: Path) -> None:
    """Otherwise it would depend on the order which keys count."""
    (problem,) = problems_of(write_verifiers(tmp_path, ENTRY, ENTRY))
    assert (problem.got, problem.wanted) == ("the issuer of line 1 again", "every issuer once")


def test_an_algorithm_without_a_key_is_told(tmp_path: Path) -> None:
    """A set that was given for another issuer is found before the first token comes."""
    path = write_verifiers(tmp_path)
    write_key_set(tmp_path / "idv.jwks.json", CURVE_KEY)
    assert [problem.got for problem in problems_of(path)] == [
        f"{name}, for which idv.jwks.json has no key" for name in ("EdDSA", "Ed25519", "PS256")
    ]


def test_a_key_set_that_is_not_there_is_told_where_it_is_named(tmp_path: Path) -> None:
    """With its path, beside every other problem."""
    path = write_verifiers(tmp_path, {**ENTRY, "jwks": "other.json"}, {**ENTRY, "issuer": "b", "jwks": "more.json"})
    assert [(problem.file, problem.got) for problem in problems_of(path)] == [
        (str(path), "'other.json' ([1].jwks), where there is no file"),
        (str(path), "'more.json' ([2].jwks), where there is no file"),
    ]


@pytest.mark.parametrize(
    ("members", "got"),
    [
        (KEY.private, "with its private half, or a shared one, which is nobody else's to have"),
        (RSA_KEY.private, "with its private half, or a shared one, which is nobody else's to have"),
        ({"kty": "oct", "k": "c2VjcmV0", "kid": "a"}, "with its private half, or a shared one"),
        ({**KEY.public, "kid": None}, "without a kid of 1 to 100 visible ASCII characters"),
        ({**KEY.public, "kid": "a b"}, "without a kid of 1 to 100 visible ASCII characters"),
        ({**KEY.public, "kty": "AKP"}, "of another kind than OKP with Ed25519, EC with P-256, and RSA"),
        ({**KEY.public, "kty": ["OKP"]}, "of another kind than OKP with Ed25519, EC with P-256, and RSA"),
        ({**KEY.public, "crv": "X25519"}, "of another kind than OKP with Ed25519, EC with P-256, and RSA"),
        ({**CURVE_KEY.public, "crv": "P-384"}, "of another kind than OKP with Ed25519, EC with P-256, and RSA"),
        ({**KEY.public, "alg": "HS256"}, "whose alg is none of Ed25519, EdDSA"),
        ({**RSA_KEY.public, "alg": "ES256"}, "whose alg is none of PS256, RS256"),
        ({**KEY.public, "use": "enc"}, "for another use than to verify signatures"),
        ({**KEY.public, "key_ops": ["sign"]}, "for another use than to verify signatures"),
        ({**KEY.public, "key_ops": 7}, "for another use than to verify signatures"),
        ({**KEY.public, "x": "AA"}, "whose parts do not make one"),
        ({**KEY.public, "x": 7}, "that lacks one of its parts"),
        ({**CURVE_KEY.public, "y": CURVE_KEY.public["x"]}, "whose parts do not make one"),
        ({**RSA_KEY.public, "n": "AQAB"}, "of RSA with fewer than 2048 or more than 8192 bits"),
        ({**RSA_KEY.public, "n": "A" * 170}, "of RSA with fewer than 2048 or more than 8192 bits"),
        ({**RSA_KEY.public, "n": "x" * 10_000}, "of RSA with fewer than 2048 or more than 8192 bits"),
        ({**RSA_KEY.public, "e": "AQ"}, "whose parts do not make one"),
        ("key", "without a kid of 1 to 100 visible ASCII characters"),
    ],
)
def test_a_key_that_can_verify_nothing_is_refused(tmp_path: Path, members: Any, got: str) -> None:
    """What is wrong, and where in the set; nothing of the key, which may be a private one, is shown."""
    (problem,) = of_keys(tmp_path, {"keys": [CURVE_KEY.public, members]})
    assert problem.got.startswith(f"a key {got}")
    assert problem.got.endswith("(keys[2])")
    if isinstance(members, dict):
        assert not any(str(one) in str(problem) for one in members.values() if isinstance(one, str) and len(one) > 20)


def test_a_kid_stands_once(tmp_path: Path) -> None:
    """Whose key is meant would depend on their order."""
    (problem,) = of_keys(tmp_path, {"keys": [KEY.public, {**NEXT_KEY.public, "kid": KEY.kid}]})
    assert problem.got == "the kid of another key again (keys[2])"


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ("", "a file that is no JSON in UTF-8, or has a member twice"),
        (b'{"keys": "\xff"}', "a file that is no JSON in UTF-8, or has a member twice"),
        ('{"keys": [], "keys": []}', "a file that is no JSON in UTF-8, or has a member twice"),
        ("[" * 100_000, "a file that is no JSON in UTF-8, or has a member twice"),
        ("[]", "JSON that is no key set"),
        ({}, "JSON that is no key set"),
        ({"keys": []}, "JSON that is no key set"),
        ({"keys": {}}, "JSON that is no key set"),
        ({"keys": [{}] * 101}, "JSON that is no key set"),
        (" " * 262_145, "a file of more than 262144 bytes"),
    ],
)
def test_a_file_that_is_no_key_set_is_refused(tmp_path: Path, content: Any, got: str) -> None:
    """Within bounds, and in one reading alone."""
    (problem,) = of_keys(tmp_path, content)
    assert problem.got == got


def test_a_key_says_for_which_algorithms_it_is(tmp_path: Path) -> None:
    """All that fit it, unless it names one; both names of Ed25519 are one algorithm."""
    bare = {name: one for name, one in RSA_KEY.public.items() if name != "alg"}
    both = PrivateKey.generate("RS256", "rsa-2")
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [bare, both.public, KEY.public]}))
    found = {kid: set(key.algorithms) for kid, key in read_key_set(path).items()}
    assert found == {"rsa-1": {"PS256", "RS256"}, "rsa-2": {"RS256"}, "2027-01": {"EdDSA", "Ed25519"}}


def test_check_tells_what_is_wrong_with_verifiers(tmp_path: Path, nothing_else_installed: None) -> None:
    """Beside every other problem; and a gateway does not start with it."""
    path = write_verifiers(tmp_path, {**ENTRY, "highest": "V9"})
    checked = greenhouse(tmp_path, settings=Settings(verifiers=path)).gateway.check()
    assert [problem.file for problem in checked.errors] == [str(path)]
    write_verifiers(tmp_path)
    checked = greenhouse(tmp_path, settings=Settings(verifiers=path)).gateway.check()
    assert not checked.errors
    assert checked.verifiers.keys() == {ISSUER}
