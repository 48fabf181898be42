"""Whether the cross-reference of a gateway could be opened, with the secrets that its settings name."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.crossref import CrossReferenceError, SchemaOutdatedError, StoreError, TenantUnknownError
from adapters.crossref.trying import try_crossref
from adapters.crossref.urls import file_of
from gateway.checking import Checked, Declared
from gateway.mends import mended
from gateway.secret_file import load_secrets
from schema.problems import Level, Problem

__all__ = ["crossref_problems"]

_FILE = "crossref"


async def crossref_problems(declared: Declared, checked: Checked, tenant: str) -> Sequence[Problem]:
    """Return why the cross-reference could not be opened. It is only read, and never made.

    Nothing of one that is open already, or where it, or the secret file, is declared wrongly. A database that cannot be
    reached from here gives a note: the gateway may be on another machine.
    """
    place, secret_file = declared.crossref, declared.secret_file
    if not isinstance(place, str) or {_FILE, str(secret_file)} & {problem.file for problem in checked.errors}:
        return []
    try:
        await try_crossref(place, tenant=tenant, secrets=load_secrets(secret_file) if secret_file else None)
    except CrossReferenceError as error:
        is_here = file_of(place) is not None
        is_told = isinstance(error, SchemaOutdatedError | TenantUnknownError)
        is_out_of_reach = isinstance(error, StoreError) and not is_told and not is_here
        return [_problem(error, Level.NOTE if is_out_of_reach else Level.ERROR)]
    return []


def _problem(error: CrossReferenceError, level: Level) -> Problem:
    got, _, rest = mended(str(error)).partition("; ")
    wanted, mend = "a cross-reference that can be opened with these settings", rest or "look at its database"
    return Problem(_FILE, None, got.removeprefix("got "), wanted, mend, level)
