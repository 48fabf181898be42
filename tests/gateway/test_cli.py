"""The command line: its words, its exit codes, and what it prints for keeping."""

from __future__ import annotations

import gc
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from sysconfig import get_path_names

import pytest

from gateway.cli import application, commands, worker, worker_command
from gateway.consumers import Consumers
from gateway.secret_file import load_secrets
from schema.views import View
from tests.gateway.cli_project import ENVIRONMENT, Project, make_project, run, spawn

COMMANDS = (
    "demo",
    "serve",
    "check",
    "explain",
    "status",
    "sdl",
    "publish",
    "register",
    "token",
    "secret",
    "view-schema",
    "sources-schema",
    "crossref",
    "verification",
    "audit",
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    return make_project(tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example_and_its_exit_codes(command: str) -> None:
    """Whoever knows the command's name needs no manual."""
    ran = run(command, "--help")
    assert ran.code == 0
    assert f"customer-view {command}" in ran.out.split("Example:")[1]
    assert "Exit codes: 0" in ran.out


def test_the_list_of_commands_says_what_each_is_for_in_one_line() -> None:
    """A summary that is cut off with dots says too little."""
    listed = run("--help").out.partition("Commands:")[2]
    assert re.findall(r"^  ([a-z-]+) ", listed, re.MULTILINE) == list(COMMANDS)
    assert "..." not in listed


def test_no_command_at_all_shows_the_help_and_is_wrong_use() -> None:
    """A script that forgot its command must not go on."""
    ran = run()
    assert ran.code == 2
    assert "Commands:" in ran.out + ran.err


def test_an_unknown_option_is_wrong_use() -> None:
    """Exit code 2 is for wrong use."""
    assert run("demo", "--twice").code == 2


def test_help_does_not_load_the_gateway(tmp_path: Path) -> None:
    """Help is asked for by waiting people: what commands do is imported when they run."""
    process = spawn("--help", folder=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Commands:" in out
    loaded = set(re.findall(r"[\w.]+$", err, re.MULTILINE))
    assert not {"strawberry", "fastapi", "aiohttp", "pydantic", "ruamel.yaml", "rich.console"} & loaded


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["crossref", "sources", "--crossref", "sqlite:///no-folder/crossref.db"], "no-folder"),
        (["status", "http://127.0.0.1:9"], "http://127.0.0.1:9"),
    ],
    ids=["crossref", "status"],
)
def test_a_command_that_needs_no_gateway_loads_none(tmp_path: Path, arguments: list[str], said: str) -> None:
    """To load one takes a second, which scripts that run a command for each key would wait for each time."""
    wanted = {"PYTHONPROFILEIMPORTTIME": "1", "CUSTOMER_VIEW_OPERATOR_TOKEN": "cv_" + "p" * 43}
    process = spawn(*arguments, folder=tmp_path, **wanted)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert said in err.rpartition("import time:")[2].partition("customer-view: ")[2]
    loaded = set(re.findall(r"[\w.]+$", err, re.MULTILINE))
    assert "rich.console" in loaded
    assert not {"strawberry", "graphql", "fastapi", "aiohttp", "opentelemetry", "resolvers", "gateway.gateway"} & loaded


def test_a_gateway_without_a_collector_loads_nothing_for_one() -> None:
    """What speaks to collectors is imported where variables name one."""
    code = "import sys, gateway.cli.serve; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"fastapi", "opentelemetry.trace"} <= loaded
    assert not {"requests", "google.protobuf", "opentelemetry.sdk.metrics", "opentelemetry.exporter"} & loaded


def test_a_start_seldom_looks_for_what_could_be_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is imported stays, so looking through it time and again only makes the start slower."""
    before, during = gc.get_threshold(), []
    monkeypatch.setattr(commands, "app", lambda **_: during.append(gc.get_threshold()[0]))
    monkeypatch.setattr(worker, "run_worker", lambda _: during.append(gc.get_threshold()[0]))
    commands.main()
    worker_command.main()
    assert during == [100_000, 100_000]
    assert gc.get_threshold() == before


def test_a_pipe_gets_no_colour(project: Project) -> None:
    """Escape codes are for terminals."""
    process = project.spawn("check", project.app)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "In order" in out
    assert "\x1b" not in out + err


def test_a_token_is_printed_with_lines_that_make_it_known(tmp_path: Path) -> None:
    """The lines can be pasted as they are, and the token then is the consumer's."""
    ran = run("token", "agent-desktop", "--view", "support-call", "--view", "debt-collection@1")
    file = tmp_path / "consumers.yaml"
    file.write_text(ran.out[ran.out.index("- name:") :])
    (token,) = re.findall(r"^cv_\S{43}$", ran.out, re.MULTILINE)
    caller = Consumers.load(file).authenticate(token)
    assert ran.code == 0
    assert caller is not None
    assert caller.consumer == "agent-desktop"
    assert caller.views == frozenset({"support-call", "debt-collection@1"})


