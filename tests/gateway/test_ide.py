"""The GraphiQL page over HTTP: the same for everybody, under its policy, and nothing beside its own files."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from rich.console import Console

from gateway.demo.asking import Question
from gateway.demo.inviting import tell_pages
from gateway.demo.telling import Telling
from gateway.ide import Ide, add_ide
from tests.gateway.greenhouse import GARDENER, STRANGER, Greenhouse, code_of

BUILT = {
    "page.html": '<link nonce="{nonce}" href="../../ide/style-A.css">',
    "style-A.css": "body {}",
    "main-B.js": "let one;",
    "icons-C.ttf": "font",
    "LICENSES.txt": "MIT",
    ".secret": "hidden",
    "main-B.js.map": "{}",
}

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src-attr": "'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as a build leaves it, beside a file that is none of its own."""
    folder = tmp_path / "built"
    folder.mkdir()
    for name, text in BUILT.items():
        (folder / name).write_text(text)
    (tmp_path / "beside.js").write_text("secret")
    return folder


def client(ide: Ide) -> httpx.AsyncClient:
    """Return a client of an application that has the page alone."""
    api = FastAPI(redirect_slashes=False)
    add_ide(api, ide)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=api), base_url="http://gateway")


def policy(response: httpx.Response) -> dict[str, str]:
    """Return the policy of an answer, by directive."""
    return dict(one.split(" ", 1) for one in response.headers["content-security-policy"].split("; "))


@pytest.mark.parametrize("token", [None, GARDENER, STRANGER])
async def test_the_page_tells_nobody_which_views_there_are(house: Greenhouse, token: str | None) -> None:
    """Alike but for the nonce, with and without a token: of a view, of a version, and of what is no view."""
    async with house.client(token) as asking:
        pages = [
            await asking.get(f"/views/{view}/graphiql") for view in ("watering", "watering@1", "pests", "nowhere", "@")
        ]
    alike = {re.sub(r'nonce="[^"]+"', "", page.text) for page in pages}
    assert {page.status_code for page in pages} == {200}
    assert len(alike) == 1
    assert house.is_untouched


@pytest.mark.parametrize(("view", "version"), [("watering", 2), ("watering@1", 1)])
async def test_a_schema_says_which_version_it_is_of(house: Greenhouse, view: str, version: int) -> None:
    """Relative to the address that was asked, wherever the gateway is mounted: the page shows it."""
    async with house.client(GARDENER) as asking:
        schema = await asking.get(f"/views/{view}/schema.graphql")
        where = schema.url.join(schema.headers["content-location"])
        assert where.path == f"/views/watering@{version}/schema.graphql"
        assert (await asking.get(where)).text == schema.text


async def test_the_page_is_kept_by_no_cache_and_framed_by_nobody(house: Greenhouse) -> None:
    """With the headers of every answer, and its own policy in place of theirs."""
    async with house.client(None) as asking:
        page = await asking.get("/views/watering/graphiql")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["content-security-policy"].count("default-src") == 1


async def test_the_policy_lets_in_what_is_the_gateways_own_alone(built: Path) -> None:
    """No inline script, no eval and no foreign origin; a style element needs a nonce, fresh in each answer."""
    async with client(Ide.load(built)) as asking:
        first, second = [await asking.get("/views/watering/graphiql") for _ in range(2)]
    said = policy(first)
    (nonce,) = re.findall(r'nonce="([A-Za-z0-9_-]{22})"', first.text)
    assert said.pop("style-src") == f"'self' 'nonce-{nonce}'"
    assert said == POLICY
    assert nonce not in second.text


async def test_files_are_kept_for_ever_for_their_names_hold_their_hash(built: Path) -> None:
    """All but the licences, whose name stays. A worker's policy is that of its file, so each has it."""
    async with client(Ide.load(built)) as asking:
        answers = {name: await asking.get(f"/ide/{name}") for name in BUILT}
    found = {name: answer for name, answer in answers.items() if answer.status_code == 200}
    assert {name: answer.headers["content-type"] for name, answer in found.items()} == {
        "style-A.css": "text/css; charset=utf-8",
        "main-B.js": "text/javascript; charset=utf-8",
        "icons-C.ttf": "font/ttf",
        "LICENSES.txt": "text/plain; charset=utf-8",
    }
    kept = {name for name, answer in found.items() if "immutable" in answer.headers.get("cache-control", "")}
    assert kept == {"style-A.css", "main-B.js", "icons-C.ttf"}
    assert {name: answer.text for name, answer in found.items()} == {name: BUILT[name] for name in found}
    assert all(policy(answer) == {**POLICY, "style-src": "'self'"} for answer in found.values())


