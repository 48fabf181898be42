"""The operator is told of which source and field the values are that an answer calls VALUE_INVALID."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from adapters.answers import Fault, Found
from resolvers.assembled import ABSENT
from schema.observer import Event, Invalid
from schema.reasons import Reason
from tests.resolvers.harbour import FETCHED_AT, TIMED_OUT, Harbour, harbour

MANY = "query ($by: [VesselBy!]!) { vessels(by: $by) { %s } }"
BY = {"by": [{"id": "v1"}, {"id": "v2"}, {"id": "v3"}]}


@dataclass
class Heard:
    """An observer that keeps what it was told of invalid values."""

    events: list[Invalid] = field(default_factory=list)

    def note(self, event: Event) -> None:
        """Keep it."""
        if isinstance(event, Invalid):
            self.events.append(event)


def overheard() -> tuple[Harbour, Heard]:
    """A harbour, and who listens to what happens there."""
    heard = Heard()
    return harbour(observer=heard), heard


async def told(h: Harbour, heard: Heard, fields: str) -> tuple[dict[str, Any], list[Invalid]]:
    """The answer to what is asked twice, by the executor and by the shape, and what was told each time."""
    first = await h.ask(MANY % fields, BY)
    events, heard.events = heard.events, []
    assert await h.ask(MANY % fields, BY) == first
    assert heard.events == events
    return first, events


def record(h: Harbour, offer: str, key: str) -> dict[str, Any]:
    """What a source has of a key."""
    source = next(one for one in (h.registry, h.sonar, h.states, h.logs) if offer in one.records)
    return source.records[offer][key][0]


async def test_a_value_that_a_record_does_not_have_is_told_as_absent() -> None:
    """To the client by its message, and to the operator; a null that is there is the source's own."""
    h, heard = overheard()
    del record(h, "heard", "S1")["draught"]
    record(h, "heard", "S2")["draught"] = None
    answer, events = await told(h, heard, "depth: draught")
    assert events == [Invalid("sonar", "heard", "Vessel.draught", True, 1)]
    assert answer["errors"] == [
        {
            "message": ABSENT,
            "locations": [{"line": 1, "column": 48}],
            "path": ["vessels", 0, "depth"],
            "extensions": {"code": "VALUE_INVALID", "remedy": Reason.VALUE_INVALID.remedy},
        }
    ]


async def test_values_of_another_type_are_told_together() -> None:
    """A word that the model does not have is one of them, by a record's enum or by the model's."""
    h, heard = overheard()
    record(h, "vessels", "R1")["kind"] = "submarine"
    record(h, "vessels", "R3")["kind"] = "submarine"
    h.registry.answers["R2"] = Found({"kind": "no member", "name": "Berta"}, FETCHED_AT)
    answer, events = await told(h, heard, "kind name")
    assert events == [Invalid("registry", "vessels", "Vessel.kind", False, 3)]
    assert {error["message"] for error in answer["errors"]} == {Reason.VALUE_INVALID.message}
    assert [vessel["name"] for vessel in answer["data"]["vessels"]] == ["Anna", "Berta", "Clara"]


async def test_each_value_is_told_of_the_source_that_has_it() -> None:
    """In an object, in a list, behind a key; a key that is none is told of the source that has the key."""
    h, heard = overheard()
    record(h, "vessels", "R1")["loa"] = "long"
    record(h, "vessels", "R1")["owners"][1]["share"] = "x"
    record(h, "flags", "NL")["state"] = 7
    record(h, "heard", "S3")["log"] = 7
    record(h, "logs", "L1")["line"] = 7
    fields = "size { length } owners { share } flag { state } log { line } sightings { on }"
    _, events = await told(h, heard, fields)
    places = {(one.source, one.offer, one.coordinate): (one.is_absent, one.values) for one in events}
    assert places == {
        ("registry", "vessels", "Size.length"): (False, 1),
        ("registry", "vessels", "Owner.share"): (False, 1),
        ("states", "flags", "Flag.state"): (False, 2),
        ("sonar", "heard", "Vessel.log"): (False, 1),
        ("logs", "logs", "LogEntry.line"): (False, 1),
        ("registry", "sightings", "Vessel.sightings"): (False, 1),
    }


async def test_other_nulls_are_not_told() -> None:
    """A source that fails is told by its keys, and what is not there has its own reason."""
    h, heard = overheard()
    h.registry.answers["R1"] = TIMED_OUT
    h.registry.answers["R2"] = Found({"name": Fault(Reason.SOURCE_RECORD_MISSING)}, FETCHED_AT)
    answer, events = await told(h, heard, "name draught")
    assert (len(answer["errors"]), events) == (1, [])


async def test_an_entry_of_a_list_may_be_absent_too() -> None:
    """Where an adapter says so; it is told of the list."""
    h, heard = overheard()
    h.registry.answers["R1"] = Found({"owners": [Fault(Reason.VALUE_INVALID, is_absent=True), None]}, FETCHED_AT)
    answer, events = await told(h, heard, "owners { name }")
    assert events == [Invalid("registry", "vessels", "Vessel.owners", True, 1)]
    assert [(error["message"], error["path"]) for error in answer["errors"]] == [(ABSENT, ["vessels", 0, "owners", 0])]
