from __future__ import annotations

import hashlib
import hmac
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.refusals import NotTakenError, RequestCode
from gateway.signatures import PublicKey
from gateway.verification import Assertions, load_verifiers
from gateway.verification.faults import Fault
from schema.verification import Assertion, Level
from tests.gateway.verification.issuing import (
    AUDIENCE,
    CALL,
    CURVE_KEY,
    ENTRY,
    HEADER,
    ISSUER,
    KEY,
    NEXT_KEY,
    NOW,
    RSA_KEY,
    STRANGE_KEY,
    claims,
    encoded,
    raw,
    signed,
    write_verifiers,
    written,
)


class Clocks:
    """The time of the tests, which they set."""

    def __init__(self) -> None:
        self.time, self.even = float(NOW), 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return self.time

    def clock(self) -> float:
        """Every reading a minute later: each refusal is told."""
        self.even += 60
        return self.even


@pytest.fixture
def clocks() -> Clocks:
    """The clocks of a test."""
    return Clocks()


@pytest.fixture
def assertions(tmp_path: Path, clocks: Clocks) -> Assertions:
    """What verifies the usual issuer's."""
    return Assertions(load_verifiers(write_verifiers(tmp_path)), clocks.now, clocks.clock)


def read(assertions: Assertions, *tokens: str, consumer: str = "gardener") -> tuple[Assertion, ...]:
    return assertions.read(", ".join(tokens).encode(), consumer, CALL)


def fault_of(
    assertions: Assertions,
    caplog: pytest.LogCaptureFixture,
    *tokens: str,
    consumer: str = "gardener",
    interaction: str | None = CALL,
) -> str:
    """Which check failed, as the log tells; what the caller is told is the same for every one."""
    caplog.clear()
    header = ", ".join(tokens).encode("utf-8")
    with caplog.at_level(logging.WARNING), pytest.raises(NotTakenError) as caught:
        assertions.read(header, consumer, interaction)
    error = caught.value
    assert (error.status, error.code) == (401, RequestCode.VERIFICATION_INVALID)
    assert error.message == (
        "An assertion in Customer-Verification is not taken. Send one for this consumer and interaction."
    )
    assert 'error="insufficient_user_authentication"' in error.headers["WWW-Authenticate"]
    assert error.__cause__ is None
    assert error.__suppress_context__
    (record,) = caplog.records
    told = record.getMessage()
    for token in tokens:
        assert not any(part and part in told + str(error) for part in token.split(".") if len(part) > 10)
    assert "p1" not in told
    return told.partition("is not taken: ")[2].partition(" (")[0]


def test_an_assertion_says_who_is_verified_how_well(assertions: Assertions) -> None:
    """Who says so, of whom, to which level, by what, when, until when, in which interaction, and for whom."""
    assert read(assertions, signed(acting_for="child-3")) == (
        Assertion(
            source=None,
            key="p1",
            level=Level.V2,
            methods=("otp",),
            verified_at=NOW - 60,
            expires_at=NOW + 270,
            interaction=CALL,
            issuer=ISSUER,
            acting_for="child-3",
        ),
    )


def test_a_customer_can_be_named_by_a_sources_key(assertions: Assertions) -> None:
    """As a look-up does; the key is in no print of it."""
    (found,) = read(assertions, signed(customer={"nursery": "N-p1"}))
    assert (found.source, found.key) == ("nursery", "N-p1")
    assert "N-p1" not in repr(found)


@pytest.mark.parametrize("key", [KEY, NEXT_KEY, CURVE_KEY, RSA_KEY], ids=lambda key: key.algorithm)
def test_every_key_of_the_issuer_is_taken_by_its_kid(assertions: Assertions, key: Any) -> None:
    """So keys can be changed while tokens of the old one are under way; each algorithm has been seen to work."""
    assert read(assertions, signed(key))[0].level is Level.V2


