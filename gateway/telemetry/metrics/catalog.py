"""Everything that is measured: the instruments, by the conventions of OpenTelemetry where there are some.

The names of HTTP are those of the semantic conventions, as are their bounds; for GraphQL these have no metric. Labels
come from configuration alone: sources, offers, views, consumers, coordinates and codes; no customer, key or actor.
"""

from __future__ import annotations

from gateway.telemetry.metrics.instruments import Instrument, Kind

__all__ = ["CATALOG", "PREFIX"]

PREFIX = "customer_view."

_SOURCE, _OFFER, _OUTCOME = PREFIX + "source", PREFIX + "offer", PREFIX + "outcome"
_VIEW, _CONSUMER, _CODE = PREFIX + "view", PREFIX + "consumer", PREFIX + "code"
_COORDINATE, _GATE, _STATE, _CLASS = PREFIX + "coordinate", PREFIX + "gate", PREFIX + "state", PREFIX + "class"

_REQUESTS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds: the bounds that the semantic conventions give for requests over HTTP."""
_SHORT = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds: of what takes micro- or milliseconds when all is well."""

_METHOD, _SCHEME = "http.request.method", "url.scheme"
_ROUTE, _STATUS, _ERROR = "http.route", "http.response.status_code", "error.type"

HTTP_DURATION = Instrument(
    "http.server.request.duration",
    Kind.HISTOGRAM,
    "s",
    "What requests took over HTTP, to the last byte handed over.",
    (_METHOD, _SCHEME, _ROUTE, _STATUS, _ERROR),
    _REQUESTS,
)
HTTP_ACTIVE = Instrument(
    "http.server.active_requests", Kind.LEVEL, "{request}", "Requests under way over HTTP.", (_METHOD, _SCHEME)
)

REQUESTS = Instrument(
    PREFIX + "requests",
    Kind.COUNTER,
    "{request}",
    "GraphQL requests of known consumers: OK, PARTIAL (with errors), or the code of the refusal.",
    (_VIEW, _CONSUMER, _OUTCOME),
)
REQUEST_DURATION = Instrument(
    PREFIX + "request.duration",
    Kind.HISTOGRAM,
    "s",
    "What GraphQL requests took that were answered, by view.",
    (_VIEW,),
    _REQUESTS,
)
REQUESTS_SHED = Instrument(
    PREFIX + "requests.shed", Kind.COUNTER, "{request}", "Requests refused under overload, by class.", (_CLASS,)
)
REQUESTS_QUEUED = Instrument(
    PREFIX + "requests.queued",
    Kind.COUNTER,
    "{request}",
    "Requests that had to wait for their turn at the door, by class.",
    (_CLASS,),
)
REQUESTS_WAITING = Instrument(
    PREFIX + "requests.waiting", Kind.LEVEL, "{request}", "Requests that wait for their turn at the door now."
)
REQUESTS_WIDTH = Instrument(
    PREFIX + "requests.width", Kind.GAUGE, "{request}", "How many requests may be worked on together now: it adapts."
)

WITHHELD = Instrument(
    PREFIX + "answer.withheld",
    Kind.COUNTER,
    "{coordinate}",
    "Coordinates that a rule withheld, one for each answer, reason and coordinate.",
    (_VIEW, _CODE),
)
MASKED = Instrument(
    PREFIX + "answer.masked",
    Kind.COUNTER,
    "{coordinate}",
    "Coordinates that a rule showed in another form, one for each answer and coordinate.",
    (_VIEW, _CODE),
)
ABSENT = Instrument(
    PREFIX + "answer.absent",
    Kind.COUNTER,
    "{coordinate}",
    "Coordinates of which the source has no record, one for each answer, reason and coordinate.",
    (_VIEW, _CODE),
)
ERRORS = Instrument(
    PREFIX + "answer.errors",
    Kind.COUNTER,
    "{error}",
    "Errors in answers: nulls for which a source, or time, is the cause.",
    (_VIEW, _CODE),
)
GATES = Instrument(
    PREFIX + "gate.decisions",
    Kind.COUNTER,
    "{decision}",
    "What gates decided, one for each customer: open, or the code of why not.",
    (_GATE, _OUTCOME),
)

CALLS = Instrument(
    PREFIX + "source.calls",
    Kind.COUNTER,
    "{call}",
    "Calls on the wire that have ended: OK, or the code of the failure; LEFT where nobody waited any longer, before "
    "the deadline.",
    (_SOURCE, _OFFER, _OUTCOME),
)
CALL_DURATION = Instrument(
    PREFIX + "source.duration",
    Kind.HISTOGRAM,
    "s",
    "What calls on the wire took, from the start to the last byte.",
    (_SOURCE, _OFFER),
    (0.001, 0.0025, *_REQUESTS),
)
KEYS = Instrument(PREFIX + "source.keys", Kind.COUNTER, "{key}", "Keys that calls asked.", (_SOURCE, _OFFER))
SERVED = Instrument(
    PREFIX + "source.served",
    Kind.COUNTER,
    "{call}",
    "Calls, counted once for each request that they served: by source.calls it is how many requests share a call.",
    (_SOURCE,),
)
FAILED = Instrument(
    PREFIX + "source.failed_keys",
    Kind.COUNTER,
    "{key}",
    "Keys that a source did not answer, one for each request that asked.",
    (_SOURCE, _OFFER, _CODE),
)
UNSENT = Instrument(
    PREFIX + "source.unsent",
    Kind.COUNTER,
    "{call}",
    "Calls that a limit of the gateway's refused: nothing was sent.",
    (_SOURCE, _OFFER, _CODE),
)
RETRIES = Instrument(
    PREFIX + "source.retries",
    Kind.COUNTER,
    "{call}",
    "Calls that were sent again, by why they had failed.",
    (_SOURCE, _OFFER, _CODE),
)
WAIT = Instrument(
    PREFIX + "source.wait",
    Kind.HISTOGRAM,
    "s",
    "How long calls waited for their rate or their turn, of those that had to.",
    (_SOURCE,),
    _REQUESTS,
)

