"""The GraphiQL page in a real browser: a token, a query, and what the gateway did beside the answer."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from fastapi import FastAPI

from adapters.sandbox.people import ANNE, Customer, customers
from gateway.demo.sources import start_sources
from gateway.demo.workplace import declare_gateway, load_customers, write_access
from gateway.ide import Ide, add_ide
from gateway.serving import bind, serving
from tests.browser import CONTROL, ENTER, NO_KEY, Browser, browsing
from tests.gateway.greenhouse import FLORIST, GARDENER, STRANGER, write_all, write_view
from tests.gateway.served import listening

pytestmark = [pytest.mark.browser, pytest.mark.node]

QUERY, VARIABLES = ".graphiql-query-editor textarea", ".graphiql-editor-tool textarea"
ANSWER = "return document.querySelector('.graphiql-response .view-lines')?.innerText.replaceAll('\\u00a0', ' ')"
PANEL = "return document.querySelector('#shown')?.innerText ?? ''"


@pytest.fixture(autouse=True)
def built() -> None:
    """The page is there, or the test is skipped."""
    if not Ide.load().is_built:
        pytest.skip("needs the built page: run make ide, where npm is there")


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser of the size of a small screen, of which nothing is left."""
    with tempfile.TemporaryDirectory(prefix="t-", ignore_cleanup_errors=True) as profile:
        async with browsing(Path(profile)) as opened:
            await opened.look(1280, 800, "light")
            yield opened


@dataclass(frozen=True)
class Town:
    """A gateway over the sandbox's sources that listens, and whom it can be asked about."""

    url: str
    tokens: Mapping[str, str]
    anne: Customer
    restricted: Customer


@asynccontextmanager
async def town() -> AsyncIterator[Town]:
    """Run the sandbox's sources and a gateway, as the demo does."""
    whom = customers()
    with tempfile.TemporaryDirectory(prefix="t-") as name, bind("127.0.0.1", 0) as socket:
        folder = Path(name)
        tokens = write_access(folder).tokens
        async with start_sources(whom, folder) as sources:
            await load_customers(folder, whom, lambda _: None)
            gateway = declare_gateway(folder, sources.adapters)
            async with gateway.running(), serving(gateway, socket):
                restricted = next(one for one in whom if one.is_restricted and one.billing_keys)
                yield Town(f"http://127.0.0.1:{socket.getsockname()[1]}", tokens, whom[ANNE], restricted)


async def enter(browser: Browser, token: str) -> None:
    await browser.replace("#token", token)
    await browser.press("#token", ENTER)


async def ask(browser: Browser, variables: Mapping[str, object]) -> None:
    """Give the variables and ask the query that stands there, by the keyboard; wait until an answer is shown."""
    await browser.paste(VARIABLES, json.dumps(variables))
    await browser.press(QUERY, f"{CONTROL}{ENTER}{NO_KEY}")
    await browser.wait_for("return document.querySelector('.outcome, #shown .problem') !== null")


async def shown(browser: Browser, tab: str, *wanted: str) -> None:
    """Open a tab of the panel, and wait until it shows all that is wanted."""
    await browser.click(f"#tab-{tab}")
    await browser.wait_for(
        f"const text = (() => {{ {PANEL} }})(); return arguments[0].every(one => text.includes(one))", wanted
    )


async def answered(browser: Browser, *wanted: str) -> None:
    await browser.wait_for(
        f"const text = (() => {{ {ANSWER} }})() ?? ''; return arguments[0].every(one => text.includes(one))", wanted
    )


async def keep(browser: Browser, folder: Path, name: str) -> None:
    """Keep a picture, and see that nothing reaches out of it to the right."""
    (folder / f"{name}.png").write_bytes(await browser.screenshot())
    assert await browser.run("return document.documentElement.scrollWidth") == 1280


async def check_clean(browser: Browser, *expected: str) -> None:
    """Assert that no policy was violated and nothing was logged but what is expected, by part of its text."""
    log = [entry for entry in await browser.log() if not any(one in entry for one in expected)]
    violations = await browser.violations()
    assert (violations, log) == ([], [])


