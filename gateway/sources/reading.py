"""The operator's file of sources, read and held against the adapters; read anew at run time, it is applied anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adapters.adapter import Adapter
from adapters.limits import Limits, limits_kept_by
from gateway.sources.declaration import SourceRule, SourcesFile
from gateway.sources.limiting import disorders, limits_of
from gateway.sources.sound import sound_rules
from schema.declaration import read_declaration, shown
from schema.problems import ConfigurationError, Problem
from schema.suggest import did_you_mean
from schema.yaml_file import Document, load_yaml

__all__ = ["Sources", "apply", "own_limits", "read_sources"]


@dataclass(frozen=True, slots=True)
class Sources:
    """What holds of the sources: the `limits` of each whose adapter keeps some, and those without which no request is
    to come here (`readiness`). `rules` are as the file has them; where there is no file there is nothing of all this.
    """

    limits: Mapping[str, Limits] = field(default_factory=dict)
    readiness: frozenset[str] = frozenset()
    rules: Mapping[str, SourceRule] = field(default_factory=dict, repr=False)


def own_limits(adapters: Iterable[Adapter]) -> Mapping[str, Limits]:
    """Return what the adapters' authors have declared, by source: to be kept from before a file is applied."""
    return {one.source: kept.limits for one in adapters if (kept := limits_kept_by(one)) is not None}


def read_sources(
    path: Path, adapters: Sequence[Adapter], own: Mapping[str, Limits], *, are_all: bool = True
) -> Sources:
    """Return what holds of the sources by the file and, where it says nothing, by their adapters' `own` limits.

    Unless these `are_all` adapters, a source that none of them is for is no problem: it may be that of another.

    Raises:
        ConfigurationError: The file is wrong; all problems are in it.
    """
    document = load_yaml(path)
    try:
        rules, wrong = read_declaration(document, SourcesFile).root, ConfigurationError([])
    except ConfigurationError as error:
        rules, wrong = sound_rules(document.data), error
    reading = _Reading(document, {adapter.source: adapter for adapter in adapters}, are_all=are_all)
    limits = {source: limits_of(rule, own[source]) for source, rule in rules.items() if source in own}
    problems = [one for source, rule in rules.items() for one in reading.problems(source, rule, limits.get(source))]
    if wrong.problems or problems:
        raise ConfigurationError(sorted((*wrong.problems, *problems), key=lambda one: one.line or _LAST))
    readiness = frozenset(source for source, rule in rules.items() if rule.readiness)
    return Sources({**own, **limits}, readiness, rules)


def apply(sources: Sources, adapters: Iterable[Adapter]) -> None:
    """Have every adapter keep the limits that hold of its source. Calls that are under way go on."""
    for adapter in adapters:
        kept, limits = limits_kept_by(adapter), sources.limits.get(adapter.source)
        if kept is not None and limits is not None:
            kept.change(limits)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The file, held against the adapters by their sources."""

    document: Document
    adapters: Mapping[str, Adapter]
    are_all: bool

    def problems(self, source: str, rule: SourceRule, limits: Limits | None) -> Iterator[Problem]:
        adapter = self.adapters.get(source)
        if adapter is None:
            if self.are_all:
                advice = did_you_mean(source, self.adapters, "remove it")
                yield self._problem((source,), f"the source {shown(source)}, which no adapter is for", _SOURCES, advice)
            return
        if limits is None:
            got = f"the source {source}, whose adapter keeps no limits"
            yield self._problem((source,), got, "a source whose adapter has a protocol base", "remove it")
            return
        for part, key, got in disorders(rule, limits):
            place = (source, part, key)
            yield self._problem(place, f"{got} ({source}.{part}.{key})", _IN_ORDER, "correct one of them")
        yield from self._offers(adapter, rule)

    def _offers(self, adapter: Adapter, rule: SourceRule) -> Iterator[Problem]:
        known = [offer.name for offer in adapter.offers]
        for name in rule.offers:
            if name not in known:
                got = f"the offer {shown(name)}, which {adapter.source} does not have"
                place = (adapter.source, "offers", name)
                yield self._problem(place, got, f"one of: {', '.join(known)}", did_you_mean(name, known, "remove it"))

    def _problem(self, place: tuple[str, ...], got: str, wanted: str, mend: str) -> Problem:
        return Problem(self.document.file, self.document.line_of(place), got, wanted, mend)


_LAST = 1_000_000
_SOURCES = "a source of one of the gateway's adapters"
_IN_ORDER = "the least no greater than the most"