BREAKER = Instrument(
    PREFIX + "source.breaker",
    Kind.GAUGE,
    "{state}",
    "1 for the state in which the source's breaker is, and 0 for the others.",
    (_SOURCE, _STATE),
)
OFFER_BREAKER = Instrument(
    PREFIX + "source.offer.breaker",
    Kind.GAUGE,
    "{state}",
    "1 for the state in which the offer's own breaker is, and 0 for the others; of offers that were asked.",
    (_SOURCE, _OFFER, _STATE),
)
OPENED = Instrument(
    PREFIX + "source.breaker.opened", Kind.COUNTER, "{time}", "How often the breaker has opened.", (_SOURCE,)
)
WIDTH = Instrument(
    PREFIX + "source.width", Kind.GAUGE, "{call}", "How many calls may run together now: it adapts.", (_SOURCE,)
)
MOST = Instrument(PREFIX + "source.width.most", Kind.GAUGE, "{call}", "How many may at most.", (_SOURCE,))
UNDER_WAY = Instrument(PREFIX + "source.in_flight", Kind.LEVEL, "{call}", "Calls on the wire now.", (_SOURCE,))
WAITING = Instrument(
    PREFIX + "source.waiting", Kind.LEVEL, "{call}", "Calls that wait for their rate or their turn.", (_SOURCE,)
)
HELD = Instrument(
    PREFIX + "source.held",
    Kind.GAUGE,
    "s",
    "For how long yet the source has asked to be left alone; 0: it has not.",
    (_SOURCE,),
)
RETRIES_LEFT = Instrument(
    PREFIX + "source.retries.left",
    Kind.GAUGE,
    "{call}",
    "How many calls may be sent again now, by the budget.",
    (_SOURCE,),
)

VALUES = Instrument(
    PREFIX + "quality.values",
    Kind.COUNTER,
    "{value}",
    "Places of answers for which the source had a record, whatever stood there.",
    (_SOURCE, _COORDINATE),
)
NULLS = Instrument(
    PREFIX + "quality.nulls",
    Kind.COUNTER,
    "{value}",
    "Those of them that the source left empty.",
    (_SOURCE, _COORDINATE),
)
INVALID = Instrument(
    PREFIX + "quality.invalid",
    Kind.COUNTER,
    "{value}",
    "Those of them where what stood there is no value of the model.",
    (_SOURCE, _COORDINATE),
)

LOOKUPS = Instrument(
    PREFIX + "crossref.lookups",
    Kind.COUNTER,
    "{lookup}",
    "Look-ups in the cross-reference: FOUND, UNKNOWN or FAILED.",
    (_OUTCOME,),
)
LOOKUP_DURATION = Instrument(
    PREFIX + "crossref.duration",
    Kind.HISTOGRAM,
    "s",
    "What asking the cross-reference took, one for each request.",
    (),
    _SHORT,
)
AUDIT_DURATION = Instrument(
    PREFIX + "audit.duration",
    Kind.HISTOGRAM,
    "s",
    "What writing a record of the audit took, before its answer left.",
    (),
    _SHORT,
)
AUDIT_FAILURES = Instrument(
    PREFIX + "audit.failures",
    Kind.COUNTER,
    "{record}",
    "Records that could not be written, whatever of, so nothing was shown.",
)
AUDIT_LAG = Instrument(
    PREFIX + "audit.lag",
    Kind.GAUGE,
    "s",
    "For how long records have been written that no anchor covers; at 60 s nothing is shown any more.",
)

LOOP_LAG = Instrument(
    PREFIX + "event_loop.lag", Kind.HISTOGRAM, "s", "How late the event loop was, four times a second.", (), _SHORT
)
CPU = Instrument(
    "process.cpu.time", Kind.COUNTER, "s", "Seconds of processor time that the process has taken.", ("cpu.mode",)
)
MEMORY = Instrument("process.memory.usage", Kind.LEVEL, "By", "Memory of the process that is resident (Linux only).")
UPTIME = Instrument("process.uptime", Kind.GAUGE, "s", "For how long the gateway has been open.")

CATALOG = (
    HTTP_DURATION,
    HTTP_ACTIVE,
    REQUESTS,
    REQUEST_DURATION,
    REQUESTS_SHED,
    REQUESTS_QUEUED,
    REQUESTS_WAITING,
    REQUESTS_WIDTH,
    WITHHELD,
    MASKED,
    ABSENT,
    ERRORS,
    GATES,
    CALLS,
    CALL_DURATION,
    KEYS,
    SERVED,
    FAILED,
    UNSENT,
    RETRIES,
    WAIT,
    BREAKER,
    OFFER_BREAKER,
    OPENED,
    WIDTH,
    MOST,
    UNDER_WAY,
    WAITING,
    HELD,
    RETRIES_LEFT,
    VALUES,
    NULLS,
    INVALID,
    LOOKUPS,
    LOOKUP_DURATION,
    AUDIT_DURATION,
    AUDIT_FAILURES,
    AUDIT_LAG,
    LOOP_LAG,
    CPU,
    MEMORY,
    UPTIME,
)
"""All of them, in the order in which they are documented."""
