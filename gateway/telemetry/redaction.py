"""What of a log's record is printed: what is known to be harmless, and of all else no more than its type.

Our own messages are constants with names and counts in them, and are printed. Another's message (that of a library, or
of an adapter that somebody has written) is printed where it stands in that code as it is: what was put together while
the program ran may hold anything, and then it is told where it was logged. What is to be filled in is replaced by its
type, but for numbers of few digits. Of a key that nobody knows the value is replaced by its type.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from pathlib import PurePath
from types import FrameType
from typing import Any

from gateway.telemetry.request_ids import LOGGED, answering
from gateway.telemetry.scrubbing import scrubbed

__all__ = ["KNOWN", "bounded", "faults", "filled", "is_id", "listed", "message", "scrubbed_around_id", "typed"]
__all__ += ["without_values"]

KNOWN = frozenset(
    {
        *("trace_id", "span_id", "request_id"),
        *("source", "offer", "reason", "code", "view", "consumer", "purpose", "status", "worker", "pid"),
        *(
            "keys",
            "keys_left_out",
            "calls",
            "count",
            "seconds",
            "attempt",
            "breaker",
            "limit",
            "workers",
            "signal",
            "outcome",
        ),
    }
)
"""The keys whose values are printed: names from the configuration, codes, ids of requests, counts and times."""

FIXED = frozenset({"timestamp", "level", "logger", "event", "exception"})
"""The keys of every line. Who logs cannot set them."""

_OURS = ("gateway", "resolvers", "adapters", "schema")
_FEW_DIGITS = 10_000_000
_MOST_PLACES, _MOST_CAUSES = 20, 5
_MOST_KEYS, _MOST_LISTED = 30, 101
_KEY = re.compile(r"[a-z][a-z_]{0,39}[0-9]{0,2}")
"""How keys are written that stand in code; one in another form may have been taken from what was read."""
_NAME = re.compile(r"[A-Za-z0-9_.:@/+-]{1,100}")
"""What names, codes and ids are made of: a value with spaces is a text, whatever its key is."""
_IDS = {"trace_id": re.compile(r"[0-9a-f]{32}"), "span_id": re.compile(r"[0-9a-f]{16}"), "request_id": LOGGED}
"""What has their form is printed whole, numbers in it too: it would not be found any more."""


def message(record: logging.LogRecord, text: object, args: Any) -> str:
    """Return a record's text as it is printed, with this filled in. It has to be called where the record is emitted:
    it looks for the text in the code that logs it."""
    if isinstance(text, str) and _is_ours(record.name):
        return scrubbed_around_id(filled(text, args))
    if not isinstance(text, str) or not _is_constant(record, text):
        return f"logged in line {record.lineno} of {PurePath(record.pathname).name}"
    return scrubbed(filled(text, _types(args)))


def scrubbed_around_id(text: str) -> str:
    """Return the text scrubbed, but for the id of the request that is answered: a UUID may look like a number."""
    ids = answering.get()
    if ids is None:
        return scrubbed(text)
    known_as = ids.logged
    return known_as.join(map(scrubbed, text.split(known_as)))


def filled(text: str, args: Any) -> str:
    """Return the text with this filled in; without, where it does not fit."""
    try:
        return text % args if args else text
    except (TypeError, ValueError, KeyError):
        return text


def bounded(given: Mapping[Any, object]) -> dict[str, object]:
    """Return what was logged by keys that code has: no more of them than anybody reads, and none of every line's."""
    fit = [one for one in given if isinstance(one, str) and _KEY.fullmatch(one) and one not in FIXED]
    told = {key: given[key] for key in fit[:_MOST_KEYS]}
    return told if len(told) == len(given) else {**told, "keys_left_out": len(given) - len(told)}


def typed(key: str, value: object) -> object:
    """Return what is printed of a key's value: the value of a known one, if it is a name or a number, else its type."""
    if key in KNOWN and _is_harmless(key, value):
        return scrubbed(value) if isinstance(value, str) and not is_id(key, value) else value
    return f"<{type(value).__name__}>"


def _is_harmless(key: str, value: object) -> bool:
    if isinstance(value, str):
        return is_id(key, value) if key in _IDS else _NAME.fullmatch(value) is not None
    if key in _IDS:
        return False
    return value is None or (isinstance(value, int | float) and abs(value) < _FEW_DIGITS)


def is_id(key: str, value: object) -> bool:
    """Return whether this is an id by its key and by its form."""
    return key in _IDS and isinstance(value, str) and _IDS[key].fullmatch(value) is not None


def listed(record: logging.LogRecord) -> list[str]:
    """Return what a record of ours lists behind its text: problems, a line each."""
    given = getattr(record, "problems", ()) if _is_ours(record.name) else ()
    return [scrubbed(str(one)) for one in given[:_MOST_LISTED]]


def faults(error: BaseException | None) -> str | None:
    """Return the types of an exception and of those that it came from, and through which places each went, the
    innermost first. Its text is not printed, for it may hold what a customer or a source has sent."""
    told: list[str] = []
    while error is not None and len(told) < _MOST_CAUSES:
        places = traceback.extract_tb(error.__traceback__, limit=-_MOST_PLACES)
        went = " < ".join(f"{one.name} ({PurePath(one.filename).name}:{one.lineno})" for one in reversed(places))
        told.append(f"{type(error).__name__} in {went}" if went else type(error).__name__)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return " from ".join(told) or None


def without_values(record: logging.LogRecord) -> bool:
    """Have the record print the types of what is filled in, and let it pass: a filter for a logger."""
    record.args = _types(record.args)
    return True


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in _OURS


def _types(args: Any) -> Any:
    if isinstance(args, Mapping):
        return {name: _argument(value) for name, value in args.items()}
    return tuple(map(_argument, args)) if args else args


def _argument(value: object) -> object:
    if value is None or (isinstance(value, int) and abs(value) < _FEW_DIGITS):
        return value
    return _Type(value)


class _Type:
    """Stands in a message for something that is not printed; a number that is asked of it is none."""

    __slots__ = ("_name",)

    def __init__(self, value: object) -> None:
        self._name = f"<{type(value).__name__}>"

    def __repr__(self) -> str:
        return self._name


def _is_constant(record: logging.LogRecord, text: str) -> bool:
    """Return whether a record's text stands in the code that logs it: in the function, or at the top of its module
    under a name in capitals, as constants have it. Others there may change."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  there is no other way to a frame
    while frame is not None:
        code = frame.f_code
        if code.co_name == record.funcName and code.co_filename == record.pathname:
            constants = [value for name, value in frame.f_globals.items() if name.isupper()]
            return any(text == one for one in (*code.co_consts, *constants) if type(one) is str)
        frame = frame.f_back
    return False
