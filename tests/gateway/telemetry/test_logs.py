"""What the process logs: in which form, with which ids, and nothing of a customer in it."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.failure_log import FailureLog
from gateway.settings import Settings
from gateway.telemetry.logs import LogForm, begin_logging, log_handler
from gateway.telemetry.request_ids import RequestIds, answering, as_logged
from gateway.telemetry.scrubbing import MOST, scrubbed
from schema.observer import Failed, Invalid
from schema.reasons import Reason
from tests.gateway.greenhouse import KNOWN_AS
from tests.gateway.telemetry.nurseries import exported, open_nursery

THEIRS = logging.getLogger("theirs.client")
OURS = logging.getLogger("gateway.somewhere")
ID = "4f2d1c0b-1234-5678-9012-a1b2c3d4e5f6"
TEXT = "nothing was found"


class Terminal(io.StringIO):
    """A stream that people read."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Logging is the process's own: it is left as it was found."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(work: Callable[[], object], form: LogForm = LogForm.JSON, *, redacts: bool = True) -> str:
    """What is printed while this works."""
    stream = io.StringIO()
    root = logging.getLogger()
    others, root.handlers = root.handlers, [log_handler(stream, form, redacts=redacts)]
    try:
        work()
    finally:
        root.handlers = others
    return stream.getvalue()


def line(work: Callable[[], object], **options: Any) -> dict[str, Any]:
    """The only line that is printed, as JSON."""
    (printed,) = logged(work, **options).splitlines()
    return dict(json.loads(printed))


def test_a_line_is_json_with_what_every_line_has() -> None:
    """Time in UTC, level, logger and text."""
    told = line(lambda: OURS.warning("%d calls of %s", 2, "crm"))
    assert told.pop("timestamp").endswith("+00:00")
    assert told == {"level": "warning", "logger": "gateway.somewhere", "event": "2 calls of crm"}


@pytest.mark.parametrize(
    ("stream", "form", "is_json"),
    [
        (io.StringIO, LogForm.AUTO, True),
        (Terminal, LogForm.AUTO, False),
        (Terminal, LogForm.JSON, True),
        (io.StringIO, LogForm.CONSOLE, False),
    ],
)
def test_people_and_machines_have_lines_of_their_own(stream: type[io.StringIO], form: LogForm, is_json: bool) -> None:
    """A terminal is for people unless the setting says otherwise."""
    written = stream()
    log_handler(written, form).handle(logging.makeLogRecord({"name": "gateway.x", "msg": TEXT, "levelname": "ERROR"}))
    assert written.getvalue().startswith("{") is is_json
    assert TEXT in written.getvalue()
    assert ("\x1b[" in written.getvalue()) is (stream is Terminal and not is_json)


def test_our_messages_stay_as_they_are() -> None:
    """Names of sources and offers, reasons and counts are printed."""
    failed = Failed("crm", "contacts", Reason.SOURCE_TIMEOUT, "no connection or no answer in time", 3)
    told = line(lambda: FailureLog().note(failed))
    assert told["event"] == "crm.contacts: SOURCE_TIMEOUT for 3 keys (no connection or no answer in time)"
    invalid = Invalid("crm", "contacts", "Customer.emailAddress", is_absent=True, values=3)
    said = "crm.contacts: VALUE_INVALID for 3 values of Customer.emailAddress (the source's record does not have it)"
    assert line(lambda: FailureLog().note(invalid))["event"] == said


def test_a_known_key_is_printed_and_of_another_its_type() -> None:
    """An allow-list: who adds a key that nobody knows sees its type, and not its value."""
    begin_logging(LogForm.JSON)
    log = structlog.get_logger("gateway.own")
    told = line(lambda: log.warning(TEXT, source="crm", keys=3, name="Ola", born=1990, tags=["Ola"]))
    assert told["event"] == TEXT
    assert {name: told[name] for name in ("source", "keys", "name", "born", "tags")} == {
        "source": "crm",
        "keys": 3,
        "name": "<str>",
        "born": "<int>",
        "tags": "<list>",
    }