def test_a_token_without_views_shows_where_their_names_go() -> None:
    """What is to be filled in is plain to see."""
    assert "views: [name-of-a-view]" in run("token", "agent-desktop").out


def test_a_token_can_be_had_as_json() -> None:
    """Programs read JSON; the digest is the token's."""
    made = json.loads(run("token", "agent-desktop", "--view", "support-call", "--json").out)
    assert set(made) == {"token", "consumer"}
    assert made["consumer"]["views"] == ["support-call"]
    assert re.fullmatch("[0-9a-f]{64}", made["consumer"]["token_sha256"])


def test_a_token_of_a_steward_needs_no_view(tmp_path: Path) -> None:
    """The lines can be pasted, with the sources whose keys it may write."""
    file = tmp_path / "consumers.yaml"
    ran = run("token", "crm-feed", "--role", "steward", "--role", "auditor", "--source", "crm", "--source", "crm")
    file.write_text(ran.out[ran.out.index("- name:") :])
    (consumer,) = Consumers.load(file).consumers
    assert (consumer.views, consumer.roles) == (frozenset(), frozenset({"steward", "auditor"}))
    assert consumer.crossref_sources == frozenset({"crm"})
    made = json.loads(run("token", "desk", "--role", "steward", "--json").out)["consumer"]
    assert (made["views"], made["roles"], "crossref_sources" in made) == ([], ["steward"], False)
    developer = json.loads(run("token", "desk", "--role", "developer", "--view", "support-call", "--json").out)
    assert developer["consumer"]["roles"] == ["developer"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--role", "stewart"], "by which alone a consumer may do nothing; did you mean 'steward'?"),
        (["--role", "developer"], "wanted one of: crossref-reader, steward,"),
        (["--role", "steward]\n- name: x"], "got a --role that is none"),
        (["--role", "steward", "--source", "crm]"], "got a --source that is none"),
        (["--role", "auditor", "--source", "crm"], "give --role steward too"),
    ],
)
def test_a_token_with_which_nothing_could_be_done_is_wrong_use(options: list[str], said: str) -> None:
    """Or whose lines would not be those of one consumer."""
    ran = run("token", "desk", *options)
    assert (ran.code, said in ran.err, "cv_" in ran.out + ran.err) == (2, True, False)


def test_two_tokens_are_never_the_same() -> None:
    """A token is made of chance."""
    assert run("token", "a", "--json").out != run("token", "a", "--json").out


@pytest.mark.parametrize("name", ["Agent Desktop", "agent\n- name: other", ""])
def test_a_consumer_whose_name_is_none_is_wrong_use(name: str) -> None:
    """A name goes into YAML as it is, so only names are taken."""
    ran = run("token", name)
    assert ran.code == 2
    assert "wanted lower-case words joined by hyphens" in ran.err
    assert "cv_" not in ran.out + ran.err


def test_a_secret_is_a_line_of_a_secret_file(tmp_path: Path) -> None:
    """What is printed is what the file takes, and nothing else."""
    file = tmp_path / "secrets.txt"
    file.write_text(run("secret").out + run("secret", "--version", "2").out)
    assert tuple(load_secrets(file).versions) == (2, 1)


def test_the_json_schema_of_views_is_printed() -> None:
    """Editors take it from the command."""
    assert json.loads(run("view-schema").out) == View.json_schema()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("project", "wanted module:attribute, such as mycompany.view:gateway"),
        ("project.py:gateway", "There is no module 'project'"),
        ("views/project:gateway", "wanted module:attribute"),
        ("no_such_package.view:gateway", "There is no module 'no_such_package'"),
    ],
)
def test_an_app_that_cannot_be_found_is_told_in_one_message(project: Project, name: str, said: str) -> None:
    """The message says what an APP looks like, and where it was looked for."""
    ran = run("check", name)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_an_attribute_that_the_module_does_not_have_is_suggested(project: Project) -> None:
    """Only gateways are suggested."""
    assert "did you mean 'gateway'?" in run("check", f"{project.module}:gatway").err
    assert "wanted one of: gateway" in run("check", f"{project.module}:x").err


