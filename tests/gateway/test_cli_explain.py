"""`customer-view explain`, `sdl` and `publish`: a view looked at, and published, before anything is asked."""

from __future__ import annotations

import ast
import json
import re
import sys
from io import StringIO
from pathlib import Path

import pytest
from graphql import build_schema
from rich.console import Console

from gateway.cli import explain
from schema.lock import Lock
from tests.gateway.cli_project import ROOT, SECRETS, Project, make_project

QUERIES = ROOT / "adapters" / "sandbox" / "queries"
"""Queries of the views' newest versions, of which some fields are not in the first."""
DEBTS = "query Debts($by: CustomerBy!) { customer(by: $by) { id accounts { number } } }"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)  # as in a pipe, wherever the tests run
    return make_project(tmp_path)


def words(text: str) -> list[str]:
    """Return the words of each line, the tree's guides left out."""
    return [" ".join(line.translate(str.maketrans("", "", "├└─│")).split()) for line in text.splitlines()]


def test_a_plan_is_a_tree_of_steps_by_depth(project: Project) -> None:
    """Each step says its source and offer, where its keys come from, its fields and its calls."""
    ran = project.run("explain", project.app, "support-call")
    told = words(ran.out)
    assert ran.code == 0
    assert told[0] == "support-call@1 for CustomerCare"
    assert told[1] == "The plan when all is allowed: customers verified as well as can be, the glass broken."
    assert told[2:4] == ["", "2 calls, 1 customer, depth 2"]
    assert told.index("depth 1") < told.index("depth 2")
    assert "crm.customers step 0, 1 call of at most 100 keys" in told
    assert "keys from step 0, crm: company" in told
    assert "keys only company" in told


def test_a_plan_tells_totals_limits_and_verdicts(project: Project) -> None:
    """What it costs is told by source and held against the view's limits."""
    out = project.run("explain", project.app, "support-call@1").out
    assert "Totals by source" in out
    told = words(out)
    assert "customers 1 of at most 50" in told
    assert "calls 2 of at most 20" in told
    assert any(re.fullmatch(r"weight (\d+) of at most 20000; \1 of it can be shown", line) for line in told)
    assert "allow 10 Company.name, Customer.company, Customer.customerSince, Customer.id, Customer.name," in told


def test_a_plan_in_json_asks_for_all_that_the_view_lists(project: Project) -> None:
    """Without a query the whole view is explained."""
    plan = json.loads(project.run("explain", project.app, "debt-collection", "--json").out)
    assert plan["sources"] == {
        "crm": {"calls": 1, "fields": 2},
        "billing": {"calls": 1, "fields": 6},
        "register": {"calls": 1, "fields": 2},
    }


def test_a_query_can_come_from_a_file_with_variables(project: Project) -> None:
    """The number of customers is that of the variables."""
    query = project.folder / "debts.graphql"
    query.write_text(DEBTS)
    ran = project.run(
        "explain", project.app, "debt-collection", "--query", str(query), "--variables", '{"by": {"id": "x"}}', "--json"
    )
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["customers"] == 1


def test_a_query_can_come_from_a_pipe_and_hold_several_operations(project: Project) -> None:
    """The one to explain is named."""
    query = 'query A { customer(by: {id: "x"}) { id } } query B { customers(by: [{id: "x"}, {id: "y"}]) { segment } }'
    ran = project.run("explain", project.app, "support-call", "--query", "-", "--operation", "B", "--json", stdin=query)
    plan = json.loads(ran.out)
    assert (plan["customers"], plan["calls"], plan["steps"][0]["fields"]) == (2, 1, ["segment"])


def test_a_plan_of_many_customers_counts_in_the_plural(project: Project) -> None:
    """Two customers go out in one call."""
    query = '{ customers(by: [{id: "x"}, {id: "y"}]) { segment } }'
    out = project.run("explain", project.app, "support-call", "--query", "-", stdin=query).out
    assert "1 call, 2 customers, depth 1" in words(out)


