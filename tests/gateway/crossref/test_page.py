"""The stewards' page over HTTP: for whom there is one, what it is made of, and what may be done in it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from adapters.crossref import ConflictCode, SqliteCrossReference
from adapters.crossref.events import EventType
from adapters.crossref.operations.hearing import GONE, REPLACED
from gateway.crossref.page import _FRONT
from gateway.gateway import Gateway
from gateway.settings import Settings
from tests.gateway.crossref.office import PEOPLE, Office, code_of, declare, office
from tests.gateway.greenhouse import ALWAYS, Plant, greenhouse, nursery, soil

GATEWAY = Path(__file__).parents[3] / "gateway"
FOLDERS = (GATEWAY / "pages" / "shared", GATEWAY / "crossref" / "steward")
FILES = {path.name: path for folder in FOLDERS for path in sorted(folder.iterdir())}
FRONT = _FRONT.in_html("steward").decode()
SCRIPTS = [name for name in FILES if name.endswith(".js")]
PAGE = "/crossref/steward"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def text_of(name: str) -> str:
    return FILES[name].read_text("utf-8")


async def get(desk: Office, path: str, name: str | None = None) -> httpx.Response:
    async with desk.client(name) as client:
        return await client.get(path)


@pytest.mark.parametrize("name", [None, "steward", "officer", "gardener", "stranger"])
async def test_the_page_is_the_same_for_everybody(desk: Office, name: str | None) -> None:
    """A browser sends no token when it goes to a page; what it is given is a form."""
    page = await get(desk, PAGE, name)
    assert (page.status_code, page.text) == (200, FRONT)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert 'type="password"' in page.text
    assert not [known for known in PEOPLE if re.search(rf"\b{known}\b", page.text) and known != "steward"]


@pytest.mark.parametrize("name", FILES)
async def test_its_files_are_served(desk: Office, name: str) -> None:
    """As what they are, and kept by no cache, so that those of two releases are never mixed."""
    file = await get(desk, f"{PAGE}/{name}")
    assert (file.status_code, file.text) == (200, text_of(name))
    assert file.headers["content-type"] == TYPES[Path(name).suffix]
    assert file.headers["cache-control"] == "no-store"


async def test_its_policy_lets_in_nothing_but_its_own_files(desk: Office) -> None:
    """Nothing inline and no foreign origin, no frame around it, and no text that a script makes markup of."""
    for path in (PAGE, f"{PAGE}/main.js"):
        answer = await get(desk, path)
        headers = dict(answer.headers)
        assert dict(one.split(" ", 1) for one in headers.pop("content-security-policy").split("; ")) == {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self'",
            "connect-src": "'self'",
            "frame-ancestors": "'none'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "require-trusted-types-for": "'script'",
            "trusted-types": "'none'",
        }
        assert {
            one: text for one, text in ALWAYS.items() if one != "content-security-policy"
        }.items() <= headers.items()
        assert headers["cross-origin-opener-policy"] == "same-origin"


def test_it_refers_to_its_own_files_alone_and_to_each() -> None:
    """By names relative to where it is mounted; nothing stands in it that the policy would stop."""
    referred = {one.removeprefix("steward/") for one in re.findall(r'(?:src|href)="([^"#]+)"', FRONT)}
    imported = {one for name in SCRIPTS for one in re.findall(r'from "\./([^"]+)"', text_of(name))}
    assert referred | imported == {*FILES}
    assert len(FILES) == sum(len(list(folder.iterdir())) for folder in FOLDERS)  # no page has a file of a shared name
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", FRONT) == []
    assert not [name for name in FILES if re.search(r"https?://(?!www\.w3\.org/2000/svg)", text_of(name))]


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_makes_markup_of_text_or_keeps_anything(name: str) -> None:
    """Nor does one change the address, or log."""
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|DOMParser|srcdoc|localStorage"
    )
    forbidden += r"|sessionStorage|indexedDB|document\.cookie|caches\b|pushState|replaceState|location\b|console\."
    assert re.findall(forbidden, text_of(name)) == []


@pytest.mark.parametrize(
    "path",
    [
        "/steward/",
        "/steward/page.html",
        "/steward/nothing.js",
        "/steward/../page.py",
        "/steward/..%2fpage.py",
        "/steward/%2e%2e/page.py",
        "/steward/main.js/",
        "/steward/main.js%00",
        "/stewards",
        "/Steward",
    ],
)
async def test_no_other_path_is_reached(desk: Office, path: str) -> None:
    """Names are looked up among those found at the start. Everything else is behind the door."""
    async with desk.client(None) as client:
        url = httpx.URL("http://office").copy_with(raw_path=f"/crossref{path}".encode())
        answer = await client.send(httpx.Request("GET", url))
    assert (answer.status_code, code_of(answer)) in {(401, "UNAUTHENTICATED"), (404, "NOT_FOUND")}


async def test_it_is_only_read(desk: Office) -> None:
    """Its head can be asked for; whatever else is done to it is behind the door."""
    async with desk.client(None) as client:
        assert (await client.head(PAGE)).status_code == 200
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert (await client.request(method, PAGE)).status_code == 401


@asynccontextmanager
async def opened(made: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        made.running(),
        httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://office") as client,
    ):
        yield client


async def assert_no_page(made: Gateway) -> None:
    """What is answered is what any other path is answered with."""
    async with opened(made) as client:
        for path in (PAGE, f"{PAGE}/main.js"):
            answer, other = await client.get(path), await client.get("/crossref/nowhere")
            assert (answer.status_code, answer.content) == (other.status_code, other.content) == (401, other.content)


async def test_it_can_be_turned_off(desk: Office, declared: Path) -> None:
    """By a setting: then nothing is at its paths."""
    gateway = Gateway(
        model=Plant,
        adapters=[nursery(), soil()],
        views=declared / "views",
        crossref=desk.store,
        consumers=declared / "consumers.yaml",
        settings=Settings(steward_page=False),
    )
    await assert_no_page(gateway)


async def test_where_nobody_could_use_it_there_is_none(desk: Office, tmp_path: Path) -> None:
    """No consumer has a role by which candidates are read."""
    folder = tmp_path / "none"
    folder.mkdir()
    declare(folder)
    consumers = folder / "consumers.yaml"
    left = [one for one in json.loads(consumers.read_text()) if one["name"] in ("officer", "auditor", "gardener")]
    consumers.write_text(json.dumps(left))
    await assert_no_page(office(folder, desk.store).gateway)


async def test_without_a_cross_reference_of_ours_there_is_none(planted: Path, nothing_else_installed: None) -> None:
    """It could not be asked."""
    await assert_no_page(greenhouse(planted).gateway)


async def test_before_the_gateway_is_open_there_is_none(desk: Office, declared: Path) -> None:
    """503, as of everything else."""
    answer = await get(office(declared, desk.store), PAGE)
    assert (answer.status_code, code_of(answer)) == (503, "UNAVAILABLE")


def test_it_has_words_for_what_can_happen() -> None:
    """For every event that concerns a customer, every conflict, and every kind of candidate."""
    words = text_of("words.js") + text_of("refusals.js")
    kinds = ("key_conflict", "shared_identifier", "limit_exceeded", "model", GONE, REPLACED)
    told = {*re.findall(r'^  "?([A-Za-z_.]+)"?: (?:\[|"|\(|\{)', words, re.MULTILINE)}
    assert {*map(str, (*EventType, *ConflictCode)), *kinds} - told == {EventType.SOURCE_REGISTERED}


async def test_who_asks_is_told(desk: Office) -> None:
    """The consumer's name, its roles here, and the sources whose keys alone it may write."""
    told = {name: (await desk.get("/consumer", name)).json() for name in ("steward", "crm-feed", "officer")}
    assert told == {
        "steward": {"consumer": "steward", "roles": ["steward"], "sources": []},
        "crm-feed": {"consumer": "crm-feed", "roles": ["steward"], "sources": ["crm"]},
        "officer": {"consumer": "officer", "roles": ["privacy-officer"], "sources": []},
    }


