"""Why a whole request is not answered. Each refusal says what was got and how to mend it.

    RefusedError       the request is the caller's to mend; nothing was asked of a source

The texts name nothing but what the caller sent and what its view's schema shows anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from graphql import GraphQLError

__all__ = ["Excess", "RefusalCode", "RefusedError"]

_LONGEST = 500
"""The most characters of a message: graphql-core repeats names and values, however long they were sent."""


class RefusalCode(StrEnum):
    """The code in `errors[].extensions.code` of a refused request."""

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    """The document is not GraphQL."""
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    """The document does not fit the view's schema: what is outside the view does not exist."""
    OPERATION_RESOLUTION_FAILURE = "OPERATION_RESOLUTION_FAILURE"
    """It is not clear which operation is meant. Set operationName."""
    BAD_USER_INPUT = "BAD_USER_INPUT"
    """A variable does not fit its type, or an argument what it is for."""
    QUERY_BUDGET = "QUERY_BUDGET"
    """The document asks for more than the view's limits allow, or any view. The remedy says how to stay below."""
    RATE_LIMITED = "RATE_LIMITED"
    """The consumer looks up by identifiers more often than it may. Ask again later."""
    INTROSPECTION_NOT_ALLOWED = "INTROSPECTION_NOT_ALLOWED"
    """The view does not show its schema to this consumer. Ask the view's owner for its SDL."""
    SITUATION_NOT_ALLOWED = "SITUATION_NOT_ALLOWED"
    """The view is not for the situation that was told, or wants more of it told. The message says which part."""
    AUDIT_UNAVAILABLE = "AUDIT_UNAVAILABLE"
    """What would be shown cannot be written down, so nothing is shown. Ask again later."""
    VIEW_SUBJECTS = "VIEW_SUBJECTS"
    """The view shows one customer a request. Ask for each in a request of its own."""


@dataclass(frozen=True, slots=True)
class Excess:
    """Which limit a request is over, how much it asks for (None: it was not counted to the end) and what is allowed."""

    limit: str
    allowed: int
    asked: int | None = None


class RefusedError(Exception):
    """A request that is not answered. `errors` are GraphQL errors as they go to the caller.

    `excess` says which limit it is over, `retry_after` in how many seconds it may be asked again. `is_recorded`: whom
    it was about was found, and that is written down by now.
    """

    def __init__(
        self,
        code: RefusalCode,
        message: str,
        remedy: str = "",
        *,
        errors: Sequence[GraphQLError] = (),
        excess: Excess | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.code, self.remedy, self.excess, self.retry_after = code, remedy, excess, retry_after
        self.is_recorded = False
        self.errors = tuple(errors) or (GraphQLError(message),)
        super().__init__(f"{code}: {_cut(message)}")

    def formatted(self) -> list[dict[str, object]]:
        """Return the errors in the form of a GraphQL response."""
        return [
            {**error.formatted, "message": _cut(error.message), "extensions": self._extensions()}
            for error in self.errors
        ]

    def _extensions(self) -> dict[str, object]:
        excess = self.excess
        told = {} if excess is None else {"limit": excess.limit, "asked": excess.asked, "allowed": excess.allowed}
        known = {"remedy": self.remedy or None, **told}
        return {"code": str(self.code), **{name: value for name, value in known.items() if value is not None}}


def _cut(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST - 3]}..."
