"""What is asked of the operating system for the files of the audit."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

__all__ = ["Files", "OpenFile", "SystemFiles", "open_own"]

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_CLOSED = -1


class Files(Protocol):
    """What is asked of the operating system; a test fails in its place."""

    def open(self, path: Path) -> int:
        """Make a file, which may not be there yet, and hold its lock; return its descriptor. It may take long."""

    def write(self, opened: int, content: bytes) -> int:
        """Append to the file, and return how many bytes of the content it has taken."""

    def truncate(self, opened: int, size: int) -> None:
        """Cut a file to this many bytes."""


class OpenFile:
    """A descriptor, closed once: closed again, its number could be that of somebody else's file. For one thread at a
    time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @property
    def descriptor(self) -> int:
        """Return it, and of a file that is closed what is that of none."""
        return self._descriptor

    def close(self) -> None:
        """Close the file, unless it is closed. Raises OSError: what was written to it may be lost."""
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if descriptor != _CLOSED:
            os.close(descriptor)


class SystemFiles:
    """The files of the operating system."""

    def open(self, path: Path) -> int:
        """Make a file that its owner alone may use, and lock it: whoever drops old files sees that it is in use.

        Where that fails nothing is left of it. Raises OSError; FileExistsError: something has that name.
        """
        opened = open_own(path, _FLAGS)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            _undo(opened, path)
            raise
        return opened

    def write(self, opened: int, content: bytes) -> int:
        """Append by one write(2)."""
        return os.write(opened, content)

    def truncate(self, opened: int, size: int) -> None:
        """Cut a file."""
        os.ftruncate(opened, size)


def open_own(path: Path, flags: int) -> int:
    """Open a file that its owner alone may use: made by root, it is the owner's of its folder.

    So the gateway, which runs as somebody else, can read what root has asked on the command line. Raises OSError.
    """
    opened = os.open(path, flags, 0o600)
    try:
        if os.geteuid() == 0:
            owner = path.parent.stat()
            with suppress(PermissionError):  # as a network's file system may answer, which takes root for nobody
                os.fchown(opened, owner.st_uid, owner.st_gid)
    except BaseException:
        _undo(opened, path if flags & os.O_EXCL else None)
        raise
    return opened


def _undo(opened: int, made: Path | None) -> None:
    os.close(opened)
    if made is not None:
        with suppress(OSError):
            made.unlink()
