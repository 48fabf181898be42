from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import ValidationError

from schema.caller import Caller
from schema.lock import digest_of
from schema.problems import ConfigurationError
from schema.view_files import load_views
from schema.view_rules import written
from schema.views import FieldRule, Introspection, ReceiptDetail, View, is_slug, write_json_schema
from schema.yaml_file import load_yaml
from tests.schema.declared import SUPPORT_CALL, sentence, view_with, write_view

ROOT = Path(__file__).parents[2]
PUBLISHED_SCHEMA = ROOT / "docs" / "view.schema.json"

SENTENCES = [
    (
        "version: 1",
        "version: true",
        3,
        "got true (version); wanted a whole number from 1 up; a published version never changes; "
        "to mend: correct the value",
    ),
    ("version: 1", "version: 0", 3, "got 0 (version); wanted a whole number from 1 up"),
    ("name: support-call", "name: Support Call", 2, "got 'Support Call' (name); wanted a name of lower-case words"),
    (
        "title: Support call",
        "titel: Support call",
        4,
        "got the unknown key 'titel' (titel); wanted one of: name, version, title, ",
    ),
    ("title: Support call\n", "", 2, "got no title (title); wanted a title of 1 to 200 characters; to"),
    ("title: Support call", "title: '  '", 4, "got '  ' (title); wanted a title of 1 to 200 characters"),
    ("review_by: 2027-01-31", "review_by: 20270131", 7, "got 20270131 (review_by); wanted a date such as 2027-01-31"),
    ("review_by: 2027-01-31", "review_by: 2027-02-31", 7, "got '2027-02-31' (review_by); wanted the date of the next"),
    (
        "{dpv: CustomerCare}",
        "{dpv: Customercare}",
        8,
        "got 'Customercare' (purpose.dpv); wanted a purpose of the W3C Data Privacy Vocabulary that this product "
        "knows, such as CustomerCare; to mend: did you mean 'CustomerCare'?",
    ),
    ("{dpv: CustomerCare}", "{dpv: [x]}", 8, "got a list (purpose.dpv); wanted a purpose of the W3C Data Privacy"),
    ("{dpv: CustomerCare}", "CustomerCare", 8, "got 'CustomerCare' (purpose); wanted what the data is for, such as"),
    (
        "{gdpr: A6-1-b}",
        "{gdpr: A6-1-g}",
        9,
        "got 'A6-1-g' (lawful_basis.gdpr); wanted a ground of GDPR article 6(1): A6-1-a to A6-1-f; "
        "to mend: correct the value",
    ),
    ("[agent-desktop]", "[agent-desktop, agent-desktop]", 10, "got a list (consumers); wanted every entry once"),
    ("[agent-desktop]", "[agent-desktop, 7]", 10, "got 7 (consumers[2]); wanted a consumer's name"),
    ("[agent-desktop]", "[]", 10, "got an empty list (consumers); wanted a list of the consumers"),
    (
        "[id, crm]",
        "[id, crm]\nidentifiers: [email, e-mail]",
        12,
        "got 'e-mail' (identifiers[2]); wanted a type of identifier: email, phone, tax_id, national_id or iban",
    ),
    ("[id, crm]", "[id, crm]\nidentifiers: [iban, iban]", 12, "got a list (identifiers); wanted every entry once"),
    ("[id, crm]", "[id, crm-eu]", 11, "got 'crm-eu' (lookups[2]); wanted id, or the name of a source"),
    ("  Customer.name:", "  Customer:", 13, "got the key 'Customer' (fields.Customer); wanted a coordinate, such as"),
    (
        "  Customer.segment: {}",
        "  Customer.segment: {verification: V1}",
        14,
        "got the unknown key 'verification' (fields.Customer.segment.verification); wanted one of: mask, min, below, "
        "max_age, consent, objection, relationship, when, break_glass; to mend: remove it",
    ),
    (
        "  Customer.segment: {}",
        "  Customer.segment: {min: V4}",
        14,
        "got 'V4' (fields.Customer.segment.min); wanted one of: V0, V1, V2, V3; to mend: correct the value",
    ),
    ("  Customer.segment: {}", "  Customer.segment: {min: }", 14, "got nothing (fields.Customer.segment.min); wanted"),
    ("  Customer.segment: {}", "  Customer.segment: {min: 2}", 14, "got 2 (fields.Customer.segment.min); wanted one"),
    (
        "  Customer.segment: {}",
        "  Customer.segment: {max_age: 0}",
        14,
        "got 0 (fields.Customer.segment.max_age); wanted how old the verification may be, in seconds: a whole number, "
        "1 to 86400",
    ),
    (
        "  Customer.segment: {}",
        "  Customer.segment: {consent: {purpose: Spam}}",
        14,
        "got 'Spam' (fields.Customer.segment.consent.purpose); wanted a purpose of the W3C Data Privacy Vocabulary",
    ),
    (
        "  Customer.segment: {}",
        "  Customer.segment: {relationship: friend}",
        14,
        "got 'friend' (fields.Customer.segment.relationship); wanted open-case: shown while the customer has an open",
    ),
    (
        "  Customer.segment: {}",
        "  Customer.segment: {break_glass: 1}",
        14,
        "got 1 (fields.Customer.segment.break_glass); wanted true: shown only when the glass was broken",
    ),
    (
        "owner: Head",
        "verification: {methods: [fax]}\nowner: Head",
        6,
        "got 'fax' (verification.methods[1]); wanted one of: kba, pin, pwd, app, hwk, otp, pop, sc, sms, swk, tel, "
        "face, fpt, iris, retina, vbm; to mend: correct the value",
    ),
    (
        "owner: Head",
        "verification: {max_age: 60}\nowner: Head",
        6,
        "got no methods (verification.methods); wanted a list of the methods by which a customer can be verified",
    ),
    (
        "owner: Head",
        "situation: {channels: [Voice]}\nowner: Head",
        6,
        "got 'Voice' (situation.channels[1]); wanted a word of lower-case letters joined by hyphens, such as",
    ),
    (
        "owner: Head",
        "situation: {case: yes}\nowner: Head",
        6,
        "got 'yes' (situation.case); wanted whether a case is told: required or optional; to mend: correct the value",
    ),
    (
        "owner: Head",
        "subject: {mode: many}\nowner: Head",
        6,
        "got 'many' (subject.mode); wanted single: one customer a",
    ),
    (
        "owner: Head",
        "subject: {refusal_ms: 5}\nowner: Head",
        6,
        "got 5 (subject.refusal_ms); wanted when an answer leaves in which somebody is not shown, in milliseconds",
    ),
    (
        "owner: Head",
        "break_glass: {roles: [], reasons: [vital-interest], minutes: 30}\nowner: Head",
        6,
        "got an empty list (break_glass.roles); wanted a list of roles, such as [fraud-lead]",
    ),
    ("owner: Head", "audit: maybe\nowner: Head", 6, "got 'maybe' (audit); wanted required: a gateway without audit"),
    (
        "owner: Head",
        "processing: [Consult, Spy]\nowner: Head",
        6,
        "got 'Spy' (processing[2]); wanted a way of processing of the W3C Data Privacy Vocabulary that this product "
        "knows",
    ),
    (
        "owner: Head",
        "data_subjects: [Robot]\nowner: Head",
        6,
        "got 'Robot' (data_subjects[1]); wanted a category of data subjects of the W3C Data Privacy Vocabulary",
    ),
    (
        "owner: Head",
        "transfers: [{country: us, recipient: Us, safeguard: A46-2-c}]\nowner: Head",
        6,
        "got 'us' (transfers[1].country); wanted a country as its ISO 3166-1 code of two letters, such as US",
    ),
    (
        "owner: Head",
        "transfers: [{country: US, recipient: Us}]\nowner: Head",
        6,
        "got no safeguard (transfers[1].safeguard); wanted what makes it lawful, as the article of the GDPR: A45-3,",
    ),
    ("owner: Head", "retention: ''\nowner: Head", 6, "got '' (retention); wanted none, or how long those who receive"),
    (
        "owner: Head",
        "sources: {crm: {holds_up_ms: 60001}}\nowner: Head",
        6,
        "got 60001 (sources.crm.holds_up_ms); wanted for how long the answer waits for it behind all others, in "
        "milliseconds: a whole number, 0 to 60000",
    ),
    (
        "owner: Head",
        "sources: {crm: {holds_up: 200}}\nowner: Head",
        6,
        "got the unknown key 'holds_up' (sources.crm.holds_up); wanted one of: holds_up_ms; to mend: did you mean",
    ),
    (
        "owner: Head",
        "sources: {crm: 200}\nowner: Head",
        6,
        "got 200 (sources.crm); wanted for how long the answer waits for it, such as {holds_up_ms: 200}",
    ),
    (
        "owner: Head",
        "sources: {C R M: {holds_up_ms: 200}}\nowner: Head",
        6,
        "got the key 'C R M' (sources.C R M); wanted the name of a source",
    ),
    ("owner: Head", "valid_until: soon\nowner: Head", 6, "got 'soon' (valid_until); wanted a date such as 2027-01-31"),
    (
        "owner: Head",
        "prohibited: [Marketing, Marketing]\nowner: Head",
        6,
        "got a list (prohibited); wanted every entry once; to mend: correct the value",
    ),
    (
        "  Customer.segment: {}",
        "  Customer.segment: {mask: last5}",
        14,
        "got 'last5' (fields.Customer.segment.mask); wanted how a text is shown: initials, last4, email or all",
    ),
    (
        "  Customer.segment: {}",
        "  Customer.segment: {mask: }",
        14,
        "got nothing (fields.Customer.segment.mask); wanted one of: initials, last4, email, all; to mend: correct",
    ),
    (
        "  Customer.segment: {}",
        "  Customer.segment: yes",
        14,
        "got 'yes' (fields.Customer.segment); wanted nothing, or",
    ),
    (
        "  customers: 50",
        "  customers: 50\n  custmers: 1",
        17,
        "got the unknown key 'custmers' (limits.custmers); wanted one of: customers, deadline_ms, calls, tokens, "
        "depth, aliases, fields, weight; "
        "to mend: did you mean 'customers'?",
    ),
    ("  customers: 50", "  customers: 1001", 16, "got 1001 (limits.customers); wanted the most customers of one"),
    ("  deadline_ms: 1500", "  deadline_ms: 1.5", 17, "got 1.5 (limits.deadline_ms); wanted the time for the whole"),
    ("  calls: 20\n", "", 15, "got no calls (limits.calls); wanted the most calls that a plan may send to sources"),
    (
        "  tokens: 500\n",
        "  tokens: 500\n  depth: 51\n",
        20,
        "got 51 (limits.depth); wanted the most levels of fields of",
    ),
    (
        "  tokens: 500\n",
        "  tokens: 500\n  weight: 0\n",
        20,
        "got 0 (limits.weight); wanted the most values of an answer,",
    ),
    (
        "owner: Head",
        "introspection: all\nowner: Head",
        6,
        "got 'all' (introspection); wanted which of the consumers may read the schema: everyone, developers or nobody",
    ),
    ("owner: Head", "receipt: all\nowner: Head", 6, "got 'all' (receipt); wanted the most that a receipt tells: none,"),
    ("owner: Head", f"{'k' * 46}: 1\nowner: Head", 6, "got the unknown key a text of 46 characters ("),
]