@pytest.mark.parametrize("kind", ["jwt", "JWT", "application/customer-verification+jwt", None])
def test_a_token_may_say_what_it_is(assertions: Assertions, kind: str | None) -> None:
    """JWT, or ours, in any case of letters, or nothing."""
    header = {name: one for name, one in {**HEADER, "typ": kind}.items() if one is not None}
    assert read(assertions, written(header, claims()))


def test_two_assertions_of_one_customer_are_both_taken(assertions: Assertions) -> None:
    """In their order; policy lets the higher count."""
    found = read(assertions, signed(acr="V1", amr=["kba"]), signed(acr="V3", amr=["otp", "face"]))
    assert [one.level for one in found] == [Level.V1, Level.V3]


def test_assertions_of_several_customers_are_each_their_own(assertions: Assertions) -> None:
    """Four of them at most."""
    found = read(assertions, *(signed(customer={"id": f"p{place}"}) for place in range(4)))
    assert [one.key for one in found] == ["p0", "p1", "p2", "p3"]


@pytest.mark.parametrize(
    ("asserted", "methods", "counts"),
    [
        ("V3", ["otp", "face"], "V3"),
        ("V3", ["kba", "otp"], "V3"),
        ("V3", ["otp"], "V2"),
        ("V3", ["otp", "app"], "V2"),
        ("V3", ["otp", "fpt"], "V2"),
        ("V3", ["mfa"], "V1"),
        ("V2", ["sms"], "V1"),
        ("V2", ["nonsense"], "V1"),
        ("V1", ["otp", "face"], "V1"),
    ],
)
def test_a_level_counts_as_far_as_its_methods_support_it(
    assertions: Assertions, asserted: str, methods: list[str], counts: str
) -> None:
    """And these as far as the issuer may assert them: two of one kind are one factor."""
    (found,) = read(assertions, signed(acr=asserted, amr=methods))
    assert str(found.level) == counts
    assert set(found.methods) <= {"otp", "app", "kba", "face"}


def test_a_level_counts_as_far_as_the_issuer_may_go(tmp_path: Path, clocks: Clocks) -> None:
    """Whatever it asserts."""
    verifiers = load_verifiers(write_verifiers(tmp_path, {**ENTRY, "highest": "V1"}))
    (found,) = read(Assertions(verifiers, clocks.now), signed(acr="V3", amr=["otp", "face"]))
    assert found.level is Level.V1


def test_an_assertion_that_has_expired_is_taken_as_such(assertions: Assertions, clocks: Clocks) -> None:
    """Policy tells what it would have opened; before and after are told apart by its expiry alone."""
    token = signed()
    assert read(assertions, token) == read(assertions, token)
    clocks.time = NOW + 100_000
    assert read(assertions, token)[0].expires_at == NOW + 270


