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
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from adapters.adapter import Adapter
from adapters.crossref import CrossReference, StoredCrossReference, open_crossref
from adapters.verifying import sound_adapters
from gateway.api import make_api
from gateway.checking import Checked, Declared, check
from gateway.documents import Compiling, prepare_documents
from gateway.failure_log import FailureLog
from gateway.front import Front
from gateway.hearing import Hearing
from gateway.identifier_rules import identifier_rules
from gateway.replies import outages_told_seldom
from gateway.secret_file import load_secrets
from gateway.service import NotOpenError, Service
from gateway.settings import Settings
from resolvers import Cursors, Engine, Reader
from resolvers.catalog import Catalog
from resolvers.news import Hear
from resolvers.rates import Rates
from schema.deadline import Clock
from schema.observer import Observer
from schema.problems import ConfigurationError, Problem

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
    the start.
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
    ) -> None:
        self.settings = settings or Settings.from_environment()
        self.declared = Declared(
            *(model, tuple(adapters), Path(views), Path(consumers), self.settings.secret_file, crossref, tuple(types)),
            identifier_rules=self.settings.identifier_rules,
        )
        self._documents = None if documents is None else Path(documents)
        self.tenant, self._crossref, self._clock = tenant, crossref, clock
        self._observer = observer or FailureLog(clock)
        self._service: Service | None = None
        most_bytes = self.settings.most_body_bytes
        api = make_api(self._opened, self._lifespan, most_bytes=most_bytes, steward_page=self.settings.steward_page)
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
            engine = Engine(
                checked.model,
                self.declared.adapters,
                crossref,
                observer=self._observer,
                clock=self._clock,
                cursors=self._cursors(),
                rates=rates,
                hear=await self._hearing(crossref, stack),
            )
            stack.push_async_callback(engine.aclose)
            folder = documents or self._documents
            if folder and (found := list(prepare_documents(folder, checked.published, engine.prepare, compiling))):
                raise ConfigurationError(found)
            self._service = Service(
                engine,
                checked.published,
                checked.consumers,
                crossref=crossref if isinstance(crossref, StoredCrossReference) else None,
                rates=rates,
                noting=Rates(self.settings.identifiers_noted_per_minute, self._clock),
            )
            try:
                yield self._service
            finally:
                self._service = None

    async def _hearing(self, crossref: CrossReference, stack: AsyncExitStack) -> Hear | None:
        """Return what takes what sources say of keys, None where nobody is to hear of it."""
        if not self.settings.hear_sources or not isinstance(crossref, StoredCrossReference):
            return None
        hearing = Hearing(crossref, clock=self._clock)
        await stack.enter_async_context(hearing.running())
        return hearing.hear

    def _cursors(self) -> Cursors:
        """Return what seals cursors: every process with the same secret file takes those of the others."""
        file = self.settings.secret_file
        secrets = load_secrets(file) if file else None
        if secrets is None:
            return Cursors()
        versions = secrets.versions
        return Cursors([b"".join(secrets.derive(use, version=one) for use in _CURSOR_USES) for one in versions])

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
