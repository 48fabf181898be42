"""One operation of the API: what is asked at a path by a method, and as what it is written down."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Depends, FastAPI
from fastapi.datastructures import Default
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from gateway.alarms import Alarms
from gateway.json_api import Terms, bounded_route
from gateway.privacy.asking import Asking, recorded
from gateway.privacy.refusals import REFUSALS, late, refused
from gateway.refusals import NotTakenError, RequestCode
from schema.caller import CrossrefRole

__all__ = ["Operation"]

_SECONDS = 30.0
_MOST_BYTES = 8_192
_MOST_URL_BYTES = 1_024


@dataclass(frozen=True, slots=True)
class Operation:
    """What is told at a path by a method. Its docstring is the documentation, the first line the summary.

    `kind` is that of the record which is written first, None where the operation writes its own. `wanted` says the
    form of what is sent. `content` is what it answers in place of JSON, by media type; `answer` is the form of the
    JSON where the endpoint makes a response of its own.
    """

    method: str
    path: str
    endpoint: Callable[..., Any]
    kind: str | None
    wanted: str = "Send nothing but the token."
    content: tuple[str, ...] = ()
    answer: type[BaseModel] | None = None

    def add_to(self, api: FastAPI) -> None:
        """Add it to the application."""
        summary, _, description = (inspect.getdoc(self.endpoint) or "").partition("\n")
        dependencies = [Depends(self._check_url)]
        if self.kind is not None:
            dependencies.append(Depends(recorded(self.kind)))
        api.router.add_api_route(
            self.path,
            self.endpoint,
            methods=[self.method],
            summary=summary.rstrip("."),
            description=f"{description.strip()}\n\nFor the role {CrossrefRole.PRIVACY_OFFICER}.".strip(),
            operation_id=self.endpoint.__name__,
            dependencies=dependencies,
            responses={**REFUSALS, **self._answer()},
            response_model=self.answer or Default(None),
            route_class_override=bounded_route(
                Terms(_MOST_BYTES, _SECONDS, _alarms, partial(_refused, self.wanted), late)
            ),
        )

    def _answer(self) -> dict[int | str, dict[str, Any]]:
        texts = {name: {"schema": {"type": "string"}} for name in self.content}
        return {200: {"content": texts}} if texts else {}

    async def _check_url(self, request: Request) -> None:
        """Refuse a member of the URL that stands there twice: two readers could take it for different things."""
        query = request.scope["query_string"]
        try:
            members = [name for name, _ in parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")]
        except ValueError:
            members = ["", ""]
        if len(query) > _MOST_URL_BYTES or len({*members}) < len(members):
            raise NotTakenError(400, RequestCode.BAD_REQUEST, f"The URL is of another form. {self.wanted}")


def _alarms(request: Request) -> Alarms:
    asking: Asking = request.state.asking
    return asking.service.alarms


def _refused(wanted: str, request: Request, error: Exception) -> Response:
    return refused(error, request.state.request_id, wanted)
