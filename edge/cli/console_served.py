"""The console beside ``hearth run``, and what ``hearth console`` asks of it by the assistant's own socket."""

import functools
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack
from typing import Any, Final

from edge.api.web import server
from edge.api.web.hosts import addresses, machine_names
from edge.api.web.listeners import Bound
from edge.api.web.server import Console, PortTaken
from edge.api.web.setup_code import LIFE_S
from edge.assistant import Assistant

_MOST: Final = 3
"""Addresses that are shown."""


async def serve_console(
    running: Assistant,
    stack: AsyncExitStack,
    further: MutableMapping[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]],
    bound: Bound | None = None,
) -> None:
    """Serve it until ``stack`` ends, and have the requests of ``hearth console`` answered. ``bound``: where is listened
    already. Raises StorageError.
    """
    try:
        console = await stack.enter_async_context(server.serve_console(running, bound))
    except PortTaken as error:
        # Whoever speaks to it is more important than whoever looks at it.
        running.report(error)
        return
    further.update(requests_of(console))
    if sys.stdout.isatty() and not await console.entrance.accounts.owned():
        # Not in the log: whoever may read that may not therefore own the house.
        code = console.entrance.code.new()
        print(f"\nThe console, and its first password: {console.address}#/setup?code={code}\n", flush=True)


def requests_of(console: Console) -> dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]]:
    """What :func:`edge.api.local.serve` answers of ``hearth console``, by its name."""
    return {
        "console_changed": functools.partial(_changed, console),
        "console_link": functools.partial(_link, console),
    }


async def _changed(console: Console, _: dict[str, Any]) -> dict[str, Any]:
    """Something was changed in the database."""
    await console.entrance.changed()
    return {"type": "console", "network": bool(console.listeners.tls_port)}


async def _link(console: Console, _: dict[str, Any]) -> dict[str, Any]:
    """Where the console is, and how the first password is set, where there is none."""
    entrance = console.entrance
    owned = await entrance.accounts.owned()
    way = "" if owned else f"#/setup?code={entrance.link()}"
    await entrance.changed()
    port = console.listeners.tls_port
    return {
        "type": "console",
        "here": f"{console.address}{way}",
        "network": [f"https://{host}:{port}/{way}" for host in _hosts(console)] if port else [],
        "fingerprint": console.certificate.fingerprint() if port and console.certificate.self_made else None,
        "owned": owned,
        "minutes": None if owned else round(LIFE_S / 60),
    }


def _hosts(console: Console) -> list[str]:
    """By which it is most likely reached."""
    named = machine_names()[:1]
    own = [address for address in addresses() if ":" not in address]
    return [*console.entrance.names.allowed, *named, *own][:_MOST]
