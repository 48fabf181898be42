"""The system that verifies customers, in the demo: it signs how well, for one customer, consumer and interaction."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.signatures import PrivateKey
from gateway.verification.signing import Asserted, sign_assertion
from schema.directives import CANONICAL
from schema.verification import VERIFICATION_HEADER, Level

__all__ = ["AUDIENCE", "ISSUER", "METHODS", "Verifier"]

ISSUER = "https://idv.example"
"""Whose word the demo's gateway takes for how well a customer is verified."""

AUDIENCE = "customer-view"
"""For whom the word is meant."""

METHODS = {Level.V1: ("user",), Level.V2: ("otp",), Level.V3: ("otp", "kba")}
"""By what a customer is verified to each level: is there and says a name, has the telephone, knows besides."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """Signs with this key, which stands in the file for those who want to sign themselves."""

    key: PrivateKey = field(repr=False)
    file: Path

    def header(self, by: Mapping[str, str], level: Level, *, client: str, interaction: str) -> dict[str, str]:
        """Return what a request carries that is asked at this level; nothing for V0, where nobody was verified.

        `by` names the customer as a look-up does: `{"crm": "C-000009"}`.
        """
        if level is Level.V0:
            return {}
        ((source, key),) = by.items()
        now = int(time.time())
        asserted = Asserted(
            issuer=ISSUER,
            audience=AUDIENCE,
            client=client,
            interaction=interaction,
            source=None if source == CANONICAL else source,
            key=key,
            level=level,
            methods=METHODS[level],
            verified_at=now,
            issued_at=now,
        )
        return {VERIFICATION_HEADER: sign_assertion(asserted, self.key)}