def test_of_anothers_message_the_constant_is_printed_and_the_types_of_what_is_filled_in() -> None:
    """A library may fill in anything; small numbers are harmless."""
    assert line(lambda: THEIRS.warning("asked for %s, %d times", "Ola", 3))["event"] == "asked for <str>, 3 times"
    assert line(lambda: THEIRS.warning("asked for %(who)s", {"who": "Ola"}))["event"] == "asked for <str>"
    assert line(lambda: THEIRS.warning("took %.2f s", 12.5))["event"] == "took %.2f s"
    assert line(lambda: THEIRS.warning(TEXT))["event"] == TEXT


def test_of_a_text_that_was_put_together_its_place_is_told() -> None:
    """It does not stand in the code that logs it, so anything may be in it."""
    name = "Ola"
    told = line(lambda: THEIRS.warning(f"asked for {name}"))["event"]
    assert told.startswith("logged in line ")
    assert told.endswith(" of test_logs.py")


def test_of_an_exception_its_types_and_places_are_told() -> None:
    """Its text may hold what a source has sent."""

    def fails() -> None:
        try:
            try:
                raise KeyError("Ola")
            except KeyError as error:
                raise ValueError("for Ola") from error
        except ValueError:
            OURS.exception(TEXT)

    told = line(fails)
    assert told["exception"].startswith("ValueError in fails (test_logs.py:")
    assert " from KeyError in fails (test_logs.py:" in told["exception"]
    assert "Ola" not in json.dumps(told)


def test_what_asyncio_says_of_a_lost_task_holds_no_value() -> None:
    """It puts what it knows of the task into its text, and hands on the exception."""
    stream, error = io.StringIO(), ValueError("Ola")
    text = "Task exception was never retrieved\nfuture: <Task finished exception=ValueError('Ola')>"
    about = {"name": "asyncio", "msg": text, "levelname": "ERROR", "pathname": "base_events.py", "lineno": 7}
    log_handler(stream, LogForm.JSON).handle(
        logging.makeLogRecord({**about, "exc_info": (ValueError, error, error.__traceback__)})
    )
    told = json.loads(stream.getvalue())
    assert (told["event"], told["exception"]) == ("logged in line 7 of base_events.py", "ValueError")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("token cv_" + "a" * 43 + " is", "token [secret] is"),
        ("Authorization: Bearer abc.DEF-1~x= here", "Authorization: [secret] here"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end", "jwt [secret] end"),
        ("postgresql://reader:hunter2@db/x", "postgresql://[secret]db/x"),
        ("mail ola.nordmann@example.no now", "mail [e-mail] now"),
        ("views: front-desk@2, support-call@10.", "views: front-desk@2, support-call@10."),
        ("/etc/views/front-desk@2.yaml:3: error", "/etc/views/front-desk@2.yaml:3: error"),
        ("mail ola@2.example.no, ola.nordmann@2 or ola@20210101", "mail [e-mail], [e-mail] or [e-mail]"),
        ("call +47 912 34 567 now", "call [number] now"),
        ("call 91234567 now", "call [number] now"),
        ("born 010190-12345 there", "born [number] there"),
        ("card 4111 1111 1111 1111 it", "card [number] it"),
        ("account NO93 8601 1117 947 it", "account [account] it"),
        ("account GB82WEST12345698765432 it", "account [account] it"),
        ("on 2026-11-22 it", "on 2026-11-22 it"),
        ("after 1500000 ms on port 8000, 99999 times", "after 1500000 ms on port 8000, 99999 times"),
        ("request 0f3a5b6c7d8e9f01 failed", "request 0f3a5b6c7d8e9f01 failed"),
        ("two\nlines\r\x1b[31m\u202eand", "two lines [31m and"),
    ],
)
def test_secrets_and_what_is_of_one_person_are_taken_out_of_texts(text: str, printed: str) -> None:
    """Tokens, e-mail addresses, and numbers as long as a telephone's; a line stays one line."""
    assert scrubbed(text) == printed
    assert line(lambda: OURS.warning("%s", text))["event"] == printed


def test_a_text_is_cut_before_it_is_searched() -> None:
    """Whoever can have something logged cannot have it take long."""
    assert scrubbed("x" * 10**7) == "x" * MOST + "..."


