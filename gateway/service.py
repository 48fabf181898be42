"""What the doors share while the gateway is open: who is let in, to which view, and the engine behind it.

NotOpenError    a door was used before the gateway was open, or after it was closed
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from hashlib import sha256

from adapters.crossref import StoredCrossReference
from gateway.alarms import Alarms
from gateway.audit import AuditLog
from gateway.audit.turns import BusyError
from gateway.break_glass import EndedGrants, GlassBreaking, GrantSeal, Reviewing
from gateway.consumers import Consumers
from gateway.headers import Headers
from gateway.origins import allowed_headers, check_origin, preflight_headers
from gateway.refusals import NotTakenError, RequestCode
from gateway.register import Controller
from gateway.sources import SourceStates
from gateway.telemetry.metrics import Requests
from gateway.telemetry.tracing import Tracing
from gateway.verification import Assertions, Verifier
from resolvers import Engine, choose_view
from resolvers.rates import Rates
from schema.caller import Caller
from schema.grants import Grant
from schema.situation import Situation
from schema.verification import VERIFICATION_HEADER
from schema.views import View

__all__ = ["NotOpenError", "Service"]

_PATH_SEGMENT = re.compile(r"(?P<name>[a-z0-9-]{1,64})(@(?P<version>[1-9][0-9]{0,5}))?")
_MOST_KEPT = 10_000
_AS_SENT = b"Bearer cv_"
_SENT_BYTES = len(_AS_SENT) + 43
"""How clients send tokens. Other spellings of the header are taken, and not kept: one token can have thousands."""
_VERIFICATION, _BREAK_GLASS = VERIFICATION_HEADER.lower().encode(), b"break-glass"
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="customer-view"'}


class NotOpenError(RuntimeError):
    """The gateway is not open."""


@dataclass(frozen=True, slots=True)
class Service:
    """An open gateway. `views` are the published ones, which do not change: with others there is another service.

    So who a header with a token is of, and which view they mean, is found out once: the digest of the header is kept,
    and never a token. `alarms` end the requests whose time is over. `crossref` is what those work with who have a role
    for it, None where it is no store of ours; `rates` is how often they may look up by identifiers, by the engine too,
    and `noting` how many they may note. `assertions` verify what is asserted of customers, `grants` open what was
    sealed for those who broke a glass; `breaking`, `reviewing` and `ended` are there where the gateway keeps audit.
    `audit` records requests, None where nothing is recorded, and `tracing` begins their traces, None where there are
    none; `sources` tells how each source does, and `controller` is who answers for the processing. `now` is the time in
    seconds since 1970.
    """

    engine: Engine
    views: Sequence[View]
    consumers: Consumers = field(repr=False)
    alarms: Alarms = field(default_factory=Alarms, repr=False, compare=False)
    crossref: StoredCrossReference | None = field(default=None, repr=False, compare=False)
    rates: Rates | None = field(default=None, repr=False, compare=False)
    noting: Rates | None = field(default=None, repr=False, compare=False)
    assertions: Assertions = field(default_factory=lambda: Assertions({}), repr=False, compare=False)
    grants: GrantSeal | None = field(default=None, repr=False, compare=False)
    breaking: GlassBreaking | None = field(default=None, repr=False, compare=False)
    reviewing: Reviewing | None = field(default=None, repr=False, compare=False)
    ended: EndedGrants | None = field(default=None, repr=False, compare=False)
    tracing: Tracing | None = field(default=None, repr=False, compare=False)
    audit: AuditLog | None = field(default=None, repr=False, compare=False)
    sources: SourceStates | None = field(default=None, repr=False, compare=False)
    controller: Controller = field(default=Controller(), repr=False, compare=False)
    now: Callable[[], float] = field(default=time.time, repr=False, compare=False)
    requests: Requests | None = field(default=None, repr=False, compare=False)
    _known: dict[bytes, Caller] = field(default_factory=dict, repr=False, compare=False)
    _found: dict[tuple[str, frozenset[str], str], tuple[date, View]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def renewed(self, views: Sequence[View], consumers: Consumers, verifiers: Mapping[str, Verifier]) -> Service:
        """Return the same gateway with other views, consumers and verifiers. Nothing is known of anybody's token."""
        assertions = self.assertions.of(verifiers)
        return replace(self, views=views, consumers=consumers, assertions=assertions, _known={}, _found={})

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

    def informed(self, caller: Caller, view: View, headers: Headers, situation: Situation) -> Caller:
        """Return the caller with what the headers of one request prove: assertions, and that a glass was broken.

        Raises:
            NotTakenError: 401, an assertion is not taken; 403, the grant is not this consumer's, or no longer for it.
        """
        if _VERIFICATION in headers:
            given = headers[_VERIFICATION]
            caller = replace(caller, assertions=self.assertions.read(given, caller.consumer, situation.interaction))
        if _BREAK_GLASS in headers:
            caller = replace(caller, grant=self._grant(caller, view, headers[_BREAK_GLASS]))
        return caller

    def _grant(self, caller: Caller, view: View, token: bytes) -> Grant:
        grant = self.grants.open(token) if self.grants else None
        rule = view.break_glass
        has_role = rule is None or not caller.roles.isdisjoint(rule.roles)
        if grant is None or grant.consumer != caller.consumer or not has_role:
            message = "The header Break-Glass holds no grant for this consumer. Have the glass broken anew."
            raise NotTakenError(403, RequestCode.BREAK_GLASS_REFUSED, message)
        return grant

    async def check_grant(self, caller: Caller) -> None:
        """Refuse a caller whose grant a privacy officer has ended.

        Raises:
            NotTakenError: 403, it was ended; 503, whether it was cannot be read.
        """
        if caller.grant is None or self.ended is None:
            return
        try:
            is_ended = await self.ended.has(caller.grant)
        except (BusyError, OSError):
            message = "Whether the broken glass was closed again cannot be read now. Ask again later."
            raise NotTakenError(503, RequestCode.UNAVAILABLE, message, {"Retry-After": "1"}) from None
        if is_ended:
            message = "A privacy officer has ended what the header Break-Glass holds. Ask without it."
            raise NotTakenError(403, RequestCode.BREAK_GLASS_REFUSED, message)

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

        Views are served on the days for which they were published, in UTC.

        Raises:
            NotTakenError: 404, there is none, or not for this caller, or not yet; these are alike to the caller. 410,
                the days of what is meant are over.
        """
        day, number = self._today(), int(version) if version else None
        view = choose_view([one for one in self.views if one.is_valid_on(day)], caller, name, number)
        if view is not None:
            return view
        if choose_view([one for one in self.views if one.is_retired_on(day)], caller, name, number) is not None:
            message = "The view was published for a time that is over. Use a newer version, or ask the view's owner."
            raise NotTakenError(410, RequestCode.VIEW_RETIRED, message)
        raise _unknown()

    def _today(self) -> date:
        return datetime.fromtimestamp(self.now(), UTC).date()

    def named(self, caller: Caller, segment: str) -> View:
        """Return the view that a path means: by its segment, or the caller's only one where that is empty.

        Raises:
            NotTakenError: As of `find` and `only_view`.
        """
        asked, today = (caller.consumer, caller.views, segment), self._today()
        day, view = self._found.get(asked, (None, None))
        if view is None or day != today:
            view = self.find(caller, segment) if segment else self.only_view(caller)
            if asked in self._found or len(self._found) < _MOST_KEPT:
                self._found[asked] = today, view
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