def test_a_view_says_who_may_see_what_for_which_purpose(tmp_path: Path) -> None:
    """The file's words are the view's values; a coordinate without a rule has the default rule."""
    view = view_with(tmp_path).view
    assert view.id == "support-call@1"
    assert view.purpose.dpv == "CustomerCare"
    assert view.lawful_basis.gdpr == "A6-1-b"
    assert view.review_by.isoformat() == "2027-01-31"
    assert view.lookups == ("id", "crm")
    assert dict(view.fields) == {"Customer.name": FieldRule(), "Customer.segment": FieldRule()}
    assert (view.limits.customers, view.limits.deadline_ms, view.limits.calls, view.limits.tokens) == (
        50,
        1500,
        20,
        500,
    )
    assert view.receipt is ReceiptDetail.SOURCES
    assert (view.limits.depth, view.limits.aliases, view.limits.fields, view.limits.weight) == (15, 50, 1_000, 20_000)
    assert view.introspection is Introspection.EVERYONE


def test_a_limit_that_is_left_out_is_not_in_the_digest(tmp_path: Path) -> None:
    """So that limits that come later leave published views as they were; another figure than the default is in it."""
    plain = view_with(tmp_path).view
    same = view_with(tmp_path, "  tokens: 500", "  tokens: 500\n  depth: 15\n  weight: 20000").view
    other = view_with(tmp_path, "  tokens: 500", "  tokens: 500\n  depth: 14").view
    assert plain.canonical()["limits"] == {"customers": 50, "deadline_ms": 1500, "calls": 20, "tokens": 500}
    assert plain.canonical() == same.canonical()
    assert digest_of(plain) == digest_of(same) != digest_of(other)


