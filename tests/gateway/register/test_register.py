"""The record of processing says of every view what GDPR article 30(1) asks, in three forms."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from datetime import date
from io import StringIO
from typing import Any

import pytest
import strawberry
from markdown_it import MarkdownIt

from gateway.register import Controller, Form, Practice, Register, in_form, make_register
from gateway.register.table import COLUMNS
from schema.customer import Customer
from schema.directives import PersonalCategory, Sensitive, Subject, personal
from schema.model import Model
from schema.views import View

TODAY = date(2026, 11, 22)
CONTROLLER = Controller(
    "Example Ltd", "privacy@example.com", "Jane Doe", Practice(audit=True, audit_days=90, alerts=True)
)
MODEL = Model(Customer)

NEWSLETTER: dict[str, Any] = {
    "name": "newsletter",
    "version": 2,
    "title": "Newsletter",
    "description": "Whom the newsletter may be sent to.",
    "owner": "Marketing",
    "review_by": "2026-11-21",
    "purpose": {"dpv": "DirectMarketing"},
    "lawful_basis": {"gdpr": "A6-1-a"},
    "consumers": ["mailer"],
    "lookups": ["id"],
    "fields": {
        "Customer.id": {},
        "Customer.name": {},
        "Name.display": {"min": "V1", "below": "initials"},
        "Customer.contactPoints": {"consent": {"purpose": "DirectMarketing", "channel": "email"}},
        "ContactPoint.value": {"min": "V2", "mask": "email"},
        "Customer.accounts": {"relationship": "open-case"},
        "Account.balance": {"break_glass": True},
        "Money.amount": {"when": {"channels": ["voice"]}},
    },
    "limits": {"customers": 50, "deadline_ms": 1500, "calls": 20, "tokens": 500},
    "verification": {"methods": ["otp", "app"], "max_age": 900},
    "situation": {"channels": ["voice", "chat"], "objectives": ["resolve-issue"], "interaction": "required"},
    "consent": {"purpose": "DirectMarketing"},
    "objection": {"purpose": "DirectMarketing", "channel": "email"},
    "break_glass": {"roles": ["fraud-lead"], "reasons": ["vital-interest"], "minutes": 30},
    "audit": "required",
    "prohibited": ["CreditChecking"],
    "processing": ["Consult", "Display"],
    "data_subjects": ["Customer", "User"],
    "recipients": ["contact-centre", "Mail house"],
    "transfers": [{"country": "US", "recipient": "Mail house", "safeguard": "A46-2-c"}],
    "retention": "Until the next issue, to send it",
    "dpia_ref": "DPIA-7",
    "valid_from": "2026-01-01",
    "valid_until": "2026-12-31",
}


def register(*views: dict[str, Any], model: Model = MODEL, controller: Controller = CONTROLLER) -> Register:
    """The record of these views, changes of the newsletter each."""
    made = [View.model_validate(NEWSLETTER | changes) for changes in views]
    return make_register(made, model, controller, TODAY)


def test_an_activity_says_what_the_article_asks() -> None:
    """Purpose, basis, persons, data, recipients, transfers, retention and measures: letters (b) to (g)."""
    (one,) = register({}).activities
    assert (one.view, one.title, one.owner) == ("newsletter@2", "Newsletter", "Marketing")
    assert (one.purpose.term, one.purpose.definition) == ("DirectMarketing", "Market to a person directly.")
    assert one.basis == ("A6-1-a", "consent")
    assert [term.term for term in one.data_subjects] == ["Customer", "User"]
    assert [(each.term, tuple(each.coordinates)) for each in one.categories] == [
        ("pd:Contact", ("Customer.contactPoints", "ContactPoint.value")),
        ("pd:Financial", ("Customer.accounts", "Account.balance", "Money.amount")),
        ("pd:Identifying", ("Customer.id", "Customer.name", "Name.display")),
    ]
    assert one.others == []
    assert one.recipients == ("contact-centre", "Mail house")
    assert [(each.country, each.safeguard.value) for each in one.transfers or ()] == [("US", "A46-2-c")]
    assert one.retention == "Those who receive it keep it: Until the next issue, to send it"
    assert one.dpia == "DPIA-7"


def test_the_measures_are_those_of_the_rules() -> None:
    """Every rule of the view is told in a sentence."""
    assert list(register({}).activities[0].measures) == [
        "Shown from level V1 on, when the customer was verified well enough: Name.display (masked below by initials).",
        "Shown from level V2 on, when the customer was verified well enough: ContactPoint.value.",
        "Customers are verified by otp, app; a verification counts for 900 seconds at most.",
        "Always masked: ContactPoint.value (email).",
        "Nothing but the id is shown without consent to DirectMarketing.",
        "Nothing but the id is shown of who has objected to DirectMarketing by email.",
        "Shown only with consent to DirectMarketing by email: Customer.contactPoints.",
        "Shown only while the person has an open case: Customer.accounts.",
        "Asked only in these situations: channel voice or chat; objective resolve-issue.",
        "Shown only in these situations: channel voice: Money.amount.",
        "Shown in emergencies only: Account.balance.",
        "Opened by fraud-lead, for vital-interest, for 30 minutes; the privacy officer is alerted, and the privacy "
        "officer is to review it within 24 hours.",
        "One request reaches 50 persons at most.",
        "Nothing is answered that was not recorded first.",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"subject": {"bound": True}}, "Nobody is shown but the person of whom it was asserted that they are the one"),
        ({"subject": {"relationship": "open-case"}}, "Nobody is shown who has no open case; who is not shown cannot"),
        ({"subject": {"mode": "single"}}, "One request reaches one person at most."),
        (
            {"subject": {"relationship": "active-interaction"}},
            "Nobody is shown who has no interaction going on; who is not shown cannot",
        ),
        (
            {"fields": {"Customer.segment": {"relationship": "active-interaction"}}},
            "Shown only while the person has an interaction going on: Customer.segment.",
        ),
        (
            {"fields": {"Customer.segment": {"objection": {"purpose": "Marketing"}}}},
            "Not shown of who has objected to Marketing: Customer.segment.",
        ),
    ],
)
def test_what_a_view_says_of_its_subjects_is_a_measure(changes: dict[str, Any], sentence: str) -> None:
    """Who is shown at all, how many at once, and what is recorded."""
    assert any(each.startswith(sentence) for each in register(changes).activities[0].measures)


ALL = Practice(audit=True, audit_days=90, alerts=True, decision_point=True)
RECORDED = "Nothing is answered that was not recorded first."


@pytest.mark.parametrize(
    ("practice", "audit", "sentence"),
    [
        (ALL, "where-kept", RECORDED),
        (ALL, "required", RECORDED),
        (Practice(), "where-kept", "What is answered is not recorded: the gateway keeps no audit."),
        (
            Practice(),
            "required",
            "Nothing may be answered that was not recorded first; a gateway that keeps no audit does not serve it.",
        ),
        (
            Practice(),
            "required",
            "Opened by fraud-lead, for vital-interest, for 30 minutes; it is told in the gateway's "
            "log alone, and the privacy officer is to review it within 24 hours.",
        ),
    ],
)
def test_only_what_the_gateway_does_is_told_of_it(practice: Practice, audit: str, sentence: str) -> None:
    """Nothing is called recorded where no audit is kept, nor anybody alerted where nothing is sent."""
    (one,) = register({"audit": audit}, controller=Controller(practice=practice)).activities
    assert sentence in one.measures


@pytest.mark.parametrize(
    ("practice", "told"),
    [
        (Practice(), ""),
        (Practice(audit=True), "records of who was shown which fields, without their values: no end is set."),
        (ALL, "records of who was shown which fields, without their values: they are kept for 90 days."),
    ],
)
def test_what_the_gateway_keeps_is_told_as_it_is_set(practice: Practice, told: str) -> None:
    """Audit with its end, where one is set; a decision point, where one is asked."""
    made = register({}, controller=Controller(practice=practice))
    assert "The gateway keeps no copies" in made.retention
    assert made.retention.endswith(told or "and no value in the clear.")
    assert any("decision point" in each for each in made.measures) is practice.decision_point


UNSAID: dict[str, Any] = {"recipients": [], "transfers": None, "retention": None}


def test_what_the_article_asks_and_nobody_said_is_listed_with_who_can_mend_it() -> None:
    """By letter of GDPR article 30(1), of the settings and of each view, in every form."""
    made = register({}, UNSAID | {"name": "alerts"}, controller=Controller(practice=Practice(audit=True)))
    gaps = [(gap.of, gap.letter, gap.mend, gap.owner) for gap in made.all_gaps]
    assert gaps == [
        (None, "a", "set CUSTOMER_VIEW_CONTROLLER", None),
        (None, "a", "set CUSTOMER_VIEW_CONTROLLER_CONTACT", None),
        (None, "a", "set CUSTOMER_VIEW_DATA_PROTECTION_OFFICER", None),
        (None, "f", "set CUSTOMER_VIEW_AUDIT_DAYS", None),
        ("alerts@2", "d", "say it by recipients in the next version", "Marketing"),
        ("alerts@2", "e", "say it by transfers in the next version", "Marketing"),
        ("alerts@2", "f", "say it by retention in the next version", "Marketing"),
    ]
    assert (
        "| `alerts@2` | (f) | for how long those who receive it keep it | say it by retention in the next version | "
        "Marketing |"
    ) in in_form(made, Form.MARKDOWN)
    told = json.loads(in_form(made, Form.JSON))["notSaid"]
    assert told[-1] == {
        "view": "alerts@2",
        "article": "30(1)(f)",
        "what": "for how long those who receive it keep it",
        "mend": "say it by retention in the next version",
        "owner": "Marketing",
    }
    rows = list(csv.DictReader(StringIO(in_form(made, Form.CSV), newline="")))
    of_settings = (
        "the name of the controller; how the controller is reached; the data-protection officer, where there is one; "
        "for how long audit is kept"
    )
    of_view = "to whom the data goes; to which other countries it goes; for how long those who receive it keep it"
    assert [(row["view"], row["not said"]) for row in rows] == [
        ("alerts@2", f"{of_settings}; {of_view}"),
        ("newsletter@2", of_settings),
    ]


def test_a_record_that_lacks_nothing_says_nothing_of_it() -> None:
    """As where everything that the article asks is said."""
    whole = Controller("Example Ltd", "privacy@example.com", "Jane Doe", ALL)
    made = register({}, controller=whole)
    assert made.all_gaps == []
    assert register({}, controller=replace(whole, practice=Practice())).all_gaps == []  # nor is there audit to be kept
    assert register({"transfers": [], "retention": "none"}, controller=whole).all_gaps == []  # there are none, it says
    assert "What nobody has said" not in in_form(made, Form.MARKDOWN)


def test_data_of_which_the_model_does_not_say_what_it_tells_is_a_gap() -> None:
    """Letter (c) asks for its category: the mark of the model gives it."""
    made = register({"fields": {"Patient.id": None, "Patient.note": None}}, model=PATIENTS)
    (gap,) = (gap for gap in made.all_gaps if gap.letter == "c")
    assert (gap.what, gap.mend) == ("what these fields tell of a person: Patient.note", "mark them in the model")


def test_of_an_activity_that_has_ended_nothing_is_to_be_mended() -> None:
    """It has no next version that would say it."""
    assert register(UNSAID | {"valid_until": "2026-11-21"}).activities[0].gaps == []


@strawberry.type
class Diagnosis:
    """What ails somebody."""

    name: str | None
    """What it is called."""


@strawberry.type(directives=[Subject(plural="patients")])
class Patient:
    """Somebody in treatment."""

    id: strawberry.ID
    """The canonical id."""
    ward: str | None
    """Where they lie."""
    diet: str | None = personal(PersonalCategory.PREFERENCE, Sensitive())
    """What they do not eat."""
    diagnoses: list[Diagnosis] | None = personal(PersonalCategory.DEMOGRAPHIC, Sensitive())
    """What ails them."""
    note: str | None = personal()
    """What else there is."""


PATIENTS = Model(Patient)
FIELDS = ("id", "ward", "diet", "diagnoses", "note")


def test_special_categories_are_marked_and_handed_down() -> None:
    """What a sensitive field leads to is sensitive; personal data of no said kind is told as such."""
    fields = {**dict.fromkeys(f"Patient.{name}" for name in FIELDS), "Diagnosis.name": None}
    (one,) = register({"fields": fields, "data_subjects": []}, model=PATIENTS).activities
    assert [(each.term, tuple(each.coordinates), tuple(each.special)) for each in one.categories] == [
        ("pd:Demographic", ("Patient.diagnoses", "Diagnosis.name"), ("Diagnosis.name", "Patient.diagnoses")),
        ("pd:Identifying", ("Patient.id",), ()),
        ("pd:Preference", ("Patient.diet",), ("Patient.diet",)),
        (None, ("Patient.note",), ()),
    ]
    assert one.others == ["Patient.ward"]
    assert one.has_special_categories
    assert [(term.term, term.definition) for term in one.data_subjects] == [("Patient", "Somebody in treatment.")]
    text = in_form(register({"fields": fields}, model=PATIENTS), Form.MARKDOWN)
    assert "| **yes** | Marketing |" in text
    assert "**`Patient.diet`**" in text
    assert "No personal data, as the model has it: `Patient.ward`." in text


@pytest.mark.parametrize(
    ("days", "standing"),
    [
        ({"valid_from": None, "valid_until": None}, "in use"),
        ({"valid_from": "2026-11-22"}, "in use"),
        ({"valid_from": "2026-11-23"}, "not yet in use"),
        ({"valid_until": "2026-11-21"}, "ended"),
    ],
)
def test_the_record_says_whether_an_activity_goes_on(days: dict[str, Any], standing: str) -> None:
    """On the day on which it is made."""
    assert register(days).activities[0].standing == standing


def test_activities_stand_by_name_and_the_newest_first() -> None:
    """As a reader looks for them."""
    made = register({}, {"version": 10}, {"name": "alerts"})
    assert [one.view for one in made.activities] == ["alerts@2", "newsletter@10", "newsletter@2"]


MARKDOWN = """\
# Record of processing activities

