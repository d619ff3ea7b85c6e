"""A real browser (Debian's Chromium) looking at the page of a running assistant.

One browser serves all tests of a run: it takes seconds to start here. Each test has contexts of its own, that share
nothing. What a person would never see, and must not happen either, is looked for at the end of each test: errors in the
browser's console, requests that failed, requests to any host but the assistant's.

``SCREENSHOTS=DIR`` keeps the pictures that tests take; otherwise they are in pytest's temporary folder.
"""

import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import anyio
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    Response,
    Route,
    ViewportSize,
    async_playwright,
    expect,
)

from tests.web.conftest import Served, broker, confirm_s, served, settings, speaking

__all__ = ["Served", "broker", "confirm_s", "served", "settings", "speaking"]

CHROMIUM: Final = "/usr/bin/chromium"
_TIMEOUT_MS: Final = 30_000
"""For a busy machine; what is waited for comes in milliseconds."""
expect.set_options(timeout=_TIMEOUT_MS)
_DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 800}
_PHONE: Final[ViewportSize] = {"width": 360, "height": 740}
_SEVERE: Final = ("serious", "critical")
_KEEP_NOTES: Final = """
window.notes = [];
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node.matches?.(".note")) window.notes.push(node.textContent);
  }
}).observe(document, { childList: true, subtree: true });
"""
"""What the page tells in passing is gone some seconds later, before a busy machine has looked."""


def pytest_itemcollected(item: pytest.Function) -> None:
    """Whoever visits leaves before the assistant does: what is set up last is taken down first."""
    item.fixturenames.sort(key="visitor".__eq__)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for all tests of the run, on which the browser's connection lives."""
    return "asyncio"


@pytest.fixture(scope="module")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as running:
        yield running


@pytest.fixture(scope="module")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    async with launched(playwright) as running:
        yield running


@asynccontextmanager
async def launched(playwright: Playwright, *arguments: str) -> AsyncIterator[Browser]:
    """A browser with further ``arguments``, such as a microphone that plays a file."""
    running = await playwright.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *arguments]
    )
    try:
        yield running
    finally:
        await running.close()


class Visitor:
    """Opens pages, looks at them closely, and takes pictures."""

    def __init__(self, browser: Browser, pictures: Path) -> None:
        self._browser, self._pictures = browser, pictures
        self._contexts = AsyncExitStack()
        self._wrong: list[str] = []
        self._allowed: list[str] = []

    async def open(
        self, house: Served, path: str = "/", *, dark: bool = False, phone: bool = False, browser: Browser | None = None
    ) -> Page:
        """A page in a context of its own, as somebody has it who was never there before."""
        context = await (browser or self._browser).new_context(
            viewport=_PHONE if phone else _DESKTOP,
            device_scale_factor=2 if phone else 1,
            has_touch=phone,
            is_mobile=phone,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        self._contexts.push_async_callback(context.close)
        context.set_default_timeout(_TIMEOUT_MS)
        await context.add_init_script(_KEEP_NOTES)
        return await self.open_in(context, house, path)

    async def open_in(self, context: BrowserContext, house: Served, path: str = "/") -> Page:
        """A page beside others of the same person."""
        page = await context.new_page()
        self._watch(page, urlsplit(house.address).netloc)
        await page.goto(house.address + path)
        return page

    def allow(self, pattern: str) -> None:
        """A fault that the test provokes: messages that contain this regular expression are none."""
        self._allowed.append(pattern)

    async def told(self, page: Page, text: str) -> None:
        """Returns once ``page`` has told that in passing, and forgets that it has."""
        await page.wait_for_function(
            """(text) => {
              const found = window.notes.findIndex((note) => note.includes(text));
              return found >= 0 && window.notes.splice(found, 1).length > 0;
            }""",
            arg=text,
        )

    async def examine(self, page: Page) -> None:
        """Whether somebody with a screen reader or a keyboard can use what is shown: no serious finding by axe."""
        found = (await Axe().run(page)).response["violations"]
        severe = [
            f"{each['id']} ({each['impact']}): {node['target']} {node['html'][:200]} {node.get('failureSummary', '')}"
            for each in found
            if each["impact"] in _SEVERE
            for node in each["nodes"]
        ]
        assert not severe, "\n".join(severe)

    async def picture(self, page: Page, name: str, *, whole: bool = False) -> Path:
        """Keep a picture of ``page``; ``whole``: also what one must scroll to."""
        file = self._pictures / f"{name}.png"
        await page.screenshot(path=file, full_page=whole)
        return file

    async def leave(self) -> None:
        """Close all pages. Fails where something went wrong on any of them."""
        await self._contexts.aclose()
        wrong = [each for each in self._wrong if not any(re.search(pattern, each) for pattern in self._allowed)]
        assert not wrong, "\n".join(wrong)

    def _watch(self, page: Page, host: str) -> None:
        wrong = self._wrong.append

        def check(url: str) -> None:
            parts = urlsplit(url)
            if parts.scheme not in ("data", "blob", "about") and parts.netloc != host:
                wrong(f"a request to elsewhere: {url}")

        def failed(request: Request) -> None:
            # What was going on when the page was left is no failure.
            if request.failure != "net::ERR_ABORTED":
                wrong(f"{request.method} {request.url}: {request.failure}")

        def said(message: ConsoleMessage) -> None:
            if message.type == "error":
                wrong(f"console: {message.text} ({message.location.get('url')})")

        def answered(response: Response) -> None:
            if response.status >= HTTPStatus.BAD_REQUEST:
                wrong(f"{response.request.method} {response.url}: {response.status}")

        page.on("console", said)
        page.on("pageerror", lambda error: wrong(f"script: {error}"))
        page.on("request", lambda request: check(request.url))
        page.on("websocket", lambda socket: check(socket.url))
        page.on("requestfailed", failed)
        page.on("response", answered)


class Held:
    """Answers that are there, and that the page gets later."""

    def __init__(self) -> None:
        self.made, self.given = anyio.Event(), anyio.Event()

    async def __call__(self, route: Route) -> None:
        answer = await route.fetch()
        self.made.set()
        await self.given.wait()
        await route.fulfill(response=answer)


@pytest.fixture
async def visitor(browser: Browser, tmp_path: Path) -> AsyncIterator[Visitor]:
    pictures = Path(os.environ.get("SCREENSHOTS") or tmp_path / "pictures")
    pictures.mkdir(parents=True, exist_ok=True)
    looking = Visitor(browser, pictures)
    try:
        yield looking
    finally:
        await looking.leave()
