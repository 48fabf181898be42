"""`customer-view sdl --diff` and `--codes`: what changed between versions, what fails CI, and the codes as enums."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, build_schema

from gateway.cli.codes import print_codes
from gateway.refusals import RequestCode
from resolvers import RefusalCode
from schema.reasons import Reason
from tests.gateway.cli_project import Project, make_project

FIRST = """\
name: chat
version: 1
title: Chat
description: What a chat needs.
owner: Head of customer care
review_by: 2090-06-30
purpose: {dpv: CustomerCare}
lawful_basis: {gdpr: A6-1-b}
consumers: [agent-desktop]
lookups: [id, crm]
fields:
  Customer.id:
  Customer.segment:
limits: {customers: 50, deadline_ms: 3000, calls: 20, tokens: 1000}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    return make_project(tmp_path)


def write(project: Project, version: int, *, old: str = "", new: str = "", publish: bool = False) -> None:
    """Write a version of the view chat, changed as said."""
    text = FIRST.replace("version: 1", f"version: {version}").replace(old, new)
    (project.views / f"chat@{version}.yaml").write_text(text)
    if publish:
        assert project.run("publish", project.app, f"chat@{version}").code == 0


def test_a_draft_that_breaks_the_published_version_fails(project: Project) -> None:
    """Every view file is held against the newest published version before it."""
    write(project, 1, publish=True)
    write(project, 2, old="  Customer.segment:\n")
    ran = project.run("sdl", project.app, "--diff")
    assert ran.code == 1
    assert "chat@1 -> chat@2: 2 breaking" in ran.out
    assert "Field Customer.segment was removed." in ran.out
    assert "Breaking, and chat@2 is not published: publish it when it is meant so, or undo it." in ran.out


def test_a_breaking_version_that_is_published_passes(project: Project) -> None:
    """That is what versions are for: nobody who uses the first is touched."""
    write(project, 1, publish=True)
    write(project, 2, old="  Customer.segment:\n", publish=True)
    ran = project.run("sdl", project.app, "--diff")
    assert ran.code == 0
    assert "chat@1 -> chat@2: 2 breaking" in ran.out
    assert "is not published" not in ran.out


def test_a_draft_is_held_against_what_is_published_and_not_against_a_draft(project: Project) -> None:
    """The third is compared with the first, for nobody uses the second."""
    write(project, 1, publish=True)
    write(project, 2, old="  Customer.segment:\n")
    write(project, 3, old="limits: {customers: 50", new="limits: {customers: 40")
    told = json.loads(project.run("sdl", project.app, "chat@3", "--diff", "--json").out)
    assert [(one["before"], one["after"], one["published"]) for one in told["compared"]] == [
        ("chat@1", "chat@3", False)
    ]
    assert told["ok"] is True
    assert told["compared"][0]["dangerous"] == 1
    assert told["compared"][0]["changes"][0] == {
        "effect": "dangerous",
        "code": "LIMIT_LOWERED",
        "place": "limits.customers",
        "text": "The limit changed from 50 to 40.",
    }


def test_a_view_without_an_earlier_published_version_has_nothing_to_be_held_against(project: Project) -> None:
    """The sandbox's views have none."""
    ran = project.run("sdl", project.app, "debt-collection@1", "--diff")
    assert (ran.code, ran.err) == (0, "")
    assert "Nothing to compare: there is no earlier version that is published." in ran.out


@pytest.mark.parametrize("names", [("chat@2", "chat@1"), ("chat@1", "chat@2")])
def test_of_two_versions_the_older_is_before_in_whatever_order_they_are_named(
    project: Project, names: tuple[str, str]
) -> None:
    """`sdl APP chat@2 --diff chat@1` and the other way around say the same."""
    write(project, 1, publish=True)
    write(project, 2, old="title: Chat", new="title: Talk")
    ran = project.run("sdl", project.app, names[0], "--diff", names[1])
    assert ran.code == 0
    assert "chat@1 -> chat@2: 1 safe" in ran.out


