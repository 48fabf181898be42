"""What a GraphQL source can answer: an offer that names a root field, and says where lists stand below it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import GraphQLError, parse_const_value

from adapters.answers import Answer, Key, Missing
from adapters.graphql.roots import AsVariable, ByAlias, ByIds, Connection, check_names, named_type
from adapters.graphql.selections import selection_of, with_path
from adapters.http.parts import refused_key
from adapters.offers import Offer
from adapters.records import SourcePath, every_path

__all__ = ["GraphQLOffer"]

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,9}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GraphQLOffer(Offer):
    """An offer of a GraphQL source.

    `keys` says by which root field objects are asked. `at` is where a list stands in such an object; without it the
    root field answers the list itself. `connection` says how it is read in pages, and goes with `max_page`; without it
    the list is a plain one and comes whole. `arguments` says by the Python names of the model's arguments what they
    are in the source; `params` are arguments that never change, as (name, GraphQL literal) pairs. Both go to the field
    that answers the list, and `params` of facts to the root field. `key` is where the object echoes its key; of a list
    without `at` it is each entry that does. `points` is what each key of a call costs at a source that counts points
    (`Points` of its limits), with a whole page; what the source says itself makes up for what is not quite so.
    """

    keys: ByIds | ByAlias
    at: SourcePath | None = None
    connection: Connection | None = None
    arguments: Mapping[str, AsVariable] = field(default_factory=dict)
    params: tuple[tuple[str, str], ...] = ()
    points: float = 1.0

    def __post_init__(self) -> None:
        Offer.__post_init__(self)  # not super(): a class with slots is another object than the one super() knows
        if not 0 < self.points <= 100_000:
            raise self._error(f"points={self.points}", "a number above 0 and up to 100000")
        if not self.is_list and (self.at or self.connection or self.arguments):
            raise self._error("at, connection or arguments for facts of a key", "a list in serves=, or none of them")
        if self.is_paged != (self.connection is not None):
            raise self._error("one of connection and max_page", "both for a list in pages, none for a whole one")
        if self.is_list and self.at is None:
            self._check_root_list()
        self._check_names()

    def _check_root_list(self) -> None:
        if self.keys.on:
            raise self._error("on= for a list without at=", "in at= where the list stands in the object")
        if self.is_paged and isinstance(self.keys, ByIds):
            raise self._error("pages of one list for all keys", "in at= a list of each key, or ByAlias")

    def _check_names(self) -> None:
        names = self._argument_names()
        if both := next((one for one in names if any(other.startswith(f"{one}.") for other in names)), ""):
            raise self._error(f"the argument {both} and a member of it", "a value or an input object")
        for name, literal in self.params:
            check_names(*name.split("."))
            try:
                parse_const_value(literal)
            except GraphQLError:
                wanted = 'a GraphQL literal: ("sortKey", "CREATED_AT"), ("channel", \'"web"\')'
                raise self._error(f"the param {name} as {literal!r}", wanted) from None
        selection = selection_of(self.record, every_path(self.record))
        if self.key is not None:
            with_path(selection if self.at is None else {}, self.key)

    def _argument_names(self) -> list[str]:
        """Return the names of all arguments of the field that answers the list, or the facts."""
        names = [name for name, _ in self.params] + [each.name for each in self.arguments.values()]
        if self.connection is not None:
            names += [self.connection.first, self.connection.after]
        return names if self.at is not None else [self.keys.argument, *names]

    def _error(self, got: str, wanted: str) -> ValueError:
        return ValueError(f"offer {self.name}: got {got}; wanted {wanted}")

    @property
    def takes(self) -> frozenset[str]:
        """Return the Python names of the arguments that the source filters and orders by."""
        return frozenset(self.arguments)

    def said(self, key: Key) -> object:
        """Return an askable key as the variable's value: a number where the source takes an Int, else the text."""
        return int(key) if self._has_numbers else key

    def unaskable(self, key: Key) -> Answer | None:
        """Return why a key cannot be sent, None when it can.

        What no Int can be is Missing: such a key cannot exist. The rest is an error, for nobody asked the source.
        """
        if refused := refused_key(key):
            return refused
        return Missing() if self._has_numbers and not _is_int(key) else None

    @property
    def _has_numbers(self) -> bool:
        return named_type(self.keys.type)[0] == "Int"


def _is_int(key: Key) -> bool:
    """Return whether the key is a 32-bit number as GraphQL prints it: `007` and `+7` are nobody's."""
    return _WHOLE.fullmatch(key) is not None and -(2**31) <= int(key) < 2**31
