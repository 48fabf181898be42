"""Ways to be shown more than one may, or to find out what one may not: each was tried, and is shut."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Key
from adapters.crossref import LinkedKey, Subject
from resolvers import Engine, RefusalCode, RefusedError, Request
from resolvers.disclosure import AuditUnavailableError, Disclosure
from schema.caller import Caller
from schema.deadline import Deadline
from schema.reasons import Reason
from schema.verification import Level
from tests.resolvers.gated import EMAIL, Port, case, consent, gated, ship, withheld
from tests.resolvers.test_relationship import Time, desk
from tests.resolvers.verified import asked, asserted, entries, ruled
from tests.resolvers.vessels import MODEL

SEEN = '{ vessel(by: {id: "%s"}) { name } }'
ONE = '{ vessel(by: {id: "%s"}) { name draught } }'


@pytest.mark.parametrize(
    ("methods", "level", "counts"),
    [
        (("otp",), Level.V2, Level.V2),
        (("kba",), Level.V2, Level.V1),
        (("otp", "kba"), Level.V3, Level.V2),
        (("kba", "pin"), Level.V2, Level.V1),
    ],
)
async def test_a_method_that_the_view_does_not_name_proves_nothing_in_it(
    methods: tuple[str, ...], level: Level, counts: Level
) -> None:
    """Where a code or the app is wanted, answers to questions are a claim; the record says the level that counted."""
    view = ruled({"Vessel.name": {"min": "V2"}, "Vessel.draught": {"min": "V3"}})
    asking = asked()
    answer = await asking.ask(ONE % "v1", view, replace(asserted(level=level), methods=methods))
    assert answer["data"]["vessel"] == {"name": "Anna" if counts is Level.V2 else None, "draught": None}
    assert {one["stepUp"]["current"] for one in answer["extensions"]["withheld"]} == {str(counts)}
    assert [one.level for one in asking.memory.kept[0].customers] == [counts]


async def test_a_bound_view_reads_nothing_of_others_to_record_them() -> None:
    """Neither who they are, nor whether they were erased."""
    read: list[Sequence[str]] = []

    async def erased(ids: Sequence[str]) -> Collection[str]:
        read.append(ids)
        return ids

    asking = asked(erased=erased)
    bound = ruled({"Vessel.name": {"min": "V1"}}, subject={"mode": "single", "bound": True}, lookups=["id"])
    answer = await asking.ask(ONE % "v2", bound, asserted("v1"))
    assert entries(answer) == [("VERIFICATION_WRONG_SUBJECT", "Query.vessel", [["vessel"]])]
    assert (asking.h.crossref.reads, read) == (0, [])
    assert [one.refused for one in asking.memory.kept[0].customers] == [Reason.VERIFICATION_WRONG_SUBJECT]


class Shut:
    """A recorder that can write nothing."""

    async def record(self, disclosure: Disclosure) -> None:
        raise AuditUnavailableError


@pytest.mark.parametrize("nobody", ["v2", "v99"])
async def test_a_refusal_for_the_audit_tells_by_no_time_whether_somebody_is_there(nobody: str) -> None:
    """Whoever has no open case, or does not exist: it leaves when every refusal of the view does."""
    time = Time(Port(cases=[case("O1")]))
    time.engine._recorder = Shut()
    with pytest.raises(RefusedError) as refused:
        await time.ask(ONE % nobody, desk())
    assert refused.value.code is RefusalCode.AUDIT_UNAVAILABLE
    assert time.slept == [0.3]


async def test_a_refusal_for_its_calls_tells_by_no_time_who_else_was_asked_for() -> None:
    """What needs them for its keys is counted when the gates have answered; somebody is not shown, so it leaves at the
    view's time."""
    many = tuple(LinkedKey(f"R{number}", "") for number in range(500))
    time = Time(Port(cases=[case("O1")], subjects=[Subject("v1", False, {**ship(1).keys, "registry": many}), ship(2)]))
    query = '{ a: vessel(by: {id: "v1"}) { name draught } b: vessel(by: {id: "v2"}) { name draught } }'
    limits: dict[str, Any] = {"limits": {"calls": 3}}
    with pytest.raises(RefusedError, match="For the customers who were found") as refused:
        await time.ask(query, desk(**limits))
    assert refused.value.code is RefusalCode.QUERY_BUDGET
    assert time.slept == [0.3]
    assert time.port.harbour.calls == {}
    assert [(one.customer, one.refused) for one in time.records[-1].customers] == [
        ("v1", None),
        ("v2", Reason.RELATIONSHIP_REQUIRED),
    ]
    assert (time.records[-1].code, refused.value.is_recorded) == ("QUERY_BUDGET", True)


