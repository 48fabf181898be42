"""The stewards' page in a real browser: what is shown, decided, undone and refused."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.crossref import IdentifierType, KeyNews, Linked, Lookup, Restriction, SqliteCrossReference, StoreError
from resolvers import RefusalCode, RefusedError
from tests.browser import ENTER, Browser, browsing
from tests.gateway.crossref.office import Office, declare, office, token_of
from tests.gateway.crossref.steward import DOWN, ESCAPE, SPACE, Steward, disputed, sitting
from tests.tools import NODE_FOLDER

pytestmark = pytest.mark.browser

HOSTILE = "<img/src=x/onerror=alert(1)>"
NEVER = {"first": {"source": "crm", "key": "C-1"}, "second": {"source": "crm", "key": "D-1"}}
TOO_OFTEN = RefusedError(RefusalCode.RATE_LIMITED, "Too often.", "Ask again later.", retry_after=7)
CLOSES_AND_PRESSES = """
    document.querySelector("dialog").close();
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: arguments[0], bubbles: true }));
"""
SELECTED = "return document.querySelector('.item[aria-current=true] .ids')?.innerText"


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser of the size of a small screen, of which nothing is left."""
    with tempfile.TemporaryDirectory(prefix="t-", ignore_cleanup_errors=True) as profile:
        async with browsing(Path(profile)) as opened:
            await opened.look(1280, 900, "light")
            yield opened


@pytest_asyncio.fixture
async def steward(browser: Browser, desk: Office) -> AsyncIterator[Steward]:
    """A steward who has yet to enter a token."""
    async with sitting(browser, desk) as who:
        yield who


async def owner(desk: Office, source: str, key: str) -> str | None:
    subject = await desk.store.resolve(Lookup(source, key))
    return subject.customer_id if subject else None


async def types(desk: Office) -> list[str]:
    """What has happened, after the sources were registered."""
    return [one.type for one in await desk.store.changes(4)]


async def test_two_are_seen_side_by_side_merged_and_separated_again(
    steward: Steward, desk: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """Which sources know them, since when and by whom; no key until it is asked for; then a merge, and its undoing."""
    caplog.set_level(logging.DEBUG)
    one, other = await disputed(desk, 1)
    await desk.store.restrict(other, Restriction("gdpr-art-18", frozenset({"Plant.label"})), actor="officer")
    await desk.store.note_identifiers(one, "crm", {IdentifierType.EMAIL: ["ada@example.com"]}, actor="crm-feed")
    await steward.enter()
    await steward.sees(
        ".detail", "Are these one person?", "A key of the source billing was to be linked", "KEY_OWNED_BY_OTHER"
    )
    await steward.sees(
        ".card:nth-child(1)", "the oldest", "in question", "steward · by hand", "e-mail address from crm"
    )
    await steward.sees(".card:nth-child(2)", "No key", "gdpr-art-18: Plant.label")
    assert "C-1" not in await steward.browser.text("main")
    await steward.browser.click(".card:nth-child(1) .shower")
    await steward.sees(".card:nth-child(1)", "B-1", "C-1", "Hide keys")
    await steward.browser.click(".card:nth-child(1) .shower")
    await steward.sees(".card:nth-child(1)", "••••••••", "Show keys")
    assert "C-1" not in await steward.browser.run("return document.documentElement.outerHTML")

    before = await types(desk)
    await steward.decides("a")
    await steward.sees(
        "dialog", "They are one person", "will lead to", "Moves 1 key of crm", "gdpr-art-18", "Settles 1"
    )
    assert await types(desk) == before
    await steward.browser.replace("#reason-ref", "TICKET-17")
    await steward.confirms()
    await steward.sees("#result", "Merged into")
    await steward.sees(".detail", "Nothing to decide")
    assert await owner(desk, "crm", "D-1") == one
    (merged,) = [entry for entry in await desk.store.history(one) if entry.type == "customers.merged"]
    assert (merged.actor, merged.reason_ref) == ("steward", "TICKET-17")

    await steward.browser.click("#result [aria-keyshortcuts=u]")
    await steward.sees("dialog", "Undo the merge", "The keys that it brought go back")
    await steward.confirms()
    await steward.sees("#result", "The merge was undone", "stands alone again")
    assert await owner(desk, "crm", "D-1") == other
    served = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]  # ours ask by it
    assert not [text for text in served for told in (one, other, "C-1", "B-1", token_of("steward")) if told in text]
    await steward.left_nothing()


