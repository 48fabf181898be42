"""Whether a gate is open is decided by the records alone: what is withdrawn wins, and what is unknown withholds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.answers import Answer, Denied, Facts, Fault, Found, Gone, Missing, Page, ReplacedBy, SourceError
from adapters.gates import CHANNELS, ConsentStatus
from resolvers.gates import Gate, GateKind
from resolvers.policy.gates import outcome_of
from schema.dpv import parents, purposes
from schema.reasons import Reason
from schema.situation import Situation

AGAINST = (ConsentStatus.WITHDRAWN, ConsentStatus.REFUSED, ConsentStatus.OBJECTED)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
EMAIL = Gate(GateKind.CONSENT, "DirectMarketing", "email")
OBJECTED = Gate(GateKind.OBJECTION, "DirectMarketing", "email")
FAILED: tuple[Answer, ...] = (SourceError(Reason.SOURCE_TIMEOUT), Denied(), ReplacedBy("x"), Found({}, NOW))

PURPOSES = ("DirectMarketing", "dpv:DirectMarketing", "direct marketing", "https://w3id.org/dpv#Marketing")
"""The purpose of the gates, and a broader one, as sources spell them: in the first two ways it is the term itself."""

_TIMES = st.sampled_from([None, NOW - timedelta(days=1), NOW, NOW + timedelta(days=1)])
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "purpose": st.sampled_from([*PURPOSES, "CustomerCare", "Newsletter", ""]),
            "channel": st.sampled_from([None, "email", "phone", "E-Mail", "pigeon"]),
            "status": st.sampled_from(list(ConsentStatus)),
            "valid_from": _TIMES,
            "valid_until": _TIMES,
        }
    ),
    max_size=6,
)


def decided(gate: Gate, *answers: Answer, case: str | None = None, interaction: str | None = None) -> Reason | None:
    outcome = outcome_of(gate, answers, NOW.timestamp(), Situation(case=case, interaction=interaction))
    return None if outcome is None else outcome.reason


def listed(*records: Facts) -> Found:
    return Found(Page(tuple(records)), NOW)


def record(status: ConsentStatus = ConsentStatus.GIVEN, **more: object) -> Facts:
    plain = {"purpose": "DirectMarketing", "channel": "email", "valid_from": None, "valid_until": None}
    return plain | {"status": status} | more


def holds(one: Facts) -> bool:
    """Whether a record is in force, said in another way than the product's: what closes does not wait for its begin."""
    since, until = one["valid_from"], one["valid_until"]
    assert since is None or isinstance(since, datetime)
    assert until is None or isinstance(until, datetime)
    if one["status"] in AGAINST:
        return until is None or until > NOW or (since is not None and since >= until)
    return (since is None or since <= NOW) and (until is None or until > NOW)


@settings(deadline=None, max_examples=400)
@given(RECORDS, st.sampled_from([None, "email", "phone"]))
def test_consent_is_open_only_where_it_is_given_and_nothing_stands_against_it(
    records: Sequence[Facts], channel: str | None
) -> None:
    """Given for this purpose and channel; against it stands what is withdrawn, refused or objected to, broader too."""
    gate = Gate(GateKind.CONSENT, "DirectMarketing", channel)
    in_force = [one for one in records if holds(one)]
    given_ones = [
        one
        for one in in_force
        if one["status"] is ConsentStatus.GIVEN and one["purpose"] in PURPOSES[:2] and one["channel"] in (None, channel)
    ]
    shutting = [
        one
        for one in in_force
        if one["status"] in AGAINST
        and one["purpose"] != "CustomerCare"
        and (channel is None or one["channel"] in (None, channel, "pigeon", "E-Mail" if channel == "email" else None))
    ]
    certain = [
        one for one in shutting if one["purpose"] in PURPOSES and (channel is None or one["channel"] != "pigeon")
    ]
    outcome = decided(gate, listed(*records))
    assert (outcome is None) == (bool(given_ones) and not shutting)
    if any(one["status"] is ConsentStatus.WITHDRAWN for one in certain):
        assert outcome is Reason.CONSENT_WITHDRAWN
    elif shutting and not certain:
        assert outcome is Reason.CONSENT_UNKNOWN