async def test_whoever_is_asked_for_in_vain_is_named_in_the_record() -> None:
    """Somebody who tries one after the other leaves a trace of each, though shown nobody."""
    time = Time(Port(cases=[case("O1")], subjects=[ship(1), ship(2), ship(3, "Vessel.id")]))
    query = '{ vessels(by: [{id: "v2"}, {id: "v3"}, {id: "v99"}, {registry: "R2"}]) { name } }'
    answer = await time.ask(query, desk())
    assert answer["data"] == {"vessels": [None] * 4}
    assert [(one["code"], one["paths"]) for one in answer["extensions"]["withheld"]] == [
        ("SUBJECT_UNKNOWN", [["vessels", "*"]])
    ]
    assert [(one.customer, one.refused) for one in time.records[-1].customers] == [
        ("v2", Reason.RELATIONSHIP_REQUIRED),
        ("v3", Reason.SUBJECT_RESTRICTED),
        (None, Reason.SUBJECT_UNKNOWN),
        ("v2", Reason.RELATIONSHIP_REQUIRED),
    ]
    assert "v2" not in repr(time.records[-1])


@pytest.mark.parametrize(("who", "calls"), [("v1", {"office": 1, "registry": 1}), ("v2", {"office": 1}), ("v99", {})])
async def test_a_source_that_was_asked_for_a_case_stands_in_the_record(who: str, calls: dict[str, int]) -> None:
    """Also where nobody is shown for what it answered."""
    time = Time(Port(cases=[case("O1")]))
    await time.ask(SEEN % who, desk())
    assert time.records[-1].sources == calls


async def test_an_adapter_that_looks_at_no_permit_is_asked_nothing_of_a_withdrawn_consent() -> None:
    """Two seconds after consent was read it is read again, before the adapter is asked for what the name leads to."""
    port, now = Port([consent("O1", "given"), consent("O2", "given")]), [50.0]
    engine = Engine(MODEL, [*port.harbour.sources, port.office], port.harbour.crossref, clock=lambda: now[0])
    fetch = port.harbour.registry.fetch

    async def slowly(batch: Batch, call: Call) -> Mapping[Key, Answer]:
        answers = await fetch(batch, call)
        now[0] += 2
        port.office.records["consents"]["O1"] = [consent("O1", "withdrawn")]
        return answers

    port.harbour.registry.fetch = slowly  # type: ignore[method-assign]
    view = gated({one: {"consent": EMAIL} for one in ("Vessel.flag", "Flag.state")})
    request = Request('{ vessels(by: [{id: "v1"}, {id: "v2"}]) { flag { state } } }')
    answer = await engine.answer(view, request, Caller("bridge-desk"), Deadline.after(10, clock=lambda: now[0]))
    assert answer["data"]["vessels"] == [{"flag": None}, {"flag": {"state": "Norway"}}]
    assert withheld(answer) == {"Vessel.flag": "CONSENT_WITHDRAWN"}
    assert [batch.keys for batch in port.harbour.states.batches] == [("NO",)]
    assert len(port.office.batches) == 2
