"""The gateway of a sandbox: whatever a view asks for is there, and everybody is verified at one level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from adapters.crossref import Lookup
from gateway.checking import Checked
from gateway.gateway import Gateway
from gateway.settings import Settings
from gateway.view_needs import SETTINGS
from resolvers.engine import Vouch
from schema.verification import Assertion, Level
from schema.views import View

__all__ = ["PretendingGateway"]

_SECONDS = 60.0
"""How long after a request what it was vouched for with is over."""

_SAYS = "sandbox"


class PretendingGateway(Gateway):
    """Serves one view over made-up data, as if every customer had been verified at the level just now.

    What a view needs of an operator, such as verifiers and audit, it does without: nobody is there to be protected, and
    nothing of the real ones is read.
    """

    def __init__(self, view: View, level: Level, **declared: Any) -> None:
        apart = dict.fromkeys(("secret_file", "verifiers", "audit", "audit_anchors"))
        super().__init__(settings=Settings.from_environment().model_copy(update=apart), **declared)
        self._vouch = _Vouching(view, level)

    def check(self) -> Checked:
        """Return what was read; that a setting is missing which the view needs is no problem here."""
        checked = super().check()
        return replace(checked, problems=[one for one in checked.problems if one.file not in SETTINGS])

    def _vouching(self) -> Vouch | None:
        return self._vouch


@dataclass(frozen=True, slots=True)
class _Vouching:
    """Vouches for whoever is looked up, by all methods of the view."""

    view: View
    level: Level

    def __call__(self, lookup: Lookup, at: float) -> Assertion | None:
        """Return the assertion; a made-up customer's key is the canonical id too, by whatever it is looked up."""
        if self.level is Level.V0:
            return None
        methods = self.view.verification.methods if self.view.verification is not None else ()
        return Assertion(None, lookup.key, self.level, tuple(methods), at, at + _SECONDS, _SAYS, _SAYS)
