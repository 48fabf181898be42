"""Ways to ask one query: through which view, recorded or not, and of whom it is asserted that they are verified."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from schema.verification import VERIFICATION_HEADER
from tests.bench.disclosure.verifier import INTERACTION, Verifier
from tests.bench.disclosure.views import CONSENT, LEVELS, MASK, PLAIN, path_of
from tests.bench.inside import RawHeaders
from tests.bench.workload import QUERIES, Query

__all__ = ["Asserting", "Sent", "Way", "keeping", "ways_of"]

_DIFFERENT = 200
"""How many customers the requests of one query ask of, before they begin again."""

_MOST_ASSERTED = 4
"""The assertions that a request can bring along."""

_HEADER = VERIFICATION_HEADER.lower().encode()
_WITHHELD, _MASKED = frozenset({"withheld"}), frozenset({"masked"})

Asserting = Callable[[Sequence[str]], str]
"""Returns the header by which it is asserted of these customers that they are verified."""

Sent = tuple[bytes, str, RawHeaders]
"""A request: its body, its path, and the headers that it has beside the usual ones."""


def keeping(verifier: Verifier) -> Asserting:
    """Return what has the same tokens for the same customers whenever they are asked for."""
    kept = cache(verifier.header)
    return lambda customers: kept(tuple(customers))


@dataclass(frozen=True, slots=True)
class Way:
    """A query asked through a view, with the header that `asserting` makes for the first four of the customers.

    `tells` are the members of `extensions` that an answer has beside the receipt.
    """

    name: str
    query: Query
    view: str
    asserting: Asserting | None = None
    is_audited: bool = False
    tells: frozenset[str] = frozenset()

    def requests(self, first: int, count: int) -> list[Sent]:
        """Return so many requests, from the one with this number on."""
        different = _DIFFERENT // self.query.count
        return [self._request(number % different) for number in range(first, first + count)]

    def _request(self, number: int) -> Sent:
        query, extensions = self.query, dict[str, Any](receipt="fields")
        variables = query.variables(number)
        if self.view in (LEVELS, MASK):
            extensions["situation"] = {"interaction": INTERACTION}
        asked = {"query": query.document, "variables": variables, "extensions": extensions}
        customers = [one["id"] for one in variables["by"]] if query.is_list else [variables["id"]]
        return orjson.dumps(asked), path_of(self.view), self._headers(customers)

    def _headers(self, customers: Sequence[str]) -> RawHeaders:
        if self.asserting is None:
            return ()
        return [(_HEADER, self.asserting(customers[:_MOST_ASSERTED]).encode())]


def ways_of(verifier: Verifier) -> Sequence[Sequence[Way]]:
    """Return the ways to ask of one customer, and those to ask of fifty; the first is that without rules."""
    one, fifty, known = QUERIES["one"], QUERIES["fifty"], keeping(verifier)
    of_one = [
        Way("no rules", one, PLAIN),
        Way("levels, all passed", one, LEVELS, known),
        Way("the same, a new token each time", one, LEVELS, verifier.header),
        Way("levels, half withheld", one, LEVELS, tells=_WITHHELD),
        Way("a mask below a level", one, MASK, tells=_MASKED),
        Way("a consent gate", one, CONSENT),
        Way("no rules, audited", one, PLAIN, is_audited=True),
        Way("levels, all passed, audited", one, LEVELS, known, is_audited=True),
    ]
    of_fifty = [
        Way("no rules", fifty, PLAIN),
        Way("levels, half withheld", fifty, LEVELS, tells=_WITHHELD),
        Way("the same, but of four verified", fifty, LEVELS, known, tells=_WITHHELD),
        Way("a mask below a level", fifty, MASK, tells=_MASKED),
        Way("a consent gate", fifty, CONSENT),
        Way("no rules, audited", fifty, PLAIN, is_audited=True),
        Way("levels, half withheld, audited", fifty, LEVELS, is_audited=True, tells=_WITHHELD),
    ]
    return of_one, of_fifty
