"""Whether the tests with a browser would see what goes wrong."""

import re
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Browser

from tests.browser.conftest import Served, Visitor

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ("console.error('a mistake')", "console: a mistake"),
        ("setTimeout(() => { throw new Error('a mistake') })", "script: a mistake"),
        ("fetch('/v1/nothing')", "GET http://127.0.0.1:.*/v1/nothing: 404"),
        ("fetch('http://elsewhere.invalid/').catch(() => 0)", "http://elsewhere.invalid/"),
        ("new WebSocket('ws://elsewhere.invalid/')", "ws://elsewhere.invalid/"),
    ],
)
async def test_what_goes_wrong_in_the_page_fails_its_test(
    browser: Browser, served: Served, tmp_path: Path, script: str, seen: str
) -> None:
    visitor = Visitor(browser, tmp_path)
    page = await visitor.open(served, "/openapi.json")
    await page.evaluate(f"{script}; undefined")
    with anyio.fail_after(30):
        while not any(re.search(seen, each) for each in visitor._wrong):
            await anyio.sleep(0.02)
    with pytest.raises(AssertionError, match=seen):
        await visitor.leave()


_BARE = (
    "<html lang=en><meta name=viewport content='width=device-width'><title>x</title><main><h1>x</h1>{}</main></html>"
)


async def test_what_a_screen_reader_cannot_tell_fails_its_test(visitor: Visitor, served: Served) -> None:
    visitor.allow("favicon")
    page = await visitor.open(served, "/openapi.json")
    await page.set_content(_BARE.format("<button></button>"))
    with pytest.raises(AssertionError, match="button-name"):
        await visitor.examine(page)


async def test_a_phone_at_night_is_one(visitor: Visitor, served: Served) -> None:
    visitor.allow("favicon")
    page = await visitor.open(served, "/openapi.json", dark=True, phone=True)
    await page.set_content(_BARE.format(""))
    assert await page.evaluate("[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [360, True]
    assert (await visitor.picture(page, "harness")).stat().st_size > 0
