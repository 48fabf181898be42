"""Checking the events and what they tell: none missing or changed, every commitment true of the key that is kept, and
every row as the events have it."""

from __future__ import annotations

import hmac
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from adapters.crossref.database import Connection, Row
from adapters.crossref.errors import InputError, SecretError
from adapters.crossref.events import Act, Event, commitment
from adapters.crossref.keys.sealing import Keyring
from adapters.crossref.keys.sources import KeyMode, SourceSystem
from adapters.crossref.ledger import read_sources
from adapters.crossref.verification.beside import Beside, RowTold
from adapters.crossref.verification.folding import FORGOTTEN, UNOPENED, Fold
from adapters.crossref.verification.standing import TABLES, UNREADABLE, Hide, Place, Standing

__all__ = ["KEPT_PROBLEMS", "ChainProblem", "ChainReport", "Progress", "damage_report", "verify", "verify_chain"]

KEPT_PROBLEMS = 100
"""The most problems that a report holds."""

_PAGE = 200
"""Events read at once: some milliseconds of work, during which nothing else is done on PostgreSQL's event loop."""

_BEFORE_ALL = -(2**63)

_KEYS = ("key", "key_a", "key_b")
"""Columns that stand for keys."""

_LAST = ("closed_seq", "decided_seq", "changed_seq", "opened_seq", "seq")
"""Columns that name an event; the first of them that does names the last one."""

Progress = Callable[[str, int, int], None]
"""Told of what (pages of the database as one whole, events, then rows) there are how many, and how many are checked."""

_Kept = tuple[bytes, bytes]
"""Salt and key, as they are kept."""


