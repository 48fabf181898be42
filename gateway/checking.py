"""Everything that a gateway declares, read and verified: model, adapters, views, lock, consumers, secrets, packages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePath
from traceback import extract_tb
from typing import TypeVar

from adapters.adapter import Adapter
from adapters.crossref import CrossReference, Secrets
from adapters.crossref.urls import URLS, file_of, url_fault
from adapters.gates import GATE_RECORDS
from adapters.limits import Limits
from adapters.verifying import served_coordinates, sound_adapters, verify_adapters
from gateway.audit import AuditPlace, audit_problems
from gateway.authzen import DecisionPlace, decision_point_problems
from gateway.consumers import Consumers
from gateway.identifier_rules import identifier_rules
from gateway.installed import distributions_of
from gateway.secret_file import load_secrets, open_to_others
from gateway.sources import Sources, own_limits, read_sources
from gateway.verification import Verifier, load_verifiers
from gateway.view_needs import Provided, verify_needs
from gateway.whole_view import too_large
from resolvers.catalog import Catalog
from resolvers.coverage import not_served, not_taken
from resolvers.cursors import Cursors
from resolvers.planning import Planner
from resolvers.reading import Reader
from schema.lock import Lock
from schema.model import Model
from schema.problems import ConfigurationError, Level, Problem
from schema.view_check import MAX_PATHS, paths, verify_view
from schema.view_files import LoadedView, ViewFolder, read_views
from schema.views import View

__all__ = ["Checked", "Declared", "check"]

DISTRIBUTION = "customer-view-gateway"
PACKAGES = ("adapters", "gateway", "resolvers", "schema")

_EACH = 3
"""How many coordinates of a view that no adapter serves are told one by one: of more, an adapter is missing."""
_LOADED = "the file of a loaded cross-reference"
_LOAD = "load it with SqliteCrossReference, or correct the path"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Declared:
    """What a gateway is made of, as declared. `own_limits` are those of the adapters' authors, kept from before a file
    of `sources` is applied; without them they are as the adapters have them."""

    model: type
    adapters: Sequence[Adapter]
    views: Path
    consumers: Path
    secret_file: Path | None
    crossref: str | CrossReference | None = field(default=None, repr=False)
    types: Sequence[type] = ()
    identifier_rules: Path | None = None
    verifiers: Path | None = None
    sources: Path | None = None
    own_limits: Mapping[str, Limits] = field(default_factory=dict, repr=False)
    audit: AuditPlace = field(default_factory=AuditPlace)
    decision_point: DecisionPlace = field(default_factory=DecisionPlace)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was read, as far as it could be, and every problem found.

    `published` are the views that are served; `files` is how many files of views there are, also such as hold none.
    """

    problems: Sequence[Problem]
    model: Model | None = None
    views: Sequence[View] = ()
    published: Sequence[View] = ()
    consumers: Consumers | None = field(default=None, repr=False)
    verifiers: Mapping[str, Verifier] = field(default_factory=dict, repr=False)
    sources: Sources = field(default_factory=Sources, repr=False)
    secrets: Secrets | None = field(default=None, repr=False)
    files: int = 0

    @property
    def errors(self) -> Sequence[Problem]:
        """Return the problems that stop the start."""
        return [problem for problem in self.problems if problem.level is Level.ERROR]


def check(declared: Declared) -> Checked:
    """Read and verify everything. Never raises on what is declared: what cannot be read is among the problems."""
    reading = _Reading()
    model = reading.attempt("the model", lambda: Model(declared.model, types=declared.types))
    folder = reading.views(declared.views)
    lock = reading.attempt("the lock of the views", lambda: Lock.read(declared.views))
    consumers = reading.attempt("the consumers", lambda: Consumers.load(declared.consumers))
    reading.verify("the installed packages", _name_clashes)
    secrets = reading.attempt("the secret file", lambda: _secrets(reading, declared.secret_file))
    reading.attempt("the rules of identifiers", lambda: identifier_rules(declared.identifier_rules))
    has_secrets = declared.secret_file is not None
    reading.verify("the audit", lambda: audit_problems(declared.audit, has_secrets=has_secrets))
    reading.verify("the decision point", lambda: decision_point_problems(declared.decision_point))
    verifiers = reading.attempt("the verifiers", lambda: _verifiers(declared.verifiers))
    sources = reading.attempt("the file of sources", lambda: _sources(declared)) or Sources()
    reading.verify("the cross-reference", lambda: (*_crossref(declared.crossref), *_undigested(declared, folder)))
    if model is not None:
        _verify_served(reading, declared, folder, model)
    if lock is not None:
        told = {problem.file for problem in reading.problems if problem.level is Level.ERROR}
        reading.verify("the lock of the views", lambda: (*_unlocked(lock, folder, told), *_drafts(lock, folder)))
    if consumers is not None:
        doubtful = lock.doubtful(folder) if lock is not None else frozenset[str]()
        reading.verify("the consumers", lambda: consumers.problems(folder.without(doubtful)))
    published = [loaded.view for loaded in lock.published(folder)] if lock is not None else []
    views = [loaded.view for loaded in folder.views]
    known = (model, views, published, consumers, verifiers or {}, sources, secrets)
    return Checked(reading.problems, *known, folder.files)


