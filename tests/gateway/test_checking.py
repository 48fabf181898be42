from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import strawberry

from adapters.offers import Offer
from gateway.checking import Checked, Declared, check
from gateway.secret_file import new_secret_line
from schema.problems import Level, Problem
from tests.gateway.greenhouse import (
    Plant,
    PlantRecord,
    Source,
    Table,
    nursery,
    soil,
    write_all,
    write_consumers,
    write_view,
)

SECRETS = ("hunter2", "cv_gggg")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What is installed in this environment, by package; nothing, unless a test says otherwise."""
    found: dict[str, list[str]] = {}
    monkeypatch.setattr("gateway.checking.distributions_of", lambda _: found)
    return found


@pytest.fixture
def declared(tmp_path: Path, installed: dict[str, list[str]]) -> Declared:
    """A gateway that is declared well."""
    views, consumers = write_all(tmp_path)
    return Declared(Plant, (nursery(), soil()), views, consumers, None, Table())


def changed(declared: Declared, **changes: Any) -> Declared:
    """The declaration with other members."""
    members = ("model", "adapters", "views", "consumers", "secret_file", "crossref")
    return Declared(**{name: getattr(declared, name) for name in members} | changes)


def errors(checked: Checked) -> list[str]:
    """Place and sentence of every error, the folder left out; no message holds a secret."""
    for problem in checked.problems:
        assert all((problem.file, problem.got, problem.wanted, problem.mend)), problem
        assert not any(secret in str(problem) for secret in SECRETS)
    return [_short(problem) for problem in checked.errors]


def notes(checked: Checked) -> list[str]:
    """Place and sentence of every note."""
    return [_short(problem) for problem in checked.problems if problem.level is Level.NOTE]


def _short(problem: Problem) -> str:
    return f"{Path(problem.file).name}:{problem.line} {problem.got} | {problem.mend}"


def test_what_is_declared_well_has_notes_only(declared: Declared) -> None:
    """Everything that was read is there, and the published views are those that are served."""
    checked = check(declared)
    assert errors(checked) == []
    assert checked.model is not None
    assert checked.consumers is not None
    ids = [view.id for view in checked.views]
    assert "watering@3" in ids
    assert [view.id for view in checked.published] == [one for one in ids if one != "watering@3"]
    assert notes(checked) == [
        "watering@3.yaml:1 watering@3, which is a draft and not served | "
        "customer-view publish APP watering@3, when it is ready",
        "feeding@1.yaml:9 the consumer gardener, which is not registered for feeding@1 | "
        "register it, unless it is meant to have no access any more",
        "pruning@1.yaml:9 the consumer inspector, which is not registered for pruning@1 | "
        "register it, unless it is meant to have no access any more",
    ]


def test_what_was_read_prints_no_consumers(declared: Declared) -> None:
    """Digests of tokens, and what stands in a cross-reference's address, are not for logs."""
    assert "token_sha256" not in repr(check(declared))
    assert "hunter2" not in repr(changed(declared, crossref="postgresql://me:hunter2@db/x"))


def test_a_model_without_a_subject_is_an_error_and_the_rest_is_still_read(declared: Declared) -> None:
    """What does not need the model is verified all the same."""

    @strawberry.type
    class Weed:
        id: strawberry.ID

    write_consumers(declared.consumers, gardener="nowhere")
    checked = check(changed(declared, model=Weed))
    assert checked.model is None
    got = errors(checked)
    assert any("0 marks @subject" in one for one in got)
    assert any("gardener registered for nowhere, which does not exist" in one for one in got)
    assert len(checked.views) > 1


@pytest.mark.parametrize("model", [None, 1, "Plant", dict, object()])
def test_anything_can_be_given_as_a_model(declared: Declared, model: Any) -> None:
    """It is a problem, never an exception."""
    checked = check(changed(declared, model=model))
    assert (checked.model, len(errors(checked))) == (None, 1)


def test_a_coordinate_that_is_unknown_is_told_with_the_nearest(declared: Declared) -> None:
    """File, line and advice."""
    write_view(declared.views, "typo@1", "Plant.label", "Plant.hieght", "Plnt.label", published=False)
    got = [one for one in errors(check(declared)) if one.startswith("typo@1.yaml")]
    assert got == [
        "typo@1.yaml:13 Plant.hieght, which the model does not have | did you mean 'Plant.height'?",
        "typo@1.yaml:14 Plnt.label, which the model does not have | did you mean 'Plant.label'?",
    ]


