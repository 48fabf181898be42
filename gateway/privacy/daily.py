"""What is made of the published views: once a day, in a thread, for they do not change while a gateway is open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date

from gateway.register import Register, make_register
from gateway.service import Service
from schema.views import View

__all__ = ["Daily"]


class Daily:
    """Keeps the texts of a day: some megabytes where there are hundreds of views, and a second of work."""

    def __init__(self) -> None:
        self._views: Sequence[View] = ()
        self._day = date.min
        self._made: dict[str, asyncio.Task[str]] = {}

    async def text(self, name: str, service: Service, today: date, make: Callable[[Register], str]) -> str:
        """Return what `make` makes of the record of processing; whoever asks for the same name is told the same."""
        if service.views is not self._views or today != self._day:
            self._views, self._day, self._made = service.views, today, {}
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = asyncio.create_task(asyncio.to_thread(_made, service, today, make))
            made.add_done_callback(lambda ended: self._ended(name, ended))
        return await asyncio.shield(made)

    def _ended(self, name: str, made: asyncio.Task[str]) -> None:
        if (made.cancelled() or made.exception() is not None) and self._made.get(name) is made:
            del self._made[name]  # the next one may be luckier


def _made(service: Service, today: date, make: Callable[[Register], str]) -> str:
    return make(make_register(service.views, service.engine.model, service.controller, today))
