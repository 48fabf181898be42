"""How the demo sets answers beside each other: what is shown, masked and shut, why, and what it took."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from gateway.demo.asking import Answer
from gateway.demo.comparing import Cell, Kind, calls_of, cell_of, outcome_of, reasons_of
from gateway.demo.overhearing import overheard
from gateway.demo.telling import Telling
from gateway.demo.verifier import ISSUER, Verifier
from gateway.signatures import PrivateKey
from gateway.verification.compact import taken_apart
from schema.verification import Level


def entry(coordinate: str, *path: str | int, code: str = "VERIFICATION_REQUIRED", **more: Any) -> dict[str, Any]:
    return {"coordinate": coordinate, "code": code, "message": "Why.", "remedy": "How.", "paths": [[*path]], **more}


def step_up(level: str) -> dict[str, Any]:
    return {"stepUp": {"required": level, "current": "V0", "methods": ["otp", "app", "kba"], "maxAge": 600}}


def answered(data: Any, **extensions: Any) -> Answer:
    return Answer(200, {"data": data, "extensions": extensions})


def test_a_field_is_shown_masked_or_shut() -> None:
    """Values of a list stand in a row; what opens at a level says which, and what waits for more says for what."""
    answer = answered(
        {
            "c": {
                "name": "A. N.",
                "kinds": [{"of": "x"}, {"of": 2}],
                "owed": None,
                "notes": None,
                "own": None,
                "few": [],
            }
        },
        withheld=[
            entry("C.owed", "c", "owed", **step_up("V2")),
            entry("C.notes", "c", "notes", code="CONSENT_WITHDRAWN"),
        ],
        masked=[entry("C.name", "c", "name", code="VALUE_MASKED")],
    )
    assert cell_of(answer, ("c", "name")) == Cell(Kind.MASKED, "A. N. (masked)")
    assert cell_of(answer, ("c", "kinds", "*", "of")) == Cell(Kind.SHOWN, "x, 2")
    assert cell_of(answer, ("c", "owed", "amount")) == Cell(Kind.SHUT, "opens at V2")
    assert cell_of(answer, ("c", "notes")) == Cell(Kind.SHUT, "consent withdrawn")
    assert cell_of(answer, ("c", "own")) == Cell(Kind.SHUT, "-")
    assert cell_of(answer, ("c", "few", "*", "of")) == Cell(Kind.SHUT, "none")


def test_what_was_verified_too_long_ago_says_so() -> None:
    """The level is the same, and not enough."""
    answer = answered({"c": None}, withheld=[entry("C.c", "c", code="VERIFICATION_EXPIRED", **step_up("V2"))])
    assert cell_of(answer, ("c",)).text == "expired: V2"


def test_a_null_of_several_reasons_is_told_the_one_of_its_own_field() -> None:
    """A list is null when nothing that was asked of it opens, and each of it has a reason."""
    both = [entry("T.subject", "c", "tickets", **step_up("V2")), entry("T.text", "c", "tickets", **step_up("V3"))]
    answer = answered({"c": {"tickets": None}}, withheld=both)
    assert cell_of(answer, ("c", "tickets", "*", "subject")).text == "opens at V2"
    assert cell_of(answer, ("c", "tickets", "*", "text")).text == "opens at V3"
    assert cell_of(answer, ("c", "tickets", "*", "number")).text == "opens at V2"


def test_paths_that_hold_for_all_places_are_told_of_each() -> None:
    """And those of one place of no other."""
    data = {"c": [{"n": None}, {"n": None}]}
    assert cell_of(answered(data, withheld=[entry("C.n", "c", "*", "n", code="A_B")]), ("c", 1, "n")).text == "a b"
    assert cell_of(answered(data, withheld=[entry("C.n", "c", 0, "n", code="A_B")]), ("c", 1, "n")).text == "-"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(401, {"errors": [{"message": "No.", "extensions": {"code": "NO"}}]}), Cell(Kind.SHUT, "HTTP 401\nNO")),
        (answered({"c": None}, withheld=[entry("Q.c", "c", code="NO")]), Cell(Kind.SHUT, "null\nNO")),
        (answered({"c": {"n": "x", "m": 2}}), Cell(Kind.SHOWN, "x and 1 value more")),
        (answered({"c": {"n": "x"}}, masked=[entry("C.n", "c", "n")]), Cell(Kind.MASKED, "x (masked)")),
        (
            answered({"c": [{"n": "x"}], "m": None, "o": None}, withheld=[entry("C.m", "m"), entry("C.o", "o")]),
            Cell(Kind.MASKED, "x\n2 x VERIFICATION_REQUIRED"),
        ),
        (
            answered({"c": {"n": "x", "m": None}}, withheld=[entry("C.m", "c", "m", **step_up("V2"))]),
            Cell(Kind.MASKED, "x\nVERIFICATION_REQUIRED, at V0"),
        ),
        (answered({"c": {"n": "x", "m": 2, "o": 3}}), Cell(Kind.SHOWN, "x and 2 values more")),
    ],
)
def test_what_came_of_a_request_is_told_in_few_lines(answer: Answer, outcome: Cell) -> None:
    """The first value, how many there are, and each code once, with the level where one opens it."""
    assert outcome_of(answer) == outcome


def test_calls_are_counted_by_source() -> None:
    """What was not asked is not told."""
    sources = [{"source": "crm", "calls": 1}, {"source": "billing", "calls": 0}, {"source": "crm", "calls": 2}]
    assert calls_of(answered({}, receipt={"sources": sources})) == "crm 3"
    assert calls_of(answered({})) == "none"


def test_every_reason_is_told_once_with_what_opens_it() -> None:
    """What is withheld before what is masked, in the order in which it first comes."""
    one = answered({}, withheld=[entry("C.a", **step_up("V2"))], masked=[entry("C.m", code="VALUE_MASKED")])
    other = answered({}, withheld=[entry("C.b", **step_up("V3")), entry("C.c", code="CONSENT_MISSING")])
    told = reasons_of([one, other])
    assert [why.code for why in told] == ["VERIFICATION_REQUIRED", "CONSENT_MISSING", "VALUE_MASKED"]
    out = io.StringIO()
    Telling(Console(file=out, width=100)).reasons(told)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert lines[0] == "VERIFICATION_REQUIRED  Why. How. By otp, app or kba, at most 10 minutes ago."
    assert lines[1] == "CONSENT_MISSING        Why. How."


@pytest.mark.parametrize("width", [80, 100, 160])
def test_a_table_fills_the_width_and_cuts_no_word(width: int) -> None:
    """Words that are too long for a column go on in the next line."""
    out = io.StringIO()
    telling = Telling(Console(file=out, width=width))
    words = ["customerSince", "BREAK_GLASS_REASON_REQUIRED", "FraudPreventionAndDetection"]
    cells = [Cell(Kind.SHOWN, word) for word in words]
    telling.grid("asked", ["one", "two", "three"], {"name": cells}, {"calls": cells})
    telling.outcomes(("asked", "by"), [(("support-call\nthe other", "the desk"), cells[1], "crm 1, billing 1")])
    telling.table(("view", "for"), [("support-call@3", words[2])], wide=("for",))
    assert {len(line) for line in out.getvalue().splitlines()} == {width}
    assert "…" not in out.getvalue()


def test_what_the_gateway_logs_is_heard_for_as_long_as_one_listens() -> None:
    """Warnings of any of its parts, and nothing of others."""
    with overheard() as lines:
        logging.getLogger("gateway.one").warning("a %s", "word")
        logging.getLogger("gateway.one").info("no word")
        logging.getLogger("elsewhere").addHandler(logging.NullHandler())
        logging.getLogger("elsewhere").warning("another")
    assert not logging.getLogger("gateway").handlers
    assert lines == ["gateway.one: a word"]


def test_the_verifier_signs_for_one_customer_consumer_and_interaction() -> None:
    """At V0 nobody was verified, and nothing is signed; its key is in no repr."""
    verifier = Verifier(PrivateKey.generate("EdDSA", "idv-1"), Path("idv.jwk"))
    assert verifier.header({"crm": "C-1"}, Level.V0, client="desk", interaction="CALL-1") == {}
    ((name, token),) = verifier.header({"id": "cus_1"}, Level.V2, client="desk", interaction="CALL-1").items()
    assert name == "Customer-Verification"
    claims = taken_apart(token.encode()).claims
    assert (claims["iss"], claims["client"], claims["interaction"]) == (ISSUER, "desk", "CALL-1")
    assert (claims["customer"], claims["acr"], claims["amr"]) == ({"id": "cus_1"}, "V2", ["otp"])
    assert repr(verifier) == f"Verifier(file={Path('idv.jwk')!r})"