def test_a_coordinate_that_no_adapter_serves_is_an_error_where_a_view_lists_it(declared: Declared) -> None:
    """And a note where no view does."""
    adapters = (nursery(),)
    checked = check(changed(declared, adapters=adapters))
    assert errors(checked) == [
        f"{view}.yaml:{line} Bed.moisture, which no adapter serves (reached by plant.bed.moisture) | "
        "add an offer that serves Bed.moisture, or remove it from the view"
        for view, line in (("hurry@1", 15), ("watering@2", 16))
    ]
    assert [one for one in notes(checked) if "no adapter serves" in one] == [
        f"tests.gateway.greenhouse.Plant:None Bed.{name}, which no adapter serves | "
        "nothing, unless a view is to list it: then add an offer"
        for name in ("moisture", "acidity")
    ]
    assert any("the reference bed by keys of bed" in one for one in notes(checked))


def test_without_adapters_every_field_is_lost_and_nothing_else(declared: Declared) -> None:
    """The canonical id is served by the cross-reference."""
    got = errors(check(changed(declared, adapters=())))
    assert any("Plant.label, which no adapter serves" in one for one in got)
    assert any("the look-up nursery" in one for one in got)
    assert not any("Plant.id" in one for one in got)


def test_a_look_up_by_an_unknown_source_is_an_error(declared: Declared) -> None:
    """With the nearest source as advice."""
    write_view(declared.views, "typo@1", "Plant.label", lookups="id, nursry, moon", published=False)
    assert errors(check(declared)) == [
        "typo@1.yaml:10 the look-up nursry | did you mean 'nursery'?",
        "typo@1.yaml:10 the look-up moon | remove it, or add an adapter for the source",
    ]


def test_a_published_view_that_was_changed_is_an_error(declared: Declared) -> None:
    """It is not served either: a published version never changes."""
    write_view(declared.views, "watering@1", "Plant.height", consumers="gardener, inspector", published=False)
    checked = check(declared)
    (told,) = errors(checked)
    assert told.startswith("watering@1.yaml:2 the published view watering@1 with digest sha256:")
    assert "watering@1" not in [view.id for view in checked.published]


def test_a_published_view_without_its_file_is_an_error(declared: Declared) -> None:
    """Its consumers count on it."""
    (declared.views / "pests@1.yaml").unlink()
    assert errors(check(declared)) == [
        "views.lock:4 the published view pests@1 without its file | "
        "restore the file; remove the line only when no consumer uses the version",
    ]


def test_a_file_that_is_no_view_is_an_error_and_the_others_are_read(declared: Declared) -> None:
    """Every file is looked at."""
    (declared.views / "broken@1.yaml").write_text("name: [")
    (declared.views / "empty@1.yaml").write_text("")
    checked = check(declared)
    assert {one.partition(":")[0] for one in errors(checked)} == {"broken@1.yaml", "empty@1.yaml"}
    assert len(checked.published) == 7


def test_a_lock_that_cannot_be_read_means_that_nothing_is_published(declared: Declared) -> None:
    """And is an error with its line."""
    (declared.views / "views.lock").write_text("# digests\nwatering@1 sha256:0\n")
    checked = check(declared)
    assert errors(checked) == ["views.lock:2 a line of another form | restore the file as it was published"]
    assert checked.published == []


@pytest.mark.parametrize("views", ["nowhere", "consumers.yaml", "a\0b", "x" * 5000])
def test_a_folder_that_is_none_is_a_problem(declared: Declared, tmp_path: Path, views: str) -> None:
    """Whatever path is given."""
    checked = check(changed(declared, views=tmp_path / views))
    assert errors(checked)
    assert (list(checked.views), list(checked.published)) == ([], [])


@pytest.mark.parametrize("consumers", ["nowhere.yaml", "views", "a\0b", "x" * 5000])
def test_a_file_of_consumers_that_is_none_is_a_problem(declared: Declared, tmp_path: Path, consumers: str) -> None:
    """Whatever path is given; the rest is verified."""
    checked = check(changed(declared, consumers=tmp_path / consumers))
    assert (checked.consumers, len(errors(checked))) == (None, 1)
    assert len(checked.views) == 8


