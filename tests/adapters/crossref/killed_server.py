"""A server of PostgreSQL that keeps what it has confirmed, all of whose processes are killed, and that starts again."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from adapters.crossref import StoreError
from adapters.crossref.postgres.database import connected
from adapters.sandbox.postgres import PostgresServer

__all__ = ["KillableServer", "killable_server"]

_DURABLE = {"synchronous_commit": "on", "full_page_writes": "on", "fsync": "on"}
"""What servers do unless they are told otherwise, and one that is thrown away does not."""

_ENDING = 10.0
_PAUSE = 0.005


@dataclass(frozen=True, slots=True)
class KillableServer:
    """A server, the programs that it is started by, and whose its data is: root's servers run as somebody else."""

    server: PostgresServer
    programs: Path
    owner: os.stat_result

    @property
    def url(self) -> str:
        return self.server.url("postgres")

    def kill(self) -> None:
        """Kill all of its processes, the first one first, and return when none of them is left."""
        first = psutil.Process(self.server.process)
        several = [first, *first.children(recursive=True)]
        for process in several:
            process.kill()
        until = time.monotonic() + _ENDING
        while any(_runs(process) for process in several):
            assert time.monotonic() < until
            time.sleep(_PAUSE)
        # the first one seems to hold them for as long as nobody has taken note of its end
        for lock in (self.server.directory / "data" / "postmaster.pid", self.server.socket.with_suffix(".5432.lock")):
            lock.unlink(missing_ok=True)

    def start(self) -> None:
        """Start it again over the same data."""
        data = self.server.directory / "data"
        as_owner: dict[str, Any] = {"user": self.owner.st_uid, "group": self.owner.st_gid, "extra_groups": ()}
        subprocess.run(
            [self.programs / "pg_ctl", f"--pgdata={data}", f"--log={self.server.log}", "--wait", "--silent", "start"],
            check=True,
            cwd=self.server.directory,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=60,
            **(as_owner if os.geteuid() == 0 else {}),
        )

    async def wait(self) -> float:
        """Return when it has let somebody in, by the clock that all processes share."""
        while True:
            try:
                async with connected(self.url) as driver:
                    await driver.fetchval("SELECT 1")
            except StoreError:
                await asyncio.sleep(_PAUSE)
            else:
                return time.monotonic()


@contextmanager
def killable_server() -> Iterator[KillableServer]:
    """Start a server that is killed and started as often as one likes."""
    with PostgresServer.start() as server:
        programs = Path(psutil.Process(server.process).exe()).parent
        settings = "".join(f"{name} = {value}\n" for name, value in _DURABLE.items())
        with (server.directory / "data" / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
            file.write(settings)
        killable = KillableServer(server, programs, (server.directory / "data").stat())
        killable.kill()
        killable.start()
        yield killable


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
