"""The answer has the shape of the query, and every null in it has its reason in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any

import pytest

from adapters.answers import Answer, Denied, Fault, Found, Gone, Missing, Page, ReplacedBy, SourceError
from adapters.records import Record, Reference
from resolvers import Engine
from schema.reasons import Reason
from tests.resolvers.harbour import FETCHED_AT, Harbour, harbour, known, subject
from tests.resolvers.vessels import HEARD, MODEL, view

ONE = '{ vessel(by: {id: "v1"}) { %s } }'


async def vessel(h: Harbour, fields: str) -> dict[str, Any]:
    return await h.ask(ONE.replace("%s", fields))


def entries(answer: Mapping[str, Any], place: str) -> list[tuple[str, str, list[list[Any]]]]:
    return [(one["code"], one["coordinate"], one["paths"]) for one in answer.get("extensions", {}).get(place, [])]


def errors(answer: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    return [(one["extensions"]["code"], one["path"]) for one in answer.get("errors", [])]


async def test_values_of_every_kind_are_shown() -> None:
    """Enums by their names, scalars in their own writing, objects, lists and lists inside records."""
    answer = await vessel(harbour(), "id name kind size { length beam } owners { name share } portCalls { on }")
    assert answer == {
        "data": {
            "vessel": {
                "id": "v1",
                "name": "Anna",
                "kind": "TANKER",
                "size": {"length": 90, "beam": 12},
                "owners": [{"name": "Smit", "share": "0.25"}, {"name": "Dahl", "share": "0.75"}],
                "portCalls": [{"on": "2026-01-01"}, {"on": "2026-02-01"}],
            }
        }
    }


async def test_typename_is_answered_at_every_level() -> None:
    """Also where nothing else is asked."""
    fields = (
        "__typename size { __typename } flag { __typename } owners { __typename } portCalls { __typename } "
        "log { __typename }"
    )
    answer = await harbour().ask("{ __typename " + ONE.replace("%s", fields)[1:])
    assert answer["data"] == {
        "__typename": "Query",
        "vessel": {
            "__typename": "Vessel",
            "size": {"__typename": "Size"},
            "flag": {"__typename": "Flag"},
            "owners": [{"__typename": "Owner"}] * 2,
            "portCalls": [{"__typename": "PortCall"}] * 2,
            "log": [{"__typename": "LogEntry"}] * 2,
        },
    }


async def test_an_object_of_which_all_is_skipped_is_still_there() -> None:
    """Empty, where it exists: as with `__typename` alone, only that is asked."""
    h = harbour()
    skipped = "@skip(if: true)"
    fields = (
        f"size {{ beam {skipped} }} flag {{ code {skipped} }} portCalls {{ on {skipped} }} log {{ line {skipped} }}"
    )
    answer = await vessel(h, fields)
    assert answer == {"data": {"vessel": {"size": {}, "flag": {}, "portCalls": [{}, {}], "log": [{}, {}]}}}
    assert h.states.batches == []
    assert (await vessel(harbour(), f"name {skipped}"))["data"] == {"vessel": {}}


async def test_a_null_that_is_listed_nowhere_is_the_sources_own() -> None:
    """A leaf, a key and a list that the source has as null."""
    h = harbour()
    h.registry.records["vessels"]["R1"][0].update(call_sign=None, flag_code=None, owners=None)
    h.sonar.records["heard"]["S1"][0]["log"] = None
    answer = await vessel(h, "callSign flag { state } owners { name } log { line }")
    assert answer == {"data": {"vessel": {"callSign": None, "flag": None, "owners": None, "log": None}}}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (Missing(), "SOURCE_RECORD_MISSING"),
        (Gone(), "SOURCE_KEY_GONE"),
        (ReplacedBy("secret"), "SOURCE_KEY_REPLACED"),
    ],
)
async def test_what_the_source_does_not_have_is_absent(given: Answer, code: str) -> None:
    """No error: the source has answered."""
    h = harbour()
    h.registry.answers["R1"] = given
    answer = await vessel(h, "n: name size { beam } flag { state }")
    assert answer["data"] == {"vessel": {"n": None, "size": None, "flag": None}}
    assert errors(answer) == []
    assert entries(answer, "absent") == [
        (code, "Vessel.name", [["vessel", "n"]]),
        (code, "Vessel.size", [["vessel", "size"]]),
        (code, "Vessel.flag", [["vessel", "flag"]]),
    ]
    assert "secret" not in str(answer)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (Denied(), "SOURCE_AUTH"),
        (SourceError(Reason.SOURCE_TIMEOUT, "secret"), "SOURCE_TIMEOUT"),
        (SourceError(Reason.CIRCUIT_OPEN), "CIRCUIT_OPEN"),
        (Found({"name": Fault(Reason.VALUE_INVALID)}, FETCHED_AT), "VALUE_INVALID"),
        (Found(Page(()), FETCHED_AT), "SOURCE_ERROR"),
    ],
)
async def test_what_failed_is_an_error_with_a_constant_text(given: Answer, code: str) -> None:
    """Code, message and remedy are the reason's; the place is the field's own."""
    h = harbour()
    h.registry.answers["R1"] = given
    answer = await vessel(h, "n: name draught")
    reason = Reason[code]
    assert answer["data"] == {"vessel": {"n": None, "draught": 301}}
    assert answer["errors"] == [
        {
            "message": reason.message,
            "locations": [{"line": 1, "column": 28}],
            "path": ["vessel", "n"],
            "extensions": {"code": code, "remedy": reason.remedy},
        }
    ]


async def test_who_is_not_known_to_a_source_is_not_linked() -> None:
    """Facts, keys and lists of it are absent, and it is not asked."""
    h = harbour([subject("v1", sonar="S1")])
    answer = await vessel(h, "draught name flag { state } portCalls { on }")
    assert answer["data"] == {"vessel": {"draught": 301, "name": None, "flag": None, "portCalls": None}}
    assert [code for code, *_ in entries(answer, "absent")] == ["SOURCE_NOT_LINKED"] * 3


async def test_what_a_key_leads_to_can_be_absent() -> None:
    """The object is there, for its key is; each of its fields says why it is null."""
    h = harbour()
    h.registry.records["vessels"]["R1"][0]["flag_code"] = "XX"
    answer = await vessel(h, "flag { __typename code state }")
    assert answer["data"] == {"vessel": {"flag": {"__typename": "Flag", "code": None, "state": None}}}
    assert entries(answer, "absent") == [
        ("SOURCE_RECORD_MISSING", "Flag.code", [["vessel", "flag", "code"]]),
        ("SOURCE_RECORD_MISSING", "Flag.state", [["vessel", "flag", "state"]]),
    ]


BAD = [True, 7, ["secret"], {"a": "secret"}]


@pytest.mark.parametrize("bad", BAD)
async def test_a_bad_leaf_costs_itself_only(bad: object) -> None:
    """The value is never shown, in data or error."""
    h = harbour()
    h.registry.records["vessels"]["R1"][0].update(call_sign=bad, kind="secret")
    answer = await vessel(h, "name callSign kind")
    assert answer["data"] == {"vessel": {"name": "Anna", "callSign": None, "kind": None}}
    assert errors(answer) == [("VALUE_INVALID", ["vessel", "callSign"]), ("VALUE_INVALID", ["vessel", "kind"])]
    assert "secret" not in str(answer)


async def test_a_bad_item_costs_itself_only() -> None:
    """An item that is no record, and a key in one that is none."""
    h = harbour()
    h.registry.records["vessels"]["R1"][0]["owners"] = ["secret", {"name": "Smit", "share": "1", "home": 7}]
    answer = await vessel(h, "name owners { name home { state } }")
    assert answer["data"] == {"vessel": {"name": "Anna", "owners": [None, {"name": "Smit", "home": None}]}}
    assert errors(answer) == [
        ("VALUE_INVALID", ["vessel", "owners", 0]),
        ("VALUE_INVALID", ["vessel", "owners", 1, "home"]),
    ]


async def test_a_null_where_the_schema_allows_none_goes_up() -> None:
    """Ordinary null propagation: the nearest object that may be null is, and the error stands at the field."""
    h = harbour()
    h.registry.records["vessels"]["R1"][0]["beam"] = None
    answer = await vessel(h, "name size { length beam }")
    assert answer["data"] == {"vessel": {"name": "Anna", "size": None}}
    assert errors(answer) == [("VALUE_INVALID", ["vessel", "size", "beam"])]


async def test_a_withheld_value_where_the_schema_allows_no_null_says_why() -> None:
    """The error that GraphQL demands has the true reason, which stands in `withheld` too."""
    h = harbour([known(1, "Size.beam")])
    answer = await vessel(h, "name size { length beam }")
    assert answer["data"] == {"vessel": {"name": "Anna", "size": None}}
    assert errors(answer) == [("SUBJECT_RESTRICTED", ["vessel", "size", "beam"])]
    assert entries(answer, "withheld") == [("SUBJECT_RESTRICTED", "Size.beam", [["vessel", "size", "beam"]])]


async def test_an_unknown_customer_is_null_with_one_code() -> None:
    """One and several alike; who is known is answered."""
    answer = await harbour().ask(
        '{ vessel(by: {id: "x"}) { name } vessels(by: [{id: "v1"}, {registry: "x"}]) { name } }'
    )
    assert answer["data"] == {"vessel": None, "vessels": [{"name": "Anna"}, None]}
    assert entries(answer, "withheld") == [
        ("SUBJECT_UNKNOWN", "Query.vessel", [["vessel"]]),
        ("SUBJECT_UNKNOWN", "Query.vessels", [["vessels", 1]]),
    ]
    assert errors(answer) == []


async def test_a_withheld_field_says_so() -> None:
    """Once for each coordinate; the object of which something is left stays."""
    h = harbour([known(1, "Vessel.name", "Size.length", "Flag.state")])
    answer = await vessel(h, "n: name size { length beam } flag { state } id")
    assert answer["data"] == {"vessel": {"n": None, "size": {"length": None, "beam": 12}, "flag": None, "id": "v1"}}
    assert entries(answer, "withheld") == [
        ("SUBJECT_RESTRICTED", "Vessel.name", [["vessel", "n"]]),
        ("SUBJECT_RESTRICTED", "Size.length", [["vessel", "size", "length"]]),
        ("SUBJECT_RESTRICTED", "Flag.state", [["vessel", "flag"]]),
    ]


async def test_a_reason_of_all_customers_is_told_once() -> None:
    """`*` stands for every position; what holds for some is told for these."""
    h = harbour([known(1, "Vessel.name"), known(2, "Vessel.name", "Vessel.callSign")])
    answer = await h.ask('{ vessels(by: [{id: "v1"}, {id: "v2"}]) { name callSign } }')
    assert entries(answer, "withheld") == [
        ("SUBJECT_RESTRICTED", "Vessel.name", [["vessels", "*", "name"]]),
        ("SUBJECT_RESTRICTED", "Vessel.callSign", [["vessels", 1, "callSign"]]),
    ]


async def test_the_first_key_that_the_source_has_answers() -> None:
    """In the cross-reference's order; keys that the source does not have are passed over."""
    h = harbour([subject("v1", registry=["R9", "R2", "R1"])])
    h.registry.answers["R9"] = Gone()
    assert (await vessel(h, "name"))["data"] == {"vessel": {"name": "Berta"}}
    h.registry.answers |= {"R2": Missing(), "R1": Missing()}
    answer = await vessel(h, "name")
    assert entries(answer, "absent") == [("SOURCE_KEY_GONE", "Vessel.name", [["vessel", "name"]])]


