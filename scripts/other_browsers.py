"""The page in browsers that the tests don't have: Firefox, and WebKitGTK, whose engine is Safari's.

`python -m scripts.other_browsers [--pictures FOLDER]`, with Debian's `firefox-esr`, `webkit2gtk-driver` and `xvfb`. In
each: every page is there without an error, a typed command is answered, a lamp that is clicked changes, and what is
refused is told in words. Their microphones are not tried.
Firefox is driven by WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/), WebKit by WebDriver
(https://www.w3.org/TR/webdriver2/).
"""

import argparse
import asyncio
import base64
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import httpx
import websockets
from websockets.asyncio.client import ClientConnection

from edge.bench.free_port import free_port
from scripts.console_pictures import house

_PAGES: Final = ("Talk", "Now", "House", "Plans", "Memory", "Insights", "Sync", "Settings", "People", "Health")
_MINI_BROWSER: Final = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser"
_WITHIN_S: Final = 20.0
_LOOK_S: Final = 0.1
_T = TypeVar("_T")

# In the page's own words: nothing here knows how it is made, but for roles and headings.
_WATCH: Final = """
window.troubles = [];
addEventListener("error", (event) => troubles.push(String(event.message)));
addEventListener("unhandledrejection", (event) => troubles.push(String(event.reason)));
"""
_ARRIVED: Final = """
document.querySelector("h1")?.textContent === %s && !document.querySelector("main .waiting, main .trouble")
  && document.documentElement.scrollWidth <= innerWidth
"""
_ASK: Final = """
const box = document.querySelector("main input[type=text], main input:not([type]), main textarea");
Object.getOwnPropertyDescriptor(Object.getPrototypeOf(box), "value").set.call(box, %s);
box.dispatchEvent(new Event("input", { bubbles: true }));
box.form.requestSubmit();
"""
_SAYS: Final = "document.querySelector('main').textContent.includes(%s)"
_REFUSAL: Final = """
import("./lib/api.js").then((api) => api.get("/v1/turns/none")).catch((error) => error.inWords)
"""
_SWITCH: Final = (
    "[...document.querySelectorAll('[role=switch]')].find((each) => "
    '(each.getAttribute("aria-label") ?? each.textContent).includes("Kitchen Light"))'
)


class Browser(Protocol):
    """One window of a browser. All raise `RuntimeError` with the browser's own words."""

    async def open(self, address: str) -> None: ...
    async def value(self, expression: str) -> Any:
        """Of a JavaScript ``expression``."""

    async def run(self, statements: str) -> None: ...
    async def picture(self) -> bytes:
        """A PNG of what is to be seen."""


class _WebKit:
    def __init__(self, driver: httpx.AsyncClient) -> None:
        self._driver = driver

    async def open(self, address: str) -> None:
        await self._post("url", {"url": address})

    async def value(self, expression: str) -> Any:
        return await self._post("execute/sync", {"script": f"return ({expression})", "args": []})

    async def run(self, statements: str) -> None:
        await self._post("execute/sync", {"script": statements, "args": []})

    async def picture(self) -> bytes:
        answer = await self._driver.get("screenshot")
        return base64.b64decode(answer.json()["value"])

    async def _post(self, path: str, what: Mapping[str, object]) -> Any:
        answer = await self._driver.post(path, json=what)
        if answer.is_error:
            raise RuntimeError(answer.text)
        return answer.json()["value"]


class _Firefox:
    def __init__(self, link: ClientConnection) -> None:
        self._link, self._numbers, self._window = link, count(1), ""

    async def begin(self) -> None:
        await self._ask("session.new", capabilities={})
        tree = await self._ask("browsingContext.getTree")
        self._window = tree["contexts"][0]["context"]

    async def open(self, address: str) -> None:
        await self._ask("browsingContext.navigate", context=self._window, url=address, wait="complete")

    async def value(self, expression: str) -> Any:
        answer = await self._ask(
            "script.evaluate",
            expression=f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))",
            target={"context": self._window},
            awaitPromise=True,
        )
        if answer["type"] != "success":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def run(self, statements: str) -> None:
        await self.value(f"(() => {{ {statements} }})()")

    async def picture(self) -> bytes:
        answer = await self._ask("browsingContext.captureScreenshot", context=self._window)
        return base64.b64decode(answer["data"])

    async def _ask(self, method: str, **params: object) -> Any:
        number = next(self._numbers)
        await self._link.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(await self._link.recv())).get("id") != number:
            pass
        if answer["type"] == "error":
            raise RuntimeError(answer["message"])
        return answer["result"]


