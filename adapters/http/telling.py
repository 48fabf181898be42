"""What a source is told in headers, beside what it is asked: whose call it is, what for, and how long it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter

from adapters.adapter import Call
from adapters.sending import Ready, UnsentError
from schema.reasons import Reason

__all__ = ["DeadlineForm", "Telling", "Told", "own_headers"]


class DeadlineForm(StrEnum):
    """How a source is told for how long an answer is waited for."""

    MILLISECONDS = "milliseconds"
    """A whole number, 1 or more: `850`."""
    SECONDS = "seconds"
    """With three decimals: `0.850`."""

    def written(self, seconds: float) -> str:
        """Return so many seconds in this form, no less than a millisecond."""
        milliseconds = max(1, int(seconds * 1000))
        return str(milliseconds) if self is DeadlineForm.MILLISECONDS else f"{milliseconds / 1000:.3f}"


@dataclass(frozen=True, slots=True)
class Told:
    """Names of the headers in which the source is told why it is asked, and how long the answer is waited for; None: it
    is not told.

    `deadline` tells what is left right before the first byte of each call, in the `deadline_form`.
    """

    purpose: str | None = None
    case: str | None = None
    trace: str | None = None
    deadline: str | None = None
    deadline_form: DeadlineForm = DeadlineForm.MILLISECONDS


class Telling:
    """Writes the headers that depend on the call."""

    def __init__(self, told: Told, *, forward_credential: bool) -> None:
        self._told, self._pairs = told, _pairs(told)
        self.forwards_credential = forward_credential

    def headers(self, call: Call, *, has_body: bool) -> dict[str, str]:
        """Return the headers of a call. Raises UnsentError where a header cannot hold what is to be told."""
        said = {name: value for name, what in self._pairs if (value := what(call)) is not None}
        if has_body:
            said["Content-Type"] = "application/json"
        if self.forwards_credential:
            if call.credential is None:
                raise UnsentError(Reason.SOURCE_AUTH, "the caller's credential is to be forwarded, and there is none")
            said["Authorization"] = f"Bearer {call.credential}"
        if not all(map(_is_header_value, said.values())):
            raise UnsentError(Reason.SOURCE_ERROR, "what the source is to be told cannot stand in a header")
        return said

    def what_is_left(
        self, said: dict[str, str], call: Call, timeout: float | None, ready: Ready | None
    ) -> Ready | None:
        """Return what is called right before the first byte: `ready`, and what then writes into the headers how much is
        left of the call's time, of which `timeout` are the most seconds."""
        if self._told.deadline is None:
            return ready
        name, form, clock = self._told.deadline, self._told.deadline_form, call.deadline.clock
        until = call.deadline.at if timeout is None else min(call.deadline.at, clock() + timeout)

        def told() -> None:
            if ready is not None:
                ready()
            said[name] = form.written(until - clock())

        said[name] = form.written(until - clock())  # for a transport of others, which calls nothing before it sends
        return told


def own_headers(source: str, headers: Mapping[str, str], *, forward_credential: bool) -> dict[str, str]:
    """Return the headers that go with every request: these, and those of the gateway. Raises ValueError."""
    names = {name.lower() for name in headers}
    if forward_credential and "authorization" in names:
        raise ValueError(
            f"source {source}: got an Authorization header and forward_credential=True; a source is asked either with "
            "the adapter's own credential or with the caller's: leave one out"
        )
    for name, value in headers.items():
        if not _is_header_value(value):
            raise ValueError(
                f"source {source}: got a value for the header {name} that no header can hold; wanted ASCII"
            )
    return {"Accept-Encoding": "gzip", "User-Agent": "customer-view-gateway", **headers}


def _pairs(told: Told) -> tuple[tuple[str, Callable[[Call], str | None]], ...]:
    pairs = (
        (told.purpose, attrgetter("purpose")),
        (told.case, attrgetter("case")),
        (told.trace, attrgetter("traceparent")),
    )
    return tuple((name, what) for name, what in pairs if name is not None)


def _is_header_value(value: str) -> bool:
    return value.isascii() and value.isprintable() and bool(value) and value == value.strip()
