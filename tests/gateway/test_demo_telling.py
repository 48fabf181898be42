"""What the demo makes of an answer: which nulls there are and why, and how it is printed."""

from __future__ import annotations

import io
import json
import shlex
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from adapters.crossref import LoadReport
from gateway.demo.asking import Answer, NullReason, Question
from gateway.demo.sources import Started
from gateway.demo.telling import Telling

QUESTION = Question(
    "http://127.0.0.1:8000", "agent-desktop", "support-call", "query Q {\n  id\n}\n", {"by": {"id": "it's"}}, "cv_token"
)
DOWN = {"code": "SOURCE_ERROR", "remedy": "Ask again later."}


def answered(data: Any, **members: Any) -> Answer:
    return Answer(200, {"data": data, **members})


def told(answer: Answer, width: int = 100, *, terminal: bool = False) -> str:
    """Return what is printed of an exchange."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, highlight=False, markup=False)
    Telling(console).exchange(QUESTION, answer)
    return out.getvalue()


def test_a_question_is_one_line_for_a_shell() -> None:
    """Whatever stands in it, the shell reads back exactly what is sent."""
    line = QUESTION.as_curl()
    words = shlex.split(line)
    assert "\n" not in line
    assert words[:3] == ["curl", "-sS", "http://127.0.0.1:8000/views/support-call/graphql"]
    assert words[3:7] == ["-H", "Authorization: Bearer cv_token", "-H", "Content-Type: application/json"]
    assert json.loads(words[-1]) == {
        "query": "query Q { id }",
        "variables": {"by": {"id": "it's"}},
        "extensions": {"receipt": "fields"},
    }


def test_a_question_tells_its_situation_and_carries_its_proofs() -> None:
    """In the body, and as headers of the same line."""
    asked = replace(QUESTION, situation={"channel": "voice"}, headers={"Customer-Verification": "a-proof"})
    words = shlex.split(asked.as_curl())
    assert words[7:9] == ["-H", "Customer-Verification: a-proof"]
    assert json.loads(words[-1])["extensions"] == {"receipt": "fields", "situation": {"channel": "voice"}}


def test_a_question_does_not_show_its_token_and_proofs() -> None:
    """A repr stands in logs."""
    told = repr(replace(QUESTION, headers={"Customer-Verification": "a-proof"}))
    assert "cv_token" not in told
    assert "a-proof" not in told


@pytest.mark.parametrize(
    ("answer", "is_whole"),
    [
        (answered({"customer": {"name": None}}), True),
        (answered({"customer": None}), False),
        (answered(None), False),
        (answered({"customer": {"id": "1"}}, errors=[{"message": "", "extensions": DOWN}]), False),
        (Answer(500, {"data": {"customer": {"id": "1"}}}), False),
    ],
)
def test_an_answer_is_whole_when_it_holds_the_customer_and_no_error(answer: Answer, is_whole: bool) -> None:
    """A null of the source's own is no error."""
    assert answer.is_whole is is_whole


def test_every_null_is_told_with_its_reason_wherever_that_stands() -> None:
    """Errors, withheld, absent, and what is listed nowhere: the source's own."""
    answer = answered(
        {"customers": [{"name": None, "segment": None, "company": None, "language": None}, None]},
        errors=[{"message": "It failed.", "path": ["customers", 0, "name"], "extensions": DOWN}],
        extensions={
            "withheld": [{"code": "SUBJECT_UNKNOWN", "message": "Who?", "paths": [["customers", 1]]}],
            "absent": [
                {
                    "code": "SOURCE_NOT_LINKED",
                    "message": "Not known there.",
                    "paths": [["customers", "*", "segment"], ["customers", "*", "company"]],
                }
            ],
        },
    )
    assert answer.nulls() == [
        NullReason("customers.0.name", "SOURCE_ERROR", "It failed."),
        NullReason("customers.1", "SUBJECT_UNKNOWN", "Who?"),
        NullReason("customers.*.segment", "SOURCE_NOT_LINKED", "Not known there."),
        NullReason("customers.*.company", "SOURCE_NOT_LINKED", "Not known there."),
        NullReason("customers.0.language", "-", "The source has no value here."),
    ]


