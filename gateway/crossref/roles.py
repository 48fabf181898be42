"""Who may do what in the cross-reference."""

from __future__ import annotations

from schema.caller import CrossrefRole

__all__ = ["ANYBODY", "LOG_READERS", "PRIVACY", "READERS", "RESOLVERS", "STANDING", "TOLD_OF_ERASURES"]
__all__ += ["VERIFIERS", "WRITERS"]

ANYBODY = tuple(CrossrefRole)
READERS = (CrossrefRole.READER, CrossrefRole.STEWARD)
RESOLVERS = (*READERS, CrossrefRole.PRIVACY_OFFICER)
"""An officer has to find who asks to be restricted or erased, and an export tells the same keys."""
STANDING = (*RESOLVERS, CrossrefRole.AUDITOR)
LOG_READERS = (*READERS, CrossrefRole.AUDITOR)
VERIFIERS = (CrossrefRole.STEWARD, CrossrefRole.AUDITOR)
WRITERS = (CrossrefRole.STEWARD,)
PRIVACY = (CrossrefRole.PRIVACY_OFFICER,)
TOLD_OF_ERASURES = (CrossrefRole.AUDITOR, CrossrefRole.PRIVACY_OFFICER)
"""An officer erases, and has to be able to repeat it."""
