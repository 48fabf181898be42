"""The privacy officer's page in a real browser: each of its places, and what is refused."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.privacy.counts import Counts
from resolvers.rates import Rates
from tests.browser import ENTER, Browser, browsing
from tests.gateway.privacy.bureau import DAY, NOW, Bureau
from tests.gateway.privacy.officer import ESCAPE, RIGHT, SPACE, TAB, Officer, sitting
from tests.tools import NODE_FOLDER

pytestmark = pytest.mark.browser

HOSTILE = "<img/src=x/onerror=alert(1)>"
PERSONAL = ["Fern", "Moss", "Ada", "N-p1", "N-p2"]
"""Values and keys of the plants."""


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser of the size of a small screen, of which nothing is left."""
    with tempfile.TemporaryDirectory(prefix="t-", ignore_cleanup_errors=True) as profile:
        async with browsing(Path(profile)) as made:
            await made.look(1280, 900, "light")
            yield made


@pytest_asyncio.fixture
async def officer(browser: Browser, opened: Bureau) -> AsyncIterator[Officer]:
    """An officer who has yet to enter a token."""
    async with sitting(browser, opened) as who:
        yield who


async def count(browser: Browser, selector: str) -> int:
    """How many elements there are."""
    found: int = await browser.run("return document.querySelectorAll(arguments[0]).length", selector)
    return found


async def test_views_are_looked_at_with_what_each_is_for_and_how_its_fields_are_shown(officer: Officer) -> None:
    """The list, and one of them: purpose, ground, owner, review, and fields by what they tell of a person."""
    await officer.enter()
    await officer.sees(".side", "3 published views, no review overdue.", "fraud-review@1", "older")
    await officer.sees(".detail", "Customer care", "GDPR 6(1)(b)", "Head gardener", "1 Jan 2090", "reviewed within 24")
    await officer.sees(".detail", "Plant.label", "emergencies only")
    await officer.browser.click("li:nth-child(2) > .item")
    await officer.sees(".detail", "watering@2", "Contact", "Plant.provenance", "masked whole", "Not personal")
    assert await officer.browser.run("return document.querySelector('li:nth-child(2) > .item').ariaCurrent") == "true"
    assert await officer.browser.text(".group:nth-of-type(1) .kind h3") == "Contact\n1"
    await officer.browser.click(".measures summary")
    await officer.sees(".measures", "Always masked: Plant.provenance")
    await officer.left_nothing()


async def test_use_is_shown_by_view_and_consumer_with_a_bar_for_each_day(officer: Officer) -> None:
    """Of as many days as are chosen; what was not shown, and why; nothing of anybody."""
    for day, times in ((20, 1), (3, 4), (0, 2)):
        officer.bureau.time.now = NOW - day * DAY
        for _ in range(times):
            await officer.bureau.ask()
    await officer.bureau.ask(name="florist")
    await officer.bureau.ask(query="{ nothing }")
    await officer.bureau.ask(view="fraud-review", query="{ plant(by: {nursery: %s}) { height label } }")
    await officer.enter()
    await officer.goes_to("use")
    await officer.sees(".totals", "10", "requests", "9", "look-ups of customers", "1", "refused")
    await officer.sees(".card:nth-of-type(1)", "watering@2", "9 requests", "gardener", "8 requests · 7 look-ups")
    await officer.sees(".card:nth-of-type(2)", "fraud-review@1", "1 withheld: for emergencies only", "V0 1")
    label = "return document.querySelector('.used:nth-of-type(2) svg').getAttribute('aria-label')"
    assert await officer.browser.run(label) == "8 requests of gardener from 17 Dec 2026 to 15 Jan 2027"
    tall = "return [...document.querySelectorAll('.used:nth-of-type(2) .all')].map(bar => bar.height.baseVal.value)"
    heights = await officer.browser.run(tall)
    assert len(heights) == 30
    assert [place for place, height in enumerate(heights) if height] == [9, 26, 29]
    assert heights[26] == max(heights) == 34
    assert await count(officer.browser, ".used:nth-of-type(2) .part[height='0']") == 29
    await officer.browser.click(".segments input[value='7']")
    await officer.sees(".card:nth-of-type(1)", "7 requests · 6 look-ups")
    assert await count(officer.browser, ".used:nth-of-type(2) .all") == 7
    await officer.browser.click(".used:nth-of-type(2) summary")
    await officer.sees(".used:nth-of-type(2) table", "12 Jan 2027", "15 Jan 2027")
    shown = await officer.browser.run("return document.documentElement.outerHTML")
    assert not [word for word in (*PERSONAL, "cus_") if word in shown]
    await officer.left_nothing()


