"""JSON read exactly and without trust: decimals stay decimals, and no text can crash or stall the reader."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

__all__ = ["JsonError", "check_size", "read_decimal", "read_json"]

_DIGITS = 128
_EXPONENT = 400
_UNUSABLE = float("nan")

_MOST_VALUES = 250_000
"""The most values of a body, by its commas and opening brackets: 8 MiB of `[],` would become 180 MB of lists."""

_DEPTH = 64
"""The most lists and objects within one another."""

_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""A text, or one that nothing ends: if that were none, each quote in it would be looked at as the beginning of one, in
time that grows with the square."""
_TOO_DEEP = b"[" * (_DEPTH + 1)
_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


class JsonError(ValueError):
    """The body is not JSON that can be used. The text is a constant of ours: nothing of the body is in it."""


def read_json(body: bytes) -> Any:
    """Return the value of a JSON text in UTF-8, or raise JsonError.

    Numbers with a point or an exponent are Decimal, exactly as written. A number that nobody can have meant (over 128
    digits, or beyond ten to the power of 400 either way) becomes NaN, which no record takes: it costs its own field,
    where int() and Decimal() would cost the whole answer. NaN and Infinity themselves are not JSON. Of several members
    of one name the last counts, as RFC 8259 (section 4) leaves open.

    A body of more than 250,000 values, or nested deeper than 64, is refused before it is read. Brackets within texts
    count as brackets; those that hide a greater depth so are left to the reader, which ends at the interpreter's limit.
    """
    check_size(body)
    try:
        text = body.decode("utf-8-sig")
        return json.loads(text, parse_float=read_decimal, parse_int=_whole, parse_constant=_refuse)
    except RecursionError:
        raise JsonError("the body is nested too deeply") from None
    except ValueError:
        raise JsonError("the body is not JSON in UTF-8") from None


def check_size(body: bytes) -> None:
    """Raise JsonError where a body holds more values, or nests them deeper, than is read."""
    brackets = body.translate(_SQUARE, _NO_BRACKETS)
    if len(body) > _MOST_VALUES and body.count(b",") + len(brackets) // 2 > _MOST_VALUES:
        raise JsonError("the body holds too many values")
    if len(brackets) > 2 * _DEPTH and _is_deep(brackets) and _is_deep(_brackets_outside_texts(body)):
        raise JsonError("the body is nested too deeply")


def _is_deep(brackets: bytes) -> bool:
    """Return whether brackets are left when the innermost pairs have been taken away as often as may be.

    This takes a tenth of the time of the reading, where to walk through what was read would take half of it.
    """
    for _ in range(_DEPTH):
        if _TOO_DEEP in brackets:
            return True
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return False
    return True


def _brackets_outside_texts(body: bytes) -> bytes:
    return _TEXT.sub(b"", body).translate(_SQUARE, _NO_BRACKETS)


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