def test_consumers_and_views_have_to_name_each_other(declared: Declared) -> None:
    """Registered for what does not exist or does not list it: an error. Listed only: a note."""
    write_consumers(declared.consumers, gardener="watering@1, pests, xyz", inspector="pests")
    checked = check(declared)
    assert [one.partition(" ")[2] for one in errors(checked)] == [
        "gardener registered for pests, which does not list it | "
        "remove pests here, or add the consumer in a new version of the view",
        "gardener registered for xyz, which does not exist | remove it",
    ]
    assert any("the consumer gardener, which is not registered for watering@2" in one for one in notes(checked))


def test_a_token_in_place_of_its_digest_is_not_shown(declared: Declared) -> None:
    """Who pastes the token itself finds an error, and no token in the log."""
    declared.consumers.write_text(f"- {{name: gardener, token_sha256: cv_{'g' * 43}, views: [watering]}}\n")
    (told,) = errors(check(declared))
    assert told.startswith("consumers.yaml:1 a value that is not shown (")


@pytest.mark.parametrize("package", ["adapters", "gateway", "resolvers", "schema"])
def test_another_distribution_with_a_package_of_ours_is_an_error(
    declared: Declared, installed: dict[str, list[str]], package: str
) -> None:
    """One would hide the other."""
    installed[package] = ["customer-view-gateway", "zebra", "other", "zebra"]
    assert errors(check(declared)) == [
        f"{package}:None the package {package} of other, zebra | use an environment of its own for the gateway"
    ]


def test_our_own_distribution_and_a_nameless_one_are_no_clash(declared: Declared, installed: dict[str, Any]) -> None:
    """Metadata without a name is somebody else's fault."""
    installed.update({"schema": ["customer-view-gateway", None], "gateway": ["customer-view-gateway"], "x": ["y"]})
    assert errors(check(declared)) == []


def test_the_secret_file_is_verified(declared: Declared, tmp_path: Path) -> None:
    """Errors by line, a note on its mode, and never a secret."""
    path = tmp_path / "secrets.txt"
    path.write_text(new_secret_line())
    path.chmod(0o644)
    checked = check(changed(declared, secret_file=path))
    assert errors(checked) == []
    assert f"secrets.txt:None the mode 644 | chmod 600 {path}" in notes(checked)
    path.write_text("1: hunter2\n")
    assert errors(check(changed(declared, secret_file=path))) == [
        "secrets.txt:1 a secret of 5 bytes | write a line with `customer-view secret`"
    ]


@pytest.mark.parametrize(
    ("crossref", "got"),
    [
        ("postgresql+asyncpg://me:hunter2@db/x", "a cross-reference of the kind postgresql+asyncpg://"),
        ("postgresql://me:hunter2@db.internal", "a URL of PostgreSQL without a database"),
        ("redis://:hunter2@cache", "a cross-reference of the kind redis://"),
        ("", "a cross-reference without a file"),
        (":memory:", "a cross-reference without a file"),
        ("sqlite:///", "a cross-reference without a file"),
        ("sqlite:///:memory:", "a cross-reference without a file"),
        ("hunter2 ://", "a cross-reference without a file"),
    ],
)
def test_a_cross_reference_that_cannot_be_is_a_problem(declared: Declared, crossref: str, got: str) -> None:
    """Before anything is opened; of an address nothing but the scheme is shown, for it may hold a password."""
    checked = check(changed(declared, crossref=crossref))
    assert [one.split(" | ")[0].partition(" ")[2] for one in errors(checked)] == [got]
    wanted = "sqlite:/// and the path of a file, or postgresql://user:password@host/database"
    assert checked.errors[0].wanted == wanted
    assert "hunter2" not in repr(checked.errors)


def test_identifiers_need_a_secret_to_be_digested_with(declared: Declared, tmp_path: Path) -> None:
    """Where the gateway opens the cross-reference; one that is open already has its own."""
    write_view(declared.views, "calling@1", identifiers="email", consumers="gardener", published=False)
    url = "postgresql://me:hunter2@db.internal/crossref"
    assert [one for one in errors(check(changed(declared, crossref=url))) if "secret" in one] == [
        "crossref:None no secret file, and look-ups by identifiers in calling@1 | "
        "set CUSTOMER_VIEW_SECRET_FILE; see `customer-view secret`"
    ]
    path = tmp_path / "secrets.txt"
    path.write_text(new_secret_line())
    for mended in (changed(declared, crossref=url, secret_file=path), declared):
        assert not any("secret file" in one for one in errors(check(mended)))


