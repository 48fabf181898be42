"""YAML files, read with the line of every key and value, as plain data and nothing else.

Read are mappings with text keys, lists, text, null, booleans, whole numbers of up to 18 digits and decimal fractions,
as the core schema of YAML 1.2 writes them; everything else is text, dates included. Refused are tags, anchors, aliases,
doubled keys, several documents, control characters, deep nesting and large files: a declaration needs none of them, and
each can hide something in it or exhaust the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from schema.problems import ConfigurationError, Problem

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Document", "Place", "load_yaml"]

MAX_BYTES = 262_144
"""The largest file read, in bytes."""

MAX_DEPTH = 16
"""The deepest nesting read. The parser's time grows with the square of the depth: 60,000 brackets took it 164 s."""

Place = tuple[str | int, ...]
"""Where a value stands in a document: keys of mappings and positions in lists, from the outside in."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FRACTION = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")
_WORDS: Mapping[str, bool | None] = MappingProxyType(
    {
        **dict.fromkeys(("", "~", "null", "Null", "NULL")),
        **dict.fromkeys(("true", "True", "TRUE"), True),
        **dict.fromkeys(("false", "False", "FALSE"), False),
    }
)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its file, its data (dict, list, str, int, float, bool or None) and where each value stands."""

    file: str
    data: Any = field(repr=False)
    lines: Mapping[Place, int] = field(repr=False)

    def line_of(self, place: Place) -> int:
        """Return the line, from 1, of the key or list item at the place, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def load_yaml(path: Path, *, max_bytes: int = MAX_BYTES) -> Document:
    """Return the file's one document; an empty file's data is None.

    Raises ConfigurationError when the file cannot be read or is not of the plain form described above.
    """
    file = str(path)
    text = _text(path, max_bytes)
    reading = _Reading(file, text)
    return reading.document()


def _text(path: Path, max_bytes: int) -> str:
    try:
        with path.open("rb") as opened:
            content = opened.read(max_bytes + 1)
    except OSError as error:
        got = f"no readable file ({type(error).__name__})"
        _refuse(str(path), None, got, "a YAML file", "check the path and the file's permissions")
    if len(content) > max_bytes:
        _refuse(
            str(path), None, f"a file of more than {max_bytes} bytes", f"at most {max_bytes} bytes", "split the file"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        _refuse(str(path), line, "bytes that are not UTF-8", "text in UTF-8", "save the file as UTF-8")


def _refuse(file: str, line: int | None, got: str, wanted: str, mend: str) -> NoReturn:
    raise ConfigurationError([Problem(file, line, got, wanted, mend)]) from None


class _Reading:
    """One file being read, event by event, so that depth is bounded before the parser has gone deep."""

    def __init__(self, file: str, text: str) -> None:
        self._file, self._text = file, text
        self._events: Iterator[Any] = iter(())
        self._lines: dict[Place, int] = {}
        self._doubled: list[Problem] = []

    def document(self) -> Document:
        """Return the document."""
        try:
            self._events = YAML(typ="safe", pure=True).parse(self._text)
            data = self._stream()
        except YAMLError as error:
            self._refuse_syntax(error)
        if self._doubled:
            raise ConfigurationError(self._doubled)
        return Document(self._file, data, MappingProxyType(self._lines))

    def _stream(self) -> Any:
        self._expect(StreamStartEvent)
        if isinstance(event := next(self._events), StreamEndEvent):
            return None
        assert isinstance(event, DocumentStartEvent)
        first = next(self._events)
        self._lines[()] = _line(first)
        data = self._value(first, ())
        self._expect(DocumentEndEvent)
        if not isinstance(event := next(self._events), StreamEndEvent):
            self._stop(event, "a second document", "one document in a file", "move it to a file of its own")
        return data

    def _expect(self, kind: type) -> None:
        event = next(self._events)
        assert isinstance(event, kind)

    def _value(self, event: NodeEvent, place: Place) -> Any:
        self._check_plain(event)
        if isinstance(event, ScalarEvent):
            return _resolve(event)
        if len(place) >= MAX_DEPTH:
            self._stop(event, f"nesting deeper than {MAX_DEPTH}", f"at most {MAX_DEPTH} levels", "flatten it")
        return self._mapping(place) if isinstance(event, MappingStartEvent) else self._list(event, place)

    def _mapping(self, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._key(event)
            if key in found:
                self._note_doubled(event, (*place, key))
            self._lines.setdefault((*place, key), _line(event))
            found[key] = self._value(next(self._events), (*place, key))
        return found

    def _list(self, start: NodeEvent, place: Place) -> list[Any]:
        assert isinstance(start, SequenceStartEvent)
        found: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            here = (*place, len(found))
            self._lines[here] = _line(event)
            found.append(self._value(event, here))
        return found

    def _key(self, event: NodeEvent) -> str:
        self._check_plain(event)
        if not isinstance(event, ScalarEvent):
            self._stop(event, "a mapping or list as a key", "a word as a key", "put the key into quotes if it is text")
        return str(event.value)

    def _check_plain(self, event: NodeEvent) -> None:
        if isinstance(event, AliasEvent) or event.anchor is not None:
            self._stop(event, "an anchor or alias", "every value written out", "write the value where it is used")
        if getattr(event, "tag", None) is not None:
            self._stop(event, "a tag", "plain values", "remove the word that begins with '!'")
        if isinstance(event, ScalarEvent) and _CONTROL.search(event.value):
            self._stop(event, "a control character", "printable text", "remove the escape sequence")

    def _note_doubled(self, event: NodeEvent, place: Place) -> None:
        first = self._lines[place]
        self._doubled.append(
            Problem(
                self._file,
                _line(event),
                "a key that the mapping has already",
                "every key once",
                f"remove this one or the one on line {first}",
            )
        )

    def _stop(self, event: NodeEvent, got: str, wanted: str, mend: str) -> NoReturn:
        _refuse(self._file, _line(event), got, wanted, mend)

    def _refuse_syntax(self, error: YAMLError) -> NoReturn:
        """Say what the parser found, without the excerpt of the file that it would add."""
        if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
            line = error.problem_mark.line + 1
            _refuse(self._file, line, f"text that is no YAML ({error.problem})", "YAML", "check indents and quotes")
        line = self._text.count("\n", 0, getattr(error, "position", 0)) + 1
        _refuse(self._file, line, "a control character", "printable text", "remove it")


def _line(event: NodeEvent) -> int:
    return int(event.start_mark.line) + 1


def _resolve(event: ScalarEvent) -> Any:
    """Return the value that a scalar stands for; quoted and block text is text."""
    text = str(event.value)
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FRACTION.fullmatch(text) else text
