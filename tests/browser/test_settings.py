"""The pages Settings and Health: what a person changes there is in the file, and in force."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Page, Playwright, expect

from edge.audio.wavfile import write_wav
from edge.chunk import RATE
from edge.settings import Settings, load
from tests.brokers import Mosquitto
from tests.browser.conftest import Served, Visitor, launched
from tests.sounds import Say, quiet

pytestmark = pytest.mark.anyio

FILE = """\
# Ours.
data_dir = "{data}"
area = "Kitchen"  # by the window

[api]
port = 0
tls_port = 0

[understand]
llm = "none"
semantic = false

[mqtt]
host = "{host}"
port = {port}
confirm_s = 30.0
"""


@pytest.fixture
def file(broker: Mosquitto, tmp_path: Path) -> Path:
    file = tmp_path / "hearthside.toml"
    file.write_text(FILE.format(data=tmp_path, host=broker.address.host, port=broker.address.port))
    return file


@pytest.fixture
def settings(file: Path) -> Settings:
    return load(file)


async def narrow(page: Page) -> None:
    """Nothing sticks out on the side."""
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


async def test_settings_are_found_changed_and_refused(served: Served, visitor: Visitor, file: Path) -> None:
    page = await visitor.open(served, "/#/settings")
    await page.get_by_role("heading", name="This assistant").wait_for()
    await visitor.examine(page)
    await visitor.picture(page, "settings", whole=True)

    # In force at once, comments kept.
    unlock = page.get_by_label("Unlock", exact=True)
    await unlock.select_option("ask")
    await visitor.told(page, "In force now.")
    assert served.assistant.settings.confirm.unlock == "ask"
    assert "# by the window" in file.read_text()

    # What is wrong is said beside the control, and nothing changes.
    visitor.allow("400")
    pause = page.get_by_label("Pause (seconds)", exact=True)
    await pause.fill("500")
    await pause.press("Enter")
    await expect(page.get_by_text("less than or equal to 120")).to_be_visible()
    assert served.assistant.settings.listen.pause_s == 0.12

    # Found by what it means, and in force after a restart.
    await page.get_by_label("Search").fill("room this assistant stands in")
    area = page.get_by_label("Area", exact=True)
    await area.fill("Hall")
    await area.press("Enter")
    await page.get_by_role("heading", name="A restart is due").wait_for()
    assert tomllib.loads(file.read_text())["area"] == "Hall"
    await page.get_by_role("button", name="Back to the default: Area").click()
    await page.get_by_text("Back to none").wait_for(state="hidden")
    assert "area" not in tomllib.loads(file.read_text())

    # A secret goes in and never comes out.
    await page.get_by_label("Search").fill("PIN")
    await page.get_by_label("PIN", exact=True).fill("4711")
    await page.get_by_role("button", name="Set", exact=True).click()
    await page.get_by_placeholder("is set").wait_for()
    assert "4711" not in file.read_text()
    assert "4711" not in await page.content()
    assert served.assistant.settings.confirm.pin is not None


@pytest.mark.parametrize("part", ["wake", "voice", "models", "privacy", "network", "skills"])
async def test_each_part_is_usable_on_a_dark_phone(served: Served, visitor: Visitor, part: str) -> None:
    page = await visitor.open(served, f"/#/settings/{part}", dark=True, phone=True)
    await page.locator(".card").first.wait_for()
    await expect(page.locator(".waiting")).to_have_count(0)
    await visitor.examine(page)
    await narrow(page)
    await visitor.picture(page, f"settings-{part}-phone-dark", whole=True)


async def test_a_threshold_is_drawn_and_a_word_recorded(
    served: Served, visitor: Visitor, playwright: Playwright, say: Say, tmp_path: Path, file: Path
) -> None:
    spoken = tmp_path / "alexa.wav"
    write_wav(spoken, np.concatenate([quiet(0.5), say("Alexa."), quiet(1.5)]), RATE)
    arguments = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={spoken}",
    )
    async with launched(playwright, *arguments) as browser:
        page = await visitor.open(served, "/#/settings/wake", browser=browser)
        card = page.get_by_role("region", name="“alexa”")
        await card.get_by_role("img", name=re.compile("Curve of “alexa”")).wait_for()
        await visitor.picture(page, "settings-wake", whole=True)
        slider = card.get_by_role("slider")
        await slider.fill("0.4")
        await visitor.told(page, "In force now.")
        assert tomllib.loads(file.read_text())["wake"]["thresholds"] == {"alexa": 0.4}
        assert served.assistant.settings.wake.thresholds == {"alexa": 0.4}

        await page.get_by_role("switch", name="Listen for it").first.click()
        await expect(page.get_by_role("switch", name="Listen for it").first).to_have_attribute("aria-checked", "false")

        await page.get_by_label("The word").fill("alexa")
        for number in range(1, 4):
            await page.get_by_role("button", name="● Record").click()
            await page.get_by_label(f"Delete recording {number}").wait_for()
        await page.get_by_text("3 of 3").wait_for()
        await visitor.picture(page, "settings-recorder", whole=True)
        await page.get_by_text("Your voice speaks for").wait_for()
        await visitor.examine(page)
        await visitor.picture(page, "settings-recorder", whole=True)
        await page.get_by_label("Delete recording 3").click()
        await expect(page.get_by_label("Delete recording 3")).to_have_count(0)


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True)])
async def test_health_shows_the_checks_and_the_board(served: Served, visitor: Visitor, dark: bool, phone: bool) -> None:
    page = await visitor.open(served, "/#/health", dark=dark, phone=phone)
    checks = page.get_by_role("region", name="Checks")
    await checks.get_by_text(re.compile(r"\d+ devices")).first.wait_for()
    await page.get_by_role("meter", name="Memory").wait_for()
    await expect(page.get_by_text("It does not look for other versions by itself")).to_have_count(1)
    await visitor.examine(page)
    await narrow(page)
    await visitor.picture(page, f"health-{'phone-dark' if phone else 'light'}", whole=True)