ODD = st.fixed_dictionaries(
    {
        "purpose": st.sampled_from([*PURPOSES, "", " DirectMarketing", "*", None, 7, Fault(Reason.VALUE_INVALID)])
        | st.text(),
        "channel": st.sampled_from([None, "email", "e-mail", "", 7, Fault(Reason.VALUE_INVALID)]) | st.text(),
        "status": st.sampled_from([*ConsentStatus, None, "withdrawn", Fault(Reason.VALUE_INVALID)]),
        "valid_from": _TIMES | st.just("2026"),
        "valid_until": _TIMES | st.just(datetime(2020, 1, 1)),  # noqa: DTZ001
    }
)
GATES = [
    *(
        Gate(kind, "DirectMarketing", channel)
        for kind in (GateKind.CONSENT, GateKind.OBJECTION)
        for channel in (None, "email")
    )
]


@settings(deadline=None, max_examples=150)
@given(RECORDS, ODD.filter(lambda one: one["status"] is not ConsentStatus.GIVEN), st.sampled_from(GATES))
def test_no_record_that_closes_or_cannot_be_read_opens_a_gate(records: list[Facts], odd: Facts, gate: Gate) -> None:
    """Whatever stands beside it, and in whatever place."""
    if decided(gate, listed(*records)) is not None:
        assert decided(gate, listed(*records, odd)) is not None
        assert decided(gate, listed(odd, *records)) is not None
        assert decided(gate, listed(odd), listed(*records)) is not None


@settings(deadline=None, max_examples=150)
@given(RECORDS, ODD.filter(lambda one: one["status"] in AGAINST), st.sampled_from(GATES))
def test_what_closes_closes_in_whatever_words(records: list[Facts], odd: Facts, gate: Gate) -> None:
    """Unless it is over, or of a purpose or channel that is known and another one. An objection is closed by one."""
    others = {"customercare", "phone"}
    folded = {str(odd[name]).casefold() for name in ("purpose", "channel")}
    assume(folded.isdisjoint(others) and not _is_known(odd) and odd["valid_until"] != NOW - timedelta(days=1))
    assume(odd["valid_until"] != NOW)
    if gate.kind is GateKind.CONSENT or odd["status"] is ConsentStatus.OBJECTED:
        assert decided(gate, listed(*records, odd)) is not None


def _is_known(odd: Facts) -> bool:
    """Whether its words happen to be known ones of another purpose or channel."""
    words = {str(odd["purpose"]).casefold(), str(odd["channel"]).casefold()} - {"directmarketing", "marketing", "email"}
    return not words.isdisjoint({*map(str.casefold, purposes()), *CHANNELS})


@pytest.mark.parametrize("ahead", [timedelta(seconds=2), timedelta(hours=2)])
def test_what_closes_counts_before_it_begins(ahead: timedelta) -> None:
    """A source whose clock is ahead writes withdrawals that begin later than now."""
    for gate, status, reason in (
        (EMAIL, ConsentStatus.WITHDRAWN, Reason.CONSENT_WITHDRAWN),
        (EMAIL, ConsentStatus.REFUSED, Reason.CONSENT_REFUSED),
        (EMAIL, ConsentStatus.EXPIRED, Reason.CONSENT_EXPIRED),
        (OBJECTED, ConsentStatus.OBJECTED, Reason.OBJECTION_RECORDED),
    ):
        known = [] if status is ConsentStatus.EXPIRED else [record(valid_from=NOW - timedelta(days=90))]
        assert decided(gate, listed(*known, record(status, valid_from=NOW + ahead))) is reason
    assert decided(EMAIL, listed(record(valid_from=NOW + ahead))) is Reason.CONSENT_MISSING


