"""One load under way: it begins where the bookmark says, and moves the bookmark with each step that stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from adapters.crossref import LoadReport, LoadStep, StoredCrossReference
from gateway.cli.crossref.bookmark import BookmarkFile
from gateway.cli.crossref.inputs import Input
from gateway.cli.crossref.listing import Listing
from gateway.cli.crossref.loading_bar import LoadingBar

__all__ = ["Filling"]


class Filling:
    """Loads one input. `file` is None where it cannot be read from a place on: then it begins with the first row.

    `form` is how the input is read besides its columns; `undecoded` counts lines of it that were no UTF-8.
    """

    def __init__(
        self,
        file: Path | None,
        opened: Callable[[Collection[str]], AbstractContextManager[Input]],
        form: Sequence[str],
        bar: LoadingBar,
        listing: Listing,
    ) -> None:
        self._file, self._opened, self._form = file, opened, form
        self._bar, self._listing = bar, listing
        self._report, self._before = LoadReport(), 0
        self.undecoded = 0

    @property
    def rows(self) -> int:
        """The rows done so far, those of the loads before that were stopped included."""
        return self._report.rows

    @property
    def advice(self) -> str:
        """How to go on after a stop."""
        return "The same command goes on." if self._file else "The same command adds what is missing."

    async def run(self, crossref: StoredCrossReference, actor: str, *, anew: bool) -> LoadReport:
        """Load what is not yet, with `anew` from the first row on, and return what was done in all.

        Raises CommandError when the input cannot be read, or is not what the bookmark was put into.
        """
        stack = ExitStack()
        rows = await asyncio.to_thread(stack.enter_context, self._opened([*await crossref.sources()]))
        try:
            bookmark = None if self._file is None else BookmarkFile(self._file, [*rows.columns.names, *self._form])
            if bookmark is not None and not anew:
                await self._go_on(crossref, rows, bookmark)
            self._bar.begin(rows, self._file)
            await crossref.load(rows, actor=actor, noted=lambda step: self._note(step, rows, bookmark))
        finally:
            await asyncio.to_thread(stack.close)
        if bookmark is not None:
            bookmark.remove()
        return self._report

    async def _go_on(self, crossref: StoredCrossReference, rows: Input, bookmark: BookmarkFile) -> None:
        found = bookmark.read()
        if found is None:
            return
        bookmark.check_found(await crossref.has_event(found.seq, found.event_hash))
        self._report, self._before = found.report, found.rows
        self._listing.go_on(found.listed)
        rows.go_on(found.rows, found.offset)

    def _note(self, step: LoadStep, rows: Input, bookmark: BookmarkFile | None) -> None:
        listed = self._listing.add(step.report.problems, self._before)
        self._report += step.report
        if bookmark is not None:
            # no row is read before those of the step stand: where reading is, the step has come to
            bookmark.move((rows.rows, rows.offset), self._report, step, listed)
        self.undecoded = rows.undecoded
        self._bar.move(rows, self._report.rows)