async def test_candidates_are_rejected_for_now_and_for_good(steward: Steward, desk: Office) -> None:
    """Each leaves both as they are; the next one is shown. The lists of decided ones tell what became of them."""
    first, second = await disputed(desk, 1), await disputed(desk, 2)
    await steward.enter()
    await steward.decides("r")
    await steward.sees("dialog", "Leave them as they are", "may come again")
    await steward.confirms()
    await steward.sees("#result", "Rejected")
    await steward.browser.wait_for("return document.querySelectorAll('.item').length === 1")
    assert second[0][-4:] in await steward.browser.run(SELECTED)
    await steward.decides("n")
    await steward.sees("dialog", "Never the same person", "the first ten")
    await steward.confirms()
    await steward.sees(".detail", "Nothing to decide")
    assert [await owner(desk, "crm", key) for key in ("C-1", "D-1", "C-2", "D-2")] == [*first, *second]
    assert (await types(desk)).count("non_match.asserted") == 2
    await steward.browser.click(".segments input[value=rejected]")
    await steward.browser.wait_for("return document.querySelectorAll('.item').length === 2")
    await steward.sees(".detail", "Rejected", "by steward, event")
    await steward.left_nothing()


async def test_two_are_merged_by_their_ids_and_the_survivor_is_chosen(steward: Steward, desk: Office) -> None:
    """A dry run comes first, anew for each choice. More keys than a source allows need a second decision."""
    one, other = await desk.link("one", "O-1"), await desk.link("one", "O-2")
    await steward.enter()
    await steward.sees(".detail", "Nothing to decide")
    await steward.presses("m")
    await steward.browser.replace("#id-first", one)
    await steward.browser.replace("#id-second", other)
    await steward.browser.click("dialog .fields .quiet")
    await steward.sees("dialog .flow", other[-4:])
    assert (await steward.browser.text("dialog .flow")).index(other[-4:]) < 20
    await steward.sees("dialog", "more live keys than the source allows", "LIMIT_EXCEEDED")
    assert await steward.browser.run("return document.querySelector('dialog .first').ariaDisabled") == "true"
    await steward.browser.click("dialog input[value=second]")
    await steward.browser.wait_for(
        "return document.querySelector('dialog .flow')?.innerText.indexOf(arguments[0]) > 20", other[-4:]
    )
    before = await types(desk)
    await steward.browser.click("#force")
    await steward.confirms()
    await steward.sees("#result", "Merged into", other[-4:])
    assert await owner(desk, "one", "O-1") == other
    assert (await types(desk))[len(before) :] == ["customers.merged", "candidate.opened"]
    await steward.left_nothing()


async def test_the_history_of_a_customer_is_a_timeline_from_which_a_merge_is_undone(
    steward: Steward, desk: Office
) -> None:
    """Looked up by a key, which is not kept in the field; a merged id tells where it leads."""
    one, other = await desk.link("crm", "C-1"), await desk.link("billing", "B-1")
    merged = {"loser": other, "survivor": one, "reasonCode": "duplicate", "reasonRef": "TICKET-17"}
    await desk.done("/merges", merged)
    await steward.enter()
    await steward.browser.click("nav button:nth-child(2)")
    await steward.browser.replace("#source", "billing")
    await steward.browser.replace("#key", "B-1")
    await steward.browser.press("#key", ENTER)
    await steward.sees(".card", one[-4:], other[-4:], "came by a merge")
    await steward.sees(".timeline", "Became a customer", "Merged", "with 1 key", "by steward · duplicate · TICKET-17")
    assert await steward.browser.run("return document.querySelector('#key').value") == ""
    await steward.browser.replace("#customer-id", other)
    await steward.browser.press("#customer-id", ENTER)
    await steward.sees(".card", "was merged and leads here")
    await steward.browser.click(".is-customers-merged summary")
    await steward.sees(".is-customers-merged pre", '"loser"', other)
    await steward.browser.click(".is-customers-merged button")
    await steward.sees("dialog", "Undo the merge", "who has 2 keys")
    await steward.confirms()
    await steward.sees(".timeline", "Merge undone")
    assert await owner(desk, "billing", "B-1") == other
    assert await steward.browser.run("return document.querySelector('.is-customers-merged button')") is None
    await steward.left_nothing()


