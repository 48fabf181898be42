"""What goes on the wire for a batch of a REST source: a pure function of the offer, the fields and the keys. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from adapters.adapter import Batch
from adapters.answers import Key, SourceError
from adapters.http.arguments import AsBody, AsQuery
from adapters.http.offers import HttpOffer
from adapters.http.pages import ByCursor, InLastRecord
from adapters.http.parts import MOST_CHARACTERS, InBody, InPath, InQuery, encoded, pair, refused_key
from adapters.records import source_fields, top_of
from adapters.sending import Ask
from schema.reasons import Reason

__all__ = ["HttpAsk", "are_plain", "make_ask", "matches_nothing", "unaskable"]

_STEPS = frozenset({".", ".."})
_PLAIN_KEYS = re.compile(rf"[!-~]{{1,{MOST_CHARACTERS}}}(\n[!-~]{{1,{MOST_CHARACTERS}}})*")


@dataclass(frozen=True, slots=True)
class HttpAsk(Ask):
    """One request: GET, or POST when there is a body. `target` is path and query as they go on the wire."""

    target: str = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


def make_ask(offer: HttpOffer, batch: Batch, keys: Sequence[Key]) -> HttpAsk:
    """Return the request that asks these keys of the batch: its fields, and the echoed key's, and no others.

    Raises SendError when an argument or a cursor cannot be said.
    """
    fixed = _fixed(offer, batch.fields)
    query, body = "&".join(filter(None, _query(offer, fixed, batch, keys))), None
    if fixed.posts:
        body = json.dumps(_members(offer, batch, keys)).encode()
    path = offer.path.replace("{key}", encoded(keys[0])) if isinstance(offer.keys, InPath) else offer.path
    return HttpAsk(batch, keys, f"{path}?{query}" if query else path, body)


@dataclass(frozen=True, slots=True)
class _Fixed:
    """What is the same in every call for some fields of an offer: what stands in the query string before the keys and
    behind them, and whether there is a body."""

    before: str
    behind: str
    posts: bool


@lru_cache(maxsize=1024)
def _fixed(offer: HttpOffer, fields: tuple[str, ...]) -> _Fixed:
    before = "&".join(pair(name, value) for name, value in offer.params)
    wanted = offer.fields.parameters(_projection(offer, fields)) if isinstance(offer.fields, InQuery) else ()
    return _Fixed(before, "&".join(wanted), offer.posts)


def _query(offer: HttpOffer, fixed: _Fixed, batch: Batch, keys: Sequence[Key]) -> Iterator[str]:
    yield fixed.before
    if isinstance(offer.keys, InQuery):
        yield from offer.keys.parameters(keys)
    yield fixed.behind
    for argument, value in _said(offer, batch):
        if isinstance(argument, AsQuery):
            yield from argument.parameters(value)
    if offer.paging is not None and not offer.paging.in_body:
        yield from (pair(name, str(value)) for name, value in _page(offer, batch).items())


def _members(offer: HttpOffer, batch: Batch, keys: Sequence[Key]) -> dict[str, object]:
    members: dict[str, object] = {}
    if isinstance(offer.keys, InBody):
        members[offer.keys.name] = offer.keys.member(keys)
    if isinstance(offer.fields, InBody):
        members[offer.fields.name] = offer.fields.member(_projection(offer, batch.fields))
    for argument, value in _said(offer, batch):
        if isinstance(argument, AsBody):
            members[argument.name] = argument.member(value)
    if offer.paging is not None and offer.paging.in_body:
        members |= _page(offer, batch)
    return members


def matches_nothing(offer: HttpOffer, batch: Batch) -> bool:
    """Return whether no record can match the arguments, so that nobody need be asked."""
    return any(argument.matches_nothing(value) for argument, value in _said(offer, batch))


def are_plain(offer: HttpOffer, batch: Batch) -> bool:
    """Return whether there is certainly nothing in the batch that `unaskable` or `matches_nothing` looks for."""
    keys = "\n".join(batch.keys)
    if batch.arguments or keys.count("\n") >= len(batch.keys) or not _PLAIN_KEYS.fullmatch(keys):
        return False
    if isinstance(offer.keys, InPath):
        return _STEPS.isdisjoint(batch.keys)
    return not (isinstance(offer.keys, InQuery) and offer.keys.splits(keys))


def unaskable(offer: HttpOffer, key: Key) -> SourceError | None:
    """Return why a key cannot be put on the wire so that it stays one key, and that key; None when it can."""
    if refused := refused_key(key):
        return refused
    if isinstance(offer.keys, InPath) and key in _STEPS:
        return SourceError(Reason.SOURCE_ERROR, "the key is a step in a path, and cannot be a segment of one")
    if isinstance(offer.keys, InQuery) and offer.keys.splits(key):
        return SourceError(
            Reason.SOURCE_ERROR, "the key holds the separator by which the source splits its list of keys"
        )
    return None


def _said(offer: HttpOffer, batch: Batch) -> Iterator[tuple[AsQuery | AsBody, object]]:
    """Yield the arguments that have a value; null says nothing."""
    for name, value in batch.arguments:
        if value is not None:
            yield offer.arguments[name], value


def _page(offer: HttpOffer, batch: Batch) -> dict[str, str | int]:
    assert offer.paging is not None
    assert offer.max_page is not None
    assert batch.slice is not None, "a call for a page says which"
    return offer.paging.parameters(batch.slice, offer.max_page)


def _projection(offer: HttpOffer, fields: Sequence[str]) -> Sequence[str]:
    wanted = set(source_fields(offer.record, fields))
    if offer.key is not None and offer.attributes is None:
        wanted.add(top_of(offer.key))
    if offer.as_of is not None:
        wanted.add(top_of(offer.as_of))
    if isinstance(offer.paging, ByCursor) and isinstance(offer.paging.next, InLastRecord) and offer.attributes is None:
        wanted.add(top_of(offer.paging.next.at))
    return sorted(wanted)