def test_an_error_that_is_no_null_is_not_told_as_one() -> None:
    """A refused request has no path."""
    assert Answer(400, {"errors": [{"message": "No.", "extensions": {"code": "BAD_REQUEST"}}]}).nulls() == []


def test_nulls_stand_below_the_answer() -> None:
    """With path, code and message."""
    answer = answered(
        {"customer": {"name": None}},
        errors=[{"message": "It failed.", "path": ["customer", "name"], "extensions": DOWN}],
    )
    assert "null  customer.name  SOURCE_ERROR  It failed." in told(answer)
    assert "No field is null." not in told(answer)


def test_a_receipt_is_a_table_by_source() -> None:
    """A level below fields holds no coordinates, and the table stands all the same."""
    source = {"source": "crm", "offer": "customers", "calls": 2, "keys": 3, "fields": ["name", "segment"], "ms": 1.5}
    receipt = {"view": "support-call@1", "purpose": "CustomerCare", "ms": 2.5, "sources": [source | {"outcome": "OK"}]}
    printed = told(answered({"customer": {"id": "1"}}, extensions={"receipt": receipt}))
    assert "receipt: support-call@1 for CustomerCare, 2.5 ms" in printed
    (row,) = [line for line in printed.splitlines() if "customers" in line and "crm" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "crm", "customers", "2", "3", "name, segment", "1.5", "OK",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 99])
def test_a_receipt_cuts_no_field_where_there_is_little_room(width: int) -> None:
    """Names wrap, or stand below the table where a column would be too narrow for them; a key only has none."""
    names = ["customer_since", "name.display", "preferred_channel"]
    sources = [
        {"source": "crm", "offer": "customers", "calls": 2, "keys": 3, "fields": fields, "ms": 1.5, "outcome": outcome}
        for fields, outcome in ((names, "SOURCE_RATE_LIMITED"), ([], "OK"))
    ]
    receipt = {"view": "support-call@1", "purpose": "CustomerCare", "ms": 2.5, "sources": sources}
    printed = told(answered({"customer": {"id": "1"}}, extensions={"receipt": receipt}), width)
    assert all(name in printed for name in names)
    assert max(map(len, printed.splitlines()[1:])) <= width
    assert ("crm.customers: -" in printed) is (width < 90)


def test_a_document_refused_with_status_200_is_told_why() -> None:
    """Readers take 200 for success."""
    errors = [{"message": "No.", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}]
    why = "HTTP 200 is how GraphQL over HTTP refuses a document in application/json."
    for status in (200, 404):
        out = io.StringIO()
        Telling(Console(file=out, width=100)).refusal(QUESTION, Answer(status, {"errors": errors}))
        assert (why in out.getvalue()) is (status == 200)


def test_query_and_answer_stand_side_by_side_where_there_is_room() -> None:
    """Else one above the other; the words are the same."""
    answer = answered({"customer": {"id": "1"}})
    wide, narrow = told(answer, 100), told(answer, 60)
    assert any("query" in line and "answer" in line for line in wide.splitlines())
    assert not any("query" in line and "answer" in line for line in narrow.splitlines())


def test_a_terminal_gets_colour() -> None:
    """And a pipe does not."""
    answer = answered({"customer": {"id": "1"}})
    assert "\x1b[" in told(answer, terminal=True)
    assert "\x1b[" not in told(answer)


def test_short_json_stands_on_one_line_and_long_json_on_several() -> None:
    """Lists and objects alike; what is read back is the answer."""
    data = {"customer": {"name": {"given": "Anne"}, "tags": ["x" * 30, "y" * 30], "none": []}}
    out = io.StringIO()
    Telling(Console(file=out, width=60)).exchange(QUESTION, answered(data))
    panel = out.getvalue().partition("answer")[2]
    inside = "\n".join(line.strip("│ ") for line in panel.splitlines()[1:] if line.startswith("│"))
    assert json.loads(inside) == data
    assert '"name": {"given": "Anne"},' in inside.splitlines()