async def test_emergencies_wait_for_their_review(officer: Officer) -> None:
    """Those that are overdue are marked; a review is written down, and what is reviewed waits no longer."""
    officer.bureau.time.now = NOW - 3 * DAY
    first = await officer.bureau.break_glass(reference="T-1")
    officer.bureau.time.now = NOW
    second = await officer.bureau.break_glass(reference="T-2", actor="e-9")
    await officer.enter()
    await officer.goes_to("emergencies")
    await officer.sees(".card:nth-child(1)", "Suspected fraud", "review overdue", "T-1", first, "e-4 at gardener")
    await officer.sees(".card:nth-child(2)", "T-2", second, "e-9 at gardener", "fraud-review@1")
    await officer.browser.click(".card:nth-child(1) button")
    await officer.sees("dialog", "Review an emergency", "e-4 at gardener opened fraud-review@1", "T-1")
    await officer.browser.click("dialog .first")
    assert officer.bureau.records("break-glass.reviewed") == []
    await officer.browser.click("dialog input[value=unjustified]")
    await officer.browser.replace("#review-reference", "DPO-9")
    await officer.browser.click("dialog .first")
    assert officer.bureau.records("break-glass.reviewed") == []  # by whom is asked, once
    await officer.browser.replace("#review-actor", "o-1")
    await officer.browser.click("dialog .first")
    await officer.sees("#result", "Reviewed, and written down: not justified.")
    await officer.browser.wait_for("return document.querySelectorAll('.emergencies .card').length === 1")
    (record,) = officer.bureau.records("break-glass.reviewed")
    assert record["happened"] == {
        "grant": first,
        "consumer": "officer",
        "actor": "o-1",
        "outcome": "unjustified",
        "reference": "DPO-9",
    }
    body = {"outcome": "justified", "reference": "X", "actor": "o-2"}
    await officer.bureau.post(f"/break-glass/{second}/review", body, "deputy")
    await officer.browser.click(".card button")
    await officer.browser.click("dialog input[value=justified]")
    await officer.browser.replace("#review-reference", "DPO-10")
    await officer.browser.click("dialog .first")
    await officer.sees("dialog .problems", "Somebody has reviewed it already", "ALREADY_REVIEWED")
    await officer.sees("dialog .problems", "Found justified by o-2 at deputy, 15 Jan 2027", ", X.")
    await officer.presses(ESCAPE)
    await officer.sees("main", "Nothing waits for review")
    await officer.left_nothing("status of 409")


