from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.commands import app
from gateway.verification import Assertions, load_verifiers
from schema.verification import Level
from tests.gateway.verification.issuing import ENTRY

ASSERT = ["--issuer", "https://idv.example", "--client", "gardener", "--interaction", "call-7"]


def run(*arguments: str, typed: str = "") -> tuple[int, str]:
    """The exit code, and what was printed."""
    done = CliRunner().invoke(app, ["verification", *arguments], input=typed)
    return done.exit_code, done.output


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key, whose set lies where the usual verifiers look for it."""
    file = tmp_path / "idv.jwk"
    code, printed = run("new-key", str(file), "--kid", "idv-1")
    assert code == 0
    (tmp_path / "idv.jwks.json").write_text(printed)
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
    code, printed = run("new-key", str(tmp_path / "key"), "--kid", "a", "--algorithm", algorithm)
    assert (code, json.loads(printed)["keys"][0]["alg"]) == (0, algorithm)


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
        ["--customer", "crm="],
    ],
)
def test_an_assertion_that_no_gateway_takes_is_not_signed(key: Path, more: list[str]) -> None:
    """The message says what is wanted."""
    code, printed = run("assert", str(key), "--customer", "p1", *ASSERT, *more)
    assert code == 2
    assert "wanted" in printed
    assert "eyJ" not in printed


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"kty": "OKP"}', "\x00"])
def test_a_file_that_is_no_key_is_told(content: str | None, tmp_path: Path) -> None:
    """Also the printed set, which has no private half."""
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content)
    code, printed = run("assert", str(file), "--customer", "p1", *ASSERT)
    assert code == 2
    assert "key" in printed
