"""Where GraphQL is asked: `/graphql`, and `/views/{view}/graphql`."""

from __future__ import annotations

__all__ = ["named_in"]

_GRAPHQL = "/graphql"
_VIEWS = "/views/"
_BETWEEN = slice(len(_VIEWS), -len(_GRAPHQL))


def named_in(route: str) -> str | None:
    """Return what names the view in a path, empty where nothing does; None where the path is not of GraphQL."""
    if route == _GRAPHQL:
        return ""
    if not (route.startswith(_VIEWS) and route.endswith(_GRAPHQL)):
        return None
    segment = route[_BETWEEN]
    return segment if segment and "/" not in segment else None