async def test_an_outline_tells_all_but_the_keys(desk: Office) -> None:
    """By an id, a merged one, or a key; who is unknown, erased or retired is not found."""
    loser, survivor = await desk.link("crm", "C-1"), await desk.link("mail", "ada@example.com")
    merged = await desk.done("/merges", {"loser": loser, "survivor": survivor})
    restriction = {"ground": "gdpr-art-18", "coordinates": ["*"]}
    standing = await desk.done(f"/customers/{survivor}/restrict", restriction, "officer")
    for by in ({"customer": survivor}, {"customer": loser}, {"source": "crm", "key": "C-1"}):
        response = await desk.post("/outline", {"by": by}, "reader")
        told = response.json()
        assert (told["customer"], told["merged"], told["isWhole"]) == (survivor, [loser], True)
        assert (told["version"], response.headers["etag"]) == (standing["version"], f'"{standing["version"]}"')
        assert [(one["source"], one["method"], one["assertedBy"]) for one in told["links"]] == [
            ("crm", "merge", "steward"),
            ("mail", "manual", "steward"),
        ]
        assert [(one["ground"], one["until"]) for one in told["restrictions"]] == [("gdpr-art-18", None)]
        assert not [key for key in ("C-1", "ada@example.com") if key in response.text]
    assert standing["version"] > merged["version"]
    unknown = await desk.post("/outline", {"by": {"customer": "cus_unheard-of"}})
    assert (unknown.status_code, code_of(unknown)) == (404, "CUSTOMER_UNKNOWN")
    await desk.done(f"/customers/{survivor}/erase", {}, "officer")
    assert (await desk.post("/outline", {"by": {"customer": loser}})).content == unknown.content


async def test_a_store_that_fails_while_it_is_served_is_no_matter(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page asks nothing of the cross-reference."""

    async def broken(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(SqliteCrossReference, "resolve_many", broken)
    assert (await get(desk, PAGE)).status_code == 200
