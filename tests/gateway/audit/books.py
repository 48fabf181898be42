"""An audit in two folders of a test's own, on clocks that the test moves, and what is recorded there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from types import MappingProxyType

from adapters.crossref import HkdfSecrets
from gateway.audit import AuditKeys, AuditLog, Lasting
from gateway.audit.files import Files
from gateway.audit.verifying import AuditReport, verify_audit
from resolvers.disclosure import Disclosed, Disclosure, Effect
from schema.reasons import Reason
from schema.situation import Situation
from schema.verification import Level

__all__ = ["DAY", "KEYS", "NOON", "SHOWN", "Books", "disclosure"]

SECRETS = HkdfSecrets({1: bytes(range(32))})
KEYS = AuditKeys.of(SECRETS)
NOON = 1_795_348_800.0
"""2026-11-22T12:00:00Z."""
DAY = 86_400.0

SHOWN = MappingProxyType(
    {
        "Customer.segment": Effect("allow"),
        "Customer.name": Effect("transform", (Reason.VALUE_MASKED,)),
        "Customer.accounts": Effect("withhold", (Reason.VERIFICATION_REQUIRED, Reason.CONSENT_MISSING)),
    }
)


def disclosure(*customers: str, case: str | None = "T-1", at: float = NOON, view: str = "support-call@3") -> Disclosure:
    """Return that these customers were shown, of whom the same was decided."""
    told = [Disclosed(customer, Level.V2, SHOWN) for customer in customers]
    situation = Situation(channel="voice", case=case, actor="e-17")
    return Disclosure(view, "CustomerCare", "A6-1-b", "agent-desktop", situation, at, 0.012, told, {"crm": 1})


@dataclass
class Books:
    """Two folders, and the time: `ahead` is by how much a gateway's own is ahead of the system's. `log()` is the audit
    of another process each time."""

    folder: Path
    anchors: Path
    at: float = NOON
    runs: float = 0.0
    ahead: float = 0.0
    keys: AuditKeys = field(default=KEYS)

    @classmethod
    def in_folder(cls, place: Path) -> Books:
        """Return books in two new folders of this one."""
        (place / "audit").mkdir(parents=True)
        (place / "anchors").mkdir()
        return cls(place / "audit", place / "anchors")

    def log(self, *, days: int | None = None, files: Files | None = None, lasting: Lasting | None = None) -> AuditLog:
        """Return an audit that writes here."""
        return AuditLog(
            self.folder,
            self.anchors,
            self.keys,
            days=days,
            now=lambda: self.at + self.ahead,
            system=lambda: self.at,
            clock=lambda: self.runs,
            files=files,
            lasting=lasting,
        )

    @asynccontextmanager
    async def opened(self, *, days: int | None = None, lasting: Lasting | None = None) -> AsyncIterator[AuditLog]:
        """Open an audit of which nothing happens by itself; it is synced and anchored when it is closed."""
        log = self.log(days=days, lasting=lasting)
        await log.try_again()
        yield log
        await log._writer.close()
        log._syncing.settle()

    def written(self, *told: Disclosure, apart: float = 0.0) -> None:
        """Record these in a process that ends then; the clock goes on by so much after each."""

        async def write() -> None:
            async with self.opened() as log:
                for one in told:
                    await log.record(one)
                    self.at += apart

        process = Thread(target=asyncio.run, args=(write(),))  # whoever asks may be in an event loop
        process.start()
        process.join()

    def of_tenant(self, tenant: str) -> Books:
        """Return the same books as a gateway of another tenant writes them, by the same secret."""
        return replace(self, keys=AuditKeys.of(SECRETS, tenant))

    async def trusted(self, log: AuditLog) -> None:
        """Have a log see for a day that the clock is right: it has gone ahead since the last records."""
        assert await log.drop_old() == 0
        assert log._calendar._doubted_at is not None
        log._calendar._doubted_at -= DAY

    def verified(self, *, with_anchors: bool = True) -> AuditReport:
        """Return what verifying finds."""
        return verify_audit(self.folder, self.keys, self.anchors if with_anchors else None)

    @property
    def files(self) -> Sequence[Path]:
        """Return the files of records, in the order of their names."""
        return sorted(self.folder.iterdir())

    @property
    def lines(self) -> list[bytes]:
        """Return the lines of all files."""
        return [line for file in self.files for line in file.read_bytes().splitlines(keepends=True)]
