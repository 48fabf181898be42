"""The tables of the pages hold exactly what the code has: no key, code, setting or command more or less."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from pydantic import BaseModel
from ruamel.yaml import YAML
from starlette.routing import Mount
from typer.core import TyperGroup

from adapters.crossref import ConflictCode, KeyFormat, LoadReport, Writing
from adapters.graphql import GraphQLOffer
from adapters.http import HttpOffer, JsonWire
from adapters.offers import KeyForm, Offer
from adapters.pretending import Word
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sql import SqlAdapter, SqlOffer
from gateway.api import Pages, make_api
from gateway.checking import PACKAGES
from gateway.cli.commands import app
from gateway.consumers import _Entry
from gateway.refusals import RequestCode
from gateway.replies import _ALWAYS
from gateway.settings import Settings
from gateway.situations import NAMES
from gateway.sources import SourcesFile
from gateway.verification.faults import Fault
from gateway.verification.verifiers import _Entry as _Verifier
from resolvers import RefusalCode
from schema.comparing import Effect
from schema.directives import FreshFor, Personal, Sensitive, Subject
from schema.masks import Mask
from schema.reasons import Place, Reason
from schema.verification import METHODS, Level
from schema.view_processing import Safeguard, Transfer
from schema.view_rules import BreakGlass, ConsentRule, FieldRule, SituationRule, SubjectRule, Verification
from schema.views import LawfulBasis, Limits, PurposeOfUse, View
from tests.docs.pages import ROOT, blocks, code_in_first_column, section


def test_every_key_of_a_view_has_an_example() -> None:
    """One view has all of them, and the views of the page together every key of a rule."""
    files = {block.file: block for block in blocks(ROOT / "docs" / "views.md") if block.language == "yaml"}
    views = {name: YAML(typ="safe").load(block.text) for name, block in files.items() if name and "@" in name}
    whole = views["every-key@1.yaml"]
    parts: list[tuple[type[BaseModel], dict[str, Any]]] = [
        (View, whole),
        (PurposeOfUse, whole["purpose"]),
        (LawfulBasis, whole["lawful_basis"]),
        (Transfer, whole["transfers"][0]),
        (Limits, whole["limits"]),
        (Verification, whole["verification"]),
        (SituationRule, whole["situation"]),
        (SubjectRule, whole["subject"]),
        (ConsentRule, whole["consent"]),
        (BreakGlass, whole["break_glass"]),
    ]
    for model, given in parts:
        assert set(given) == set(model.model_fields), model
    ruled = {key for view in views.values() for rule in view["fields"].values() for key in rule or ()}
    assert ruled == set(FieldRule.model_fields)


def rows(text: str) -> list[list[str]]:
    """Return the cells of every row of the text's tables, headings left out."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize(
    ("model", "word"),
    [
        (View, "Keys"),
        (PurposeOfUse, "purpose"),
        (LawfulBasis, "lawful_basis"),
        (Transfer, "transfers"),
        (Limits, "limits"),
    ],
)
def test_every_key_of_a_view_is_documented(model: type[BaseModel], word: str) -> None:
    """The tables hold the keys of the YAML file, in their order."""
    text = section("views.md", "## Keys")
    part = text.split("\n**")[0] if word == "Keys" else text.partition(f"**{word}**")[2].split("\n**")[0]
    assert code_in_first_column(part) == list(model.model_fields)


@pytest.mark.parametrize(
    ("model", "heading"),
    [
        (FieldRule, "## Rules"),
        (Verification, "## Levels"),
        (SituationRule, "## Situation"),
        (SubjectRule, "## Subjects"),
        (ConsentRule, "## Consent and objection"),
        (BreakGlass, "## Break-glass"),
    ],
)
def test_every_key_of_a_part_of_a_view_is_documented(model: type[BaseModel], heading: str) -> None:
    """In the order of the JSON Schema, which is also that of messages."""
    text = section("views.md", heading)
    found = code_in_first_column(text.partition("\n**")[2] or text)
    assert found[: len(model.model_fields)] == list(model.model_fields)