def test_a_mask_is_in_the_digest_and_a_field_without_one_is_as_ever(tmp_path: Path) -> None:
    """Views that were published before there were masks stay as they were."""
    whole = view_with(tmp_path).view
    masked = view_with(tmp_path, "  Customer.segment: {}", "  Customer.segment: {mask: all}").view
    assert whole.canonical()["fields"] == {"Customer.name": {}, "Customer.segment": {}}
    assert masked.canonical()["fields"] == {"Customer.name": {}, "Customer.segment": {"mask": "all"}}
    assert json.dumps(masked.canonical())
    assert digest_of(whole) != digest_of(masked)


PARTS = """\
verification: {methods: [otp, app]}
situation: {channels: [voice, chat], interaction: required}
subject: {mode: single}
consent: {purpose: DirectMarketing, channel: email}
prohibited: [Marketing]
processing: [Display, Consult]
transfers:
  - {country: US, recipient: A processor, safeguard: A46-2-c}
  - {country: CH, recipient: Another, safeguard: A45-3}
valid_until: 2027-12-31
"""


def test_the_order_of_lists_says_nothing_wherever_they_stand(tmp_path: Path) -> None:
    """Within parts too, and of lists of parts; every part is in the digest."""
    plain = view_with(tmp_path).view
    one = view_with(tmp_path, "owner: Head", f"{PARTS}owner: Head").view
    turned = PARTS.replace("[otp, app]", "[app, otp]").replace("[voice, chat]", "[chat, voice]")
    lines = turned.splitlines(keepends=True)
    lines[7], lines[8] = lines[8], lines[7]
    two = view_with(tmp_path, "owner: Head", f"{''.join(lines)}owner: Head").view
    assert digest_of(one) == digest_of(two) != digest_of(plain)
    assert set(one.canonical()) - set(plain.canonical()) == {line.split(":")[0] for line in PARTS.splitlines()} - {
        line.split(":")[0] for line in lines[7:9]
    }


