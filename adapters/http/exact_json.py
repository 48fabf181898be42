"""JSON read exactly and without trust: decimals stay decimals, and no text can crash or stall the reader."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

__all__ = ["JsonError", "read_decimal", "read_json"]

_DIGITS = 128
_EXPONENT = 400
_UNUSABLE = float("nan")


class JsonError(ValueError):
    """The body is not JSON that can be used. The text is a constant of ours: nothing of the body is in it."""


def read_json(body: bytes) -> Any:
    """Return the value of a JSON text in UTF-8, or raise JsonError.

    Numbers with a point or an exponent are Decimal, exactly as written. A number that nobody can have meant (over 128
    digits, or beyond ten to the power of 400 either way) becomes NaN, which no record takes: it costs its own field,
    where int() and Decimal() would cost the whole answer. NaN and Infinity themselves are not JSON. Of several members
    of one name the last counts, as RFC 8259 (section 4) leaves open.
    """
    try:
        text = body.decode("utf-8-sig")
        return json.loads(text, parse_float=read_decimal, parse_int=_whole, parse_constant=_refuse)
    except RecursionError:
        raise JsonError("the body is nested too deeply") from None
    except ValueError:
        raise JsonError("the body is not JSON in UTF-8") from None


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else _UNUSABLE


def read_decimal(digits: str) -> Decimal | float:
    """Return the value of a JSON number with a point or an exponent, NaN for one that nobody can have meant."""
    if len(digits) > _DIGITS:
        return _UNUSABLE
    try:
        value = Decimal(digits)
    except ArithmeticError:  # an exponent of more digits than a machine word has
        return _UNUSABLE
    return value if abs(value.adjusted()) <= _EXPONENT else _UNUSABLE


def _refuse(_: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")