def test_a_signature_is_verified_once(assertions: Assertions, clocks: Clocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the token holds; kept is its digest, and what it proves is checked against every request anew."""
    verified: list[bytes] = []
    verifies = PublicKey.verifies

    def counted(key: PublicKey, algorithm: str, text: bytes, signature: bytes) -> bool:
        verified.append(signature)
        return verifies(key, algorithm, text, signature)

    monkeypatch.setattr(PublicKey, "verifies", counted)
    token = signed()
    for _ in range(3):
        read(assertions, token)
    assert len(verified) == 1
    clocks.time = NOW + 271
    for _ in range(2):
        read(assertions, token)
    assert len(verified) == 3
    assert token not in repr(vars(assertions))


def test_what_is_kept_of_tokens_is_bounded(assertions: Assertions, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digests of as many as there is room for."""
    assert assertions._kept.maxsize == 10_000
    assert all(len(digest) == 32 for digest in assertions._kept)


NOT_TAKEN: list[tuple[str, str, str]] = [
    ("the consumer it is for is another", signed(client="florist"), Fault.CONSUMER),
    ("the interaction is another", signed(interaction="call-8"), Fault.INTERACTION),
    ("it is for another gateway", signed(aud="billing"), Fault.AUDIENCE),
    ("it is for other gateways", signed(aud=["billing", "crm"]), Fault.AUDIENCE),
    ("nobody knows its issuer", signed(iss="https://evil.example"), Fault.ISSUER),
    ("it names no issuer", signed(iss=None), Fault.ISSUER),
    ("its issuer is no text", signed(iss=[ISSUER]), Fault.ISSUER),
    ("another has signed it, under the same kid", signed(STRANGE_KEY), Fault.SIGNATURE),
    ("its key is not known", written({**HEADER, "kid": "2026-01"}, claims()), Fault.KEY),
    ("its kid is that of another key", written({**HEADER, "kid": NEXT_KEY.kid}, claims()), Fault.SIGNATURE),
    ("its key is for another algorithm", written({**HEADER, "kid": CURVE_KEY.kid}, claims()), Fault.KEY),
    ("it names no key", written({"alg": "EdDSA"}, claims()), Fault.HEADER),
    ("its header has a key", written({**HEADER, "jwk": STRANGE_KEY.public}, claims(), STRANGE_KEY), Fault.HEADER),
    ("its header leads to keys", written({**HEADER, "jku": "https://evil.example/"}, claims()), Fault.HEADER),
    ("its header has certificates", written({**HEADER, "x5c": "MIIB"}, claims()), Fault.HEADER),
    ("its header has what is critical", written({**HEADER, "crit": "exp"}, claims()), Fault.HEADER),
    ("its payload is not encoded", written({**HEADER, "b64": False}, claims()), Fault.HEADER),
    ("it is another kind of token", written({**HEADER, "typ": "at+jwt"}, claims()), Fault.HEADER),
    ("its algorithm is a number", written({**HEADER, "alg": 1}, claims()), Fault.HEADER),
    ("it is not signed", written({**HEADER, "alg": "none"}, claims()), Fault.ALGORITHM),
    ("it says so in other letters", written({**HEADER, "alg": "nOnE"}, claims()), Fault.ALGORITHM),
    ("its issuer does not use the algorithm", written({**HEADER, "alg": "RS256"}, claims()), Fault.ALGORITHM),
    ("it is from the time to come", signed(iat=NOW + 11, exp=NOW + 60), Fault.NOT_YET_VALID),
    ("it holds from a time to come", signed(nbf=NOW + 11), Fault.NOT_YET_VALID),
    ("who was verified will be", signed(auth_time=NOW + 11), Fault.NOT_YET_VALID),
    ("it holds for too long", signed(exp=NOW - 30 + 901), Fault.LIFETIME),
    ("it holds for ever", signed(exp=2**40), Fault.LIFETIME),
    ("it holds for no time", signed(exp=NOW - 30), Fault.LIFETIME),
    ("it ends before it begins", signed(exp=NOW - 100), Fault.LIFETIME),
    ("a member of its header stands twice", raw(b'{"alg":"EdDSA","alg":"EdDSA","kid":"2027-01"}', b"{}"), Fault.FORM),
    ("a claim stands twice", raw(json.dumps(HEADER).encode(), b'{"a":1,"a":1}'), Fault.FORM),
    ("one stands twice further in", raw(json.dumps(HEADER).encode(), b'{"a":[{"b":1,"b":2}]}'), Fault.FORM),
    ("its claims are a list", raw(json.dumps(HEADER).encode(), b"[]"), Fault.FORM),
    ("its claims are not UTF-8", raw(json.dumps(HEADER).encode(), b'{"a":"\xff"}'), Fault.FORM),
    ("its claims hold no number", raw(json.dumps(HEADER).encode(), b'{"a":NaN}'), Fault.FORM),
    ("its claims nest without end", raw(json.dumps(HEADER).encode(), b"[" * 5_000), Fault.FORM),
    ("a number has no end", raw(json.dumps(HEADER).encode(), b'{"a":' + b"1" * 5_000 + b"}"), Fault.FORM),
    ("it is a word", "assertion", Fault.FORM),
    ("it is nothing", "", Fault.FORM),
    ("it has two parts", signed().rpartition(".")[0], Fault.FORM),
    ("its signature is left out", signed().rpartition(".")[0] + ".", Fault.FORM),
    ("it has four parts", signed() + ".e30", Fault.FORM),
    ("it is padded", signed() + "=", Fault.FORM),
    ("it is in other letters", signed() + "ä", Fault.FORM),
]


@pytest.mark.parametrize(("token", "fault"), [each[1:] for each in NOT_TAKEN], ids=[each[0] for each in NOT_TAKEN])
def test_an_assertion_is_not_taken_when(
    assertions: Assertions, caplog: pytest.LogCaptureFixture, token: str, fault: str
) -> None:
    """Which check failed stands in the log by its code; the caller is told one text, and nothing of a token is told."""
    assert fault_of(assertions, caplog, token) == fault


WRONG: dict[str, list[Any]] = {
    "exp": [None, "1800000270", 1800000270.0, True, -1, 2**41, [NOW]],
    "iat": [None, "now", 1.5, False],
    "nbf": ["now", 1.5, True],
    "auth_time": [None, "now", 1.5],
    "jti": [None, "", 7, "x" * 101, "a b"],
    "acr": [None, "V0", "V4", "v2", 2, ["V2"], ""],
    "amr": [None, [], "otp", ["otp", "otp"], [1], ["OTP"], ["otp"] * 11, [["otp"]]],
    "aud": [None, [], [AUDIENCE] * 11, [1], {}, "", [AUDIENCE, " "]],
    "client": [None, "", ["gardener"], "a b"],
    "interaction": [None, "", 7, "x" * 101, "a\nb", "ä"],
    "acting_for": ["", 7, "x" * 101, ["child"]],
    "customer": [
        *(None, "p1", [], {}, {"id": "p1", "nursery": "N-p1"}, {"id": ""}, {"id": 1}, {"id": ["p1"]}, {"": "p1"}),
        *({"a b": "p1"}, {"id": "p\n1"}, {"id": "p\ud800"}, {"id": "x" * 1_025}, {"x" * 65: "p1"}),
    ],
}


@pytest.mark.parametrize(("name", "value"), [(name, one) for name, values in WRONG.items() for one in values])
def test_every_claim_has_its_exact_form(
    assertions: Assertions, caplog: pytest.LogCaptureFixture, name: str, value: Any
) -> None:
    """Missing, of another type, or out of bounds; a token without issuer is from nobody."""
    assert fault_of(assertions, caplog, signed(**{name: value})) == Fault.CLAIM


def test_claims_of_other_names_are_passed_over(assertions: Assertions) -> None:
    """As RFC 7519 has it."""
    assert read(assertions, written(HEADER, {**claims(), "email": "anne@example.com", "https://example/x": {"y": 1}}))


def test_a_clock_may_be_ahead_by_its_skew(assertions: Assertions) -> None:
    """Ten seconds here, for what lies ahead; an expiry is exact."""
    assert read(assertions, signed(iat=NOW + 10, exp=NOW + 60, auth_time=NOW + 10, nbf=NOW + 10))


def test_a_key_of_both_sides_is_never_made_of_a_public_one(
    assertions: Assertions, caplog: pytest.LogCaptureFixture
) -> None:
    """An HMAC with what everybody knows (algorithm confusion): with the JSON of the key, and with its bytes."""
    header = {**HEADER, "alg": "HS256"}
    text = b".".join(encoded(json.dumps(one).encode()) for one in (header, claims()))
    for secret in (json.dumps(KEY.public).encode(), str(KEY.public["x"]).encode()):
        mac = hmac.digest(secret, text, hashlib.sha256)
        assert fault_of(assertions, caplog, b".".join((text, encoded(mac))).decode()) == Fault.ALGORITHM


def test_a_token_of_one_call_is_of_no_use_in_another(assertions: Assertions, caplog: pytest.LogCaptureFixture) -> None:
    """Also once it was taken: neither in another interaction, nor in none, nor from another consumer."""
    token = signed()
    assert read(assertions, token)
    assert fault_of(assertions, caplog, token, interaction="call-8") == Fault.INTERACTION
    assert fault_of(assertions, caplog, token, interaction=None) == Fault.INTERACTION
    assert fault_of(assertions, caplog, token, consumer="florist") == Fault.CONSUMER


def test_one_bad_assertion_is_one_too_many(assertions: Assertions, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is taken of a header in which one is wrong."""
    assert fault_of(assertions, caplog, signed(), signed(STRANGE_KEY)) == Fault.SIGNATURE


def test_a_header_is_bounded(assertions: Assertions, caplog: pytest.LogCaptureFixture) -> None:
    """Four tokens, 8 KiB, and none twice."""
    five = [signed(customer={"id": f"p{place}"}) for place in range(5)]
    assert fault_of(assertions, caplog, *five) == Fault.TOO_MANY
    assert fault_of(assertions, caplog, five[1], five[1]) == Fault.TOO_MANY
    assert fault_of(assertions, caplog, "x" * 8_193) == Fault.TOO_MANY


def test_without_verifiers_no_assertion_is_taken(caplog: pytest.LogCaptureFixture, clocks: Clocks) -> None:
    """A gateway that knows nobody believes nobody."""
    assert fault_of(Assertions({}, clocks.now), caplog, signed()) == Fault.NO_VERIFIERS


def test_the_same_refusal_is_logged_seldom(tmp_path: Path, clocks: Clocks, caplog: pytest.LogCaptureFixture) -> None:
    """Once in ten seconds for each consumer and check: who sends it again and again fills no disk."""
    clock = iter([0.0, 1.0, 2.0, 11.0])
    seldom = Assertions(load_verifiers(write_verifiers(tmp_path)), clocks.now, lambda: next(clock))
    for _ in range(4):
        with pytest.raises(NotTakenError):
            seldom.read(b"x", "gardener", CALL)
    assert [record.getMessage() for record in caplog.records] == [
        "an assertion that gardener sent is not taken: FORM (1 since it was told)",
        "an assertion that gardener sent is not taken: FORM (3 since it was told)",
    ]


TOKENS = [signed(), signed(CURVE_KEY), signed(RSA_KEY)]


@pytest.fixture(scope="module")
def verifying(tmp_path_factory: pytest.TempPathFactory) -> Assertions:
    """What verifies for many examples."""
    return Assertions(load_verifiers(write_verifiers(tmp_path_factory.mktemp("verifying"))), lambda: float(NOW))


@settings(deadline=None, max_examples=600)
@given(data=st.data())
def test_no_token_of_which_a_byte_was_changed_is_taken(data: st.DataObject, verifying: Assertions) -> None:
    """Wherever it stands, whatever it becomes: header, claims and signature each have one spelling alone."""
    token = data.draw(st.sampled_from(TOKENS)).encode()
    place = data.draw(st.integers(0, len(token) - 1))
    byte = data.draw(st.integers(1, 255)) ^ token[place]
    changed = token[:place] + bytes([byte]) + token[place + 1 :]
    with pytest.raises(NotTakenError):
        verifying.read(changed, "gardener", CALL)


def test_every_last_byte_of_a_signature_counts(assertions: Assertions) -> None:
    """Base64 leaves bits unused at the end: all 63 other letters are tried there."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for token in TOKENS:
        for letter in alphabet.replace(token[-1], ""):
            with pytest.raises(NotTakenError):
                read(assertions, token[:-1] + letter)
