"""Who comes in: consumers with a role in the cross-reference. To anybody else nothing is there."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp

from gateway.crossref.asking import Asking, Places
from gateway.headers import Headers
from gateway.json_api import AskingDoor
from gateway.refusals import NotTakenError, not_at_this_path
from gateway.service import NotOpenError, Service
from schema.caller import CrossrefRole

__all__ = ["Door"]

_ROLES = frozenset(CrossrefRole)
_MOST_STREAMS = 50
"""Streams of changes at once. Each reads the table four times a second."""
_MOST_CHECKS = 1
"""Verifications at once: each reads the whole log."""


class Door(AskingDoor):
    """Lets in consumers with a role; to all others nothing is there."""

    def __init__(self, inner: Callable[[], ASGIApp], service: Callable[[], Service]) -> None:
        super().__init__(inner)
        self._service = service
        self._streams, self._checks = Places(_MOST_STREAMS), Places(_MOST_CHECKS)

    def asking(self, headers: Headers) -> Asking:
        """Return who asks."""
        service = self._service()
        caller = service.caller(headers)
        if service.crossref is None or not caller.roles & _ROLES:
            raise not_at_this_path()
        return Asking(
            caller.consumer,
            caller.roles,
            service.consumers.crossref_sources[caller.consumer],
            service.crossref,
            service.engine.model,
            service.alarms,
            service.rates,
            service.noting,
            self._streams,
            self._checks,
            lambda: self._has_roles(headers, caller.roles),
        )

    def _has_roles(self, headers: Headers, roles: frozenset[str]) -> bool:
        try:
            return self._service().caller(headers).roles >= roles
        except (NotOpenError, NotTakenError):
            return False
