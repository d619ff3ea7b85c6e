"""The first password, logging in, people and their tokens; and what a page of somebody else's can't do."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Browser, Page, expect

from edge.api.web.access import Person
from edge.settings import Settings, load
from tests.brokers import Mosquitto
from tests.browser.conftest import Visitor
from tests.web.conftest import Served
from tests.web.people import PASSWORD

pytestmark = pytest.mark.anyio


_FILE = """
data_dir = "{data}"
api = {{ port = 0, tls_port = 0 }}
understand = {{ llm = "none", semantic = false }}
mqtt = {{ host = "{host}", port = {port} }}
"""


@pytest.fixture
def settings(broker: Mosquitto, tmp_path: Path) -> Settings:
    """Those of a file, so that they can be changed."""
    file = tmp_path / "hearthside.toml"
    file.write_text(_FILE.format(data=tmp_path, host=broker.address.host, port=broker.address.port))
    return load(file)


async def test_from_the_first_password_to_a_house_of_several(served: Served, visitor: Visitor) -> None:
    visitor.allow("401")
    visitor.allow("403")
    page = await visitor.open(served, "/#/people", phone=True)
    await expect(page.get_by_role("heading", name="Nobody has set a password yet")).to_be_visible()
    await visitor.examine(page)
    code = served.console.entrance.link()
    await page.goto(f"{served.address}/#/setup?code={code}")
    await expect(page.get_by_label("Code")).to_have_value(code)
    # It is not to stay in the browser's history.
    await expect(page).not_to_have_url(re.compile(re.escape(code)))
    await page.get_by_label("Your name").fill("Ada")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await visitor.examine(page)
    await visitor.picture(page, "first-password")
    await page.get_by_label("Code").fill("0000-0000")
    await page.get_by_role("button", name="Set it").click()
    await expect(page.get_by_role("alert")).to_contain_text("hearth console link")
    await page.get_by_label("Code").fill(code.lower())
    await page.get_by_role("button", name="Set it").click()
    await page.wait_for_url("**/#/talk")

    await page.goto(f"{served.address}/#/people")
    await expect(page.get_by_role("heading", name="You", exact=True)).to_be_visible()
    await add_bob(page)
    await make_token(page)
    await page.get_by_label("New PIN").fill("4711")
    await page.get_by_role("button", name="Set it").click()
    await expect(page.get_by_role("button", name="Take it away")).to_be_visible()
    data_dir = served.assistant.settings.data_dir
    assert "4711" not in (data_dir / "hearthside.toml").read_text()
    assert (data_dir / "secrets" / "confirm__pin").read_text() == "4711"
    assert served.assistant.guard.knows_pin("4711"), "at once"
    await visitor.examine(page)
    await visitor.picture(page, "people", whole=True)
    with slow_to_answer(served):
        await change_password(page)
    await page.get_by_role("button", name="Log out", exact=True).click()
    await expect(page.get_by_role("button", name="Log in")).to_be_visible()

    await visitor.picture(page, "login")
    await page.get_by_label("Name").fill("Bob")
    await page.get_by_label("Password", exact=True).fill("a wrong password")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).to_have_text("the name or the password is wrong")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/#/talk")
    await page.goto(f"{served.address}/#/people")
    await expect(page.get_by_text("Where you are logged in")).to_be_visible()
    await expect(page.get_by_role("heading", name="People", level=2)).to_have_count(0)


async def add_bob(page: Page) -> None:
    await page.get_by_role("button", name="Add somebody").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Bob")
    await dialog.get_by_label("May").select_option("guest")
    await dialog.get_by_label("First password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Add").click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("heading", name="Bob")).to_be_visible()


@contextmanager
def slow_to_answer(served: Served) -> Iterator[None]:
    """A busy board: connections of a login that has ended are closed, and only seconds later it is said by what."""
    live = served.console.entrance.live
    look = live.look

    async def slowly(still: Callable[[Person], Awaitable[Person | None]]) -> None:
        await look(still)
        await anyio.sleep(4.0)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(live, "look", slowly)
        yield


async def change_password(page: Page) -> None:
    """The login before ends with its event stream; the page goes on with the one that took its place."""
    async with page.expect_websocket():
        await page.evaluate("location.hash = '#/house'")
    await expect(page.get_by_role("link", name="Kitchen Light")).to_be_visible()
    await page.evaluate("location.hash = '#/people'")
    await page.get_by_role("button", name="Change your password").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Your password now").fill(PASSWORD)
    await dialog.get_by_label("New password").fill(f"{PASSWORD}!")
    async with page.expect_response(lambda response: response.url.endswith("/v1/me") and response.ok):
        await dialog.get_by_role("button", name="Change it").click()
    await expect(page.get_by_role("heading", name="You", exact=True)).to_be_visible()


async def make_token(page: Page) -> None:
    await page.get_by_role("button", name="Make a token").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What it is for").fill("Grafana")
    await dialog.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("dialog", name="The token for Grafana").locator("code")).to_contain_text("hearth_")
    await page.get_by_role("button", name="Done").click()
    await expect(page.get_by_text("Grafana", exact=True)).to_be_visible()


_ATTACK = """async (console) => {
  const tried = [];
  const note = (what, fate) => tried.push([what, fate]);
  const own = { "Content-Type": "text/plain" };
  for (const [what, options] of [
    ["simple post", { method: "POST", mode: "no-cors", headers: own, body: '{"text":"turn on the kitchen light"}' }],
    ["post with cookie", { method: "POST", mode: "no-cors", credentials: "include", headers: own, body: "{}" }],
    ["post as json", { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"text":"turn on the kitchen light"}' }],
    ["post with header", { method: "POST", headers: { "X-Hearthside": "1" }, body: "{}" }],
  ]) {
    await fetch(`${console}/v1/ask`, options).then((got) => note(what, got.type === "opaque" ? "opaque" : got.status), () => note(what, "failed"));
  }
  await fetch(`${console}/v1/me`, { credentials: "include" }).then(() => note("read", "read"), () => note("read", "failed"));
  await new Promise((done) => {
    const socket = new WebSocket(`${console.replace("http", "ws")}/v1/events`);
    socket.onopen = () => (note("websocket", "open"), done());
    socket.onclose = () => (note("websocket", "failed"), done());
  });
  await new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.src = console;
    frame.onload = () => (note("frame", frame.contentWindow.length === 0 ? "empty" : "full"), done());
    document.body.append(frame);
  });
  const form = Object.assign(document.createElement("form"), { method: "POST", action: `${console}/v1/ask`, enctype: "text/plain" });
  const field = Object.assign(document.createElement("input"), { name: '{"text":"turn on the kitchen light","x":"', value: '"}' });
  form.append(field);
  document.body.append(form);
  setTimeout(() => form.submit(), 0);
  return tried;
}"""

_INJECT = """() => new Promise((done) => {
  document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
  document.body.insertAdjacentHTML("beforeend", '<img src="icon.svg" onload="window.stolen = 1">');
})"""
"""Text that has become a part of the page by a mistake of ours; the directive that stops it."""


@asynccontextmanager
async def elsewhere() -> AsyncIterator[str]:
    """A page of somebody else's, on this machine: the worst place for us."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b"<!doctype html><title>x</title><body>"
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        writer.write(body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_another_page_can_do_nothing_though_nobody_has_to_log_in(served: Served, visitor: Visitor) -> None:
    visitor.allow(".")
    async with elsewhere() as foreign:
        page = await visitor.open(served, "/#/house")
        await page.goto(foreign)
        tried = dict(await page.evaluate(_ATTACK, served.address))
        assert tried.pop("frame") == "empty", "what is in it is the browser's own page that says that it may not be"
        assert len(tried) == 6
        assert set(tried.values()) == {"failed"}, tried
        await page.wait_for_url(f"{served.address}/v1/ask")
        assert "another page asked for this" in await page.content()
    assert served.home.state("kitchen_light")["state"] == "OFF"


async def test_over_tls_the_browser_gives_microphone_and_a_cookie_that_is_ours_alone(
    served: Served, browser: Browser
) -> None:
    code = served.console.entrance.link()
    await served.console.entrance.changed()
    context = await browser.new_context(ignore_https_errors=True)
    try:
        secure = await context.new_page()
        address = f"https://127.0.0.1:{served.console.listeners.tls_port}"
        await secure.goto(f"{address}/#/setup?code={code}")
        await expect(secure.get_by_text("Did the browser warn you of the certificate?")).to_be_visible()
        await secure.get_by_label("Your name").fill("Ada")
        await secure.get_by_label("Password", exact=True).fill(PASSWORD)
        await secure.get_by_role("button", name="Set it").click()
        await secure.wait_for_url("**/#/talk")
        (cookie,) = await context.cookies()
        assert (cookie["name"], cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (
            "__Host-hearthside",
            True,
            True,
            "Strict",
        )
        assert await secure.evaluate("document.cookie") == ""
        assert await secure.evaluate("isSecureContext && 'getUserMedia' in navigator.mediaDevices")
        assert await secure.evaluate(_INJECT) == "script-src-attr"
        assert await secure.evaluate("window.stolen") is None, "no script of the page's text is run"
    finally:
        await context.close()
