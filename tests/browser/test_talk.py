"""Talking to the assistant by the page: a real browser, whose microphone plays a file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
import soundfile
from playwright.async_api import Page, Playwright, expect
from pydantic import SecretStr

from edge.chunk import RATE, Pcm
from edge.sections import ConfirmSettings
from edge.settings import Settings
from tests.browser.conftest import Served, Visitor, launched
from tests.sounds import Say, quiet

pytestmark = pytest.mark.anyio

_HEARD = """
window.heard = {samples: 0, loud: 0, parts: 0};
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  const samples = this.buffer.getChannelData(0);
  window.heard.parts += 1;
  window.heard.samples += samples.length;
  window.heard.loud += samples.filter((sample) => Math.abs(sample) > 0.01).length;
  return start.apply(this, when);
};
undefined;
"""
"""What is sent to the loudspeaker, counted."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The front door is for who knows the PIN."""
    confirm = ConfirmSettings(unlock="pin", pin=SecretStr("4711"))
    return settings.model_copy(update={"confirm": confirm})


@asynccontextmanager
async def page_that_hears(
    playwright: Playwright, visitor: Visitor, house: Served, sound: Pcm, folder: Path, **how: Any
) -> AsyncIterator[Page]:
    """The talk page in a browser whose microphone plays ``sound`` (int16, 16 kHz) once, whenever it is opened."""
    file = folder / "microphone.wav"
    soundfile.write(file, sound, RATE)
    arguments = (
        "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={file}%noloop",
    )  # fmt: skip
    async with launched(playwright, *arguments) as browser:
        page = await visitor.open(house, "/#/talk", browser=browser, **how)
        await page.evaluate(_HEARD)
        yield page


async def test_what_is_said_to_the_page_is_done_and_the_answer_is_heard(
    playwright: Playwright, visitor: Visitor, served: Served, say: Say, tmp_path: Path
) -> None:
    sound = np.concatenate([quiet(0.8), say("Turn on the kitchen light."), quiet(20.0)])
    async with page_that_hears(playwright, visitor, served, sound, tmp_path) as page:
        await served.assistant.engines.stt.ready()
        await page.get_by_role("button", name="Talk").click()
        await expect(page.get_by_role("log")).to_contain_text("Kitchen Light is on.", timeout=60_000)
        assert served.home.state("kitchen_light")["state"] == "ON"
        await expect(page.get_by_role("log").locator(".you")).to_contain_text(
            "turn on the kitchen light", ignore_case=True
        )
        with anyio.fail_after(60):
            while await page.evaluate("window.heard.loud") < 5_000:
                await anyio.sleep(0.1)
        # Nobody is listened to any more.
        await expect(page.get_by_role("button", name="Talk")).to_have_attribute("aria-pressed", "false")
        await visitor.examine(page)
        await visitor.picture(page, "talk")


async def test_the_space_key_is_held_while_one_speaks(
    playwright: Playwright, visitor: Visitor, served: Served, say: Say, tmp_path: Path
) -> None:
    sound = np.concatenate([quiet(0.8), say("Turn on the bedroom light."), quiet(20.0)])
    async with page_that_hears(playwright, visitor, served, sound, tmp_path, phone=True, dark=True) as page:
        await served.assistant.engines.stt.ready()
        await page.get_by_role("main").focus()
        await page.keyboard.down("Space")
        await expect(page.get_by_role("button", name="Listening")).to_be_visible()
        # What was heard at a pause: the key is still down.
        await expect(page.get_by_text("bedroom light…")).to_be_visible(timeout=60_000)
        assert served.home.state("bedroom_light")["state"] == "OFF"
        await page.keyboard.up("Space")
        await expect(page.get_by_role("log")).to_contain_text("Bedroom Light is on.", timeout=60_000)
        await visitor.examine(page)
        await visitor.picture(page, "talk-phone-dark")


_ASKS = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (how) => {
  await new Promise((resolve) => (window.allow = resolve));
  return (window.opened = await open(how));
};
undefined;
"""
"""A browser that asks about the microphone, until `allow` is called."""


async def test_a_microphone_that_is_allowed_when_one_has_left_is_closed(
    playwright: Playwright, visitor: Visitor, served: Served, tmp_path: Path
) -> None:
    async with page_that_hears(playwright, visitor, served, quiet(2.0), tmp_path) as page:
        await page.evaluate(_ASKS)
        await page.get_by_role("button", name="Talk").click()
        await expect(page.get_by_text("Opening the microphone")).to_be_visible()
        await page.wait_for_function("window.allow !== undefined")
        await page.get_by_role("link", name="House").click()
        await page.evaluate("window.allow(); undefined")
        with anyio.fail_after(30):
            while await page.evaluate("window.opened?.getTracks()[0].readyState") != "ended":
                await anyio.sleep(0.1)


async def test_who_has_no_microphone_types(playwright: Playwright, visitor: Visitor, served: Served) -> None:
    async with launched(playwright, "--use-fake-ui-for-media-stream") as browser:
        page = await visitor.open(served, "/#/talk", browser=browser)
        await page.get_by_role("button", name="Talk").click()
        await expect(page.get_by_role("alert")).to_contain_text("This machine has no microphone")
        await page.get_by_role("switch", name="Answer aloud").click()
        await page.get_by_label("Type instead").fill("unlock the front door")
        await page.keyboard.press("Enter")
        log = page.get_by_role("log")
        await expect(log).to_contain_text("PIN")
        await page.get_by_label("Type instead").fill("4711")
        await page.keyboard.press("Enter")
        await expect(log.locator(".assistant").nth(1)).to_contain_text("unlocked")
        assert served.home.state("front_door")["state"] == "UNLOCKED"
        assert await page.evaluate("localStorage.getItem('talk.aloud')") == "false"
        # What was said is still there when one comes back.
        await page.get_by_role("link", name="House").click()
        await page.get_by_role("link", name="Talk").click()
        await expect(page.get_by_role("log")).to_contain_text("unlock the front door")


async def test_where_the_page_is_not_secure_it_says_what_to_do(visitor: Visitor, served: Served) -> None:
    page = await visitor.open(served, "/#/house")
    await page.evaluate("Object.defineProperty(window, 'isSecureContext', {value: false}); undefined")
    await page.get_by_role("link", name="Talk").click()
    await expect(page.get_by_text("The microphone needs a secure page.")).to_be_visible()
    await expect(page.get_by_role("link", name="https://127.0.0.1:8766/")).to_be_visible()
    await expect(page.get_by_label("Type instead")).to_be_visible()
    await visitor.examine(page)


async def test_after_a_question_it_listens_by_itself_if_one_spoke(
    playwright: Playwright, visitor: Visitor, served: Served, say: Say, tmp_path: Path
) -> None:
    sound = np.concatenate([quiet(0.8), say("Set a timer for the pasta."), quiet(20.0)])
    async with page_that_hears(playwright, visitor, served, sound, tmp_path) as page:
        await served.assistant.engines.stt.ready()
        await page.get_by_role("button", name="Talk").click()
        await expect(page.get_by_role("log").locator(".assistant")).to_contain_text("?", timeout=60_000)
        await expect(page.get_by_role("button", name="Listening")).to_be_visible(timeout=60_000)
        await page.get_by_role("button", name="Stop").click()
        await expect(page.get_by_role("button", name="Talk")).to_have_attribute("aria-pressed", "false")