@pytest.mark.parametrize(
    ("more", "closes", "opens"),
    [
        ({"purpose": "dpv:DirectMarketing"}, Reason.CONSENT_WITHDRAWN, None),
        ({"purpose": "https://w3id.org/dpv#DirectMarketing"}, Reason.CONSENT_WITHDRAWN, None),
        ({"purpose": " DirectMarketing"}, Reason.CONSENT_WITHDRAWN, Reason.CONSENT_MISSING),
        ({"purpose": "dpv: DirectMarketing"}, Reason.CONSENT_WITHDRAWN, Reason.CONSENT_MISSING),
        ({"purpose": "Newsletter"}, Reason.CONSENT_UNKNOWN, Reason.CONSENT_MISSING),
        ({"purpose": ""}, Reason.CONSENT_UNKNOWN, Reason.CONSENT_MISSING),
        ({"purpose": "CustomerCare"}, None, Reason.CONSENT_MISSING),
        ({"channel": "e-mail"}, Reason.CONSENT_WITHDRAWN, Reason.CONSENT_MISSING),
        ({"channel": "\uff25mail "}, Reason.CONSENT_WITHDRAWN, Reason.CONSENT_MISSING),
        ({"channel": "pigeon"}, Reason.CONSENT_UNKNOWN, Reason.CONSENT_MISSING),
        ({"channel": ""}, Reason.CONSENT_UNKNOWN, Reason.CONSENT_MISSING),
        ({"channel": "phone"}, None, Reason.CONSENT_MISSING),
    ],
)
def test_other_words_close_what_they_may_mean_and_open_nothing(
    more: dict[str, Any], closes: Reason | None, opens: Reason | None
) -> None:
    """A term of the vocabulary is itself with its prefix or as its IRI; what nobody knows may be any."""
    assert decided(EMAIL, listed(record(), record(ConsentStatus.WITHDRAWN, **more))) is closes
    assert decided(EMAIL, listed(record(**more))) is opens


@settings(deadline=None, max_examples=200)
@given(RECORDS, st.permutations(range(6)), st.sampled_from([EMAIL, OBJECTED]))
def test_neither_order_nor_keys_decide(records: Sequence[Facts], order: Sequence[int], gate: Gate) -> None:
    """All records of all keys are one set."""
    shuffled = [records[place] for place in order if place < len(records)]
    apart = [listed(one) for one in records] or [listed()]
    assert decided(gate, listed(*records)) is decided(gate, listed(*shuffled)) is decided(gate, *apart)


@settings(deadline=None, max_examples=200)
@given(RECORDS, st.sampled_from(FAILED), st.sampled_from([EMAIL, OBJECTED]))
def test_a_key_that_failed_opens_nothing(records: Sequence[Facts], failed: Answer, gate: Gate) -> None:
    """It may hide a withdrawal; what is known to stand against it is told all the same."""
    known, outcome = decided(gate, listed(*records)), decided(gate, listed(*records), failed)
    assert outcome is not None
    if known in (Reason.CONSENT_WITHDRAWN, Reason.CONSENT_REFUSED, Reason.OBJECTION_RECORDED):
        assert outcome is known
    else:
        assert outcome is (Reason.CONSENT_UNKNOWN if gate is EMAIL else Reason.POLICY_UNAVAILABLE)


@settings(deadline=None, max_examples=100)
@given(RECORDS, st.sampled_from(["purpose", "channel", "status", "valid_from", "valid_until"]))
def test_a_record_that_cannot_be_read_opens_nothing(records: Sequence[Facts], name: str) -> None:
    """Whatever the others say."""
    odd = {**record(), name: Fault(Reason.VALUE_INVALID)}
    assert decided(EMAIL, listed(*records, odd)) is not None
    assert decided(OBJECTED, listed(*records, odd)) is not None


def test_an_interval_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    """Half-open: two intervals that meet leave no gap and do not overlap."""
    assert decided(EMAIL, listed(record(valid_from=NOW))) is None
    assert decided(EMAIL, listed(record(valid_until=NOW))) is Reason.CONSENT_EXPIRED
    assert decided(EMAIL, listed(record(valid_from=NOW + timedelta(microseconds=1)))) is Reason.CONSENT_MISSING
    assert decided(EMAIL, listed(record(valid_until=NOW + timedelta(microseconds=1)))) is None


def test_a_moment_without_a_zone_is_no_moment() -> None:
    """Nobody can say when it is."""
    assert decided(EMAIL, listed(record(valid_from=datetime(2020, 1, 1)))) is Reason.CONSENT_UNKNOWN  # noqa: DTZ001


