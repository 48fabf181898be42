"""What the doors share while the gateway is open: who is let in, to which view, and the engine behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.datastructures import Headers

from gateway.consumers import Consumers
from gateway.requests import BadRequestError, RequestCode
from resolvers import Engine, choose_view
from schema.caller import Caller
from schema.views import View

__all__ = ["Service"]

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="customer-view"'}


@dataclass(frozen=True, slots=True)
class Service:
    """An open gateway. `views` are the published ones."""

    engine: Engine
    views: Sequence[View]
    consumers: Consumers = field(repr=False)

    def caller(self, headers: Headers) -> Caller:
        """Return who asks, by the bearer token.

        Raises:
            BadRequestError: 401, there is no token or it is not known; these are alike to the caller.
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        caller = self.consumers.authenticate(token.strip()) if scheme.lower() == "bearer" else None
        if caller is None:
            message = "A known token is wanted. Send Authorization: Bearer <token>."
            raise BadRequestError(401, RequestCode.UNAUTHENTICATED, message, _CHALLENGE)
        return caller

    def view(self, caller: Caller, name: str, version: str | None) -> View:
        """Return the view that the caller means: `version` in digits, None for the newest.

        Raises:
            BadRequestError: 404, there is none, or not for this caller; these are alike to the caller.
        """
        view = choose_view(self.views, caller, name, int(version) if version else None)
        if view is None:
            message = "There is no such view for this consumer. Check the name and the version in the path."
            raise BadRequestError(404, RequestCode.VIEW_UNKNOWN, message)
        return view
