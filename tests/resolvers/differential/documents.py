"""Random valid documents over a view's schema: hypothesis-graphql's, of which `mutating` makes more kinds.

hypothesis-graphql does not know `@oneOf`, and what `first` and `after` may hold is not in their types. So documents are
generated for a twin of the schema, in which look-ups and sizes of pages are scalars with values of their own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from graphql import (
    DocumentNode,
    IntValueNode,
    NameNode,
    ObjectFieldNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    build_schema,
    print_schema,
)
from hypothesis import strategies as st
from hypothesis_graphql import queries

from tests.resolvers.differential.worlds import world

__all__ = ["KEYS", "documents", "look_up"]

KEYS = ("1", "2", "3", "4", "5", "6")
"""What customers are looked up by."""

_DAYS = ("2026-01-01", "1999-12-31")
_MOMENTS = ("2026-01-01T00:00:00Z", "1999-12-31T23:59:59.5+02:00")


@cache
def documents(name: str) -> st.SearchStrategy[DocumentNode]:
    """Documents of one query, with literals only."""
    of = world(name)
    by = f"{of.model.subject}By"
    sdl = re.sub(rf"input {by} @oneOf {{.*?\n}}", f"scalar {by}", print_schema(of.schema), flags=re.DOTALL)
    sdl = sdl.replace("first: Int! = 20", "first: First! = 20") + "\nscalar First\n"
    twin = build_schema(re.sub(r'\s*"""[^"]*"""\s+after: String$', "", sdl, flags=re.MULTILINE))
    lookups = of.views[0].lookups
    scalars: dict[str, st.SearchStrategy[ValueNode]] = {
        by: st.builds(look_up, st.sampled_from(lookups), st.sampled_from(KEYS)),
        "First": st.integers(1, 4).map(lambda size: IntValueNode(value=str(size))),
        "Date": _texts(_DAYS),
        "DateTime": _texts(_MOMENTS),
        "String": _texts(("", "a", 'q"\\', "é\U0001f600")),
    }
    used = {one: of_one for one, of_one in scalars.items() if one == "String" or one in twin.type_map}
    return queries(twin, custom_scalars=used, print_ast=_same)


def _same(document: DocumentNode) -> DocumentNode:
    return document


def look_up(kind: str, key: str) -> ValueNode:
    """One member of a look-up, with its key."""
    return ObjectValueNode(fields=(ObjectFieldNode(name=NameNode(value=kind), value=StringValueNode(value=key)),))


def _texts(texts: Sequence[str]) -> st.SearchStrategy[ValueNode]:
    return st.sampled_from([StringValueNode(value=one) for one in texts])
