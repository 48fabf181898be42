"""A page of a list in the words of a Relay connection, with as much of it as is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from resolvers.cursors import Stands
from resolvers.joining import Joined
from resolvers.plan import FieldPlan, FromRecord

__all__ = ["EDGES", "NODE", "NODES", "PAGE_INFO", "PageParts", "page_facts", "page_parts"]

_Seal = Callable[[Stands], str]

NODES, EDGES, NODE, PAGE_INFO = "nodes", "edges", "node", "page_info"
"""Where the facts of a page hold its entries, its entries with their places, the entry of such a one, and its end."""

_CURSOR, _END_CURSOR = "cursor", "end_cursor"


@dataclass(frozen=True, slots=True)
class PageParts:
    """Which cursors of a page the answer shows: those of its entries, and the one of its end. Sealing them costs."""

    cursors: bool
    end_cursor: bool


def page_parts(plan: FieldPlan) -> PageParts:
    """Return which cursors are shown by a field that holds a page."""
    return PageParts(_shows(plan, EDGES, _CURSOR), _shows(plan, PAGE_INFO, _END_CURSOR))


def page_facts(joined: Joined, parts: PageParts, seal: _Seal) -> dict[str, Any]:
    """Return the facts of the connection: `nodes`, `edges` and `page_info`. A cursor is sealed only if it is shown."""
    return {
        NODES: list(joined.items),
        EDGES: _edges(joined, seal, with_cursors=parts.cursors),
        PAGE_INFO: _page_info(joined, seal, with_cursor=parts.end_cursor),
    }


def _edges(joined: Joined, seal: _Seal, *, with_cursors: bool) -> list[Mapping[str, Any]]:
    if not with_cursors:
        return [{NODE: item} for item in joined.items]
    ends = zip(joined.items, joined.ends, strict=True)
    return [{NODE: item, _CURSOR: seal(joined.stands(end))} for item, end in ends]


def _page_info(joined: Joined, seal: _Seal, *, with_cursor: bool) -> Mapping[str, Any]:
    cursor = seal(joined.stands(joined.end)) if with_cursor and joined.end is not None else None
    return {"has_next_page": joined.has_next, _END_CURSOR: cursor}


def _shows(plan: FieldPlan, *names: str) -> bool:
    """Return whether the answer shows what stands in a page under these names, one below the other."""
    name, *rest = names
    fields = [one for position in plan.positions.values() for one in position.fields.values()]
    return any(one.reads == FromRecord(name) and (not rest or _shows(one, *rest)) for one in fields)