async def test_a_failed_key_is_never_passed_over() -> None:
    """An outage must not change whose record answers."""
    h = harbour([subject("v1", registry=["R9", "R2", "R1"])])
    h.registry.answers |= {"R9": Gone(), "R2": SourceError(Reason.SOURCE_TIMEOUT)}
    answer = await vessel(h, "name")
    assert (answer["data"], errors(answer)) == (
        {"vessel": {"name": None}},
        [("SOURCE_TIMEOUT", ["vessel", "name"])],
    )


async def test_lists_of_several_keys_are_joined_in_order() -> None:
    """What a key does not have adds nothing."""
    h = harbour([subject("v1", registry=["R2", "R9", "R1"])])
    h.registry.answers["R9"] = Gone()
    answer = await vessel(h, "portCalls { on }")
    assert [call["on"] for call in answer["data"]["vessel"]["portCalls"]] == ["2026-03-01", "2026-01-01", "2026-02-01"]


async def test_half_a_list_is_none() -> None:
    """One key that failed makes the whole null; where no key has a list the first reason is told."""
    h = harbour([subject("v1", registry=["R2", "R1"])])
    h.registry.answers["R1"] = SourceError(Reason.SOURCE_RATE_LIMITED)
    answer = await vessel(h, "portCalls { on }")
    assert errors(answer) == [("SOURCE_RATE_LIMITED", ["vessel", "portCalls"])]
    h.registry.answers |= {"R2": Gone(), "R1": Missing()}
    answer = await vessel(h, "portCalls { on }")
    assert entries(answer, "absent") == [("SOURCE_KEY_GONE", "Vessel.portCalls", [["vessel", "portCalls"]])]


