"""What the pages show is so: their code runs, their declarations are valid, their commands exist, their links lead."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from graphql import parse, validate
from typer.core import TyperGroup

from adapters.crossref import IdentifierRules, IdentifierType
from gateway.cli.commands import app
from gateway.consumers import Consumers
from gateway.failure_log import FailureLog
from gateway.identifier_rules import identifier_rules
from gateway.requests import parse_request
from gateway.signatures import PrivateKey
from gateway.source_health_told import SourcesTold
from gateway.sources import own_limits, read_sources
from gateway.verification import load_verifiers
from resolvers.measuring import measure
from schema.customer import Customer
from schema.model import Model
from schema.observer import Failed
from schema.reasons import Place, Reason
from schema.view_check import verify_view
from schema.view_files import load_views
from schema.view_schema import cut_schema
from tests.docs.pages import ROOT, Block, blocks, pages, section
from tests.gateway.sandbox_adapters import sandbox_adapters

DOCS = [page for page in pages() if page.parent.name == "docs"]
LANGUAGES = {"graphql", "json", "mermaid", "python", "sh", "text", "yaml"}
COMMAND = re.compile(r"customer-view(?P<words>( [^\s`;>|&)]+)*)")
LINK = re.compile(r"\[[^\]]+\]\((?P<target>[^)\s]+)\)")


def of_language(language: str) -> list[Block]:
    return [block for page in DOCS for block in blocks(page) if block.language == language]


def program(page: Path) -> str:
    """Return the page's Python but for its tests, each line where it stands in the page."""
    lines: list[str] = []
    for block in blocks(page):
        if block.language == "python" and not is_of_tests(block):
            lines += [""] * (block.line - len(lines)) + block.text.splitlines()
    return "\n".join(lines) + "\n"


def is_of_tests(block: Block) -> bool:
    """Return whether pytest reads it: those are run by it, each as a file of its own."""
    return block.file is not None and (block.file == "conftest.py" or block.file.startswith("test_"))


def files(page: Path) -> dict[str, str]:
    """Return the page's files by name, as somebody makes them who copies its blocks: each below the one before."""
    made: dict[str, str] = {}
    for block in blocks(page):
        if block.file is not None:
            made[block.file] = f"{made[block.file]}\n\n{block.text}" if block.file in made else block.text
    return made


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PYTHONPATH": f"{ROOT}:{folder}", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.processes
@pytest.mark.parametrize("name", ["adapters", "audit", "identity", "models", "operations", "sandbox"])
def test_the_code_of_a_page_runs(name: str, tmp_path: Path) -> None:
    """One after the other, in one process, with warnings as errors; the asserts that it holds are true."""
    (tmp_path / "page.py").write_text(program(ROOT / "docs" / f"{name}.md"), "utf-8")
    done = run(tmp_path, "-W", "error", "page.py")
    assert done.returncode == 0, done.stderr


def test_every_page_that_holds_code_is_run() -> None:
    """The test above names them all."""
    assert {block.page.stem for block in of_language("python")} == {
        "adapters",
        "audit",
        "identity",
        "models",
        "operations",
        "sandbox",
    }


def test_the_code_of_the_pages_is_formatted_as_ours_is(tmp_path: Path) -> None:
    """People copy it. It has the format that `make format` gives."""
    for page in pages():
        for block in blocks(page):
            if block.language == "python":
                (tmp_path / f"{page.stem}_{block.line}.py").write_text(block.text, "utf-8")
    done = run(tmp_path, "-m", "ruff", "format", "--diff", "--no-cache", "--config", str(ROOT / "pyproject.toml"), ".")
    assert done.returncode == 0, done.stdout


@pytest.mark.processes
@pytest.mark.parametrize("module", ["crm", "billing"])
def test_a_contract_suite_of_the_page_passes(module: str, tmp_path: Path) -> None:
    """The page's adapter, copied as it is shown, keeps the contract by the page's own test; few tests are skipped."""
    shown = files(ROOT / "docs" / "adapters.md")
    for name in (f"{module}.py", f"test_{module}.py", "conftest.py"):
        (tmp_path / name).write_text(shown[name], "utf-8")
    done = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"test_{module}.py")
    assert done.returncode == 0, done.stdout
    counted = re.search(r"(\d+) passed, (\d+) skipped", done.stdout)
    assert counted is not None, done.stdout
    assert int(counted[1]) > 10


def test_the_views_of_the_pages_can_be_served(tmp_path: Path) -> None:
    """Each is valid by itself and lists what the reference model has."""
    views = [block for block in of_language("yaml") if block.file and "@" in block.file]
    assert views
    for block in views:
        assert block.file is not None
        (tmp_path / block.file).write_text(block.text, "utf-8")
    for loaded in load_views(tmp_path).views:
        assert verify_view(loaded, Model(Customer), sources=["crm", "billing"]) == []


def test_the_consumers_of_the_pages_are_valid(tmp_path: Path) -> None:
    """The file is of its form."""
    (block,) = [block for block in of_language("yaml") if block.file == "consumers.yaml"]
    (tmp_path / "consumers.yaml").write_text(block.text, "utf-8")
    assert [each.name for each in Consumers.load(tmp_path / "consumers.yaml").consumers] == [
        "agent-desktop",
        "collections",
    ]


