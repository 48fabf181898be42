"""What comes with every write: who makes it, once only, and only if the customer is still as the writer has seen it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from adapters.crossref import Linked, StoredCrossReference, Writing
from gateway.crossref.answers import Written
from gateway.crossref.asking import Asked, Asking
from gateway.crossref.parameters import IdempotencyKey, IfMatch
from gateway.crossref.requests import Reasons

__all__ = ["ByWriter", "Writer"]


@dataclass(frozen=True, slots=True)
class Writer:
    """One write, and the answer to it. Its actor is the consumer, whatever the body says."""

    asking: Asking
    response: Response = field(repr=False)
    idempotency_key: str | None = field(repr=False)
    expected_version: int | None

    @property
    def crossref(self) -> StoredCrossReference:
        """Return the cross-reference to which it is made."""
        return self.asking.crossref

    def because(self, given: Reasons) -> Writing:
        """Return what comes with the write, for the reasons that the body names."""
        return Writing(
            actor=self.asking.consumer,
            reason_code=given.reason_code,
            reason_ref=given.reason_ref,
            idempotency_key=self.idempotency_key,
            expected_version=self.expected_version,
        )

    def written(self, linked: Linked) -> Written:
        """Return the answer, whose ETag is the customer's version."""
        if linked.customer:
            self.response.headers["ETag"] = f'"{linked.version}"'
        return Written.of(linked)


async def _writer(
    asking: Asked, response: Response, idempotency_key: IdempotencyKey = None, if_match: IfMatch = None
) -> Writer:
    return Writer(asking, response, idempotency_key, None if if_match is None else int(if_match.strip('"')))


ByWriter = Annotated[Writer, Depends(_writer)]
"""The writer, for an operation's parameter."""
