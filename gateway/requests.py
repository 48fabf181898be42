"""A GraphQL request as it comes over HTTP, in a body or in a URL: checked before anything is done with it.

Follows the GraphQL over HTTP specification (https://graphql.github.io/graphql-over-http/draft/).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any
from urllib.parse import parse_qsl

import orjson

from gateway.client_deadline import LEAST_MS
from gateway.refusals import NotTakenError, RequestCode
from gateway.situations import NAMES, WrongSituationError, read_situation
from resolvers import Request
from schema.situation import Situation
from schema.views import ReceiptDetail

__all__ = ["extension_of", "parse_parameters", "parse_request", "refuse_parameters"]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "query": (str,),
    "operationName": (str, NoneType),
    "variables": (dict, NoneType),
    "extensions": (dict, NoneType),
}
_NAMES = tuple(_TYPES)
_QUOTED = {name: f'"{name}"'.encode() for name in _NAMES}

_NO_JSON = "The body is not JSON in UTF-8, or nested too deeply"

_NO_RECEIPT = ReceiptDetail.NONE
_SITUATION = "situation"
_DEADLINE = "deadlineMs"
_IN_EXTENSIONS = ("receipt", _SITUATION, _DEADLINE)
_IN_SITUATION = [f'"{name}"'.encode() for name in (*NAMES, *_IN_EXTENSIONS)]

_MOST_URL_BYTES = 16_384
_MOST_PARAMETERS = 32


@dataclass(frozen=True, slots=True)
class _Form:
    """A form in which a request comes: what its parts are called, and how they are to be sent."""

    part: str
    mend: str

    def wrong(self, got: str) -> NotTakenError:
        return NotTakenError(400, RequestCode.BAD_REQUEST, f"{got}. {self.mend}")


_BODY = _Form("member", 'Send a JSON object such as {"query": "...", "variables": {...}, "operationName": "..."}.')
_URL = _Form("parameter", "Send ?query=...&operationName=...&variables=..., URL-encoded; variables as a JSON object.")


def parse_request(body: bytes, request_id: str | None = None) -> Request:
    """Return the GraphQL request in a body, to be recorded under this id.

    Raises:
        NotTakenError: 400, it is no JSON object with a `query` and members of the right types, each once.
    """
    try:
        members = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _BODY.wrong(_NO_JSON) from None
    if not isinstance(members, dict):
        raise _BODY.wrong("The body is JSON, but not an object")
    if _may_hold_twice(body, members):
        _check_once(_member_names(body), _BODY)
    request = _request(members, _BODY, request_id)
    if members.get("extensions") and _SITUATION in members["extensions"]:
        _check_situation_once(body, body, _BODY)
    return request


def extension_of(body: bytes, name: str) -> object:
    """Return what a body that holds a request says in an extension of this name; None for nothing."""
    return (orjson.loads(body).get("extensions") or {}).get(name)


def parse_parameters(query_string: bytes, request_id: str | None = None) -> Request:
    """Return the GraphQL request in the part of a URL that stands behind `?`, to be recorded under this id.

    An empty parameter counts as one that is left out, as the specification says.

    Raises:
        NotTakenError: 400, a parameter is missing, wrong or stands twice; 414, all are longer than 16 KiB.
    """
    pairs = [(name, value) for name, value in _parameters(query_string) if name in _NAMES]
    _check_once((name for name, _ in pairs), _URL)
    given = {name: value for name, value in pairs if value or name == "query"}
    members: dict[str, Any] = {name: _parameter(name, value) for name, value in given.items()}
    request = _request(members, _URL, request_id)
    if members.get("extensions") and _SITUATION in members["extensions"]:
        text = given["extensions"].encode()
        _check_situation_once(text, b'{"extensions":%s}' % text, _URL)
    return request


def refuse_parameters(query_string: bytes) -> None:
    """Refuse a GraphQL request in the URL of one that has its own in the body: which one counts would be a guess.

    Raises:
        NotTakenError: 400, there is one; 414, the URL is too long.
    """
    if any(name in _NAMES for name, _ in _parameters(query_string)):
        message = "The URL has parameters of GraphQL, and the request comes by POST. Send all in the body, or by GET."
        raise NotTakenError(400, RequestCode.BAD_REQUEST, message)


def _parameters(query_string: bytes) -> list[tuple[str, str]]:
    if len(query_string) > _MOST_URL_BYTES:
        message = f"The URL's parameters are longer than {_MOST_URL_BYTES} bytes. Send the request by POST."
        raise NotTakenError(414, RequestCode.URL_TOO_LARGE, message)
    try:
        text = query_string.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise _URL.wrong(f"The URL's parameters are not UTF-8, or more than {_MOST_PARAMETERS}") from None


def _parameter(name: str, value: str) -> object:
    if name in ("query", "operationName"):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise _URL.wrong(f"The parameter {name!r} is not JSON, or nested too deeply") from None


def _may_hold_twice(body: bytes, members: Mapping[str, Any]) -> bool:
    """Return whether a member of ours may stand twice in the body, or is written with an escape."""
    if b"\\u" in body:
        return True
    for name in members:
        quoted = _QUOTED.get(name)
        if quoted is not None and body.count(quoted) > 1:
            return True
    return False


def _member_names(body: bytes) -> list[str]:
    """Return the names of an object's members as they stand in it; orjson keeps only the last of two of one name.

    The standard library's reader is slower, and stops at a little less than a thousand levels where orjson takes 1024.
    """
    try:
        return [name for name, _ in json.loads(body, object_pairs_hook=_unchanged)]
    except RecursionError:
        raise _BODY.wrong(_NO_JSON) from None


def _check_situation_once(written: bytes, body: bytes, form: _Form) -> None:
    """Refuse a part of the situation that stands twice, or a second situation: which one counts would be a guess."""
    if b"\\u" not in written and all(written.count(name) < 2 for name in _IN_SITUATION):
        return
    try:
        pairs = json.loads(body, object_pairs_hook=_unchanged)
    except RecursionError:
        raise form.wrong(_NO_JSON) from None
    extensions = next(value for name, value in pairs if name == "extensions")
    situation = next(value for name, value in extensions if name == _SITUATION)
    for names, within in ((_IN_EXTENSIONS, extensions), (NAMES, situation)):
        told = [name for name, _ in within if name in names]
        if len(set(told)) < len(told):
            raise form.wrong("A member of 'extensions', or of its 'situation', stands more than once")


def _unchanged(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return pairs


def _check_once(names: Iterable[str], form: _Form) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen and name in _NAMES:
            raise form.wrong(f"The {form.part} {name!r} stands more than once")
        seen.add(name)


def _request(members: Mapping[str, Any], form: _Form, request_id: str | None) -> Request:
    query = members.get("query")
    name = members.get("operationName")
    variables = members.get("variables")
    extensions = members.get("extensions")
    if not (
        isinstance(query, str)
        and (name is None or isinstance(name, str))
        and (variables is None or isinstance(variables, dict))
        and (extensions is None or isinstance(extensions, dict))
    ):
        raise _wrong_member(members, form)
    if not extensions:
        return Request(query, name or None, variables or {}, id=request_id)
    receipt = _receipt(extensions.get("receipt"), form)
    situation = _situation(extensions.get(_SITUATION), form)
    deadline = _deadline(extensions.get(_DEADLINE))
    return Request(query, name or None, variables or {}, receipt, situation, request_id, deadline)


def _wrong_member(members: Mapping[str, Any], form: _Form) -> NotTakenError:
    """Return how a request is refused in which one of these is missing or of another type."""
    if "query" not in members:
        return form.wrong(f"The {form.part} 'query' is missing")
    wrong = next(name for name, wanted in _TYPES.items() if not isinstance(members.get(name), wanted))
    return form.wrong(f"The {form.part} {wrong!r} is not {'a string' if str in _TYPES[wrong] else 'an object'}")


def _situation(value: object, form: _Form) -> Situation:
    try:
        return read_situation(value)
    except WrongSituationError as error:
        raise form.wrong(str(error)) from None


def _deadline(value: object) -> int | None:
    """Return the milliseconds that are wanted, None where nothing is said, as in every member that is null."""
    if value is None or (type(value) is int and value >= LEAST_MS):
        return value
    got = "less" if type(value) is int else "something else"
    wanted = f"a whole number of milliseconds, {LEAST_MS} or more"
    message = f"The extension {_DEADLINE!r} wants {wanted}, and got {got}. Send such a number, or leave it out."
    raise NotTakenError(400, RequestCode.BAD_REQUEST, message)


def _receipt(value: object, form: _Form) -> ReceiptDetail:
    if value is None:
        return _NO_RECEIPT
    levels = [str(level) for level in ReceiptDetail]
    if value not in levels:
        raise form.wrong(f"The extension 'receipt' is not one of {', '.join(levels)}")
    return ReceiptDetail(str(value))
