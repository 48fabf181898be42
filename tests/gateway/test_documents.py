"""Documents that are compiled at the start: which views they are for, and what stops the start."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from adapters.answers import SourceError
from gateway import documents as folder_of_documents
from gateway.documents import DocumentFile, prepare_documents
from resolvers import Engine
from resolvers.kept import Kept
from schema.problems import ConfigurationError, Problem
from schema.reasons import Reason
from schema.views import View
from tests.gateway.greenhouse import Greenhouse, greenhouse, write_all

pytestmark = pytest.mark.usefixtures("nothing_else_installed")

LABEL = "query Label($id: ID!) {\n  plant(by: {id: $id}) { label }\n}\n"


def write(folder: Path, **documents: str) -> Path:
    """Write documents, each for `watering` unless its name holds a folder."""
    for name, text in documents.items():
        path = folder / (name if "/" in name else f"watering/{name}.graphql")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def house_with(folder: Path, documents: Path | str | None) -> Greenhouse:
    return greenhouse(folder, documents=documents)


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The views and texts that the engine is given to compile, in order."""
    found: list[tuple[str, ...]] = []

    def prepare(_: Engine, view: View, *texts: str) -> None:
        found.append((view.id, *texts))

    monkeypatch.setattr(Engine, "prepare", prepare)
    return found


def problems_of(folder: Path, tmp_path: Path) -> Sequence[Problem]:
    """What `check` finds in the documents."""
    gateway = house_with(tmp_path, folder).gateway
    return gateway.check_documents(gateway.check())


async def test_documents_are_compiled_for_their_view(tmp_path: Path, prepared: list[tuple[str, ...]]) -> None:
    """A folder without a version means the newest that is published; the text also without the space around it.

    What begins alike is one document: errors tell the same places in it.
    """
    folder = write(tmp_path / "documents", b="\n { b }\n", a="{ a }\n", **{"watering@1/c.graphql": "{ c }"})
    async with house_with(tmp_path, str(folder)).gateway.running():
        pass
    assert prepared == [
        ("watering@2", "{ a }\n", "{ a }"),
        ("watering@2", "\n { b }\n", "\n { b }"),
        ("watering@2", "{ b }\n", "{ b }"),
        ("watering@1", "{ c }"),
    ]


