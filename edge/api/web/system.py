"""``/v1/health``: what works, how the board is, which versions run, and how they are changed."""

import contextlib
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
from fastapi import APIRouter

from edge.api.web.access import Member
from edge.api.web.bodies import Body
from edge.assistant import Assistant
from edge.board import Board, BoardState
from edge.checks import live_checks
from edge.updates.places import running

_FRESH_S: Final = 5.0
"""How long a look is good for, so that many who look cost no more than one."""
_FROM_TREE: Final = "/opt/hearthside"
_PACKAGED: Final = "/usr/lib/hearthside"
"""Where `scripts/install` and the Debian package have the programs."""
_PACKAGES: Final = (
    "hearthside",
    "ctranslate2",
    "faster-whisper",
    "llama-cpp-python",
    "moonshine-voice",
    "onnxruntime",
    "piper-tts",
    "pymicro-wakeword",
)


class Check(Body):
    """One thing that works or does not."""

    check: str
    ok: bool
    needed: bool
    """Whether the assistant can't do its job without."""
    found: str
    remedy: str


class Updating(Body):
    """How another version comes here."""

    installed: str
    automatic: bool
    """Whether the assistant can do it by itself."""
    how: list[str]
    """Else what a person does, in this order."""
    back: list[str]
    """And to return to the version before."""


class Health(Body):
    """How it is."""

    boot: str
    """Another one each time the assistant is started."""
    at: float
    """When it was looked at, seconds since the epoch."""
    checks: list[Check]
    board: BoardState
    versions: dict[str, str]
    updating: Updating


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1", tags=["system"])
    look = _Look(assistant)

    @routes.get("/health", summary="What works, and how the board is")
    async def health(_: Member) -> Health:
        """As `hearth check` tells it, of the assistant that runs; five seconds old at most."""
        return await look.now()

    return routes


class _Look:
    def __init__(self, assistant: Assistant) -> None:
        self._assistant, self._board = assistant, Board()
        self._looking = anyio.Lock()
        self._last: tuple[float, Health] | None = None

    async def now(self) -> Health:
        async with self._looking:
            if self._last is None or time.monotonic() - self._last[0] > _FRESH_S:
                self._last = time.monotonic(), await self._look()
            return self._last[1]

    async def _look(self) -> Health:
        settings = self._assistant.settings
        checks = [Check(**row) for row in await live_checks(self._assistant)]
        state = await anyio.to_thread.run_sync(self._board.read, settings.data_dir, settings.models_dir)
        return Health(
            boot=self._assistant.boot,
            at=time.time(),
            checks=checks,
            board=state,
            versions=await anyio.to_thread.run_sync(versions),
            updating=updating(),
        )


def versions() -> dict[str, str]:
    """Of what runs here."""
    found = {"Python": platform.python_version(), "kernel": f"{platform.system()} {platform.release()}"}
    with contextlib.suppress(OSError, KeyError):
        found = {"system": platform.freedesktop_os_release()["PRETTY_NAME"], **found}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def updating(prefix: str = sys.prefix) -> Updating:
    """By the way that it was installed, what to type: docs/install.md; and whether /v1/updates does it. ``prefix``:
    where the programs are.
    """
    installed = version("hearthside")
    if Path(prefix).is_relative_to(_FROM_TREE):
        how = ["git pull", "sudo ./scripts/install"]
        back = ["git checkout @{1}", "sudo ./scripts/install"]
    elif Path(prefix).is_relative_to(_PACKAGED):
        how = ["sudo apt install ./hearthside_NEWER.deb"]
        back = [f"sudo apt install --allow-downgrades ./hearthside_{installed}~*.deb"]
    else:
        pip = f"{prefix}/bin/pip"
        how = [f"{pip} install --upgrade hearthside", "hearth models fetch", "hearth check"]
        back = [f"{pip} install hearthside=={installed}"]
    return Updating(installed=installed, automatic=running(prefix) is not None, how=how, back=back)
