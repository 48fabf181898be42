"""Places in which something of a person could be left, and what was found there after which operation."""

from __future__ import annotations

import dataclasses
import logging
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from adapters.crossref.verification.beside import Beside
from schema.observer import Event
from tests.gateway.crossref.canaries import Scanner

__all__ = ["Findings", "Listener", "Logs", "TemporaryRows", "everything_in", "files_in", "shown_of"]

_DEEP = 8


def files_in(folder: Path) -> Callable[[], Iterator[bytes]]:
    """Return what gives each file's content and name."""

    def contents() -> Iterator[bytes]:
        for path in sorted(folder.rglob("*")):
            yield str(path).encode()
            if path.is_file():
                yield path.read_bytes()

    return contents


def everything_in(value: object, deep: int = _DEEP) -> Iterator[str]:
    """Yield every text in a value, those included that its repr does not show."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif deep == 0 or value is None or isinstance(value, int | float | type):
        return
    elif isinstance(value, Mapping):
        for one in (*value.keys(), *value.values()):
            yield from everything_in(one, deep - 1)
    elif isinstance(value, Iterable) and not isinstance(value, Iterator):
        for one in value:
            yield from everything_in(one, deep - 1)
    elif isinstance(value, BaseException):
        yield from shown_of(value)
    else:
        yield from everything_in(_members(value), deep - 1)


def _members(value: object) -> Iterable[object]:
    if dataclasses.is_dataclass(value):
        return [getattr(value, one.name) for one in dataclasses.fields(value)]
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.astuple(value)
    return list(getattr(value, "__dict__", {}).values())


def shown_of(error: BaseException) -> Iterator[str]:
    """Yield what can be printed of an error: its texts, its traceback, and those that it came of, hidden ones too."""
    seen: set[int] = set()
    several: list[BaseException | None] = [error]
    while several:
        one = several.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield from (str(one), repr(one), "".join(traceback.format_exception(one)))
        yield from everything_in([*one.args, *vars(one).values()])
        several += [one.__cause__, one.__context__]


class Logs(logging.Handler):
    """Every line of every logger, with what it was made of. A test's own client is left out."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._lines: list[str] = []
        self._root = logging.getLogger()
        self._level = self._root.level

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(("httpx", "httpcore")):
            self._lines += [logging.Formatter().format(record), *map(repr, vars(record).values())]
            self._lines += everything_in(record.exc_info or ())

    def __enter__(self) -> Logs:
        self._root.addHandler(self)
        self._root.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        self._root.removeHandler(self)
        self._root.setLevel(self._level)

    def __call__(self) -> Iterator[bytes]:
        """Give what was logged since the last time."""
        lines, self._lines = self._lines, []
        yield "\n".join(lines).encode(errors="surrogatepass")


class Listener:
    """An observer that looks into all that it is told."""

    def __init__(self) -> None:
        self._told: list[str] = []

    def note(self, event: Event) -> None:
        self._told += [repr(event), *everything_in(event)]

    def __call__(self) -> Iterator[bytes]:
        told, self._told = self._told, []
        yield "\n".join(told).encode()


class TemporaryRows:
    """The rows of the temporary files of a check, which have no name, as they are when the check ends."""

    def __init__(self) -> None:
        self._rows: list[str] = []
        self.files = 0

    def keep(self, beside: Beside) -> None:
        self.files += 1
        self._rows += everything_in(beside._file.execute("SELECT * FROM told").fetchall())

    def __call__(self) -> Iterator[bytes]:
        rows, self._rows = self._rows, []
        yield "\n".join(rows).encode()


class Findings:
    """A table of places and operations: what was found where after which operation."""

    def __init__(self, places: Mapping[str, Callable[[], Iterable[bytes]]]) -> None:
        self._places, self.scanner = places, Scanner()
        self._found: dict[tuple[str, str], set[str]] = {}
        self.operations: list[str] = []

    def look(self, operation: str, outcome: object = None, *, tells: bool = False) -> None:
        """Look through all places. An operation that `tells` keys may do so in its outcome alone, and in no repr."""
        self.operations.append(operation)
        for place, contents in self._places.items():
            for content in contents():
                self.note(place, operation, self.scanner.found_anew(content))
        texts = [repr(outcome), *([] if tells else everything_in(outcome))]
        self.note("outcome", operation, self.scanner.found("\n".join(texts).encode(errors="surrogatepass")))

    def note(self, place: str, operation: str, found: set[str]) -> None:
        """Write down what was found."""
        if found:
            self._found.setdefault((place, operation), set()).update(found)

    def __str__(self) -> str:
        return "\n".join(f"{place}, {operation}: {sorted(found)}" for (place, operation), found in self._found.items())

    def check(self) -> None:
        """Fail with the table if anything was found."""
        assert not self._found, f"canaries were found:\n{self}"
