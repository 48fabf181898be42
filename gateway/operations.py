"""Which kind of operation a request is for: by GET only queries may be asked."""

from __future__ import annotations

from graphql import GraphQLError, OperationType, get_operation_ast, parse

from resolvers import Request

__all__ = ["is_for_another_operation"]


def is_for_another_operation(request: Request, most_tokens: int) -> bool:
    """Return whether a request is for a mutation or a subscription.

    The document is read anew for it, so ask only where it was refused already; what cannot be read is for neither.
    """
    try:
        document = parse(request.query, no_location=True, max_tokens=most_tokens)
    except GraphQLError:
        return False
    operation = get_operation_ast(document, request.operation_name)
    return operation is not None and operation.operation is not OperationType.QUERY
