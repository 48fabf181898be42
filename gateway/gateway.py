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
from adapters.crossref import CrossReference, SqliteCrossReference
from adapters.verifying import sound_adapters
from gateway.api import make_api
from gateway.checking import Checked, Declared, check
from gateway.failure_log import FailureLog
from gateway.front import Front
from gateway.secret_file import load_secrets
from gateway.service import NotOpenError, Service
from gateway.settings import Settings
from resolvers import Engine
from schema.deadline import Clock
from schema.observer import Observer
from schema.problems import ConfigurationError

__all__ = ["Gateway"]


class Gateway:
    """An ASGI application that answers views of a model.

    `model` is the subject type of the model. `views` is the folder of the views' files, `consumers` the file of those
    who may ask. `crossref` is `sqlite:///path` of a loaded one, or one that is open already (it is not closed then).
    Nothing is opened or read before it starts; a declaration that is wrong stops the start with ConfigurationError.
    Without `settings` they are read from the environment. The adapters are closed when the gateway stops, also when it
    could not start.
    """

    def __init__(
        self,
        *,
        model: type,
        adapters: Iterable[Adapter],
        views: str | Path,
        crossref: str | CrossReference,
        consumers: str | Path,
        settings: Settings | None = None,
        observer: Observer | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self.settings = settings or Settings.from_environment()
        self.declared = Declared(
            model, tuple(adapters), Path(views), Path(consumers), self.settings.secret_file, crossref
        )
        self._crossref, self._clock = crossref, clock
        self._observer = observer or FailureLog(clock)
        self._service: Service | None = None
        api = make_api(self._opened, self._lifespan)
        self._app = Front(api, self._opened, most_bytes=self.settings.most_body_bytes, clock=clock)

    def check(self) -> Checked:
        """Return everything that was read, with every problem found in it."""
        return check(self.declared)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve ASGI."""
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Service]:
        """Open the gateway for as long as the context lasts.

        Raises:
            ConfigurationError: A declaration is wrong; all problems are in it.
            CrossReferenceError: The cross-reference cannot be opened.
        """
        async with AsyncExitStack() as stack:
            for adapter in sound_adapters(self.declared.adapters):
                stack.push_async_callback(adapter.aclose)
            checked = self.check()
            if checked.errors or checked.model is None or checked.consumers is None:
                raise ConfigurationError(checked.errors)
            crossref = self._open_crossref(stack)
            engine = Engine(checked.model, self.declared.adapters, crossref, observer=self._observer, clock=self._clock)
            self._service = Service(engine, checked.published, checked.consumers)
            try:
                yield self._service
            finally:
                self._service = None

    def _open_crossref(self, stack: AsyncExitStack) -> CrossReference:
        if not isinstance(self._crossref, str):
            return self._crossref
        secret_file = self.settings.secret_file
        opened = SqliteCrossReference.open(self._crossref, secrets=load_secrets(secret_file) if secret_file else None)
        stack.callback(opened.close)
        return opened

    def _opened(self) -> Service:
        if self._service is None:
            message = "the gateway is not open: serve it with its ASGI lifespan, or inside `gateway.running()`"
            raise NotOpenError(message)
        return self._service

    @asynccontextmanager
    async def _lifespan(self, _api: FastAPI) -> AsyncIterator[None]:
        async with self.running():
            yield