@asynccontextmanager
async def _webkit(home: Path) -> AsyncIterator[Browser]:
    port = free_port()
    options = {"binary": _MINI_BROWSER, "args": ["--automation"]}
    wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
    async with AsyncExitStack() as stack:
        # It shows itself to a screen that nobody sees.
        await _started(stack, home, "xvfb-run", "-a", "WebKitWebDriver", f"--port={port}")
        driver = await stack.enter_async_context(httpx.AsyncClient(timeout=60))
        root = f"http://127.0.0.1:{port}/session"
        session = (await _until_there(lambda: driver.post(root, json=wanted))).json()["value"]["sessionId"]
        driver.base_url = httpx.URL(f"{root}/{session}/")
        yield _WebKit(driver)
        await driver.delete(f"{root}/{session}")


@asynccontextmanager
async def _firefox(home: Path) -> AsyncIterator[Browser]:
    port = free_port()
    async with AsyncExitStack() as stack:
        flags = ("--headless", "--no-remote", "--profile", str(home), f"--remote-debugging-port={port}")
        await _started(stack, home, "firefox-esr", *flags)
        link = await _until_there(lambda: _connected(f"ws://127.0.0.1:{port}/session"))
        stack.push_async_callback(link.close)
        firefox = _Firefox(link)
        await firefox.begin()
        yield firefox


async def _connected(address: str) -> ClientConnection:
    return await websockets.connect(address, max_size=None)


async def _started(stack: AsyncExitStack, home: Path, *command: str) -> None:
    """A program with a home of its own, ended with all that it began."""
    quiet = asyncio.subprocess.DEVNULL
    # WebKit's own sandbox is not to be had by root; the page is ours.
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
    }
    process = await asyncio.create_subprocess_exec(
        *command, stdout=quiet, stderr=quiet, env=environment, start_new_session=True
    )

    async def end() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

    stack.push_async_callback(end)


async def _until_there(ask: Callable[[], Awaitable[_T]]) -> _T:
    """What ``ask`` gives once somebody listens."""
    for _ in range(int(_WITHIN_S / _LOOK_S)):
        with suppress(OSError, httpx.TransportError):
            return await ask()
        await asyncio.sleep(_LOOK_S)
    return await ask()


async def _visit(browser: Browser, address: str, pictures: Path | None, name: str) -> list[str]:
    """What is wrong there; empty: nothing."""
    wrong: list[str] = []

    async def holds(expression: str, otherwise: str) -> None:
        for _ in range(int(_WITHIN_S / _LOOK_S)):
            if await browser.value(expression):
                return
            await asyncio.sleep(_LOOK_S)
        wrong.append(otherwise)

    await browser.open(address)
    await browser.run(_WATCH)
    for page in _PAGES:
        await browser.run(f"location.hash = '/{page.lower()}'")
        await holds(_ARRIVED % json.dumps(page), f"{page} did not come")
        if pictures is not None:
            (pictures / f"{name}-{page.lower()}.png").write_bytes(await browser.picture())
    await browser.run("location.hash = '/talk'")
    await holds(_ARRIVED % '"Talk"', "Talk did not come again")
    await browser.run(_ASK % json.dumps("turn off the kitchen light"))
    await holds(_SAYS % json.dumps("Kitchen Light is off."), "a command was not answered")
    await browser.run("location.hash = '/house'")
    await holds(f"{_SWITCH}?.ariaChecked === 'false'", "the lamp is not shown as it is")
    await browser.run(f"{_SWITCH}.click()")
    await holds(f"{_SWITCH}.ariaChecked === 'true'", "the lamp that was clicked did not change")
    if "turn" not in str(said := await browser.value(_REFUSAL)):
        wrong.append(f"an error reads {said!r}")
    wrong += await browser.value("troubles")
    return wrong


async def main(pictures: Path | None) -> int:
    """Exit status: 0 where nothing is wrong in any of them."""
    failed = 0
    async with house() as (_, address):
        for name, opened in (("firefox", _firefox), ("webkit", _webkit)):
            with tempfile.TemporaryDirectory() as home:
                async with opened(Path(home)) as browser:
                    agent = await browser.value("navigator.userAgent")
                    wrong = await _visit(browser, address, pictures, name)
            print(f"{name}: {'; '.join(wrong) or 'all of it works'} ({agent})")
            failed += bool(wrong)
    return min(failed, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, help="a folder for a picture of each page")
    taken = parser.parse_args().pictures
    if taken is not None:
        taken.mkdir(parents=True, exist_ok=True)
    sys.exit(asyncio.run(main(taken)))
