"""What the doors share while the gateway is open: who is let in, to which view, and the engine behind it.

NotOpenError    a door was used before the gateway was open, or after it was closed
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from adapters.crossref import StoredCrossReference
from gateway.alarms import Alarms
from gateway.consumers import Consumers
from gateway.headers import Headers
from gateway.origins import allowed_headers, check_origin, preflight_headers
from gateway.refusals import NotTakenError, RequestCode
from resolvers import Engine, choose_view
from resolvers.rates import Rates
from schema.caller import Caller
from schema.views import View

__all__ = ["NotOpenError", "Service"]

_PATH_SEGMENT = re.compile(r"(?P<name>[a-z0-9-]{1,64})(@(?P<version>[1-9][0-9]{0,5}))?")
_MOST_KEPT = 10_000
_AS_SENT = b"Bearer cv_"
_SENT_BYTES = len(_AS_SENT) + 43
"""How clients send tokens. Other spellings of the header are taken, and not kept: one token can have thousands."""
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="customer-view"'}


class NotOpenError(RuntimeError):
    """The gateway is not open."""


@dataclass(frozen=True, slots=True)
class Service:
    """An open gateway. `views` are the published ones, which do not change while it is open.

    So who a header with a token is of, and which view they mean, is found out once: the digest of the header is kept,
    and never a token. `alarms` end the requests whose time is over. `crossref` is what those work with who have a role
    for it, None where it is no store of ours; `rates` is how often they may look up by identifiers, by the engine too,
    and `noting` how many they may note.
    """

    engine: Engine
    views: Sequence[View]
    consumers: Consumers = field(repr=False)
    alarms: Alarms = field(default_factory=Alarms, repr=False, compare=False)
    crossref: StoredCrossReference | None = field(default=None, repr=False, compare=False)
    rates: Rates | None = field(default=None, repr=False, compare=False)
    noting: Rates | None = field(default=None, repr=False, compare=False)
    _known: dict[bytes, Caller] = field(default_factory=dict, repr=False, compare=False)
    _found: dict[tuple[str, frozenset[str], str], View] = field(default_factory=dict, repr=False, compare=False)

    def caller(self, headers: Headers) -> Caller:
        """Return who asks, by the bearer token.

        Raises:
            NotTakenError: 401, there is no token or it is not known; these are alike to the caller. 403, a web page
                asks whose origin the consumer has not registered.
        """
        given = headers.get(b"authorization", b"")
        digest = sha256(given).digest()
        caller = self._known.get(digest)
        if caller is None:
            caller = self._authenticated(given)
            if len(self._known) < _MOST_KEPT and given.startswith(_AS_SENT) and len(given) == _SENT_BYTES:
                self._known[digest] = caller
        if b"origin" in headers:
            check_origin(headers, self.consumers.origins[caller.consumer])
        return caller

    def _authenticated(self, given: bytes) -> Caller:
        scheme, _, token = given.decode("latin-1").partition(" ")
        caller = self.consumers.authenticate(token.strip()) if scheme.lower() == "bearer" else None
        if caller is None:
            message = "A known token is wanted. Send Authorization: Bearer <token>."
            raise NotTakenError(401, RequestCode.UNAUTHENTICATED, message, _CHALLENGE)
        return caller

    def preflight(self, headers: Headers) -> dict[str, str]:
        """Return the headers that answer OPTIONS.

        Raises:
            NotTakenError: 403, a web page asks whose origin no consumer has registered.
        """
        return preflight_headers(headers, self.consumers.every_origin)

    def shared_with(self, caller: Caller, headers: Headers) -> dict[str, str]:
        """Return the headers by which a browser hands the answer to the page that asked, if the caller may."""
        return allowed_headers(headers, self.consumers.origins[caller.consumer])

    def view(self, caller: Caller, name: str, version: str | None) -> View:
        """Return the view that the caller means: `version` in digits, None for the newest.

        Raises:
            NotTakenError: 404, there is none, or not for this caller; these are alike to the caller.
        """
        view = choose_view(self.views, caller, name, int(version) if version else None)
        if view is None:
            raise _unknown()
        return view

    def named(self, caller: Caller, segment: str) -> View:
        """Return the view that a path means: by its segment, or the caller's only one where that is empty.

        Raises:
            NotTakenError: As of `find` and `only_view`.
        """
        asked = (caller.consumer, caller.views, segment)
        view = self._found.get(asked)
        if view is None:
            view = self.find(caller, segment) if segment else self.only_view(caller)
            if len(self._found) < _MOST_KEPT:
                self._found[asked] = view
        return view

    def only_view(self, caller: Caller) -> View:
        """Return the one view that the caller may use; of several versions of it, the newest.

        Raises:
            NotTakenError: 400, the caller may use several; 404, there is none.
        """
        names = {view.partition("@")[0] for view in caller.views}
        if len(names) > 1:
            message = "This consumer may use several views. Say which one in the path: /views/{name}/graphql."
            raise NotTakenError(400, RequestCode.VIEW_NOT_NAMED, message)
        return self.view(caller, next(iter(names), ""), None)

    def find(self, caller: Caller, segment: str) -> View:
        """Return the view that a segment of a path means: `support-call@1`, or `support-call` for the newest.

        Raises:
            NotTakenError: 404, there is none, or not for this caller, or it is no name of one; these are alike.
        """
        parts = _PATH_SEGMENT.fullmatch(segment)
        if parts is None:
            raise _unknown()
        return self.view(caller, parts["name"], parts["version"])


def _unknown() -> NotTakenError:
    message = "There is no such view for this consumer. Check the name and the version in the path."
    return NotTakenError(404, RequestCode.VIEW_UNKNOWN, message)