async def test_beside_the_answer_stands_what_the_gateway_did(browser: Browser, tmp_path: Path) -> None:
    """A query about a customer whose accounts are restricted: data, receipt, plan, and what is withheld and why."""
    async with town() as here:
        await browser.open(f"{here.url}/views/debt-collection/graphiql")
        await enter(browser, here.tokens["collections"])
        assert "debt-collection" in await browser.text("h1")
        assert "version" in await browser.text(".version")
        await ask(browser, {"by": {"billing": here.restricted.billing_keys[0]}})
        await answered(browser, here.restricted.person.family, '"accounts": null')
        await shown(browser, "receipt", "CustomerClaimsManagement", "crm", "OK", "NOT_ASKED", "Name.display")
        await keep(browser, tmp_path, "receipt")
        await shown(browser, "plan", "Depth 1", "cross-reference: billing", "accounts")
        await keep(browser, tmp_path, "plan")
        await shown(browser, "withheld", "Customer.accounts", "SUBJECT_RESTRICTED", "data-protection officer")
        await shown(browser, "withheld", "at customer.accounts")
        await keep(browser, tmp_path, "withheld")
        await shown(browser, "errors", "Nothing failed.")
        await check_clean(browser)


async def test_what_is_masked_is_named_in_the_panel_and_in_the_plan(
    browser: Browser, tmp_path: Path, nothing_else_installed: None
) -> None:
    """With its reason and its paths, beside the value as it is shown."""
    views, consumers = write_all(tmp_path)
    write_view(views, "labels@1", "Plant.label: {mask: initials}", consumers="florist")
    consumers.write_text(consumers.read_text().replace("[feeding@1]", "[feeding@1, labels]"))
    async with listening(tmp_path) as here:
        await browser.open(f"{here.url}/views/labels/graphiql")
        await enter(browser, FLORIST)
        await browser.paste(QUERY, "query ($by: PlantBy!) { plant(by: $by) { label } }")
        await ask(browser, {"by": {"nursery": "N-p1"}})
        await answered(browser, '"label": "F."')
        await shown(browser, "withheld", "Plant.label", "VALUE_MASKED", "masked", "at plant.label")
        await keep(browser, tmp_path, "masked")
        await shown(browser, "plan", "transform", "Plant.label (initials)")
        await check_clean(browser)


async def test_what_is_asked_first_stands_ahead_in_the_plan(browser: Browser, tmp_path: Path) -> None:
    """The gate, by what it is decided, and what waits for it; pages are told, and what is over a limit."""
    async with town() as here:
        await browser.open(f"{here.url}/views/newsletter/graphiql")
        await enter(browser, here.tokens["newsletter-sender"])
        await browser.paste(QUERY, "query Example($by: CustomerBy!) { customer(by: $by) { name { given } } }")
        await ask(browser, {"by": {"crm": here.anne.crm_key}})
        await answered(browser, '"name"')
        await shown(browser, "plan", "Asked first", "permissions", "decides", "waits for", "DirectMarketing")
        await keep(browser, tmp_path, "gates")
        await browser.open(f"{here.url}/views/debt-collection/graphiql")
        await enter(browser, here.tokens["collections"])
        aliases = " ".join(f"a{number}: id" for number in range(60))
        await browser.paste(QUERY, f"query Example($by: CustomerBy!) {{ customer(by: $by) {{ {aliases} }} }}")
        await browser.press(QUERY, f"{CONTROL}{ENTER}{NO_KEY}")
        await shown(browser, "plan", "Over the limit: aliases", "60", "calls, at most")
        await keep(browser, tmp_path, "over")
        await check_clean(browser, "/graphql", "/explain")


async def test_the_page_is_used_by_the_keyboard_and_in_the_dark(browser: Browser, tmp_path: Path) -> None:
    """Arrows go through the tabs; the schema's documentation and the list of shortcuts open; all under the policy."""
    await browser.look(1280, 800, "dark")
    async with town() as here:
        await browser.open(f"{here.url}/views/support-call/graphiql")
        await keep(browser, tmp_path, "door")
        await enter(browser, here.tokens["agent-desktop"])
        await ask(browser, {"by": {"crm": here.anne.crm_key}})
        await answered(browser, "Anne", here.anne.person.family)
        await browser.press("#tab-receipt", "\ue014")
        await browser.wait_for("return document.activeElement.id === 'tab-plan'")
        await shown(browser, "plan", "step", "asked as")
        await browser.click("[aria-label='Show Documentation Explorer']")
        await browser.wait_for("return document.querySelector('.graphiql-plugin')?.innerText.includes('Query')")
        await keep(browser, tmp_path, "dark")
        await browser.click("[aria-label='Open short keys dialog']")
        await browser.wait_for("return document.querySelector('.graphiql-dialog') !== null")
        await check_clean(browser)


