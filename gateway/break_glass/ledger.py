"""Where it is written down who broke a glass and who has reviewed it: the audit, which every process shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

__all__ = ["CARRIED", "ENDED", "KINDS", "OPENED", "REFUSED", "REVIEWED", "Ledger", "Noted", "moment"]

OPENED, REFUSED, REVIEWED = "break-glass.opened", "break-glass.refused", "break-glass.reviewed"
"""The kinds of what is written down."""
CARRIED = "break-glass.carried"
"""The kind of an opening that is written again, for it waited for review when its record was dropped."""
ENDED = "break-glass.ended"
"""The kind of a grant that was ended before its time."""
KINDS = (OPENED, CARRIED, REVIEWED, ENDED)
"""The kinds of what is read back."""


_T = TypeVar("_T")


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
    def place(self) -> tuple[datetime, str, int]:
        """Return where it stands: when, by which chain, and where there."""

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

    async def read_events(self, work: Callable[[Sequence[Noted]], _T]) -> _T:
        """Return what `work` makes, in a thread, of what was written of the KINDS and is kept, the oldest first.

        Raises:
            OSError: It could not be read.
        """


def moment(seconds: float) -> str:
    """Return a time in seconds since 1970 as text, in UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")
