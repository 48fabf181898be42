"""Opens the audit that the settings name, and says what is wrong with them."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.crossref import Secrets
from gateway.audit.events import Lasting
from gateway.audit.keys import AuditKeys
from gateway.audit.log import AuditLog
from gateway.audit.tenants import tenants_anchored, tenants_in
from schema.problems import Level, Problem

__all__ = ["AuditPlace", "audit_problems", "open_audit"]

_FOLDER, _ANCHORS, _DAYS = "CUSTOMER_VIEW_AUDIT", "CUSTOMER_VIEW_AUDIT_ANCHORS", "CUSTOMER_VIEW_AUDIT_DAYS"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class AuditPlace:
    """Where a tenant's records are kept, where their anchors, and for how many days; without a folder nothing is
    recorded."""

    folder: Path | None = None
    anchors: Path | None = None
    days: int | None = None
    tenant: str = "default"


def open_audit(
    place: AuditPlace,
    secrets: Secrets | None,
    now: Callable[[], float],
    lasting: Lasting | None = None,
    *,
    system: Callable[[], float] = time.time,
) -> AuditLog | None:
    """Return the audit that is kept there, None where none is; what `audit_problems` tells is in order.

    `lasting` says which events are read back, and outlast their records. `now` and `system` are as of the log.
    """
    if place.folder is None or place.anchors is None or secrets is None:
        return None
    keys = AuditKeys.of(secrets, place.tenant)
    return AuditLog(place.folder, place.anchors, keys, days=place.days, now=now, system=system, lasting=lasting)


def audit_problems(place: AuditPlace, *, has_secrets: bool) -> Iterator[Problem]:
    """Yield why records could not be written there, or not so that they hold."""
    folder, anchors = place.folder, place.anchors
    if folder is None:
        alone = [(_ANCHORS, anchors is not None), (_DAYS, place.days is not None)]
        for name in (name for name, is_set in alone if is_set):
            mend = f"set {_FOLDER} to a folder, or unset {name}"
            yield Problem(name, None, f"no {_FOLDER}, to which it belongs", "the folder of the records", mend)
        return
    if not has_secrets:
        mend = "set CUSTOMER_VIEW_SECRET_FILE; see `customer-view secret`"
        yield Problem(_FOLDER, None, "no secret file", "the secret with which records are signed", mend)
    if anchors is None:
        mend = f"set {_ANCHORS} to a folder on another disk or machine, which those who can write records cannot change"
        yield Problem(_FOLDER, None, f"no {_ANCHORS}", "another place that tells what was cut from records", mend)
    else:
        yield from _together(folder, anchors)
        yield from _unusable(_ANCHORS, anchors)
        yield from _of_others(_ANCHORS, anchors, tenants_anchored, place.tenant)
    yield from _unusable(_FOLDER, folder)
    yield from _of_others(_FOLDER, folder, tenants_in, place.tenant)


def _together(folder: Path, anchors: Path) -> Iterator[Problem]:
    here, there = folder.resolve(), anchors.resolve()
    if here == there or here in there.parents or there in here.parents:
        mend = "name a folder in another place"
        yield Problem(_ANCHORS, None, "the folder of the records, or one inside the other", "two apart", mend)
    elif here.parent == there.parent or _is_on_one_disk(here, there):
        mend = "nothing, to try it out; else a folder on another disk or machine"
        got = "a folder on the same disk as the records"
        wanted = "one that those who can change the records cannot change"
        yield Problem(_ANCHORS, None, got, wanted, mend, Level.NOTE)


def _of_others(name: str, folder: Path, tenants: Callable[[Path], frozenset[str]], tenant: str) -> Iterator[Problem]:
    """Yield that other tenants have recorded there: whoever reads the one's records would read of the others'."""
    try:
        others = sorted(tenants(folder) - {tenant})
    except OSError:
        return  # it is told otherwise that it cannot be used
    if others:
        several = "the tenant" if len(others) == 1 else "the tenants"
        got = f"{folder}, which has records or anchors of {several} {', '.join(others)}"
        mend = "name another folder, or correct the tenant of the gateway"
        yield Problem(name, None, got, f"a folder for the tenant {tenant} alone", mend)


def _is_on_one_disk(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_dev == other.stat().st_dev
    except OSError:
        return False


def _unusable(name: str, folder: Path) -> Iterator[Problem]:
    if not folder.is_dir():
        got = f"{folder}, which is no folder" if folder.exists() else f"{folder}, where there is no folder"
        yield Problem(name, None, got, "a folder that is there", f"install -d -m 700 {folder}")
        return
    if not os.access(folder, os.W_OK | os.X_OK | os.R_OK):
        yield Problem(
            name, None, f"{folder}, in which nothing can be written", "a folder to write in", "chmod u+rwx it"
        )
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & _OTHERS:
        mend = f"chmod 700 {folder}"
        yield Problem(name, None, f"the mode {mode:o}", "700: nobody but its owner uses it", mend, Level.NOTE)