@settings(deadline=None, max_examples=100)
@given(st.text(st.sampled_from("1 aA@.:/-+cv_eyJ(),[]é\n"), max_size=3_000))
def test_no_text_takes_long_or_raises(text: str) -> None:
    """The patterns are linear in what they read; what comes out holds no e-mail address and no long number."""
    printed = scrubbed(text)
    assert "\n" not in printed
    assert scrubbed(printed.replace("...", "")) is not None


PERSONAL = st.one_of(
    st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzæøåABCDEFGH"), min_size=9, max_size=20),
    st.integers(10**8, 10**15),
    st.emails(),
    st.builds("{0:011d}".format, st.integers(10**9, 10**11 - 1)),
    st.builds("cv_{}".format, st.text("abcdef0123456789", min_size=43, max_size=43)),
)


@settings(deadline=None, max_examples=60)
@given(value=PERSONAL, form=st.sampled_from([LogForm.JSON, LogForm.CONSOLE]))
def test_no_personal_value_comes_out_of_any_call(value: str | int, form: LogForm) -> None:
    """By key, filled in, put together, as an exception, as an extra, in a mapping: it is not in what is printed."""
    text = str(value)
    assume(not any(text in known for known in ("logged in line of test_logs", __file__, "structlog", "theirs.client")))
    root = logging.getLogger()
    handlers = list(root.handlers)
    begin_logging(form)
    log = structlog.get_logger("theirs.log")

    def everything() -> None:
        log.warning(TEXT, customer=value, email=text, nested={"of": value})
        log.warning(f"found {value}", source=["in", value])  # noqa: G004
        log.warning("found %s", value)
        THEIRS.warning("found %s and %r", value, {"of": value})
        THEIRS.warning("found %(it)s", {"it": value})
        THEIRS.warning(f"found {value}")
        THEIRS.warning("found " + text)
        THEIRS.warning(text)
        THEIRS.warning(TEXT, extra={"customer": value, "request_id": [value], "trace_id": text})
        THEIRS.warning("found %d %d", value)  # does not fit
        try:
            raise ValueError(f"of {value}")
        except ValueError as error:
            THEIRS.exception("failed")
            log.exception("failed", customer=value)
            THEIRS.error("failed: %s", error)
            THEIRS.error(error)

    try:
        printed = logged(everything, form)
    finally:
        root.handlers[:] = handlers
    told = (
        json.dumps([json.loads(one) for one in printed.splitlines()], ensure_ascii=False) if printed[0] == "{" else ""
    )
    assert printed.count("failed") >= 3
    assert text not in printed
    assert text not in told


async def test_a_line_tells_the_request_its_trace_and_its_span(planted: Path, nothing_else_installed: None) -> None:
    """Where one is answered, and is sampled: a collector finds the lines of a trace."""
    stream = io.StringIO()
    handler = log_handler(stream, LogForm.JSON)
    logging.getLogger().addHandler(handler)
    try:
        async with open_nursery(planted) as house:
            house.table.raises = ValueError("Ola")
            await house.post({"query": '{ plant(by: {id: "p1"}) { label } }'})
            (server,) = [one for one in await exported(house) if one.name.startswith("POST")]
    finally:
        logging.getLogger().removeHandler(handler)
    (told,) = map(json.loads, stream.getvalue().splitlines())
    assert told["request_id"] == as_logged(KNOWN_AS)
    assert told["trace_id"] == f"{server.context.trace_id:032x}"
    assert told["span_id"] == f"{server.context.span_id:016x}"
    assert told["event"].startswith(f"request {as_logged(KNOWN_AS)} failed: ValueError in ")


def test_without_a_request_there_are_no_ids() -> None:
    """And of a request that is not sampled there is its own id alone."""
    assert "request_id" not in line(lambda: OURS.warning(TEXT))
    token = answering.set(RequestIds(ID))
    try:
        told = line(lambda: OURS.warning(TEXT))
    finally:
        answering.reset(token)
    assert (told["request_id"], "trace_id" in told) == (ID, False)


