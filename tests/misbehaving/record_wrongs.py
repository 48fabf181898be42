"""What a source can do wrong in its records and its words, where every byte of the answer is in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from adapters.testing import HttpAnswer
from adapters.testing.http_wire import HttpLine, json_head
from adapters.testing.http_wrongs import HttpWrong
from adapters.testing.wrongs import AUTH, ERROR, LIMITED, RIGHT, Reasons
from schema.reasons import Reason

__all__ = ["GRAPHQL_WRONGS", "RECORD_WRONGS"]

_INVALID: Reasons = frozenset({Reason.VALUE_INVALID})
_MISMATCH: Reasons = frozenset({Reason.SOURCE_MISMATCH})
_SOME_MISMATCH = _MISMATCH | RIGHT
_MISSING: Reasons = frozenset({Reason.SOURCE_RECORD_MISSING})

Rows = list[Any]


def _rows(name: str, means: str, reasons: Reasons, change: Callable[[Rows], Rows]) -> HttpWrong:
    """Return the kind that answers with other records than are right, in the base's own form."""

    def changed(answer: Any) -> Any:
        if "items" in answer:
            return answer | {"items": change(answer["items"])}
        return {"data": {"nodes": change(answer["data"]["nodes"])}}

    return _document(name, means, reasons, changed)


def _document(name: str, means: str, reasons: Reasons, change: Callable[[Any], Any]) -> HttpWrong:
    async def write(line: HttpLine, answer: HttpAnswer) -> None:
        line.keeps = True
        body = json.dumps(change(json.loads(answer.body))).encode()
        await line.send(json_head(len(body)) + body)

    return HttpWrong(name, means, reasons, write)


def _each(**members: Any) -> Callable[[Rows], Rows]:
    """Put these into every record."""
    return lambda rows: [row | members for row in rows]


def _without(member: str) -> Callable[[Rows], Rows]:
    return lambda rows: [{name: value for name, value in row.items() if name != member} for row in rows]


def _error(**members: Any) -> Mapping[str, Any]:
    return {"message": "nodes failed at db-07.internal", "path": ["nodes"], **members}


def _coded(code: str) -> Callable[[Any], Any]:
    return lambda _: {"data": None, "errors": [_error(extensions={"code": code})]}


RECORD_WRONGS: Mapping[str, HttpWrong] = {
    wrong.name: wrong
    for wrong in (
        _rows("shuffled", "answers in another order", RIGHT, lambda rows: rows[::-1]),
        _rows("foreign records", "answers with records of other keys", _MISMATCH, _each(id="K-9999")),
        _rows(
            "foreign beside", "adds a record of another key", RIGHT, lambda rows: [*rows, rows[0] | {"id": "K-9999"}]
        ),
        _rows("double", "answers every record twice", ERROR, lambda rows: rows * 2),
        _rows("null key", "leaves the keys of its records null", _MISMATCH, _each(id=None)),
        _rows("no key", "leaves the keys of its records out", _MISMATCH, _without("id")),
        _rows(
            "one for all",
            "answers all keys with the record of one",
            ERROR | _MISSING,
            lambda rows: [rows[0]] * len(rows),
        ),
        _rows("no records", "has lost its records", _MISSING, lambda rows: []),
        _rows("wrong types", "sends a list where a text is wanted", _INVALID, _each(label=["x"])),
        _rows("half a pair", "sends half of a surrogate pair", _INVALID, _each(label="\ud800")),
        _rows("field gone", "has lost a field", _INVALID, _without("label")),
        _rows("no objects", "answers with numbers in place of records", ERROR, lambda rows: [7 for _ in rows]),
        _rows("many records", "answers each record 1,000 times", ERROR, lambda rows: rows * 1_000),
    )
}
"""Kinds of every base that answers JSON over HTTP."""

GRAPHQL_WRONGS: Mapping[str, HttpWrong] = {
    wrong.name: wrong
    for wrong in (
        _document("errors alone", "answers with errors and no data", ERROR, lambda _: {"errors": [_error()]}),
        _document(
            "errors and null",
            "answers with errors and data that is null",
            ERROR,
            lambda _: {"data": None, "errors": [_error()]},
        ),
        _document("nothing", "answers with neither data nor errors", ERROR, lambda _: {}),
        _document(
            "errors of no form", "answers with errors that are a text", ERROR, lambda _: {"data": None, "errors": "no"}
        ),
        _document("throttled inside", "answers 200 with the code THROTTLED", LIMITED, _coded("THROTTLED")),
        _document(
            "unauthenticated inside", "answers 200 with the code UNAUTHENTICATED", AUTH, _coded("UNAUTHENTICATED")
        ),
        _document(
            "other field", "answers under another name", ERROR, lambda one: {"data": {"other": one["data"]["nodes"]}}
        ),
        _document("list of answers", "answers with a list", ERROR, lambda one: [one]),
    )
}
"""Kinds of a base that speaks GraphQL."""