def test_what_says_the_default_is_not_in_the_digest(tmp_path: Path) -> None:
    """So that keys that come later leave published views as they were."""
    defaults = "situation: {}\nsubject: {bound: false}\naudit: where-kept\nprocessing: []\n"
    same = view_with(tmp_path, "owner: Head", f"{defaults}owner: Head").view
    assert digest_of(same) == digest_of(view_with(tmp_path).view)


@pytest.mark.parametrize(
    ("days", "valid", "retired"),
    [
        ("", "before first last after", ""),
        ("valid_from: 2027-02-01\n", "first last after", ""),
        ("valid_until: 2027-02-28\n", "before first last", "after"),
        ("valid_from: 2027-02-01\nvalid_until: 2027-02-28\n", "first last", "after"),
    ],
)
def test_a_view_is_valid_from_its_first_day_to_its_last(tmp_path: Path, days: str, valid: str, retired: str) -> None:
    """Both included; after the last it is retired, before the first it is not."""
    view = view_with(tmp_path, "owner: Head", f"{days}owner: Head").view
    when = {
        "before": date(2027, 1, 31),
        "first": date(2027, 2, 1),
        "last": date(2027, 2, 28),
        "after": date(2027, 3, 1),
    }
    assert [name for name, day in when.items() if view.is_valid_on(day)] == valid.split()
    assert [name for name, day in when.items() if view.is_retired_on(day)] == retired.split()


