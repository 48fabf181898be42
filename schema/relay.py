"""Lists that can exceed a page: Relay connections, forward only, declared without a resolver.

    class OrdersBy(Forward):
        status: Annotated[list[OrderStatus] | None, On("status")] = None
        '''Only orders in one of these states.'''

    @strawberry.type
    class Customer:
        orders: Connection[Order] | None = listing(OrdersBy)
        '''What the customer ordered.'''

The connection follows the Relay specification (https://relay.dev/graphql/connections.htm) with the shortcut `nodes`.
There is no total: few sources can tell it without reading everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from schema.describing import attribute_docs

__all__ = ["MOST_FIRST", "PAGE_SIZE", "READS", "Connection", "Edge", "Forward", "On", "PageInfo", "listing"]

T = TypeVar("T")

PAGE_SIZE = 20
"""How many entries a page holds where the caller does not say."""

MOST_FIRST = 1_000
"""The most entries that may be asked for in one page."""

READS = "reads"
"""Where an argument's metadata keeps the Python name of the field that it filters or orders by."""


@strawberry.type
class PageInfo:
    """Where a page of a list ends, and whether there is more."""

    has_next_page: bool
    """Whether there are entries after this page."""
    end_cursor: str | None
    """What to pass as `after` to get the next page."""


@strawberry.type
class Edge(Generic[T]):
    """One entry of a list, with its place in the list."""

    node: T | None
    """The entry itself."""
    cursor: str
    """The entry's place; pass it as `after` to go on from here."""


@strawberry.type
class Connection(Generic[T]):
    """One page of a list."""

    nodes: list[T | None] | None
    """The entries of this page."""
    edges: list[Edge[T]] | None
    """The entries of this page, each with its place in the list."""
    page_info: PageInfo
    """Where this page ends."""


@dataclass(frozen=True, slots=True)
class On:
    """Names the field of an entry that an argument filters or orders by, as the Python attribute.

    The argument does not exist in a view that does not show the field: it would tell about it.
    """

    field: str


class Forward:
    """The arguments of every list. A declaration, never instantiated."""

    first: int = PAGE_SIZE
    """How many entries to give at most."""
    after: str | None = None
    """The place after which to go on: an earlier page's `endCursor`. Left out, the list starts at its beginning."""


def listing(arguments: type[Forward] = Forward, *facts: object, description: str | None = None) -> Any:
    """Return a field whose arguments are the annotated attributes of a class, described by their docstrings.

    A default of None means that the argument may be left out; any other default prints in the SDL. `facts` are
    directives of the field. It has no resolver and stays one of the type's plain fields.
    """
    field = strawberry.field(description=description, directives=facts)
    docs = attribute_docs(arguments)
    field.arguments = [
        _argument(name, hint, getattr(arguments, name, strawberry.UNSET), docs.get(name))
        for name, hint in get_type_hints(arguments, include_extras=True).items()
    ]
    return field


def _argument(name: str, hint: Any, default: object, doc: str | None) -> StrawberryArgument:
    is_annotated = get_origin(hint) is Annotated
    marks = [mark for mark in get_args(hint) if isinstance(mark, On)] if is_annotated else []
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(get_args(hint)[0] if is_annotated else hint),
        description=doc,
        default=strawberry.UNSET if default is None else default,
        metadata={READS: marks[0].field} if marks else {},
    )