async def test_a_record_in_place_of_a_list_is_an_error() -> None:
    """An adapter that mixes up its offers has given no list."""
    h = harbour()
    h.registry.answers["R1"] = Found({"on": None}, FETCHED_AT)
    assert errors(await vessel(h, "portCalls { on }")) == [("SOURCE_ERROR", ["vessel", "portCalls"])]


async def test_a_list_by_its_key_is_null_with_the_keys_reason() -> None:
    """The key is absent, failed or invalid; or the list is."""
    h = harbour()
    h.sonar.answers["S1"] = SourceError(Reason.SOURCE_TIMEOUT)
    assert errors(await vessel(h, "log { line }")) == [("SOURCE_TIMEOUT", ["vessel", "log"])]
    h = harbour()
    h.logs.answers["L1"] = Gone()
    assert entries(await vessel(h, "log { line }"), "absent") == [
        ("SOURCE_KEY_GONE", "Vessel.log", [["vessel", "log"]])
    ]


class SeveralLogs(Record):
    log: Annotated[list[str], Reference("logbook")]


def logged(keys: object) -> Harbour:
    """A harbour whose sonar knows several logs of a vessel, under these keys."""
    h = harbour()
    h.sonar.offers = (replace(HEARD, record=SeveralLogs),)
    h.sonar.answers["S1"] = Found({"log": keys}, FETCHED_AT)
    h.logs.records["logs"]["L2"] = [{"book": "L2", "line": "Rain"}]
    h.engine = Engine(MODEL, h.sources, h.crossref)
    return h