@pytest.mark.parametrize("redacts", [True, False])
def test_the_id_of_a_request_is_printed_whole_though_it_looks_like_a_number(redacts: bool) -> None:
    """As a key and in our texts, or nobody would find the line; what stands beside it is scrubbed as ever."""
    token = answering.set(RequestIds(ID, "1" * 32, "2" * 16))
    try:
        told = line(lambda: OURS.warning("request %s failed beside 12345678901", ID), redacts=redacts)
    finally:
        answering.reset(token)
    assert told["event"] == f"request {ID} failed beside [number]"
    assert (told["request_id"], told["trace_id"], told["span_id"]) == (ID, "1" * 32, "2" * 16)


def test_what_is_no_id_is_not_printed_as_one() -> None:
    """A caller may send somebody's name."""
    token = answering.set(RequestIds("anne.neumann"))
    try:
        told = line(lambda: OURS.warning(TEXT))
    finally:
        answering.reset(token)
    assert told["request_id"].startswith("sha256-")
    assert line(lambda: THEIRS.warning(TEXT, extra={"request_id": "anne.neumann"}))["request_id"] == "<str>"


PROBLEMS = ["sources.yaml:1: error: got x\nand y", "sources.yaml:2: error: got 12345678901"]
SCRUBBED = ["sources.yaml:1: error: got x and y", "sources.yaml:2: error: got [number]"]


def reload_fails(log: logging.Logger = OURS) -> None:
    log.error("not reloaded:\n%s", "\n".join(PROBLEMS), extra={"problems": PROBLEMS})


def test_problems_are_listed_for_machines_and_have_a_line_each_for_people() -> None:
    """One long line is read by nobody. Those of others may hold anything, and are no list."""
    told = line(reload_fails)
    assert (told["event"], told["problems"]) == ("not reloaded:", SCRUBBED)
    first, *others = logged(reload_fails, LogForm.CONSOLE).splitlines()
    assert "not reloaded:" in first
    assert others == [f"  {one}" for one in SCRUBBED]
    assert "problems" not in line(lambda: reload_fails(THEIRS))


def test_redaction_can_be_turned_off_and_secrets_stay_out() -> None:
    """For whoever develops an adapter: values and texts are printed, tokens and what looks personal are not."""
    begin_logging(LogForm.JSON, redacts=False)
    log = structlog.get_logger("theirs.log")
    told = line(lambda: log.warning(TEXT, name="Ola", token="cv_" + "a" * 43), redacts=False)
    assert (told["name"], told["token"]) == ("Ola", "[secret]")
    assert line(lambda: THEIRS.warning("asked for %s", "Ola"), redacts=False)["event"] == "asked for Ola"

    def fails() -> None:
        try:
            raise ValueError("of Ola")
        except ValueError:
            THEIRS.exception("failed")

    assert "ValueError: of Ola" in line(fails, redacts=False)["exception"]


def test_a_record_that_cannot_be_printed_costs_a_line_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    """The standard library would print what was to be filled in."""

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("Ola")

    assert logged(lambda: OURS.warning("of %s", Broken())) == "a line of gateway.somewhere could not be logged\n"
    assert "Ola" not in capsys.readouterr().err


def test_logging_is_begun_once_however_often_it_is_begun(capsys: pytest.CaptureFixture[str]) -> None:
    """One handler on stderr, at the level that is wanted."""
    begin_logging(LogForm.JSON, "ERROR")
    begin_logging(LogForm.JSON, "WARNING")
    OURS.info(TEXT)
    OURS.warning(TEXT)
    assert sys.stderr is not None
    assert capsys.readouterr().err.count(TEXT) == 1


def test_the_settings_name_forms_that_there_are() -> None:
    """Each form of the setting is one of the handler's."""
    assert LogForm(Settings().log_form) is LogForm.AUTO
    assert [str(form) for form in LogForm] == ["auto", "console", "json"]


