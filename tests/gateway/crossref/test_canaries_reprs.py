"""No repr shows a key, an identifier or what was made of one: a repr ends up in a log, a trace or a failed test."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec
import pytest
from pydantic import BaseModel

import adapters.crossref
import gateway.cli.crossref
import gateway.crossref
from adapters.crossref.database import Found

CANARY = "Quilla.Zambrano7"

HIDDEN = {
    *("key", "old", "new", "value", "lookup", "lookups", "key_lookup", "forms", "digest"),
    *("blocked", "arguments", "idempotency_key", "prev_hash", "sealed", "text", "query", "database", "hash"),
}
"""Names of fields that hold a key, an identifier, or what was made of one."""

SHOWN = {("ChainProblem", "text"), ("ProblemTold", "text"), ("Wanted", "sealed")}
"""Those of these names that hold something else: what is wrong with a row, and whether a source is to be sealed."""


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if ".migrations" not in found.name:
            yield importlib.import_module(found.name)


def classes() -> list[type]:
    packages = adapters.crossref, gateway.crossref, gateway.cli.crossref
    names = tuple(package.__name__ for package in packages)
    several = (one for package in packages for module in modules(package) for one in vars(module).values())
    ours = {one for one in several if isinstance(one, type) and one.__module__.startswith(names)}
    return sorted(ours, key=lambda one: (one.__module__, one.__qualname__))


def fields_of(one: type) -> tuple[str, ...]:
    if dataclasses.is_dataclass(one):
        return tuple(each.name for each in dataclasses.fields(one))
    if issubclass(one, msgspec.Struct):
        return one.__struct_fields__
    return tuple(one.model_fields) if issubclass(one, BaseModel) else ()


def made(one: type, **given: Any) -> object:
    """Make a value without any check."""
    if issubclass(one, msgspec.Struct):
        return one(**given)
    if issubclass(one, BaseModel):
        return one.model_construct(**given)
    value = object.__new__(one)
    for name, text in given.items():
        object.__setattr__(value, name, text)
    return value


HOLDING = [(one, name) for one in classes() for name in fields_of(one) if name in HIDDEN]


@pytest.mark.parametrize(("one", "name"), HOLDING, ids=[f"{one.__qualname__}.{name}" for one, name in HOLDING])
def test_no_repr_shows_what_a_field_holds(one: type, name: str) -> None:
    """Whatever else a value has."""
    given: dict[str, Any] = {
        each: None if each == "identifier" else CANARY if each == name else "x" for each in fields_of(one)
    }
    shown = CANARY in repr(made(one, **given))
    assert shown == ((one.__qualname__, name) in SHOWN)


def test_rows_that_were_found_are_not_shown() -> None:
    """They hold keys as they are kept."""
    assert CANARY not in repr(Found({0: [(0, "cus_1", "crm", CANARY)]}, ()))
