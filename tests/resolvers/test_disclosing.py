"""What a request was shown is written down before it leaves, without a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from resolvers import RefusalCode, RefusedError
from resolvers.disclosure import AuditUnavailableError, Disclosed, Effect
from schema.reasons import Reason
from schema.situation import Situation
from schema.verification import Level
from tests.resolvers.harbour import known
from tests.resolvers.test_levels import ALL, LEVELS, ONE
from tests.resolvers.verified import NOW, asked, asserted, granted, ruled


def codes(disclosed: Disclosed) -> Mapping[str, tuple[str, ...]]:
    """The effects on one customer, shortly."""
    return {name: (effect.effect, *map(str, effect.codes)) for name, effect in disclosed.effects.items()}


async def test_a_request_is_recorded_with_what_was_decided_of_whom() -> None:
    """Who asked which view for what, when, in which situation, and what was decided of each coordinate; no value."""
    asking = asked()
    through = ruled(
        {"Vessel.name": {"min": "V1", "below": "initials"}, "Vessel.draught": {"min": "V2"}},
        situation={"channels": ["voice"], "case": "optional"},
    )
    situation, grant = Situation("voice", case="CASE-1"), granted()
    await asking.ask(ALL, through, asserted("v1"), situation=situation, grant=grant)
    (one,) = asking.memory.kept
    assert (one.view, one.purpose, one.basis, one.consumer) == ("bridge@1", "CustomerCare", "A6-1-b", "bridge-desk")
    assert (one.situation, one.at, one.grant, one.code, one.request) == (situation, NOW, grant, None, "req-1")
    assert one.sources == {"registry": 1, "sonar": 1}
    assert one.seconds >= 0
    first, second, third = one.customers
    assert [each.customer for each in one.customers] == ["v1", "v2", "v3"]
    assert [each.level for each in one.customers] == [Level.V2, Level.V0, Level.V0]
    assert codes(first) == {"Vessel.draught": ("allow",), "Vessel.name": ("allow",)}
    assert codes(second) == {
        "Vessel.draught": ("withhold", "VERIFICATION_REQUIRED"),
        "Vessel.name": ("transform", "VALUE_MASKED"),
    }
    assert second.effects is third.effects
    assert "Anna" not in repr(one)
    assert "v1" not in repr(one.customers)


async def test_each_customer_has_the_effects_on_what_was_asked_of_it() -> None:
    """Several root fields may ask for different things of different customers."""
    asking = asked()
    await asking.ask('{ a: vessel(by: {id: "v1"}) { name } b: vessels(by: [{id: "v2"}]) { draught } }', ruled({}))
    (one,) = asking.memory.kept
    assert [dict(each.effects) for each in one.customers] == [
        {"Vessel.name": Effect("allow")},
        {"Vessel.draught": Effect("allow")},
    ]


async def test_what_only_withheld_fields_lead_to_was_shown_to_nobody() -> None:
    """It is not withheld itself, and the record does not take it for shown; nor what holds nothing else."""
    asking = asked()
    through = ruled({"Vessel.flag": {"min": "V2"}})
    flagged = '{ vessel(by: {id: "v1"}) { name flag { state } } }'
    await asking.ask(flagged, through)
    await asking.ask(flagged, through, asserted("v1"))
    await asking.ask(flagged, ruled({"Flag.state": {"min": "V2"}}))
    shut, opened, inside = (disclosure.customers[0] for disclosure in asking.memory.kept)
    assert codes(shut)["Flag.state"] == ("allow",)
    assert shut.out_of_reach == {"Flag.state"}
    assert opened.out_of_reach == frozenset()
    assert inside.out_of_reach == {"Vessel.flag"}


async def test_who_is_not_shown_is_recorded_with_the_true_reason() -> None:
    """The client is told one code, whatever the cause."""
    asking = asked(known(1, "*"), known(2))
    answer = await asking.ask('{ vessels(by: [{id: "v1"}, {id: "nobody"}, {id: "v2"}]) { name } }', LEVELS)
    assert [entry["code"] for entry in answer["extensions"]["withheld"]] == ["SUBJECT_UNKNOWN"]
    (one,) = asking.memory.kept
    assert [(each.customer, each.refused) for each in one.customers] == [
        ("v2", None),
        ("v1", Reason.SUBJECT_RESTRICTED),
        (None, Reason.SUBJECT_UNKNOWN),
    ]


async def test_what_a_grant_has_opened_is_recorded_of_its_customer_alone() -> None:
    """That it was presented stands in the record all the same, also where it has opened nothing."""
    asking = asked()
    through = ruled({"Vessel.draught": {"break_glass": True}, "Vessel.flag": {"break_glass": True, "min": "V2"}})
    both = '{ vessels(by: [{id: "v1"}, {id: "v2"}]) { name draught flag { state } } }'
    await asking.ask(both, through, grant=granted())
    await asking.ask('{ vessel(by: {id: "v2"}) { draught } }', through, grant=granted())
    await asking.ask('{ vessel(by: {id: "v1"}) { draught } }', through, grant=granted(until=NOW))
    await asking.ask('{ vessel(by: {id: "v1"}) { name } }', through, grant=granted())
    await asking.ask(both, through)
    opened, *others, without = asking.memory.kept
    assert [one.opened for one in opened.customers] == [("Vessel.draught",), ()]
    assert [one.grant for one in (opened, *others, without)] == [
        granted(),
        granted(),
        granted(until=NOW),
        granted(),
        None,
    ]
    assert [each.opened for one in (*others, without) for each in one.customers] == [(), (), (), (), ()]


async def test_for_whom_somebody_acts_is_recorded_of_the_customer_whose_assertion_says_it() -> None:
    """Each once, of nobody else, and in no repr."""
    asking = asked()
    acting = [replace(asserted("v1"), acting_for=name) for name in ("child-3", "aunt-1", "child-3")]
    await asking.ask(ALL, LEVELS, *acting, asserted("v2"))
    (one,) = asking.memory.kept
    assert [each.acting_for for each in one.customers] == [("child-3", "aunt-1"), (), ()]
    assert [each.level for each in one.customers] == [Level.V1, Level.V2, Level.V0]
    assert "child-3" not in repr(one)


async def test_who_was_erased_is_recorded_and_not_told() -> None:
    """All ids that show nobody are looked at alike, whoever is restricted among them; keys of sources are not."""
    looked: list[Sequence[str]] = []

    async def erased(ids: Sequence[str]) -> list[str]:
        looked.append(ids)
        return [one for one in ids if one == "gone"]

    asking = asked(known(1, "*"), known(2), erased=erased)
    answer = await asking.ask(
        '{ vessels(by: [{id: "v1"}, {id: "gone"}, {id: "v2"}, {id: "nobody"}, {registry: "R9"}]) { name } }', LEVELS
    )
    assert [entry["code"] for entry in answer["extensions"]["withheld"]] == ["SUBJECT_UNKNOWN"]
    assert looked == [["v1", "gone", "nobody"]]
    (one,) = asking.memory.kept
    assert [each.refused for each in one.customers] == [
        *(None, Reason.SUBJECT_RESTRICTED, Reason.SUBJECT_ERASED, Reason.SUBJECT_UNKNOWN, Reason.SUBJECT_UNKNOWN)
    ]
    await asking.ask('{ vessel(by: {id: "v2"}) { name } }', LEVELS)
    assert len(looked) == 1


async def test_what_cannot_be_written_down_is_not_shown() -> None:
    """The whole request is refused, and nothing of it leaves."""
    asking = asked()
    asking.memory.fails = AuditUnavailableError("disk")
    with pytest.raises(RefusedError) as caught:
        await asking.ask(ONE, LEVELS)
    assert caught.value.code is RefusalCode.AUDIT_UNAVAILABLE
    assert "disk" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_request_of_nobody_is_recorded_too() -> None:
    """Without customers."""
    asking = asked()
    await asking.ask("{ __typename }", LEVELS)
    (one,) = asking.memory.kept
    assert (list(one.customers), one.sources) == ([], {})