async def test_what_was_reviewed_is_listed_with_what_it_has_come_to(
    officer: Officer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest review first, a page at a time; the focus goes to the first of those that come."""
    monkeypatch.setattr(Rates, "take", lambda *_: None)
    grants = []
    for number in range(52):
        officer.bureau.time.now += 60
        grants.append(await officer.bureau.break_glass(reference=f"T-{number}"))
    outcomes = ["justified", "unjustified"] * 26
    for grant, outcome in zip(grants, outcomes, strict=True):
        officer.bureau.time.now += 1
        body = {"outcome": outcome, "reference": "DPO-9", "actor": "o-2"}
        await officer.bureau.post(f"/break-glass/{grant}/review", body, "deputy")
    await officer.enter()
    await officer.goes_to("emergencies")
    await officer.sees("main", "Nothing waits for review")
    await officer.browser.click(".segments input[value=reviewed]")
    await officer.sees(
        ".card:nth-child(1)", "Suspected fraud", "not justified", "T-51", "Reviewed by o-2 at deputy", "DPO-9"
    )
    await officer.sees(".card:nth-child(2)", "justified", "T-50")
    assert await count(officer.browser, ".card") == 50
    await officer.browser.click(".shown > .quiet")
    await officer.sees(".card:nth-child(52)", "T-0")
    assert await officer.browser.run("return document.activeElement.matches('.card:nth-child(51)')")
    assert await count(officer.browser, ".shown > .quiet, .card button") == 0
    await officer.browser.click(".segments input[value=waiting]")
    await officer.sees("main", "Nothing waits for review")
    await officer.left_nothing()


async def test_the_register_is_read_saved_and_printed(officer: Officer, tmp_path: Path) -> None:
    """As it stands; as files; and on paper without anything but itself."""
    await officer.enter()
    await officer.goes_to("register")
    await officer.sees(".front", "Record of processing activities", "15 Jan 2027", "3 activities", "Greenhouse Ltd")
    await officer.sees(".front", "not said; set CUSTOMER_VIEW_DATA_PROTECTION_OFFICER")
    await officer.sees(
        ".lack", "Not complete yet", "To whom the data goes 30(1)(d)", "watering@2, Head gardener: say it"
    )
    await officer.sees(".lack", "the gateway\u2019s operator: set CUSTOMER_VIEW_CONTROLLER_CONTACT")
    await officer.sees(".activity:nth-last-of-type(2)", "watering@2", "Contact", "Plant.provenance", "not said")
    folder = tmp_path / "saved"
    folder.mkdir()
    await officer.browser.tell("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    for place, suffix in enumerate(("md", "csv", "json"), start=1):
        await officer.browser.click(f".heads button:nth-child({place})")
        await officer.sees("#result", f"The record was saved as record-of-processing.{suffix}.")
        await _is_saved(officer, folder / f"record-of-processing.{suffix}")
    assert (folder / "record-of-processing.md").read_text().startswith("# ")
    await officer.browser.tell("Emulation.setEmulatedMedia", media="print")
    hidden = "return ['header', '.heads', '#result'].map(one => getComputedStyle(document.querySelector(one)).display)"
    assert await officer.browser.run(hidden) == ["none"] * 3
    assert await officer.browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    printed = await officer.browser.tell("Page.printToPDF")
    assert len(printed["data"]) > 10_000
    await officer.left_nothing()


async def _is_saved(officer: Officer, path: Path) -> None:
    for _ in range(500):
        if await asyncio.to_thread(lambda: path.exists() and path.stat().st_size > 0):
            return
        await officer.browser.run("return new Promise(done => setTimeout(done, 20))")
    raise AssertionError(f"{path.name} was never saved")


async def test_who_saw_is_a_timeline_found_by_an_id_or_a_key(officer: Officer) -> None:
    """The newest first, what was shown, masked and withheld; the key is not kept, and no value stands anywhere."""
    other = await officer.bureau.link("N-p4")
    for _ in range(60):
        await officer.bureau.ask()
    await officer.bureau.break_glass()
    await officer.bureau.ask(view="fraud-review", query="{ plant(by: {nursery: %s}) { height label } }")
    await officer.enter()
    await officer.goes_to("seen")
    await officer.browser.replace("#actor", "o-1")
    await officer.browser.replace("#source", "nursery")
    await officer.browser.replace("#key", "N-p1")
    await officer.browser.press("#key", ENTER)
    await officer.sees(".timeline li:nth-child(1)", "It was asked who saw what", "by o-1 at officer")
    await officer.sees(".timeline li:nth-child(2)", "gardener asked fraud-review@1", "V0", "for Customer care")
    await officer.sees(".timeline li:nth-child(2)", "shown", "Plant.height", "Plant.label (for emergencies only)")
    await officer.sees(".timeline li:nth-child(3)", "The glass was broken", "by e-4 at gardener", "T-17", "grant bg_")
    await officer.sees(".timeline li:nth-child(4)", "gardener asked watering@2", "masked", "Plant.provenance")
    assert await count(officer.browser, ".timeline > li") == 50
    await officer.browser.click(".past > .quiet")
    await officer.browser.wait_for("return document.querySelectorAll('.timeline > li').length === 63")
    assert await officer.browser.run("return document.activeElement.matches('.timeline > li:nth-child(51)')")
    shown = await officer.browser.run(
        "return document.documentElement.outerHTML + document.querySelector('#key').value"
    )
    assert not [word for word in PERSONAL if word in shown]
    await officer.browser.replace("#customer-id", other)
    await officer.browser.press("#customer-id", ENTER)
    await officer.sees(".past", other, "It was asked who saw what")
    assert len(officer.bureau.records("who-saw.asked")) == 3
    await officer.browser.replace("#customer-id", "cus_" + "0" * 32)
    await officer.browser.press("#customer-id", ENTER)
    await officer.sees(".problems", "Nobody is known by that", "SUBJECT_UNKNOWN")
    await officer.left_nothing("status of 404")


async def test_all_of_it_is_reached_by_the_keyboard(officer: Officer) -> None:
    """From the door on, without a pointer: arrows go through the tabs, and the focus comes back from a dialog."""
    await officer.bureau.break_glass()
    await officer.enter()
    await officer.browser.wait_for("return document.activeElement.id === 'tab-views'")
    await officer.is_done()
    await officer.tabs_to(".item[aria-current=true]")
    await officer.presses("\ue015")
    await officer.sees(".detail", "watering@2")
    assert await officer.browser.run("return document.activeElement.matches('li:nth-child(2) > .item')")
    await officer.tabs_to("a.skip")
    await officer.presses(ENTER)
    assert await officer.browser.run("return document.activeElement.id") == "main"
    await officer.tabs_to("[role=tab]")
    await officer.presses(RIGHT, RIGHT)
    await officer.is_done()
    assert await officer.browser.run("return document.activeElement.id") == "tab-emergencies"
    await officer.tabs_to(".emergencies .first")
    await officer.presses(ENTER)
    await officer.sees("dialog", "Review an emergency")
    await officer.presses(ESCAPE)
    assert await officer.browser.run("return document.activeElement.matches('.emergencies .first')")
    await officer.presses(ENTER)
    await officer.tabs_to("dialog input[name=outcome]")
    await officer.presses(SPACE)
    await officer.tabs_to("#review-reference")
    await officer.presses(*"DPO-1", TAB, *"o-1", ENTER)
    await officer.sees("main", "Nothing waits for review")
    assert await officer.browser.run("return document.activeElement.innerText") == "Emergencies"
    (record,) = officer.bureau.records("break-glass.reviewed")
    assert record["happened"]["outcome"] == "justified"
    await officer.left_nothing()


async def test_nothing_to_show_is_said(officer: Officer) -> None:
    """In each place where that can be."""
    await officer.enter()
    await officer.goes_to("use")
    await officer.sees("main", "Nothing was asked", "from 17 Dec 2026 to 15 Jan 2027")
    await officer.goes_to("emergencies")
    await officer.sees("main", "Nothing waits for review")
    await officer.browser.click(".segments input[value=reviewed]")
    await officer.sees("main", "Nothing was reviewed yet")
    await officer.left_nothing()


async def test_who_saw_tells_what_a_broken_glass_has_opened_and_what_its_review_has_come_to(officer: Officer) -> None:
    """Beside the request that it was presented with, and beside the opening; an attempt that was refused, too."""
    bureau = officer.bureau
    grant, token = await bureau.break_glass_for()
    await bureau.ask(view="fraud-review", query="{ plant(by: {nursery: %s}) { height label } }", grant=token)
    body = {"outcome": "unjustified", "reference": "DPO-9", "actor": "o-2"}
    await bureau.post(f"/break-glass/{grant}/review", body, "deputy")
    await officer.enter()
    await officer.goes_to("seen")
    await officer.browser.replace("#actor", "o-1")
    await officer.browser.replace("#source", "nursery")
    await officer.browser.replace("#key", "N-p1")
    await officer.browser.press("#key", ENTER)
    request, opening = (f".timeline li:nth-child({place})" for place in (2, 3))
    await officer.sees(request, "With a broken glass (Suspected fraud, T-17, by e-4) it opened Plant.label.", grant)
    for one in (request, opening):
        await officer.sees(one, "not justified", "Reviewed by o-2 at deputy, 15 Jan 2027", "DPO-9")
    await officer.left_nothing()


async def test_what_fails_is_told_and_can_be_tried_again(officer: Officer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that cannot be read, and a record of what was asked that cannot be written."""
    of_days, failures = Counts.of_days, [PermissionError(), PermissionError()]

    async def failing(*asked: Any) -> Any:
        if failures:
            raise failures.pop()
        return await of_days(*asked)

    monkeypatch.setattr(Counts, "of_days", failing)
    await officer.enter()
    await officer.goes_to("use")
    await officer.sees(".problem", "The records cannot be read", "UNAVAILABLE")
    await officer.browser.click(".shown > .quiet")
    await officer.is_done()
    await officer.browser.click(".shown > .quiet")
    await officer.sees("main", "Nothing was asked")
    (officer.bureau.folder / "audit").rename(officer.bureau.folder / "elsewhere")
    await officer.goes_to("register")
    await officer.sees(".problem", "The audit cannot be written", "AUDIT_UNAVAILABLE")
    await officer.left_nothing("status of 503")


async def test_who_may_not_stays_at_the_door(officer: Officer) -> None:
    """And whoever leaves leaves nothing on the page."""
    await officer.enter("stranger")
    await officer.sees(".door", "This token is not known", "UNAUTHENTICATED")
    await officer.enter("steward")
    await officer.sees(".door", "This needs another role", "privacy-officer", "ROLE_NEEDED")
    await officer.enter()
    await officer.sees(".detail", "Plant.label")
    await officer.browser.click("header .session button")
    await officer.sees(".door", "Enter your token")
    assert await count(officer.browser, "nav, .session, .detail, [role=tab]") == 0
    assert await officer.browser.run("return document.querySelector('#token').value") == ""
    await officer.left_nothing("status of 401", "status of 403")


async def test_hostile_texts_are_shown_as_texts(officer: Officer, monkeypatch: pytest.MonkeyPatch) -> None:
    """No element comes of what stands in the records, also where it was taken in another form than references have."""
    monkeypatch.setattr("gateway.glass_request.is_reference", lambda _: True)
    await officer.bureau.break_glass(reference=HOSTILE, actor=HOSTILE)
    await officer.enter()
    await officer.goes_to("emergencies")
    await officer.sees(".card", HOSTILE)
    await officer.browser.click(".card button")
    await officer.sees("dialog", HOSTILE)
    await officer.presses(ESCAPE)
    await officer.goes_to("seen")
    await officer.browser.replace("#actor", "o-1")
    await officer.browser.replace("#source", "nursery")
    await officer.browser.replace("#key", "N-p1")
    await officer.browser.press("#key", ENTER)
    await officer.sees(".timeline", HOSTILE)
    assert await count(officer.browser, "img, [onerror], iframe") == 0
    await officer.left_nothing()


@pytest.mark.parametrize(("width", "height", "scheme"), [(360, 740, "light"), (1600, 1000, "dark")])
async def test_every_part_of_it_is_accessible(officer: Officer, width: int, height: int, scheme: str) -> None:
    """By the rules of WCAG 2.2 AA that a program can check, contrast among them; nothing reaches out to the right."""
    browser, rules = officer.browser, axe()
    officer.bureau.time.now = NOW - 3 * DAY
    await officer.bureau.break_glass()
    officer.bureau.time.now = NOW
    await officer.bureau.ask()
    await officer.bureau.ask(query="{ nothing }")
    await officer.bureau.ask(view="fraud-review", query="{ plant(by: {nursery: %s}) { height label } }")
    await browser.look(width, height, scheme)

    async def check(part: str) -> None:
        told = await browser.run(f"{rules}; return axe.run(arguments[0]).then(told => told.violations)", AXE)
        found = [(one["id"], node["html"], node["failureSummary"]) for one in told for node in one["nodes"]]
        assert (part, found) == (part, [])
        wide, inner = await browser.run("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= inner, part

    await browser.open(officer.url)
    await check("the door")
    await officer.enter()
    await officer.is_done()
    await check("the list of views")
    await browser.click("li:nth-child(2) > .item")
    await check("a view")
    await officer.goes_to("use")
    await browser.click(".used summary")
    await check("use")
    await officer.goes_to("emergencies")
    await check("emergencies")
    await browser.click(".card button")
    await officer.sees("dialog", "Review an emergency")
    await check("the dialog")
    await officer.presses(ESCAPE)
    await officer.goes_to("register")
    await check("the register")
    await officer.goes_to("seen")
    await check("the question")
    await browser.replace("#actor", "o-1")
    await browser.replace("#source", "nursery")
    await browser.replace("#key", "N-p1")
    await browser.press("#key", ENTER)
    await officer.sees(".timeline", "The glass was broken")
    await check("the timeline")


AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def axe() -> str:
    """The program that knows the rules, or the test is skipped."""
    path = NODE_FOLDER / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        pytest.skip("needs axe-core of tests/node: run make node, where npm reaches its registry")
    return path.read_text("utf-8")