class _Reading:
    """Collects the problems of every part, so that one that fails keeps the others from nothing."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def attempt(self, what: str, read: Callable[[], T]) -> T | None:
        """Return what is read, None when it cannot be."""
        try:
            return read()
        except ConfigurationError as error:
            self.problems.extend(error.problems)
        except Exception as error:  # noqa: BLE001  what others declare can raise anything
            self.problems.append(_unreadable(what, error))
        return None

    def verify(self, what: str, find: Callable[[], Iterable[Problem]]) -> bool:
        """Collect what is found, also what was found before it failed, and return whether no error is among it."""
        known = len(self.problems)
        self.attempt(what, lambda: self.problems.extend(find()))
        return all(problem.level is not Level.ERROR for problem in self.problems[known:])

    def views(self, path: Path) -> ViewFolder:
        """Return the folder's usable views, none when there is no reading it."""
        nothing = ViewFolder(path, (), is_readable=False)
        folder, found = self.attempt("the folder of views", lambda: read_views(path)) or (nothing, ())
        self.problems.extend(found)
        return folder


def _verify_served(reading: _Reading, declared: Declared, folder: ViewFolder, model: Model) -> None:
    """Verify adapters and views against the model and each other."""
    adapters = sound_adapters(declared.adapters)
    are_whole = reading.verify("the adapters", lambda: verify_adapters(declared.adapters, model))
    reading.verify("the views", lambda: _views(adapters, folder, model, are_whole=are_whole))
    reading.verify("the views", lambda: _unmet(declared, adapters, folder, are_whole=are_whole))
    if are_whole:
        reading.verify("the adapters", lambda: _unserved(declared.model, adapters, model))


def _secrets(reading: _Reading, path: Path | None) -> Secrets | None:
    if path is None:
        return None
    secrets = load_secrets(path)
    reading.verify("the secret file", lambda: open_to_others(path))
    return secrets


def _verifiers(path: Path | None) -> Mapping[str, Verifier]:
    return load_verifiers(path) if path else {}


def _sources(declared: Declared) -> Sources | None:
    if declared.sources is None:
        return None
    adapters = sound_adapters(declared.adapters)
    own, are_all = {**own_limits(adapters), **declared.own_limits}, len(adapters) == len(declared.adapters)
    return read_sources(declared.sources, adapters, own, are_all=are_all)


def _unreadable(what: str, error: Exception) -> Problem:
    # the text of an exception that is not ours may hold a value from the file
    places = extract_tb(error.__traceback__)
    where = f"{PurePath(places[-1].filename).name}, line {places[-1].lineno}"
    got = f"{what}, which failed with {type(error).__name__} in {where}"
    return Problem(what, None, got, "a declaration that can be read", "correct the declaration; it is of another kind")


def _crossref(crossref: object) -> Iterator[Problem]:
    """Yield why the cross-reference cannot be opened, as far as that shows without opening it."""
    if not isinstance(crossref, str):
        return
    wrong = url_fault(crossref)
    if wrong:
        yield Problem("crossref", None, wrong, URLS, "correct it; it is not shown here, for it may hold a password")
        return
    path = file_of(crossref)
    fault = _unusable(path) if path is not None else None
    if fault:
        yield Problem("crossref", None, f"{path}, {fault}", _LOADED, _LOAD)


def _unusable(path: Path) -> str | None:
    try:
        return _unfit(path)
    except OSError as error:
        return f"which cannot be reached ({type(error).__name__}: mend the rights to it and to its folder)"


def _unfit(path: Path) -> str | None:
    # a file that is not there would be made, without anybody in it: to every caller every customer would be unknown
    if not path.exists():
        return "where there is no file" if path.parent.is_dir() else "whose folder does not exist"
    if not path.is_file():
        return "which is a folder" if path.is_dir() else "which is no plain file"
    return None if path.stat().st_size else "which is empty"


def _undigested(declared: Declared, folder: ViewFolder) -> Iterator[Problem]:
    """Yield that views look up by identifiers where there is no secret to digest them with."""
    names = [loaded.view.id for loaded in folder.views if loaded.view.identifiers]
    if names and declared.secret_file is None and isinstance(declared.crossref, str):
        got = f"no secret file, and look-ups by identifiers in {', '.join(names)}"
        mend = "set CUSTOMER_VIEW_SECRET_FILE; see `customer-view secret`"
        yield Problem("crossref", None, got, "the secret with which identifiers are digested", mend)