def test_an_attribute_that_is_no_gateway_is_told(project: Project) -> None:
    """A class is not its instance."""
    ran = run("check", f"{project.module}:Customer")
    assert ran.code == 2
    assert "which is of type type; wanted a gateway.gateway.Gateway" in ran.err


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import not_installed_here\n", "ModuleNotFoundError: No module named 'not_installed_here'"),
        ("gateway = \n", "SyntaxError: invalid syntax"),
        ("import os\nos.environ['NOT_SET_HERE']\n", "KeyError: 'NOT_SET_HERE'"),
        ("nothing = 1\n", "it holds none"),
    ],
)
def test_a_module_that_fails_is_told_with_its_place(project: Project, source: str, said: str) -> None:
    """The author sees what went wrong and in which line, without a traceback through the product."""
    (project.folder / f"broken_{project.module}.py").write_text(source)
    ran = run("check", f"broken_{project.module}:gateway")
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_module_that_uses_a_library_wrongly_is_told_with_its_own_line(project: Project) -> None:
    """A line of the library tells nobody what to mend."""
    (project.folder / f"wrong_{project.module}.py").write_text("import json\n\njson.loads('{')\n")
    ran = run("check", f"wrong_{project.module}:gateway")
    assert ran.code == 2
    assert "JSONDecodeError" in ran.err
    assert f"({project.folder}/wrong_{project.module}.py:3)" in ran.err


def test_a_library_in_an_environment_within_the_folder_is_no_part_of_the_application(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many have their environment beside their modules."""
    installed = project.folder / "lib"
    installed.mkdir()
    (installed / f"library_{project.module}.py").write_text("def use() -> None:\n    raise TypeError('wrong use')\n")
    monkeypatch.setattr(application, "get_paths", lambda: dict.fromkeys(get_path_names(), str(installed)))
    monkeypatch.syspath_prepend(str(installed))
    wrong = project.folder / f"wrong_{project.module}.py"
    wrong.write_text(f"from library_{project.module} import use\n\nuse()\n")
    assert f"TypeError: wrong use ({wrong}:3)" in run("check", f"{wrong.stem}:gateway").err


def test_an_error_outside_the_folder_is_told_where_it_is(
    project: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no line of the application to show."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / f"far_{project.module}.py"
    elsewhere.write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(elsewhere.parent))
    assert f"ZeroDivisionError: division by zero ({elsewhere}:1)" in run("check", f"{elsewhere.stem}:gateway").err


def test_a_setting_that_was_refused_is_not_printed(project: Project) -> None:
    """A value that does not fit can be a secret in the wrong place."""
    source = "from pydantic import BaseModel\n\nclass Mine(BaseModel):\n    port: int\n\nMine(port='s3cr3t')\n"
    (project.folder / f"settings_{project.module}.py").write_text(source)
    ran = run("check", f"settings_{project.module}:gateway")
    assert ran.code == 2
    assert "Mine: port:" in ran.err
    assert "s3cr3t" not in ran.err


def test_a_setting_of_the_gateway_that_is_wrong_is_told_by_its_variable(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is named, its value is not shown."""
    monkeypatch.setenv("CUSTOMER_VIEW_PORT", "s3cr3t")
    ran = run("check", project.app)
    assert ran.code == 2
    assert "CUSTOMER_VIEW_PORT" in ran.err
    assert "s3cr3t" not in ran.err


def test_the_command_also_runs_as_a_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """For environments whose scripts are not on the path; it calls itself by its name all the same."""
    monkeypatch.setattr(sys, "argv", ["gateway.cli", "--help"])
    monkeypatch.delitem(
        sys.modules, "gateway.cli.__main__", raising=False
    )  # a test that imports all may have been here
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("gateway.cli", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("Usage: customer-view ")


def test_a_terminal_gets_colour(project: Project) -> None:
    """A real one, of the system."""
    ours, theirs = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "check", project.app],
        cwd=project.folder,
        env=ENVIRONMENT | {"TERM": "xterm-256color"},
        stdout=theirs,
        check=True,
        timeout=30,
    )
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        printed = terminal.read(65536)
    assert done.returncode == 0
    assert b"\x1b[1;32mIn order" in printed
