"""Code that is made from a plan: written line by line, compiled, and kept where tracebacks find it.

The one module that compiles and executes text. The text comes from our own plan alone: every name in it is numbered
here, and whatever comes from a document or a model stands in it as a literal.
"""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from resolvers.handed_on import TooDeepError

__all__ = ["Text"]

_DEEPEST = 40
"""The most blocks in blocks; Python takes a hundred."""

_MOST_LOOPS = 12
"""The most loops in loops; Python takes twenty blocks of this kind, and a function has others than these."""

_INDENT = "    "

_BUILTINS: Mapping[str, Any] = MappingProxyType(
    {one.__name__: one for one in (Exception, bool, dict, enumerate, float, int, isinstance, len, list, str, type)}
)
"""What the code may call of Python's own; there is nothing else."""


class Text:
    """The text of a function while it is written, and what its names stand for."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._values: dict[str, Any] = {}
        self._names: dict[int, str] = {}
        self._numbers = 0
        self._depth = self._loops = 0

    def line(self, text: str) -> None:
        """Write a line."""
        self._lines.append(f"{_INDENT * self._depth}{text}")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write a line that ends in a colon, and what is written meanwhile below it."""
        self.line(f"{head}:")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise TooDeepError
        yield
        self._depth -= 1

    @contextmanager
    def loop(self, item: str, index: str, items: str) -> Iterator[None]:
        """Write a loop over items; they are numbered where the number is used."""
        place = len(self._lines)
        self._loops += 1
        if self._loops > _MOST_LOOPS:
            raise TooDeepError
        with self.block("for"):
            yield
        self._loops -= 1
        counted = any(index in line for line in self._lines[place + 1 :])
        head = f"for {index}, {item} in enumerate({items}):" if counted else f"for {item} in {items}:"
        self._lines[place] = f"{_INDENT * self._depth}{head}"

    def mark(self) -> int:
        """Return a place in the text, for `insert`."""
        return len(self._lines)

    def insert(self, mark: int, lines: Sequence[str]) -> None:
        """Write lines at a place that was marked, in a block as deep as the one that is written now."""
        self._lines[mark:mark] = [f"{_INDENT * self._depth}{line}" for line in lines]

    def name(self, kind: str) -> str:
        """Return a name that nothing else has; `kind` is a short word for people."""
        self._numbers += 1
        return f"{kind}_{self._numbers}"

    def constant(self, kind: str, value: Any) -> str:
        """Return the name of a value that is no literal, always the same one."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = self.name(kind)
            self._values[name] = value  # and it lives on, so that nothing else gets its id
        return name

    @property
    def code(self) -> str:
        """Return what was written so far."""
        return "\n".join((*self._lines, ""))

    def function(self, name: str, about: str) -> Callable[..., Any]:
        """Return the function that was written under a name. Tracebacks show its code, as that of `about`."""
        code = self.code
        namespace: dict[str, Any] = {"__builtins__": dict(_BUILTINS), **self._values}
        file = f"<{about} {id(namespace):x}>"
        exec(compile(code, file, "exec"), namespace)  # noqa: S102  written above, from nothing that a caller sent
        made: Callable[..., Any] = namespace.pop(name)
        linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
        weakref.finalize(made, linecache.cache.pop, file, None).atexit = False
        return made
