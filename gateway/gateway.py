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
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from adapters.adapter import Adapter
from adapters.crossref import CrossReference
from adapters.verifying import sound_adapters
from gateway.api import Pages, make_api
from gateway.audit import AuditPlace
from gateway.authzen import DecisionPlace
from gateway.building import Building
from gateway.checking import Checked, Declared, check
from gateway.documents import Compiling, prepare_documents
from gateway.failure_log import FailureLog
from gateway.front import Front
from gateway.register import Controller, Practice
from gateway.replies import outages_told_seldom
from gateway.service import NotOpenError, Service
from gateway.settings import Settings
from resolvers import Cursors, Reader
from resolvers.catalog import Catalog
from resolvers.engine import Vouch
from schema.deadline import Clock
from schema.observer import Observer
from schema.problems import ConfigurationError, Problem
from schema.wall_clock import Now, WallClock

__all__ = ["Gateway"]


class Gateway:
    """An ASGI application that answers views of a model.

    `model` is the subject type of the model, `types` are those that only an interface of it reaches. `views` is the
    folder of the views' files, `consumers` the file of those who may ask. `crossref` is `sqlite:///path` or
    `postgresql://user:password@host/database` of a loaded one, of whose tenants it answers for `tenant` alone (it is
    refused where nothing is loaded of this one, and something of another); or one that is open already (it is not
    closed then, and is its own tenant's: name that one as `tenant` too). Records of the audit, grants and cursors are
    the tenant's alone, also where several have one secret file; the folder of the audit has to be.
    Nothing is opened or read before it starts; a declaration that is wrong stops the start with ConfigurationError.
    Without `settings` they are read from the environment. The adapters are closed when the gateway stops, also when it
    could not start. `documents` is a folder of GraphQL documents, with a folder for each view: they are compiled at
    the start. `now` tells the time in seconds since 1970 and never goes back: by default a WallClock.
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
        now: Now | None = None,
    ) -> None:
        self.settings = settings or Settings.from_environment()
        made_of = (model, tuple(adapters), Path(views), Path(consumers), tuple(types))
        self.declared = _declared(*made_of, crossref, tenant, self.settings)
        self._documents = None if documents is None else Path(documents)
        self.tenant, self._clock = tenant, clock
        self._now, self._system = now or WallClock(), now or time.time
        self._observer = observer or FailureLog(clock)
        self._service: Service | None = None
        self._app = self._doors()

    def _doors(self) -> Front:
        most_bytes = self.settings.most_body_bytes
        pages = Pages(self.settings.steward_page, self.settings.officer_page)
        api = make_api(self._opened, self._lifespan, most_bytes=most_bytes, pages=pages)
        return Front(api, self._opened, most_bytes=most_bytes, clock=self._clock)

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
            stack.enter_context(outages_told_seldom(self._clock))
            service = await self._building(self.check(), stack).service()
            if found := self._wrong_documents(service, documents, compiling):
                raise ConfigurationError(found)
            self._service = service
            try:
                yield service
            finally:
                self._service = None

    def _building(self, checked: Checked, stack: AsyncExitStack) -> Building:
        return Building(
            self.declared,
            self.settings,
            checked,
            tenant=self.tenant,
            controller=self.controller,
            observer=self._observer,
            vouch=self._vouching(),
            clock=self._clock,
            now=self._now,
            system=self._system,
            stack=stack,
        )

    def _wrong_documents(self, service: Service, documents: Path | None, compiling: Compiling) -> list[Problem]:
        folder = documents or self._documents
        if folder is None:
            return []
        return list(prepare_documents(folder, service.views, service.engine.prepare, compiling))

    def _vouching(self) -> Vouch | None:
        """Return who vouches for customers beside signed assertions: nobody, where customers are real."""
        return None

    @property
    def controller(self) -> Controller:
        """Return who answers for the processing, and how this gateway is run, as the record of processing says it."""
        settings, audit = self.settings, self.declared.audit
        practice = Practice(
            audit=audit.folder is not None,
            audit_days=audit.days,
            alerts=settings.privacy_alert_url is not None,
            decision_point=self.declared.decision_point.url is not None,
        )
        return Controller(settings.controller, settings.controller_contact, settings.data_protection_officer, practice)

    def _opened(self) -> Service:
        if self._service is None:
            message = "the gateway is not open: serve it with its ASGI lifespan, or inside `gateway.running()`"
            raise NotOpenError(message)
        return self._service

    @asynccontextmanager
    async def _lifespan(self, _api: FastAPI) -> AsyncIterator[None]:
        async with self.running():
            yield


def _declared(
    model: type,
    adapters: Sequence[Adapter],
    views: Path,
    consumers: Path,
    types: Sequence[type],
    crossref: str | CrossReference,
    tenant: str,
    settings: Settings,
) -> Declared:
    return Declared(
        *(model, adapters, views, consumers, settings.secret_file, crossref, types),
        identifier_rules=settings.identifier_rules,
        verifiers=settings.verifiers,
        audit=AuditPlace(settings.audit, settings.audit_anchors, settings.audit_days, tenant),
        decision_point=DecisionPlace(settings.decision_point, settings.decision_point_token),
    )
