"""Who comes in: privacy officers, where the gateway keeps audit. Nobody looks who is not written down."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp

from gateway.audit.turns import Turns
from gateway.headers import Headers
from gateway.json_api import AskingDoor
from gateway.privacy.asking import Asking
from gateway.privacy.counts import Counts
from gateway.privacy.daily import Daily
from gateway.refusals import NotTakenError, RequestCode, not_at_this_path
from gateway.service import Service
from schema.caller import CrossrefRole

__all__ = ["Door"]

_SEARCHES = 2
"""How many officers search the records at once. Of others, 32 wait for their turn; the rest ask again later."""


class Door(AskingDoor):
    """Lets in privacy officers, and holds what is kept between their requests."""

    def __init__(self, inner: Callable[[], ASGIApp], service: Callable[[], Service]) -> None:
        super().__init__(inner)
        self._service = service
        self._counts, self._daily, self._searches = Counts(), Daily(), Turns(_SEARCHES)

    def asking(self, headers: Headers) -> Asking:
        """Return who asks."""
        service = self._service()
        caller = service.caller(headers)
        if service.audit is None:
            raise not_at_this_path()
        if CrossrefRole.PRIVACY_OFFICER not in caller.roles:
            message = f"This is for consumers with the role {CrossrefRole.PRIVACY_OFFICER}. Have it added."
            raise NotTakenError(403, RequestCode.ROLE_NEEDED, message)
        return Asking(caller, service, service.audit, self._counts, self._daily, self._searches)
