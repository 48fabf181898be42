"""As of when a record holds, by the source's own word."""

from __future__ import annotations

from datetime import datetime

from adapters.answers import Fault
from adapters.records import SourcePath, is_there, read_path
from adapters.rows import Row
from schema.reasons import Reason

__all__ = ["as_of"]

_LONGEST = 40
"""Characters: the longest that ISO 8601 takes for a moment with its zone."""

_NO_MOMENT = Fault(Reason.VALUE_INVALID)


def as_of(record: object, path: SourcePath) -> datetime | Fault | None:
    """Return the moment that a record tells at this place, None for none, and a Fault for what is no moment.

    A moment has its zone: without one nobody knows when it was.
    """
    if isinstance(record, Row):
        read = type(record).row_as_of
        told = None if read is None else read(record)
    else:
        told = read_path(record, path)
    if told is None or not is_there(told):
        return None
    try:
        moment = datetime.fromisoformat(told) if isinstance(told, str) and len(told) <= _LONGEST else told
    except ValueError:
        return _NO_MOMENT
    return moment if isinstance(moment, datetime) and moment.utcoffset() is not None else _NO_MOMENT
