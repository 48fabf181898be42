"""What operators change while a gateway answers: views, consumers, verifiers, the limits of sources, documents.

Everything is read anew and verified as at the start, in a thread, while requests go on. What is wrong changes nothing.
What is in order is exchanged in one step: a request that has begun is finished by what it began with. The engine, the
cross-reference, the audit and the adapters with their connections stay, and so does what was compiled for views that
are as they were.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.audit import Disclosures
from gateway.checking import Checked, Declared
from gateway.documents import DocumentFile, read_documents
from gateway.identifier_rules import identifier_rules
from gateway.service import Service
from resolvers import NoRoomError, RefusedError
from schema.lock import LOCK_FILE
from schema.problems import ConfigurationError, Problem
from schema.views import View

__all__ = ["Change", "Reloaded", "Reloading"]


_SECRETS, _RULES = "the secret file", "the rules of identifiers"
_COMPARED = "compared at reload"
_MOST_TOLD = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """What is new among some things, what is gone, and what is another under its name: names, sorted."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @classmethod
    def between(cls, before: Mapping[str, object], now: Mapping[str, object]) -> Change:
        """Return how what stands under names has changed."""
        both = before.keys() & now.keys()
        return cls(
            tuple(sorted(now.keys() - before.keys())),
            tuple(sorted(before.keys() - now.keys())),
            tuple(sorted(name for name in both if before[name] != now[name])),
        )

    def __bool__(self) -> bool:
        """Return whether anything has changed."""
        return bool(self.added or self.removed or self.changed)

    def __str__(self) -> str:
        signs = (("+", self.added), ("-", self.removed), ("~", self.changed))
        return " ".join(f"{sign}{name}" for sign, names in signs for name in names)

    def told(self) -> dict[str, Sequence[str]]:
        """Return it for JSON."""
        return {"added": self.added, "removed": self.removed, "changed": self.changed}


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload has changed, by kind: `views`, `consumers`, `verifiers`, `sources`.

    `not_taken` are the files that have changed and are read at the start only.
    """

    changes: Mapping[str, Change]
    not_taken: tuple[str, ...] = ()

    def __str__(self) -> str:
        changed = "; ".join(f"{kind}: {change}" for kind, change in self.changes.items() if change)
        late = f"; not taken before the next start: {', '.join(self.not_taken)}" if self.not_taken else ""
        return f"{changed or 'nothing has changed'}{late}"

    def told(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {**{kind: change.told() for kind, change in self.changes.items()}, "notTaken": self.not_taken}


class Reloading:
    """Exchanges what an open gateway answers by. `checked` is what it was opened with.

    `check` reads and verifies everything, `check_documents` the documents against it; `folder` is where they are.
    """

    def __init__(
        self,
        declared: Declared,
        checked: Checked,
        check: Callable[[], Checked],
        check_documents: Callable[[Checked], Sequence[Problem]],
        folder: Path | None,
    ) -> None:
        self._declared, self._checked, self._folder = declared, checked, folder
        self._check, self._check_documents = check, check_documents
        self._at_start = _read_at_start(declared, checked)
        self._turn = asyncio.Lock()
        self._begun = 0
        self._last: Reloaded | ConfigurationError | None = None

    async def reload(self, service: Callable[[], Service], exchange: Callable[[Service], None]) -> Reloaded:
        """Read everything anew, hand over the service that answers from now on, and return what has changed.

        Who asks for it while another is under way waits for that, and then it is read once more: for all who wait,
        however many these are.

        Raises:
            ConfigurationError: Something is wrong; all problems are in it, and nothing has changed.
        """
        begun = self._begun
        async with self._turn:
            if self._last is None or self._begun == begun:  # else it was read after this was asked for
                self._begun, self._last = self._begun + 1, None
                self._last = await self._reloaded(service, exchange)
        if isinstance(self._last, ConfigurationError):
            raise ConfigurationError(self._last.problems)
        return self._last

    async def _reloaded(
        self, service: Callable[[], Service], exchange: Callable[[Service], None]
    ) -> Reloaded | ConfigurationError:
        try:
            checked, at_start = await asyncio.to_thread(self._read)
        except ConfigurationError as error:
            told, problems = "not reloaded, and nothing has changed, for what was read is wrong:\n%s", _lines(error)
            _log.error(told, "\n".join(problems), extra={"problems": problems})
            return error
        views = _same(service().views, checked.published)
        await self._prepare(service(), views)
        self._take(checked, views, service(), exchange)
        before, self._checked = self._checked, checked
        not_taken = tuple(name for name, read in at_start.items() if read != self._at_start[name])
        reloaded = Reloaded(_changes(before, checked), not_taken)
        _log.warning("reloaded: %s", reloaded)
        return reloaded

    def _take(
        self, checked: Checked, views: Sequence[View], service: Service, exchange: Callable[[Service], None]
    ) -> None:
        assert checked.consumers is not None
        for adapter in self._declared.adapters:
            if isinstance(adapter, Disclosures):
                adapter.tell_of(views)
        if service.sources is not None:
            service.sources.take(checked.sources)
        exchange(service.renewed(views, checked.consumers, checked.verifiers))

    def _read(self) -> tuple[Checked, Mapping[str, object]]:
        checked = self._check()
        problems = [*checked.errors] or [*self._check_documents(checked)] or self._lost(checked)
        if problems:
            raise ConfigurationError(problems)
        return checked, _read_at_start(self._declared, checked)

    def _lost(self, checked: Checked) -> Sequence[Problem]:
        """Return what is wrong where no view is left: its lock is being written, or its folder is not there."""
        if checked.published or not self._checked.published:
            return []
        mend = "restore the lock; to serve no view at all, start the gateway anew"
        return [Problem(str(self._declared.views / LOCK_FILE), None, "no published view", "one at least", mend)]

    async def _prepare(self, service: Service, views: Sequence[View]) -> None:
        """Compile documents that are new, in turns with requests, and let go of those that are gone."""
        if self._folder is None:
            return
        documents, _ = await asyncio.to_thread(read_documents, self._folder, views)
        service.engine.let_go(_texts(documents))
        for document in documents:
            with suppress(RefusedError, NoRoomError):  # it is another one than a moment ago: compiled when it comes
                for texts in document.texts:
                    service.engine.prepare(document.view, *texts)
            await asyncio.sleep(0)


def _lines(error: ConfigurationError) -> list[str]:
    more = len(error.problems) - _MOST_TOLD
    return [*map(str, error.problems[:_MOST_TOLD]), *([f"{more} more"] if more > 0 else [])]


def _same(before: Iterable[View], now: Iterable[View]) -> list[View]:
    """Return the views as they are now, each that has not changed as the object that it was: it is known at a glance
    wherever something is kept for it."""
    known = {view: view for view in before}
    return [known.get(view, view) for view in now]


def _changes(before: Checked, now: Checked) -> Mapping[str, Change]:
    were, are = _by_kind(before), _by_kind(now)
    return {kind: Change.between(were[kind], are[kind]) for kind in are}


def _by_kind(checked: Checked) -> Mapping[str, Mapping[str, object]]:
    consumers, sources = checked.consumers.consumers if checked.consumers is not None else (), checked.sources
    return {
        "views": {view.id: view for view in checked.published},
        "consumers": {consumer.name: consumer for consumer in consumers},
        "verifiers": checked.verifiers,
        "sources": {name: (limits, name in sources.readiness) for name, limits in sources.limits.items()},
    }


def _texts(documents: Iterable[DocumentFile]) -> Mapping[View, frozenset[str]]:
    """Return the texts as which documents come, by their views."""
    found: dict[View, set[str]] = defaultdict(set)
    for document in documents:
        found[document.view].update(text for alike in document.texts for text in alike)
    return {view: frozenset(texts) for view, texts in found.items()}


def _read_at_start(declared: Declared, checked: Checked) -> Mapping[str, object]:
    """Return what stands in the files that are read at the start only, so that it can be compared."""
    secrets = checked.secrets
    derived = secrets and [secrets.derive(_COMPARED, version=one) for one in secrets.versions]
    return {_SECRETS: derived, _RULES: identifier_rules(declared.identifier_rules)}
