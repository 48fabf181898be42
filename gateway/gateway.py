"""A gateway: a model, its adapters, its views and its cross-reference, put together and served as an ASGI application.

gateway = Gateway(
    model=Customer,
    adapters=[crm, billing],
    views="views/",
    crossref="sqlite:///crossref.db",
    consumers="consumers.yaml",
)
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from os import urandom
from pathlib import Path

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from adapters.adapter import Adapter
from adapters.crossref import CrossReference, StoredCrossReference, open_crossref
from adapters.verifying import sound_adapters
from gateway.api import Pages, make_api
from gateway.audit import AuditLog, AuditPlace, Disclosures, Telling, open_audit
from gateway.audit.reading import Entries
from gateway.authzen import AuthZen
from gateway.break_glass import PER_MINUTE, USE, GlassBreaking, GrantSeal, PrivacyAlerts, Reviewing, deliver_to
from gateway.checking import Checked, Declared, check
from gateway.documents import Compiling, prepare_documents
from gateway.failure_log import FailureLog
from gateway.front import Front
from gateway.hearing import Hearing
from gateway.identifier_rules import identifier_rules
from gateway.register import Controller
from gateway.replies import outages_told_seldom
from gateway.secret_file import load_secrets
from gateway.service import NotOpenError, Service
from gateway.settings import Settings
from gateway.verification import Assertions
from resolvers import Cursors, Engine, Reader
from resolvers.catalog import Catalog
from resolvers.engine import Vouch
from resolvers.news import Hear
from resolvers.rates import Rates
from schema.deadline import Clock
from schema.model import Model
from schema.observer import Observer
from schema.problems import ConfigurationError, Problem
from schema.views import View

__all__ = ["Gateway"]

_CURSOR_USES = ("cursor, first half", "cursor, second half")
"""AES-256-SIV takes a key of 64 bytes."""


class Gateway:
    """An ASGI application that answers views of a model.

    `model` is the subject type of the model, `types` are those that only an interface of it reaches. `views` is the
    folder of the views' files, `consumers` the file of those who may ask. `crossref` is `sqlite:///path` or
    `postgresql://user:password@host/database` of a loaded one, of whose tenants it answers for `tenant` alone (it is
    refused where nothing is loaded of this one, and something of another); or one that is open already (it is not
    closed then, and is its own tenant's).
    Nothing is opened or read before it starts; a declaration that is wrong stops the start with ConfigurationError.
    Without `settings` they are read from the environment. The adapters are closed when the gateway stops, also when it
    could not start. `documents` is a folder of GraphQL documents, with a folder for each view: they are compiled at
    the start. `now` tells the time in seconds since 1970.
    """

    def __init__(
        self,
        *,
        model: type,
        adapters: Iterable[Adapter],
        views: str | Path,
        crossref: str | CrossReference,
        consumers: str | Path,
        types: Iterable[type] = (),
        documents: str | Path | None = None,
        tenant: str = "default",
        settings: Settings | None = None,
        observer: Observer | None = None,
        clock: Clock = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings or Settings.from_environment()
        self.declared = Declared(
            *(model, tuple(adapters), Path(views), Path(consumers), self.settings.secret_file, crossref, tuple(types)),
            identifier_rules=self.settings.identifier_rules,
            verifiers=self.settings.verifiers,
            audit=AuditPlace(self.settings.audit, self.settings.audit_anchors, self.settings.audit_days),
        )
        self._documents = None if documents is None else Path(documents)
        self.tenant, self._crossref, self._clock, self._now = tenant, crossref, clock, now
        self._observer = observer or FailureLog(clock)
        self._service: Service | None = None
        most_bytes = self.settings.most_body_bytes
        pages = Pages(self.settings.steward_page, self.settings.officer_page)
        api = make_api(self._opened, self._lifespan, most_bytes=most_bytes, pages=pages)
        self._app = Front(api, self._opened, most_bytes=most_bytes, clock=clock)

    def check(self) -> Checked:
        """Return everything that was read, with every problem found in it."""
        return check(self.declared)

    def check_documents(self, checked: Checked, documents: Path | None = None) -> list[Problem]:
        """Return what is wrong with the declared documents, or with those of another folder.

        They are held against the published views, so what was checked before has to be in order.
        """
        folder = documents or self._documents
        if folder is None or checked.errors or checked.model is None:
            return []
        reader = Reader(checked.model, Catalog(self.declared.adapters), Cursors())
        return list(prepare_documents(folder, checked.published, reader.prepare))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve ASGI."""
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def running(self, documents: Path | None = None, compiling: Compiling = iter) -> AsyncIterator[Service]:
        """Open the gateway for as long as the context lasts.

        `documents` is the folder to compile instead of the declared one; `compiling` passes on the documents while
        they are compiled, and may show how far that is.

        Raises:
            ConfigurationError: A declaration or a document is wrong; all problems are in it.
            CrossReferenceError: The cross-reference cannot be opened.
        """
        async with AsyncExitStack() as stack:
            for adapter in sound_adapters(self.declared.adapters):
                stack.push_async_callback(adapter.aclose)
            checked = self.check()
            if checked.errors or checked.model is None or checked.consumers is None:
                raise ConfigurationError(checked.errors)
            stack.enter_context(outages_told_seldom(self._clock))
            crossref = await self._open_crossref(stack)
            rates = Rates(self.settings.identifiers_per_minute, self._clock)  # one for all doors
            audit = await self._open_audit(stack)
            if audit is not None and isinstance(crossref, StoredCrossReference):
                self._tell(audit, crossref, checked.model, checked.published, stack)
            engine = Engine(
                checked.model,
                self.declared.adapters,
                crossref,
                observer=self._observer,
                clock=self._clock,
                cursors=self._cursors(),
                rates=rates,
                hear=await self._hearing(crossref, stack),
                recorder=audit,
                now=self._now,
                decision_point=self._decision_point(stack),
                erased=crossref.erased if isinstance(crossref, StoredCrossReference) else None,
                vouch=self._vouching(),
            )
            stack.push_async_callback(engine.aclose)
            folder = documents or self._documents
            if folder and (found := list(prepare_documents(folder, checked.published, engine.prepare, compiling))):
                raise ConfigurationError(found)
            grants = GrantSeal(self._derived([USE]))
            self._service = Service(
                engine,
                checked.published,
                checked.consumers,
                crossref=crossref if isinstance(crossref, StoredCrossReference) else None,
                rates=rates,
                noting=Rates(self.settings.identifiers_noted_per_minute, self._clock),
                assertions=Assertions(checked.verifiers, self._now, self._clock),
                grants=grants,
                breaking=await self._breaking(engine, crossref, grants, audit, stack) if audit else None,
                reviewing=Reviewing(audit, now=self._now) if audit else None,
                audit=audit,
                controller=self._controller(),
                now=self._now,
            )
            try:
                yield self._service
            finally:
                self._service = None

    def _vouching(self) -> Vouch | None:
        """Return who vouches for customers beside signed assertions: nobody, where customers are real."""
        return None

    async def _hearing(self, crossref: CrossReference, stack: AsyncExitStack) -> Hear | None:
        """Return what takes what sources say of keys, None where nobody is to hear of it."""
        if not self.settings.hear_sources or not isinstance(crossref, StoredCrossReference):
            return None
        hearing = Hearing(crossref, clock=self._clock)
        await stack.enter_async_context(hearing.running())
        return hearing.hear

    def _decision_point(self, stack: AsyncExitStack) -> AuthZen | None:
        """Return the outside decision point, None where there is none; it is closed after the engine.

        Raises:
            ConfigurationError: Its URL is none that can be asked.
        """
        url = self.settings.decision_point
        if url is None:
            return None
        try:
            point = AuthZen(url)
        except ValueError:  # the URL may hold a password, and is not told
            wanted = "http(s)://host/path without user, query and fragment"
            problem = Problem("CUSTOMER_VIEW_DECISION_POINT", None, "a URL that is no plain one", wanted, "correct it")
            raise ConfigurationError([problem]) from None
        stack.push_async_callback(point.aclose)
        return point

    async def _open_audit(self, stack: AsyncExitStack) -> AuditLog | None:
        """Return what records requests, None where nothing does; it is closed after the engine."""
        file = self.settings.secret_file
        audit = open_audit(self.declared.audit, load_secrets(file) if file else None, self._now)
        if audit is not None:
            await stack.enter_async_context(audit.running())
        return audit

    async def _breaking(
        self, engine: Engine, crossref: CrossReference, grants: GrantSeal, audit: AuditLog, stack: AsyncExitStack
    ) -> GlassBreaking:
        """Return what opens what views show in emergencies only, and tells the privacy officer."""
        url = self.settings.privacy_alert_url
        alerts = PrivacyAlerts(await stack.enter_async_context(deliver_to(url)) if url else None)
        await stack.enter_async_context(alerts.running())
        rates = Rates(PER_MINUTE, self._clock)
        return GlassBreaking(crossref, engine.model, grants, audit, alerts, rates, now=self._now)

    def _tell(
        self,
        audit: AuditLog,
        crossref: StoredCrossReference,
        model: Model,
        views: Sequence[View],
        stack: AsyncExitStack,
    ) -> None:
        """Give what was recorded to the adapter that tells customers of it, where one is declared."""
        told_from = Telling(Entries(audit.folder, audit.keys), crossref.known_as, model, views)
        for adapter in self.declared.adapters:
            if isinstance(adapter, Disclosures):
                stack.enter_context(adapter.telling(told_from))

    def _controller(self) -> Controller:
        settings = self.settings
        return Controller(settings.controller, settings.controller_contact, settings.data_protection_officer)

    def _cursors(self) -> Cursors:
        """Return what seals cursors: every process with the same secret file takes those of the others."""
        return Cursors(self._derived(_CURSOR_USES)) if self.settings.secret_file else Cursors()

    def _derived(self, uses: Iterable[str]) -> list[bytes]:
        """Return the keys for these uses, joined, of each version of the secret, the current one first.

        Without a secret file they are of this process alone.
        """
        file, names = self.settings.secret_file, tuple(uses)
        if file is None:
            return [urandom(32 * len(names))]
        secrets = load_secrets(file)
        return [b"".join(secrets.derive(use, version=one) for use in names) for one in secrets.versions]

    async def _open_crossref(self, stack: AsyncExitStack) -> CrossReference:
        if not isinstance(self._crossref, str):
            return self._crossref
        secret_file = self.settings.secret_file
        secrets = load_secrets(secret_file) if secret_file else None
        return await stack.enter_async_context(
            open_crossref(
                self._crossref,
                tenant=self.tenant,
                secrets=secrets,
                beside_others=False,
                kept_bytes=self.settings.kept_lookup_bytes,
                identifier_rules=identifier_rules(self.settings.identifier_rules),
            )
        )

    def _opened(self) -> Service:
        if self._service is None:
            message = "the gateway is not open: serve it with its ASGI lifespan, or inside `gateway.running()`"
            raise NotOpenError(message)
        return self._service

    @asynccontextmanager
    async def _lifespan(self, _api: FastAPI) -> AsyncIterator[None]:
        async with self.running():
            yield
