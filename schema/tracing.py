"""The trace of a request that is sampled: the ports through which telemetry is reached without importing it.

A request that is not sampled has none of it.

    RequestTrace             one request
    ├── StageSpan            something that the gateway does for it
    └── StepSpan (a Trace)   what is asked of one offer
        └── SendSpan         one call on the wire
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol

from schema.observer import Sent
from schema.reasons import Reason

__all__ = ["RequestTrace", "SendSpan", "Stage", "StageSpan", "StepSpan", "Trace"]


class Stage(Enum):
    """What the gateway does itself, and can take its time over, in the order in which it does it.

    A trace has spans of `resolve`, `policy` and `record`, which may wait for others.
    """

    READ = "read"
    """The request is read: its body, and what stands in it."""
    TURN = "turn"
    """It waits for its turn. Most requests have theirs at once, and this stage is left out."""
    AUTH = "auth"
    """What it brings along is verified: its situation, assertions, that a glass was broken."""
    DOCUMENT = "document"
    """The document is parsed and checked, unless it is known, and its variables are read."""
    PLAN = "plan"
    """It is planned what is asked of which source, and compiled how it is answered, unless that is known."""
    RESOLVE = "resolve"
    """The cross-reference is asked who is meant."""
    POLICY = "policy"
    """It is decided what may be shown; an outside decision point is asked here."""
    RUN = "run"
    """Gates and steps are asked, each as soon as what it waits for has answered."""
    ASSEMBLE = "assemble"
    """The answer is made of what was read."""
    RECORD = "record"
    """What is shown is written down, before it leaves."""


class SendSpan(Protocol):
    """One call on the wire, while it is under way."""

    @property
    def traceparent(self) -> str:
        """Return what a source may be told of the trace (W3C Trace Context)."""

    def end(self, sent: Sent | None) -> None:
        """Take note of how the call ended; None: nobody waited for it any more, or nothing was sent."""


class Trace(Protocol):
    """A place in a trace under which calls are made: that of a step, as a rule."""

    def sending(self, source: str, offer: str, keys: int) -> SendSpan:
        """Begin a call on the wire. It names what is asked, and never a key or a value."""

    def joined(self, others: Sequence[Trace]) -> Trace:
        """Return the place of calls that are made for this one and the others together: each of them links to it."""

    def repeated(self, times: int) -> Trace:
        """Return the place of a call that is sent again; `times` counts from one."""


class StageSpan(Protocol):
    """Something that the gateway does for a request, while it is under way."""

    def end(self, failed: str | None = None) -> None:
        """Take note that it is over; `failed` is a code of ours, or the type of an exception."""


class StepSpan(Trace, Protocol):
    """What is asked of one offer, from the first batch to the last answer."""

    def asked(self, keys: int) -> None:
        """Take note of one more batch, of so many keys."""

    def end(self, failed: Mapping[Reason, int], left: int) -> None:
        """Take note of the last answer: how many keys failed, by reason, and for how many nobody waited any more."""


class RequestTrace(Protocol):
    """The trace of one request."""

    def asks(self, operation: str, name: str | None) -> None:
        """Take note of what the document is: its operation's type, and its name where the gateway knew it beforehand.

        What a client makes up may hold anything, so it is no name.
        """

    def stage(self, stage: Stage) -> StageSpan:
        """Begin something that the gateway does."""

    def step(self, source: str, offer: str, *, is_gate: bool) -> StepSpan:
        """Begin to ask an offer; `is_gate`: what it answers lets other things be asked."""
