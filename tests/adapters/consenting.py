"""A permit as gates give it: what was read holds for a second, by a clock that a test owns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from adapters.answers import Denied, Key
from schema.reasons import Reason

__all__ = ["WITHDRAWN", "Consent"]

WITHDRAWN = Denied(Reason.CONSENT_WITHDRAWN)


class Consent:
    """A customer's consent. `now` is the time, `read_at` when it was read; it is withdrawn at `withdrawn_at`.

    `renewing` is awaited by each renewal: what a source of gates would be asked.
    """

    def __init__(self) -> None:
        self.now = self.read_at = 0.0
        self.withdrawn_at: float | None = None
        self.renewals = 0
        self.renewing: Callable[[], Awaitable[object]] | None = None

    @property
    def age(self) -> float:
        """Seconds since it was read."""
        return self.now - self.read_at

    def denied(self, keys: Sequence[Key]) -> Mapping[Key, Denied] | None:
        if self.age > 1:
            return None
        is_withdrawn = self.withdrawn_at is not None and self.withdrawn_at <= self.read_at
        return dict.fromkeys(keys, WITHDRAWN) if is_withdrawn else {}

    async def renew(self) -> None:
        self.renewals += 1
        if self.renewing is not None:
            await self.renewing()
        self.read_at = self.now
