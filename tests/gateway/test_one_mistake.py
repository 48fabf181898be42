"""One mistake in what a gateway declares is one problem: at its line, with what mends it and harms nothing."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from adapters.crossref import SqliteCrossReference
from adapters.sandbox.sources import (
    billing_adapter,
    crm_adapter,
    orders_adapter,
    register_adapter,
    support_adapter,
)
from gateway.audit import AuditPlace, Disclosures
from gateway.checking import Declared, check
from gateway.demo.workplace import write_access
from schema.customer import Customer
from schema.problems import Level, Problem

SANDBOX = Path(__file__).parents[2] / "adapters" / "sandbox" / "views"
PUBLISHED, DRAFT, NEWSLETTER = "views/support-call@3.yaml", "views/draft@1.yaml", "views/newsletter@1.yaml"
FRAUD, SELF, LOCK = "views/fraud-review@1.yaml", "views/self-service@1.yaml", "views/views.lock"
CONSUMERS, VERIFIERS, SECRETS, SOURCES = "consumers.yaml", "verifiers.yaml", "secrets.txt", "sources.yaml"


def declared(folder: Path) -> Declared:
    """All that stands in the folder, with the adapters of the sandbox."""
    return Declared(
        Customer,
        (
            crm_adapter("http://127.0.0.1:9", "c"),
            billing_adapter("postgresql://reader:p@127.0.0.1:9/b"),
            register_adapter("http://127.0.0.1:9"),
            orders_adapter("http://127.0.0.1:9", "c"),
            support_adapter("http://127.0.0.1:9", "c"),
            Disclosures(),
        ),
        folder / "views",
        folder / CONSUMERS,
        folder / SECRETS,
        f"sqlite:///{folder / 'crossref.db'}",
        verifiers=folder / VERIFIERS,
        sources=folder / SOURCES,
        audit=AuditPlace(folder / "audit", folder / "anchors", 365),
    )


@dataclass(frozen=True)
class Declarations:
    """A folder without a mistake, and what is told of it all the same: notes."""

    folder: Path
    told: frozenset[str]

    def problems(self, folder: Path) -> list[Problem]:
        """What is told of a copy of the folder, and was not told of the folder."""
        found = check(declared(folder)).problems
        return [one for one in found if str(one).replace(str(folder), "") not in self.told]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Declarations:
    """The demo's declarations, and a draft that says what the desk's newest view says."""
    folder = tmp_path_factory.mktemp("whole")
    write_access(folder)
    shutil.copytree(SANDBOX, folder / "views")
    SqliteCrossReference.open(folder / "crossref.db").close()
    text = (folder / PUBLISHED).read_text("utf-8")
    (folder / DRAFT).write_text(text.replace("name: support-call", "name: draft").replace("version: 3", "version: 1"))
    consumers = (folder / CONSUMERS).read_text("utf-8")
    registered = re.sub(r"(name: voice-desk\n.*\n  views: \[support-call)", r"\1, draft", consumers)
    (folder / CONSUMERS).write_text(registered)
    (folder / SOURCES).write_text("crm:\n  timeout: 3\n  offers:\n    customers: {at_once: 4}\n")
    problems = check(declared(folder)).problems
    assert [str(one) for one in problems if one.level is Level.ERROR] == []
    return Declarations(folder, frozenset(str(one).replace(str(folder), "") for one in problems))


MISTAKES = [
    (
        DRAFT,
        "verification: \\{methods: \\[otp, app, kba\\], max_age: 1800\\}\\n",
        "",
        "Name.display, shown from V2 on (and ",
        "add `verification:`, or remove the level",
    ),
    (
        DRAFT,
        "consumers: \\[voice-desk\\]",
        "consumers: [voice-dsk]",
        "voice-desk registered for draft, which does not list it",
        "correct voice-dsk in draft@1.yaml, if it is meant; or remove draft here, or add the c",
    ),
    (
        DRAFT,
        "Customer\\.address:",
        "Customer.adress:",
        "Customer.adress, which the model does not have",
        "did you mean 'Customer.address'?",
    ),
    (
        DRAFT,
        "  Customer\\.address: \\{min: V3\\}\\n",
        "",
        "Address.lines, which nothing leads to (and 3 more of Address)",
        "list Customer.address, or remove it",
    ),
    (
        DRAFT,
        "\\[otp, app, kba\\]",
        "[otp, app]",
        "Customer.address, shown from V3 on, and methods that are all of one kind (otp, app)",
        "add a method of another kind to `verification:`, or lower the level",
    ),
    (
        DRAFT,
        "Customer\\.segment: \\{min: V1\\}",
        "Customer.segment: {min: V1, below: initials}",
        "a mask on Customer.segment, which holds Segment",
        "remove the mask, or the coordinate",
    ),
    (DRAFT, "  Customer\\.id:", "  Customer.id: {min: V1}", "a rule on the id Customer.id", "remove the rule"),
    (
        DRAFT,
        "Customer\\.segment: \\{min: V1\\}",
        "Customer.segment: {when: {channels: [voicemail]}}",
        "Customer.segment, shown for voicemail, not among the view's channels",
        "add to the channels of `situation:`, or correct it",
    ),
    (
        DRAFT,
        "Customer\\.segment: \\{min: V1\\}",
        "Customer.segment: {max_age: 60}",
        "Customer.segment with max_age and without min",
        "add `min:`, or remove max_age",
    ),
    (
        DRAFT,
        "Customer\\.segment: \\{min: V1\\}",
        "Customer.segment: {min: V1, max_age: 3600}",
        "Customer.segment with max_age 3600",
        "lower it, or raise the max_age of `verification:`",
    ),
    (
        DRAFT,
        "fields:",
        "subject: {relationship: open-case}\nfields:",
        "a relationship without refusal_ms",
        "add `refusal_ms:`, longer than the source that knows of it takes",
    ),
    (
        DRAFT,
        "fields:",
        "subject: {relationship: open-case, refusal_ms: 5000}\nfields:",
        "refusal_ms 5000, which leaves no time to send a refusal before the deadline",
        "lower it, or raise deadline_ms",
    ),
    (
        DRAFT,
        "  Ticket\\.status:",
        "  Ticket.status: {min: V3}",
        "Customer.tickets(status:), which filters or orders by Ticket.status ({min: V3}), whil",
        "leave Customer.tickets(status:) out, or make the rule of Ticket.status no stricter th",
    ),
    (DRAFT, "interaction: optional", "interaction: maybe", "'maybe' (situation.interaction)", "correct the value"),
    (DRAFT, "journeys:", "journey:", "the unknown key 'journey' (situation.journey)", "did you mean 'journeys'?"),
    (
        DRAFT,
        "fields:",
        "transfers: [{country: us, recipient: X, safeguard: A46-2-c}]\nfields:",
        "'us' (transfers[1].country)",
        "correct the value",
    ),
    (
        DRAFT,
        "fields:",
        "transfers: [{country: US, recipient: X}]\nfields:",
        "no safeguard (transfers[1].safeguard)",
        "add `safeguard:`",
    ),
    (DRAFT, "fields:", "transfers: none\nfields:", "'none' (transfers)", "correct the value"),
    (
        DRAFT,
        "fields:",
        "processing: [Store]\nfields:",
        "Store without a retention",
        "say so in `retention:`, or correct the list",
    ),
    (
        DRAFT,
        "fields:",
        "valid_from: 2027-02-01\nvalid_until: 2027-01-01\nfields:",
        "valid_until 2027-01-01, before valid_from 2027-02-01",
        "correct one of them",
    ),
    (
        DRAFT,
        "gdpr: A6-1-b",
        "gdpr: A6-1-a",
        "consent as the lawful basis (A6-1-a), and no part consent",
        "add `consent:`, or let the consumer ask only for customers who have given consent",
    ),
    (
        DRAFT,
        "Customer\\.segment: \\{min: V1\\}",
        "Customer.segment: V1",
        "'V1' (fields.Customer.segment)",
        "correct the value",
    ),
    (
        DRAFT,
        "  Customer\\.segment: \\{min: V1\\}",
        "  - Customer.segment",
        "text that is no YAML (expected <block end>, but found '-')",
        "check indents and quotes",
    ),
    (
        DRAFT,
        "  Customer\\.tickets\\(first:\\):",
        "  Customer.tickets(first:): {min: V1}",
        "a rule on the argument Customer.tickets(first:)",
        "remove the rule",
    ),
    (
        DRAFT,
        "fields:",
        "break_glass: {reasons: [x], minutes: 3}\nfields:",
        "no roles (break_glass.roles)",
        "add `roles:`",
    ),
    (
        DRAFT,
        "fields:",
        "break_glass: {roles: [x], reasons: [x], minutes: 3}\nfields:",
        "break_glass, which opens nothing",
        "mark the fields that it opens, or remove it",
    ),
    (PUBLISHED, "dpv: CustomerCare", "dpv: CustomerCar", "'CustomerCar' (purpose.dpv)", "did you mean 'CustomerCare'?"),
    (PUBLISHED, "gdpr: A6-1-b", "gdpr: A6-1-z", "'A6-1-z' (lawful_basis.gdpr)", "correct the value"),
    (PUBLISHED, "2027-06-30", "30.06.2027", "'30.06.2027' (review_by)", "correct the value"),
    (PUBLISHED, "lookups:", "lookup:", "the unknown key 'lookup' (lookup)", "did you mean 'lookups'?"),
    (PUBLISHED, "below: initials", "below: initals", "'initals' (fields.Name.display.below)", "correct the value"),
    (PUBLISHED, "\\{min: V3\\}", "{min: V4}", "'V4' (fields.Customer.address.min)", "correct the value"),
    (PUBLISHED, "\\{min: V3\\}", "{min: 3}", "3 (fields.Customer.address.min)", "correct the value"),
    (
        PUBLISHED,
        "Customer\\.address:",
        "Customer.adress:",
        "Customer.adress, which the model does not have",
        "did you mean 'Customer.address'?",
    ),
    (
        PUBLISHED,
        "Address\\.country:",
        "Adress.country:",
        "Adress.country, which the model does not have",
        "did you mean 'Address.country'?",
    ),
    (
        PUBLISHED,
        "relationship: open-case",
        "relationship: open_case",
        "'open_case' (fields.Ticket.messages.relationship)",
        "correct the value",
    ),
    (
        PUBLISHED,
        "  Customer\\.id:",
        "\tCustomer.id:",
        "text that is no YAML (found character '\\t' that cannot start any token)",
        "check indents and quotes",
    ),
    (
        PUBLISHED,
        "limits: \\{customers: 50",
        "limits: {customers: 50, {",
        "a mapping or list as a key",
        "put the key into quotes if it is text",
    ),
    (
        PUBLISHED,
        "owner: Head of customer care",
        "owner: Head of customer care\nowner: X",
        "a key that the mapping has already",
        "remove this one or the one on line 9",
    ),
    (PUBLISHED, "\\[otp, app, kba\\]", "[otp, app, kbaa]", "'kbaa' (verification.methods[3])", "did you mean 'kba'?"),
    (PUBLISHED, "\\[otp, app, kba\\]", "[]", "an empty list (verification.methods)", "correct the value"),
    (PUBLISHED, "lookups: \\[id, crm\\]", "lookups: [id, crn]", "the look-up crn", "did you mean 'crm'?"),
    (
        PUBLISHED,
        "consumers: \\[voice-desk\\]",
        "consumers: [voice-dsk]",
        "the published view support-call@3 with digest sha256:",
        "restore the file; to publish the change, copy it to support-call@4.yaml",
    ),
    (
        PUBLISHED,
        "name: support-call",
        "name: support-cal",
        "support-cal@3 in a file named support-call@3.yaml",
        "rename the file, or correct name and version in it",
    ),
    (
        PUBLISHED,
        "version: 3",
        "version: 4",
        "support-call@4 in a file named support-call@3.yaml",
        "rename the file, or correct name and version in it",
    ),
    (PUBLISHED, "version: 3", "version: three", "'three' (version)", "correct the value"),
    (PUBLISHED, "customers: 50", "customers: 0", "0 (limits.customers)", "correct the value"),
    (
        PUBLISHED,
        ", interaction: optional",
        "",
        "verification, and a situation without an interaction",
        "add `interaction: required` to `situation:`",
    ),
    (
        PUBLISHED,
        "  Customer\\.tickets\\(first:\\):",
        "  Customer.ticket(first:):",
        "Customer.ticket, which the model does not have",
        "did you mean 'Customer.tickets'?",
    ),
    (FRAUD, "audit: required", "audit: always", "'always' (audit)", "correct the value"),
    (FRAUD, "roles: \\[fraud-lead\\]", "roles: fraud-lead", "'fraud-lead' (break_glass.roles)", "correct the value"),
    (FRAUD, "minutes: 30", "minutes: 0", "0 (break_glass.minutes)", "correct the value"),
    (
        FRAUD,
        r"break_glass: \{roles.*\}\n",
        "",
        "Customer.invoices, shown only when the glass was broken (and 2 more), and no break_glass",
        "add `break_glass:`",
    ),
    (
        FRAUD,
        "prohibited: \\[DirectMarketing\\]",
        "prohibited: [FraudPreventionAndDetection]",
        "the purpose FraudPreventionAndDetection, while FraudPreventionAndDetection is prohibited",
        "correct the purpose, or `prohibited:`",
    ),
    (
        SELF,
        "lookups: \\[id\\]",
        "lookups: [id, crm]",
        "a bound view with look-ups by crm",
        "write `lookups: [id]`, without identifiers",
    ),
    (SELF, "bound: true", 'bound: "yes"', "'yes' (subject.bound)", "correct the value"),
    (
        NEWSLETTER,
        "consent: \\{purpose: DirectMarketing",
        "consent: {purpose: DirectMarketin",
        "'DirectMarketin' (consent.purpose)",
        "did you mean 'DirectMarketing'?",
    ),
    (
        NEWSLETTER,
        "channel: email\\}",
        "chanel: email}",
        "the unknown key 'chanel' (consent.chanel)",
        "did you mean 'channel'?",
    ),
    (CONSUMERS, "name: voice-desk", "name: voice_desk", "'voice_desk' ([3].name)", "correct the value"),
    (
        CONSUMERS,
        "views: \\[newsletter\\]",
        "views: [newsleter]",
        "newsletter-sender registered for newsleter, which does not exist",
        "did you mean 'newsletter'?",
    ),
    (
        CONSUMERS,
        "token_sha256: ([0-9a-f]{10})[0-9a-f]+",
        "token_sha256: \\1",
        "a value that is not shown ([1].token_sha256)",
        "correct the value",
    ),
    (
        CONSUMERS,
        "  roles: \\[steward\\]",
        "  role: [steward]",
        "the unknown key 'role' ([7].role)",
        "did you mean 'roles'?",
    ),
    (
        CONSUMERS,
        "roles: \\[privacy-officer\\]",
        "roles: [privacy-oficer]",
        "an empty list ([8].views) and the role 'privacy-oficer'",
        "did you mean 'privacy-officer'? Or list a view",
    ),
    (
        CONSUMERS,
        "name: fraud-desk",
        "name: voice-desk",
        "the name of line 9 again",
        "give every consumer a name and a token of its own",
    ),
    (VERIFIERS, "EdDSA", "HS256", "'HS256' ([1].algorithms[1])", "correct the value"),
    (VERIFIERS, "otp", "otpp", "'otpp' ([1].methods[1])", "correct the value"),
    (VERIFIERS, "highest: V3", "highest: V5", "'V5' ([1].highest)", "correct the value"),
    (
        VERIFIERS,
        "jwks: .*",
        "jwks: nothere.json",
        "'nothere.json' ([1].jwks), where there is no file",
        "correct the path, or have the issuer's key set written there, as its jwks_uri serves it",
    ),
    (VERIFIERS, "audience", "audiance", "the unknown key 'audiance' ([1].audiance)", "did you mean 'audience'?"),
    (VERIFIERS, "- issuer: .*\n  ", "- ", "no issuer ([1].issuer)", "add `issuer:`"),
    (
        LOCK,
        "(newsletter@1 sha256:)....",
        "\\g<1>0000",
        "the published view newsletter@1 with digest sha256:f324a5f3828a",
        "restore the file; to publish the change, copy it to newsletter@2.yaml",
    ),
    (
        LOCK,
        "newsletter@1 sha256:\\S+",
        "newsletter@1",
        "a line of another form",
        "restore the file as it was published",
    ),
    (SOURCES, "crm:", "crn:", "the source 'crn', which no adapter is for", "did you mean 'crm'?"),
    (
        SOURCES,
        "customers:",
        "custmers:",
        "the offer 'custmers', which crm does not have",
        "did you mean 'customers'?",
    ),
    (SOURCES, "timeout: 3", "timeout: 3s", "'3s' (crm.timeout)", "correct the value"),
    (SOURCES, "timeout:", "time_out:", "the unknown key 'time_out' (crm.time_out)", "did you mean 'timeout'?"),
    (SECRETS, "^.*$", "hello", "a line of another form", "write a line with `customer-view secret`"),
]
"""File, what stands there, what stands there by mistake, and how what is told of it begins: the finding, the advice."""


@pytest.mark.parametrize(("file", "old", "new", "got", "mend"), MISTAKES)
def test_one_mistake_is_one_problem(
    tmp_path: Path, whole: Declarations, file: str, old: str, new: str, got: str, mend: str
) -> None:
    """Whatever depends on it is not called wrong besides; least of all is anybody advised to remove what is right."""
    folder = tmp_path / "it"
    shutil.copytree(whole.folder, folder)
    text = (folder / file).read_text("utf-8")
    changed = re.sub(old, new, text, count=1, flags=re.MULTILINE)
    assert changed != text
    (folder / file).write_text(changed, "utf-8")
    (problem,) = whole.problems(folder)
    assert (problem.got[: len(got)], problem.mend[: len(mend)]) == (got, mend)
    assert problem.file in (str(folder / file), str(folder / CONSUMERS)) or file == LOCK
    assert problem.line is not None


def test_a_folder_of_views_that_is_not_there_is_one_problem(tmp_path: Path, whole: Declarations) -> None:
    """No consumer is told that its views do not exist."""
    folder = tmp_path / "it"
    shutil.copytree(whole.folder, folder)
    shutil.rmtree(folder / "views")
    (problem,) = whole.problems(folder)
    assert problem.got == "no folder"


def test_a_published_view_without_its_file_is_one_problem(tmp_path: Path, whole: Declarations) -> None:
    """Its consumers are not advised to remove it."""
    folder = tmp_path / "it"
    shutil.copytree(whole.folder, folder)
    (folder / NEWSLETTER).unlink()
    (problem,) = whole.problems(folder)
    assert problem.mend == "restore the file; remove the line only when no consumer uses the version"


def test_an_adapter_with_a_mistake_is_one_problem(whole: Declarations) -> None:
    """No view is told to do without what the adapter is meant to serve, nor is a gate or a look-up missed."""
    it = declared(whole.folder)
    crm = it.adapters[0]
    customers, permissions = crm.offers
    for broken in (
        [replace(customers, serves="Custmer"), permissions],
        [customers, replace(permissions, serves="Gate.consnt")],
    ):
        vars(crm)["offers"] = broken
        found = [one for one in check(it).problems if str(one).replace(str(whole.folder), "") not in whole.told]
        assert [one.got.split(", ")[0] for one in found] == [
            "the offer crm.customers" if broken[0].serves == "Custmer" else "the offer crm.permissions"
        ]


def test_what_is_no_adapter_is_one_problem(whole: Declarations) -> None:
    """The look-ups by its source, the gates and the fields that it would serve are not missed besides."""
    it = declared(whole.folder)
    odd = replace(it, adapters=("crm", *it.adapters[1:]))  # type: ignore[arg-type]
    found = [one for one in check(odd).problems if str(one).replace(str(whole.folder), "") not in whole.told]
    assert [one.got for one in found] == ["an object of str, which is no adapter"]


def test_an_adapter_that_is_missing_is_told_once_a_view(whole: Declarations) -> None:
    """Not once for each of the coordinates that it would serve."""
    it = declared(whole.folder)
    found = check(replace(it, adapters=it.adapters[1:])).errors
    (served,) = (one for one in found if one.file.endswith("draft@1.yaml") and "no adapter serves" in one.got)
    assert served.got.startswith("Customer.name, which no adapter serves (reached by customer.name) (and ")