def test_a_query_that_the_view_would_refuse_is_told_with_its_lines(project: Project) -> None:
    """A field outside the view is refused as the gateway refuses it; exit code 1."""
    query = QUERIES / "support-call.graphql"
    ran = project.run("explain", project.app, "debt-collection", "--query", str(query))
    assert (ran.code, ran.out) == (1, "")
    assert "refused by debt-collection@1: GRAPHQL_VALIDATION_FAILED" in ran.err
    assert "Cannot query field 'customerSince' on type 'Customer'. (line 5, column 5)" in ran.err


def test_what_a_query_names_outside_its_view_is_told_to_the_operator(project: Project) -> None:
    """The code, the coordinate and its place, fields and arguments alike; not what the model does not have either."""
    query = """query Q { ...on Query { customer(by: {id: "x"}) { segment accounts { number } nothing
      name { display } ... more } } } fragment more on Customer { orders(first: 3) { nodes { number } }
      accounts { kind } }"""
    ran = project.run("explain", project.app, "support-call", "--query", "-", stdin=query)
    assert (ran.code, ran.out) == (1, "")
    named = re.findall(r"FIELD_NOT_IN_VIEW (\S+) \(line (\d+), column (\d+)\) is not in support-call@1", ran.err)
    assert [name for name, _, _ in named] == [
        "Customer.accounts",
        "Account.number",
        "Customer.orders",
        "Customer.orders(first:)",
        "Order.number",
        "Account.kind",
    ]
    assert named[0][1:] == ("1", str(query.index("accounts") + 1))
    owner = "support-call@1 is owned by: Head of customer care. Ask there for a version that lists it."
    assert f"No view of agent-desktop lists it. {owner}" in ran.err


def test_the_view_that_has_it_is_named_where_a_consumer_may_use_it(project: Project) -> None:
    """Only views that share a consumer with this one; of each the newest version."""
    project.edit("views/debt-collection@1.yaml", "consumers: [", "consumers: [agent-desktop, ")
    (project.views / "views.lock").unlink()
    query = '{ customer(by: {id: "x"}) { accounts { number } } }'
    ran = project.run("explain", project.app, "support-call", "--query", "-", "--json", stdin=query)
    assert ran.code == 1
    told = json.loads(ran.out)
    assert [error["extensions"]["code"] for error in told["errors"]] == ["GRAPHQL_VALIDATION_FAILED"]
    assert [(one["code"], one["coordinate"]) for one in told["notInView"]] == [
        ("FIELD_NOT_IN_VIEW", "Customer.accounts"),
        ("FIELD_NOT_IN_VIEW", "Account.number"),
    ]
    for one in told["notInView"]:
        assert one["remedy"].startswith("debt-collection@1 lists it, for agent-desktop. support-call@1 is owned by")


def test_a_variable_that_is_not_given_is_told_with_the_option_that_gives_it(project: Project) -> None:
    """The gateway's own text says what is missing, and not how this command takes it."""
    query = project.folder / "debts.graphql"
    query.write_text(DEBTS)
    ran = project.run("explain", project.app, "debt-collection", "--query", str(query))
    assert ran.code == 1
    assert "Variable '$by' has invalid value: a value has to be given." in ran.err
    assert """Give each variable with --variables '{"by": {"id": "cus_1"}}'""" in ran.err
    ran = project.run("explain", project.app, "debt-collection", "--query", str(query), "--variables", '{"by": 1}')
    assert ran.code == 1
    assert "--variables" not in ran.err


def test_the_option_is_shown_with_a_look_up_of_the_view(project: Project) -> None:
    """One of another view would be refused in its turn."""
    draft(project, "lookups: [id, crm]", "lookups: [crm]")
    query = "query Q($by: CustomerBy!) { customer(by: $by) { segment } }"
    ran = project.run("explain", project.app, "support-call", "--query", "-", stdin=query)
    assert ran.code == 1
    (shown,) = re.findall("""--variables '(.+)'""", ran.err)
    assert json.loads(shown) == {"by": {"crm": "a-key"}}
    given = ("--query", "-", "--variables", shown)
    assert project.run("explain", project.app, "support-call", *given, stdin=query).code == 0


