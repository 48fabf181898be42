"""Why a whole request is not answered. Each refusal says what was got and how to mend it.

    RefusedError       the request is the caller's to mend; nothing was asked of a source

The texts name nothing but what the caller sent and what its view's schema shows anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from graphql import GraphQLError

__all__ = ["RefusalCode", "RefusedError"]


class RefusalCode(StrEnum):
    """The code in `errors[].extensions.code` of a refused request."""

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    OPERATION_RESOLUTION_FAILURE = "OPERATION_RESOLUTION_FAILURE"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    QUERY_BUDGET = "QUERY_BUDGET"


class RefusedError(Exception):
    """A request that is not answered. `errors` are GraphQL errors as they go to the caller."""

    def __init__(
        self, code: RefusalCode, message: str, remedy: str = "", *, errors: Sequence[GraphQLError] = ()
    ) -> None:
        self.code, self.remedy = code, remedy
        self.errors = tuple(errors) or (GraphQLError(message),)
        super().__init__(f"{code}: {message}")

    def formatted(self) -> list[dict[str, object]]:
        """Return the errors in the form of a GraphQL response."""
        extensions = {"code": str(self.code), **({"remedy": self.remedy} if self.remedy else {})}
        return [{**error.formatted, "extensions": extensions} for error in self.errors]
