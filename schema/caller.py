"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["DEVELOPER", "Caller"]

DEVELOPER = "developer"
"""The role of those who build on views: they are told plans, and schemas that others may not read."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A consumer (a registered client application) and the views it may use.

    `views` holds view names (`support-call`, any published version) and exact versions (`support-call@1`).
    `roles` are the consumer's, as it is registered (`developer`); a view says what they allow.
    `credential` is the caller's own token where a source wants it forwarded; it is never printed.
    """

    consumer: str
    views: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    credential: str | None = field(default=None, repr=False)

    def may_use(self, name: str, version: int) -> bool:
        """Return whether the consumer is registered for this version of the view."""
        return name in self.views or f"{name}@{version}" in self.views