async def test_a_compiled_document_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is what the folder is for: the request is answered, and nothing is parsed."""
    house = house_with(tmp_path, write(tmp_path / "documents", label=LABEL))
    async with house.gateway.running():
        monkeypatch.setattr("resolvers.documents.parse", None)
        for text in (LABEL, LABEL.strip()):
            response = await house.post({"query": text, "variables": {"id": "p1"}})
            assert response.json() == {"data": {"plant": {"label": "Fern"}}}


async def test_another_folder_can_be_given_when_it_starts(tmp_path: Path, prepared: list[tuple[str, ...]]) -> None:
    """As `serve --documents` does; then the declared one is left aside. How far it is can be shown."""
    declared, other = write(tmp_path / "declared", a="{ a }"), write(tmp_path / "other", b="{ b }")
    shown: list[str] = []

    def compiling(documents: Sequence[DocumentFile]) -> Iterable[DocumentFile]:
        for document in documents:
            yield document
            shown.append(document.path.name)

    async with house_with(tmp_path, declared).gateway.running(other, compiling):
        pass
    assert prepared == [("watering@2", "{ b }")]
    assert shown == ["b.graphql"]


async def test_without_documents_nothing_is_compiled(tmp_path: Path, prepared: list[tuple[str, ...]]) -> None:
    """They are compiled as they come then."""
    gateway = house_with(tmp_path, None).gateway
    async with gateway.running():
        pass
    assert prepared == []
    assert gateway.check_documents(gateway.check()) == []


async def test_files_of_another_kind_are_left_aside(tmp_path: Path, prepared: list[tuple[str, ...]]) -> None:
    """Notes, hidden files and folders, and folders of a view without documents."""
    folder = write(tmp_path / "documents", a="{ a }", **{"watering/notes.md": "-", "watering/.b.graphql": "{ b }"})
    write(folder, **{"pests@1/.keep": "", ".git/config": ""})
    (folder / "README.md").write_text("-")
    async with house_with(tmp_path, folder).gateway.running():
        pass
    assert prepared == [("watering@2", "{ a }")]


REFUSED = {
    "no GraphQL": ("{ plant(\n  by: ", 2, "GRAPHQL_PARSE_FAILED: Syntax Error", "customer-view sdl prints the schema"),
    "a field outside the view": (
        LABEL.replace("label", "pests"),
        2,
        "GRAPHQL_VALIDATION_FAILED: Cannot query field 'pests'",
        "customer-view sdl prints the schema of watering@2",
    ),
    "a key written into it": ('{ plant(by: {id: "p1"}) { label } }', None, "BAD_USER_INPUT: ", "as variables"),
    "too much": ("{ " + "x " * 300 + "}", None, "QUERY_BUDGET: ", "Ask for less"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_document_that_the_view_refuses_stops_the_start(tmp_path: Path, name: str) -> None:
    """With its file and line; `check` says the same. No adapter is left open."""
    text, line, got, mend = REFUSED[name]
    house = house_with(tmp_path, write(tmp_path / "documents", fine=LABEL, wrong=text))
    with pytest.raises(ConfigurationError) as caught:
        async with house.gateway.running():
            raise AssertionError
    problem = caught.value.problems[0]
    assert (problem.file, problem.line) == (str(tmp_path / "documents/watering/wrong.graphql"), line)
    assert problem.got.startswith(f"a document that watering@2 refuses with {got}")
    assert mend in problem.mend
    assert problem.wanted == "a document that watering@2 answers"
    assert list(caught.value.problems) == problems_of(tmp_path / "documents", tmp_path)
    assert (house.nursery.closed, house.soil.closed) == (1, 1)


def test_every_wrong_document_is_told(tmp_path: Path) -> None:
    """Not the first alone, and also where files are misplaced."""
    folder = write(tmp_path / "documents", a="{", b="{ nothing }", **{"nowhere/c.graphql": LABEL})
    assert [Path(problem.file).name for problem in problems_of(folder, tmp_path)] == [
        "nowhere",
        "a.graphql",
        "b.graphql",
    ]


MISPLACED = {
    "nowhere/a.graphql": ("nowhere", "a folder named nowhere", "publish the view, or remove the folder"),
    "waterin/a.graphql": ("waterin", "a folder named waterin", "did you mean 'watering'?"),
    "watering@3/a.graphql": ("watering@3", "a folder named watering@3", "did you mean 'watering@"),
    "watering/more/a.graphql": ("watering/more", "a folder inside the folder of a view", "move what it holds into"),
    "./a.graphql": ("a.graphql", "a document outside the folder of a view", "the name of its view"),
}


@pytest.mark.parametrize("name", MISPLACED)
def test_a_document_in_the_wrong_place_is_an_error(tmp_path: Path, name: str) -> None:
    """It would never be compiled. A draft is no view that is served."""
    folder = tmp_path / "documents"
    where, got, mend = MISPLACED[name]
    (problem,) = problems_of(write(folder, **{name: LABEL}), tmp_path)
    assert (problem.file, problem.line, problem.got) == (str(folder / where), None, got)
    assert mend in problem.mend


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """No text, or too long a one."""
    folder = write(tmp_path / "documents", long="#" * 300_000, z=LABEL)
    (folder / "watering" / "binary.graphql").write_bytes(b"\xff")
    (folder / "watering" / "gone.graphql").symlink_to(folder / "nothing")
    got = [problem.got for problem in problems_of(folder, tmp_path)]
    assert got == [
        "a document that cannot be read (UnicodeDecodeError)",
        "a document that cannot be read (FileNotFoundError)",
        "a document of more than 262144 bytes",
    ]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """A gateway without its documents would be slow, and nobody would know why."""
    (problem,) = problems_of(tmp_path / "nothing", tmp_path)
    assert (problem.file, problem.got, problem.mend) == (str(tmp_path / "nothing"), "no folder", "check the path")


def test_there_is_a_bound_on_how_many_there_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those beyond it are not compiled."""
    monkeypatch.setattr(folder_of_documents, "MOST_DOCUMENTS", 1)
    views, _ = write_all(tmp_path)
    view = greenhouse(tmp_path).gateway.check().published[0]
    folder = write(tmp_path / "documents", **{f"{view.name}/{name}.graphql": LABEL for name in "ab"})
    compiled: list[str] = []
    (problem,) = prepare_documents(folder, [view], lambda _, *texts: compiled.extend(texts))
    assert (problem.got, problem.wanted) == ("2 documents", "at most 1")
    assert compiled == [LABEL, LABEL.strip()]
    assert views.is_dir()


