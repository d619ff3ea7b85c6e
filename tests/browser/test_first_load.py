"""What it takes to open the page for the first time."""

import os

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import Served, Visitor

pytestmark = pytest.mark.anyio

_BYTES = 200_000
"""Compressed, of all that is fetched until the first page can be used."""
_USABLE_MS = 1000
"""On a machine that does nothing else; on a busy one, as much longer as its processors are shared."""
_LOADS, _MOST_LOADS = 5, 15
"""The quickest of them counts: what slows the others is the machine."""
_WHEN_USABLE = """
new MutationObserver((_, observer) => {
    if (!document.querySelector("main :is(button, input, textarea)")) return;
    observer.disconnect();
    // What was drawn is there for a person once a frame has been shown.
    requestAnimationFrame(() => setTimeout(() => (window.usable = performance.now())));
}).observe(document, {childList: true, subtree: true});
"""
_USABLE = """() => new Promise(done => {
    const look = () => window.usable ? done(window.usable) : setTimeout(look, 20);
    look();
})"""
_FETCHED = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .map(each => [new URL(each.name).pathname, each.transferSize, each.decodedBodySize])"""


async def test_it_is_small_and_quick(served: Served, visitor: Visitor, browser: Browser) -> None:
    took: list[float] = []
    while len(took) < _LOADS or (min(took) >= _USABLE_MS and len(took) < _MOST_LOADS):
        context = await browser.new_context()
        await context.add_init_script(_WHEN_USABLE)
        page = await visitor.open_in(context, served)
        took.append(await page.evaluate(_USABLE))
        fetched = await page.evaluate(_FETCHED)
        await context.close()
    sent = sum(size for _, size, _ in fetched)
    print(f"{sent} bytes in {len(fetched)} files; usable after {', '.join(f'{ms:.0f}' for ms in sorted(took))} ms")
    assert 0 < sent <= _BYTES, fetched
    assert min(took) < _USABLE_MS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


async def test_the_second_time_nothing_is_fetched_that_is_there(
    served: Served, visitor: Visitor, browser: Browser
) -> None:
    context = await browser.new_context()
    first = await visitor.open_in(context, served, "/#/house")
    await first.get_by_role("switch", name="Kitchen Light").wait_for()
    second = await visitor.open_in(context, served, "/#/house")
    await second.get_by_role("switch", name="Kitchen Light").wait_for()
    again = [path for path, sent, _ in await second.evaluate(_FETCHED) if sent and path.startswith("/at/")]
    await context.close()
    assert again == []