def test_the_verifiers_of_the_page_are_valid(tmp_path: Path) -> None:
    """The file is of its form, and takes a key set such as the command prints."""
    (block,) = [block for block in of_language("yaml") if block.file == "verifiers.yaml"]
    (tmp_path / "verifiers.yaml").write_text(block.text, "utf-8")
    (tmp_path / "idv.jwks.json").write_text(json.dumps({"keys": [PrivateKey.generate("EdDSA", "idv-1").public]}))
    assert [*load_verifiers(tmp_path / "verifiers.yaml")] == ["https://idv.example"]


def test_the_rules_of_identifiers_of_the_page_are_valid(tmp_path: Path) -> None:
    """The file is of its form, and blocks what it says."""
    (block,) = [block for block in of_language("yaml") if block.file == "identifiers.yaml"]
    (tmp_path / "identifiers.yaml").write_text(block.text, "utf-8")
    rules = identifier_rules(tmp_path / "identifiers.yaml")
    assert rules.fan_out == IdentifierRules().fan_out
    assert rules.blocks(IdentifierType.EMAIL, "anna@shop.example")


def test_every_declaration_of_the_pages_is_of_a_kind_that_is_checked() -> None:
    """There are no blocks that nothing looks at."""
    assert {block.language for page in pages() for block in blocks(page)} <= LANGUAGES
    assert all(block.file for block in of_language("yaml"))


def test_the_queries_of_the_pages_weigh_what_is_said() -> None:
    """They are valid where everything is listed; the text before one says for how many look-ups it weighs how much."""
    model = Model(Customer)
    listed = [f"{one}({name}:)" for one, about in model.coordinates.items() for name in about.arguments]
    everything = cut_schema(model, (*model.coordinates, *listed), ["id"])
    text = next(page for page in DOCS if page.name == "views.md").read_text("utf-8")
    (query,) = [block.text for block in of_language("graphql")]
    document = parse(query)
    assert validate(everything.schema, document) == []
    said = re.search(r"nine look-ups, this weighs [^=]+= (\d+):", text)
    assert said is not None
    assert measure(everything, document).weight("", {"by": [{"id": "x"}] * 9}) == int(said[1])


def test_the_request_and_the_answer_of_the_pages_are_of_their_form() -> None:
    """The request is taken, and the answer's texts are those of its codes, in the places where they stand."""
    told = {next(iter(json.loads(block.text))): block.text for block in of_language("json")}
    request, answer = told["query"], told["data"]
    assert parse_request(request.encode()).variables == {"by": {"crm": "C-000009"}}
    body = json.loads(answer)
    shown = [(Place.ERROR, each["message"], each["extensions"]) for each in body["errors"]]
    shown += [(Place.WITHHELD, each["message"], each) for each in body["extensions"]["withheld"]]
    assert len(shown) == 2
    for place, message, told in shown:
        (reason,) = [each for each in Reason if each == told["code"]]
        assert (reason.place, reason.message, reason.remedy) == (place, message, told["remedy"])


def test_what_is_told_of_the_sources_is_of_its_form() -> None:
    """The example has every member, as the gateway writes it; its last failure is one that a source can have."""
    (text,) = [block.text for block in of_language("json") if "process" in json.loads(block.text)]
    told = SourcesTold.model_validate_json(text)
    assert json.loads(told.model_dump_json(by_alias=True)) == json.loads(text)
    failure = told.sources[0].last_failure
    assert failure is not None
    assert failure.code in Reason.__members__


def test_the_file_of_sources_of_the_page_is_valid(tmp_path: Path) -> None:
    """It says something of two of the demo's sources."""
    (block,) = [block for block in of_language("yaml") if block.file == "sources.yaml"]
    (tmp_path / "sources.yaml").write_text(block.text, "utf-8")
    adapters = sandbox_adapters()
    sources = read_sources(tmp_path / "sources.yaml", adapters, own_limits(adapters))
    assert [*sources.rules] == ["crm", "billing"]
    assert sources.readiness == {"crm"}


def test_the_line_of_a_failure_is_logged_as_the_page_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    """Operators look for lines of this form."""
    text = "the source's own time limit passed"
    FailureLog().note(Failed("crm", "customers", Reason.SOURCE_TIMEOUT, text, 3))
    (record,) = caplog.records
    shown = section("operations.md", "## Logs")
    assert f"| `{record.name}` | {record.levelname.lower()} | a source failed: `{record.message}` |" in shown


def commands() -> list[tuple[str, str]]:
    """Return every use of the command in any page, with the page's name; words in brackets and dots left out."""
    found = [(page.name, use["words"]) for page in pages() for use in COMMAND.finditer(page.read_text("utf-8"))]
    return [(page, words) for page, words in found if words]


@pytest.mark.parametrize(("page", "words"), sorted({*commands()}))
def test_every_command_of_the_pages_is_understood(page: str, words: str) -> None:
    """Its name and its options exist; where it is shown without its arguments, its name does."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    name, *arguments = shlex.split(words)
    command = group.commands.get(name)
    assert command is not None, f"{page}: customer-view has no command {name}"
    while isinstance(command, TyperGroup) and arguments:
        name, *arguments = arguments
        command = command.commands.get(name)
        assert command is not None, f"{page}: customer-view has no command {words}"
    if arguments:
        command.make_context(name, arguments)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link within the repository names a file that is there, and a heading that is in it."""
    for link in LINK.finditer(page.read_text("utf-8")):
        target, _, anchor = link["target"].partition("#")
        if target.startswith("https:"):
            continue
        led = page.parent / target if target else page
        assert led.exists(), f"{page.name} links to {target}, which is not there"
        if anchor:
            assert anchor in anchors(led), f"{page.name} links to {target}#{anchor}, which is no heading"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