def test_keys_that_no_code_would_have_are_left_out_and_counted() -> None:
    """What was read may have been handed on as keys; nobody reads a thousand of them."""
    log = structlog.get_logger("theirs.log")
    begin_logging(LogForm.JSON)
    told = line(lambda: log.warning(TEXT, **{"Ola Nordmann": 1, "ola@example.org": 2, "code": "A1"}))
    assert told.pop("timestamp")
    assert told == {"level": "warning", "logger": "theirs.log", "event": TEXT, "code": "A1", "keys_left_out": 2}
    many = line(lambda: log.warning(TEXT, **{"a" + "b" * number: 1 for number in range(40)}))
    assert (len(many), many["keys_left_out"]) == (4 + 30 + 1, 10)


def test_nobody_sets_what_every_line_has() -> None:
    """Neither its time, nor whose it is, nor the ids of the request."""
    log = structlog.get_logger("theirs.log")
    begin_logging(LogForm.JSON)
    given = {"timestamp": "Ola", "level": "Ola", "logger": "Ola", "exception": "Ola", "request_id": "other"}
    extra = {name: value for name, value in given.items() if name != "event"}
    token = answering.set(RequestIds(ID))
    try:
        lines = [line(lambda: log.warning(TEXT, **given)), line(lambda: THEIRS.warning(TEXT, extra=extra))]
    finally:
        answering.reset(token)
    assert [(one["request_id"], one["level"], "exception" in one) for one in lines] == [(ID, "warning", False)] * 2
    assert "Ola" not in json.dumps(lines)


@pytest.mark.parametrize(
    "value", ["Ola Nordmann", "Storgata 1, Oslo", 12345678901.0, float("inf"), float("nan"), "ø" * 9]
)
def test_a_known_key_holds_a_name_or_a_small_number(value: object) -> None:
    """A text in its place is printed by its type, and so is what no JSON can hold."""
    begin_logging(LogForm.JSON)
    log = structlog.get_logger("theirs.log")
    assert line(lambda: log.warning(TEXT, reason=value))["reason"] == f"<{type(value).__name__}>"


last_one = "Ola Nordmann"


def test_a_text_that_a_module_holds_for_a_while_is_no_constant() -> None:
    """Only what is named as constants are: the rest of a module's names may hold what was read last."""
    assert line(lambda: THEIRS.warning(last_one))["event"].startswith("logged in line ")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("https://x/y?api_key=S3cret&page=2", "https://x/y?api_key=[secret]&page=2"),
        ('{"password": "hunter2 it", "a": 1}', '{"password": [secret], "a": 1}'),
        ("X-Api-Key: abc, x", "X-Api-Key: [secret], x"),
        ("Authorization: Token abc", "Authorization: [secret]"),
        ("by ghp_abcdefghijklmnopqrst now", "by [secret] now"),
        ("ola%40example.no it", "[e-mail] it"),
        ("912\u00a034\u00a0567 it", "[number] it"),
        ("912\u2011345\u201167 it", "[number] it"),
        ("9123\u00ad4567 it", "[number] it"),
        ("12345678Z it", "[number] it"),
        ("131052-308T it", "[number] it"),
        ("N91234567 it", "[number] it"),
        ("tokens: 5", "tokens: 5"),
        ("monkey=1", "monkey=1"),
    ],
)
def test_secrets_by_name_and_numbers_in_other_spellings_are_taken_out(text: str, printed: str) -> None:
    """As URLs, headers and JSON have them, with other spaces and hyphens, and with the letters of passports."""
    assert scrubbed(text) == printed


def test_what_is_cut_in_two_is_not_printed_in_part() -> None:
    """The first half of a secret looks like nothing: what stands at the end of what was read is not printed."""
    for place in range(MOST - 300, MOST + 700, 7):
        text = "x" * (place - 1) + " postgresql://reader:hunter2hunter2@db " + "y" * 1_000
        assert "hunter" not in scrubbed(text)
        assert "hunter" not in scrubbed(f"{'a' * 60}@{'b' * 200} " * 3 + text)  # what is replaced moves it forward


def test_a_key_that_is_called_a_secret_is_none_without_redaction_either() -> None:
    """Its value looks like anything."""
    begin_logging(LogForm.JSON, redacts=False)
    log = structlog.get_logger("theirs.log")
    told = line(lambda: log.warning(TEXT, password="hunter2", api_key="x", keys=3), redacts=False)
    assert (told["password"], told["api_key"], told["keys"]) == ("[secret]", "[secret]", 3)