def test_two_views_are_compared_from_the_second_to_the_first(project: Project) -> None:
    """As a version is held against the one named behind --diff; both are published, so nothing fails."""
    ran = project.run("sdl", project.app, "support-call@1", "--diff", "debt-collection@1")
    assert ran.code == 0
    assert "debt-collection@1 -> support-call@1: " in ran.out


def test_the_model_is_held_against_a_file_that_was_kept(project: Project) -> None:
    """What is the same is; a field that is gone fails, whatever is published: a file says nothing of versions."""
    kept = project.folder / "model.graphql"
    kept.write_text(project.run("sdl", project.app).out)
    same = project.run("sdl", project.app, "--diff", "model.graphql")
    assert (same.code, same.out.strip()) == (0, "model.graphql -> the model: no change")
    kept.write_text(kept.read_text().replace("  dateOfBirth: Date @personal(category: DEMOGRAPHIC)", "  born: Date"))
    ran = project.run("sdl", project.app, "--diff", "model.graphql")
    assert ran.code == 1
    assert "Field Customer.born was removed." in ran.out
    assert "Breaking: undo it, or keep the new SDL in model.graphql when everybody has changed over." in ran.out


def test_a_view_is_held_against_a_file_with_its_codes(project: Project) -> None:
    """A file for generators has enums that no view has: like is compared with like."""
    (project.folder / "kept.graphql").write_text(project.run("sdl", project.app, "support-call", "--codes").out)
    ran = project.run("sdl", project.app, "support-call", "--diff", "kept.graphql")
    assert (ran.code, "no change" in ran.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--diff", "no-such.graphql"), "The SDL cannot be read from no-such.graphql (FileNotFoundError)"),
        (("--diff", "broken.graphql"), "broken.graphql holds no schema: Syntax Error"),
        (("broken.graphql", "--diff", "other.graphql"), "got two files"),
        (("suport-call", "--diff"), "did you mean 'support-call'?"),
        (("--diff", "--codes"), "give one of them"),
        (("support-call@1", "debt-collection@1"), "give --diff too"),
        (("--json",), "give --diff too"),
    ],
)
def test_wrong_use_is_told(project: Project, arguments: tuple[str, ...], said: str) -> None:
    """With exit code 2, in one message."""
    (project.folder / "broken.graphql").write_text("type Query {")
    ran = project.run("sdl", project.app, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_the_codes_are_enums_beside_the_schema(project: Project) -> None:
    """Of a view or of the model; every code is there with what it means, and the view's own SDL stays as it is."""
    plain, ran = (
        project.run("sdl", project.app, "support-call").out,
        project.run("sdl", project.app, "support-call", "--codes"),
    )
    assert ran.code == 0
    assert ran.out.startswith(plain)
    schema = build_schema(ran.out)
    reasons, refusals = schema.type_map["ReasonCode"], schema.type_map["RefusalCode"]
    assert isinstance(reasons, GraphQLEnumType)
    assert isinstance(refusals, GraphQLEnumType)
    assert list(reasons.values) == [str(reason) for reason in Reason]
    assert reasons.values["SOURCE_TIMEOUT"].description == "The source did not answer in time. Stands in errors."
    assert "Stands in extensions.withheld." in str(reasons.values["SUBJECT_RESTRICTED"].description)
    assert set(refusals.values) == {*map(str, RefusalCode), *map(str, RequestCode)}
    assert [name for name, value in refusals.values.items() if not str(value.description).endswith(".")] == []
    assert refusals.values["URL_TOO_LARGE"].description == (
        "The parameters in the URL are too long. Send the request by POST."
    )
    assert project.run("sdl", project.app, "--codes").out.endswith(f"{print_codes()}\n")


def test_a_model_with_a_type_of_that_name_keeps_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two types of one name would be no schema."""
    monkeypatch.setattr("gateway.cli.printed.REASONS", "Money")
    ran = project.run("sdl", project.app, "--codes")
    assert ran.code == 2
    assert "the model has a type Money of its own: print its SDL without --codes" in ran.err
