"""A folder of GraphQL documents, by view: read and compiled at the start, so that no caller waits for that.

documents/support-call/one-customer.graphql      for the newest published version of support-call
documents/support-call@1/one-customer.graphql    for this version
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from resolvers import NoRoomError, RefusedError
from schema.problems import ConfigurationError, Problem
from schema.suggest import did_you_mean
from schema.views import View

__all__ = ["MOST_DOCUMENTS", "Compiling", "DocumentFile", "prepare_documents", "read_documents"]

MOST_DOCUMENTS = 10_000
"""The most documents that a folder may hold."""

_MOST_BYTES = 262_144
_ENDING = ".graphql"


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A document, its file and the view that it is for."""

    view: View
    path: Path
    text: str = field(repr=False)

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Return the texts as which callers may send it: as it stands in the file, and without the space around it.

        Those stand together that begin alike: an error tells the same places in them.
        """
        beginnings = dict.fromkeys((self.text, self.text.lstrip()))
        return tuple(tuple(dict.fromkeys((text, text.rstrip()))) for text in beginnings)


class Prepare(Protocol):
    """Compiles a document of a view, for all texts as which it may come."""

    def __call__(self, view: View, /, *texts: str) -> None:
        """Raise RefusedError for what the view does not answer or cannot keep, NoRoomError for what is too much."""
        ...


Compiling = Callable[[Sequence[DocumentFile]], Iterable[DocumentFile]]
"""Passes documents on while they are compiled, one after the other."""


def prepare_documents(
    folder: Path, views: Sequence[View], prepare: Prepare, compiling: Compiling = iter
) -> Iterator[Problem]:
    """Have every document of a folder compiled for its view, one of these published ones, and yield what is wrong.

    `compiling` may show how far it is. Of those for which there is no room, the first is told.
    """
    documents, problems = read_documents(folder, views)
    yield from problems
    has_room = True
    for document in compiling(documents):
        try:
            for texts in document.texts:
                prepare(document.view, *texts)
        except RefusedError as error:
            yield from _refusals(document, error)
        except NoRoomError as error:
            if has_room:
                yield _no_room(document, error)
            has_room = False


def read_documents(folder: Path, views: Sequence[View]) -> tuple[list[DocumentFile], list[Problem]]:
    """Return the documents of a folder, by their paths, and what is wrong with the others."""
    if not folder.is_dir():
        wanted = "the folder of documents, with a folder for each view"
        return [], [Problem(str(folder), None, "no folder", wanted, "check the path")]
    documents: list[DocumentFile] = []
    problems: list[Problem] = []
    try:
        listed = _listed(folder)
    except ConfigurationError as error:
        return [], [*error.problems]
    for path in listed:
        try:
            documents.extend(_of_view(path, views))
        except ConfigurationError as error:
            problems.extend(error.problems)
    if len(documents) > MOST_DOCUMENTS:
        mend = "remove those that are not used"
        problems.append(Problem(str(folder), None, f"{len(documents)} documents", f"at most {MOST_DOCUMENTS}", mend))
    return documents[:MOST_DOCUMENTS], problems


def _listed(folder: Path) -> list[Path]:
    """Return what stands in a folder. Raises ConfigurationError where that cannot be seen."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        got, mend = f"a folder that cannot be read ({type(error).__name__})", "check its rights"
        raise ConfigurationError([Problem(str(folder), None, got, "a folder of documents", mend)]) from None


def _of_view(folder: Path, views: Sequence[View]) -> list[DocumentFile]:
    """Return the documents in the folder of one view. Raises ConfigurationError, holding all that is wrong in it."""
    if not folder.is_dir():
        if folder.suffix != _ENDING:
            return []
        got, mend = "a document outside the folder of a view", "move it into the folder that has the name of its view"
        raise ConfigurationError([Problem(str(folder), None, got, "every document in the folder of a view", mend)])
    view = _meant(folder, views)
    documents: list[DocumentFile] = []
    problems: list[Problem] = []
    for path in _listed(folder):
        if path.is_dir():
            got, mend = "a folder inside the folder of a view", f"move what it holds into {folder}"
            problems.append(Problem(str(path), None, got, "documents alone", mend))
        elif path.suffix == _ENDING:
            try:
                documents.append(DocumentFile(view, path, _text(path)))
            except ConfigurationError as error:
                problems.extend(error.problems)
    if problems:
        raise ConfigurationError(problems)
    return documents


def _meant(folder: Path, views: Sequence[View]) -> View:
    found = [view for view in views if folder.name in (view.name, view.id)]
    if not found:
        known = list(dict.fromkeys(each for view in views for each in (view.name, view.id)))
        mend = did_you_mean(folder.name, known, "publish the view, or remove the folder")
        wanted = "the name of a published view, or its name and version"
        raise ConfigurationError([Problem(str(folder), None, f"a folder named {folder.name}", wanted, mend)])
    return max(found, key=lambda view: view.version)


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():  # reading a pipe would wait for who writes into it
            raise OSError
        with path.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeError) as error:
        got, mend = f"a document that cannot be read ({type(error).__name__})", "check the file and its rights"
        raise ConfigurationError([Problem(str(path), None, got, "a text file in UTF-8", mend)]) from None
    if len(content) > _MOST_BYTES:
        got = f"a document of more than {_MOST_BYTES} bytes"
        raise ConfigurationError([Problem(str(path), None, got, "a shorter one", "ask for less in one document")])
    return text


def _no_room(document: DocumentFile, error: NoRoomError) -> Problem:
    most = f"{error.most_bytes / 1024 / 1024:g} MiB"
    got = f"a document with which all that are compiled would take more than {most} of memory"
    wanted = f"documents that take at most {most} together"
    mend = "remove those that are seldom asked: they are compiled when they come"
    return Problem(str(document.path), None, got, wanted, mend)


def _refusals(document: DocumentFile, error: RefusedError) -> Iterator[Problem]:
    for each in error.errors:
        line = each.locations[0].line if each.locations else None
        got = f"a document that {document.view.id} refuses with {error.code}: {each.message}"
        mend = error.remedy or f"correct the document; customer-view sdl prints the schema of {document.view.id}"
        yield Problem(str(document.path), line, got, f"a document that {document.view.id} answers", mend)
