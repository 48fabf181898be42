"""How long a client waits for an answer: the header Prefer (RFC 7240), and `extensions.deadlineMs`.

Either makes the time of the view shorter, and never longer. A preference that cannot be read is none, as the RFC says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.headers import Headers
from schema.views import View

__all__ = ["LEAST_MS", "preferred_wait", "seconds_for", "time_wanted"]

LEAST_MS = 10
"""Milliseconds; what is less is taken for so much."""

_PREFER = b"prefer"
_PREFERENCE = re.compile(
    r"""\s*+(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]++)        # a token; nothing is looked at twice
        \s*+(=\s*+(?P<value>[!#$%&'*+.^_`|~0-9A-Za-z-]+|"([^"\\]|\\.)*"))?
        \s*+(;([^",]|"([^"\\]|\\.)*")*)?                   # parameters: none of `wait`
        \s*+(,|$)""",
    re.VERBOSE,
)
_SECONDS = re.compile(r'"?(?P<seconds>[0-9]{1,9})"?')
_LONGEST = 1_024


def preferred_wait(headers: Headers) -> int | None:
    """Return how many seconds the client prefers to wait for at most, by the first `wait` of its Prefer header.

    None where it says nothing of it, or nothing that can be read.
    """
    given = headers.get(_PREFER)
    if given is None or len(given) > _LONGEST:
        return None
    text, place = given.decode("latin-1"), 0
    while place < len(text) and (found := _PREFERENCE.match(text, place)) is not None:
        if found["name"].lower() == "wait":
            said = _SECONDS.fullmatch(found["value"] or "")
            return int(said["seconds"]) if said is not None else None
        place = found.end()
    return None


def seconds_for(view: View, wanted_ms: int) -> float:
    """Return the time of a request in seconds, of which the client wants so many milliseconds at most.

    A view that shows nobody without a relationship says by one code, at one moment (`refusal_ms`), that somebody is
    not shown: a client's shorter time would tell why.
    """
    most = view.limits.deadline_ms
    least = LEAST_MS if view.subject.relationship is None else view.subject.refusal_ms or most
    return min(most, max(least, wanted_ms)) / 1000


def time_wanted(view: View, headers: Headers) -> tuple[float, Mapping[str, str] | None]:
    """Return the time of a request in seconds, as the view and the client's preference have it, and the header that
    says so to the client; None where the preference has changed nothing."""
    wait = preferred_wait(headers) if _PREFER in headers else None
    if wait is None:
        return view.limits.deadline_ms / 1000, None
    seconds = seconds_for(view, wait * 1000)
    is_applied = seconds * 1000 < view.limits.deadline_ms and seconds == max(wait, LEAST_MS / 1000)
    return seconds, {"Preference-Applied": f"wait={wait}"} if is_applied else None
