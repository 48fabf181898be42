"""The file of CUSTOMER_VIEW_IDENTIFIER_RULES: which values are nobody's identifiers.

    fan_out: 5                             # a value that as many have opens no further candidate; 5 unless given
    blocked:
      email: [info@, "@shop.example"]      # a mailbox, a domain, or one address
      phone: ["+49 30 1234567"]            # with its country, as of every other type

No message holds a value of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from adapters.crossref import IdentifierRules, IdentifierType, InputError
from schema.declaration import read_declaration
from schema.problems import ConfigurationError, Problem
from schema.yaml_file import Document, load_yaml

__all__ = ["identifier_rules"]

_TYPES = ", ".join(IdentifierType)

_HIDDEN = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"writeOnly": True})

_Values = Annotated[
    tuple[
        Annotated[
            str,
            Field(max_length=400, description="a value of its type", json_schema_extra={"writeOnly": True}),
        ],
        ...,
    ],
    Field(max_length=20_000, description="a list of values", json_schema_extra={"writeOnly": True}),
]


class _Blocked(BaseModel):
    """lists of values by their type"""

    model_config = _HIDDEN

    email: _Values = ()
    phone: _Values = ()
    tax_id: _Values = ()
    national_id: _Values = ()
    iban: _Values = ()


class _File(BaseModel):
    """what is blocked by its type, and perhaps fan_out"""

    model_config = _HIDDEN

    blocked: Annotated[_Blocked, Field(description=f"lists of values under their type: {_TYPES}")] = _Blocked()
    fan_out: Annotated[int, Field(ge=1, le=100, strict=True, description="a whole number from 1 to 100")] = 5


def identifier_rules(path: Path | None) -> IdentifierRules:
    """Return the rules in a file, those that hold without one for None.

    Raises:
        ConfigurationError: It cannot be read, or holds what cannot be a rule; all problems are in it.
    """
    if path is None:
        return IdentifierRules()
    document = load_yaml(path)
    read = read_declaration(document, _File)
    blocked = {kind: values for kind in IdentifierType if (values := getattr(read.blocked, kind.value))}
    if problems := [problem for kind in blocked for problem in _wrong(document, kind, blocked[kind])]:
        raise ConfigurationError(problems)
    return IdentifierRules(blocked, read.fan_out)


def _wrong(document: Document, kind: IdentifierType, values: tuple[str, ...]) -> Iterator[Problem]:
    for place, value in enumerate(values):
        try:
            IdentifierRules({kind: [value]})
        except InputError:
            line = document.line_of(("blocked", kind.value, place))
            got = f"what can be no {kind} (blocked.{kind}[{place + 1}])"
            yield Problem(document.file, line, got, kind.description, "correct it, or leave it out")
