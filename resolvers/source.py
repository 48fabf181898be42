"""The text of a document, of which nothing is kept but where its lines begin, once it has been read."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from graphql import FieldNode, GraphQLError, Source, SourceLocation

__all__ = ["DocumentSource", "locations", "locations_of"]

_NEW_LINE = re.compile(r"\r\n|[\n\r]")


class DocumentSource(Source):
    """A document's text. Where an error stands is looked up, and not counted from the beginning for each error.

    graphql-core counts the lines of the text for every error of an answer: 588 errors in a document with 110,000 empty
    lines took ten seconds.
    """

    __slots__ = ("_ends", "_starts")

    def __init__(self, text: str) -> None:
        super().__init__(text)
        found = list(_NEW_LINE.finditer(text))
        self._starts = array("I", (one.start() for one in found))
        self._ends = array("I", (one.end() for one in found))

    def forget_text(self) -> None:
        """Keep nothing but the lines; what is left to tell is where in the document something stands."""
        self.body = ""

    def get_location(self, position: int) -> SourceLocation:
        """Return line and column, from 1, of a place in the text."""
        line = bisect_left(self._starts, position)
        return SourceLocation(line + 1, position + 1 - (self._ends[line - 1] if line else 0))


def locations(error: GraphQLError) -> list[dict[str, int]]:
    """Return where in its document an error stands, in response form."""
    return _locations(error.source, error.positions or ())


def locations_of(nodes: Sequence[FieldNode]) -> list[dict[str, int]]:
    """Return where an error stands that is of all nodes of a field, in response form."""
    places = [node.loc for node in nodes if node.loc is not None]
    return _locations(places[0].source, [place.start for place in places]) if places else []


def _locations(source: Source | None, positions: Iterable[int]) -> list[dict[str, int]]:
    places = [source.get_location(position) for position in positions] if source is not None else []
    return [{"line": place.line, "column": place.column} for place in places]