async def test_a_merge_whose_loser_leads_elsewhere_is_not_offered_to_be_undone(steward: Steward, desk: Office) -> None:
    """It was undone and merged into another one since; there the later merge is offered, and no earlier one."""
    one, loser, third = [await desk.link("crm", f"C-{number}") for number in range(3)]
    first = await desk.done("/merges", {"loser": loser, "survivor": one})
    await desk.done(f"/merges/{first['seq']}/undo", {})
    await desk.done("/merges", {"loser": loser, "survivor": third})
    await steward.enter()
    await steward.browser.click("nav button:nth-child(2)")
    for customer, offered in ((one, 0), (third, 1)):
        await steward.browser.replace("#customer-id", customer)
        await steward.browser.press("#customer-id", ENTER)
        await steward.sees(".card", customer[-4:])
        await steward.sees(".timeline", "Merged")
        count = "return document.querySelectorAll('.is-customers-merged .doing button').length"
        assert await steward.browser.run(count) == offered
    await steward.left_nothing()


async def test_all_of_it_is_done_by_the_keyboard(steward: Steward, desk: Office) -> None:
    """From the door on, without a pointer; the focus goes back to where it was, and letters can be turned off."""
    for number in range(3):
        await disputed(desk, number)
    await steward.enter()
    await steward.is_asked()
    assert await steward.browser.run("return document.activeElement.id") == "candidates-title"
    await steward.presses("j")
    await steward.browser.wait_for("return document.activeElement.matches('li:nth-child(2) > .item')")
    await steward.presses(DOWN, "k")
    await steward.sees(".card", "in question")
    assert await steward.browser.run("return document.activeElement.matches('li:nth-child(2) > .item')")
    await steward.presses("?")
    await steward.sees("dialog", "never the same person")
    await steward.goes_to("dialog input")
    await steward.presses(SPACE, ESCAPE, "j")
    assert await steward.browser.run("return document.activeElement.matches('li:nth-child(2) > .item')")
    await steward.presses("?")
    await steward.goes_to("dialog input")
    await steward.presses(SPACE, ESCAPE)
    await steward.is_asked()
    await steward.presses("a")
    await steward.sees("dialog", "will lead to")
    await steward.goes_to("dialog .first")
    await steward.presses(ENTER)
    await steward.sees("#result", "Merged into")
    await steward.browser.wait_for("return document.querySelectorAll('.item').length === 2")
    await steward.browser.wait_for("return document.activeElement.matches('.item[aria-current=true]')")
    await steward.presses("u")
    await steward.sees("dialog", "go back")
    await steward.goes_to("dialog .first")
    await steward.presses(SPACE)
    await steward.sees("#result", "The merge was undone")
    await steward.is_asked()
    await steward.presses("n")
    await steward.sees("dialog", "the first ten")
    await steward.goes_to("dialog .first")
    await steward.presses(ENTER)
    await steward.sees("#result", "never the same person")
    assert "non_match.asserted" in await types(desk)
    await steward.is_asked()
    await steward.goes_to(".skip")
    await steward.presses(ENTER)
    assert await steward.browser.run("return document.activeElement.id") == "main"
    await steward.left_nothing()