@dataclass(frozen=True, slots=True)
class ChainProblem:
    """What is wrong at one event, as a constant text; with `row_id` what is wrong with the row of this id, and `seq` is
    the last event that concerns it, 0 where none is named."""

    seq: int
    text: str
    row_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What was found: how many events, commitments and rows were checked, and the links whose keys were erased.

    `problems` holds the first 100; all is well when there are none. `erased` counts commitments without their key.
    `rows` is 0 where the chain alone was checked. `lacking` are the versions of the secret that were not at hand and
    without which something could not be opened, each of which is a problem besides.
    """

    events: int
    commitments: int
    erased: int
    problems: tuple[ChainProblem, ...]
    rows: int = 0
    lacking: tuple[int, ...] = ()

    @property
    def holds(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.problems


class _Check:
    """A check under way; with a fold, events are folded as they come."""

    def __init__(self, keyring: Keyring, sources: Mapping[str, SourceSystem], hide: Hide, fold: Fold | None) -> None:
        self.keyring, self.sources, self._hide, self._fold = keyring, sources, hide, fold
        self.problems: list[ChainProblem] = []
        self._lacking: set[int] = set()
        self.events = self.commitments = self.erased = self.rows = 0
        self.head: bytes | None = None

    def note(self, seq: int, text: str, row_id: str | None = None) -> None:
        if len(self.problems) < KEPT_PROBLEMS:
            self.problems.append(ChainProblem(seq, text, row_id))

    def report(self) -> ChainReport:
        lacking = tuple(sorted(self._lacking))
        return ChainReport(self.events, self.commitments, self.erased, tuple(self.problems), self.rows, lacking)

    def lacks(self, seq: int, version: int) -> None:
        """Tell of a version of the secret that is not at hand, once."""
        if version not in self._lacking:
            self._lacking.add(version)
            self.note(
                seq,
                f"this and perhaps more cannot be opened, and is not checked, without version {version} of the secret; "
                "give it back beside the others",
            )

    def event(self, event: Event, digest: bytes, kept: Mapping[str, _Kept]) -> None:
        self.events += 1
        if event.seq != self.events:
            self.note(event.seq, "events are missing before this one")
            self.events = event.seq
        if event.prev_hash != self.head:
            self.note(event.seq, "the event does not follow the one before it")
        if not hmac.compare_digest(event.hash(), digest):
            self.note(event.seq, "the event was changed")
        self.head = digest
        keys = self._commitments(event, kept)
        problem = self._fold.event(event, keys) if self._fold else None
        if problem:
            self.note(event.seq, problem)

    def end(self, tenant: Row | None) -> None:
        if tenant is not None and (tenant[0] != self.events + 1 or tenant[1] != self.head):
            self.note(self.events, "events are missing at the end")

    def row(self, name: str, row_id: str, standing: RowTold, told: RowTold | None) -> None:
        """Compare a row that stands with the one that the events tell, None when they tell none."""
        self.rows += 1
        seq = _last(standing)
        if told is None:
            self.note(seq, f"{name}: no event tells of the row", row_id)
            return
        unopened = {name for name in _KEYS if any(self._is_unopened(seq, row.get(name)) for row in (standing, told))}
        columns = (standing.keys() | told.keys()) - unopened
        wrong = sorted(column for column in columns if standing.get(column) != told.get(column))
        if any(told.get(column) == FORGOTTEN for column in wrong):
            self.note(seq, f"{name}: what opens the commitment of the key is gone, and nobody has erased it", row_id)
        elif wrong:
            self.note(seq, f"{name}: the row is not as the events tell: {', '.join(wrong)}", row_id)

    def doubled(self, row_id: str, standing: RowTold) -> None:
        """Tell of a key that stands twice, under two versions of the secret; of one version the table has it once."""
        text = "link: the same key stands in another link too; unlink it until it stands once"
        self.note(_last(standing), text, row_id)

    def missing(self, name: str, row_id: str, told: RowTold) -> None:
        """Tell of a row that the events tell and that is not there."""
        self.note(_last(told), f"{name}: a row is missing that the events tell", row_id)

    def _commitments(self, event: Event, kept: Mapping[str, _Kept]) -> dict[str, str]:
        """Return the digests of the keys to which the event has committed."""
        committed = event.body.get("commitments", {})
        if not isinstance(committed, Mapping):
            raise TypeError
        sources, keys = _sources(event) if committed else {}, dict[str, str]()
        for link_id, text in committed.items():
            self.commitments += 1
            keys[link_id] = FORGOTTEN
            if link_id not in kept:
                self.erased += 1
                continue
            source = sources.get(link_id, "")
            wanted = self._wanted(source, kept[link_id])
            if wanted is not None:
                self.lacks(event.seq, wanted)
                keys[link_id] = f"{UNOPENED}{wanted}"
                continue
            opened = self._open(source, link_id, *kept[link_id])
            if opened is None or not hmac.compare_digest(commitment(opened[0], link_id, source, opened[1]), text):
                self.note(event.seq, "the key that is kept is not the one that was committed to")
            if opened is not None:
                keys[link_id] = self._hide(source, opened[1])
        return keys

    def _is_unopened(self, seq: int, key: object) -> bool:
        if not isinstance(key, str) or not key.startswith(UNOPENED):
            return False
        self.lacks(seq, int(key.removeprefix(UNOPENED)))
        return True

    def _wanted(self, source: str, kept: _Kept) -> int | None:
        """Return a version of the secret that is not at hand and is to open this."""
        known = self.sources.get(source)
        wanted = [] if known is None else [self.keyring.wanted_for(known, one) for one in kept]
        return next((version for version in wanted if version is not None), None)

    def _open(self, source: str, link_id: str, salt: bytes, key: bytes) -> tuple[bytes, str] | None:
        try:
            known = self.sources[source]
            opened = self.keyring.unseal(known, "event", key, link_id, "key")
            return self.keyring.unseal(known, "event", salt, link_id, "salt"), opened.decode()
        except (SecretError, KeyError, UnicodeDecodeError):
            return None


def _sources(event: Event) -> dict[str, str]:
    """Return the source of everything to which the event commits."""
    told = (event.body.get(name, []) for name in ("links", "pair", "identifiers", "replacing"))
    return {one["link"]: one["source"] for several in told if isinstance(several, list) for one in several}


def _last(row: RowTold) -> int:
    return next((row[name] for name in _LAST if row.get(name) is not None), 0)


async def _events(connection: Connection, tenant: str, after: int) -> Sequence[Row]:
    return await connection.fetch(
        "SELECT seq, at, type, customer_id, actor, reason_code, reason_ref, body, prev_hash, hash FROM xref_event "
        "WHERE tenant_id = ? AND seq > ? ORDER BY seq LIMIT ?",
        *(tenant, after, _PAGE),
    )


def _event(tenant: str, row: Row) -> tuple[Event, bytes]:
    seq, at, kind, customer, actor, code, ref, body, prev, digest = row
    return Event(tenant, seq, at, kind, customer, Act(actor, code, ref), json.loads(body), prev), digest


async def _kept(connection: Connection, tenant: str, first: int, last: int) -> Mapping[int, Mapping[str, _Kept]]:
    """Return what opens the commitments of these events: event -> link -> salt and key."""
    kept: dict[int, dict[str, _Kept]] = defaultdict(dict)
    for seq, link_id, salt, key in await connection.fetch(
        "SELECT seq, link_id, salt, key FROM event_secret WHERE tenant_id = ? AND seq >= ? AND seq <= ?",
        *(tenant, first, last),
    ):
        kept[seq][link_id] = (salt, key)
    return kept


def damage_report(damage: Sequence[str]) -> ChainReport:
    """Return the report of a database that is damaged, of which nothing else was checked."""
    return ChainReport(0, 0, 0, tuple(ChainProblem(0, f"the database is damaged: {text}") for text in damage))


async def verify_chain(connection: Connection, tenant: str, keyring: Keyring) -> ChainReport:
    """Return what is wrong with the tenant's events. A key that was erased is no problem: its commitment stays.

    All is read in one transaction, a page of events at a time.
    """
    check = _Check(keyring, await read_sources(connection, tenant), Hide(), None)
    await _read_events(connection, tenant, check)
    return check.report()


async def verify(
    connection: Connection, tenant: str, keyring: Keyring, progress: Progress | None = None
) -> ChainReport:
    """Return what is wrong with the tenant's events, as `verify_chain` does, and with the tables that they tell.

    The events are folded into rows in a temporary file, which holds digests in place of keys, and each row that stands
    is compared with its own. All is read in one transaction, a page at a time.
    """
    sources, hide = await read_sources(connection, tenant), Hide()
    with closing(Beside()) as beside:
        check = _Check(keyring, sources, hide, Fold(beside))
        await _read_events(connection, tenant, check, progress)
        standing, total = Standing(connection, tenant, keyring, sources, hide), len(beside)
        for name in TABLES:
            await _compare(check, name, standing, beside, progress and partial(progress, "rows", total))
    return check.report()


async def _read_events(connection: Connection, tenant: str, check: _Check, progress: Progress | None = None) -> None:
    after, total = _BEFORE_ALL, 0
    if progress:
        end = await connection.fetch_one("SELECT next_seq FROM tenant WHERE tenant_id = ?", tenant)
        total = end[0] - 1 if end else 0
    while rows := await _events(connection, tenant, after):
        after = rows[-1][0]
        kept = await _kept(connection, tenant, rows[0][0], after)
        for row in rows:
            try:
                check.event(*_event(tenant, row), kept.get(row[0], {}))
            except (InputError, ValueError, TypeError, KeyError, AttributeError):
                check.note(row[0], "the event was changed: it cannot be read")
        if progress:
            progress("events", total, check.events)
    check.end(await connection.fetch_one("SELECT next_seq, head_hash FROM tenant WHERE tenant_id = ?", tenant))


async def _compare(
    check: _Check, name: str, standing: Standing, beside: Beside, progress: Callable[[int], None] | None
) -> None:
    after: Place | None = None
    while True:
        rows, after = await standing.page(name, after)
        for row in rows:
            check.row(name, row.row_id, row.told, beside.take(name, row.row_id))
            if name == "link" and _is_doubled(check, beside, row.told):
                check.doubled(row.row_id, row.told)
        if progress:
            progress(check.rows)
        if not rows:
            break
    for row_id, told in beside.all(name):
        check.missing(name, row_id, told)


def _is_doubled(check: _Check, beside: Beside, link: RowTold) -> bool:
    """Return whether another link of the same sealed key stands, of those that came before."""
    source, key = check.sources.get(link["source_id"]), link["key"]
    if link["valid_to"] is not None or source is None or source.key_mode is KeyMode.PLAIN:
        return False
    if key == UNREADABLE or key.startswith(UNOPENED):
        return False
    if beside.get("sealed_key", key) is not None:
        return True
    beside.put("sealed_key", key, {})
    return False
