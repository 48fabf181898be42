"""`customer-view audit`: records verified, and who saw what of a customer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from adapters.crossref import KnownAs, StoredCrossReference
from gateway.audit import AuditKeys
from gateway.audit.reading import Entries
from gateway.audit.verifying import AuditReport, verify_audit
from gateway.audit.who_saw import Seen, who_saw
from gateway.cli.crossref.keys import lookup_of
from gateway.cli.crossref.meant import check_lookup, say_unknown
from gateway.cli.crossref.opening import work_on
from gateway.cli.crossref.options import Place
from gateway.cli.crossref.printed import moment, print_json, table
from gateway.cli.crossref.telling import counted
from gateway.command_error import CommandError
from gateway.secret_file import load_secrets
from gateway.settings import Settings
from gateway.terminal import open_console

__all__ = ["run_verify", "run_who_saw"]


def run_verify(folder: Path | None, anchors: Path | None, *, as_json: bool) -> bool:
    """Print what does not hold, and return whether all does. Raises CommandError: it cannot be read."""
    settings = Settings.from_environment()
    place = _folder(folder or settings.audit, "CUSTOMER_VIEW_AUDIT")
    others = anchors or settings.audit_anchors
    report = _verified(place, _keys(settings), _folder(others, "--anchors") if others else None)
    if as_json:
        print_json(_members(report))
    else:
        _print(open_console(), report)
    return report.holds


def run_who_saw(
    place: Place,
    who: str,
    key: str | None,
    folder: Path | None,
    between: tuple[str | None, str | None],
    *,
    as_json: bool,
) -> bool:
    """Print who saw what of a customer, and return whether that is anybody. Raises CommandError: it cannot be read."""
    settings, lookup = Settings.from_environment(), lookup_of(who, key)
    entries = Entries(_folder(folder or settings.audit, "CUSTOMER_VIEW_AUDIT"), _keys(settings))
    since, until = _time(between[0], "--since"), _time(between[1], "--until")

    async def work(crossref: StoredCrossReference) -> Sequence[KnownAs]:
        await check_lookup(crossref, lookup)
        return await crossref.known_as(lookup)

    names = work_on(place, work)
    if not names:
        return say_unknown()
    try:
        seen = [*who_saw(entries, names, since=since, until=until)]
    except OSError as error:
        raise _unreadable(error) from None
    if as_json:
        print_json([one.told() for one in seen])
    else:
        _print_seen(open_console(), seen, names)
    return True


def _verified(folder: Path, keys: AuditKeys, anchors: Path | None) -> AuditReport:
    shown = open_console(stderr=True)
    columns = (TextColumn("Verifying"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bar:
        task = bar.add_task("", total=None)
        try:
            return verify_audit(folder, keys, anchors, lambda total, size: bar.update(task, total=total, advance=size))
        except OSError as error:
            raise _unreadable(error) from None


def _keys(settings: Settings) -> AuditKeys:
    if settings.secret_file is None:
        raise CommandError("Which secret? Set CUSTOMER_VIEW_SECRET_FILE to the file by which the records are signed")
    return AuditKeys.of(load_secrets(settings.secret_file))


def _folder(given: Path | None, name: str) -> Path:
    if given is None:
        raise CommandError(f"Which audit? Give its folder, or set {name}")
    if not given.is_dir():
        raise CommandError(f"got {given}, which is no folder; wanted the folder of an audit or of its anchors")
    return given


def _time(given: str | None, name: str) -> datetime | None:
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise CommandError(
            f"got a {name} that is no time; wanted a date or a time, such as 2026-11-01 or 2026-11-01T09:30+01:00"
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _unreadable(error: OSError) -> CommandError:
    return CommandError(
        f"{error.filename or 'a file'} cannot be read: {error.strerror or type(error).__name__}; where old segments "
        "are dropped just now, run it again"
    )


def _members(report: AuditReport) -> dict[str, Any]:
    return {
        "holds": report.holds,
        "chains": report.chains,
        "segments": report.segments,
        "records": report.records,
        "unanchored": report.unanchored,
        "torn": [str(path) for path in report.torn],
        "breaks": [{"file": str(one.path), "line": one.line, "text": one.text} for one in report.breaks],
    }


def _print(console: Console, report: AuditReport) -> None:
    if report.breaks:
        shown = table("file", "#line", "what is wrong")
        for one in report.breaks:
            shown.add_row(Text(one.path.name), "" if one.line is None else str(one.line), Text(one.text))
        console.print(shown)
    word, colour = ("All holds", "bold green") if report.holds else ("Not all holds", "bold red")
    numbers = ((report.records, "record"), (report.segments, "segment"), (report.chains, "chain"))
    told = ", ".join(counted(number, what) for number, what in numbers)
    console.print(Text.assemble((word, colour), f": {told}."), soft_wrap=True)
    console.print(_of_anchors(report), soft_wrap=True)
    for path in report.torn:
        said = f"{path.name} ends in the middle of a record, as a process leaves it that is killed while it writes."
        console.print(said, soft_wrap=True)


def _of_anchors(report: AuditReport) -> str:
    if report.unanchored is None:
        return (
            "No anchors were given: whole chains, and the ends of chains, could have been cut unseen. Give --anchors."
        )
    if report.unanchored == 0:
        return "Every record is covered by an anchor."
    verb = "stands" if report.unanchored == 1 else "stand"
    return (
        f"{counted(report.unanchored, 'record')} {verb} behind the newest anchors: what was written since these could "
        "have been cut unseen."
    )


def _print_seen(console: Console, seen: Sequence[Seen], names: Sequence[KnownAs]) -> None:
    if not seen:
        console.print("No record tells of this customer.")
        return
    shown = table("when", "view, for", "who", "case", "what")
    for one in seen:
        shown.add_row(Text(moment(one.at)), Text(_view(one)), Text(_who(one)), Text(_case(one)), _what(one))
    console.print(shown)
    console.print(Text(f"Times are in UTC.{_other_names(seen, names)}", "dim"), soft_wrap=True)
    changed = sum(not one.is_signed for one in seen)
    if changed:
        console.print(
            Text(f"{counted(changed, 'record')} not as written: run `customer-view audit verify`.", "bold red")
        )


def _view(one: Seen) -> str:
    return "\n".join(filter(None, (one.view or one.kind, one.purpose)))


def _who(one: Seen) -> str:
    if one.consumer is None:
        return str(one.happened.get("actor") or one.happened.get("consumer") or "")
    return "\n".join(filter(None, (one.consumer, one.situation.get("actor"))))


def _case(one: Seen) -> str:
    told = (one.situation.get("case"), one.situation.get("interaction"), one.grant.get("reference"))
    return "\n".join(filter(None, told))


def _what(one: Seen) -> Text:
    """Return which coordinates were shown, masked and withheld, each kind on lines of its own."""
    text = Text()
    if one.refused:
        text.append(f"nothing: {one.refused}", "yellow")
    _append(text, "shown", "green", one.shown)
    _append(text, "masked", "yellow", [name for names in one.masked.values() for name in names])
    withheld = [f"{name} ({codes})" for codes, names in one.withheld.items() for name in names]
    _append(text, "withheld", "red", withheld)
    if one.happened:
        text.append(", ".join(f"{name} {value}" for name, value in one.happened.items()))
    if not one.is_signed:
        text.append("\nnot as it was written", "bold red")
    return text


def _append(text: Text, word: str, colour: str, named: Iterable[str]) -> None:
    told = ", ".join(named)
    if told:
        text.append("\n" if text else "")
        text.append(f"{word} ", colour)
        text.append(told)


def _other_names(seen: Sequence[Seen], names: Sequence[KnownAs]) -> str:
    others = sorted({one.known_as for one in seen} - {names[0].customer})
    return f" Some records name the customer as {', '.join(others)}." if others else ""
