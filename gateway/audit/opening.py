"""Opens the audit that the settings name, and says what is wrong with them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.crossref import Secrets
from gateway.audit.keys import AuditKeys
from gateway.audit.log import AuditLog
from schema.problems import Level, Problem

__all__ = ["AuditPlace", "audit_problems", "open_audit"]

_FOLDER, _ANCHORS, _DAYS = "CUSTOMER_VIEW_AUDIT", "CUSTOMER_VIEW_AUDIT_ANCHORS", "CUSTOMER_VIEW_AUDIT_DAYS"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class AuditPlace:
    """Where records are kept, where their anchors, and for how many days; without a folder nothing is recorded."""

    folder: Path | None = None
    anchors: Path | None = None
    days: int | None = None


def open_audit(place: AuditPlace, secrets: Secrets | None, now: Callable[[], float]) -> AuditLog | None:
    """Return the audit that is kept there, None where none is; what `audit_problems` tells is in order."""
    if place.folder is None or place.anchors is None or secrets is None:
        return None
    return AuditLog(place.folder, place.anchors, AuditKeys.of(secrets), days=place.days, now=now)


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
    yield from _unusable(_FOLDER, folder)


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