def test_a_part_is_written_as_it_stands_in_the_file() -> None:
    """In one line, what says the default left out."""
    rule = FieldRule.model_validate({"min": "V2", "mask": "email", "consent": {"purpose": "DirectMarketing"}})
    assert written(rule) == "{mask: email, min: V2, consent: {purpose: DirectMarketing}}"
    assert written(FieldRule.model_validate({"break_glass": True, "when": {"channels": ["voice", "chat"]}})) == (
        "{when: {channels: [voice, chat]}, break_glass: true}"
    )
    assert written(FieldRule()) == "{}"


@pytest.mark.parametrize(
    ("introspection", "to_agents", "to_developers"),
    [("everyone", True, True), ("developers", False, True), ("nobody", False, False)],
)
def test_a_view_shows_its_schema_to_whom_it_says(
    tmp_path: Path, introspection: str, to_agents: bool, to_developers: bool
) -> None:
    """By the consumer's role, as it is registered."""
    view = view_with(tmp_path, "owner: Head", f"introspection: {introspection}\nowner: Head").view
    assert view.shows_schema_to(Caller("agent-desktop", roles=frozenset({"agent"}))) is to_agents
    assert view.shows_schema_to(Caller("agent-desktop", roles=frozenset({"developer", "agent"}))) is to_developers


def test_a_coordinate_may_name_an_argument(tmp_path: Path) -> None:
    """Arguments are listed one by one."""
    view = view_with(tmp_path, "  Customer.name:", "  Customer.orders(first:):").view
    assert "Customer.orders(first:)" in view.fields


def test_a_view_cannot_be_changed(tmp_path: Path) -> None:
    """Neither its keys nor the mapping of its fields."""
    view = view_with(tmp_path).view
    with pytest.raises(ValidationError, match="frozen"):
        view.version = 2
    with pytest.raises(TypeError):
        view.fields["Customer.secret"] = FieldRule()  # type: ignore[index]


def test_equal_views_are_one_key_of_a_mapping(tmp_path: Path) -> None:
    """A view is hashed by its name and version, and prints as them."""
    one, two = view_with(tmp_path).view, view_with(tmp_path).view
    assert {one: "plan"}[two] == "plan"
    assert str(one) == repr(one) == "View(support-call@1)"


@pytest.mark.parametrize(
    ("views", "consumer", "admitted"),
    [
        ({"support-call"}, "agent-desktop", True),
        ({"support-call@1"}, "agent-desktop", True),
        ({"support-call@2"}, "agent-desktop", False),
        ({"support-call"}, "newsletter", False),
    ],
)
def test_a_view_admits_who_is_registered_for_it_and_listed_in_it(
    tmp_path: Path, views: set[str], consumer: str, admitted: bool
) -> None:
    """Both sides have to agree."""
    assert view_with(tmp_path).view.admits(Caller(consumer, frozenset(views))) is admitted


