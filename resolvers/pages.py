"""A page of a list in the words of a Relay connection, with as much of it as is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from resolvers.cursors import Stands
from resolvers.joining import Joined
from resolvers.plan import FieldPlan, FromRecord

__all__ = ["page_facts"]

_Seal = Callable[[Stands], str]


def page_facts(joined: Joined, plan: FieldPlan, seal: _Seal) -> Mapping[str, Any]:
    """Return the facts of the connection: `nodes`, `edges` and `page_info`. A cursor is sealed only if it is shown."""
    return {
        "nodes": list(joined.items),
        "edges": _edges(joined, seal, with_cursors=_shows(plan, "edges", "cursor")),
        "page_info": _page_info(joined, seal, with_cursor=_shows(plan, "page_info", "end_cursor")),
    }


def _edges(joined: Joined, seal: _Seal, *, with_cursors: bool) -> list[Mapping[str, Any]]:
    if not with_cursors:
        return [{"node": item} for item in joined.items]
    ends = zip(joined.items, joined.ends, strict=True)
    return [{"node": item, "cursor": seal(joined.stands(end))} for item, end in ends]


def _page_info(joined: Joined, seal: _Seal, *, with_cursor: bool) -> Mapping[str, Any]:
    cursor = seal(joined.stands(joined.end)) if with_cursor and joined.end is not None else None
    return {"has_next_page": joined.has_next, "end_cursor": cursor}


def _shows(plan: FieldPlan, *names: str) -> bool:
    """Return whether the answer shows what stands in a page under these names, one below the other."""
    name, *rest = names
    fields = [one for position in plan.positions.values() for one in position.fields.values()]
    return any(one.reads == FromRecord(name) and (not rest or _shows(one, *rest)) for one in fields)
