"""`customer-view serve --sandbox`: a view served from made-up data, through the real door."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from adapters.pretending import OPEN_CASE
from gateway.cli.pretending import Wanted, open_sandbox
from gateway.cli.pretending_invitation import invite
from gateway.cli.pretending_sandbox import TOKEN, Sandbox, situation_of
from gateway.command_error import CommandError
from gateway.demo.reference import reference
from gateway.serving import bind
from schema.lock import Lock
from schema.problems import ConfigurationError
from schema.verification import Level
from schema.view_files import read_views
from tests.gateway.cli_project import Project, make_project, run, spawn

QUERY = "query ($by: CustomerBy!) { customer(by: $by) { id name { display } segment company { name } } }"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    return make_project(tmp_path)


@contextmanager
def client(gateway: Any) -> Iterator[Any]:
    yield httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://sandbox.example")


async def ask(app: str | None, wanted: Wanted, folder: Path, query: str = QUERY, **by: str) -> dict[str, Any]:
    """Open the sandbox, ask about one customer, and return what comes back."""
    sandbox = open_sandbox(app, wanted, folder)
    name = sandbox.view.name
    body = {"query": query, "variables": {"by": by or {"id": "ada"}}, "extensions": {"receipt": "fields"}}
    async with sandbox.gateway.running():
        with client(sandbox.gateway) as asking:
            async with asking:
                headers = {"Authorization": f"Bearer {TOKEN}"}
                response = await asking.post(f"/views/{name}/graphql", json=body, headers=headers)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


async def test_without_an_app_a_view_of_the_sandbox_is_served(tmp_path: Path) -> None:
    """Through the same engine: the receipt tells what was asked of the made-up source."""
    answer = await ask(None, Wanted("support-call@1"), tmp_path, crm="ada")
    customer = answer["data"]["customer"]
    assert customer["id"] == "ada"
    assert customer["name"]["display"]
    assert answer["extensions"]["receipt"]["view"] == "support-call@1"
    assert [one["source"] for one in answer["extensions"]["receipt"]["sources"]] == ["sandbox"]


async def test_of_an_app_only_model_and_views_are_needed(project: Project, tmp_path: Path) -> None:
    """No consumers, no cross-reference, no lock: whoever builds a page has none of them."""
    for file in ("consumers.yaml", "crossref.db", "views/views.lock"):
        (project.folder / file).unlink()
    (tmp_path / "made").mkdir()
    answer = await ask(project.app, Wanted("support-call"), tmp_path / "made")
    assert answer["data"]["customer"]["segment"]


async def test_a_draft_is_served_too(project: Project, tmp_path: Path) -> None:
    """A page is built before the view is published; nothing is written where the view comes from."""
    text = (project.views / "support-call@1.yaml").read_text()
    (project.views / "support-call@7.yaml").write_text(text.replace("version: 1", "version: 7"))
    lock = (project.views / "views.lock").read_bytes()
    (tmp_path / "made").mkdir()
    answer = await ask(project.app, Wanted("support-call@7"), tmp_path / "made")
    assert answer["extensions"]["receipt"]["view"] == "support-call@7"
    assert (project.views / "views.lock").read_bytes() == lock


async def test_keys_and_options_wish_for_nulls_and_failures(tmp_path: Path) -> None:
    """A key for one customer, --always for all of them."""
    wanted = Wanted("support-call@1", always=["SOURCE_TIMEOUT@Customer.company"])
    answer = await ask(None, wanted, tmp_path, id="SUBJECT_RESTRICTED@Customer.name")
    assert answer["data"]["customer"]["name"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_TIMEOUT"]
    assert [entry["code"] for entry in answer["extensions"]["withheld"]] == ["SUBJECT_RESTRICTED"]


async def test_a_share_of_nulls_can_be_asked_for(tmp_path: Path) -> None:
    """All of them, here."""
    answer = await ask(None, Wanted("support-call@1", nulls=1.0), tmp_path)
    assert answer["data"]["customer"] == {"id": "ada", "name": None, "segment": None, "company": None}


async def test_a_page_of_a_development_server_may_ask(tmp_path: Path) -> None:
    """Of the usual local ports, and of an origin that is named; of no other."""
    sandbox = open_sandbox(None, Wanted("support-call@1", origins=["https://dev.example"]), tmp_path)
    statuses = []
    async with sandbox.gateway.running():
        with client(sandbox.gateway) as asking:
            async with asking:
                for origin in ("http://localhost:5173", "https://dev.example", "https://evil.example"):
                    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
                    statuses.append((await asking.options("/views/support-call/graphql", headers=headers)).status_code)
    assert statuses == [204, 204, 403]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted("suport-call"), "There is no view 'suport-call': did you mean"),
        (Wanted("support-call@1", always=["NULL@Customer.nam"]), "--always cannot be granted: got the coordinate"),
    ],
)
def test_what_cannot_be_served_is_told(wanted: Wanted, said: str, tmp_path: Path) -> None:
    """Before anything listens."""
    with pytest.raises(CommandError, match=said):
        open_sandbox(None, wanted, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Customer.segment:", "Customer.segmnt:", "Customer.segmnt, which the model does not have"),
        ("version: 1", "version: one", "'one' (version)"),
    ],
)
def test_a_view_that_is_wrong_is_told(project: Project, old: str, new: str, said: str, tmp_path: Path) -> None:
    """With file and line, as `check` tells it."""
    project.edit("views/support-call@1.yaml", old, new)
    with pytest.raises(ConfigurationError) as refused:
        open_sandbox(project.app, Wanted("support-call"), tmp_path)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give the APP, such as mycompany.view:gateway, or --sandbox VIEW"),
        (("--always", "NULL"), "give --sandbox VIEW too"),
        (("--nulls", "0.5"), "give --sandbox VIEW too"),
        (("--origin", "https://dev.example"), "give --sandbox VIEW too"),
        (("--level", "V1"), "give --sandbox VIEW too"),
        (("--sandbox", "support-call", "--level", "V4"), "There is no level 'V4': use one of V0, V1, V2, V3"),
    ],
)
def test_options_that_do_not_go_together_are_told(arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2, in one message."""
    ran = run("serve", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_it_says_where_it_is_and_how_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """URL, token, the keys that can be looked up, and a line to paste that asks for all that the view lists."""

    def bound(host: str, port: int) -> socket.socket:
        os.kill(os.getpid(), signal.SIGTERM)
        return bind(host, 0)

    monkeypatch.setattr("gateway.cli.serve.bind", bound)
    ran = run("serve", "--sandbox", "debt-collection@1")
    assert ran.code == 0
    assert "Serving debt-collection@1 from made-up data." in ran.out
    assert re.search(r"^url +http://127\.0\.0\.1:\d+/views/debt-collection/graphql$", ran.out, re.MULTILINE)
    assert re.search(rf"^token +{re.escape(TOKEN)}$", ran.out, re.MULTILINE)
    assert "SOURCE_TIMEOUT@Customer.name" in ran.out
    (line,) = re.findall("^curl .*$", ran.out, re.MULTILINE)
    body = json.loads(shlex.split(line)[-1])
    assert body["query"].startswith('{ customer(by: {id: "ada"}) { id name { display } ')
    assert "balance { amount currency }" in body["query"]


def test_a_view_of_the_id_alone_has_no_field_to_wish_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys that are told are those that can be used."""

    def bound(host: str, port: int) -> socket.socket:
        os.kill(os.getpid(), signal.SIGTERM)
        return bind(host, 0)

    monkeypatch.setattr("gateway.cli.serve.bind", bound)
    text = (project.views / "support-call@1.yaml").read_text()
    bare = re.sub(r"(?s)fields:.*limits:", "fields:\n  Customer.id:\nlimits:", text).replace("support-call", "bare")
    (project.views / "bare@1.yaml").write_text(bare)
    ran = project.run("serve", project.app, "--sandbox", "bare")
    assert ran.code == 0
    assert "SUBJECT_UNKNOWN" in ran.out
    assert "NULL@" not in ran.out


def _published() -> list[str]:
    _, folder = reference()
    views, _ = read_views(folder)
    return [loaded.view.id for loaded in Lock.read(folder).published(views)]


async def ask_whole(name: str, folder: Path, level: Level = Level.V3, **told: str) -> dict[str, Any]:
    """Ask a view of the sandbox for all that it lists, in a situation that it takes, and return what comes back."""
    sandbox = open_sandbox(None, Wanted(name, level=level), folder)
    situation = {**situation_of(sandbox.view), **told}
    body = {"query": sandbox.example, "extensions": {"situation": situation}}
    async with sandbox.gateway.running():
        with client(sandbox.gateway) as asking:
            async with asking:
                headers = {"Authorization": f"Bearer {TOKEN}"}
                path = f"/views/{sandbox.view.name}/graphql"
                response = await asking.post(path, json=body, headers=headers)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def reasons(answer: dict[str, Any]) -> set[str]:
    return {entry["code"] for entry in answer.get("extensions", {}).get("withheld", ())}


@pytest.mark.parametrize("name", _published())
async def test_every_published_view_is_served_and_shows_all_but_what_is_behind_glass(name: str, tmp_path: Path) -> None:
    """Whatever it needs of an operator: consents, cases, verifiers, audit and a secret."""
    answer = await ask_whole(name, tmp_path)
    assert answer["data"]["customer"]["id"] == "ada"
    assert "errors" not in answer
    assert reasons(answer) <= {"BREAK_GLASS_REASON_REQUIRED"}


@pytest.mark.parametrize(
    ("level", "name", "address"),
    [(Level.V0, "initials", None), (Level.V2, "whole", None), (Level.V3, "whole", "whole")],
)
async def test_customers_are_verified_at_the_level_that_is_wanted(
    level: Level, name: str, address: str | None, tmp_path: Path
) -> None:
    """What waits for a higher one is withheld or masked, as for real customers."""
    answer = await ask_whole("support-call@3", tmp_path, level)
    customer = answer["data"]["customer"]
    assert (customer["address"] is None) is (address is None)
    assert ("." in customer["name"]["display"]) is (name == "initials")
    assert ("VERIFICATION_REQUIRED" in reasons(answer)) is (level is not Level.V3)


async def test_a_bound_view_shows_nobody_who_is_not_verified(tmp_path: Path) -> None:
    """Nobody vouches for anybody at V0."""
    answer = await ask_whole("self-service@1", tmp_path, Level.V0)
    assert answer["data"] == {"customer": None}


async def test_one_case_of_everybody_is_open(tmp_path: Path) -> None:
    """It is the one that is told; another one opens nothing."""
    assert reasons(await ask_whole("support-call@3", tmp_path, case=OPEN_CASE)) == set()
    (tmp_path / "other").mkdir()
    other = await ask_whole("support-call@3", tmp_path / "other", case="case-2")
    assert reasons(other) == {"RELATIONSHIP_REQUIRED"}


async def test_nothing_of_the_operators_own_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set for the real gateway would not be there, would be asked or alerted, or would be written into."""
    for setting in ("SECRET_FILE", "VERIFIERS", "AUDIT", "AUDIT_ANCHORS"):
        monkeypatch.setenv(f"CUSTOMER_VIEW_{setting}", str(tmp_path / "missing"))
    for setting in ("DECISION_POINT", "PRIVACY_ALERT_URL"):
        monkeypatch.setenv(f"CUSTOMER_VIEW_{setting}", "http://127.0.0.1:9/missing")
    monkeypatch.setenv("CUSTOMER_VIEW_AUDIT_DAYS", "1")
    monkeypatch.setenv("CUSTOMER_VIEW_MOST_BODY_BYTES", "65536")
    assert (await ask_whole("self-service@1", tmp_path))["data"]["customer"]
    assert not (tmp_path / "missing").exists()
    (tmp_path / "again").mkdir()
    settings = open_sandbox(None, Wanted("fraud-review"), tmp_path / "again").gateway.settings
    assert (settings.decision_point, settings.privacy_alert_url, settings.audit_days) == (None, None, None)
    assert settings.most_body_bytes == 65_536


@asynccontextmanager
async def desk(name: str, folder: Path, level: Level = Level.V0) -> AsyncIterator[tuple[httpx.AsyncClient, Sandbox]]:
    """A front end of a view, whose customers nobody has verified."""
    sandbox = open_sandbox(None, Wanted(name, level=level), folder)
    async with sandbox.gateway.running():
        with client(sandbox.gateway) as asking:
            async with asking:
                asking.headers["Authorization"] = f"Bearer {TOKEN}"
                yield asking, sandbox


async def asked(asking: httpx.AsyncClient, sandbox: Sandbox, key: str = "ada", **headers: str) -> httpx.Response:
    """Ask for all that the view lists."""
    body = {**sandbox.question("").body, "query": sandbox.example.replace('"ada"', json.dumps(key))}
    named = {name.replace("_", "-"): one for name, one in headers.items()}
    return await asking.post(f"/views/{sandbox.view.name}/graphql", json=body, headers=named)


def signed(*more: str) -> str:
    """The assertion that the command prints for a sandbox, of ada."""
    words = ("--sandbox", "--customer", "ada", "--client", "voice-desk", "--interaction", "call-1", *more)
    ran = run("verification", "assert", *words)
    assert ran.code == 0, ran.err
    return ran.out.strip()


async def test_an_assertion_opens_what_waits_for_it_as_for_real_customers(tmp_path: Path) -> None:
    """Of the customer that it is for: a step up is tried without whoever verifies customers."""
    async with desk("support-call@3", tmp_path) as (asking, sandbox):
        assert reasons((await asked(asking, sandbox)).json()) == {"VERIFICATION_REQUIRED"}
        told = []
        for level in ("V1", "V2", "V3"):
            header = signed("--level", level)
            told.append((await asked(asking, sandbox, Customer_Verification=header)).json())
        assert [len(answer["extensions"].get("withheld", ())) for answer in told] == sorted(
            (len(answer["extensions"].get("withheld", ())) for answer in told), reverse=True
        )
        assert reasons(told[-1]) == set()
        other = (await asked(asking, sandbox, "bob", Customer_Verification=header)).json()
        assert reasons(other) == {"VERIFICATION_REQUIRED"}


@pytest.mark.parametrize("code", ["VERIFICATION_REQUIRED", "VERIFICATION_EXPIRED"])
async def test_who_is_wished_to_be_unverified_is_told_how_to_step_up(code: str, tmp_path: Path) -> None:
    """As for real customers, and an assertion opens it; others stay at the level of all."""
    async with desk("support-call@3", tmp_path, Level.V3) as (asking, sandbox):
        told = (await asked(asking, sandbox, code)).json()["extensions"]
        assert code in {one["code"] for one in told["withheld"]}
        assert all(one["stepUp"]["required"] for one in told["withheld"] if one["code"] == code)
        assert code not in reasons((await asked(asking, sandbox)).json())
        words = ("--customer", code, "--client", sandbox.consumer, "--interaction", "call-1", "--level", "V3")
        token = run("verification", "assert", "--sandbox", *words).out.strip()
        assert code not in reasons((await asked(asking, sandbox, code, **{"Customer-Verification": token})).json())


async def test_an_assertion_that_is_too_old_or_of_another_call_is_none_here_either(tmp_path: Path) -> None:
    """A front end has to bear with both."""
    async with desk("support-call@3", tmp_path) as (asking, sandbox):
        old = await asked(asking, sandbox, Customer_Verification=signed("--level", "V3", "--ago", "7200"))
        assert reasons(old.json()) == {"VERIFICATION_EXPIRED"}
        wrong = await asked(asking, sandbox, Customer_Verification=signed("--interaction", "call-2"))
        (error,) = wrong.json()["errors"]
        assert (wrong.status_code, error["extensions"]["code"]) == (401, "VERIFICATION_INVALID")
        changed = signed()[:-8] + "AAAAAAAA"
        assert (await asked(asking, sandbox, Customer_Verification=changed)).status_code == 401


def printed(sandbox: Sandbox) -> list[list[str]]:
    """The lines for a shell that are printed for a sandbox, each as its words."""
    out = io.StringIO()
    console = Console(file=out, width=100, highlight=False, markup=False)
    invite(console, "http://sandbox.example", sandbox)
    return [shlex.split(line) for line in out.getvalue().splitlines() if line.startswith(("curl ", "customer-view "))]


async def test_a_glass_is_broken_by_the_real_request_also_from_a_page(tmp_path: Path) -> None:
    """The one that is printed, for the employee whom the first line names; a page of elsewhere may not ask."""
    async with desk("fraud-review@1", tmp_path) as (asking, sandbox):
        assert reasons((await asked(asking, sandbox)).json()) == {"BREAK_GLASS_REASON_REQUIRED"}
        path, page = "/views/fraud-review/break-glass", {"Origin": "http://localhost:5173"}
        preflight = await asking.options(path, headers={**page, "Access-Control-Request-Method": "POST"})
        assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, page["Origin"])
        opening = json.loads(printed(sandbox)[-1][-1])
        opened = await asking.post(path, json=opening, headers=page)
        assert (opened.status_code, opened.headers["access-control-allow-origin"]) == (201, page["Origin"])
        grant = opened.json()["grant"]
        assert reasons((await asked(asking, sandbox, Break_Glass=grant)).json()) == set()
        assert reasons((await asked(asking, sandbox, "bob", Break_Glass=grant)).json()) != set()
        another = (await asking.post(path, json={**opening, "actor": "e-4712"}, headers=page)).json()["grant"]
        assert reasons((await asked(asking, sandbox, Break_Glass=another)).json()) == {"BREAK_GLASS_NOT_ALLOWED"}
        refused = await asking.post(path, json={**opening, "reason": "curiosity"}, headers=page)
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (400, page["Origin"])
        elsewhere = await asking.post(path, json=opening, headers={"Origin": "https://evil.example"})
        assert elsewhere.status_code == 403
        assert "access-control-allow-origin" not in elsewhere.headers


