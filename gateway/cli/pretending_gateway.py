"""The gateway of a sandbox: whatever a view asks for is there, and everybody is verified at one level."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.crossref import Lookup
from adapters.pretending import Wishing
from gateway.cli.pretending_verifier import write_sandbox_verifiers
from gateway.gateway import Gateway
from gateway.secret_file import new_secret_line
from gateway.settings import Settings
from resolvers.engine import Vouch
from schema.reasons import Reason
from schema.verification import Assertion, Level
from schema.views import View

__all__ = ["PretendingGateway"]

_SECONDS = 60.0
"""How long after a request what it was vouched for with is over."""

_LONG_AGO = 7 * 86_400.0
"""How many seconds ago who is wished to be verified no more was verified: further than any view looks."""

_SAYS = "sandbox"

_KEPT = frozenset({"host", "port", "most_body_bytes", "most_connections"})
"""The operator's settings that are the sandbox's too: where it listens, and how much it takes."""


class PretendingGateway(Gateway):
    """Serves one view over made-up data, as if every customer had been verified at the level just now, unless its key
    wishes otherwise.

    What a view needs of an operator, such as verifiers, a secret and an audit, is made in the folder, which is the
    caller's: assertions are taken and glasses are broken as ever, and nothing of the real ones is read or written.
    """

    def __init__(self, view: View, level: Level, wishing: Wishing, folder: Path, **declared: Any) -> None:
        super().__init__(settings=_settings(folder), **declared)
        self._vouch = _Vouching(view, level, wishing)

    def _vouching(self) -> Vouch | None:
        return self._vouch


def _settings(folder: Path) -> Settings:
    """Return settings of which the operator's own are those that say nothing of customers."""
    usual = {name: one.get_default() for name, one in Settings.model_fields.items() if name not in _KEPT}
    return Settings.from_environment().model_copy(update={**usual, **_made(folder)})


def _made(folder: Path) -> dict[str, Any]:
    secret, audit, anchors = folder / "secrets.txt", folder / "audit", folder / "anchors"
    secret.write_text(f"{new_secret_line()}\n", "ascii")
    for place in (audit, anchors):
        place.mkdir(mode=0o700)
    verifiers = write_sandbox_verifiers(folder)
    recorded = {"audit": audit, "audit_anchors": anchors}
    return {"secret_file": secret, "verifiers": verifiers, "steward_page": False, "officer_page": False, **recorded}


@dataclass(frozen=True, slots=True)
class _Vouching:
    """Vouches for whoever is looked up and does not wish otherwise, by all methods of the view."""

    view: View
    level: Level
    wishing: Wishing

    def __call__(self, lookup: Lookup, at: float) -> Assertion | None:
        """Return the assertion; a made-up customer's key is the canonical id too, by whatever it is looked up."""
        lacks = self.wishing.of(lookup.key).lacks
        methods = tuple(self.view.verification.methods) if self.view.verification is not None else ()
        if lacks is Reason.VERIFICATION_EXPIRED:
            ago = at - _LONG_AGO
            return Assertion(None, lookup.key, max(Level), methods, ago, ago + _SECONDS, _SAYS, _SAYS)
        if lacks is not None or self.level is Level.V0:
            return None
        return Assertion(None, lookup.key, self.level, methods, at, at + _SECONDS, _SAYS, _SAYS)
