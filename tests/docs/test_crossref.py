"""The page of the cross-reference's API has what the API has: operations, roles, headers and codes."""

from __future__ import annotations

import re

import typer
from pydantic import BaseModel
from typer.core import TyperGroup

from adapters.crossref import Method, RefusalCode
from gateway.cli import app
from gateway.crossref.answers import CandidateTold, ExportTold, OutlinedLinkTold, OutlineTold
from gateway.crossref.application import OPERATIONS
from gateway.crossref.requests import (
    HistoryAsked,
    IdentifiersForgotten,
    IdentifiersNoted,
    KeyReplaced,
    LiftAsked,
    NonMatch,
    OutlineAsked,
    Reasons,
    ResolveAsked,
    ResolveManyAsked,
    RestrictionAsked,
    SplitAsked,
    members_of,
)
from schema.caller import CrossrefRole
from tests.docs.pages import code_in_first_column, section
from tests.docs.test_tables import rows

LOADING = {"SOURCE_INVALID", "SOURCE_FIXED", "CUSTOMER_ID_INVALID", "ROW_EMPTY", "ROW_INVALID", "FILE_INVALID"}
"""Codes of registering sources and of bulk load, which the API has not."""


def test_every_operation_is_documented_with_its_roles() -> None:
    """In the order of the OpenAPI document."""
    documented = [(row[0], row[-1]) for row in rows(section("crossref.md", "## Operations"))]
    assert documented == [
        (f"`{one.method} /crossref{one.path}`", " ".join(f"`{role}`" for role in one.roles)) for one in OPERATIONS
    ]


def test_every_role_is_documented() -> None:
    """In the order in which they are declared."""
    assert code_in_first_column(section("crossref.md", "## Roles")) == list(CrossrefRole)


def test_every_code_of_what_cannot_be_is_documented() -> None:
    """But those that no operation of the API gives."""
    documented = [one for one in code_in_first_column(section("crossref.md", "## Refusals")) if one in set(RefusalCode)]
    assert documented == [code for code in RefusalCode if code not in LOADING]


def test_every_body_of_a_look_up_is_taken() -> None:
    """It holds all that there is."""
    bodies = {row[0].strip("`"): row[1].split("`")[1] for row in rows(section("crossref.md", "## Look-ups"))}
    asked: dict[str, type[BaseModel]] = {
        "resolve": ResolveAsked,
        "resolve-many": ResolveManyAsked,
        "outline": OutlineAsked,
        "history": HistoryAsked,
    }
    assert [*bodies] == [f"POST /crossref/{name}" for name in asked]
    for model, body in zip(asked.values(), bodies.values(), strict=True):
        assert model.model_validate_json(body).model_fields_set == {*model.model_fields}


def test_every_body_of_a_write_is_taken() -> None:
    """The bodies of a path hold together all that there is, but the reasons, which every write may have."""
    bodies = {row[0].strip("`"): re.findall("`([^`]+)`", row[1]) for row in rows(section("crossref.md", "## Writes"))}
    asked: dict[str, type[Reasons]] = {
        "links/replace-key": KeyReplaced,
        "non-matches": NonMatch,
        "non-matches/clear": NonMatch,
        "splits": SplitAsked,
        "customers/{customer}/identifiers": IdentifiersNoted,
        "customers/{customer}/identifiers/forget": IdentifiersForgotten,
        "customers/{customer}/restrict": RestrictionAsked,
        "customers/{customer}/lift": LiftAsked,
    }
    documented = {path: told for path, told in bodies.items() if path.startswith("POST ")}
    assert [*documented] == [f"POST /crossref/{name}" for name in asked]
    assert {f"POST /crossref/{name}" for name in asked} <= {f"{one.method} /crossref{one.path}" for one in OPERATIONS}
    for model, several in zip(asked.values(), documented.values(), strict=True):
        taken = set[str]().union(*(model.model_validate_json(body).model_fields_set for body in several))
        assert taken == {*model.model_fields} - {*Reasons.model_fields}


def test_every_method_and_grade_is_explained() -> None:
    """In the words that answers have."""
    told = {row[0].strip("`"): row[2] for row in rows(section("crossref.md", "## What answers hold"))}
    assert [one for one in Method if f"`{one}`" not in told["method"]] == []
    assert [
        one for one in ("certain", "probable", "possible", "certainly-not") if f"`{one}`" not in told["grade"]
    ] == []
    assert {*told} == {"method", "confidence", "status", "grade", "score", "isWhole"}
    members = {
        name for model in (CandidateTold, OutlineTold, ExportTold, OutlinedLinkTold) for name in members_of(model)
    }
    assert {*told} <= members


def group(within: TyperGroup, name: str) -> TyperGroup:
    found = within.commands[name]
    assert isinstance(found, TyperGroup)
    return found


def test_every_command_is_documented() -> None:
    """In the order of the help, and those of a group with their names."""
    whole = typer.main.get_command(app)
    assert isinstance(whole, TyperGroup)
    crossref = group(whole, "crossref")
    documented = {
        row[0].strip("`"): row[1] for row in rows(section("identity.md", "## Commands of the cross-reference"))
    }
    names = [name for name in documented if not name.isdigit()]
    assert names == list(crossref.commands)
    for name in ("non-match", "candidates", "identifiers"):
        assert [each for each in group(crossref, name).commands if f"`{each}`" not in documented[name]] == []