def test_a_source_cannot_have_the_name_by_which_identifiers_are_looked_up(declared: Declared) -> None:
    """In a view that lists both."""
    write_view(declared.views, "calling@1", identifiers="email", lookups="id, identifier", published=False)
    assert any("the look-up identifier of a source beside identifiers" in one for one in errors(check(declared)))


def test_a_database_of_postgresql_is_not_opened_by_a_check(declared: Declared) -> None:
    """Whether it is there shows when the gateway starts."""
    url = "postgresql://me:hunter2@db.internal/crossref"
    assert errors(check(changed(declared, crossref=url))) == []


def test_a_cross_reference_that_is_not_there_is_a_problem(declared: Declared, tmp_path: Path) -> None:
    """A mistyped path would make an empty one, in which every customer is unknown; nothing is made by looking."""
    (tmp_path / "empty.db").touch()
    (tmp_path / "full.db").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    for place, fault in (
        (tmp_path / "new.db", "where there is no file"),
        (tmp_path / "no" / "x.db", "whose folder does not exist"),
        (tmp_path, "which is a folder"),
        (tmp_path / "pipe", "which is no plain file"),
        (tmp_path / "empty.db", "which is empty"),
    ):
        (problem,) = check(changed(declared, crossref=f"sqlite:///{place}")).errors
        assert (problem.file, problem.got) == ("crossref", f"{place}, {fault}")
        assert problem.wanted == "the file of a loaded cross-reference"
        assert problem.mend == "load it with SqliteCrossReference, or correct the path"
    assert not (tmp_path / "new.db").exists()
    for crossref in (f"sqlite:///{tmp_path}/full.db", str(tmp_path / "full.db"), None):
        assert errors(check(changed(declared, crossref=crossref))) == []


def test_a_path_that_no_system_takes_is_a_problem(declared: Declared) -> None:
    """Never an exception."""
    (told,) = errors(check(changed(declared, crossref="sqlite:///a\0b/" + "x" * 5000)))
    assert told


def test_what_is_no_adapter_is_a_problem_and_the_others_are_used(declared: Declared) -> None:
    """The views are verified with those that are adapters."""
    got = errors(check(changed(declared, adapters=(nursery(), None, soil()))))
    assert [one.split(" | ")[0] for one in got] == ["builtins.NoneType:None an object of NoneType, which is no adapter"]


def test_problems_of_adapters_are_told(declared: Declared) -> None:
    """A second adapter for a source among them."""
    unechoed = Offer(name="plants", serves="Plant", record=PlantRecord, key=None, max_batch=1)
    more: Sequence[Any] = (Source("soil", ()), nursery(), soil(), Source("shed", (unechoed,)))
    checked = check(changed(declared, adapters=more))
    assert [one.split(" | ")[0].partition(" ")[2] for one in errors(checked)] == [
        "a second adapter for the source soil"
    ]
    assert any("the offer shed.plants, whose records do not echo their key" in one for one in notes(checked))


def test_a_declaration_that_raises_is_a_problem_without_its_text(
    declared: Declared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it happened is told; the text of an exception of others may hold anything."""

    def broken(*_: object) -> Any:
        raise KeyError("hunter2")

    monkeypatch.setattr("gateway.checking.verify_adapters", broken)
    monkeypatch.setattr("gateway.checking.Lock.read", broken)
    checked = check(declared)
    (first, second) = errors(checked)
    assert first.startswith(
        "the lock of the views:None the lock of the views, which failed with KeyError in test_check"
    )
    assert second.startswith("the adapters:None the adapters, which failed with KeyError in test_checking.py, line ")


def test_a_view_with_more_paths_than_are_verified_is_noted(declared: Declared, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not looked at is said."""
    monkeypatch.setattr("schema.view_check.paths.__kwdefaults__", {"most": 3})
    got = [one for one in notes(check(declared)) if "paths" in one]
    assert [one.split(" ")[0] for one in got] == ["hurry@1.yaml:11", "watering@2.yaml:11"]


def test_the_clashes_of_this_very_environment_can_be_looked_for(tmp_path: Path) -> None:
    """With the real list of what is installed."""
    views, consumers = write_all(tmp_path)
    checked = check(Declared(Plant, (nursery(), soil()), views, consumers, None))
    assert errors(checked) == []