def test_every_level_method_and_safeguard_is_documented() -> None:
    """Those that a view's file takes."""
    levels = section("views.md", "## Levels")
    assert code_in_first_column(levels.partition("**verification**")[0]) == [str(level) for level in Level]
    row = next(line for line in levels.splitlines() if line.startswith("| `methods` |"))
    documented = {*re.findall(r"`([a-z]+)`", row)} - {"methods"}
    assert documented == {name for name, factor in METHODS.items() if factor is not None}
    keys = section("views.md", "## Keys")
    row = next(line for line in keys.splitlines() if line.startswith("| `safeguard` |"))
    shown = re.findall(r"`(A4[0-9a-z-]+)`", row)
    assert shown == [each for each in Safeguard if not re.fullmatch("A46-2-[b-e]", each)]  # these stand between two


@pytest.mark.parametrize("name", Limits.model_fields)
def test_the_bounds_of_a_limit_are_documented(name: str) -> None:
    """They and the default are those of the JSON Schema."""
    limit = Limits.model_json_schema()["properties"][name]
    part = section("views.md", "## Keys").partition("**limits**")[2]
    (row,) = [row for row in rows(part) if row[0] == f"`{name}`"]
    assert row[-2:] == [str(limit.get("default", "none")), f"{limit['minimum']} to {limit['maximum']}"]


@pytest.mark.parametrize("place", Place)
def test_every_reason_of_a_null_is_documented_with_its_texts(place: Place) -> None:
    """By the place in which it stands: code, message, remedy."""
    heading = "`errors`" if place is Place.ERROR else f"`extensions.{place.value}`"
    part = section("http.md", "## Reasons of a null").partition(f"In {heading}:")[2].split("\nIn `")[0]
    wanted = [[f"`{reason}`", reason.message, reason.remedy] for reason in Reason if reason.place is place]
    assert rows(part) == wanted


def test_every_refusal_of_a_request_is_documented_with_its_status() -> None:
    """The statuses are those with which the code gives them."""
    source = "".join(path.read_text("utf-8") for path in (ROOT / "gateway").rglob("*.py"))
    given = set(re.findall(r"(?:NotTakenError|super\(\)\.__init__)\(\s*(\d+), RequestCode\.(\w+)", source))
    part = section("http.md", "## Status codes").partition("A document that is refused")[0]
    assert {(status, code.strip("`")) for code, status, _ in rows(part)} == given
    assert {code for _, code in given} == set(RequestCode)


def test_every_refusal_of_a_document_is_documented() -> None:
    """The table holds their codes."""
    part = section("http.md", "## Status codes").partition("A document that is refused;")[2]
    assert code_in_first_column(part) == list(RefusalCode)


def test_every_path_is_documented() -> None:
    """The routes are those of the table; GraphQL itself is ahead of them."""

    def nobody(*_: object) -> Any:
        raise AssertionError

    doors: dict[str, Any] = {"exchange": SimpleNamespace(most_bytes=0), "pages": Pages()}
    routes: Any = make_api(nobody, nobody, **doors, reload=nobody, is_leaving=nobody).routes
    served = {
        f"{method} {route.path}".replace("{view}", "{name}")
        for route in routes
        if not isinstance(route, Mount)
        for method in route.methods
    }
    assert [route.path for route in routes if isinstance(route, Mount)] == ["/crossref", "/privacy"]
    documented = {*code_in_first_column(section("http.md", "## Paths"))} - {"/crossref/...", "/privacy/..."}
    graphql = {"POST /views/{name}/graphql", "POST /views/{name@version}/graphql", "POST /graphql"}
    assert documented - served == graphql
    assert served <= documented


def test_every_key_of_a_consumer_is_documented() -> None:
    """In the order of the file."""
    assert code_in_first_column(section("operations.md", "## Consumers")) == [
        field.alias or name for name, field in _Entry.model_fields.items()
    ]


def test_every_header_of_an_answer_is_documented_with_its_value() -> None:
    """All but the id of the request are the same for every answer."""
    *documented, request_id = code_in_first_column(section("http.md", "## Headers of every answer"))
    assert documented == [f"{name}: {value}" for name, value in _ALWAYS.items()]
    assert request_id == "X-Request-Id"