As GDPR article 30(1) demands it, made on 2026-11-22 from the 1 published view of the gateway.

| who | as it was given |
| --- | --- |
| Controller | Example Ltd |
| Contact | privacy@example.com |
| Data-protection officer | Jane Doe |

## Activities

| activity | view | purpose | lawful basis | special categories | owner | next review |
| --- | --- | --- | --- | --- | --- | --- |
| [Newsletter](#newsletter-2) | `newsletter@2` | DirectMarketing | A6-1-a | no | Marketing | 2026-11-21 (**overdue**) |

## What holds for all of them
"""

FACTS = """\
<a id="newsletter-2"></a>

## Newsletter: newsletter@2

Whom the newsletter may be sent to.

| what | of this activity |
| --- | --- |
| Purpose | **DirectMarketing**: Market to a person directly. |
| Prohibited purposes | **CreditChecking**: Judge how likely somebody is to pay what is owed. |
| Lawful basis | GDPR article 6(1)(a): consent |
| Processing | **Consult**: Look data up.<br>**Display**: Show data. |
| Data subjects | **Customer**: Persons who buy goods or services.<br>**User**: Persons who use a service. |
| Recipients | contact-centre, Mail house |
| Consumers | `mailer` |
| Transfers | see below |
| Retention | Those who receive it keep it: Until the next issue, to send it |
| Impact assessment | DPIA-7 |
| Owner | Marketing |
| Next review | 2026-11-21 (**overdue**) |
| Standing | in use, from 2026-01-01, until 2026-12-31 |

### Personal data

| category | what it tells | fields |
| --- | --- | --- |
| Contact (`pd:Contact`) | How the person can be reached. | `Customer.contactPoints`, `ContactPoint.value` |
"""

TRANSFERS = """\
### Transfers outside the European Economic Area

| country | recipient | safeguard |
| --- | --- | --- |
| US | Mail house | GDPR A46-2-c: Standard clauses adopted by the Commission. |

### Security

- Shown from level V1 on, when the customer was verified well enough: Name.display (masked below by initials).
"""


def test_the_document_reads_from_the_overview_to_the_measures() -> None:
    """Who answers, all activities at a glance, then each of them."""
    text = in_form(register({}), Form.MARKDOWN)
    assert text.startswith(MARKDOWN)
    assert FACTS in text
    assert TRANSFERS in text
    assert "The gateway keeps no copies" in text
    assert text.endswith(".\n")


def test_what_nobody_said_is_told_as_such() -> None:
    """A gap in the record is seen, not passed over."""
    left_out: dict[str, Any] = {key: [] for key in ("recipients", "transfers", "processing")}
    left_out |= {"dpia_ref": None, "retention": "none"}
    text = in_form(register(left_out, controller=Controller()), Form.MARKDOWN)
    assert "| Controller | *not said* |" in text
    assert "| Recipients | *not said* |" in text
    assert "| Impact assessment | *not said* |" in text
    assert "| Transfers | none |" in text
    assert "| Retention | Those who receive it keep nothing. |" in text
    text = in_form(register(left_out | UNSAID, controller=Controller()), Form.MARKDOWN)
    assert "| Transfers | *not said* |" in text
    assert "| Retention | *not said* |" in text
    (row,) = csv.DictReader(StringIO(in_form(register(UNSAID, controller=Controller()), Form.CSV), newline=""))
    assert (row["controller"], row["recipients"], row["transfers"]) == ("not said", "not said", "not said")
    assert row["retention"].endswith("How long those who receive it keep it is not said.")
    (one,) = json.loads(in_form(register(UNSAID), Form.JSON))["activities"]
    assert (one["transfers"], one["retention"]) == (None, None)


def test_the_rules_of_single_fields_stand_in_a_table() -> None:
    """From which level, masked how and waiting for what; a field without a rule of its own has no line."""
    text = in_form(register({}), Form.MARKDOWN)
    _, _, rules = text.partition("### Rules of single fields\n\n")
    assert rules.partition("\n\n")[0].splitlines() == [
        "| field | from level | mask | waits for |",
        "| --- | --- | --- | --- |",
        "| `Name.display` | V1 | initials below V1 |  |",
        "| `Customer.contactPoints` |  |  | consent to DirectMarketing by email |",
        "| `ContactPoint.value` | V2 | email |  |",
        "| `Customer.accounts` |  |  | an open case |",
        "| `Account.balance` |  |  | an emergency |",
        "| `Money.amount` |  |  | channel voice |",
    ]
    plain: dict[str, Any] = {"fields": {"Customer.id": {}}, "verification": None, "break_glass": None}
    assert "### Rules" not in in_form(register(plain), Form.MARKDOWN)
    dated: dict[str, Any] = {"Customer.accounts": {"min": "V2", "max_age": 60, "objection": {"purpose": "Marketing"}}}
    (rule,) = register({"fields": dated}).activities[0].rules
    assert (rule.level, rule.waits_for) == ("V2, within 60 seconds", "no objection to Marketing")


def test_a_gateway_without_published_views_has_an_empty_record() -> None:
    """It says so."""
    assert "No view is published." in in_form(register(), Form.MARKDOWN)
    assert json.loads(in_form(register(), Form.JSON))["activities"] == []


LINKS = (
    "see https://evil.example/x?a=1, HTTP://evil.example, (ftp://evil.example) and www.evil.example, WWW.evil.example"
)


def test_an_address_that_somebody_wrote_becomes_no_link() -> None:
    """GitHub makes links of `scheme://` and of `www.`, at any place of a text; a backslash keeps it from that."""
    text = in_form(register({"owner": LINKS, "description": LINKS}), Form.MARKDOWN)
    assert not re.findall(r"\w://|\bwww\.", text, re.IGNORECASE)
    assert LINKS.replace("&", "&amp;") in MarkdownIt("commonmark").render(text)  # it is there, as it was written


HOSTILE = "=1+1 | <img src=x onerror=alert(1)> [click](https://evil.example) **bold** `code`"


def test_what_somebody_wrote_is_text_in_the_document() -> None:
    """No mark, link or HTML of a title, owner or reference is one in the record; tables keep their columns."""
    hostile = {"title": HOSTILE, "owner": HOSTILE, "description": f"# {HOSTILE}\n\n- x", "dpia_ref": HOSTILE}
    text = in_form(register(hostile | {"recipients": [HOSTILE]}), Form.MARKDOWN)
    parser = MarkdownIt("commonmark").enable("table")
    html = parser.render(text)
    assert "<img" not in text
    assert 'href="https://evil' not in html
    assert html.count("<strong>bold</strong>") == html.count("<code>code</code>") == 0
    assert html.count("<h1>") == 1
    plain = "".join(token.content for token in parser.parse(text) if token.type == "inline")
    assert "onerror" in plain  # it is there, as text
    rows = [token for token in parser.parse(text) if token.type == "td_open"]
    assert len(rows) == len(
        [token for token in parser.parse(in_form(register({}), Form.MARKDOWN)) if token.type == "td_open"]
    )


def test_no_cell_of_the_table_is_a_formula() -> None:
    """A spreadsheet shows what somebody wrote and calculates nothing."""
    text = in_form(register({"title": "=HYPERLINK(1)", "owner": "@SUM(1)", "recipients": ["+1"]}), Form.CSV)
    (row,) = csv.DictReader(StringIO(text, newline=""))
    assert (row["title"], row["owner"], row["recipients"]) == ("'=HYPERLINK(1)", "'@SUM(1)", "'+1")
    hostile = {"title": "\uff1dSUM(1)", "owner": "a;=1+1; -2", "recipients": ["a", "@b", "\t-c"], "transfers": []}
    (row,) = csv.DictReader(StringIO(in_form(register(hostile), Form.CSV), newline=""))
    assert (row["title"], row["owner"]) == ("'\uff1dSUM(1)", "a;'=1+1; '-2")  # where semicolons part cells, too
    assert row["recipients"] == "a; '@b; '-c"
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


def test_the_table_has_a_row_for_each_activity() -> None:
    """With every column of the article; lines end as RFC 4180 has it."""
    text = in_form(register({}, {"name": "alerts", "title": 'Alerts, "urgent"\nones'}), Form.CSV)
    assert text.count("\r\n") == text.count("\n") == 3
    alerts, newsletter = csv.DictReader(StringIO(text, newline=""))
    assert tuple(newsletter) == COLUMNS
    assert alerts["title"] == 'Alerts, "urgent" ones'
    assert (newsletter["controller"], newsletter["contact"]) == ("Example Ltd", "privacy@example.com")
    assert newsletter["lawful basis"] == "GDPR A6-1-a: consent"
    assert newsletter["transfers"] == "Mail house (US, GDPR A46-2-c)"
    assert newsletter["data subjects"] == "Customer; User"


def test_programs_get_all_of_it_as_json() -> None:
    """Dates as texts, terms by name."""
    told = json.loads(in_form(register({}), Form.JSON))
    assert told["controller"] == {
        "name": "Example Ltd",
        "contact": "privacy@example.com",
        "dataProtectionOfficer": "Jane Doe",
    }
    assert told["madeOn"] == "2026-11-22"
    (one,) = told["activities"]
    assert one["purpose"] == {"dpv": "DirectMarketing", "meaning": "Market to a person directly."}
    assert one["lawfulBasis"] == {"gdpr": "A6-1-a", "meaning": "consent"}
    assert (one["reviewBy"], one["reviewIsOverdue"], one["validUntil"]) == ("2026-11-21", True, "2026-12-31")
    assert one["personalData"][0] == {
        "category": "pd:Contact",
        "meaning": "How the person can be reached.",
        "fields": ["Customer.contactPoints", "ContactPoint.value"],
        "specialCategories": [],
    }
    assert one["transfers"] == [{"country": "US", "recipient": "Mail house", "safeguard": "A46-2-c"}]