def _views(adapters: Sequence[Adapter], folder: ViewFolder, model: Model, *, are_whole: bool) -> Iterator[Problem]:
    """Yield what is wrong with the views; while adapters are wrong, nothing of what they may be meant to serve."""
    catalog = Catalog(adapters)
    planner, reader = Planner(catalog, model), Reader(model, catalog, Cursors())
    sources = [adapter.source for adapter in adapters] if are_whole else None
    for loaded in folder.views:
        yield from verify_view(loaded, model, sources=sources, today=date.today())  # noqa: DTZ011  a day on the wall
        if are_whole and not any(problem.level is Level.ERROR for problem in verify_view(loaded, model)):
            unserved = list(_not_served(loaded, model, planner))
            yield from unserved
            yield from _not_taken(loaded, model, catalog)
            if not any(problem.level is Level.ERROR for problem in unserved):
                yield from too_large(loaded, model, reader)


def _unmet(
    declared: Declared, adapters: Sequence[Adapter], folder: ViewFolder, *, are_whole: bool
) -> Iterator[Problem]:
    """Yield what views need of the gateway and it lacks; while adapters are wrong, nothing that they could answer."""
    served = frozenset(offer.serves for adapter in adapters for offer in adapter.offers)
    offers = [(offer.serves, adapter.source) for adapter in reversed(adapters) for offer in adapter.offers]
    provided = Provided(
        owners={kind: source for kind, source in offers if kind in GATE_RECORDS},
        served=served if are_whole else frozenset(GATE_RECORDS),
        verifiers=declared.verifiers is not None,
        audit=declared.audit.folder is not None,
        secret=declared.secret_file is not None,
        audit_days=declared.audit.days,
        decides=declared.decision_point.url is not None,
    )
    yield from verify_needs(folder.views, provided)


def _not_served(loaded: LoadedView, model: Model, planner: Planner) -> Iterator[Problem]:
    if not paths(loaded.view, model).complete:
        got = f"more than {MAX_PATHS} paths through the view, of which the others are not verified"
        mend = "list fewer fields that lead to types which lead on"
        yield Problem(str(loaded.path), loaded.document.line_of(("fields",)), got, "fewer", mend, Level.NOTE)
    errors = list(not_served(loaded.view, model, planner))
    told = errors if len(errors) <= _EACH else errors[:1]
    for error in told:
        more = f" (and {len(errors) - 1} more)" if len(told) < len(errors) else ""
        yield Problem(
            str(loaded.path),
            loaded.line_of_field(error.coordinate),
            f"{error.coordinate}, which no adapter serves (reached by {'.'.join(error.path)}){more}",
            "a coordinate that some adapter's offer serves",
            f"add an offer that serves {error.coordinate}, or remove it from the view",
        )


def _not_taken(loaded: LoadedView, model: Model, catalog: Catalog) -> Iterator[Problem]:
    for one in not_taken(loaded.view, model, catalog):
        yield Problem(
            str(loaded.path),
            loaded.line_of_field(one.coordinate),
            f"{one.coordinate}, which the offer {one.offer} does not take",
            "arguments that the source acts on: what it ignored would be answered wrongly",
            "say in the offer how the source is told, or remove the argument from the view",
        )


def _unserved(subject: type, adapters: Sequence[Adapter], model: Model) -> Iterator[Problem]:
    served = served_coordinates(adapters, model)
    for name, coordinate in model.coordinates.items():
        if name not in served and not model.is_plumbing(coordinate.type_name):
            where = f"{subject.__module__}.{subject.__qualname__}"
            mend = "nothing, unless a view is to list it: then add an offer"
            yield Problem(where, None, f"{name}, which no adapter serves", "an offer that serves it", mend, Level.NOTE)


def _unlocked(lock: Lock, folder: ViewFolder, told: Collection[str]) -> Iterator[Problem]:
    """Yield what the lock says; not that a file has changed of which it is told already what is wrong in it."""
    yield from (problem for problem in lock.problems(folder) if problem.file not in told)


def _drafts(lock: Lock, folder: ViewFolder) -> Iterator[Problem]:
    for loaded in folder.views:
        if loaded.view.id not in lock.digests:
            mend = f"customer-view publish APP {loaded.view.id}, when it is ready"
            got = f"{loaded.view.id}, which is a draft and not served"
            yield Problem(str(loaded.path), 1, got, "a published view", mend, Level.NOTE)


def _name_clashes() -> Iterator[Problem]:
    """Yield the packages of ours that another installed distribution brings too: one would hide the other."""
    installed = distributions_of(PACKAGES)
    for package in PACKAGES:
        others = sorted(set(filter(None, installed.get(package, ()))) - {DISTRIBUTION})
        if others:
            got = f"the package {package} of {', '.join(others)}"
            mend = "use an environment of its own for the gateway"
            yield Problem(package, None, got, f"that of {DISTRIBUTION} alone", mend)