async def test_what_goes_wrong_is_told_in_words(browser: Browser, planted: Path, tmp_path: Path) -> None:
    """A token that is not known, a view of others, a plan that is not for this consumer, a gateway that has gone."""
    async with listening(planted) as here:
        await browser.open(f"{here.url}/views/pests/graphiql")
        await enter(browser, STRANGER)
        await browser.wait_for("return document.body.innerText.includes('Token unknown')")
        await keep(browser, tmp_path, "unknown")
        await enter(browser, GARDENER)
        await browser.wait_for("return document.body.innerText.includes('There is no view pests for this token')")
        await browser.open(f"{here.url}/views/watering@2/graphiql")
        await enter(browser, GARDENER)
        await ask(browser, {"by": {"nursery": "N-p1"}})
        await answered(browser, "Fern")
        await shown(browser, "plan", "Not for this consumer", "the role developer")
        await browser.paste(QUERY, "{ nothing }")
        await browser.press(QUERY, f"{CONTROL}{ENTER}{NO_KEY}")
        await shown(browser, "errors", "GRAPHQL_VALIDATION_FAILED", "nothing")
    await browser.press(QUERY, f"{CONTROL}{ENTER}{NO_KEY}")
    await shown(browser, "receipt", "The gateway cannot be reached")
    await check_clean(browser, "schema.graphql", "/explain", "/graphql")


async def test_a_view_that_hides_its_schema_can_be_asked_all_the_same(
    browser: Browser, tmp_path: Path, nothing_else_installed: None
) -> None:
    """Without completion: the query is typed, and the version is told by the receipt."""
    views, consumers = write_all(tmp_path)
    write_view(views, "closed@1", "Plant.label", introspection="nobody")
    consumers.write_text(consumers.read_text().replace("views: [watering, ", "views: [watering, closed, "))
    async with listening(tmp_path) as here:
        await browser.open(f"{here.url}/views/closed/graphiql")
        await enter(browser, GARDENER)
        await browser.paste(QUERY, "query ($by: PlantBy!) { plant(by: $by) { label } }")
        await ask(browser, {"by": {"nursery": "N-p1"}})
        await answered(browser, "Fern")
        assert await browser.text("h1 .version") == "version 1"
        await check_clean(browser, "schema.graphql", "/explain")


async def test_the_token_and_the_keys_are_in_memory_only(browser: Browser, planted: Path) -> None:
    """No storage of the browser, no cookie and no address holds anything; forgetting or loading again ends it."""
    async with listening(planted) as here:
        url = f"{here.url}/views/watering/graphiql"
        await browser.open(url)
        await enter(browser, GARDENER)
        await ask(browser, {"by": {"nursery": "N-p1"}})
        await answered(browser, "Fern")
        kept = "return [localStorage.length, sessionStorage.length, document.cookie, location.href, history.length > 3]"
        assert await browser.run(kept) == [0, 0, "", url, False]
        assert await browser.run("return indexedDB.databases().then(all => all.length)") == 0
        assert GARDENER not in await browser.run("return document.documentElement.outerHTML")
        await browser.click("header button")
        await browser.wait_for("return document.querySelector('#token')?.value === ''")
        assert "Fern" not in await browser.run("return document.documentElement.outerHTML")
        await check_clean(browser, "/explain")


async def test_the_page_that_says_how_to_build_it_keeps_to_the_policy_too(browser: Browser, tmp_path: Path) -> None:
    """It has its style, and no script."""
    api = FastAPI()
    add_ide(api, Ide.load(tmp_path))
    with bind("127.0.0.1", 0) as socket:
        async with serving(api, socket):
            await browser.open(f"http://127.0.0.1:{socket.getsockname()[1]}/views/watering/graphiql")
            assert "make ide" in await browser.text("body")
            await keep(browser, tmp_path, "unbuilt")
            assert await browser.run("return getComputedStyle(document.querySelector('code')).borderRadius") == "4px"
            await check_clean(browser)