async def test_what_a_source_says_of_a_key_is_accepted_or_left(steward: Steward, desk: Office) -> None:
    """A key that is gone is unlinked, one that was replaced gives place to the other."""
    customer = await desk.link("crm", "C-1")
    await desk.link("billing", "B-1", customer)
    subject = await desk.store.resolve(Lookup(None, customer))
    assert subject is not None
    await desk.store.hear(
        [KeyNews(subject.keys["crm"][0].link_id), KeyNews(subject.keys["billing"][0].link_id, "B-2")], actor="gateway"
    )
    await steward.enter()
    await steward.sees(".detail", "Is this key gone?", "The source crm says", "this key")
    await steward.decides("a")
    await steward.sees("dialog", "Unlink the key", "even without any key")
    await steward.confirms()
    await steward.sees("#result", "The key was unlinked")
    await steward.sees(".detail", "Was this key replaced?", "Replace the key")
    await steward.decides("a")
    await steward.confirms()
    await steward.sees("#result", "The key was replaced")
    assert (await owner(desk, "crm", "C-1"), await owner(desk, "billing", "B-2")) == (None, customer)
    await steward.left_nothing()


async def test_what_the_other_gets_before_the_merge_is_told_too(steward: Steward, desk: Office) -> None:
    """The customer whose keys would move is as it was shown, or nothing is done."""
    _, other = await disputed(desk, 1)
    await steward.enter()
    await steward.decides("a")
    await steward.sees("dialog", "will lead to")
    await desk.link("billing", "B-9", other)
    await steward.confirms()
    await steward.sees("dialog .problems", "It was changed in the meantime", "VERSION_MISMATCH")
    assert await owner(desk, "crm", "D-1") == other
    await steward.sees("dialog .preview", "1 key of billing")
    await steward.confirms()
    await steward.sees("#result", "Merged into")
    assert await owner(desk, "crm", "D-1") != other
    await steward.left_nothing("status of 412")


async def test_what_comes_between_the_preview_and_the_merge_is_told(steward: Steward, desk: Office) -> None:
    """A write of somebody else is 412: what it would do is shown anew. What stands against it then cannot be done."""
    one, other = await disputed(desk, 1)
    await steward.enter()
    await steward.decides("a")
    await steward.sees("dialog", "will lead to")
    await desk.link("billing", "B-9", one)
    await steward.confirms()
    await steward.sees("dialog .problems", "It was changed in the meantime", "VERSION_MISMATCH")
    await steward.sees(".card:nth-child(1)", "3 keys")
    assert await owner(desk, "crm", "D-1") == other
    await desk.done("/non-matches", NEVER)
    await steward.confirms()
    await steward.sees("dialog .problems", "Somebody has decided it already", "CANDIDATE_DECIDED")
    await steward.sees(".detail", "Settled otherwise by steward")
    await steward.leaves()
    await desk.done("/non-matches/clear", NEVER)
    await steward.presses("m")
    await steward.sees("dialog", "will lead to")
    await desk.done("/non-matches", NEVER)
    await steward.confirms()
    await steward.sees("dialog .problems", "said never to be one person", "NON_MATCH_ASSERTED")
    await steward.sees("dialog .preview", "Something stands in the way")
    assert await steward.browser.run("return document.querySelector('dialog .first').ariaDisabled") == "true"
    assert await owner(desk, "crm", "D-1") == other
    await steward.left_nothing("status of 412", "status of 422", "status of 409")


async def test_a_letter_counts_as_soon_as_a_dialog_is_closed(steward: Steward, desk: Office) -> None:
    """The browser tells of the closing later, and keys may be pressed faster: the focus is where they led."""
    await disputed(desk, 1)
    await disputed(desk, 2)
    await steward.enter()
    await steward.decides("a")
    await steward.sees("dialog", "will lead to")
    await steward.browser.run(CLOSES_AND_PRESSES, "m")
    await steward.sees("dialog", "Merge two customers", "will lead to")
    assert await steward.browser.run("return document.querySelectorAll('dialog').length") == 1
    assert await steward.browser.run("return document.activeElement.matches('dialog *')")
    before = await steward.browser.run(SELECTED)
    await steward.browser.run(CLOSES_AND_PRESSES, "j")
    await steward.browser.wait_for("return document.querySelector('dialog') === null")
    await steward.is_asked()
    assert await steward.browser.run("return document.activeElement.matches('.item[aria-current=true]')")
    assert await steward.browser.run(SELECTED) != before
    await steward.left_nothing()