def test_every_setting_is_documented_with_its_default() -> None:
    """The variable's name comes from the member's."""
    documented = {row[0].strip("`"): row[-1].strip("`") for row in rows(section("operations.md", "## Settings"))}
    wanted = {
        f"CUSTOMER_VIEW_{name.upper()}": "none" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert documented == wanted


def test_every_variable_that_a_page_names_is_a_setting() -> None:
    """A setting that is gone is gone from the pages too."""
    known = {f"CUSTOMER_VIEW_{name.upper()}" for name in Settings.model_fields}
    deployed = (path for path in (ROOT / "deploy").rglob("*") if path.is_file())
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *deployed]
    named = {word for page in pages for word in re.findall(r"CUSTOMER_VIEW_[A-Z_]+[A-Z]", page.read_text("utf-8"))}
    assert named <= known


def test_every_command_and_exit_code_is_documented() -> None:
    """In the order of --help."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    found = code_in_first_column(section("operations.md", "## Commands"))
    commands = [word.removeprefix("customer-view ") for word in found if word.startswith("customer-view ")]
    assert commands == list(group.commands)
    assert found[len(commands) :] == ["0", "1", "2", "3", "130"]


def test_every_command_of_the_cross_reference_is_documented() -> None:
    """In the order of --help."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    commands = group.commands["crossref"]
    assert isinstance(commands, TyperGroup)
    found = code_in_first_column(section("identity.md", "## Commands of the cross-reference"))
    assert found == list(commands.commands)


@pytest.mark.parametrize(
    ("kind", "heading", "inherited"),
    [
        (Offer, "## Offers", None),
        (HttpOffer, "## REST", Offer),
        (GraphQLOffer, "## GraphQL", Offer),
        (SqlOffer, "## SQL", Offer),
    ],
)
def test_every_member_of_an_offer_is_documented(kind: Any, heading: str, inherited: Any) -> None:
    """In the order in which it is declared."""
    own = {field.name for field in dataclasses.fields(inherited)} if inherited else set()
    wanted = [field.name for field in dataclasses.fields(kind) if field.name not in own]
    assert code_in_first_column(section("adapters.md", heading))[: len(wanted)] == wanted


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (SqlOffer, "an offer"),
        (JsonWire, "`HttpAdapter`"),
        (JsonWire, "`GraphQLAdapter`"),
        (SqlAdapter, "`SqlAdapter`"),
    ],
)
def test_every_bound_of_an_adapter_is_documented_with_its_default(kind: Any, word: str) -> None:
    """An offer's and an adapter's bounds are numbers, or None where there is none."""
    documented = {name: default for name, of, default in rows(section("adapters.md", "## Bounds")) if word in of}
    declared = inspect.signature(kind).parameters.values()
    bounds = {each.name: each.default for each in declared if re.fullmatch("(int|float)( . None)?", each.annotation)}
    assert documented == {f"`{name}`": "none" if value is None else f"`{value}`" for name, value in bounds.items()}


def test_every_member_of_a_load_report_is_documented() -> None:
    """In the order in which it is declared."""
    wanted = [field.name for field in dataclasses.fields(LoadReport)]
    assert code_in_first_column(section("identity.md", "## Loading")) == wanted


def test_everything_that_a_write_may_be_given_is_documented() -> None:
    """In the order in which it is declared."""
    wanted = [*Writing.__annotations__]
    assert code_in_first_column(section("identity.md", "## Changing links"))[-len(wanted) :] == wanted


@pytest.mark.parametrize(
    ("words", "page", "heading"),
    [
        (Misbehaviour, "sandbox.md", "## Misbehaviour"),
        (KeyFormat, "identity.md", "## Keys: forms and sealing"),
        (ConflictCode, "identity.md", "## Conflicts"),
        (Word, "clients.md", "## Wishes"),
        (Mask, "views.md", "## Masks"),
        (Effect, "views.md", "## Versions"),
    ],
)
def test_every_word_of_a_list_is_documented(words: type[StrEnum], page: str, heading: str) -> None:
    """In the order in which it is declared."""
    assert code_in_first_column(section(page, heading))[: len(words)] == list(words)


