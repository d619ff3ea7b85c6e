"""The pages Plans, Memory and Sync, in a real browser: what is done there is heard by voice, and the other way round."""

import json
import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Served, Visitor
from tests.web.voice import said

pytestmark = pytest.mark.anyio


async def test_plans_from_empty_to_full_by_hand_and_by_voice(visitor: Visitor, served: Served) -> None:
    page = await visitor.open(served, "/#/plans", phone=True)
    await expect(page.get_by_text("Say “set a timer for ten minutes”")).to_be_visible()
    await expect(page.get_by_text("Say “add milk to my shopping list”")).to_be_visible()
    await visitor.examine(page)
    await visitor.picture(page, "plans-empty-phone", whole=True)
    other = await visitor.open(served, "/#/plans", dark=True)
    await expect(other.get_by_text("None runs.")).to_be_visible()

    await timers(page, other, served)
    await lists(page, other, served)
    await alarms(page, other, served)
    await routines(visitor, page, other, served)
    await said(served, "turn off the kitchen light in 20 minutes")
    await expect(page.get_by_role("button", name=re.compile("Take back turn off the kitchen light"))).to_be_visible()

    await visitor.examine(page)
    await visitor.examine(other)
    await visitor.picture(page, "plans-phone", whole=True)
    await visitor.picture(other, "plans-dark", whole=True)


async def timers(page: Page, other: Page, served: Served) -> None:
    await page.get_by_label("Minutes").fill("10")
    await page.get_by_label("Its name").fill("pasta")
    await page.get_by_role("button", name="Start", exact=True).click()
    # A second browser sees it, and both count down.
    left = other.get_by_role("timer", name="Left of pasta")
    await expect(left).to_have_text(re.compile("^9:[0-5][0-9]$"))
    assert "pasta" in await said(served, "how much time is left on my timers")
    await said(served, "pause the pasta timer")
    await expect(page.get_by_role("button", name="Resume pasta")).to_be_visible()
    await expect(other.get_by_role("button", name="Resume pasta")).to_be_visible()
    await other.get_by_role("button", name="Five more minutes for pasta").click()
    await expect(page.get_by_role("timer", name="Left of pasta")).to_have_text(re.compile("^14:[0-5][0-9]$"))


async def lists(page: Page, other: Page, served: Served) -> None:
    await page.get_by_label("Add", exact=True).fill("milk, eggs")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(other.get_by_role("checkbox", name="eggs")).to_be_visible()
    await said(served, "add bread to my shopping list")
    await other.get_by_role("checkbox", name="eggs").click()
    await expect(page.get_by_text("Done (1)")).to_be_visible()
    await page.get_by_role("button", name="Edit and sort").click()
    await page.get_by_role("button", name="Move bread up").click()
    await expect(page.get_by_label(re.compile("^Wording of")).first).to_have_value("bread")
    await expect(page.get_by_role("button", name="Move bread up")).to_be_disabled()
    await page.get_by_label("Wording of milk").fill("oat milk")
    await page.get_by_label("Wording of milk").press("Enter")
    await expect(other.get_by_role("checkbox", name="oat milk")).to_be_visible()
    assert re.search("bread.*oat milk", await said(served, "what's on my shopping list"))
    await page.get_by_role("button", name="Ready").click()
    await page.get_by_role("button", name="New list").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("hardware store")
    await page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    await expect(page.get_by_role("button", name="hardware store")).to_be_visible()
    await said(served, "add nails to my hardware store list")
    await expect(page.get_by_role("checkbox", name="nails")).to_be_visible()


async def alarms(page: Page, other: Page, served: Served) -> None:
    await page.get_by_role("button", name="Add alarm").click()
    dialog = page.get_by_role("dialog", name="New alarm")
    await dialog.get_by_label("What it is for").fill("school")
    await dialog.get_by_label("How often").select_option("week")
    await dialog.get_by_role("button", name="Monday").click()
    await dialog.get_by_role("button", name="Friday").click()
    await dialog.get_by_label("Time").fill("06:45")
    await dialog.get_by_role("button", name="Keep it").click()
    await expect(other.get_by_text("06:45, every Monday and Friday")).to_be_visible()
    assert "6:45" in await said(served, "what alarms do I have")
    await said(served, "remind me to call mum tomorrow at 6 pm")
    await page.get_by_role("button", name="Edit call mum").click()
    dialog = page.get_by_role("dialog", name="Edit reminder")
    await dialog.get_by_label("What to remind of").fill("call dad")
    await dialog.get_by_label("Or in words").fill("every sunday at 5 pm")
    await dialog.get_by_role("button", name="Keep it").click()
    await expect(other.get_by_text("17:00, every Sunday")).to_be_visible()
    assert "call dad" in await said(served, "what are my reminders")


