"""Where it is written down who broke a glass and who has reviewed it: the audit, which every process shares."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

__all__ = ["OPENED", "REFUSED", "REVIEWED", "Ledger", "Noted"]

OPENED, REFUSED, REVIEWED = "break-glass.opened", "break-glass.refused", "break-glass.reviewed"
"""The kinds of what is written down."""


class Noted(Protocol):
    """A record that was read back: of which kind, when, all its members, and whether it is as it was written."""

    @property
    def kind(self) -> str:
        """Return of which kind."""

    @property
    def at(self) -> datetime:
        """Return when it was written."""

    @property
    def members(self) -> Mapping[str, Any]:
        """Return what it says; what happened stands in `happened`."""

    @property
    def is_signed(self) -> bool:
        """Return whether its own HMAC holds."""


class Ledger(Protocol):
    """Writes down what happens beside requests, and reads it back, whichever process has written it."""

    async def record_event(self, kind: str, happened: Mapping[str, str], *, customer: str | None = None) -> None:
        """Return when it stands. `customer` is a canonical id, in whose place a reference is written.

        Raises:
            AuditUnavailableError: It could not be written.
        """

    async def events(self, kinds: Collection[str], *, days: int) -> Sequence[Noted]:
        """Return what was written of these kinds in the last so many days, the oldest first.

        Raises:
            OSError: It could not be read.
        """
