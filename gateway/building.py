"""The parts of an open gateway, made one over the other: what is opened here is closed by the stack, the last first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from os import urandom

from opentelemetry.sdk.trace.export import SpanExporter

from adapters.crossref import CrossReference, StoredCrossReference, open_crossref
from gateway.audit import AuditLog, Disclosures, Lasting, Telling, open_audit
from gateway.audit.reading import Entries
from gateway.authzen import AuthZen
from gateway.break_glass import (
    KINDS,
    PER_MINUTE,
    USE,
    EndedGrants,
    GlassBreaking,
    GrantSeal,
    PrivacyAlerts,
    Reviewing,
    again,
    deliver_to,
)
from gateway.checking import Checked, Declared
from gateway.consumers import Consumers
from gateway.hearing import Hearing
from gateway.identifier_rules import identifier_rules
from gateway.register import Controller
from gateway.service import Service
from gateway.settings import Settings
from gateway.sources import SourceStates
from gateway.telemetry.exporting import open_tracing
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.tracing import Tracing
from gateway.verification import Assertions
from resolvers import Cursors, Engine
from resolvers.engine import Vouch
from resolvers.news import Hear
from resolvers.rates import Rates
from schema.deadline import Clock
from schema.model import Model
from schema.observer import Observer
from schema.problems import ConfigurationError

__all__ = ["Building"]

_CURSOR_USES = ("cursor, first half", "cursor, second half")
"""AES-256-SIV takes a key of 64 bytes."""


@dataclass(frozen=True, slots=True)
class Building:
    """What a gateway is made of, as it was declared and read. `vouch` is as of the engine; `now` and
    `system` tell the gateway's time and the machine's, in seconds since 1970. `spans` is where traces go instead of to
    a collector, and `metrics` measures, where something does; `sources` tells how each source does."""

    declared: Declared
    settings: Settings
    checked: Checked
    tenant: str
    controller: Controller
    observer: Observer
    vouch: Vouch | None
    clock: Clock
    now: Callable[[], float]
    system: Callable[[], float]
    stack: AsyncExitStack = field(repr=False)
    sources: SourceStates | None = None
    spans: SpanExporter | None = None
    metrics: Metrics | None = None

    async def service(self) -> Service:
        """Return the open gateway.

        Raises:
            ConfigurationError: Something of it is not in order.
            CrossReferenceError: The cross-reference cannot be opened.
        """
        model, consumers = self._in_order()
        if self.sources is not None:
            self.sources.take(self.checked.sources)
        tracing = await self._tracing()  # opened first, closed last
        crossref = await self._crossref()
        stored = crossref if isinstance(crossref, StoredCrossReference) else None
        rates = Rates(self.settings.identifiers_per_minute, self.clock)  # one for all doors
        audit = await self._audit(stored, model)
        ended = EndedGrants(audit, now=self.now, clock=self.clock) if audit else None
        grants = GrantSeal(self._derived([USE]))
        return Service(
            await self._engine(model, crossref, rates, audit),
            self.checked.published,
            consumers,
            crossref=stored,
            rates=rates,
            noting=Rates(self.settings.identifiers_noted_per_minute, self.clock),
            assertions=Assertions(self.checked.verifiers, self.now, self.clock),
            grants=grants,
            breaking=await self._breaking(model, crossref, grants, audit) if audit else None,
            reviewing=Reviewing(audit, ended) if audit else None,
            ended=ended,
            tracing=tracing,
            audit=audit,
            sources=self.sources,
            controller=self.controller,
            now=self.now,
            requests=None if self.metrics is None else self.metrics.requests,
        )

    def _in_order(self) -> tuple[Model, Consumers]:
        model, consumers = self.checked.model, self.checked.consumers
        if self.checked.errors or model is None or consumers is None:
            raise ConfigurationError(self.checked.errors)
        return model, consumers

    async def _tracing(self) -> Tracing | None:
        """Return what begins traces, None where none are wanted."""
        most, trusts = self.settings.telemetry_traces_per_second, self.settings.telemetry_trust_consumers
        opening = open_tracing(per_second=most, obeys=trusts, clock=self.clock, exporter=self.spans)
        return await self.stack.enter_async_context(opening)

    async def _crossref(self) -> CrossReference:
        place = self.declared.crossref
        assert place is not None
        if not isinstance(place, str):
            return place
        return await self.stack.enter_async_context(
            open_crossref(
                place,
                tenant=self.tenant,
                secrets=self.checked.secrets,
                beside_others=False,
                kept_bytes=self.settings.kept_lookup_bytes,
                identifier_rules=identifier_rules(self.settings.identifier_rules),
            )
        )

    async def _audit(self, crossref: StoredCrossReference | None, model: Model) -> AuditLog | None:
        """Return what records requests, None where nothing does; it is closed after the engine."""
        lasting = Lasting(KINDS, again)
        audit = open_audit(self.declared.audit, self.checked.secrets, self.now, lasting, system=self.system)
        if audit is not None:
            await self.stack.enter_async_context(audit.running())
            if crossref is not None:
                self._tell(audit, crossref, model)
        return audit

    def _tell(self, audit: AuditLog, crossref: StoredCrossReference, model: Model) -> None:
        """Give what was recorded to the adapter that tells customers of it, where one is declared."""
        told_from = Telling(Entries(audit.folder, audit.keys), crossref.known_as, model, self.checked.published)
        for adapter in self.declared.adapters:
            if isinstance(adapter, Disclosures):
                self.stack.enter_context(adapter.telling(told_from))

    async def _engine(self, model: Model, crossref: CrossReference, rates: Rates, audit: AuditLog | None) -> Engine:
        metrics = self.metrics
        engine = Engine(
            model,
            self.declared.adapters,
            crossref if metrics is None else metrics.lookups.measured(crossref),
            observer=self.observer,
            clock=self.clock,
            cursors=self._cursors(),
            rates=rates,
            hear=await self._hearing(crossref),
            recorder=audit if metrics is None or audit is None else metrics.records.measured(audit),
            now=self.now,
            decision_point=self._decision_point(),
            erased=crossref.erased if isinstance(crossref, StoredCrossReference) else None,
            vouch=self.vouch,
            tally=None if metrics is None else metrics.answers,
        )
        self.stack.push_async_callback(engine.aclose)
        return engine

    async def _hearing(self, crossref: CrossReference) -> Hear | None:
        """Return what takes what sources say of keys, None where nobody is to hear of it."""
        if not self.settings.hear_sources or not isinstance(crossref, StoredCrossReference):
            return None
        hearing = Hearing(crossref, clock=self.clock)
        await self.stack.enter_async_context(hearing.running())
        return hearing.hear

    def _decision_point(self) -> AuthZen | None:
        """Return the outside decision point, None where there is none; it is closed after the engine."""
        place = self.declared.decision_point
        if place.url is None:
            return None
        point = AuthZen(place.url, token=place.token)
        self.stack.push_async_callback(point.aclose)
        return point

    async def _breaking(
        self, model: Model, crossref: CrossReference, grants: GrantSeal, audit: AuditLog
    ) -> GlassBreaking:
        """Return what opens what views show in emergencies only, and tells the privacy officer."""
        url = self.settings.privacy_alert_url
        alerts = PrivacyAlerts(await self.stack.enter_async_context(deliver_to(url)) if url else None)
        await self.stack.enter_async_context(alerts.running())
        rates = Rates(PER_MINUTE, self.clock)
        return GlassBreaking(crossref, model, grants, audit, alerts, rates, now=self.now)

    def _cursors(self) -> Cursors:
        """Return what seals cursors: every process with the same secret file takes those of the others."""
        return Cursors(self._derived(_CURSOR_USES)) if self.checked.secrets else Cursors()

    def _derived(self, uses: Iterable[str]) -> list[bytes]:
        """Return the tenant's keys for these uses, joined, of each version of the secret, the current one first.

        Without a secret file they are of this process alone.
        """
        secrets, names = self.checked.secrets, tuple(uses)
        if secrets is None:
            return [urandom(32 * len(names))]
        uses = [f"{name} of {self.tenant}" for name in names]
        return [b"".join(secrets.derive(use, version=one) for use in uses) for one in secrets.versions]