@pytest.mark.parametrize(
    "name",
    [
        "../beside.js",
        "..%2fbeside.js",
        "..%2Fbuilt%2Fmain-B.js",
        "%2e%2e/beside.js",
        "..%5cbeside.js",
        "./main-B.js/",
        "main-B.js%00",
        "%2Fetc%2Fpasswd",
        "page.html",
        ".secret",
        "main-B.js.map",
        "built",
        "",
        ".",
        "%ff",
        "x" * 5000,
    ],
)
async def test_no_other_path_is_reached(built: Path, name: str) -> None:
    """A name is looked up among those found at the start, and never joined to a path."""
    async with client(Ide.load(built)) as asking:
        answer = await asking.send(
            httpx.Request("GET", httpx.URL("http://gateway").copy_with(raw_path=f"/ide/{name}".encode()))
        )
    assert answer.status_code == 404
    assert "secret" not in answer.text


async def test_what_is_no_file_of_the_page_is_refused_as_every_path_is(house: Greenhouse) -> None:
    """By the gateway, in the form of its refusals."""
    async with house.client(None) as asking:
        answer = await asking.get("/ide/nothing.js")
    assert (answer.status_code, code_of(answer)) == (404, "NOT_FOUND")


async def test_without_a_build_the_page_says_how_to_make_it(tmp_path: Path) -> None:
    """Under the same policy, with no script and no file."""
    ide = Ide.load(tmp_path / "built")
    async with client(ide) as asking:
        page = await asking.get("/views/watering/graphiql")
        file = await asking.get("/ide/main-B.js")
    assert not ide.is_built
    assert "make ide" in page.text
    assert "<script" not in page.text
    (nonce,) = re.findall(r'<style nonce="([^"]+)"', page.text)
    assert policy(page) == {**POLICY, "style-src": f"'self' 'nonce-{nonce}'"}
    assert file.status_code == 404


def test_the_built_page_is_whole_and_names_nothing_foreign() -> None:
    """What it refers to is there; no script stands in it; every package has its licence beside it."""
    ide = Ide.load()
    if not ide.is_built:
        pytest.skip("needs the built page: run make ide, where npm is there")
    referred = re.findall(r'(?:src|href)="([^"]+)"', ide.page)
    assert {one.removeprefix("../../ide/") for one in referred} - {"data:,"} <= set(ide.files)
    assert re.findall(r"<script(?![^>]* src=)", ide.page) == []
    assert {"editor", "graphql", "json"} <= {name.partition("-")[0] for name in ide.files}
    licences = ide.files["LICENSES.txt"].read_text("utf-8")
    for package in ("graphiql", "graphql", "monaco-editor", "react", "react-dom"):
        assert re.search(rf"^{package} \d+\.\d+\.\d+", licences, re.MULTILINE)


def test_what_the_page_is_built_from_is_pinned() -> None:
    """Exact versions, and no lock file, which would name where packages come from."""
    folder = Path(__file__).parents[2] / "gateway" / "ide" / "browser"
    package = (folder / "package.json").read_text("utf-8")
    versions = re.findall(r'^    "[^"]+": "([^"]+)"', package.partition('"dependencies"')[2], re.MULTILINE)
    assert versions
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)
    assert "package-lock=false" in (folder / ".npmrc").read_text("utf-8").split()
    assert not list(folder.glob("*lock*"))


@pytest.mark.parametrize("is_built", [True, False])
def test_the_demo_tells_where_the_page_is(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_built: bool
) -> None:
    """One address for each view, on a line of its own; none where there is no page."""
    ide = Ide.load(built if is_built else tmp_path)
    monkeypatch.setattr("gateway.demo.inviting.Ide.load", lambda: ide)
    said, base = StringIO(), "http://127.0.0.1:8000"
    questions = [
        Question(base, consumer, view, "{ x }", {}, GARDENER)
        for consumer, view in (("agent-desktop", "support-call"), ("collections", "debt-collection"))
    ]
    tell_pages(Telling(Console(file=said, width=40)), questions)
    told = [line for line in said.getvalue().splitlines() if line.endswith("/graphiql")]
    pages = [f"{base}/views/{view}/graphiql" for view in ("support-call", "debt-collection")]
    assert told == (pages if is_built else [])
