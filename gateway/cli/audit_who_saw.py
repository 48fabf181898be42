"""`customer-view audit who-saw`: who saw what of a customer; that it was asked is recorded first."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from rich.text import Text

from adapters.crossref import KnownAs, Secrets, StoredCrossReference
from gateway.audit import AuditKeys, AuditPlace, Lasting, audit_problems, open_audit
from gateway.audit.events import Events
from gateway.audit.reading import DAMAGED, Entries
from gateway.audit.tenants import tenants_in
from gateway.audit.who_saw import Seen, read_time, reviewed, who_saw
from gateway.break_glass import KINDS, outcomes
from gateway.cli.audit import audit_folder, audit_secrets, unreadable
from gateway.cli.audit_printed import Form, print_seen
from gateway.cli.crossref.keys import lookup_of
from gateway.cli.crossref.meant import check_lookup, say_unknown
from gateway.cli.crossref.opening import actor_of, tenant_of, work_on
from gateway.cli.crossref.options import Place
from gateway.command_error import CommandError
from gateway.settings import Settings
from gateway.terminal import open_console
from resolvers.disclosure import AuditUnavailableError
from schema.problems import Level
from schema.suggest import did_you_mean

__all__ = ["Wanted", "run_who_saw"]

_KIND, _CONSUMER = "who-saw.asked", "command line"
_USUAL = 25
"""Records that a table tells of, unless more are asked for."""


@dataclass(slots=True)
class Views:
    """The views of which there are records of a customer, as far as these were gone through."""

    names: set[str] = field(default_factory=set)

    def noted(self, seen: Iterable[Seen]) -> Iterator[Seen]:
        """Yield the same, and keep of which views they are."""
        for one in seen:
            self.names.update(_names(one))
            yield one

    def check(self, wanted: str | None) -> None:
        """Say so where no record is of the view that is wanted, and which are; all have been gone through then."""
        if wanted is None or wanted in self.names:
            return
        there = sorted(name for name in self.names if "@" in name)
        others = f"records of this customer are of {', '.join(there)}." if there else "none of them is of any view."
        advice = did_you_mean(wanted, self.names, others)
        open_console(stderr=True).print(
            Text(f"No record of this customer is of the view {wanted}: {advice}", "yellow"), soft_wrap=True
        )


def _names(one: Seen) -> Sequence[str]:
    return () if one.view is None else (one.view, one.view.partition("@")[0])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: of which time and view, and how many at most; None: whatever there is."""

    since: str | None = None
    until: str | None = None
    view: str | None = None
    limit: int | None = None

    def has(self, one: Seen) -> bool:
        """Return whether a record is of the view, where one is wanted; lines that cannot be read may be."""
        return self.view is None or self.view in _names(one) or one.kind == DAMAGED

    @property
    def narrowed(self) -> str:
        """Return of which records it is told, in words; nothing where that is all of them."""
        through = "" if self.view is None else f" of the view {self.view}"
        return through if self.since is None and self.until is None else f"{through} of this time"


def run_who_saw(place: Place, who: str, key: str | None, folder: Path | None, wanted: Wanted, form: Form) -> bool:
    """Print who saw what of a customer, and return whether that is anybody. Raises CommandError: it cannot be read."""
    settings, lookup = Settings.from_environment(), lookup_of(who, key)
    records, secrets = audit_folder(folder or settings.audit, "CUSTOMER_VIEW_AUDIT"), audit_secrets(settings)
    since, until = _time(wanted.since, "--since"), _time(wanted.until, "--until")

    async def work(crossref: StoredCrossReference) -> Sequence[KnownAs]:
        await check_lookup(crossref, lookup)
        return await crossref.known_as(lookup)

    tenant = tenant_of(place)
    entries, names = Entries(records, AuditKeys.of(secrets, tenant)), work_on(place, work)
    try:
        _check_keys(entries)
        asked_at = datetime.fromtimestamp(time.time(), UTC)
        _say_recorded(_unrecorded(settings, records, secrets, tenant, names[0].customer if names else None))
        if not names:
            return say_unknown()
        found = reviewed(who_saw(entries, names, since=since, until=until), _outcomes(entries))
        views = Views()
        _print(views.noted(one for one in found if not _is_this(one, asked_at)), names, wanted, form)
        views.check(wanted.view)
        sys.stdout.flush()
    except BrokenPipeError:
        _end_unread()
    except OSError as error:
        raise unreadable(error) from None
    return True