@pytest.mark.parametrize(("old", "new", "line", "said"), SENTENCES)
def test_a_wrong_value_is_named_with_its_line_and_how_to_mend_it(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    """What was got, what was wanted, how to mend it; `true` is no number and a number no date."""
    with pytest.raises(ConfigurationError) as raised:
        view_with(tmp_path, old, new)
    problem = raised.value.problems[0]
    assert sentence(problem).startswith(said)
    assert problem.line == line


@pytest.mark.parametrize("key", ["purpose", "lawful_basis", "owner", "review_by"])
def test_a_view_without_its_accountability_is_refused(tmp_path: Path, key: str) -> None:
    """No purpose, no basis, nobody who answers for it, or no date of review: no view."""
    line = next(line for line in SUPPORT_CALL.splitlines(keepends=True) if line.startswith(f"{key}:"))
    with pytest.raises(ConfigurationError) as raised:
        view_with(tmp_path, line, "")
    (problem,) = raised.value.problems
    assert (problem.got, problem.mend) == (f"no {key} ({key})", f"add `{key}:`")


def test_every_problem_of_a_file_is_named(tmp_path: Path) -> None:
    """A person mends a file in one go."""
    with pytest.raises(ConfigurationError) as raised:
        view_with(tmp_path, "title: Support call\n", "titel: Support call\nfreshness: {}\n")
    assert [problem.got for problem in raised.value.problems] == [
        "the unknown key 'titel' (titel)",
        "the unknown key 'freshness' (freshness)",
    ]
    assert raised.value.problems[0].mend == "did you mean 'title'?"


@pytest.mark.parametrize("text", ["", "- a\n"])
def test_a_file_that_is_no_mapping_is_told_the_keys(tmp_path: Path, text: str) -> None:
    """An empty file is wrong in one way, not in twelve."""
    write_view(tmp_path, text)
    with pytest.raises(ConfigurationError, match=r"wanted a mapping with the keys name, version, ") as raised:
        load_views(tmp_path)
    assert len(raised.value.problems) == 1


@pytest.mark.parametrize(
    ("word", "is_one"), [("a", True), ("a-1", True), ("A", False), ("a--b", False), ("a" * 65, False)]
)
def test_a_slug_is_lower_case_words_joined_by_hyphens(word: str, is_one: bool) -> None:
    """Names stand in paths, files and tokens' registrations."""
    assert is_slug(word) is is_one


def test_the_published_json_schema_is_that_of_the_code(tmp_path: Path) -> None:
    """`docs/view.schema.json` is written by the product and never by hand."""
    fresh = tmp_path / "view.schema.json"
    write_json_schema(fresh)
    assert PUBLISHED_SCHEMA.read_text(encoding="utf-8") == fresh.read_text(encoding="utf-8")
    assert json.loads(fresh.read_text(encoding="utf-8")) == View.json_schema()


def test_the_shipped_views_meet_the_published_json_schema(tmp_path: Path) -> None:
    """What the product accepts, an editor accepts."""
    schema = json.loads(PUBLISHED_SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    shipped = sorted((ROOT / "adapters" / "sandbox").rglob("*@*.yaml"))
    for path in [write_view(tmp_path), *shipped]:
        jsonschema.validate(load_yaml(path).data, schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize(("old", "new", "line", "said"), SENTENCES)
def test_the_published_json_schema_refuses_what_the_product_refuses(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    """All but two rules that JSON Schema cannot say: blank text, and which dates exist."""
    if new in ("title: '  '", "review_by: 2027-02-31"):
        return
    document: Mapping[str, Any] = load_yaml(write_view(tmp_path, SUPPORT_CALL.replace(old, new))).data
    assert not jsonschema.Draft202012Validator(View.json_schema()).is_valid(document)


def test_of_two_levels_of_a_receipt_the_one_that_tells_less_holds() -> None:
    """None, sources and fields, in this order, whichever of them is the view's."""
    told = {(one, other): one.at_most(other) for one in ReceiptDetail for other in ReceiptDetail}
    none, sources, fields = ReceiptDetail.NONE, ReceiptDetail.SOURCES, ReceiptDetail.FIELDS
    assert {least for pair, least in told.items() if none in pair} == {none}
    assert {least for pair, least in told.items() if sources in pair and none not in pair} == {sources}
    assert told[fields, fields] is fields