@pytest.mark.parametrize("width", [60, 100, 140])
def test_what_holds_one_entry_takes_no_line_of_its_own(width: int) -> None:
    """However wide: pages are objects of one list, and their entries are what one reads."""
    data = {"customer": {"tickets": {"nodes": [{"number": "1", "subject": "x" * width}, {"number": "2"}]}}}
    printed = told(answered(data), width)
    assert '{"customer": {"tickets": {"nodes": [' in printed
    assert "]}}}" in printed
    assert '{"number": "2"}' in printed


def test_plain_values_share_a_line_where_there_is_room() -> None:
    """Objects have lines of their own, whatever stands around them."""
    data = {"customer": {"id": "1", "since": "1997", "name": {"display": "Anne"}, "segment": "x" * 30, "n": "y" * 30}}
    lines = told(answered(data), 60).splitlines()
    shown = [line.strip("│ ") for line in lines[lines.index(next(line for line in lines if " answer " in line)) + 1 :]]
    assert shown[1:5] == [
        '"id": "1", "since": "1997",', '"name": {"display": "Anne"},',
        f'"segment": "{"x" * 30}",', f'"n": "{"y" * 30}"',
    ]  # fmt: skip


def test_what_stands_on_one_line_has_room_there() -> None:
    """What is before it counts on its own line alone, however deep it stands."""
    lines = [{"product": f"B-Sides, Vol. {number}", "quantity": "3"} for number in (1, 2)]
    printed = told(answered({"customer": {"orders": {"nodes": [{"number": "P-1", "lines": lines}]}}}), 60)
    assert printed.count('{"product": "B-Sides, Vol. ') == 2
    assert printed.count('"quantity": "3"}') == 2
    assert max(map(len, printed.splitlines()[1:])) <= 60


def test_what_runs_is_told_with_the_processes_that_can_be_ended() -> None:
    """A file has none to end."""
    out = io.StringIO()
    telling = Telling(Console(file=out, width=100))
    sources = [Started("crm", "REST", "http://127.0.0.1:1", 42), Started("billing", "SQLite", "billing.db")]
    telling.sources(sources, LoadReport(rows=2500, created=2500, links=4894))
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert ["crm", "REST", "http://127.0.0.1:1", "42"] in lines
    assert ["billing", "SQLite", "billing.db", "-"] in lines
    assert "2,500 customers, 4,894 keys" in out.getvalue()


def test_a_line_for_a_shell_stands_whole_below_what_it_is_about() -> None:
    """Wrapped it could not be pasted."""
    out = io.StringIO()
    Telling(Console(file=out, width=20)).line("who asks", "curl " + "x" * 100)
    assert out.getvalue() == f"\nwho asks\ncurl {'x' * 100}\n"


def test_chapters_are_numbered() -> None:
    """In the order in which they are told, whatever was left out."""
    out = io.StringIO()
    telling = Telling(Console(file=out, width=60))
    telling.heading("First")
    telling.heading("Then")
    assert [line.rstrip("─ ") for line in out.getvalue().splitlines() if line] == ["1  First", "2  Then"]


def test_what_was_logged_is_told_apart_from_the_text() -> None:
    """Set in, and wrapped."""
    out = io.StringIO()
    Telling(Console(file=out, width=40)).tell("The log says:", "gateway.one: a line that is longer than the room is")
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "", "The log says:", "  gateway.one: a line that is longer", "  than the room is",
    ]  # fmt: skip


def test_a_terminal_gets_a_bar_while_customers_are_loaded() -> None:
    """A pipe gets none."""
    out = io.StringIO()
    with Telling(Console(file=out, width=100, force_terminal=True)).progress(2500) as bar:
        bar.update(bar.task_ids[0], completed=500, refresh=True)
    assert "500/2500" in out.getvalue()
    out = io.StringIO()
    with Telling(Console(file=out, width=100)).progress(2500) as bar:
        bar.update(bar.task_ids[0], completed=500, refresh=True)
    assert out.getvalue() == ""