def test_the_code_of_the_answer_is_python(project: Project) -> None:
    """In a pipe it can go into a file or a formatter."""
    ran = project.run("explain", project.app, "support-call", "--code")
    assert ran.code == 0
    assert [type(one) for one in ast.parse(ran.out).body] == [ast.FunctionDef] * len(ast.parse(ran.out).body)


def test_on_a_terminal_no_line_of_the_code_is_cut_or_broken(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the same program there, in colour."""
    plain = project.run("explain", project.app, "support-call", "--code").out
    out = StringIO()
    terminal = Console(file=out, width=40, force_terminal=True, color_system="standard")
    monkeypatch.setattr(explain, "open_console", lambda: terminal)
    assert project.run("explain", project.app, "support-call", "--code").code == 0
    assert "\x1b[" in out.getvalue()
    assert re.sub(r"\x1b\[[\d;]*m", "", out.getvalue()) == plain
    assert max(map(len, plain.splitlines())) > 80


def test_where_nothing_is_compiled_the_code_is_a_sentence(project: Project) -> None:
    """What asks of the schema is made by graphql-core."""
    ran = project.run(
        "explain",
        project.app,
        "support-call",
        "--code",
        "--query",
        "-",
        stdin="{ __typename __schema { queryType { name } } }",
    )
    assert ran.code == 0, ran.err
    assert ran.out == "Nothing is compiled for this query: graphql-core's executor makes its answer.\n"


def test_code_and_json_are_not_asked_for_together(project: Project) -> None:
    """A program that wants JSON would get Python."""
    ran = project.run("explain", project.app, "support-call", "--code", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "--code prints Python and --json the plan: give one of them" in ran.err


def test_a_refusal_tells_how_to_mend_it(project: Project) -> None:
    """A query over the limit of customers."""
    many = ", ".join('{id: "x"}' for _ in range(51))
    ran = project.run(
        "explain", project.app, "support-call", "--query", "-", stdin=f"{{customers(by: [{many}]) {{id}}}}"
    )
    assert ran.code == 1
    assert "this view allows 50" in ran.err
    assert "Ask for the customers in several requests." in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("suport-call",), "There is no view 'suport-call': did you mean 'support-call'?"),
        (("xyz@9",), "wanted one of: debt-collection, debt-collection@1, support-call, support-call@1"),
        (("support-call", "--query", "missing.graphql"), "cannot be read from missing.graphql (FileNotFoundError)"),
        (("support-call", "--variables", "{"), "--variables is no JSON object"),
        (("support-call", "--variables", "[]"), "--variables is no JSON object"),
    ],
)
def test_wrong_use_is_told_in_one_message(project: Project, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2, and nothing on standard output."""
    ran = project.run("explain", project.app, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_explaining_needs_neither_access_nor_customers(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks at a plan needs no token, no secret and no cross-reference, and none is made."""
    (project.folder / "consumers.yaml").unlink()
    (project.folder / "crossref.db").unlink()
    monkeypatch.setenv("CUSTOMER_VIEW_SECRET_FILE", str(project.folder / "missing.txt"))
    ran = project.run("explain", project.app, "support-call")
    assert ran.code == 0, ran.err
    assert not [secret for secret in SECRETS if secret in ran.out]
    assert not (project.folder / "crossref.db").exists()


def test_a_wrong_declaration_is_told_instead_of_a_plan(project: Project) -> None:
    """Exit code 2: the configuration is bad."""
    project.edit("views/support-call@1.yaml", "Customer.segment:", "Customer.segmnt:")
    ran = project.run("explain", project.app, "support-call")
    assert (ran.code, ran.out) == (2, "")
    assert "error views/support-call@1.yaml:21" in ran.err
    assert "customer-view: the configuration is wrong" in ran.err


def test_the_sdl_of_a_view_holds_what_it_lists_and_no_more(project: Project) -> None:
    """It can be built into a schema by any tool."""
    ran = project.run("sdl", project.app, "support-call")
    assert ran.code == 0
    schema = build_schema(ran.out)
    assert set(schema.type_map["Company"].fields) == {"name"}  # type: ignore[attr-defined]
    assert "Account" not in schema.type_map


def test_the_sdl_of_the_model_holds_all(project: Project) -> None:
    """Without a view."""
    out = project.run("sdl", project.app).out
    assert "type Account" in out
    assert "type Ticket" in out


def draft(project: Project, old: str = "version: 1", new: str = "version: 2") -> None:
    text = (project.views / "support-call@1.yaml").read_text().replace("version: 1", "version: 2")
    (project.views / "support-call@2.yaml").write_text(text.replace(old, new))


def test_a_draft_is_published_by_its_line_in_the_lock(project: Project) -> None:
    """Publishing it again changes nothing."""
    draft(project)
    said = []
    for _ in range(2):
        ran = project.run("publish", project.app, "support-call@2")
        assert ran.code == 0, ran.err
        said.append(ran.out)
    assert said == [
        "support-call@2 is published in views/views.lock. Keep the view's file and views.lock under version control; "
        "the file may not change any more.\n",
        "support-call@2 was published already; nothing changed.\n",
    ]
    assert set(Lock.read(project.views).digests) == {"support-call@1", "support-call@2", "debt-collection@1"}


def test_a_plan_tells_what_is_shown_masked(project: Project) -> None:
    """Beside what is allowed, with the mask; as JSON too. The comparison of versions tells it, and breaks nothing."""
    draft(project, "  Name.display:\n", "  Name.display: {mask: initials}\n")
    out = project.run("explain", project.app, "support-call@2").out
    assert "allow 9 Company.name, Customer.company, Customer.customerSince, Customer.id, Customer.name," in words(out)
    assert "transform 1 Name.display (initials)" in words(out)
    told = json.loads(project.run("explain", project.app, "support-call@2", "--json").out)
    assert {"coordinate": "Name.display", "effect": "transform", "mask": "initials"} in told["verdicts"]
    compared = project.run("sdl", project.app, "support-call@2", "--diff", "support-call@1", "--json")
    assert compared.code == 0
    assert compared.out.count("It is shown masked (initials) and no longer whole.") == 1


def test_a_mask_that_hides_nothing_is_told_by_check(project: Project) -> None:
    """With the line of the view's file."""
    draft(project, "  Customer.id:\n", "  Customer.id: {mask: last4}\n")
    ran = project.run("check", project.app)
    assert ran.code == 1
    assert "a mask on the id Customer.id" in " ".join((ran.out + ran.err).split())


def test_the_newest_version_is_the_one_looked_at(project: Project) -> None:
    """Drafts too."""
    draft(project)
    assert project.run("explain", project.app, "support-call").out.startswith("support-call@2")


def test_a_draft_with_a_problem_is_not_published(project: Project) -> None:
    """A published version never changes, so what is wrong must be found before."""
    draft(project, "Customer.segment:", "Customer.segmnt:")
    before = (project.views / "views.lock").read_bytes()
    ran = project.run("publish", project.app, "support-call@2")
    assert ran.code == 1
    assert "did you mean 'Customer.segment'?" in ran.err
    assert (project.views / "views.lock").read_bytes() == before


def test_a_published_view_that_changed_is_not_published_again(project: Project) -> None:
    """A change is a new version."""
    project.edit("views/support-call@1.yaml", "calls: 20", "calls: 21")
    ran = project.run("publish", project.app, "support-call@1")
    assert ran.code == 1
    assert "a published version never changes" in ran.err


def test_a_view_is_published_by_its_version(project: Project) -> None:
    """Which one is meant is not guessed: publishing cannot be taken back."""
    draft(project)
    ran = project.run("publish", project.app, "support-call")
    assert (ran.code, ran.out) == (2, "")
    assert "name the version: support-call@1 or support-call@2" in ran.err


def test_a_view_that_does_not_exist_is_not_published(project: Project) -> None:
    """The nearest one is suggested."""
    ran = project.run("publish", project.app, "support-cal@1")
    assert ran.code == 1
    assert "did you mean 'support-call@1'?" in ran.err


_TOLD = "situation: {channels: [voice], interaction: required}\n"


def test_a_plan_tells_what_opens_at_each_level(project: Project) -> None:
    """For customers of the level that is assumed, and in a table for all; a word that is no level is refused."""
    views = project.folder / "views"
    text = (views / "support-call@1.yaml").read_text().replace("version: 1", "version: 9")
    ruled = text.replace("  Customer.company:\n", "  Customer.company: {min: V2}\n")
    assert ruled != text
    (views / "support-call@9.yaml").write_text(f"{ruled}verification: {{methods: [otp]}}\n{_TOLD}")
    ran = project.run("explain", project.app, "support-call@9", "--level", "V1")
    assert ran.code == 0
    told = words(ran.out)
    assert "The plan for customers at V1, verified just now. What is withheld is not asked and not counted." in told
    assert "register.lei-records step 1, not asked" in told
    assert "withheld Customer.company (VERIFICATION_REQUIRED)" in told
    assert "left out Customer.company (VERIFICATION_REQUIRED)" in told
    assert "1 call, 1 customer, depth 1" in told
    assert "withhold 1 VERIFICATION_REQUIRED: Customer.company" in told
    assert "out of reach 1 Company.name" in told
    assert "By the level of verification" in ran.out
    assert project.run("explain", project.app, "support-call@9", "--channel", "voice").code == 0
    refused = project.run("explain", project.app, "support-call@9", "--channel", "chat")
    assert (refused.code, "SITUATION_NOT_ALLOWED" in refused.err) == (1, True)
    as_json = project.run("explain", project.app, "support-call@9", "--json").out
    verdicts = {one["coordinate"]: one for one in json.loads(as_json)["verdicts"]}
    assert verdicts["Customer.company"]["effect"] == "allow"
    assert verdicts["Customer.company"]["levels"]["V0"]["stepUp"]["required"] == "V2"
    wrong = project.run("explain", project.app, "support-call@9", "--level", "2")
    assert wrong.code == 2
    assert "--level takes one of: V0, V1, V2, V3" in wrong.err


GATED = """
consent: {purpose: DirectMarketing, channel: email}
"""


@pytest.fixture
def gated(project: Project) -> Project:
    """A draft, all of which waits for a consent that the CRM keeps."""
    text = (project.views / "support-call@1.yaml").read_text().replace("version: 1", "version: 9")
    (project.views / "support-call@9.yaml").write_text(text + GATED)
    return project


@pytest.mark.parametrize(
    ("option", "said", "asked"),
    [
        ((), "What waits for a gate is counted; --consent says what it answers.", True),
        (("--consent", "given"), "Assumed: consent given.", True),
        (("--consent", "refused"), "Assumed: consent refused.", False),
    ],
)
def test_a_gate_stands_ahead_of_what_waits_for_it(
    gated: Project, option: tuple[str, ...], said: str, asked: bool
) -> None:
    """With who waits; where it is taken to let nobody, it is the one call."""
    ran = gated.run("explain", gated.app, "support-call@9", *option)
    assert ran.code == 0, ran.err
    told = words(ran.out)
    assert any(line.endswith(said) for line in [" ".join(told[1:3]).strip()])
    assert told.index("asked first") < told.index("depth 1")
    assert "crm.permissions 1 call of at most 100 keys" in told
    assert "decides consent:DirectMarketing:email" in told
    assert ("who waits step 0, step 1" in told, "waits for consent:DirectMarketing:email" in told) == (asked, asked)
    assert ("crm.customers step 0, not asked" in told) is not asked
    assert ("3 calls, 1 customer, depth 2" if asked else "1 call, 1 customer, depth 0") in told


def test_a_word_that_no_gate_answers_is_wrong_use(gated: Project) -> None:
    """Told with the words that there are."""
    for option, wanted in (
        ("consent", "given, refused, withdrawn, expired, missing, objected, unknown"),
        ("objection", "none, recorded, unknown"),
        ("case", "open, none, unknown"),
        ("interaction", "active, none, unknown"),
    ):
        ran = gated.run("explain", gated.app, "support-call@9", f"--{option}", "perhaps")
        assert (ran.code, ran.out) == (2, "")
        assert f"--{option} takes one of: {wanted}" in ran.err


def test_a_query_over_its_budget_is_shown_with_its_plan(project: Project) -> None:
    """Tree, counts and the limit on standard output; why, and what makes most of it, on standard error; exit code 1."""
    project.edit("views/support-call@1.yaml", "calls: 20", "calls: 1")
    (project.views / "views.lock").unlink()
    for more in ((), ("--json",)):
        ran = project.run("explain", project.app, "support-call", *more)
        assert ran.code == 1
        assert "refused by support-call@1: QUERY_BUDGET" in ran.err
        assert "The query can need 2 calls to the sources; this view allows 1 a request." in ran.err
        assert "Most of the calls: 1 by crm.customers, step 0, 1 by register.lei-records, step 1" in ran.err
        if more:
            (over,) = json.loads(ran.out)["over"]
            assert (over["limit"], over["asked"], over["allowed"]) == ("calls", 2, 1)
        else:
            assert "calls 2 of at most 1, too many" in words(ran.out)
            assert "crm.customers step 0, 1 call of at most 100 keys" in words(ran.out)


def test_a_query_over_a_limit_of_the_document_is_shown_with_its_plan_too(project: Project) -> None:
    """Levels of fields, counted before there is a plan."""
    project.edit("views/support-call@1.yaml", "calls: 20", "calls: 20, depth: 2")
    (project.views / "views.lock").unlink()
    ran = project.run("explain", project.app, "support-call")
    assert ran.code == 1
    assert "depth 3 of at most 2, too many" in words(ran.out)
    assert "The query has 3 levels of fields; this view allows 2." in ran.err


@pytest.mark.parametrize("width", [80, 120])
def test_a_plan_fits_the_width_it_is_printed_in(gated: Project, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """No line is longer, and no word of a table is broken."""
    monkeypatch.setenv("COLUMNS", str(width))
    text = (gated.views / "support-call@9.yaml").read_text()
    levels = "verification: {methods: [otp, kba]}\nsituation: {interaction: required}\n"
    ruled = text.replace("  Customer.company:\n", "  Customer.company: {min: V2}\n")
    (gated.views / "support-call@9.yaml").write_text(
        ruled.replace("  Name.display:\n", "  Name.display: {min: V1, below: initials}\n") + levels
    )
    for level in ((), ("--level", "V0")):
        out = gated.run("explain", gated.app, "support-call@9", *level).out
        assert max(map(len, out.splitlines())) <= width
        for whole in ("By the level of verification", "Customer.company", "Name.display", "VERIFICATION_REQUIRED"):
            assert whole in out or (whole == "VERIFICATION_REQUIRED" and not level)


def test_a_step_that_the_answer_can_do_without_says_for_how_long_it_is_waited_for(project: Project) -> None:
    """Also one that is found by what such a source says."""
    draft = (project.views / "support-call@1.yaml").read_text().replace("\nversion: 1\n", "\nversion: 9\n")
    (project.views / "support-call@9.yaml").write_text(f"{draft}sources: {{crm: {{holds_up_ms: 200}}}}\n")
    told = words(project.run("explain", project.app, "support-call@9").out)
    assert told.count("holds up the answer by at most 200 ms") == 2
