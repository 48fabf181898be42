"""The privacy officer's page over HTTP: where there is one, what it is made of, and what may be done in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gateway.privacy.page import _FRONT
from gateway.register import Form
from schema.reasons import Reason
from schema.verification import Level
from tests.gateway.crossref.test_page import TYPES
from tests.gateway.greenhouse import ALWAYS, code_of
from tests.gateway.privacy.bureau import Bureau, bureau, declare

GATEWAY = Path(__file__).parents[3] / "gateway"
FOLDERS = (GATEWAY / "pages" / "shared", GATEWAY / "privacy" / "officer")
FILES = {path.name: path for folder in FOLDERS for path in sorted(folder.iterdir())}
FRONT = _FRONT.in_html("officer").decode()
SCRIPTS = [name for name in FILES if name.endswith(".js")]
PAGE = "/officer"


def text_of(name: str) -> str:
    return FILES[name].read_text("utf-8")


@pytest.mark.parametrize("name", [None, "officer", "gardener", "stranger"])
async def test_the_page_is_the_same_for_everybody(opened: Bureau, name: str | None) -> None:
    """A browser sends no token when it goes to a page; what it is given is a form, and that is not written down."""
    page = await opened.get(PAGE, name)
    assert (page.status_code, page.text) == (200, FRONT)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert 'type="password"' in page.text
    assert opened.records() == []


@pytest.mark.parametrize("name", FILES)
async def test_its_files_are_served(opened: Bureau, name: str) -> None:
    """As what they are, and kept by no cache; under a policy that lets in nothing but its own files."""
    file = await opened.get(f"{PAGE}/{name}", None)
    assert (file.status_code, file.text) == (200, text_of(name))
    assert file.headers["content-type"] == TYPES[Path(name).suffix]
    policy = file.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "trusted-types 'none'"} <= {*policy}
    assert not [one for one in policy if "unsafe" in one or "http" in one or "data:" in one or "*" in one]
    others = {one: text for one, text in ALWAYS.items() if one != "content-security-policy"}
    assert others.items() <= dict(file.headers).items()


def test_it_refers_to_its_own_files_alone_and_to_each() -> None:
    """By names relative to where it is mounted; nothing stands in it that the policy would stop."""
    referred = {one.removeprefix("officer/") for one in re.findall(r'(?:src|href)="([^"#]+)"', FRONT)}
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


@pytest.mark.parametrize("path", ["/", "/page.html", "/nothing.js", "/../page.py", "/%2e%2e/page.py", "/main.js/", "s"])
async def test_no_other_path_is_reached(opened: Bureau, path: str) -> None:
    """Names are looked up among those found at the start. Everything else is behind the door."""
    answer = await opened.get(f"{PAGE}{path}", None)
    assert (answer.status_code, code_of(answer)) in {(401, "UNAUTHENTICATED"), (404, "NOT_FOUND")}


async def test_before_the_gateway_is_open_there_is_none(tmp_path: Path, nothing_else_installed: None) -> None:
    """503, as of everything else."""
    async with bureau(tmp_path) as made:
        pass
    answer = await made.get(PAGE, None)
    assert (answer.status_code, code_of(answer)) == (503, "UNAVAILABLE")


async def test_it_can_be_turned_off(tmp_path: Path, nothing_else_installed: None) -> None:
    """By a setting: then nothing is at its paths, and the API is there all the same."""
    async with bureau(tmp_path, officer_page=False) as made:
        for path in (PAGE, f"{PAGE}/main.js"):
            assert (await made.get(path, None)).status_code == 401
        assert (await made.get("/views")).status_code == 200


async def test_where_nobody_could_use_it_there_is_none(tmp_path: Path, nothing_else_installed: None) -> None:
    """No consumer is a privacy officer."""
    declare(tmp_path)
    consumers = tmp_path / "consumers.yaml"
    left = [one for one in json.loads(consumers.read_text()) if one["name"] not in ("officer", "deputy")]
    consumers.write_text(json.dumps(left))
    async with bureau(tmp_path) as made:
        assert (await made.get(PAGE, None)).status_code == 401


async def test_without_audit_there_is_none(tmp_path: Path, nothing_else_installed: None) -> None:
    """Nobody looks who is not written down."""
    declare(tmp_path, has_glass=False)
    consumers = tmp_path / "consumers.yaml"
    consumers.write_text(consumers.read_text().replace(', "fraud-review"', ""))
    async with bureau(tmp_path, audit=None, audit_anchors=None) as made:
        assert (await made.get(PAGE, None)).status_code == 401


def test_it_has_words_for_what_can_be_told() -> None:
    """For every reason by which a policy withholds or masks, every level, and every form of the register."""
    words = text_of("words.js")
    told = {*re.findall(r'^  "?([A-Za-z0-9_.:-]+)"?: "', words, re.MULTILINE)}
    by_policy = {reason for reason in Reason if reason.place.value in ("withheld", "masked")} - {
        Reason.VALUE_NOT_IN_VIEW
    }
    assert {*map(str, by_policy), *map(str, Level)} <= told
    assert [*re.findall(r'^  \["(\w+)", "', text_of("register.js"), re.MULTILINE)] == list(Form)


def test_what_a_relationship_is_stands_in_its_words() -> None:
    """One code is of both gates: an officer who reads of cases alone would look for the wrong thing."""
    (words,) = re.findall(r'RELATIONSHIP_REQUIRED: "(.+)"', text_of("words.js"))
    assert "case" in words
    assert "interaction" in words
