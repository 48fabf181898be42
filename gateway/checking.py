"""Everything that a gateway declares, read and verified: model, adapters, views, lock, consumers, secrets, packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TypeVar

from adapters.adapter import Adapter
from adapters.verifying import served_coordinates, verify_adapters
from gateway.consumers import Consumers
from gateway.secret_file import load_secrets
from resolvers.catalog import Catalog
from resolvers.coverage import not_served
from resolvers.planning import Planner
from schema.lock import Lock
from schema.model import Model
from schema.problems import ConfigurationError, Level, Problem
from schema.view_check import verify_view
from schema.view_files import LoadedView, ViewFolder, read_views
from schema.views import View

__all__ = ["Checked", "Declared", "check"]

DISTRIBUTION = "customer-view-gateway"
PACKAGES = ("adapters", "gateway", "resolvers", "schema")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Declared:
    """What a gateway is made of, as declared."""

    model: type
    adapters: Sequence[Adapter]
    views: Path
    consumers: Path
    secret_file: Path | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What was read, as far as it could be, and every problem found. `published` are the views that are served."""

    problems: Sequence[Problem]
    model: Model | None = None
    views: Sequence[View] = ()
    published: Sequence[View] = ()
    consumers: Consumers | None = field(default=None, repr=False)

    @property
    def errors(self) -> Sequence[Problem]:
        """Return the problems that stop the start."""
        return [problem for problem in self.problems if problem.level is Level.ERROR]


def check(declared: Declared) -> Checked:
    """Read and verify everything. Never raises on what is declared: what cannot be read is among the problems."""
    problems: list[Problem] = list(_name_clashes())
    model = _attempt(lambda: Model(declared.model), problems)
    folder, found = read_views(declared.views)
    problems.extend(found)
    lock = _attempt(lambda: Lock.read(declared.views), problems)
    consumers = _attempt(lambda: Consumers.load(declared.consumers), problems)
    if declared.secret_file is not None:
        secret_file = declared.secret_file
        _attempt(lambda: load_secrets(secret_file), problems)
    if model is not None:
        problems.extend(verify_adapters(declared.adapters, model))
        problems.extend(_views(declared, folder, model))
        problems.extend(_unserved(declared, model))
    if lock is not None:
        problems.extend(lock.problems(folder))
        problems.extend(_drafts(lock, folder))
    if consumers is not None:
        problems.extend(consumers.problems(folder))
    published = [loaded.view for loaded in lock.published(folder)] if lock is not None else []
    return Checked(problems, model, [loaded.view for loaded in folder.views], published, consumers)


def _attempt(read: Callable[[], T], problems: list[Problem]) -> T | None:
    try:
        return read()
    except ConfigurationError as error:
        problems.extend(error.problems)
        return None


def _views(declared: Declared, folder: ViewFolder, model: Model) -> Iterator[Problem]:
    planner = Planner(Catalog(declared.adapters), model.python_name)
    sources = [adapter.source for adapter in declared.adapters]
    for loaded in folder.views:
        found = verify_view(loaded, model, sources=sources, today=date.today())  # noqa: DTZ011  a day on the wall here
        yield from found
        if not any(problem.level is Level.ERROR for problem in found):
            yield from _not_served(loaded, model, planner)


def _not_served(loaded: LoadedView, model: Model, planner: Planner) -> Iterator[Problem]:
    for error in not_served(loaded.view, model, planner):
        yield Problem(
            str(loaded.path),
            loaded.line_of_field(error.coordinate),
            f"{error.coordinate}, which no adapter serves (reached by {'.'.join(error.path)})",
            "a coordinate that some adapter's offer serves",
            f"add an offer that serves {error.coordinate}, or remove it from the view",
        )


def _unserved(declared: Declared, model: Model) -> Iterator[Problem]:
    served = served_coordinates(declared.adapters, model)
    for name, coordinate in model.coordinates.items():
        if name not in served and not model.is_plumbing(coordinate.type_name):
            where = f"{declared.model.__module__}.{declared.model.__qualname__}"
            mend = "nothing, unless a view is to list it: then add an offer"
            yield Problem(where, None, f"{name}, which no adapter serves", "an offer that serves it", mend, Level.NOTE)


def _drafts(lock: Lock, folder: ViewFolder) -> Iterator[Problem]:
    for loaded in folder.views:
        if loaded.view.id not in lock.digests:
            mend = f"customer-view publish APP {loaded.view.id}, when it is ready"
            got = f"{loaded.view.id}, which is a draft and not served"
            yield Problem(str(loaded.path), 1, got, "a published view", mend, Level.NOTE)


def _name_clashes() -> Iterator[Problem]:
    """Yield the packages of ours that another installed distribution brings too: one would hide the other."""
    installed = packages_distributions()
    for package in PACKAGES:
        others = sorted(set(installed.get(package, ())) - {DISTRIBUTION})
        if others:
            got = f"the package {package} of {', '.join(others)}"
            mend = "use an environment of its own for the gateway"
            yield Problem(package, None, got, f"that of {DISTRIBUTION} alone", mend)
