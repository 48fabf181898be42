"""The terms of the W3C Data Privacy Vocabulary (DPV) that a view can name: purposes, processing and data subjects.

Selections of the DPV's own; `data/dpv.NOTICE.txt` names their source, their licence and what was changed.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

__all__ = ["Term", "data_subjects", "is_purpose", "parents", "processing", "purposes", "term_of"]

_NAMESPACES = ("dpv:", "https://w3id.org/dpv#", "http://w3id.org/dpv#", "http://www.w3.org/ns/dpv#")
"""What stands before a term where it is written out; the last is that of drafts."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the DPV, the broader terms right above it, and what it means in a few words of ours."""

    term: str
    parents: tuple[str, ...]
    definition: str


@cache
def purposes() -> Mapping[str, Term]:
    """Return the known purposes by term, in alphabetical order."""
    return _read("purposes")


@cache
def processing() -> Mapping[str, Term]:
    """Return what can be done with data, by term, in alphabetical order."""
    return _read("processing")


@cache
def data_subjects() -> Mapping[str, Term]:
    """Return the known categories of persons whose data it is, by term, in alphabetical order."""
    return _read("data_subjects")


def is_purpose(term: str) -> bool:
    """Return whether the term is a known purpose."""
    return term in purposes()


def term_of(name: str) -> str:
    """Return the term that a name means: `dpv:Marketing` and `https://w3id.org/dpv#Marketing` are Marketing.

    Any other name is given back as it is, known or not.
    """
    return next((name.removeprefix(one) for one in _NAMESPACES if name.startswith(one)), name)


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


def _read(name: str) -> Mapping[str, Term]:
    table = files("schema").joinpath(f"data/dpv_{name}.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(table.splitlines())
    return MappingProxyType({row["term"]: _term(row) for row in rows})


def _term(row: Mapping[str, str]) -> Term:
    return Term(row["term"], tuple(filter(None, row["parents"].split(";"))), row["definition"])
