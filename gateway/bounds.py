"""What one process takes from those who connect to it, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Bounds"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one process takes from those who connect to it."""

    connections: int = 1_000
    """At most so many are open. One more takes the place of an idle one; where none is, it is answered 503."""
    head_bytes: int = 32_768
    """The request line and the headers, and after a chunked body its trailers. Longer ones are answered 431.

    What begins in the middle of received bytes, behind an earlier request, is counted from the next piece on: it may
    have up to twice as many.
    """
    head_seconds: float = 10.0
    """From the first byte of a request to the end of its headers; later is answered 408.

    Also for what is left of a body once the answer is given, and for a connection that says nothing at first; it is
    closed then.
    """
    body_seconds: float = 10.0
    """Of a body that does not come at once, `body_bytes` have to come in each of such times, or all that is left of it.
    Slower is answered 408, and closed where an answer has begun."""
    body_bytes: int = 10_000
    answer_seconds: float = 20.0
    """An answer that is not taken in so long is cut, with its connection. What counts is the rest of it when the
    connection is to be closed, or more than 64 KiB of it."""
    unsent_bytes: int = 65_536
    """So much of answers the operating system holds of a connection before it sends them. By itself Linux takes up to
    4 MiB of what a client does not read, and neither counts it to this process nor tells it that it is not taken. What
    is on its way is not counted, so that this slows down no client who reads (TCP_NOTSENT_LOWAT, tcp(7))."""
    idle_seconds: float = 1.0
    """Where as many are open as may be, one more takes the place of that which has said nothing for longest, or has not
    ended what it says: if it is as long as this. nginx does so with connections that are kept."""
    linger_seconds: float = 1.0
    """How long a refused client has to read why: a connection that is closed while it sends loses what it was told."""
