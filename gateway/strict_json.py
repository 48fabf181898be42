"""JSON that can be read in one way alone: two readers could take a member that stands twice for different things."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

__all__ = ["read_strictly"]


def read_strictly(content: bytes) -> Any:
    """Return what JSON in UTF-8 holds.

    Raises:
        ValueError: It is no JSON, is nested too deeply, has a member twice at any depth, or a number that is none or
            too large for one. The text may hold some of the content.
    """
    try:
        return json.loads(
            content.decode(), object_pairs_hook=_each_once, parse_constant=_no_number, parse_float=_finite
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member stands twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _no_number(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")
