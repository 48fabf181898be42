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
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI
from opentelemetry.sdk.trace.export import SpanExporter
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.adapter import Adapter
from adapters.crossref import CrossReference
from adapters.verifying import sound_adapters
from gateway.admission import Admission
from gateway.api import Pages, make_api
from gateway.audit import AuditPlace
from gateway.authzen import DecisionPlace
from gateway.building import Building
from gateway.checking import Checked, Declared, check
from gateway.documents import Compiling, prepare_documents
from gateway.exchange import Exchange
from gateway.failure_log import FailureLog
from gateway.front import Front
from gateway.register import Controller, Practice
from gateway.reloading import Reloaded, Reloading
from gateway.replies import outages_told_seldom
from gateway.scraping import is_measured, measuring
from gateway.service import NotOpenError, Service
from gateway.settings import Settings
from gateway.shedding import Shedding
from gateway.sources import SourceStates, SourceWatch, own_limits
from gateway.telemetry.metrics import Measured, Metrics, Routed
from gateway.telemetry.variables import variable_problems
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
    the start. `spans` is where traces go, where not to the collector that OTEL_* variables name. `now` tells the time
    in seconds since 1970 and never goes back: by default a WallClock.
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
        spans: SpanExporter | None = None,
        clock: Clock = time.monotonic,
        now: Now | None = None,
    ) -> None:
        self.settings = settings or Settings.from_environment()
        made_of = (model, tuple(adapters), Path(views), Path(consumers), tuple(types))
        self.declared = _declared(*made_of, crossref, tenant, self.settings)
        self._documents = None if documents is None else Path(documents)
        self.tenant, self._clock = tenant, clock
        self._now, self._system = now or WallClock(), now or time.time
        watch = SourceWatch(observer or FailureLog(clock), clock)
        self._observer: Observer = watch
        self._spans = spans
        self._sources = SourceStates(sound_adapters(self.declared.adapters), watch)
        self._service: Service | None = None
        self.admission = Admission(self.settings.most_connections, clock)
        self.shedding = Shedding(self.admission, self._opened, clock)
        self.number = 0
        """Which of several processes this is, from 0."""
        self.metrics = self._measuring()
        self._reloading: Reloading | None = None
        self._is_leaving, self._others = False, _nobody
        self._app = self._doors()

    def _measuring(self) -> Metrics | None:
        """Return what measures; None where nobody reads it."""
        if not is_measured(self.settings):
            return None
        metrics = Metrics(self._observer, self._clock)
        metrics.watch(self.declared.adapters, self.admission)
        self._observer = metrics.calls
        return metrics

    def _doors(self) -> ASGIApp:
        exchange = Exchange(self.settings.most_body_bytes, self._clock, self.admission)
        pages = Pages(self.settings.steward_page, self.settings.officer_page)
        api = make_api(
            self._opened,
            self._lifespan,
            exchange=exchange,
            pages=pages,
            reload=self._reload_everywhere,
            is_leaving=lambda: self._is_leaving,
        )
        inner: ASGIApp = api if self.metrics is None else Routed(api)
        front = Front(inner, self._opened, exchange)
        return front if self.metrics is None else Measured(front, self.metrics.requests)

    def check(self) -> Checked:
        """Return everything that was read, with every problem found in it."""
        return check(self.declared)

    def check_variables(self) -> Sequence[Problem]:
        """Return what is wrong with the OTEL_* variables of this process that are read to tell of requests."""
        has_reader = self.settings.metrics_port is not None
        return variable_problems(has_exporter=self._spans is not None, has_reader=has_reader)

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
            checked = self.check()
            checked = replace(checked, problems=[*checked.problems, *self.check_variables()])
            service = await self._building(checked, stack).service()
            if found := self._wrong_documents(service, documents, compiling):
                raise ConfigurationError(found)
            if self.metrics is not None:
                await stack.enter_async_context(measuring(self.metrics, self.settings, self.number, self._clock))
            self._service, self._is_leaving = service, False
            self._reloading = self._ready_to_reload(checked, documents)
            try:
                yield service
            finally:
                self.admission.close()
                self._service = self._reloading = None

    def _ready_to_reload(self, checked: Checked, documents: Path | None) -> Reloading:
        def documented(read: Checked) -> list[Problem]:
            return self.check_documents(read, documents)

        return Reloading(self.declared, checked, self.check, documented, documents or self._documents)

    async def reload(self) -> Reloaded:
        """Read views, consumers, verifiers, the limits of sources and documents anew, and answer by them from now on.

        Requests under way are finished by what they began with. Settings, model, adapters, the cross-reference and
        secrets stay what they were at the start.

        Raises:
            ConfigurationError: Something is wrong; all problems are in it, and nothing has changed.
            NotOpenError: The gateway is not open.
        """
        self._opened()
        assert self._reloading is not None
        return await self._reloading.reload(self._opened, self._exchange)

    def _exchange(self, service: Service) -> None:
        self._service = service

    async def _reload_everywhere(self) -> Reloaded:
        reloaded = await self.reload()
        self._others()
        return reloaded

    def reload_others_by(self, others: Callable[[], None]) -> None:
        """Have the other processes of this gateway told by this function when one was told by HTTP to reload."""
        self._others = others

    def leave(self) -> None:
        """Say of itself that it is not ready, so that no more requests are sent here. Those that come are answered."""
        self._is_leaving = True

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
            sources=self._sources,
            spans=self._spans,
            metrics=self.metrics,
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


def _nobody() -> None:
    """There is one process."""


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
        sources=settings.sources,
        own_limits=own_limits(sound_adapters(adapters)),
        audit=AuditPlace(settings.audit, settings.audit_anchors, settings.audit_days, tenant),
        decision_point=DecisionPlace(settings.decision_point, settings.decision_point_token),
    )