def test_consent_for_one_channel_is_none_for_all() -> None:
    """A gate of no channel takes what is given for all, and is shut by what is withdrawn for one."""
    every = Gate(GateKind.CONSENT, "DirectMarketing")
    assert decided(every, listed(record())) is Reason.CONSENT_MISSING
    assert decided(every, listed(record(channel=None))) is None
    withdrawn = record(ConsentStatus.WITHDRAWN, channel="phone")
    assert decided(every, listed(record(channel=None), withdrawn)) is Reason.CONSENT_WITHDRAWN
    assert decided(EMAIL, listed(record(channel=None), withdrawn)) is None


def test_what_is_decided_of_a_broader_purpose_is_decided_of_this_one() -> None:
    """Against it, not for it: consent is for what it names (GDPR article 4(11))."""
    assert "Marketing" in parents("DirectMarketing")
    assert decided(EMAIL, listed(record(purpose="Marketing"))) is Reason.CONSENT_MISSING
    refused = record(ConsentStatus.REFUSED, purpose="Marketing")
    assert decided(EMAIL, listed(record(), refused)) is Reason.CONSENT_REFUSED


@pytest.mark.parametrize("more", [{"channel": "Email"}, {"purpose": "directMarketing"}, {"purpose": "MARKETING"}])
def test_words_in_another_case_close_a_gate_and_open_none(more: dict[str, Any]) -> None:
    """A source that spells a withdrawal in its own way is heard; what it calls consent so is none."""
    against = record(ConsentStatus.WITHDRAWN, **more)
    assert decided(EMAIL, listed(record(), against)) is Reason.CONSENT_WITHDRAWN
    assert decided(EMAIL, listed(record(**more))) is Reason.CONSENT_MISSING
    assert decided(OBJECTED, listed(record(ConsentStatus.OBJECTED, **more))) is Reason.OBJECTION_RECORDED


def test_all_that_stands_against_it_is_kept() -> None:
    """The first is told to the client, the others to the audit."""
    records = [record(ConsentStatus.OBJECTED), record(ConsentStatus.WITHDRAWN), record(ConsentStatus.REFUSED)]
    outcome = outcome_of(EMAIL, [listed(*records), SourceError(Reason.SOURCE_TIMEOUT)], NOW.timestamp())
    assert outcome is not None
    assert outcome.reason is Reason.CONSENT_WITHDRAWN
    assert outcome.also == (Reason.CONSENT_REFUSED, Reason.OBJECTION_RECORDED, Reason.CONSENT_UNKNOWN)


def test_a_list_that_goes_on_is_not_known() -> None:
    """Its end may hold the withdrawal."""
    assert decided(EMAIL, Found(Page((record(),), "more", has_next=True), NOW)) is Reason.CONSENT_UNKNOWN


@pytest.mark.parametrize("gone", [Missing(), Gone()])
def test_a_key_that_is_gone_says_nothing(gone: Answer) -> None:
    """Beside another one; alone nothing is known."""
    assert decided(EMAIL, gone, listed(record())) is None
    assert decided(EMAIL, gone) is Reason.CONSENT_UNKNOWN


@pytest.mark.parametrize(
    ("records", "case", "reason"),
    [
        ([{"reference": "1", "is_open": True}], None, None),
        ([{"reference": "1", "is_open": None}], None, Reason.POLICY_UNAVAILABLE),
        ([{"reference": None, "is_open": True}], "1", Reason.POLICY_UNAVAILABLE),
        (
            [{"reference": "2", "is_open": True}, {"reference": "1", "is_open": False}],
            "1",
            Reason.RELATIONSHIP_REQUIRED,
        ),
        ([{"reference": "2", "is_open": "yes"}], "1", Reason.POLICY_UNAVAILABLE),
    ],
)
def test_a_case_is_open_when_it_says_so(records: Sequence[Facts], case: str | None, reason: Reason | None) -> None:
    """One that does not tell which it is, or whether, may be the one."""
    assert decided(Gate(GateKind.CASE), listed(*records), case=case) is reason


@pytest.mark.parametrize("failed", FAILED)
def test_one_open_case_is_enough(failed: Answer) -> None:
    """Another key that fails hides nothing that would shut it."""
    gate = Gate(GateKind.CASE)
    assert decided(gate, listed({"reference": "1", "is_open": True}), failed) is None
    assert decided(gate, failed) is Reason.POLICY_UNAVAILABLE
    assert decided(gate) is Reason.RELATIONSHIP_REQUIRED
