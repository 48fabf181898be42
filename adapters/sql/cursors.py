"""Where a page of rows ends: the values of the columns of its order in the last row, which are the cursor.

A page goes on behind values, not behind a number of rows: no row that is there all the time is given twice or left out
when others come and go, and the hundredth page costs what the first one does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.matching import PageEnd
from adapters.sending import SendError
from adapters.sql.columns import Value, plain_value
from adapters.sql.statements import cell
from schema.reasons import Reason

__all__ = ["has_no_place", "page_end", "place_behind"]

_LONGEST = 2_048
"""Characters of a cursor: a client sends it back, sealed, as one value."""

_Row = Mapping[str, Any]


def page_end(rows: Sequence[_Row], first: int, columns: int) -> PageEnd:
    """Return the page of this many rows, of the rows that came, of which one more says that more follow."""
    page = rows[:first]
    return PageEnd(page, _cursor(page[-1], columns) if page else None, len(rows) > first)


def has_no_place(rows: Sequence[_Row], first: int, columns: int) -> bool:
    """Return whether a next page could leave out a row: one without a cursor, or equal to the last of this page."""
    cursors = [_cursor(row, columns) for row in rows]
    return None in cursors or (0 < first < len(cursors) and cursors[first - 1] == cursors[first])


def place_behind(cursor: str, columns: int) -> Sequence[Value]:
    """Return the values that a cursor holds, one for each column of the order. Raises SendError if it holds others."""
    try:
        values = json.loads(cursor) if len(cursor) <= _LONGEST else None
    except (ValueError, RecursionError):
        values = None
    place = [plain_value(value) for value in values] if isinstance(values, list) else []
    if len(place) != columns or None in place:
        raise SendError(Reason.CURSOR_INVALID, "the place to go on behind is none that the adapter gives")
    return [value for value in place if value is not None]


def _cursor(row: _Row, columns: int) -> str | None:
    """Return the row's own values in the columns of the order, as a text; None if nothing can be behind them."""
    values = [plain_value(row.get(cell(number))) for number in range(columns)]
    text = None if None in values else json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return None if text is None or len(text) > _LONGEST else text
