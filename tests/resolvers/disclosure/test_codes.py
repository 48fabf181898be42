"""Every code that a client or the record can be told of is produced here, with its message and its remedy.

A code that is added without a scene fails these tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pytest

from adapters.answers import Answer, Gone, Key, Missing, ReplacedBy, SourceError
from resolvers import Engine, RefusalCode, RefusedError
from resolvers.disclosure import AuditUnavailableError
from resolvers.policy.decision_point import Decision, Question
from resolvers.rates import Rates
from schema.deadline import Deadline
from schema.reasons import Place, Reason
from schema.situation import Situation
from schema.views import View
from tests.resolvers.gated import EMAIL, Port, consent, gated
from tests.resolvers.harbour import harbour, known
from tests.resolvers.verified import asked, asserted, entries, granted, ruled
from tests.resolvers.vessels import ARGUMENTS, FIELDS, MODEL, view

Answered = Mapping[str, Any]
Scene = Callable[[], Awaitable[Answered]]

NAME = '{ vessel(by: {id: "v1"}) { name } }'
DRAUGHT = '{ vessel(by: {id: "v%s"}) { draught } }'


# What policy decides


async def nobody() -> Answered:
    return await harbour().ask('{ vessel(by: {id: "nobody"}) { name } }')


async def erased() -> Answered:
    """The client is told SUBJECT_UNKNOWN; the record says why."""

    async def all_of_them(ids: Sequence[str]) -> Collection[str]:
        return ids

    asking = asked(erased=all_of_them)
    answer = await asking.ask('{ vessel(by: {id: "gone"}) { name } }', ruled({}))
    assert [code for code, _, _ in entries(answer)] == ["SUBJECT_UNKNOWN"]
    (one,) = asking.memory.kept[0].customers
    return {"recorded": one.refused}


async def restricted() -> Answered:
    return await harbour([known(1, "Vessel.name")]).ask(NAME)


async def without_case() -> Answered:
    return await Port().ask(NAME, gated({"Vessel.name": {"relationship": "open-case"}}))


async def not_verified() -> Answered:
    return await asked().ask(NAME, ruled({"Vessel.name": {"min": "V2"}}))


async def verified_long_ago() -> Answered:
    return await asked().ask(NAME, ruled({"Vessel.name": {"min": "V2", "max_age": 60}}), asserted(age=61))


async def of_another() -> Answered:
    bound = ruled({}, subject={"mode": "single", "bound": True}, lookups=["id"])
    return await asked().ask(NAME, bound, asserted("v2"))


async def in_another_situation() -> Answered:
    rules = {"Vessel.name": {"when": {"channels": ["voice"]}}}
    return await asked().ask(NAME, ruled(rules, situation={"channels": ["voice", "chat"]}), situation=Situation("chat"))


def consented(status: str | None) -> Scene:
    """A field that waits for a consent of which this stands in its source; None: the source does not know anybody."""

    async def scene() -> Answered:
        port = Port([consent("O1", status)] if status not in (None, "missing") else [])
        if status is None:
            port.office.answers = {"O1": Missing()}
        return await port.ask(NAME, gated({"Vessel.name": {"consent": EMAIL}}))

    return scene


async def glass_shut() -> Answered:
    return await asked().ask(NAME, ruled({"Vessel.name": {"break_glass": True}}))


async def glass_of_another() -> Answered:
    return await asked().ask(NAME, ruled({"Vessel.name": {"break_glass": True}}), grant=granted(customer="v2"))


@dataclass(frozen=True)
class Point:
    """A decision point that decides everything so."""

    decision: Decision

    async def decide(self, question: Question, _deadline: Deadline) -> Sequence[Decision]:
        return [self.decision] * len(question.evaluations)


def decided(decision: Decision) -> Scene:
    async def scene() -> Answered:
        h = harbour()
        h.engine = Engine(MODEL, h.sources, h.crossref, decision_point=Point(decision))
        return await h.ask(NAME)

    return scene


async def without_an_owner_of_cases() -> Answered:
    return await Port.without_office().ask(NAME, gated({"Vessel.name": {"relationship": "open-case"}}))


async def of_a_type_outside_the_view() -> Answered:
    shown = [name for name in (*FIELDS, *ARGUMENTS) if not name.startswith("Tank.")]
    asking = '{ vessel(by: {id: "v1"}) { cargo { ... on Container { label } } } }'
    return await harbour().ask(asking, through=view(fields=dict.fromkeys(shown)))


async def masked() -> Answered:
    return await asked().ask(NAME, ruled({"Vessel.name": {"mask": "initials"}}))


# What sources answer


def answering(key: Key, answer: Answer | None) -> Scene:
    """A source that answers so for a key; None: it leaves the key out."""

    async def scene() -> Answered:
        h = harbour()
        for source in (h.registry, h.sonar):
            source.answers = {} if answer is None else {key: answer}
            source.leaves_out = {key} if answer is None else set()
        return await h.ask(NAME if key == "R1" else DRAUGHT % 1)

    return scene


async def not_linked() -> Answered:
    return await harbour().ask(DRAUGHT % 4)


async def another_record() -> Answered:
    h = harbour()
    h.sonar.records["heard"]["S1"] = [{"mmsi": "S2", "draught": 1, "heard_under": None, "log": None}]
    return await h.ask(DRAUGHT % 1)


async def too_late() -> Answered:
    h = harbour()
    h.sonar.gate = asyncio.Event()
    return await h.ask(DRAUGHT % 1, seconds=0.02)


async def of_another_list() -> Answered:
    h = harbour()
    page = """query ($after: String) { vessel(by: {id: "%s"}) {
      voyages(first: 1, after: $after) { pageInfo { endCursor } } } }"""
    first = await h.ask(page % "v1")
    after = first["data"]["vessel"]["voyages"]["pageInfo"]["endCursor"]
    return await h.ask(page % "v2", {"after": after})


async def of_another_type() -> Answered:
    h = harbour()
    h.sonar.records["heard"]["S1"][0]["draught"] = "deep"
    return await h.ask(DRAUGHT % 1)


SCENES: Mapping[Reason, Scene] = MappingProxyType(
    {
        Reason.SUBJECT_UNKNOWN: nobody,
        Reason.SUBJECT_ERASED: erased,
        Reason.SUBJECT_RESTRICTED: restricted,
        Reason.RELATIONSHIP_REQUIRED: without_case,
        Reason.VERIFICATION_REQUIRED: not_verified,
        Reason.VERIFICATION_EXPIRED: verified_long_ago,
        Reason.VERIFICATION_WRONG_SUBJECT: of_another,
        Reason.PURPOSE_NOT_ALLOWED: in_another_situation,
        Reason.CONSENT_MISSING: consented("missing"),
        Reason.CONSENT_REFUSED: consented("refused"),
        Reason.CONSENT_WITHDRAWN: consented("withdrawn"),
        Reason.CONSENT_EXPIRED: consented("expired"),
        Reason.CONSENT_UNKNOWN: consented(None),
        Reason.OBJECTION_RECORDED: consented("objected"),
        Reason.BREAK_GLASS_REASON_REQUIRED: glass_shut,
        Reason.BREAK_GLASS_NOT_ALLOWED: glass_of_another,
        Reason.POLICY_DENIED: decided(Decision(is_allowed=False)),
        Reason.OBLIGATION_UNSUPPORTED: decided(Decision(is_allowed=True, is_obliged=True)),
        Reason.POLICY_UNAVAILABLE: without_an_owner_of_cases,
        Reason.VALUE_NOT_IN_VIEW: of_a_type_outside_the_view,
        Reason.VALUE_MASKED: masked,
        Reason.SOURCE_NOT_LINKED: not_linked,
        Reason.SOURCE_KEY_GONE: answering("S1", Gone()),
        Reason.SOURCE_KEY_REPLACED: answering("S1", ReplacedBy("S9")),
        Reason.SOURCE_RECORD_MISSING: answering("R1", Missing()),
        **{
            reason: answering("S1", SourceError(reason, "inside"))
            for reason in (
                Reason.SOURCE_TIMEOUT,
                Reason.SOURCE_RATE_LIMITED,
                Reason.SOURCE_AUTH,
                Reason.SOURCE_ERROR,
                Reason.CIRCUIT_OPEN,
            )
        },
        Reason.SOURCE_INCOMPLETE: answering("S1", None),
        Reason.SOURCE_MISMATCH: another_record,
        Reason.DEADLINE_EXCEEDED: too_late,
        Reason.CURSOR_INVALID: of_another_list,
        Reason.VALUE_INVALID: of_another_type,
    }
)


@pytest.mark.parametrize("reason", Reason)
async def test_every_reason_is_told_with_its_remedy(reason: Reason) -> None:
    """At its place of the answer, in constant words; the value is null, unless it is masked."""
    answer = await SCENES[reason]()
    if "recorded" in answer:
        assert answer["recorded"] is reason
    elif reason.place is Place.ERROR:
        (error,) = answer["errors"]
        told = (error["extensions"]["code"], error["message"], error["extensions"]["remedy"])
        assert told == (str(reason), reason.message, reason.remedy)
        assert "inside" not in str(answer)
    else:
        (entry,) = answer["extensions"][reason.place.value]
        told = (entry["code"], entry["message"], entry["remedy"])
        assert told == (str(reason), reason.message, reason.remedy)
    assert reason.remedy
    assert reason.message


# Why a whole request is not answered


async def ask(query: str, through: View | None = None, **more: Any) -> Answered:
    return await asked().ask(query, through or ruled({}), **more)


async def too_often() -> Answered:
    h = harbour()
    h.engine = Engine(MODEL, h.sources, h.crossref, rates=Rates(1, lambda: 0.0))
    through = view(identifiers=["email"])
    variables = {"by": {"identifier": {"type": "EMAIL", "value": "a@example.com"}}}
    query = "query ($by: VesselBy!) { vessel(by: $by) { name } }"
    await h.ask(query, variables, through=through)
    return await h.ask(query, variables, through=through)


async def unwritten() -> Answered:
    asking = asked()
    asking.memory.fails = AuditUnavailableError("disk")
    return await asking.ask(NAME, ruled({}))


REFUSALS: Mapping[RefusalCode, Scene] = MappingProxyType(
    {
        RefusalCode.GRAPHQL_PARSE_FAILED: lambda: ask("{"),
        RefusalCode.GRAPHQL_VALIDATION_FAILED: lambda: ask('{ vessel(by: {id: "v1"}) { secret } }'),
        RefusalCode.OPERATION_RESOLUTION_FAILURE: lambda: ask("query A { __typename } query B { __typename }"),
        RefusalCode.BAD_USER_INPUT: lambda: ask("query ($by: VesselBy!) { vessel(by: $by) { name } }"),
        RefusalCode.QUERY_BUDGET: lambda: ask(NAME, ruled({}, limits={"depth": 1})),
        RefusalCode.RATE_LIMITED: too_often,
        RefusalCode.INTROSPECTION_NOT_ALLOWED: lambda: ask(
            "{ __schema { queryType { name } } }", ruled({}, introspection="nobody")
        ),
        RefusalCode.SITUATION_NOT_ALLOWED: lambda: ask(NAME, situation=Situation("voice")),
        RefusalCode.AUDIT_UNAVAILABLE: unwritten,
        RefusalCode.VIEW_SUBJECTS: lambda: ask(
            '{ vessels(by: [{id: "v1"}, {id: "v2"}]) { name } }', ruled({}, subject={"mode": "single"})
        ),
    }
)
_OF_GRAPHQL = {
    RefusalCode.GRAPHQL_PARSE_FAILED,
    RefusalCode.GRAPHQL_VALIDATION_FAILED,
    RefusalCode.OPERATION_RESOLUTION_FAILURE,
    RefusalCode.BAD_USER_INPUT,
}
"""Where GraphQL's own message says what is wrong, which also says how to mend it."""


@pytest.mark.parametrize("code", RefusalCode)
async def test_every_refusal_is_told_with_its_remedy(code: RefusalCode) -> None:
    """And with a message that says what was got."""
    with pytest.raises(RefusedError) as caught:
        await REFUSALS[code]()
    assert caught.value.code is code
    for error in caught.value.formatted():
        assert error["message"]
        extensions = error["extensions"]
        assert isinstance(extensions, dict)
        assert extensions["code"] == str(code)
        assert extensions.get("remedy") or code in _OF_GRAPHQL