def test_every_form_of_keys_is_documented() -> None:
    """Those in which an offer compares keys."""
    (row,) = [row for row in rows(section("adapters.md", "## Offers")) if row[0] == "`key_form`"]
    assert re.findall(r"`([A-Z]+)`", row[1]) == [form.name for form in KeyForm]


def test_every_directive_is_documented() -> None:
    """In the order in which they may stand: the subject's, then those of fields."""
    made = (Subject, Personal, Sensitive, FreshFor)
    names = [f"@{each.__name__[0].lower()}{each.__name__[1:]}" for each in made]
    assert code_in_first_column(section("models.md", "## Facts about fields")) == names


def test_every_table_of_the_cross_reference_is_documented() -> None:
    """All that is kept is named on the page: nobody has to guess what is."""
    revisions = ROOT / "adapters" / "crossref" / "migrations" / "versions"
    made = [
        name for one in revisions.glob("r*.py") for name in re.findall(r"CREATE TABLE (\w+)", one.read_text("utf-8"))
    ]
    text = section("identity.md", "## What is kept")
    kept = [table for table in made if not table.endswith("_before")]  # those are for the time of a revision
    assert {table for table in kept if f"`{table}`" not in text} == {"tenant"}


def test_everything_of_an_assertion_is_documented() -> None:
    """Its levels, the words in the log, and the keys of the file of verifiers."""
    assert code_in_first_column(section("verification.md", "## Levels")) == [str(level) for level in Level]
    assert code_in_first_column(section("verification.md", "## Assertions"))[-len(Fault) :] == list(Fault)
    assert code_in_first_column(section("verification.md", "## Verifiers")) == list(_Verifier.model_fields)


@pytest.mark.parametrize(
    ("model", "word"),
    [
        ("SourceRule", ""),
        ("_Width", "width"),
        ("_Breaking", "breaking"),
        ("_Repeating", "repeating"),
        ("RateRule", "rates"),
        ("Offered", "offers"),
    ],
)
def test_every_key_of_the_file_of_sources_is_documented_with_its_bounds(model: str, word: str) -> None:
    """In the order of the JSON Schema, whose bounds they are."""
    schemas = SourcesFile.json_schema()["$defs"]
    text = (ROOT / "docs" / "sources.md").read_text("utf-8").partition("\n## How they do\n")[0]
    part = (text.partition(f"**{word}**")[2] if word else text).split("\n**")[0]

    def bounds(told: dict[str, Any]) -> str:
        if "$ref" in told and model == "RateRule":
            of = schemas[told["$ref"].rpartition("/")[2]]["properties"]
            return "; ".join(map(bounds, of.values()))
        return f"{told['minimum']}, {told['maximum']}" if "minimum" in told else ""

    wanted = {f"`{name}`": bounds(told) for name, told in schemas[model]["properties"].items()}
    documented = {row[0]: row[-1].strip() if row[-1][:1].isdigit() else "" for row in rows(part)}
    assert documented == wanted
    assert [*documented] == [*wanted]


def test_every_part_of_a_situation_is_documented() -> None:
    """In the order in which it is declared."""
    assert code_in_first_column(section("http.md", "### The situation")) == list(NAMES)


def test_every_logger_is_documented() -> None:
    """By its own name, or that of what it is part of; and no name stands there of which nothing is logged."""
    documented = code_in_first_column(section("operations.md", "## Logs"))
    loggers = {name for package in PACKAGES for path in (ROOT / package).rglob("*.py") for name in _loggers(path)}
    assert {name for name in loggers if not any(_is_of(name, one) for one in documented)} == set()
    assert [one for one in documented if not any(_is_of(name, one) for name in loggers)] == []


def _loggers(path: Path) -> Iterator[str]:
    """Yield the names of the loggers to which a module logs."""
    for given in re.findall(r"^_log = logging\.getLogger\((.+?)\)", path.read_text("utf-8"), re.MULTILINE):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield module if given == "__name__" else given.strip("\"'")


def _is_of(logger: str, name: str) -> bool:
    return logger == name or logger.startswith(f"{name}.")