def test_a_sandbox_prints_how_customers_are_verified_and_glasses_broken() -> None:
    """Lines for the view that takes them, which can be pasted; the interaction is that of the first line."""
    lines = []
    for name in ("support-call@3", "fraud-review@1", "debt-collection@1"):
        with tempfile.TemporaryDirectory() as folder:
            lines += printed(open_sandbox(None, Wanted(name), Path(folder)))
    first, asserting, _, opening, last = lines
    assert asserting[:4] == ["customer-view", "verification", "assert", "--sandbox"]
    assert run(*asserting[1:]).code == 0
    told = json.loads(first[-1])["extensions"]["situation"]
    assert told["interaction"] == asserting[asserting.index("--interaction") + 1]
    assert opening[2].endswith("/views/fraud-review/break-glass")
    assert json.loads(opening[-1])["reason"] == "suspected-fraud"
    assert last[2].endswith("/views/debt-collection/graphql")


@pytest.mark.processes
def test_it_serves_until_it_is_told_to_stop_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """As a process; its folder is gone with it."""
    process = spawn("serve", "--sandbox", "support-call", "--port", "0", folder=tmp_path, TMPDIR=str(tmp_path))
    try:
        assert process.stdout is not None
        url = next(line.split()[1] for line in process.stdout if line.startswith("url "))
        told = {"channel": "voice", "journey": "service"}
        body = {"query": '{ customer(by: {id: "ada"}) { id } }', "extensions": {"situation": told}}
        answer = httpx.post(url, json=body, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False)
        assert answer.json()["data"] == {"customer": {"id": "ada"}}
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
        assert list(tmp_path.iterdir()) == []
    finally:
        process.kill()
        process.communicate()