def _check_keys(entries: Entries) -> None:
    """Raise CommandError where no record is of a key at hand: then nobody could be found."""
    tenants, tenant = tenants_in(entries.folder), entries.keys.tenant
    if tenants and tenant not in tenants:
        raise CommandError(
            f"got the tenant {tenant}, and records of {', '.join(sorted(tenants))}; name the tenant by --tenant, or "
            "the folder of its records"
        )
    used, at_hand = entries.key_names(), entries.keys.names
    if used and used.isdisjoint(at_hand):
        raise CommandError(
            f"got a secret file with {', '.join(at_hand)}, and records by {', '.join(sorted(used))}; set "
            "CUSTOMER_VIEW_SECRET_FILE to the secret file of the gateway that wrote them"
        )


def _end_unread() -> NoReturn:
    """End as programs do that are ended by SIGPIPE: whoever read what is printed has read enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is printed yet goes there at the exit
    raise SystemExit(128 + signal.SIGPIPE)


def _is_this(one: Seen, asked_at: datetime) -> bool:
    """Return whether it is the record of this very question."""
    return one.kind == _KIND and one.at >= asked_at and one.consumer == _CONSUMER


def _print(every: Iterator[Seen], names: Sequence[KnownAs], wanted: Wanted, form: Form) -> None:
    seen = (one for one in every if wanted.has(one))
    most = _USUAL if wanted.limit is None and form is Form.TABLE else wanted.limit
    told = seen if most is None else islice(seen, most)
    print_seen(told, names, form, wanted.narrowed)
    if form is Form.TABLE and next(seen, None) is not None:
        more = f"There are more, which are older: give --until, or a --limit above {most}; --json and --csv tell all."
        open_console().print(Text(more, "dim"), soft_wrap=True)


def _outcomes(entries: Entries) -> Mapping[str, Mapping[str, Any]]:
    """Return what reviews of broken glasses have come to, which stand in the same records. Raises OSError."""
    return asyncio.run(Events(entries, Lasting(KINDS)).read(outcomes))


def _time(given: str | None, name: str) -> datetime | None:
    if given is None:
        return None
    try:
        return read_time(given)
    except ValueError:
        raise CommandError(
            f"got a {name} that is no time; wanted a date or a time of the years 1 to 9999, such as 2026-11-01 or "
            "2026-11-01T09:30+01:00"
        ) from None


# That it was asked


def _say_recorded(why_not: str | None) -> None:
    console = open_console(stderr=True)
    if why_not is None:
        console.print(Text(f"That you asked is recorded in the audit, of {actor_of(None)}.", "dim"), soft_wrap=True)
    else:
        console.print(Text.assemble(("That you asked is not recorded: ", "yellow"), f"{why_not}."), soft_wrap=True)


def _unrecorded(settings: Settings, folder: Path, secrets: Secrets, tenant: str, customer: str | None) -> str | None:
    """Record that somebody asks on the command line, and of whom; return why it could not be, None where it is."""
    place = AuditPlace(settings.audit, settings.audit_anchors, tenant=tenant)
    if settings.audit is None or not folder.samefile(settings.audit):
        return "these are not the records that CUSTOMER_VIEW_AUDIT names"
    wrong = next((one for one in audit_problems(place, has_secrets=True) if one.level is Level.ERROR), None)
    if wrong is not None:
        return f"{wrong.file} is {wrong.got}" if wrong.got.startswith("/") else f"there is {wrong.got}"
    logging.getLogger("gateway.audit").addHandler(logging.NullHandler())  # what it would log is said here
    try:
        asyncio.run(_recorded(place, secrets, customer))
    except AuditUnavailableError as error:
        return str(error)
    return None


async def _recorded(place: AuditPlace, secrets: Secrets, customer: str | None) -> None:
    log = open_audit(place, secrets, time.time)
    assert log is not None
    async with log.running():
        await log.record_event(_KIND, {"consumer": _CONSUMER, "actor": actor_of(None)}, customer=customer)
