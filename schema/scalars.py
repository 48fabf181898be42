"""The scalars of the model: exact decimals, times with a zone, days, and codes of public standards.

Strawberry's own Decimal prints `1E+5` and takes `NaN`; its DateTime takes and prints times without a zone. These do
not. A value of another Python type is an error and never a guess: `1.5` is no exact amount, a time without a zone is no
moment, a `datetime` is no day. No error text holds the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, StringValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

__all__ = ["MAX_DIGITS", "SCALARS", "CountryCode", "CurrencyCode", "LanguageTag"]

CurrencyCode = NewType("CurrencyCode", str)
"""An ISO 4217 alphabetic code, such as `EUR`."""

CountryCode = NewType("CountryCode", str)
"""An ISO 3166-1 alpha-2 code, such as `NL`."""

LanguageTag = NewType("LanguageTag", str)
"""A BCP 47 language tag (RFC 5646), such as `en-GB`."""

MAX_DIGITS = 38
"""The most digits before the point, and the most after it: NUMERIC(38) is the widest of the common databases."""

_ACTIVE = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF
CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF
IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS
VED VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG
"""

_WITHDRAWN = """
ANG ATS AZM BEF BGN BYR CSD CUC CYP DEM EEK ESP FIM FRF GHC GRD HRK IEP ITL LTL LUF LVL MRO MTL MZM NLG PTE ROL SDD SIT
SKK SLL SRG STD TMM TRL VEB VEF ZMK ZWD ZWL ZWN ZWR
"""

_DIGITS = frozenset("0123456789")
_CURRENCIES = frozenset((_ACTIVE + _WITHDRAWN).split())
_PLAIN_DECIMAL = re.compile(rf"-?[0-9]{{1,{MAX_DIGITS}}}(\.[0-9]{{1,{MAX_DIGITS}}})?")
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}")


def _print_decimal(value: object) -> str:
    if type(value) is Decimal:
        text = str(value)
        if len(text) <= MAX_DIGITS and text[0] in _DIGITS and "E" not in text:
            return text  # nearly every amount: what follows takes three times as long
    if type(value) is not Decimal or not value.is_finite() or _is_too_long(value):
        raise _refusal("Decimal", f"a finite decimal.Decimal of at most {MAX_DIGITS} digits each side of the point")
    return format(value.copy_abs() if value.is_zero() else value, "f")


def _is_too_long(value: Decimal) -> bool:
    # looked at before printing: Decimal("1E+999999") would print a million digits
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and (value.adjusted() >= MAX_DIGITS or -exponent > MAX_DIGITS)


def _read_decimal(value: object) -> Decimal:
    if not isinstance(value, str) or not _PLAIN_DECIMAL.fullmatch(value):
        raise _refusal("Decimal", f'a string such as "12.50", at most {MAX_DIGITS} digits each side of the point')
    return Decimal(value)


def _print_moment(value: object) -> str:
    if type(value) is not datetime or value.utcoffset() is None:
        raise _refusal("DateTime", "a datetime.datetime with a zone")
    return _to_utc(value).isoformat().replace("+00:00", "Z")


def _read_moment(value: object) -> datetime:
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise _not_a_moment()
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _not_a_moment() from None
    return _to_utc(moment)


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise _refusal("DateTime", "a moment of the years 1 to 9999 in UTC") from None


def _not_a_moment() -> GraphQLError:
    return _refusal("DateTime", 'an RFC 3339 string with its zone, such as "2026-11-21T09:30:00Z"')


def _print_day(value: object) -> str:
    if type(value) is not date:
        raise _refusal("Date", "a datetime.date without a time")
    return value.isoformat()


def _read_day(value: object) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise _not_a_day()
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _not_a_day() from None


def _not_a_day() -> GraphQLError:
    return _refusal("Date", 'an ISO 8601 day such as "2026-11-21"')


def _code(name: str, wanted: str, is_valid: Callable[[str], object]) -> Callable[[object], str]:
    def check(value: object) -> str:
        if type(value) is not str or not is_valid(value):
            raise _refusal(name, wanted)
        return value

    return check


def _refusal(scalar: str, wanted: str) -> GraphQLError:
    return GraphQLError(f"{scalar} wants {wanted}.")


def _scalar(
    name: str, description: str, url: str, write: Callable[[object], str], read: Callable[[object], Any]
) -> ScalarDefinition:
    def read_literal(node: ValueNode, _variables: Mapping[str, Any] | None = None) -> Any:
        # anything but a string is handed on as the node itself, which no reader takes
        return read(node.value if isinstance(node, StringValueNode) else node)

    return strawberry.scalar(
        name=name,
        description=description,
        specified_by_url=url,
        serialize=write,
        parse_value=read,
        parse_literal=read_literal,
    )


def _code_scalar(name: str, wanted: str, description: str, url: str, is_valid: Callable[[str], object]) -> Any:
    check = _code(name, wanted, is_valid)
    return _scalar(name, description, url, check, check)


SCALARS: Mapping[object, ScalarDefinition] = {
    Decimal: _scalar(
        "Decimal",
        "An exact decimal number as a string in plain notation, such as `-12.50`: never an exponent, never rounded.",
        "https://www.w3.org/TR/xmlschema11-2/#decimal",
        _print_decimal,
        _read_decimal,
    ),
    datetime: _scalar(
        "DateTime",
        "A moment as an RFC 3339 string. Answers are in UTC (`2026-11-21T09:30:00Z`); input must name its zone.",
        "https://www.rfc-editor.org/rfc/rfc3339",
        _print_moment,
        _read_moment,
    ),
    date: _scalar(
        "Date",
        "A day of the calendar as an ISO 8601 string, such as `2026-11-21`.",
        "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        _print_day,
        _read_day,
    ),
    CurrencyCode: _code_scalar(
        "CurrencyCode",
        "an upper-case ISO 4217 code",
        "A currency as its ISO 4217 code, such as `EUR`. Codes withdrawn since 1999 are known, for old amounts.",
        "https://www.iso.org/iso-4217-currency-codes.html",
        _CURRENCIES.__contains__,
    ),
    CountryCode: _code_scalar(
        "CountryCode",
        "an upper-case ISO 3166-1 code of two letters",
        "A country as its ISO 3166-1 code of two letters, such as `NL`.",
        "https://www.iso.org/iso-3166-country-codes.html",
        _COUNTRY.fullmatch,
    ),
    LanguageTag: _code_scalar(
        "LanguageTag",
        "a BCP 47 language tag",
        "A language as its BCP 47 tag, such as `en-GB`.",
        "https://www.rfc-editor.org/rfc/rfc5646",
        _LANGUAGE.fullmatch,
    ),
}
"""Which scalar stands for which Python type in a model."""
