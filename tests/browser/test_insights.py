"""The page Insights: what is counted, as a person reads it."""

from datetime import date, timedelta

import pytest
from playwright.async_api import expect

from edge.observe.kpi_store import KpiStore
from edge.observe.weeks import monday
from tests.browser.conftest import Served, Visitor

pytestmark = pytest.mark.anyio


async def counted(house: Served) -> None:
    """Three weeks of service, the last of them going on."""
    this = monday(date.today())
    days = {
        this - timedelta(14): {"tasks": 20, "succeeded": 15, "turns": 30, "seconds": 80, "took.3": 20, "undone": 3, "wakes": 25, "unanswered": 4},
        this - timedelta(7): {"tasks": 40, "succeeded": 36, "turns": 44, "seconds": 90, "took.2": 40, "repeated": 2, "wakes": 42, "false_wakes": 1, "asked": 1, "answered": 1, "score": 4},
        this: {"tasks": 10, "succeeded": 8, "turns": 11, "seconds": 25, "took.2": 10, "wakes": 10},
    }  # fmt: skip
    await KpiStore(house.assistant.storage).add(days, date.today())


async def test_before_anything_was_said_it_says_so(served: Served, visitor: Visitor) -> None:
    page = await visitor.open(served, "/#/insights")
    await page.get_by_text("Nothing was counted yet").wait_for()
    await visitor.examine(page)


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True)])
async def test_numbers_their_trend_and_what_they_mean(
    served: Served, visitor: Visitor, dark: bool, phone: bool
) -> None:
    await counted(served)
    page = await visitor.open(served, "/#/insights", dark=dark, phone=phone)
    done = page.get_by_role("region", name="Done as meant", exact=True)
    await done.locator(".big", has_text="80%").wait_for()
    assert "▼ worse than before: 90%" in (await done.inner_text()).replace("\n", " ")
    within = page.get_by_role("region", name="Half of the tasks within", exact=True)
    assert "as before" in await within.inner_text()
    # Of the week in which it asked, as nobody was asked since.
    satisfied = page.get_by_role("region", name="Satisfaction", exact=True)
    assert "4.0 of 5" in await satisfied.inner_text()
    chart = await done.get_by_role("img").get_attribute("aria-label")
    assert chart is not None
    assert [word for word in ("75%", "90%", "80%") if word in chart] == ["75%", "90%", "80%"]
    await done.get_by_text("What it means").click()
    await done.get_by_text("A task is one wish").wait_for()
    table = page.get_by_role("table")
    await expect(table.get_by_role("row")).to_have_count(1 + 12)
    await visitor.examine(page)
    await visitor.picture(page, f"insights-{'phone-dark' if phone else 'light'}", whole=True)
    await page.get_by_label("Shown").select_option("26")
    await page.locator("tbody tr").nth(25).wait_for()
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
