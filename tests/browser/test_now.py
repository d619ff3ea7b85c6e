"""The page Now, in a real browser."""

import re

import numpy as np
import pytest
from playwright.async_api import Page, expect

from edge.cli.play import play_one
from tests.browser.conftest import Held, Served, Visitor
from tests.sounds import Say, quiet
from tests.web.test_turns import ask

pytestmark = pytest.mark.anyio


async def test_a_house_where_nobody_spoke_says_what_to_do(visitor: Visitor, served: Served) -> None:
    page = await visitor.open(served, "/#/now", phone=True)
    await expect(page.get_by_text("Nobody has said anything yet")).to_be_visible()
    await expect(page.get_by_text("It has no microphone")).to_be_visible()
    await visitor.examine(page)
    await visitor.picture(page, "now-empty-phone")


async def test_a_turn_appears_is_opened_corrected_and_replayed(visitor: Visitor, served: Served) -> None:
    page = await visitor.open(served, "/#/now")
    await expect(page.get_by_text("Nobody has said anything yet")).to_be_visible()
    await ask(served, "let there be bulbs")
    card = page.get_by_role("article", name="let there be bulbs")
    await expect(card.get_by_text("not understood")).to_be_visible()
    await card.get_by_role("button", name="More about it").click()
    await expect(card.get_by_role("rowheader", name="Understood grammar")).to_be_visible()
    await visitor.examine(page)

    await card.get_by_role("button", name="This was wrong").click()
    dialog = page.get_by_role("dialog", name="What was wrong?")
    await dialog.get_by_label("The words are right, but they mean something else").check()
    sentence = dialog.get_by_label("How you would say it so that it is understood")
    visitor.allow("422")
    await sentence.fill("frobnicate the gizmo")
    await dialog.get_by_role("button", name="Keep it").click()
    await expect(dialog.get_by_text("is not understood, either")).to_be_visible()
    await visitor.examine(page)
    await sentence.fill("turn on the kitchen light")
    await dialog.get_by_role("button", name="Keep it").click()
    await visitor.told(page, "From now on “let there be bulbs” means: Turn On, name Kitchen Light.")
    await expect(dialog).to_be_hidden()

    await card.get_by_role("button", name="What would it do now?").click()
    await expect(card.get_by_text("not the same as then")).to_be_visible()
    assert served.home.commands("kitchen_light") == []
    await card.get_by_role("button", name="Do it again").click()
    again = page.get_by_role("article", name="let there be bulbs").first
    await expect(again.get_by_text("confirmed by the device")).to_be_visible()
    assert served.home.state("kitchen_light")["state"] == "ON"
    await visitor.picture(page, "now-corrected", whole=True)

    await card.get_by_role("button", name="Take it back").click()
    await visitor.told(page, "Taken back, and unlearnt.")
    assert (await ask(served, "let there be bulbs"))["outcome"] == "not_understood"


async def test_turns_are_found_by_words_and_outcome(visitor: Visitor, served: Served) -> None:
    for number in range(25):
        await ask(served, f"what is {number} plus {number}")
    await ask(served, "let there be bulbs")
    page = await visitor.open(served, "/#/now")
    cards = page.get_by_role("article")
    await expect(cards).to_have_count(20)
    await page.get_by_role("button", name="Show older ones").click()
    await expect(cards).to_have_count(26)
    await page.get_by_label("Find").fill("is 7 plus")
    await expect(cards).to_have_count(1)
    await page.get_by_label("Find").fill("")
    await expect(cards).to_have_count(20)
    await page.get_by_label("That ended").select_option("not understood")
    await expect(cards).to_have_count(1)
    await expect(cards).to_contain_text("let there be bulbs")


async def test_an_answer_that_another_question_overtook_is_not_shown(visitor: Visitor, served: Served) -> None:
    for sentence in ("let there be bulbs", "what is 2 plus 2"):
        await ask(served, sentence)
    page = await visitor.open(served, "/#/now")
    cards = page.get_by_role("article")
    await expect(cards).to_have_count(2)
    held = Held()
    await page.route(re.compile(r"/v1/turns\?.*outcome=done"), held)
    ended = page.get_by_label("That ended")
    async with page.expect_response(re.compile(r"/v1/turns\?.*outcome=done")) as late:
        await ended.select_option("done")
        await held.made.wait()
        await ended.select_option("not understood")
        await expect(cards).to_have_count(1)
        held.given.set()
    await (await late.value).finished()
    await page.evaluate("() => new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))")
    await expect(cards).to_have_count(1)
    assert await cards.get_attribute("aria-label") == "let there be bulbs"
    await page.unroute_all(behavior="wait")


