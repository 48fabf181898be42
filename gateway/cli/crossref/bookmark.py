"""The bookmark of a load: how far a file has been loaded, kept beside it until the end of the file is reached.

It holds no key and no value: counts, and salted digests by which another file and another cross-reference are noticed.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from adapters.crossref import LoadReport, LoadStep
from gateway.command_error import CommandError

__all__ = ["Bookmark", "BookmarkFile"]

_WINDOW = 65_536
"""Bytes of the file's beginning, and of what stands before a place in it, by which it is known again."""

_SALT = 16
_MOST_BYTES = 65_536
_ANEW = "or begin at the first row with --anew"


class Bookmark(BaseModel):
    """How far a load has come. `rows` and `offset` are of the file, `seq` and `event` of the last event then.

    `file` is what this file alone has, `form` how it was read: columns, separator and delimiter. `listed` is the size
    of the list of what was left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    salt: str
    file: str
    form: Sequence[str]
    rows: NonNegativeInt
    offset: NonNegativeInt
    seq: NonNegativeInt
    event: str | None
    created: NonNegativeInt
    links: NonNegativeInt
    left_out: Mapping[str, NonNegativeInt]
    joined: NonNegativeInt
    fillers: Mapping[str, NonNegativeInt]
    listed: NonNegativeInt

    @property
    def report(self) -> LoadReport:
        """What was done so far."""
        return LoadReport(
            self.rows, self.created, self.links, counts=self.left_out, joined=self.joined, fillers=self.fillers
        )

    @property
    def event_hash(self) -> bytes | None:
        """The hash of the last event then, None where there was none."""
        return None if self.event is None else bytes.fromhex(self.event)


class BookmarkFile:
    """Where the bookmark of a file is kept, readable by its owner alone. `form` is how the file is read."""

    def __init__(self, file: Path, form: Sequence[str]) -> None:
        self._file, self._form = file, list(form)
        self._path = file.with_name(f"{file.name}.bookmark")
        self._salt = os.urandom(_SALT)

    def read(self) -> Bookmark | None:
        """Return the bookmark, None when there is none. Raises CommandError when it is another file's, or none."""
        try:
            with self._path.open("rb") as opened:
                found = Bookmark.model_validate_json(opened.read(_MOST_BYTES))
            self._salt = bytes.fromhex(found.salt)
            _ = found.event_hash
        except FileNotFoundError:
            return None
        except (OSError, ValueError, ValidationError):
            raise CommandError(f"got {self._path}, which is no bookmark; remove it, {_ANEW}") from None
        if list(found.form) != self._form or not hmac.compare_digest(found.file, self._fingerprint(found.offset)):
            raise CommandError(
                f"got another file, or other columns or separators, than {self._path} was put into; "
                f"wanted the same to go on with: give it back, {_ANEW}"
            )
        return found

    def check_found(self, found: bool) -> None:
        """Raise CommandError unless the cross-reference was found to be the one that the bookmark tells of."""
        if not found:
            raise CommandError(
                f"got another cross-reference than {self._path} tells of, or a backup of it from before; "
                f"wanted the one that holds the rows so far: name that, {_ANEW}"
            )

    def move(self, place: tuple[int, int], report: LoadReport, step: LoadStep, listed: int) -> None:
        """Put the bookmark at a place (rows, bytes), to which the step has come.

        Raises CommandError when it cannot be written.
        """
        rows, offset = place
        self._write(
            Bookmark(
                salt=self._salt.hex(),
                file=self._fingerprint(offset),
                form=self._form,
                rows=rows,
                offset=offset,
                seq=step.seq,
                event=step.hash.hex() if step.hash else None,
                created=report.created,
                links=report.links,
                left_out=report.counts,
                joined=report.joined,
                fillers=report.fillers,
                listed=listed,
            )
        )

    def remove(self) -> None:
        """Keep none any more."""
        self._path.unlink(missing_ok=True)

    def _write(self, bookmark: Bookmark) -> None:
        unfinished = self._path.with_name(f"{self._path.name}.unfinished")
        try:
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
                opened.write(bookmark.model_dump_json())
                opened.flush()
                os.fsync(opened.fileno())  # after a power cut it is the one of before or this one, and never half of it
            unfinished.replace(self._path)
        except OSError as error:
            raise CommandError(
                f"{self._path} cannot be written ({type(error).__name__}); give the right to write there"
            ) from None

    def _fingerprint(self, offset: int) -> str:
        """Return what this file alone has: of its size, its beginning, and what stands before a place in it.

        Without a place it is the end of the file: there a Parquet file has what tells of all of it.
        """
        try:
            return self._digest(offset)
        except OSError as error:
            raise CommandError(
                f"{self._file} cannot be read ({type(error).__name__}); correct its name or its rights"
            ) from None

    def _digest(self, offset: int) -> str:
        with self._file.open("rb") as opened:
            size, begin = os.fstat(opened.fileno()).st_size, opened.read(_WINDOW)
            opened.seek(max(0, (offset or size) - _WINDOW))
            before = opened.read(min(offset or size, _WINDOW))
        return hmac.digest(self._salt, b"%d\n" % size + begin + before, "sha256").hex()
