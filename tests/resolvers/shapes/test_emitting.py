"""Code is written line by line, seen in tracebacks, and gone with its function."""

from __future__ import annotations

import linecache
import traceback

from resolvers.handed_on import OddError
from resolvers.shapes.emitting import Text


def test_a_traceback_shows_the_code() -> None:
    """A failure in it is read like one in any other."""
    text = Text()
    with text.block("def broken(value)"):
        text.line(f"raise {text.constant('Odd', OddError)}")
    broken = text.function("broken", "shape of Query.vessel")
    try:
        broken(1)
    except OddError as error:
        told = "".join(traceback.format_exception(error))
    assert "<shape of Query.vessel" in told
    assert f"raise {text.constant('Odd', OddError)}" in told


def test_the_code_goes_with_its_function() -> None:
    """Nothing is kept of shapes that nobody uses."""
    text = Text()
    with text.block("def one()"):
        text.line("return 1")
    before = len(linecache.cache)
    one = text.function("one", "shape")
    assert (one(), len(linecache.cache)) == (1, before + 1)
    del one
    assert len(linecache.cache) == before
