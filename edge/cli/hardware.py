"""The lights and buttons of ``hearth run``. Imported only where some are configured."""

import functools
import logging
import time
from contextlib import AsyncExitStack

from anyio.abc import TaskGroup

from edge import plugins
from edge.assistant import Assistant
from edge.engine_thread import EngineThread
from edge.errors import HardwareError
from edge.events import Fault
from edge.ports import Panel
from edge.session.lights import Lights
from edge.session.touch import Touch

_log = logging.getLogger(__name__)


async def attend(running: Assistant, stack: AsyncExitStack, tasks: TaskGroup) -> None:
    """Show on the configured hardware what ``running`` does, and do what is pressed there, as long as ``tasks`` run.

    Nobody waits for it: what can't be had is a warning. Raises SettingsError for a plug-in that there is none of.
    """
    hardware = running.settings.hardware
    touch = Touch(running.listening, running.press, running.change_volume, running.bus)
    panels = []
    for driver in hardware.drivers:
        build = functools.partial(plugins.load("panel", driver), hardware, touch.tell)
        panels.append(await stack.enter_async_context(EngineThread[Panel](f"panel-{driver}", build)))
    tasks.start_soon(touch.follow)
    tasks.start_soon(_show, running, panels)


async def _show(running: Assistant, panels: list[EngineThread[Panel]]) -> None:
    there = []
    for panel in panels:
        try:
            _log.info("hardware: %s", ", ".join(await panel.call(lambda engine: engine.found)))
            there.append(panel)
        except HardwareError as error:
            at = time.monotonic()
            running.bus.emit(Fault(turn="", at=at, code=error.code, stage=error.stage, message=_told(running, error)))
    await Lights(there, lambda: running.house.online, listening=running.listening).follow(running.bus)


def _told(running: Assistant, error: HardwareError) -> str:
    if running.listening.locked:
        return f"{error}; the microphone stays off, as its mute switch can't be read"
    return str(error)
