from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from gateway.verification import Assertions, load_verifiers
from schema.verification import Level
from tests.gateway import cli_project
from tests.gateway.verification.issuing import ENTRY

ASSERT = ["--issuer", "https://idv.example", "--client", "gardener", "--interaction", "call-7"]
PERSON = "cus_0190f3c2a5b47c1e8d2f6a9b3c4d5e6f"


def run(*arguments: str, typed: str = "") -> tuple[int, str]:
    """The exit code, and what was printed."""
    done = cli_project.run("verification", *arguments, stdin=typed)
    return done.code, done.out + done.err


def key_set(file: Path, kid: str, algorithm: str = "EdDSA") -> str:
    """Make a key and return the set that is printed."""
    words = ["verification", "new-key", str(file), "--kid", kid, "--algorithm", algorithm]
    done = cli_project.run(*words)
    assert done.code == 0
    assert f"{file} signs: keep it to yourself" in done.err
    return done.out


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key, whose set lies where the usual verifiers look for it."""
    file = tmp_path / "idv.jwk"
    (tmp_path / "idv.jwks.json").write_text(key_set(file, "idv-1"))
    (tmp_path / "verifiers.yaml").write_text(json.dumps([{**ENTRY, "algorithms": ["EdDSA"]}]))
    return file


def test_a_key_is_its_owners_and_its_set_is_everybodys(key: Path, tmp_path: Path) -> None:
    """Nobody else reads the file; what is printed holds the public half alone."""
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    secret = json.loads(key.read_text())["d"]
    printed = (tmp_path / "idv.jwks.json").read_text()
    assert secret not in printed
    assert json.loads(printed)["keys"][0].keys() == {"kty", "crv", "x", "kid", "use", "alg"}


def test_a_key_takes_the_place_of_no_file(key: Path) -> None:
    """It might be the only copy of another."""
    before = key.read_text()
    code, printed = run("new-key", str(key), "--kid", "idv-2")
    assert (code, key.read_text()) == (2, before)
    assert "name a file that is not there yet" in printed


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519", "ES256", "RS256"])
def test_a_key_is_of_the_algorithm_that_is_wanted(algorithm: str, tmp_path: Path) -> None:
    """Each of those that verifiers may use."""
    (made,) = json.loads(key_set(tmp_path / "key", "a", algorithm))["keys"]
    assert made["alg"] == algorithm


@pytest.mark.parametrize(
    ("more", "said"), [(["--algorithm", "HS256"], "wanted one of: EdDSA"), (["--kid", "a b"], "give another --kid")]
)
def test_a_key_that_could_not_be_used_is_not_made(more: list[str], said: str, tmp_path: Path) -> None:
    """Nothing is left behind."""
    code, printed = run("new-key", str(tmp_path / "key"), "--kid", "a", *more)
    assert code == 2
    assert said in printed
    assert not (tmp_path / "key").exists()


def test_an_assertion_is_taken_by_a_gateway(key: Path, tmp_path: Path) -> None:
    """With the key set that was printed; the customer's key may be typed in."""
    code, printed = run("assert", str(key), "--customer", "nursery=-", "--ago", "60", *ASSERT, typed="N-p1\n")
    assert code == 0
    assertions = Assertions(load_verifiers(tmp_path / "verifiers.yaml"))
    (found,) = assertions.read(printed.strip().encode(), "gardener", "call-7")
    assert (found.source, found.key, found.level, found.methods) == ("nursery", "N-p1", Level.V2, ("otp",))
    assert found.expires_at - found.verified_at == 360


@pytest.mark.parametrize(
    "more",
    [
        ["--level", "V4"],
        ["--level", "V0"],
        ["--client", "a b"],
        ["--interaction", ""],
        ["--method", "O T P"],
        ["--method", "otp", "--method", "otp"],
        ["--method", "fingerprint"],
        ["--customer", "crm="],
        ["--ago", "99999999999"],
    ],
)
def test_an_assertion_that_no_gateway_takes_is_not_signed(key: Path, more: list[str]) -> None:
    """The message names the option, or what was got, and says what is wanted."""
    code, printed = run("assert", str(key), "--customer", "p1", *ASSERT, *more)
    assert code == 2
    assert "wanted" in printed
    assert more[0] in printed or repr(more[-1]) in printed
    assert "eyJ" not in printed


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--level", "V3", "--method", "otp"], "counts it as V2, not V3: V3 takes methods of two kinds"),
        (["--level", "V2", "--method", "user"], "counts it as V1, not V2: V2 takes a method that proves something"),
        (["--ago", "7200"], "(VERIFICATION_EXPIRED) unless their max_age is 7200 or more; it is 1800"),
        (["--ago", "90000"], "Every view withholds what needs it (VERIFICATION_EXPIRED): none takes more than 86400"),
        (["--seconds", "3600"], "verifiers.yaml has to allow that, by max_lifetime"),
    ],
)
def test_what_counts_for_less_than_it_says_is_told_beside_the_assertion(key: Path, more: list[str], said: str) -> None:
    """It may be what is to be tried; what is printed on standard output is the token alone."""
    done = cli_project.run("verification", "assert", str(key), "--customer", PERSON, *ASSERT, *more)
    assert (done.code, done.out[:3], len(done.out.split())) == (0, "eyJ", 1)
    assert said in done.err


