"""What a view needs of its gateway is there, or stops the start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.gates import CASE, CONSENT, INTERACTION
from gateway.view_needs import Provided, verify_needs
from schema.problems import Level
from schema.view_files import load_views
from tests.gateway.greenhouse import greenhouse, write_view
from tests.schema.declared import SUPPORT_CALL, sentence
from tests.schema.declared import write_view as write_text

ALL = Provided(served=frozenset({CONSENT, CASE, INTERACTION}), verifiers=True, audit=True, secret=True)

GATES = [
    (
        "consent: {purpose: DirectMarketing}\n",
        "",
        {"served": frozenset({CASE})},
        "6 got a demand for consent, which no adapter answers; wanted an offer that serves Gate.consent; to mend: add "
        "the offer to the adapter of the source that owns consent",
    ),
    (
        "objection: {purpose: DirectMarketing}\n",
        "",
        {"served": frozenset({CASE})},
        "6 got a demand for consent, which no adapter answers; wanted an offer that serves Gate.consent; to mend: add "
        "the offer to the adapter of the source that owns consent",
    ),
    (
        "",
        "objection: {purpose: DirectMarketing}",
        {"served": frozenset({CASE})},
        "14 got a demand for consent, which no adapter answers; wanted an offer that serves Gate.consent; to mend: "
        "add the offer to the adapter of the source that owns consent",
    ),
    (
        "subject: {relationship: open-case, refusal_ms: 300}\n",
        "",
        {"served": frozenset({CONSENT})},
        "6 got a demand for cases, which no adapter answers; wanted an offer that serves Gate.case; to mend: add "
        "the offer to the adapter of the source that owns cases",
    ),
    (
        "",
        "relationship: open-case",
        {"served": frozenset({CONSENT})},
        "14 got a demand for cases, which no adapter answers; wanted an offer that serves Gate.case; to mend: add "
        "the offer to the adapter of the source that owns cases",
    ),
    (
        "subject: {relationship: active-interaction, refusal_ms: 300}\n",
        "",
        {"served": frozenset({CONSENT, CASE})},
        "6 got a demand for interactions, which no adapter answers; wanted an offer that serves Gate.interaction; to "
        "mend: add the offer to the adapter of the source that owns interactions",
    ),
    (
        "",
        "relationship: active-interaction",
        {"served": frozenset({CONSENT, CASE})},
        "14 got a demand for interactions, which no adapter answers; wanted an offer that serves Gate.interaction; to "
        "mend: add the offer to the adapter of the source that owns interactions",
    ),
]


@pytest.mark.parametrize(("parts", "fields", "lacking", "problem"), GATES)
def test_a_gate_that_no_adapter_answers_is_named_with_its_line(
    tmp_path: Path, parts: str, fields: str, lacking: dict[str, object], problem: str
) -> None:
    """Consents, objections and cases; with everything provided there is nothing to tell."""
    text = SUPPORT_CALL.replace("  Customer.segment: {}\n", f"  Customer.segment: {{{fields}}}\n")
    write_text(tmp_path, text.replace("owner: ", f"{parts}owner: "))
    loaded = load_views(tmp_path).views[0]
    provided = replace(ALL, **lacking)  # type: ignore[arg-type]
    assert [f"{each.line} {sentence(each)}" for each in verify_needs([loaded], provided)] == [problem]
    assert list(verify_needs([loaded], ALL)) == []


@pytest.mark.parametrize(
    ("part", "kind", "owned"),
    [
        ("consent: {purpose: DirectMarketing}", CONSENT, "consent"),
        ("objection: {purpose: DirectMarketing}", CONSENT, "consent"),
        ("subject: {relationship: open-case, refusal_ms: 300}", CASE, "cases"),
        ("subject: {relationship: active-interaction, refusal_ms: 300}", INTERACTION, "interactions"),
    ],
)
def test_the_answer_cannot_do_without_the_source_of_a_gate(tmp_path: Path, part: str, kind: str, owned: str) -> None:
    """What may be shown depends on it. In a view that asks it for nothing but facts it is a source like others."""
    sources = "sources: {crm: {holds_up_ms: 200}, office: {holds_up_ms: 200}}\n"
    provided = replace(ALL, owners={kind: "office"})
    write_text(tmp_path, SUPPORT_CALL.replace("owner: ", f"{sources}owner: "))
    assert list(verify_needs([load_views(tmp_path).views[0]], provided)) == []
    write_text(tmp_path, SUPPORT_CALL.replace("owner: ", f"{sources}{part}\nowner: "))
    found = verify_needs([load_views(tmp_path).views[0]], provided)
    assert [f"{each.line} {sentence(each)}" for each in found] == [
        f"6 got the source office, which the answer can do without, and which owns {owned}; wanted sources that decide "
        "nothing: what may be shown depends on this one; to mend: remove it from sources"
    ]


GLASS = "break_glass: {roles: [lead], reasons: [vital-interest], minutes: 30}\n"


@pytest.mark.parametrize(
    ("parts", "lacking", "problems"),
    [
        (
            "verification: {methods: [otp]}\n",
            {"verifiers": False},
            [
                "CUSTOMER_VIEW_VERIFIERS: error: got no such setting, and verification in support-call@1; wanted the "
                "file of those whose word is taken for who was verified; to mend: set it, or publish versions that do "
                "without"
            ],
        ),
        (
            "audit: required\n",
            {"audit": False},
            [
                "CUSTOMER_VIEW_AUDIT: error: got no such setting, and audit: required in support-call@1; wanted a "
                "folder in which it is written down what was shown; to mend: set it, or publish versions that do "
                "without"
            ],
        ),
        (
            GLASS,
            {"audit": False, "secret": False},
            [
                "CUSTOMER_VIEW_AUDIT: error: got no such setting, and break_glass in support-call@1; wanted a folder "
                "in which it stands who broke a glass, and what waits for review; to mend: set it, or publish "
                "versions that do without",
                "CUSTOMER_VIEW_SECRET_FILE: error: got no such setting, and break_glass in support-call@1; wanted the "
                "file of the secret with which grants are signed; to mend: set it, or publish versions that do without",
            ],
        ),
    ],
)
def test_a_setting_that_views_need_is_named_with_the_views(
    tmp_path: Path, parts: str, lacking: dict[str, object], problems: list[str]
) -> None:
    """Once a setting and part, however many views need it."""
    write_text(tmp_path, SUPPORT_CALL.replace("owner: ", f"{parts}owner: "))
    views = load_views(tmp_path).views
    assert [str(each) for each in verify_needs(views, replace(ALL, **lacking))] == problems  # type: ignore[arg-type]
    assert list(verify_needs(views, ALL)) == []


@pytest.mark.parametrize(
    ("days", "is_told"), [(None, False), (4, False), (3, True), (1, True)], ids=["for ever", "4", "3", "1"]
)
def test_audit_is_kept_for_longer_than_a_review_may_take(tmp_path: Path, days: int | None, *, is_told: bool) -> None:
    """Else it would be dropped what nobody has reviewed yet; `review_hours` of three days leave three days too few."""
    glass = GLASS.replace("minutes: 30", "minutes: 30, review_hours: 72")
    write_text(tmp_path, SUPPORT_CALL.replace("owner: ", f"{glass}owner: "))
    told = [sentence(one) for one in verify_needs(load_views(tmp_path).views, replace(ALL, audit_days=days))]
    problem = (
        f"got review within 72 hours, while CUSTOMER_VIEW_AUDIT_DAYS is {days}; wanted audit that is kept for longer "
        "than a review may take; to mend: set CUSTOMER_VIEW_AUDIT_DAYS to 4 or more, or publish a version with less "
        "time"
    )
    assert told == ([problem] if is_told else [])


def test_a_request_that_needs_more_decisions_than_are_asked_for_is_noted(tmp_path: Path) -> None:
    """Where there is a decision point; customers times fields but the id, one customer where the view has one."""
    fields = "".join(f"  Name.f{n}:\n" for n in range(200))
    text = SUPPORT_CALL.replace("  Customer.segment: {}\n", fields).replace("customers: 50", "customers: 100")
    write_text(tmp_path, text)
    views = load_views(tmp_path).views
    (note,) = verify_needs(views, replace(ALL, decides=True))
    assert (note.level, note.line) == (Level.NOTE, views[0].document.line_of(("limits", "customers")))
    assert note.got.startswith("100 customers a request and 201 fields")
    assert note.wanted == "at most 10000 decisions a request; one that needs more is refused"
    assert list(verify_needs(views, ALL)) == []
    write_text(tmp_path, text.replace("owner: ", "subject: {mode: single}\nowner: "))
    assert list(verify_needs(load_views(tmp_path).views, replace(ALL, decides=True))) == []


def test_a_view_without_demands_needs_nothing(tmp_path: Path) -> None:
    """As every view that was published before there were any."""
    write_text(tmp_path)
    assert list(verify_needs(load_views(tmp_path).views, Provided())) == []


def test_a_gateway_with_such_a_view_does_not_start(tmp_path: Path) -> None:
    """What is provided is what the gateway is made of."""
    plants = greenhouse(tmp_path)
    assert plants.gateway.check().errors == []
    write_view(tmp_path / "views", "selling@1", "Plant.id", "Plant.label: {consent: {purpose: DirectMarketing}}")
    (error,) = plants.gateway.check().errors
    assert error.file.endswith("selling@1.yaml")
    assert error.got == "a demand for consent, which no adapter answers"
