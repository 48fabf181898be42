"""What a view shows masked is shown masked everywhere, and told; the whole value goes nowhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.answers import Answer, Fault, Found, SourceError
from resolvers import Request
from resolvers.policy import Transform, decide
from schema.masks import Mask
from schema.reasons import Reason
from schema.views import ReceiptDetail, View
from schema.withheld import Withheld
from tests.resolvers.answered import rules_of
from tests.resolvers.harbour import FETCHED_AT, Harbour, harbour, known
from tests.resolvers.oracle import MaskedText, expected
from tests.resolvers.planned import plan
from tests.resolvers.queries import Query, queries
from tests.resolvers.test_properties import LONG, RESTRICTIONS, TROUBLE, WIDE, matches, places, subjects, troubled
from tests.resolvers.vessels import view

MANY = '{ vessels(by: [{id: "v1"}, {id: "v2"}, {id: "v3"}]) { %s } }'
TEXTS = {
    "Vessel.name": "ship_name",
    "Vessel.callSign": "call_sign",
    "Flag.state": "state",
    "Owner.name": "name",
    "Port.name": "name",
    "LogEntry.line": "line",
    "Container.label": "label",
    "Note.text": "text",
}
"""Coordinates of text, and where it stands in the sources' records."""
MASKS = st.dictionaries(st.sampled_from(list(TEXTS)), st.sampled_from(Mask), min_size=1)
SECRET = "hidden away"


def masking(masks: Mapping[str, str], of: View | None = None) -> View:
    """A view of everything with masks."""
    whole = of or view()
    rules = {name: {"mask": masks[name]} if name in masks else None for name in whole.fields}
    return view(fields=rules, limits=whole.limits.model_dump())


async def ask(h: Harbour, fields: str, masks: Mapping[str, str], **more: Any) -> dict[str, Any]:
    return await h.ask(MANY.replace("%s", fields), through=masking(masks), **more)


def entries(answer: Mapping[str, Any], place: str = "masked") -> list[tuple[str, str, list[list[Any]]]]:
    return [(one["code"], one["coordinate"], one["paths"]) for one in answer.get("extensions", {}).get(place, [])]


def test_masks_are_decided_before_anybody_is_known() -> None:
    """They come from the view alone, and hold for every customer; withholding is decided beside them."""
    made, one, other = plan('{ vessel(by: {id: "v1"}) { name } }'), known(1, "Vessel.name"), known(2)
    rules = rules_of(made, masking({"Vessel.name": "initials"}))
    verdicts = decide(made, {"vessel": [one, other]}, rules)
    transforms = {"Vessel.name": Transform(Mask.INITIALS, Reason.VALUE_MASKED)}
    assert verdicts.profile(other).transforms == rules.plain.transforms == transforms
    assert verdicts.of(one) == {"Vessel.name": Withheld(Reason.SUBJECT_RESTRICTED)}
    assert verdicts.profile(one).transforms == {}


async def test_a_masked_value_is_told_once_where_it_holds_everywhere() -> None:
    """With code and remedy; the field is fetched as ever."""
    h = harbour()
    answer = await ask(h, "name callSign", {"Vessel.name": "initials"})
    assert answer["data"]["vessels"][0] == {"name": "A.", "callSign": "Anna-1"}
    assert [one["name"] for one in answer["data"]["vessels"]] == ["A.", "B.", "C."]
    assert answer["extensions"] == {
        "masked": [
            {
                "coordinate": "Vessel.name",
                "code": "VALUE_MASKED",
                "message": "This view shows the value masked.",
                "remedy": "Use a view that shows it whole.",
                "paths": [["vessels", "*", "name"]],
            }
        ]
    }
    (batch,) = h.batches
    assert batch.fields == ("call_sign", "name")


async def test_a_mask_holds_on_every_way_to_the_value() -> None:
    """In lists, under aliases, in fragments, in pages and behind unions."""
    fields = (
        "a: name ... on Vessel { b: name } owners { name } cargo { ... on Container { label } } "
        "voyages(first: 1) { nodes { notes { edges { node { text } } } } }"
    )
    masks = {"Vessel.name": "initials", "Owner.name": "all", "Container.label": "all", "Note.text": "all"}
    answer = await ask(harbour(), fields, masks)
    first = answer["data"]["vessels"][0]
    assert (first["a"], first["b"]) == ("A.", "A.")
    assert first["owners"] == [{"name": "••••"}, {"name": "••••"}]
    assert first["cargo"] == [{"label": "••••"}, {}, None]
    assert first["voyages"]["nodes"][0]["notes"]["edges"] == [{"node": {"text": "••••"}}]
    assert entries(answer) == [
        ("VALUE_MASKED", "Vessel.name", [["vessels", "*", "a"], ["vessels", "*", "b"]]),
        ("VALUE_MASKED", "Owner.name", [["vessels", "*", "owners", "*", "name"]]),
        ("VALUE_MASKED", "Container.label", [["vessels", "*", "cargo", "*", "label"]]),
        (
            "VALUE_MASKED",
            "Note.text",
            [["vessels", "*", "voyages", "nodes", "*", "notes", "edges", "*", "node", "text"]],
        ),
    ]