@pytest.mark.parametrize(
    ("more", "entry", "said"),
    [
        (["--issuer", "https://idv.exampel"], {}, "(ISSUER): got the issuer 'https://idv.exampel'; did you mean"),
        (["--audience", "another"], {}, f"(AUDIENCE): got the audience 'another'; wanted {ENTRY['audience']!r}."),
        (["--seconds", "3600"], {}, "(LIFETIME): it holds for 3600 seconds; wanted at most 600."),
        ([], {"jwks": "others.json"}, "(KEY): the key is called 'idv-1'; its set has others-1."),
        ([], {"jwks": "namesake.json"}, "(SIGNATURE): its set has another key that is called 'idv-1'"),
        ([], {"jwks": "rsa.json", "algorithms": ["RS256"]}, "(ALGORITHM): the key signs by EdDSA; wanted RS256."),
        (["--level", "V3"], {"highest": "V2"}, "counts it as V2: its issuer may go no higher."),
        (["--level", "V3"], {"methods": ["otp", "app"]}, "counts it as V2: of the methods it takes app, otp alone."),
        (["--level", "V3", "--method", "otp"], {}, "Every gateway counts it as V2, not V3"),
        (["--level", "V3"], {}, ""),
    ],
)
def test_what_a_gateway_would_make_of_it_is_told(
    key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str], entry: dict[str, Any], said: str
) -> None:
    """By its verifiers.yaml, which is named or that of the settings."""
    others = {"others.json": ("others-1", "EdDSA"), "namesake.json": ("idv-1", "EdDSA"), "rsa.json": ("r", "RS256")}
    if (name := entry.get("jwks")) is not None:
        (tmp_path / name).write_text(key_set(tmp_path / "other", *others[name]))
    file = tmp_path / "verifiers.yaml"
    usual = {"algorithms": ["EdDSA"], "highest": "V3", "methods": ["otp", "app", "kba"], "max_lifetime": 600}
    file.write_text(json.dumps([{**ENTRY, **usual, **entry}]))
    told_by = ["--customer", PERSON, *ASSERT, "--audience", str(ENTRY["audience"]), *more]
    asserting = ["verification", "assert", str(key), *told_by]
    told = [cli_project.run(*asserting, "--verifiers", str(file))]
    monkeypatch.setenv("CUSTOMER_VIEW_VERIFIERS", str(file))
    told.append(cli_project.run(*asserting))
    for done in told:
        assert (done.code, done.out[:3]) == (0, "eyJ")
        assert said in done.err
        assert bool(done.err) is bool(said)


def test_a_level_has_its_usual_methods(key: Path, tmp_path: Path) -> None:
    """Those that support it, so that it counts as what it says."""
    assertions = Assertions(load_verifiers(tmp_path / "verifiers.yaml"))
    for level in (Level.V1, Level.V2, Level.V3):
        code, printed = run("assert", str(key), "--customer", PERSON, *ASSERT, "--level", str(level))
        (found,) = assertions.read(printed.strip().encode(), "gardener", "call-7")
        assert (code, found.level) == (0, level)


def test_a_customers_id_may_be_typed_in(key: Path, tmp_path: Path) -> None:
    """As the key of a source may."""
    code, printed = run("assert", str(key), "--customer", "-", *ASSERT, typed=f"{PERSON}\n")
    (found,) = Assertions(load_verifiers(tmp_path / "verifiers.yaml")).read(
        printed.strip().encode(), "gardener", "call-7"
    )
    assert (code, found.source, found.key) == (0, None, PERSON)


def test_who_signs_is_to_be_told(key: Path) -> None:
    """A key or the sandbox's, and with a key its issuer."""
    told = ["--customer", "p1", "--client", "gardener", "--interaction", "call-7"]
    for words in (told, [str(key), "--sandbox", *told]):
        code, printed = run("assert", *words)
        assert code == 2
        assert "With which key? Give the FILE, or --sandbox" in printed
    code, printed = run("assert", str(key), *told)
    assert (code, "Give --issuer" in printed) == (2, True)


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"kty": "OKP"}', "\x00"])
def test_a_file_that_is_no_key_is_told(content: str | None, tmp_path: Path) -> None:
    """Also the printed set, which has no private half."""
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content)
    code, printed = run("assert", str(file), "--customer", "p1", *ASSERT)
    assert code == 2
    assert "key" in printed


@pytest.mark.parametrize(
    ("customer", "is_noted"),
    [("C-000009", True), ("crm=C-000009", False), ("cus_0190f3c2a5b47c1e8d2f6a9b3c4d5e6f", False)],
)
def test_a_key_without_its_source_is_noted(key: Path, customer: str, is_noted: bool) -> None:
    """It would be signed as an id, and no customer has one of that form; the form alone is told."""
    done = cli_project.run("verification", "assert", str(key), "--customer", customer, *ASSERT)
    assert done.code == 0
    assert ("no id has this form" in done.err) is is_noted
    assert done.out.startswith("eyJ")
