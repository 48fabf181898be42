"""What the doors share while the gateway is open: who is let in, to which view, and the engine behind it.

NotOpenError    a door was used before the gateway was open, or after it was closed
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.datastructures import Headers

from gateway.consumers import Consumers
from gateway.requests import BadRequestError, RequestCode
from resolvers import Engine, choose_view
from schema.caller import Caller
from schema.views import View

__all__ = ["NotOpenError", "Service"]

_PATH_SEGMENT = re.compile(r"(?P<name>[a-z0-9-]{1,64})(@(?P<version>[1-9][0-9]{0,5}))?")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="customer-view"'}


class NotOpenError(RuntimeError):
    """The gateway is not open."""


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
        given = headers.getlist("authorization")
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
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
            raise _unknown()
        return view

    def find(self, caller: Caller, segment: str) -> View:
        """Return the view that a segment of a path means: `support-call@1`, or `support-call` for the newest.

        Raises:
            BadRequestError: 404, there is none, or not for this caller, or it is no name of one; these are alike.
        """
        parts = _PATH_SEGMENT.fullmatch(segment)
        if parts is None:
            raise _unknown()
        return self.view(caller, parts["name"], parts["version"])


def _unknown() -> BadRequestError:
    message = "There is no such view for this consumer. Check the name and the version in the path."
    return BadRequestError(404, RequestCode.VIEW_UNKNOWN, message)