async def test_what_is_withheld_null_or_failed_is_not_masked() -> None:
    """A rule that withholds goes first; a null stays one; a failed source is an error."""
    h = harbour([known(1, "Vessel.name"), known(2), known(3)])
    h.registry.records["vessels"]["R2"][0]["ship_name"] = None
    h.registry.answers = {"R3": SourceError(Reason.SOURCE_TIMEOUT)}
    answer = await ask(h, "name", {"Vessel.name": "initials"})
    assert answer["data"] == {"vessels": [{"name": None}] * 3}
    assert entries(answer, "withheld") == [("SUBJECT_RESTRICTED", "Vessel.name", [["vessels", 0, "name"]])]
    assert [(one["extensions"]["code"], one["path"]) for one in answer["errors"]] == [
        ("SOURCE_TIMEOUT", ["vessels", 2, "name"])
    ]
    assert entries(answer) == []


@pytest.mark.parametrize("value", [7, True, b"Anna", Mask.ALL, {"Anna": 1}, ["Anna", 7], Fault(Reason.VALUE_INVALID)])
async def test_what_is_no_text_is_not_shown_at_all(value: Any) -> None:
    """An adapter of others may hold anything; what a mask cannot hide is an error, and a text beside it goes along."""
    h = harbour()
    h.registry.answers = {"R1": Found({"name": value}, FETCHED_AT)}
    answer = await h.ask('{ vessel(by: {id: "v1"}) { name } }', through=masking({"Vessel.name": "initials"}))
    assert answer["data"] == {"vessel": {"name": None}}
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["vessel", "name"], "VALUE_INVALID")
    assert "Anna" not in json.dumps(answer)
    assert entries(answer) == []


async def test_a_mask_is_of_one_view_only() -> None:
    """The same engine shows the value whole through another one."""
    h = harbour()
    masked = masking({"Vessel.name": "initials"})
    other = view(name="engine-room")
    query = '{ vessel(by: {id: "v1"}) { name } }'
    assert [(await h.ask(query, through=one))["data"]["vessel"]["name"] for one in (masked, other, masked)] == [
        "A.",
        "Anna",
        "A.",
    ]


def test_a_plan_tells_what_is_masked_and_how() -> None:
    """Before anything is asked."""
    query = '{ vessel(by: {id: "v1"}) { name callSign owners { name } } }'
    told = harbour().engine.explain(masking({"Vessel.name": "initials", "Owner.name": "all"}), Request(query))
    assert told["verdicts"] == [
        {"coordinate": "Owner.name", "effect": "transform", "mask": "all"},
        {"coordinate": "Vessel.callSign", "effect": "allow"},
        {"coordinate": "Vessel.name", "effect": "transform", "mask": "initials"},
        {"coordinate": "Vessel.owners", "effect": "allow"},
    ]


def secretive(h: Harbour, masks: Mapping[str, Mask]) -> Harbour:
    """The harbour, in whose records every text that is masked holds a secret."""
    hidden = {TEXTS[name] for name in masks}
    for source in h.sources:
        for raws in (raws for of_offer in source.records.values() for raws in of_offer.values()):
            raws[:] = [_hide(raw, hidden) for raw in raws]
    return h


def _hide(held: Any, names: set[str]) -> Any:
    if isinstance(held, list):
        return [_hide(one, names) for one in held]
    if not isinstance(held, dict):
        return held
    return {
        name: f"{SECRET} {value}" if name in names and isinstance(value, str) else _hide(value, names)
        for name, value in held.items()
    }


def both(masks: Mapping[str, Mask]) -> dict[str, Mask]:
    """The masks of all coordinates whose texts stand under one name in the records."""
    by_name = {TEXTS[name]: mask for name, mask in masks.items()}
    return {name: masks.get(name, by_name[at]) for name, at in TEXTS.items() if at in by_name}


@LONG
@given(query=queries(), restrictions=RESTRICTIONS, masks=MASKS)
async def test_the_data_is_what_the_records_say_masked(
    query: Query, restrictions: list[list[str]], masks: dict[str, Mask]
) -> None:
    """By the engine or by walking the records; and exactly the masked values are told."""
    h = harbour(subjects(restrictions))
    answer = await h.ask(query.text, query.variables, through=masking(masks, WIDE))
    wanted = expected(h, query, masks)
    assert answer["data"] == wanted
    told = [path for _, _, paths in entries(answer) for path in paths]
    for path, value in places(wanted):
        if value is not None:
            assert any(matches((pattern, False), path) for pattern in told) is isinstance(value, MaskedText), path


@LONG
@given(query=queries(), restrictions=RESTRICTIONS, answers=TROUBLE, masks=MASKS)
async def test_the_whole_text_goes_nowhere(
    query: Query, restrictions: list[list[str]], answers: dict[str, Answer | None], masks: dict[str, Mask]
) -> None:
    """Not in data, errors, notes or the receipt, whatever the sources answer."""
    masks = both(masks)
    h = troubled(secretive(harbour(subjects(restrictions)), masks), answers)
    through = masking(masks, WIDE)
    answer = await h.ask(query.text, query.variables, through=through, receipt=ReceiptDetail.FIELDS)
    assert SECRET not in json.dumps(answer, ensure_ascii=False)