async def test_nothing_is_done_twice(steward: Steward, desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clicks are one write, whose progress shows; what failed without an answer is sent again as it was."""
    await disputed(desk, 1)
    accept, going, asked = SqliteCrossReference.accept, asyncio.Event(), list[Any]()

    async def slow(store: SqliteCrossReference, candidate: str, **writing: Any) -> Linked:
        asked.append((candidate, writing))
        if len(asked) == 1:
            await going.wait()
            await accept(store, candidate, **writing)
            raise StoreError("the answer was lost")
        return await accept(store, candidate, **writing)

    monkeypatch.setattr(SqliteCrossReference, "accept", slow)
    await steward.enter()
    await steward.decides("a")
    await steward.browser.replace("#reason-code", "duplicate")
    await steward.browser.click("dialog .first[aria-disabled=false]")
    await steward.browser.click("dialog .first")
    await steward.sees("dialog .first", "Merging…")
    await steward.presses(ENTER, ESCAPE)
    assert len(asked) == 1
    going.set()
    await steward.sees("dialog .problems", "The cross-reference cannot be reached", "UNAVAILABLE")
    assert await steward.browser.run("return document.querySelector('#reason-code').disabled")
    await steward.sees("dialog .first", "Try again")
    await steward.confirms()
    await steward.sees("#result", "Merged into")
    assert asked[0] == asked[1]
    assert asked[0][1]["idempotency_key"]
    assert (await types(desk)).count("customers.merged") == 1
    await steward.left_nothing("status of 503")


async def test_what_fails_is_told_and_can_be_tried_again(
    steward: Steward, desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cross-reference that is down, and a gateway that is asked too often, which says when it may be asked again."""
    await disputed(desk, 1)
    candidates, failures = SqliteCrossReference.candidates, [StoreError("down"), TOO_OFTEN]

    async def failing(store: SqliteCrossReference, *asked: Any, **page: Any) -> Any:
        if failures:
            raise failures.pop(0)
        return await candidates(store, *asked, **page)

    monkeypatch.setattr(SqliteCrossReference, "candidates", failing)
    await steward.enter()
    await steward.sees(".under", "The cross-reference cannot be reached", "UNAVAILABLE")
    await steward.browser.click(".under .quiet")
    await steward.sees(".under", "Too many requests", "In 7 seconds", "RATE_LIMITED")
    await steward.browser.click(".under .quiet")
    await steward.sees(".detail", "Are these one person?")
    await steward.browser.wait_for("return document.querySelector('.under').innerText === ''")
    await steward.left_nothing("status of 503", "status of 429")


async def test_hostile_texts_are_shown_as_texts(steward: Steward, desk: Office) -> None:
    """Whoever asserted a key, and the key itself: no element comes of them."""
    customer = (await desk.store.link("crm", HOSTILE, asserted_by=HOSTILE)).customer
    await desk.link("one", "O-1", customer)
    await desk.post("/links", {"source": "one", "key": "O-2", "customer": customer})
    await steward.enter()
    await steward.sees(".card", HOSTILE)
    await steward.browser.click(".shower")
    await steward.sees(".source:nth-of-type(2) .key", HOSTILE)
    await steward.browser.click(".card [class*=doing] button:nth-child(2)")
    await steward.sees(".timeline", HOSTILE)
    assert await steward.browser.run("return document.querySelectorAll('img, [onerror], iframe').length") == 0
    await steward.left_nothing()
    await steward.browser.open("about:blank")
    await steward.browser.back()
    await steward.sees("main", "Enter your token")
    assert HOSTILE not in await steward.browser.run("return document.documentElement.innerText")


async def test_who_may_not_is_told_so(steward: Steward, desk: Office) -> None:
    """A token that is not known, or has another role, stays at the door; a reader looks, and decides nothing."""
    await disputed(desk, 1)
    await steward.enter("stranger")
    await steward.sees(".door", "This token is not known", "UNAUTHENTICATED")
    await steward.enter("gardener")
    await steward.sees(".door", "Nothing here is for this token")
    await steward.enter("auditor")
    await steward.sees(".door", "This needs another role")
    for name, why in (("reader", "may look, and not decide"), ("crm-feed", "may write those of some")):
        await steward.enter(name)
        await steward.sees(".decided", why)
        await steward.presses("a", "r", "m")
        assert await steward.browser.run("return document.querySelector('dialog, .actions')") is None
    await steward.left_nothing("status of 401", "status of 404")


async def test_a_token_that_is_known_no_more_ends_it(browser: Browser, desk: Office, tmp_path: Path) -> None:
    """All that was shown is gone from the page, and it is said why; so it is when a steward leaves."""
    one, _ = await disputed(desk, 1)
    async with sitting(browser, desk) as steward:
        await steward.enter()
        await steward.sees(".card", one[-4:])
        await browser.click("header .session button:last-child")
        await steward.sees(".door", "Enter your token")
        assert one not in await browser.run("return document.documentElement.outerHTML")
        await steward.enter()
        await steward.decides("r")
        await steward.sees("dialog", "may come again")
    anew = without_steward(tmp_path / "anew", desk.store)
    async with anew.gateway.running(), sitting(browser, anew, port=steward.port):
        await steward.confirms()
        await steward.sees(".door", "This token is not known", "UNAUTHENTICATED")
        assert await browser.run("return document.querySelector('dialog, .card, nav')") is None
        assert one not in await browser.run("return document.documentElement.outerHTML")
        assert await owner(desk, "crm", "C-1") == one
        await steward.left_nothing("status of 401")


def without_steward(folder: Path, store: SqliteCrossReference) -> Office:
    """An office over the same cross-reference, after the steward's token was taken away."""
    folder.mkdir()
    declare(folder)
    consumers = folder / "consumers.yaml"
    left = [one for one in json.loads(consumers.read_text()) if one["name"] != "steward"]
    consumers.write_text(json.dumps(left))
    return office(folder, store)


@pytest.mark.parametrize(("width", "height", "scheme"), [(360, 740, "light"), (1600, 1000, "dark")])
async def test_every_part_of_it_is_accessible(
    steward: Steward, desk: Office, width: int, height: int, scheme: str
) -> None:
    """By the rules of WCAG 2.2 AA that a program can check, contrast among them; nothing reaches out to the right."""
    await disputed(desk, 1)
    await disputed(desk, 2)
    browser, rules = steward.browser, axe()
    await browser.look(width, height, scheme)

    async def check(part: str) -> None:
        told = await browser.run(f"{rules}; return axe.run(arguments[0]).then(told => told.violations)", AXE)
        found = [(one["id"], node["html"], node["failureSummary"]) for one in told for node in one["nodes"]]
        assert (part, found) == (part, [])
        wide, inner = await browser.run("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= inner, part

    await browser.open(steward.url)
    await check("the door")
    await steward.enter()
    await steward.is_asked()
    await check("the list")
    await browser.click(".item")
    await steward.is_asked()
    await browser.click(".shower")
    await steward.sees(".detail", "Hide keys")
    await check("a candidate")
    for letter, shows in (("a", "will lead to"), ("n", "the first ten"), ("m", "It can be undone"), ("?", "this help")):
        await steward.presses(letter)
        await steward.sees("dialog", shows)
        await check(f"the dialog of {letter}")
        await steward.leaves()
        await browser.wait_for("return document.querySelector('dialog') === null")
    await steward.decides("a")
    await steward.confirms()
    await steward.sees("#result", "Merged into")
    await check("what came of it")
    await browser.click("nav button:nth-child(2)")
    await browser.replace("#source", "crm")
    await browser.replace("#key", "C-1")
    await browser.press("#key", ENTER)
    await steward.sees(".timeline", "Merged")
    await check("a customer")
    await browser.replace("#customer-id", "cus_unheard-of")
    await browser.press("#customer-id", ENTER)
    await steward.sees(".shown", "Nothing is known by this id")
    await check("nobody")


AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def axe() -> str:
    """The program that knows the rules, or the test is skipped."""
    path = NODE_FOLDER / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        pytest.skip("needs axe-core of tests/node: run make node, where npm reaches its registry")
    return path.read_text("utf-8")
