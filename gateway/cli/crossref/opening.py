"""Finds and opens the cross-reference that a command is about."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from adapters.crossref import (
    ConflictCode,
    ConflictError,
    CrossReferenceError,
    StoredCrossReference,
    TenantUnknownError,
    Writing,
    open_crossref,
)
from adapters.crossref.urls import URLS, file_of
from gateway.cli.crossref.options import DEFAULT_TENANT, Place, Told
from gateway.command_error import CommandError
from gateway.identifier_rules import identifier_rules
from gateway.mends import mended
from gateway.secret_file import load_secrets
from gateway.settings import Settings

__all__ = ["RefusedWriteError", "actor_of", "pinned", "tenant_of", "work_on", "writing_of"]

T = TypeVar("T")
ToldT = TypeVar("ToldT", bound=Told)

_WANTED = f"give --crossref, --app, or set CUSTOMER_VIEW_CROSSREF, to {URLS}"


class RefusedWriteError(Exception):
    """What stands in the way of a write, in words; nothing was written but a candidate, where it names one."""


def work_on(
    place: Place,
    work: Callable[[StoredCrossReference], Awaitable[T]],
    *,
    make: bool = False,
    migrate: bool = False,
) -> T:
    """Return what the work returns, on the cross-reference meant.

    With `make` it is made where there is none; with `migrate` its tables are made or brought up to date.

    Raises:
        RefusedWriteError: What stands in the cross-reference stands against it.
        CommandError: There is no such cross-reference, it cannot be used, or what was given can never be written.
        ConfigurationError: A setting is wrong.
    """
    try:
        return asyncio.run(_work_on(place, work, make=make, migrate=migrate))
    except ConflictError as error:
        raise RefusedWriteError(_against(error)) from None
    except CrossReferenceError as error:
        raise CommandError(mended(str(error))) from None


def _against(error: ConflictError) -> str:
    """Return what stands against a write; of two customers, whom to look at again."""
    conflict = error.conflict
    is_named = conflict.code is ConflictCode.VERSION_MISMATCH and conflict.customer
    return f"{error} (customer {conflict.customer})" if is_named else str(error)


async def _work_on(
    place: Place, work: Callable[[StoredCrossReference], Awaitable[T]], *, make: bool, migrate: bool
) -> T:
    settings = Settings.from_environment()
    url, tenant = _meant(place)
    url = url or settings.crossref
    if url is None:
        raise CommandError(f"Which cross-reference? {_WANTED}")
    file = file_of(url)
    if file is not None and not make and not _is_there(file):
        raise CommandError(
            f"There is no file {file}; correct the path, or begin with `customer-view crossref register`"
        )
    secrets = load_secrets(settings.secret_file) if settings.secret_file else None
    make_tenant = make or tenant == DEFAULT_TENANT
    async with open_crossref(
        url,
        tenant=tenant,
        secrets=secrets,
        migrate=migrate,
        make_tenant=make_tenant,
        identifier_rules=identifier_rules(settings.identifier_rules),
    ) as crossref:
        if not make_tenant and not await crossref.sources():
            raise TenantUnknownError
        return await work(crossref)


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError as error:
        raise CommandError(
            f"got {file}, which cannot be reached ({type(error).__name__}); wanted a file in a folder that this user "
            "may enter: mend the rights, or name another with --crossref"
        ) from None


def tenant_of(place: Place) -> str:
    """Return the tenant that is meant. Raises CommandError: the application cannot be read."""
    return _meant(place)[1]


def _meant(place: Place) -> tuple[str | None, str]:
    """Return the URL, None where none was given, and the tenant."""
    if place.crossref or place.app is None:
        return place.crossref, place.tenant or DEFAULT_TENANT
    url, tenant = _of_app(place.app)
    return url, place.tenant or tenant


def _of_app(name: str) -> tuple[str, str]:
    from gateway.cli.application import load_gateway  # a second's worth of imports that no other command needs

    gateway = load_gateway(name)
    if not isinstance(gateway.declared.crossref, str):
        raise CommandError(f"{name} has a cross-reference that it opens itself; {_WANTED}")
    return gateway.declared.crossref, gateway.tenant


def writing_of(told: Told) -> Writing:
    """Return what every write is given. Raises CommandError when the login has no name."""
    return {
        "actor": actor_of(told.actor),
        "reason_code": told.reason_code,
        "reason_ref": told.reason_ref,
        "idempotency_key": told.idempotency_key,
        "expected_version": told.expected_version,
    }


def actor_of(given: str | None) -> str:
    """Return who writes: who is given, else the login. Raises CommandError when the login has no name."""
    return given or f"cli:{_login()}"


def pinned(told: ToldT, version: int) -> ToldT:
    """Return what the write is given, so that it is made only of what the person has been shown and has agreed to.

    One with an idempotency key is left as it is: asked for again it has to be the same write.
    """
    if told.expected_version is not None or told.idempotency_key is not None:
        return told
    return replace(told, expected_version=version)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise CommandError("The login has no name; say who writes with --actor") from None
