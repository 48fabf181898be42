"""How arguments are said: in the source's words, or as most sources write them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.adapter import Batch
from adapters.http import AsBody, AsQuery, HttpOffer, InQuery
from adapters.http.asks import HttpAsk, make_ask, matches_nothing
from adapters.records import Record
from adapters.sending import SendError
from schema.customer import TicketStatus
from schema.customer.sorting import Sort
from schema.reasons import Reason

ORDERS = {Sort.NEWEST_FIRST: "-created", Sort.OLDEST_FIRST: "created"}
LOWER = {status: status.value.lower() for status in TicketStatus}
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Thing(Record):
    name: str


def offer(**arguments: AsQuery | AsBody) -> HttpOffer:
    return HttpOffer(
        name="things",
        serves="Owner.things",
        record=Thing,
        key="owner",
        path="/things",
        keys=InQuery("owner"),
        arguments=arguments,
    )


def asked(asked_of: HttpOffer, **arguments: object) -> HttpAsk:
    return make_ask(asked_of, Batch(asked_of, ("name",), ("7",), tuple(sorted(arguments.items()))), ("7",))


def said(argument: AsQuery, value: object) -> list[tuple[str, str]]:
    """Return the parameters that say a value, as a parser reads them, after that of the key."""
    key, *others = parse_qsl(asked(offer(x=argument), x=value).target.partition("?")[2], keep_blank_values=True)
    assert key == ("owner", "7")
    return others


def test_arguments_follow_the_keys_by_their_own_names() -> None:
    """What is left out, or null, is not said."""
    made = offer(status=AsQuery("filter[status]", words=LOWER), since=AsQuery("created[gte]"), sort=AsQuery("order"))
    target = asked(made, status=(TicketStatus.OPEN, TicketStatus.NEW), since=NOON, sort=None).target
    assert target == "/things?owner=7&created%5Bgte%5D=2026-11-21T12%3A00%3A00Z&filter%5Bstatus%5D=open,new"
    assert made.takes == {"status", "since", "sort"}


def test_a_list_is_joined_or_repeated_and_says_each_value_once() -> None:
    """By the separator; None repeats the name."""
    values = (TicketStatus.OPEN, TicketStatus.NEW, TicketStatus.OPEN)
    assert said(AsQuery("s", words=LOWER), values) == [("s", "open,new")]
    assert said(AsQuery("s", words=LOWER, separator="|"), values) == [("s", "open|new")]
    assert said(AsQuery("s", words=LOWER, separator=None), values) == [("s", "open"), ("s", "new")]


def test_words_are_the_sources_own() -> None:
    """For the members of an enum, and for whatever else has words."""
    assert said(AsQuery("order", words=ORDERS), Sort.NEWEST_FIRST) == [("order", "-created")]
    assert said(AsQuery("open", words={True: "1", False: "0"}), False) == [("open", "0")]


class Odd(Enum):
    ONE = 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a,b &c=d", "a,b &c=d"),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (1.5, "1.5"),
        (Decimal("1E+2"), "100"),
        (Decimal("-12.50"), "-12.50"),
        (date(2026, 1, 2), "2026-01-02"),
        (NOON, "2026-11-21T12:00:00Z"),
        (NOON.replace(microsecond=5), "2026-11-21T12:00:00.000005Z"),
        (NOON.astimezone(timezone(timedelta(hours=2))), "2026-11-21T14:00:00+02:00"),
        (time(9, 30), "09:30:00"),
        (Sort.NEWEST_FIRST, "NEWEST_FIRST"),
        (Odd.ONE, "ONE"),
    ],
)
def test_other_values_are_written_as_most_sources_write_them(value: object, text: str) -> None:
    """ISO 8601 and plain digits; one text is one value, whatever it holds."""
    assert said(AsQuery("x"), value) == [("x", text)]
    assert said(AsQuery("x", separator=None), (value,)) == [("x", text)]


def test_a_form_of_the_adapters_own_is_used() -> None:
    """For a source that counts seconds, say."""
    seconds = AsQuery("since", form=lambda moment: str(int(moment.timestamp())))
    assert said(seconds, NOON) == [("since", "1795262400")]


def failing(value: object) -> str:
    raise OverflowError


def not_text(value: Any) -> Any:
    return 5


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        (AsQuery("x"), None.__class__),
        (AsQuery("x"), (("name", "value"),)),
        (AsQuery("x"), float("nan")),
        (AsQuery("x"), Decimal("Infinity")),
        (AsQuery("x"), Decimal("1E+999999")),
        (AsQuery("x"), datetime(2026, 1, 1)),  # noqa: DTZ001  no zone is what is refused
        (AsQuery("x"), "x" * 1_025),
        (AsQuery("x"), "\ud800"),
        (AsQuery("x"), ("a,b", "c")),
        (AsQuery("x"), tuple(map(str, range(101)))),
        (AsBody("x"), tuple(map(str, range(101)))),
        (AsQuery("x", words=ORDERS), "NEWEST_FIRST"),
        (AsQuery("x", words=ORDERS), TicketStatus.OPEN),
        (AsQuery("x", form=failing), 1),
        (AsQuery("x", form=not_text), 1),
        (AsBody("x"), float("inf")),
    ],
)
def test_what_cannot_be_said_is_an_error_before_the_call(argument: AsQuery | AsBody, value: object) -> None:
    """A call without it would be answered by the wrong list. The text does not hold the value."""
    with pytest.raises(SendError, match=r"argument has|value of an argument") as caught:
        asked(offer(x=argument), x=value)
    assert caught.value.reason is Reason.SOURCE_ERROR


def test_a_body_holds_values_as_json_has_them() -> None:
    """Numbers and truth as they are, the rest as text; a call without them is a POST as well."""
    made = offer(
        status=AsBody("status", words=LOWER),
        paid=AsBody("paid"),
        most=AsBody("most"),
        since=AsBody("since"),
        least=AsBody("least", form=str),
        amount=AsBody("amount"),
        tag=AsQuery("tag"),
    )
    ask = asked(
        made,
        status=(TicketStatus.OPEN, TicketStatus.OPEN),
        paid=True,
        most=7,
        since=date(2026, 1, 2),
        least=7,
        amount=Decimal("1.10"),
        tag="a",
    )
    assert ask.target == "/things?owner=7&tag=a"
    assert json.loads(ask.body or b"") == {
        "status": ["open"],
        "paid": True,
        "most": 7,
        "since": "2026-01-02",
        "least": "7",
        "amount": "1.10",
    }
    assert asked(made, status=()).body == b'{"status": []}'
    assert (asked(made).target, asked(made).body) == ("/things?owner=7", b"{}")


def test_nothing_is_among_no_values() -> None:
    """A query string cannot say an empty list: left out, it would ask for everything."""
    made = offer(status=AsQuery("s", words=LOWER), tags=AsBody("tags"))
    assert matches_nothing(made, Batch(made, ("name",), ("7",), (("status", ()),)))
    for arguments in ((), (("status", (TicketStatus.OPEN,)),), (("tags", ()),), (("status", None),)):
        assert not matches_nothing(made, Batch(made, ("name",), ("7",), arguments))


@pytest.mark.parametrize(
    ("declare", "wanted"),
    [
        (lambda: AsQuery("x", words=ORDERS, form=str), "both words and form"),
        (lambda: AsQuery("x", words={Sort.NEWEST_FIRST: "-x"}), "no word for OLDEST_FIRST"),
        (lambda: AsBody("x", words={Sort.NEWEST_FIRST: "-x"}), "no word for OLDEST_FIRST"),
        (lambda: AsQuery("x", words={True: ""}), "empty or no text"),
        (lambda: AsQuery("x", words={True: "\udc00"}), "empty or no text"),
        (lambda: AsQuery("x", words={True: "a,b"}), "another separator"),
        (lambda: AsQuery("x", separator="&"), "wanted punctuation"),
    ],
)
def test_a_declaration_that_cannot_be_said_is_refused(declare: Any, wanted: str) -> None:
    """With what was got and how to mend it."""
    with pytest.raises(ValueError, match=wanted):
        declare()


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_any_text_is_one_value_that_reads_back_as_itself_or_is_refused(values: list[str]) -> None:
    """No value ends its parameter, adds one, or is read as two."""
    for separator in (",", None):
        try:
            got = said(AsQuery("x", separator=separator), tuple(values))
        except SendError:
            assert any(not text.isprintable() or "," in text for text in values)
            continue
        texts = [text for _, text in got] if separator is None else got[0][1].split(separator)
        assert texts == list(dict.fromkeys(values))
        assert {name for name, _ in got} == {"x"}
