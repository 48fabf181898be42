"""`customer-view audit verify`: what does not hold of the records, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from adapters.crossref import Secrets
from gateway.audit import AuditKeys
from gateway.audit.tenants import tenants_in
from gateway.audit.verifying import AuditReport, verify_audit
from gateway.cli.crossref.options import DEFAULT_TENANT
from gateway.cli.crossref.printed import print_json, table
from gateway.cli.crossref.telling import counted
from gateway.command_error import CommandError
from gateway.secret_file import load_secrets
from gateway.settings import Settings
from gateway.terminal import open_console

__all__ = ["audit_folder", "audit_secrets", "run_verify", "unreadable"]

_HOLDS, _BROKEN, _UNVERIFIED = 0, 1, 3
"""Exit codes: what could not be verified, for its key is not at hand, is no sign that it was changed."""


def run_verify(folder: Path | None, anchors: Path | None, tenant: str | None, *, as_json: bool) -> int:
    """Print what does not hold, and return the exit code. Raises CommandError: nothing can be read there."""
    settings = Settings.from_environment()
    place = audit_folder(folder or settings.audit, "CUSTOMER_VIEW_AUDIT")
    others = anchors or settings.audit_anchors
    keys = AuditKeys.of(audit_secrets(settings), tenant or _only_tenant(place))
    report = _verified(place, keys, audit_folder(others, "--anchors") if others else None)
    if not report.segments and report.holds:
        raise CommandError(
            f"got {place}, in which there are no records; wanted the folder in which a gateway has recorded: correct "
            "it, or start the gateway, which begins with a record"
        )
    if as_json:
        print_json(_members(report))
    else:
        _print(open_console(), report, keys)
    return _BROKEN if report.breaks else _HOLDS if report.holds else _UNVERIFIED


def _only_tenant(folder: Path) -> str:
    """Return the tenant whose records are in a folder. Raises CommandError: there are several."""
    try:
        tenants = sorted(tenants_in(folder)) or [DEFAULT_TENANT]
    except OSError as error:
        raise unreadable(error) from None
    if len(tenants) > 1:
        raise CommandError(
            f"got {folder}, in which the tenants {', '.join(tenants)} have recorded; wanted a folder for each: name "
            "one of them by --tenant to verify its records"
        )
    return tenants[0]


def audit_secrets(settings: Settings) -> Secrets:
    """Return the secrets by which records are signed. Raises CommandError: none are named."""
    if settings.secret_file is None:
        raise CommandError("Which secret? Set CUSTOMER_VIEW_SECRET_FILE to the file by which the records are signed")
    return load_secrets(settings.secret_file)


def audit_folder(given: Path | None, name: str) -> Path:
    """Return the folder that is given, in the place of a name. Raises CommandError: it is none."""
    if given is None:
        raise CommandError(f"Which audit? Give its folder, or set {name}")
    if not given.is_dir():
        raise CommandError(f"got {given}, which is no folder; wanted the folder of an audit or of its anchors")
    return given


def unreadable(error: OSError) -> CommandError:
    """Return that a file cannot be read, in words."""
    return CommandError(
        f"{error.filename or 'a file'} cannot be read: {error.strerror or type(error).__name__}; where old segments "
        "are dropped just now, run it again"
    )


def _verified(folder: Path, keys: AuditKeys, anchors: Path | None) -> AuditReport:
    shown = open_console(stderr=True)
    columns = (TextColumn("Verifying"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bar:
        task = bar.add_task("", total=None)
        try:
            return verify_audit(folder, keys, anchors, lambda total, size: bar.update(task, total=total, advance=size))
        except OSError as error:
            raise unreadable(error) from None


def _members(report: AuditReport) -> dict[str, Any]:
    return {
        "holds": report.holds,
        "chains": report.chains,
        "segments": report.segments,
        "records": report.records,
        "unanchored": report.unanchored,
        "otherKeys": dict(report.other_keys),
        "torn": [str(path) for path in report.torn],
        "breaks": [{"file": str(one.path), "line": one.line, "text": one.text} for one in report.breaks],
    }


def _print(console: Console, report: AuditReport, keys: AuditKeys) -> None:
    if report.breaks:
        shown = table("file", "#line", "what is wrong")
        for one in report.breaks:
            shown.add_row(Text(one.path.name), "" if one.line is None else str(one.line), Text(one.text))
        console.print(shown)
    numbers = ((report.records, "record"), (report.segments, "segment"), (report.chains, "chain"))
    told = ", ".join(counted(number, what) for number, what in numbers)
    console.print(Text.assemble(_verdict(report), f": {told}."), soft_wrap=True)
    for line in (*_of_keys(report, keys), _of_anchors(report), *_of_torn(report)):
        console.print(line, soft_wrap=True)


def _verdict(report: AuditReport) -> tuple[str, str]:
    if report.breaks:
        return "Not all holds", "bold red"
    return ("All holds", "bold green") if report.holds else ("Not all could be verified", "bold yellow")


def _of_keys(report: AuditReport, keys: AuditKeys) -> Iterator[str]:
    for name, chains in report.other_keys.items():
        verb = "is" if chains == 1 else "are"
        yield (
            f"{counted(chains, 'chain')} {verb} signed by the key {name}, which is not at hand. Whether they were "
            "changed cannot be told."
        )
    if report.other_keys:
        yield (
            f"CUSTOMER_VIEW_SECRET_FILE has {', '.join(keys.names)} for the tenant {keys.tenant}. Set it to the secret "
            "file of the gateway that wrote them, and name its tenant by --tenant; where an old version was taken from "
            "the file, put that back: it is needed for as long as its records are kept."
        )


def _of_anchors(report: AuditReport) -> str:
    if report.unanchored is None:
        return (
            "No anchors were given: whole chains, and the ends of chains, could have been cut unseen. Give --anchors."
        )
    if report.breaks:
        return "Of a chain that does not hold nothing was read behind its first break."
    if report.unanchored:
        verb = "stands" if report.unanchored == 1 else "stand"
        return (
            f"{counted(report.unanchored, 'record')} {verb} behind the newest anchors: what was written since these "
            "could have been cut unseen."
        )
    return "Every record is covered by an anchor." if report.records else "No record was there to be held to anchors."


def _of_torn(report: AuditReport) -> Iterator[str]:
    for path in report.torn:
        yield f"{path.name} ends in the middle of a record, as a process leaves it that is killed while it writes."
