"""Every text that an object holds, however deep: what a test looks for must not be in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

__all__ = ["texts_in", "written_out"]


def written_out(thing: object) -> str:
    """All texts of an object, one a line; of dataclasses also those fields that a repr leaves out."""
    return "\n".join(texts_in(thing))


def texts_in(thing: object) -> Iterator[str]:
    """The texts of an object: of its members, of its keys and of whatever it is made of."""
    if isinstance(thing, str | bytes | int | float) or thing is None:
        yield str(thing)
    elif isinstance(thing, Mapping):
        for name, one in thing.items():
            yield from texts_in(name)
            yield from texts_in(one)
    elif is_dataclass(thing):
        yield type(thing).__name__
        for part in fields(thing):
            yield from texts_in(getattr(thing, part.name))
    elif isinstance(thing, Iterable):
        for one in thing:
            yield from texts_in(one)
    else:
        yield repr(thing)
