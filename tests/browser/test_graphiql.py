"""GraphiQL from the built wheel in headless Chromium: offline, under its policy, with its tabs, docs and Explorer."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import CHROMIUM, NPM, Watched
from tests.schema.commands import ROOT

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(NPM is None, reason="npm is missing: without Node.js GraphiQL cannot be built"),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing: install Debian's package chromium"),
    pytest.mark.timeout(300),  # the first test builds the wheel
]

expect.set_options(timeout=30_000)
UNTIL_NOTED = """index => new Promise(done => {
    const look = () =>
        localStorage["graphiql:tabState"]?.includes(`"activeTabIndex":${index}`) ? done() : requestAnimationFrame(look);
    look();
})"""
"""GraphiQL sends the operation's name of the tab that was open before, until it has taken note of the one that is."""

KEY = "nobodys-business"


@pytest_asyncio.fixture(loop_scope="module")
async def watched(chromium: Browser, url: str) -> AsyncIterator[Watched]:
    """GraphiQL as a new visitor opens it at night; at the end nothing may have gone wrong."""
    context = await chromium.new_context(viewport={"width": 1400, "height": 900}, color_scheme="dark")
    held = Watched(await context.new_page(), url)
    await held.page.goto(url)
    await expect(held.page.locator(".graphiql-query-editor")).to_contain_text("EveryProvider")
    await expect(held.page.locator(".graphiql-response .monaco-editor").first).to_be_visible()
    yield held
    await context.close()
    assert held.faults == []


def run_button(page: Page) -> Locator:
    """What executes the document of the open tab."""
    return page.get_by_role("button", name=re.compile("^Execute query"))


async def test_a_prepared_tab_runs(watched: Watched, tmp_path: Path) -> None:
    """The first tab brings a number of every provider; what is seen can be looked at."""
    page = watched.page
    await run_button(page).click()
    answer = page.locator(".graphiql-response")
    for details in ("WebexDetails", "CloudLXDetails", "EightByEightDetails", "CallGearDetails"):
        await expect(answer).to_contain_text(details)
    picture = await page.screenshot(path=tmp_path / "graphiql.png")
    assert picture.startswith(b"\x89PNG")
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")


async def test_every_kind_of_question_has_a_tab(watched: Watched) -> None:
    """The tabs bear the names of their operations, and not only the first one is answered."""
    page = watched.page
    tabs = page.get_by_role("tab")
    names = ("EveryProvider", "EightByEight", "Webex", "CloudLX", "CallGear", "Page", "LookUp", "Changes")
    await expect(tabs).to_have_text([re.compile(f"^{name}") for name in names])
    await opened(page, 6, "LookUp")
    await run_button(page).click()
    await expect(page.locator(".graphiql-response")).to_contain_text("NOT_FOUND")


async def opened(page: Page, index: int, name: str) -> None:
    """Have a prepared tab open."""
    await page.get_by_role("tab").filter(has_text=name).click()
    await expect(page.locator(".graphiql-query-editor")).to_contain_text(name)
    await page.evaluate(UNTIL_NOTED, index)


async def test_a_change_arrives(watched: Watched) -> None:
    """The last tab listens over a WebSocket, and shows what 8x8's documented event changes as soon as it is told."""
    page = watched.page
    await opened(page, 7, "Changes")
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    await run_button(page).click()
    heard = ""
    while '"subscribe"' not in heard:
        await page.evaluate("new Promise(requestAnimationFrame)")
        heard = " ".join(sent)
    send = [sys.executable, "-m", "gateway", "webhook", "send", "voice_sg", "--url"]
    await asyncio.to_thread(subprocess.run, [*send, watched.url.removesuffix("/graphql")], cwd=ROOT, check=True)
    answer = page.locator(".graphiql-response")
    await expect(answer).to_contain_text("phoneNumberChanged")
    await expect(answer).to_contain_text("voice_sg")
    await page.get_by_role("button", name=re.compile("^Stop query")).click()


async def test_the_documentation_can_be_followed(watched: Watched) -> None:
    """From the root type to a field and on to its type, with the schema's own descriptions."""
    page = watched.page
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    docs = page.locator(".graphiql-doc-explorer")
    await docs.get_by_role("link", name="Query", exact=True).first.click()
    await docs.get_by_role("link", name="phoneNumbers", exact=True).click()
    await expect(docs).to_contain_text("All numbers of all sources as one ordered list, page by page.")
    await docs.get_by_role("link", name="PhoneNumberConnection").first.click()
    await expect(docs).to_contain_text("One page of the merged list of all sources.")


async def test_the_explorer_shows_the_schema(watched: Watched) -> None:
    """Fields can be picked instead of typed."""
    page = watched.page
    await page.get_by_role("button", name="Show GraphiQL Explorer").click()
    await expect(page.locator(".graphiql-plugin")).to_contain_text("phoneNumbersByE164")


async def test_it_is_dark_where_the_system_is(watched: Watched) -> None:
    """The page follows the system's colours."""
    ground = await watched.page.evaluate(
        "getComputedStyle(document.querySelector('.graphiql-container')).backgroundColor"
    )
    assert all(int(part) < 100 for part in re.findall(r"\d+", ground)), ground


async def test_headers_are_gone_with_the_page(watched: Watched) -> None:
    """A key typed as a header is sent, and kept nowhere in the browser."""
    page = watched.page
    await page.get_by_role("button", name="Headers", exact=True).click()
    editor = page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden)")
    await editor.locator(".view-lines").click()
    await page.keyboard.insert_text(f'{{"x-key": "{KEY}"}}')
    await expect(editor).to_contain_text(KEY)
    async with page.expect_request(lambda asked: asked.method == "POST" and "x-key" in asked.headers) as asked:
        await run_button(page).click()
    assert (await asked.value).headers["x-key"] == KEY
    kept = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "graphiql:queries" in kept
    assert KEY not in kept


async def test_what_is_foreign_is_seen_and_stopped(chromium: Browser, url: str) -> None:
    """The policy stops a script of another host and one that is made from text; the watch over the pages sees both."""
    page = await chromium.new_page()
    held = Watched(page, url)
    await page.goto(url)
    await page.evaluate(
        """async () => {
            const script = Object.assign(document.createElement("script"), { src: "http://elsewhere.invalid/a.js" });
            await new Promise(resolve => { script.onerror = resolve; document.head.append(script) });
            const inline = Object.assign(document.createElement("script"), { text: "window.ran = eval('1')" });
            document.head.append(inline);
        }"""
    )
    assert await page.evaluate("window.ran") is None
    await page.close()
    assert any("elsewhere.invalid" in fault for fault in held.faults)
    assert any("inline" in fault for fault in held.faults)