async def test_the_memory_that_they_take_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first file for which there is no room is told, and what else is wrong behind it. `check` says the same."""
    monkeypatch.setattr("resolvers.reading.Kept", partial(Kept, most_prepared_bytes=1024 * 1024))
    fields = " ".join(f"f{number}: label" for number in range(40))
    large = {name: LABEL.replace("label", f"{name}: id {fields}") for name in "abcdefghij"}
    folder = write(tmp_path / "documents", **large, wrong="{")
    found = problems_of(folder, tmp_path)
    assert [Path(one.file).suffix for one in found] == [".graphql"] * 2
    assert found[0].got == "a document with which all that are compiled would take more than 1 MiB of memory"
    assert found[0].wanted == "documents that take at most 1 MiB together"
    assert found[0].mend == "remove those that are seldom asked: they are compiled when they come"
    assert Path(found[1].file).name == "wrong.graphql"
    with pytest.raises(ConfigurationError) as caught:
        async with house_with(tmp_path, folder).gateway.running():
            raise AssertionError
    assert list(caught.value.problems) == found


@pytest.mark.parametrize(("text", "line"), [(f"\n\n{LABEL}", 4), (f"\n\n{LABEL}".strip(), 2)])
async def test_errors_tell_places_in_the_text_that_came(tmp_path: Path, text: str, line: int) -> None:
    """Space at the beginning moves them, so a text without it is a document of its own."""
    house = house_with(tmp_path, write(tmp_path / "documents", label=f"\n\n{LABEL}"))
    house.nursery.answers = {"N-p1": SourceError(Reason.SOURCE_TIMEOUT)}
    async with house.gateway.running():
        response = await house.post({"query": text, "variables": {"id": "p1"}})
    assert response.json()["errors"][0]["locations"] == [{"line": line, "column": 26}]


def test_documents_wait_for_declarations_that_are_in_order(tmp_path: Path) -> None:
    """What a document may ask is not known before."""
    house = house_with(tmp_path, write(tmp_path / "documents", a="{"))
    (tmp_path / "consumers.yaml").write_text("[")
    checked = house.gateway.check()
    assert checked.errors
    assert house.gateway.check_documents(checked) == []


def test_a_document_prints_no_text() -> None:
    """A log may hold its repr."""
    document = DocumentFile(View.model_construct(name="a", version=1), Path("a.graphql"), "{ secret }")
    assert "secret" not in repr(document)


def test_a_pipe_is_no_document(tmp_path: Path) -> None:
    """Reading one would wait for who writes into it, and the start with it."""
    folder = write(tmp_path / "documents", a=LABEL)
    os.mkfifo(folder / "watering" / "pipe.graphql")
    (problem,) = problems_of(folder, tmp_path)
    assert problem.got == "a document that cannot be read (OSError)"
    assert problem.file.endswith("pipe.graphql")


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to look at, and not with a traceback."""
    folder = write(tmp_path / "documents", a=LABEL)
    listed = Path.iterdir

    def refusing(self: Path) -> Iterator[Path]:
        if self == folder:
            raise PermissionError
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", refusing)
    assert [problem.got for problem in problems_of(folder, tmp_path)] == [
        "a folder that cannot be read (PermissionError)"
    ]
