"""The purposes that a view can name: terms of the W3C Data Privacy Vocabulary (DPV) 2.3, and how they nest.

A selection of the DPV's purposes; `data/dpv_purposes.NOTICE.txt` names its source, its licence and what was changed.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

__all__ = ["Purpose", "is_purpose", "parents", "purposes"]


@dataclass(frozen=True, slots=True)
class Purpose:
    """A term of the DPV, the broader terms right above it, and what it means in a few words of ours."""

    term: str
    parents: tuple[str, ...]
    definition: str


@cache
def purposes() -> Mapping[str, Purpose]:
    """Return the known purposes by term, in alphabetical order."""
    table = files("schema").joinpath("data/dpv_purposes.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(table.splitlines())
    return MappingProxyType({row["term"]: _purpose(row) for row in rows})


def _purpose(row: Mapping[str, str]) -> Purpose:
    return Purpose(row["term"], tuple(filter(None, row["parents"].split(";"))), row["definition"])


def is_purpose(term: str) -> bool:
    """Return whether the term is a known purpose."""
    return term in purposes()


def parents(term: str) -> tuple[str, ...]:
    """Return every broader purpose of a known one, the nearest first; empty for one at the root.

    Raises KeyError when the term is not a known purpose.
    """
    found: dict[str, None] = {}
    level = purposes()[term].parents
    while level:
        found.update(dict.fromkeys(level))
        level = tuple(above for each in level for above in purposes()[each].parents)
    return tuple(found)
