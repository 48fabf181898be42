"""`POST /operations/reload`: an operator has views, consumers, verifiers and the limits of sources read anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path, PurePath

from starlette.requests import Request

from gateway.headers import read_headers
from gateway.refusals import NotTakenError, RequestCode
from gateway.reloading import Reloaded
from gateway.replies import Reply, json_reply
from gateway.service import Service
from schema.caller import OPERATOR
from schema.problems import ConfigurationError

__all__ = ["reload_by_request"]

_KIND = "operations.reloaded"
_MOST_TOLD = 100


async def reload_by_request(service: Service, reload: Callable[[], Awaitable[Reloaded]], request: Request) -> Reply:
    """Return what has changed as JSON. Where the gateway keeps audit it is written down first who asked for it.

    Raises:
        NotTakenError: 401, 403, or 422, what was read is wrong: nothing has changed.
        AuditUnavailableError: It cannot be written down, and nothing was read.
    """
    caller = service.caller(read_headers(request.headers.raw))
    if OPERATOR not in caller.roles:
        message = f"This is for consumers with the role {OPERATOR}. Have it added in consumers.yaml."
        raise NotTakenError(403, RequestCode.ROLE_NEEDED, message)
    if service.audit is not None:
        await service.audit.record_event(_KIND, {"consumer": caller.consumer})
    try:
        reloaded = await reload()
    except ConfigurationError as error:
        raise _wrong(error) from None
    return json_reply(reloaded.told())


def _wrong(error: ConfigurationError) -> NotTakenError:
    message = "What was read is wrong, so nothing has changed. Mend what is listed in problems and ask again."
    told = [{**asdict(problem), "file": _shown(problem.file)} for problem in error.problems[:_MOST_TOLD]]
    about = {"problems": told, "problemsInAll": len(error.problems)}
    return NotTakenError(422, RequestCode.CONFIGURATION_WRONG, message, about=about)


def _shown(file: str) -> str:
    """Return a file as it is declared, but where it is on this machine: its name alone, or its way from the folder in
    which the gateway was started. The log has it whole."""
    path = PurePath(file)
    if not path.is_absolute():
        return file
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else path.name