async def test_a_list_by_several_keys_is_joined() -> None:
    """A record may hold a list of keys; none at all is an empty list."""
    h = logged(["L2", "L1"])
    answer = await vessel(h, "log { line }")
    assert [batch.keys for batch in h.logs.batches] == [("L2", "L1")]
    assert [entry["line"] for entry in answer["data"]["vessel"]["log"]] == ["Rain", "Fog", "Sun"]
    assert (await vessel(logged([]), "log { line }"))["data"] == {"vessel": {"log": []}}


async def test_a_list_by_a_key_that_is_bad_is_an_error() -> None:
    """Half of the keys make half of the list."""
    answer = await vessel(logged(["L1", Fault(Reason.VALUE_INVALID)]), "log { line }")
    assert errors(answer) == [("VALUE_INVALID", ["vessel", "log"])]


async def test_a_value_that_the_executor_refuses_is_never_printed() -> None:
    """A record that an adapter made up: the executor's own messages hold the value, and are replaced."""
    h = harbour()
    h.registry.answers["R1"] = Found({"name": object(), "kind": "secret", "size": "secret"}, FETCHED_AT)
    h.sonar.answers["S1"] = Found({"draught": Decimal("12345678901")}, FETCHED_AT)
    answer = await vessel(h, "name kind draught size { length }")
    assert {code for code, _ in errors(answer)} == {"VALUE_INVALID"}
    assert "secret" not in str(answer)
    assert "12345" not in str(answer)


async def test_introspection_shows_the_view_alone() -> None:
    """It is answered by the executor, without a source."""
    h = harbour()
    through = view(fields=dict.fromkeys(["Vessel.name"]), lookups=["registry"])
    vessel, by = (
        '__type(name: "Vessel") { fields { name } }',
        '__type(name: "VesselBy") { inputFields { name } isOneOf }',
    )
    answer = await h.ask(f"{{ __schema {{ types {{ name }} }} {vessel} by: {by} }}", through=through)
    names = {one["name"] for one in answer["data"]["__schema"]["types"]}
    assert {name for name in names if not name.startswith("__")} == {
        *("Query", "Vessel", "VesselBy", "String", "ID", "Boolean"),
    }
    assert answer["data"]["__type"] == {"fields": [{"name": "name"}]}
    assert answer["data"]["by"] == {"inputFields": [{"name": "registry"}], "isOneOf": True}
    assert h.calls == {}


async def test_a_list_without_end_costs_itself_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are counted before they are shaped: those of every list, with all that is selected in an entry."""
    monkeypatch.setattr("resolvers.values.MOST_VALUES", 7)
    answer = await vessel(harbour(), "name owners { name } portCalls { on }")
    assert answer["data"]["vessel"] == {
        "name": "Anna",
        "owners": [{"name": "Smit"}, {"name": "Dahl"}],
        "portCalls": None,
    }
    assert errors(answer) == [("SOURCE_ERROR", ["vessel", "portCalls"])]


async def test_a_key_that_is_no_text_is_a_bad_value() -> None:
    """From an adapter that checks nothing; no source is asked by it."""
    h = harbour([known(1)])
    h.registry.answers["R1"] = Found({"name": "Anna", "flag": 5}, FETCHED_AT)
    answer = await vessel(h, "name flag { state }")
    assert answer["data"]["vessel"] == {"name": "Anna", "flag": None}
    assert errors(answer) == [("VALUE_INVALID", ["vessel", "flag"])]


async def test_an_answer_without_a_time_is_none() -> None:
    """The receipt tells when each was fetched."""
    h = harbour([known(1)])
    h.registry.answers["R1"] = Found({"name": "Anna"}, "today")  # type: ignore[arg-type]
    answer = await vessel(h, "name")
    assert errors(answer) == [("SOURCE_INCOMPLETE", ["vessel", "name"])]
