"""The bar of a load: how far it is, how fast it goes, and how long it will take."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from gateway.cli.crossref.inputs import Input

__all__ = ["LoadingBar"]


class LoadingBar:
    """Shown on a terminal alone. How far it is shows by bytes for a CSV file, by rows for a Parquet file; of a pipe and
    a query nobody knows."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("Loading"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rows]:,} rows  {task.fields[speed]:,}/s"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=None, rows=0, speed=0)
        self._begun, self._before = 0.0, 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, rows: Input, file: Path | None) -> None:
        """Begin where the rows begin."""
        self._begun, self._before = time.monotonic(), rows.rows
        total = file.stat().st_size if rows.total is None and file is not None else rows.total
        self._progress.update(self._task, total=total, completed=rows.offset or rows.rows)

    def move(self, rows: Input, done: int) -> None:
        """Show how far it is: so many rows are done."""
        speed = (rows.rows - self._before) / max(time.monotonic() - self._begun, 0.001)
        self._progress.update(self._task, completed=rows.offset or rows.rows, rows=done, speed=round(speed))
