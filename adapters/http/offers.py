"""How a REST source is asked: offers that say where keys and fields go, and the requests they make. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from adapters.adapter import Batch
from adapters.answers import Key, SourceError
from adapters.offers import Offer
from adapters.records import SourcePath, source_fields
from adapters.sending import Ask
from schema.reasons import Reason

__all__ = ["HttpAsk", "HttpOffer", "InBody", "InPath", "InQuery", "make_ask", "unaskable"]

_MAX_KEY = 1024
_SEPARATORS = re.compile(r"[^A-Za-z0-9%+&=#]+")


@dataclass(frozen=True, slots=True)
class InPath:
    """The key is one segment of the path, where the path says `{key}`: one key a call."""


@dataclass(frozen=True, slots=True)
class InQuery:
    """The values stand in the query string under this name, joined by the separator; None repeats the name.

    A source splits a joined list after it has decoded it, so a key that holds the separator would be read as two keys:
    such a key is never sent. Where keys can hold it, repeat the name.
    """

    name: str
    separator: str | None = ","

    def __post_init__(self) -> None:
        if self.separator is not None and not _SEPARATORS.fullmatch(self.separator):
            raise ValueError(
                f"got separator={self.separator!r}; wanted punctuation that a query string does not use itself, "
                "or None to repeat the name"
            )


@dataclass(frozen=True, slots=True)
class InBody:
    """The values stand in a POSTed JSON object as a list under this name; `each` wraps every value in an object."""

    name: str
    each: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HttpOffer(Offer):
    """An offer of a REST source.

    `path` follows the adapter's base URL; `{key}` in it is the key as one segment, which makes `max_batch` 1. `keys`
    says where keys go, `fields` where the source takes the list of its own top-level fields to answer with, None when
    it takes none. `records` is where the records stand in the answer's JSON: a list, or one object; None when they are
    the whole answer. `params` are query parameters that never change, as (name, value) pairs. `attributes` is the
    member of each record that holds its fields, where they stand a step below its key, as in JSON:API (section 7.2):
    they are read as the record's own, and `fields` names them alone, for the key always comes.
    """

    path: str
    keys: InPath | InQuery | InBody = InPath()
    fields: InQuery | InBody | None = None
    records: SourcePath | None = None
    params: tuple[tuple[str, str], ...] = ()
    attributes: str | None = None

    def __post_init__(self) -> None:
        one_by_one = isinstance(self.keys, InPath)
        if one_by_one:
            object.__setattr__(self, "max_batch", 1)
        Offer.__post_init__(self)  # not super(): a class with slots is another object than the one super() knows
        if not self.path.startswith("/") or "?" in self.path or "#" in self.path:
            raise ValueError(
                f"offer {self.name}: got path={self.path!r}; wanted one that begins with / and has no query"
            )
        if self.path.count("{key}") != int(one_by_one) or "{" in self.path.replace("{key}", ""):
            wanted = "{key} in it once, and no other brace" if one_by_one else "no brace, as the keys go elsewhere"
            raise ValueError(f"offer {self.name}: got path={self.path!r}; wanted {wanted}")


@dataclass(frozen=True, slots=True)
class HttpAsk(Ask):
    """One request: GET, or POST when there is a body. `target` is path and query as they go on the wire."""

    target: str = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


def make_ask(offer: HttpOffer, batch: Batch, keys: Sequence[Key]) -> HttpAsk:
    """Return the request that asks these keys of the batch: its fields, and the echoed key's, and no others."""
    projection = _projection(offer, batch.fields)
    query = [f"{_encoded(name)}={_encoded(value)}" for name, value in offer.params]
    members: dict[str, object] = {}
    for place, values in ((offer.keys, keys), (offer.fields, projection)):
        if isinstance(place, InQuery):
            query.extend(_in_query(place, values))
        elif isinstance(place, InBody):
            members[place.name] = [value if place.each is None else {place.each: value} for value in values]
    path = offer.path.replace("{key}", _encoded(keys[0])) if isinstance(offer.keys, InPath) else offer.path
    target = f"{path}?{'&'.join(query)}" if query else path
    return HttpAsk(batch, keys, target, json.dumps(members).encode() if members else None)


def unaskable(offer: HttpOffer, key: Key) -> SourceError | None:
    """Return why a key cannot be put on the wire so that it stays one key, and that key; None when it can.

    It is an error and not Missing: nobody asked the source, so nobody knows whether it has the key.
    """
    if not key.strip() or len(key) > _MAX_KEY:
        return SourceError(Reason.SOURCE_ERROR, f"the key is blank or longer than {_MAX_KEY} characters")
    if not key.isascii() and not _is_text(key):
        return SourceError(Reason.SOURCE_ERROR, "the key is not Unicode text")
    if isinstance(offer.keys, InPath) and key in (".", ".."):
        return SourceError(Reason.SOURCE_ERROR, "the key is a step in a path, and cannot be a segment of one")
    if isinstance(offer.keys, InQuery) and offer.keys.separator is not None and offer.keys.separator in key:
        return SourceError(
            Reason.SOURCE_ERROR, "the key holds the separator by which the source splits its list of keys"
        )
    return None


def _projection(offer: HttpOffer, fields: Sequence[str]) -> Sequence[str]:
    wanted = set(source_fields(offer.record, fields))
    if offer.key is not None and offer.attributes is None:
        wanted.add(offer.key if isinstance(offer.key, str) else str(offer.key.path[0]))
    return sorted(wanted)


def _in_query(place: InQuery, values: Sequence[str]) -> Iterator[str]:
    name = _encoded(place.name)
    if place.separator is None:
        yield from (f"{name}={_encoded(value)}" for value in values)
    else:
        yield f"{name}={quote(place.separator, safe=',;:|').join(map(_encoded, values))}"


def _encoded(text: str) -> str:
    """Return the text with everything percent-encoded but RFC 3986's unreserved characters."""
    return quote(text, safe="")


def _is_text(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True
