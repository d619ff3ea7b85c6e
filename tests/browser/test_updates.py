"""The page Health, where versions lie side by side: a newer one is seen, taken, watched and left again."""

import pytest
from playwright.async_api import expect

from edge.settings import Settings
from edge.updates import versions, word
from edge.updates.places import Places, Spool
from edge.updates.word import Found, Last, Result, State, Trial, Wish
from tests.browser.conftest import Held, Served, Visitor
from tests.web.test_updates import NEW, OLD, board, requested, settings, spool

__all__ = ["board", "settings", "spool"]
pytestmark = pytest.mark.anyio


async def test_a_version_is_taken_watched_and_left(
    served: Served, visitor: Visitor, board: Places, spool: Spool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.api.web.system.running", lambda _: OLD)
    word.leave(spool.found, Found(at=5.0, release=NEW, rollout=25))
    page = await visitor.open(served, "/#/health")
    await page.get_by_text("so far it goes to 25 % of the devices by itself").wait_for()
    await visitor.examine(page)
    await visitor.picture(page, "updates", whole=True)
    await page.get_by_role("button", name="Take 0.2.0").click()
    await page.get_by_text("Asking…").wait_for()
    request = requested(spool)
    assert request is not None
    assert (request.wish, request.by_person) == (Wish.APPLY, True)

    # Fetched by one side, tried by the other.
    word.leave(spool.found, Found(at=6, release=NEW, size=4_000_000, done=1_000_000, answers=request.ident))
    await page.get_by_text("1.0 of 4.0 MB").wait_for()
    versions.keep(board, State(trial=Trial(release=NEW, before=OLD, at=0), answers=request.ident))
    await page.get_by_text("shows for some minutes whether it is well").wait_for()
    await expect(page.get_by_role("button", name="Look for a newer version")).to_be_disabled()
    last = Last(result=Result.UNDONE, release=NEW, before=OLD, at=1.0, why="it came to an end 3 times")
    versions.keep(board, State(last=last, previous=NEW, answers=request.ident))
    await page.get_by_text("0.2.0 was undone: it came to an end 3 times").wait_for()

    await page.get_by_role("button", name="Go back to 0.2.0").click()
    await expect(page.get_by_text("Asking…")).to_be_visible()
    request = requested(spool)
    assert request is not None
    assert request.wish is Wish.ROLL_BACK


async def test_what_was_looked_at_before_somebody_asked_tells_nothing_any_more(
    served: Served, visitor: Visitor, board: Places, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However late it comes."""
    monkeypatch.setattr("edge.api.web.system.running", lambda _: OLD)
    word.leave(spool.found, Found(at=5.0, release=NEW, rollout=25))
    page = await visitor.open(served, "/#/talk")
    # It looks once again, and no more.
    await page.evaluate("window.setInterval = (look, ms) => setTimeout(look, ms); undefined")
    await page.get_by_role("link", name="Health", exact=True).click()
    await expect(page.get_by_role("button", name="Take 0.2.0")).to_be_visible()
    held = Held()
    await page.route("**/v1/updates", held)
    await held.made.wait()
    await page.get_by_role("button", name="Take 0.2.0").click()
    await expect(page.get_by_text("Asking…")).to_be_visible()
    async with page.expect_response("**/v1/updates") as told:
        held.given.set()
    await (await told.value).finished()
    await page.evaluate("new Promise((done) => setTimeout(done, 100))")
    await expect(page.get_by_text("Asking…")).to_be_visible()
    await page.unroute_all(behavior="wait")