async def routines(visitor: Visitor, page: Page, other: Page, served: Served) -> None:
    await page.get_by_role("button", name="New routine").click()
    dialog = page.get_by_role("dialog", name="New routine")
    await dialog.get_by_label("When I say").fill("breakfast")
    await dialog.get_by_label("Step 1", exact=True).fill("fold the laundry")
    await expect(dialog.get_by_text("this is not understood")).to_be_visible()
    await dialog.get_by_label("Step 1", exact=True).fill("turn on the kitchen light")
    await expect(dialog.get_by_text("understood", exact=True)).to_be_visible()
    await dialog.get_by_role("button", name="Try step 1").click()
    await visitor.told(page, "Kitchen Light is on.")
    await dialog.get_by_role("button", name="Add a step").click()
    await dialog.get_by_label("Step 2", exact=True).fill("add tea to my shopping list")
    await dialog.get_by_role("button", name="Keep it").click()
    await expect(other.get_by_text("add tea to my shopping list")).to_be_visible()
    assert served.home.state("kitchen_light")["state"] == "ON"
    await said(served, "breakfast")
    assert "tea" in await said(served, "what's on my shopping list")


async def test_what_is_remembered_is_seen_taken_along_and_erased(visitor: Visitor, served: Served) -> None:
    page = await visitor.open(served, "/#/memory", phone=True)
    await expect(page.get_by_text("Nothing is remembered yet")).to_be_visible()
    await page.get_by_label("Remember that").fill("the spare key is with Tom")
    await page.get_by_role("button", name="Remember").click()
    await expect(page.get_by_text("the spare key is with Tom", exact=True)).to_be_visible()
    assert "Tom" in await said(served, "what do you know about the spare key")
    await said(served, "remember that the bins go out on tuesday")
    await expect(page.get_by_text("the bins go out on tuesday", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Edit “the spare key is with Tom”").click()
    await page.get_by_role("dialog").get_by_label("Remember that").fill("the spare key is with Ann")
    await page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    await expect(page.get_by_text("the spare key is with Ann", exact=True)).to_be_visible()
    assert "Ann" in await said(served, "what do you know about the spare key")
    await page.get_by_role("button", name="Forget “the bins go out on tuesday”").click()
    await page.get_by_role("dialog").get_by_role("button", name="Forget it").click()
    await expect(page.get_by_text("the bins go out on tuesday", exact=True)).to_be_hidden()

    await page.reload()
    await expect(page.get_by_role("row", name="What was said")).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Take all of it along").click()
    whole = json.loads((await (await download.value).path()).read_text())
    assert "the spare key is with Ann" in [fact["text"] for fact in whole["memory_fact"]]
    await visitor.examine(page)
    await visitor.picture(page, "memory-phone", whole=True)
    dark = await visitor.open(served, "/#/memory", dark=True)
    await expect(dark.get_by_role("row", name="What was said")).to_be_visible()
    await visitor.examine(dark)
    await visitor.picture(dark, "memory-dark", whole=True)

    await page.get_by_role("button", name="Erase everything…").click()
    dialog = page.get_by_role("dialog", name="Erase everything?")
    await expect(dialog.get_by_role("button", name="Erase for good")).to_be_disabled()
    await visitor.examine(page)
    await dialog.get_by_label("Write “erase” to go on").fill("erase")
    await dialog.get_by_role("button", name="Erase for good").click()
    await expect(page.get_by_text("Nothing is remembered yet")).to_be_visible()
    await expect(page.get_by_text("Nothing that was said is kept")).to_be_visible()
    assert "Ann" not in await said(served, "what do you know about the spare key")


async def test_without_a_bridge_the_page_says_what_one_is_for(visitor: Visitor, served: Served) -> None:
    page = await visitor.open(served, "/#/sync", phone=True)
    await expect(page.get_by_text("No bridge is configured")).to_be_visible()
    await visitor.examine(page)