async def test_a_turn_that_ends_while_the_list_is_on_its_way_is_in_it(visitor: Visitor, served: Served) -> None:
    await ask(served, "what is one plus one")
    page = await visitor.open(served, "/#/house")
    await expect(page.get_by_role("switch", name="Kitchen Light")).to_be_visible()
    held = Held()
    await page.route(re.compile(r"/v1/turns\?"), held)
    await page.get_by_role("link", name="Now", exact=True).click()
    await held.made.wait()
    await ask(served, "let there be bulbs")
    await expect(page.get_by_role("article", name="let there be bulbs")).to_be_visible()
    held.given.set()
    await expect(page.get_by_role("article", name="what is one plus one")).to_be_visible()
    await expect(page.get_by_role("article")).to_have_count(2)
    await page.unroute_all(behavior="wait")


async def test_a_turn_that_was_told_late_is_not_among_those_that_are_looked_for(
    visitor: Visitor, served: Served
) -> None:
    await ask(served, "what is one plus one")
    page = await visitor.open(served, "/#/now")
    cards = page.get_by_role("article")
    await expect(cards).to_have_count(1)
    held = Held()
    turn = re.compile(r"/v1/turns/")
    await page.route(turn, held)
    await ask(served, "let there be bulbs")
    await held.made.wait()
    async with page.expect_response(re.compile(r"/v1/turns\?.*text=plus")):
        await page.get_by_label("Find").fill("plus")
    async with page.expect_response(turn) as told:
        held.given.set()
    await (await told.value).finished()
    await page.evaluate("new Promise((done) => setTimeout(done, 100))")
    await expect(cards).to_have_count(1)
    await page.unroute_all(behavior="wait")


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True)])
async def test_a_spoken_turn_is_seen_as_it_happens(
    visitor: Visitor, speaking: Served, say: Say, dark: bool, phone: bool
) -> None:
    sound = np.concatenate([quiet(1.5), say("Alexa, turn on the kitchen light."), quiet(1.5)])
    page = await visitor.open(speaking, "/#/now", dark=dark, phone=phone)
    await expect(page.get_by_text("Waits for its wake word")).to_be_visible()
    await _note_what_is_shown(page)
    await play_one(speaking.assistant, sound, realtime=True, no_wake=False, report=lambda event: None)
    card = page.get_by_role("article", name="turn on the kitchen light")
    await expect(card.get_by_text("by “alexa”")).to_be_visible()
    # The one tells of the turn, another of what it does: either may be the first.
    await page.wait_for_function(
        """() => ["Listens", "Thinks"].every((phase) => window.shown.phases.includes(phase))
              && window.shown.loudest > 0.4 && window.shown.surest > 0.9"""
    )
    await card.get_by_role("button", name="More about it").click()
    await expect(card.get_by_role("rowheader", name="You spoke")).to_be_visible()
    await expect(card.get_by_role("rowheader", name="Done Kitchen Light")).to_be_visible()
    await visitor.examine(page)
    await visitor.picture(page, f"now{'-dark' * dark}{'-phone' * phone}", whole=True)


async def test_the_microphone_is_muted_from_the_page(visitor: Visitor, speaking: Served) -> None:
    page = await visitor.open(speaking, "/#/now")
    switch = page.get_by_role("switch", name="Microphone")
    await expect(switch).to_be_checked()
    await switch.click()
    await expect(page.get_by_text("The microphone is off")).to_be_visible()
    assert not speaking.assistant.listening.on
    await page.get_by_label("What it says").fill("Dinner is ready.")
    await page.get_by_role("button", name="Say it").click()
    await visitor.told(page, "It was said.")


async def _note_what_is_shown(page: Page) -> None:
    """What is only there for a moment."""
    await page.evaluate(
        """() => {
          window.shown = { phases: [], loudest: 0, surest: 0 };
          const look = () => {
            const phase = document.querySelector(".moment .badge").textContent;
            if (window.shown.phases.at(-1) !== phase) window.shown.phases.push(phase);
            for (const meter of document.querySelectorAll("[role=meter]")) {
              const key = meter.getAttribute("aria-label") === "Loudness" ? "loudest" : "surest";
              window.shown[key] = Math.max(window.shown[key], Number(meter.getAttribute("aria-valuenow")));
            }
          };
          new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true,
                                                              attributes: true });
          look();
        }"""
    )
