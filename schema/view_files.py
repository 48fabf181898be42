"""A folder of views: one YAML file a version, named `support-call@1.yaml`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from schema.declaration import read_declaration
from schema.problems import ConfigurationError, Problem
from schema.views import View
from schema.yaml_file import Document, load_yaml

__all__ = ["MAX_VIEWS", "LoadedView", "ViewFolder", "load_views", "read_views"]

MAX_VIEWS = 2_000
"""The most files that a folder may hold."""


@dataclass(frozen=True, slots=True)
class LoadedView:
    """A view and the file that declares it."""

    view: View
    path: Path
    document: Document = field(repr=False, compare=False)

    def line_of_field(self, coordinate: str) -> int:
        """Return the line that lists the coordinate."""
        return self.document.line_of(("fields", coordinate))


@dataclass(frozen=True, slots=True)
class ViewFolder:
    """The views of a folder, by name and then by version.

    `broken` holds the names of the files that could not be used, without their ending, such as `support-call@2`;
    `is_readable` says that the folder itself could be read, and `files` how many files of views are in it.
    """

    path: Path
    views: tuple[LoadedView, ...]
    broken: frozenset[str] = frozenset()
    is_readable: bool = True
    files: int = 0

    def get(self, view_id: str) -> LoadedView | None:
        """Return the view of this name and version (`support-call@1`), None when there is none."""
        return next((loaded for loaded in self.views if loaded.view.id == view_id), None)

    def versions(self, name: str) -> tuple[LoadedView, ...]:
        """Return every version of the view, the oldest first."""
        return tuple(loaded for loaded in self.views if loaded.view.name == name)

    def without(self, names: frozenset[str]) -> ViewFolder:
        """Return the folder as if the files of these views could not be used."""
        left = tuple(loaded for loaded in self.views if loaded.view.id not in names)
        return replace(self, views=left, broken=self.broken | names)

    def may_declare(self, view: str) -> bool:
        """Return whether what could not be read may declare the view, or a version of the view of this name."""
        return not self.is_readable or any(view in (file, file.partition("@")[0]) for file in self.broken)


def load_views(folder: Path) -> ViewFolder:
    """Return the folder's views. Raises ConfigurationError, holding the problems of all files."""
    views, problems = read_views(folder)
    if problems:
        raise ConfigurationError(problems)
    return views


def read_views(folder: Path) -> tuple[ViewFolder, tuple[Problem, ...]]:
    """Return the folder's usable views, and what is wrong with the others."""
    paths, problems = _files(folder)
    loaded: dict[str, LoadedView] = {}
    broken: set[str] = set()
    is_readable = bool(paths) or not problems
    for path in paths:
        try:
            found = _load(path)
        except ConfigurationError as error:
            problems.extend(error.problems)
            broken.add(path.stem)
            continue
        misplaced = list(_misplaced(found, loaded.get(found.view.id)))
        problems.extend(misplaced)
        if misplaced:
            broken |= {path.stem, found.view.id}
        else:
            loaded[found.view.id] = found
    ordered = sorted(loaded.values(), key=lambda each: (each.view.name, each.view.version))
    return ViewFolder(folder, tuple(ordered), frozenset(broken), is_readable, len(paths)), tuple(problems)


def _files(folder: Path) -> tuple[list[Path], list[Problem]]:
    if not folder.is_dir():
        return [], [Problem(str(folder), None, "no folder", "the folder of views", "check the path")]
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    yaml = [path for path in files if path.suffix == ".yaml"]
    problems = [
        Problem(str(path), None, "the ending .yml", ".yaml", f"rename the file to {path.stem}.yaml")
        for path in files
        if path.suffix == ".yml"
    ]
    if len(yaml) > MAX_VIEWS:
        too_many = Problem(str(folder), None, f"{len(yaml)} files", f"at most {MAX_VIEWS}", "remove unused versions")
        return [], [too_many]
    return yaml, problems


def _load(path: Path) -> LoadedView:
    document = load_yaml(path)
    return LoadedView(read_declaration(document, View), path, document)


def _misplaced(found: LoadedView, earlier: LoadedView | None) -> Iterable[Problem]:
    """Yield what is wrong with the file's name: it says which view it holds, and so no two files hold one."""
    view, file = found.view, str(found.path)
    if earlier is not None:
        yield Problem(
            file,
            found.document.line_of(("version",)),
            f"{view.id}, which {earlier.path.name} declares too",
            "every version declared once",
            "raise the version, or remove one of the files",
        )
    elif found.path.name != f"{view.id}.yaml":
        yield Problem(
            file,
            found.document.line_of(("version",) if found.path.stem.startswith(f"{view.name}@") else ("name",)),
            f"{view.id} in a file named {found.path.name}",
            f"the file name {view.id}.yaml",
            "rename the file, or correct name and version in it",
        )
