"""The documents that a GraphQL source is asked. Values are variables: nothing that a caller sends is in a text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from adapters.adapter import Batch, Slice
from adapters.answers import Key
from adapters.graphql.offers import GraphQLOffer
from adapters.graphql.roots import LONGEST_CURSOR, ByIds
from adapters.graphql.selections import Selection, printed, selection_of, with_path
from adapters.http.parts import is_cursor
from adapters.records import SourcePath
from adapters.sending import Ask, SendError
from schema.reasons import Reason

__all__ = ["GraphQLAsk", "alias", "document_for", "make_ask"]


@dataclass(frozen=True, slots=True)
class GraphQLAsk(Ask):
    """One request: the POSTed JSON with the document and its variables."""

    body: bytes = field(repr=False)
    points: float = 1.0

    @property
    def cost(self) -> float:
        """Return the points that the call costs."""
        return self.points * len(self.keys)


def make_ask(offer: GraphQLOffer, batch: Batch, keys: Sequence[Key]) -> GraphQLAsk:
    """Return the request that asks these keys of the batch, or raise SendError if an argument cannot be said."""
    variables: dict[str, object] = {
        _of_argument(name): offer.arguments[name].said(value) for name, value in batch.arguments
    }
    variables |= _page(batch.slice)
    names = frozenset(variables)
    said = [offer.said(key) for key in keys]
    variables |= {"keys": said} if isinstance(offer.keys, ByIds) else {alias(at): one for at, one in enumerate(said)}
    query = document_for(offer, batch.fields, len(keys), names)
    return GraphQLAsk(batch, keys, json.dumps({"query": query, "variables": variables}).encode(), offer.points)


def _page(asked: Slice | None) -> dict[str, object]:
    if asked is None:
        return {}
    if asked.after is None:
        return {"first": asked.first}
    if not is_cursor(asked.after, LONGEST_CURSOR):
        raise SendError(Reason.SOURCE_ERROR, "the list is to be gone on with from what is no cursor")
    return {"first": asked.first, "after": asked.after}


def alias(position: int) -> str:
    """Return under which name the key at this position is asked and answered."""
    return f"k{position}"


@lru_cache(maxsize=1024)
def document_for(offer: GraphQLOffer, fields: tuple[str, ...], keys: int, said: frozenset[str]) -> str:
    """Return the document that asks so many keys for these fields (dotted paths in the record's words).

    `said` are the variables beside the keys. The text depends on nothing else.
    """
    selection = _object(offer, fields, said)
    if isinstance(offer.keys, ByIds):
        key_variables, roots = ["keys"], [_field(offer, "", "keys", said)]
    else:
        key_variables = [alias(position) for position in range(keys)]
        roots = [_field(offer, f"{name}: ", name, said) for name in key_variables]
    types = dict.fromkeys(key_variables, offer.keys.type) | _types(offer, said)
    declared = ", ".join(f"${name}: {type_}" for name, type_ in types.items())
    return f"query ({declared}) {{ {' '.join(f'{root} {selection}' for root in roots)} }}"


def _types(offer: GraphQLOffer, said: frozenset[str]) -> dict[str, str]:
    """Return the types of the variables said: arguments by their names, then the page's."""
    types = {_of_argument(name): argument.type for name, argument in sorted(offer.arguments.items())}
    if offer.connection is not None:
        types |= {"first": "Int!", "after": f"{offer.connection.after_type}!"}
    return {name: type_ for name, type_ in types.items() if name in said}


def _field(offer: GraphQLOffer, prefix: str, variable: str, said: frozenset[str]) -> str:
    """Return the root field with its arguments; where it answers the list itself, with the list's."""
    own = {offer.keys.argument: f"${variable}"}
    arguments = own | (_arguments(offer, said) if offer.at is None else {})
    return f"{prefix}{offer.keys.field}{_called(arguments)}"


def _object(offer: GraphQLOffer, fields: Iterable[str], said: frozenset[str]) -> str:
    """Return the selection in the object that the root field answers for a key."""
    entries = selection_of(offer.record, fields)
    if offer.at is None and offer.key is not None:
        with_path(entries, offer.key)
    if offer.as_of is not None:
        with_path(entries, offer.as_of)
    listed = entries if offer.connection is None else _pages(entries, offer.connection.entries)
    selection = listed if offer.at is None else _holding(offer, offer.at, listed, said)
    return printed({f"... on {offer.keys.on}": selection} if offer.keys.on else selection)


def _holding(offer: GraphQLOffer, at: SourcePath, listed: Selection, said: frozenset[str]) -> Selection:
    """Return the selection in an object that holds the list: its own key and the list."""
    *steps, last = [at] if isinstance(at, str) else map(str, at.path)
    for name in (last + _called(_arguments(offer, said)), *reversed(steps)):
        listed = {name: listed}
    return listed if offer.key is None else with_path(listed, offer.key)


def _pages(entries: Selection, where: str) -> Selection:
    listed: Selection = {"nodes": entries} if where == "nodes" else {"edges": {"node": entries}}
    return {**listed, "pageInfo": {"hasNextPage": None, "endCursor": None}}


def _arguments(offer: GraphQLOffer, said: frozenset[str]) -> dict[str, str]:
    """Return the arguments of the field that answers a list, and what stands behind each."""
    arguments = dict(offer.params)
    for name, argument in sorted(offer.arguments.items()):
        if _of_argument(name) in said:
            arguments[argument.name] = f"${_of_argument(name)}"
    if offer.connection is not None:
        pages = {"first": offer.connection.first, "after": offer.connection.after}
        arguments |= {place: f"${name}" for name, place in pages.items() if name in said}
    return arguments


_Literal = dict[str, "str | _Literal"]


def _called(arguments: Mapping[str, str]) -> str:
    """Return the arguments as a document has them; dotted ones are members of input objects."""
    tree: _Literal = {}
    for name, said in arguments.items():
        *steps, last = name.split(".")
        place = tree
        for step in steps:
            below = place.setdefault(step, {})
            assert isinstance(below, dict)
            place = below
        place[last] = said
    return f"({_members(tree)})" if tree else ""


def _members(tree: _Literal) -> str:
    parts = (f"{name}: {said if isinstance(said, str) else f'{{{_members(said)}}}'}" for name, said in tree.items())
    return ", ".join(parts)


def _of_argument(name: str) -> str:
    return f"arg_{name}"
