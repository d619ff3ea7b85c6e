"""Makes the README's pictures of the page, from a demo house in which a few things were said.

Needs Chromium and the extra `dev`: `python scripts/console_pictures.py [FOLDER]`, usually `docs/images`.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Page, async_playwright

from edge.api.web.server import serve_console
from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.speaker import WavSink
from edge.audio.wavfile import read_recording
from edge.cli.play import play_one
from edge.home.demo import demo_home
from edge.samples import KITCHEN_LIGHT
from edge.settings import load

_FOLDER: Final = Path(__file__).parents[1] / "docs" / "images"
_CHROMIUM: Final = "/usr/bin/chromium"
_SAID: Final = (
    "open the blinds",
    "set a pizza timer for ten minutes",
    "wake me at seven tomorrow",
    "add milk and bread to the shopping list",
    "remember that the bins go out on Tuesday",
    "is the back door open",
    "turn on the living room lamp",
)
_DESK: Final = (1120, 760)
_PHONE: Final = (390, 780)


async def main(folder: Path) -> None:
    """Writes pictures of some pages, at a desk and on a phone."""
    folder.mkdir(parents=True, exist_ok=True)
    async with house() as (running, address), async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        for name in ("house", "plans"):
            await _take(browser, f"{address}#/{name}", folder / name)
        await _take(browser, f"{address}#/house", folder / "house-phone", phone=True, dark=True)
        page = await _opened(browser, f"{address}#/now", phone=False, dark=False)
        card = page.get_by_role("article", name="turn on the kitchen light").first
        await card.get_by_role("button", name="More about it").click()
        await card.get_by_role("row").last.wait_for()
        await card.evaluate("each => each.scrollIntoView({ block: 'start' })")
        await page.evaluate("scrollBy(0, -20)")
        await _shot(page, folder / "now")
        page = await _opened(browser, f"{address}#/talk", phone=True, dark=False)
        await page.get_by_role("textbox").first.fill("turn off the kitchen light")
        await page.keyboard.press("Enter")
        await page.get_by_text("Kitchen Light is off.").first.wait_for()
        await page.get_by_text("Thinking…").first.wait_for(state="detached")
        await page.get_by_text("Speaking…").first.wait_for(state="detached")
        await _shot(page, folder / "talk-phone")
        await browser.close()
        assert running.house.online


@asynccontextmanager
async def house() -> AsyncIterator[tuple[Assistant, str]]:
    """A demo house in which a few things were said, and where its page is."""
    with tempfile.TemporaryDirectory() as data:
        async with demo_home() as home:
            settings = load()
            mqtt = settings.mqtt.model_copy(update={"host": home.host, "port": home.port})
            api = settings.api.model_copy(update={"port": 0, "tls_port": 0})
            changed = {"data_dir": Path(data), "mqtt": mqtt, "api": api}
            async with (
                assistant(settings.model_copy(update=changed), hears=True, sink=WavSink(None)) as running,
                serve_console(running) as console,
            ):
                await running.house.settled(30)
                await running.ready()
                for text in _SAID:
                    await running.ask(text)
                sound = read_recording(KITCHEN_LIGHT)
                await play_one(running, sound, realtime=True, no_wake=False, report=lambda event: None)
                yield running, console.address


async def _take(browser: Browser, address: str, file: Path, *, phone: bool = False, dark: bool = False) -> None:
    await _shot(await _opened(browser, address, phone=phone, dark=dark), file)


async def _opened(browser: Browser, address: str, *, phone: bool, dark: bool) -> Page:
    width, height = _PHONE if phone else _DESK
    page = await browser.new_page(
        viewport={"width": width, "height": height},
        device_scale_factor=2 if phone else 1,
        is_mobile=phone,
        has_touch=phone,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    await page.goto(address)
    await page.get_by_role("heading", level=1).wait_for()
    await page.locator("main .waiting").first.wait_for(state="detached")
    return page


async def _shot(page: Page, file: Path) -> None:
    picture = file.with_suffix(".png")
    await page.screenshot(path=picture)
    await page.close()
    print(f"{picture}: {picture.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else _FOLDER))
