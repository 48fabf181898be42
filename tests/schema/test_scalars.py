"""Exact decimals, moments with a zone, days and codes: what goes out, what comes in, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLError, parse_value

from schema.scalars import MAX_DIGITS, SCALARS, CountryCode, CurrencyCode, LanguageTag

AMSTERDAM = timezone(timedelta(hours=1))


class Secretive(str):
    """Another type that looks like a string."""

    __slots__ = ()


def write(python_type: object, value: object) -> str:
    serialize: Any = SCALARS[python_type].serialize
    text = serialize(value)
    assert type(text) is str
    return text


def read(python_type: object, value: object) -> Any:
    parse: Any = SCALARS[python_type].parse_value
    return parse(value)


def read_literal(python_type: object, literal: str) -> Any:
    parse: Any = SCALARS[python_type].parse_literal
    return parse(parse_value(literal), {})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.10"), "1.10"),
        (Decimal("1E+5"), "100000"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("-0.00"), "0.00"),
        (Decimal("-12.5"), "-12.5"),
        (Decimal("12345678901234567.89"), "12345678901234567.89"),
        (Decimal("9" * MAX_DIGITS), "9" * MAX_DIGITS),
        (Decimal("0." + "1" * MAX_DIGITS), "0." + "1" * MAX_DIGITS),
    ],
)
def test_a_decimal_prints_all_its_digits_in_plain_notation(value: Decimal, text: str) -> None:
    """Never an exponent, never rounded, no sign on zero."""
    assert write(Decimal, value) == text


@pytest.mark.parametrize(
    ("python_type", "value"),
    [
        (Decimal, 1.5),
        (Decimal, 7),
        (Decimal, True),
        (Decimal, "12.50"),
        (Decimal, Decimal("NaN")),
        (Decimal, Decimal("sNaN7261")),
        (Decimal, Decimal("-Infinity")),
        (Decimal, Decimal("1E+999999")),
        (Decimal, Decimal("1E-999999")),
        (Decimal, Decimal("0E+38") + Decimal("1E+38")),
        (datetime, datetime(2026, 11, 21, 9, 30)),  # noqa: DTZ001  it is what must be refused
        (datetime, date(2026, 11, 21)),
        (datetime, "2026-11-21T09:30:00Z"),
        (datetime, datetime.min.replace(tzinfo=AMSTERDAM)),
        (date, datetime(2026, 11, 21, tzinfo=UTC)),
        (date, "2026-11-21"),
        (CurrencyCode, "eur"),
        (CurrencyCode, "ZZZ"),
        (CurrencyCode, "EURO"),
        (CurrencyCode, 978),
        (CurrencyCode, Secretive("EUR")),
        (CountryCode, "nl"),
        (CountryCode, "NLD"),
        (CountryCode, None),
        (LanguageTag, "en_GB"),
        (LanguageTag, "q"),
        (LanguageTag, "en-" + "a" * 9),
        (LanguageTag, "en\n"),
        (LanguageTag, ["en"]),
    ],
)
def test_a_fact_of_another_type_is_refused_without_telling_it(python_type: object, value: object) -> None:
    """What is printed has exactly the Python type that the scalar stands for; the error holds no value."""
    with pytest.raises(GraphQLError) as refusal:
        write(python_type, value)
    assert str(refusal.value).startswith(f"{SCALARS[python_type].name} wants ")
    assert str(value) not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    ("python_type", "value", "text"),
    [
        (datetime, datetime(2026, 11, 21, 9, 30, tzinfo=UTC), "2026-11-21T09:30:00Z"),
        (datetime, datetime(2026, 11, 21, 9, 30, tzinfo=AMSTERDAM), "2026-11-21T08:30:00Z"),
        (datetime, datetime(2026, 11, 21, 9, 30, 0, 1500, tzinfo=UTC), "2026-11-21T09:30:00.001500Z"),
        (date, date(2026, 11, 21), "2026-11-21"),
        (CurrencyCode, "EUR", "EUR"),
        (CurrencyCode, "NLG", "NLG"),
        (CountryCode, "NL", "NL"),
        (LanguageTag, "en-GB", "en-GB"),
        (LanguageTag, "zh-Hant-TW", "zh-Hant-TW"),
    ],
)
def test_a_fact_of_the_right_type_is_printed(python_type: object, value: object, text: str) -> None:
    """The same moment reads the same whatever zone its source keeps; old currencies are known."""
    assert write(python_type, value) == text


@pytest.mark.parametrize("take", [read, lambda of, value: read_literal(of, f'"{value}"')])
@pytest.mark.parametrize(
    ("python_type", "text", "value"),
    [
        (Decimal, "12.50", Decimal("12.50")),
        (Decimal, "-0", Decimal(0)),
        (datetime, "2026-11-21T09:30:00Z", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
        (datetime, "2026-11-21t09:30:00.25+01:00", datetime(2026, 11, 21, 8, 30, 0, 250000, tzinfo=UTC)),
        (date, "2026-02-28", date(2026, 2, 28)),
        (CurrencyCode, "EUR", "EUR"),
        (CountryCode, "NL", "NL"),
        (LanguageTag, "en-GB", "en-GB"),
    ],
)
def test_input_is_read_alike_from_variables_and_literals(
    take: Callable[[object, str], object], python_type: object, text: str, value: object
) -> None:
    """A variable and a literal of the document give the same value."""
    assert take(python_type, text) == value


@pytest.mark.parametrize(
    ("python_type", "value"),
    [
        (Decimal, "NaN"),
        (Decimal, "Infinity"),
        (Decimal, "1e9999999"),
        (Decimal, "1_000"),
        (Decimal, " 1"),
        (Decimal, "1."),
        (Decimal, "+1"),
        (Decimal, "١٢"),
        (Decimal, "9" * (MAX_DIGITS + 1)),
        (Decimal, 47.25),
        (Decimal, 4711),
        (datetime, "2025-04-05"),
        (datetime, "2025-04-05T09:30:00"),
        (datetime, "2026-11-21 09:30:00Z"),
        (datetime, "2026-13-21T09:30:00Z"),
        (datetime, "2026-11-21T09:30:60Z"),
        (datetime, "0001-01-01T00:00:00+14:00"),
        (datetime, 1795253400),
        (date, "2026-02-30"),
        (date, "20260228"),
        (date, "2026-W08-6"),
        (date, 20260228),
        (CurrencyCode, "eur"),
        (CountryCode, "Nl"),
        (LanguageTag, ""),
    ],
)
def test_input_in_another_form_is_refused_without_telling_it(python_type: object, value: object) -> None:
    """Only the one form that the scalar prints is taken; the error says which."""
    with pytest.raises(GraphQLError) as refusal:
        read(python_type, value)
    assert str(refusal.value).startswith(f"{SCALARS[python_type].name} wants ")
    assert not value or str(value) not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("literal", ["12.50", "12", "9" * 5000, "true", "EUR", "[1]", "{a: 1}", "null"])
@pytest.mark.parametrize("python_type", list(SCALARS))
def test_a_literal_that_is_no_string_is_refused(python_type: object, literal: str) -> None:
    """A number in the document is no exact decimal, an enum name no code."""
    with pytest.raises(GraphQLError, match=" wants "):
        read_literal(python_type, literal)


def test_every_scalar_is_described_and_names_its_standard() -> None:
    """Clients find in the SDL what the text means."""
    for definition in SCALARS.values():
        assert definition.description
        assert str(definition.specified_by_url).startswith("https://")
