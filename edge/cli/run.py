"""``hearth run``: the assistant that stays."""

import functools
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from cloud_sync.notify import started_by_systemd, stretch_watch, tell_systemd
from cloud_sync.private import keep_private
from edge import plugins
from edge.api import mqtt
from edge.api.local import serve
from edge.app import assistant
from edge.assistant import Assistant
from edge.audio.front_end import FrontEnd
from edge.audio.mic import Microphone
from edge.audio.portaudio import PortAudio
from edge.audio.reference import Reference
from edge.audio.ring import Ring
from edge.audio.speaker import Speaker
from edge.board_profile import Kind, this_board
from edge.bus import Bus
from edge.errors import AssistantError, MicrophoneSilent, ModelError
from edge.events import Fault
from edge.heap import begin_loading, end_loading
from edge.observe.turn_log import log_turns
from edge.patience import SHORTEST_S, Patience
from edge.ports import Delegate
from edge.pressure import is_short
from edge.service import log_to_stderr, run_async, stop_signals
from edge.settings import Settings
from edge.updates import places
from edge.watchdog import LIMITS_S, LOOK_S, keep_watch
from models.store import Store

Requests: TypeAlias = dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]]
"""What others answer of the assistant's own socket."""

_log = logging.getLogger("hearth")
_START_S = 300.0
"""How long the slowest board may take to begin anew, in which there is no beat."""


def run_assistant(settings: Settings) -> int:
    """Runs until SIGTERM or SIGINT. Returns the exit code."""
    keep_private()
    log_to_stderr(settings.log_level, settings.log_format)
    gc.disable()  # while everything loads, there is nothing to collect
    begin_loading()
    if run_async(_until_told_to_stop, settings):
        # In the same process, so that whoever watches over it sees no end.
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # our own command line
    return 0


async def _until_told_to_stop(settings: Settings) -> bool:
    """Returns whether it is to begin anew."""
    begun = time.perf_counter()
    portaudio = PortAudio()
    async with AsyncExitStack() as stack:
        sink, reference, ducks = None, Reference(), settings.audio.echo == "duck"
        microphone: Microphone | None = None
        if settings.audio.output != "none":
            sink = await stack.enter_async_context(Speaker(settings.audio.output, portaudio, reference))
        hears = settings.audio.input != "none"
        suspect = sink.duck if sink is not None and ducks else None
        running = await stack.enter_async_context(assistant(settings, hears=hears, sink=sink, suspect=suspect))
        tasks = await stack.enter_async_context(anyio.create_task_group())
        tasks.start_soon(log_turns, running.bus)
        further: Requests = {}
        await stack.enter_async_context(serve(running, further))
        delegate = await stack.enter_async_context(_wyoming(running))
        if settings.hardware.drivers:
            from edge.cli.hardware import attend

            await attend(running, stack, tasks)
        await stack.enter_async_context(mqtt.serve(running))
        if hears:
            microphone = await _hear(running, portaudio, reference, delegate, stack, tasks)
            _log.info("listening after %.1f s", time.perf_counter() - begun)
        await console(running, stack, tasks, further)
        lacks = await _loaded(running)
        await _settle_memory()
        with stop_signals() as told_to_stop:
            _log.info("ready in %.1f s, %s", time.perf_counter() - begun, _says(settings))
            tell_systemd("READY=1")
            stretch_watch(None)
            _look_after_updates(running, tasks)
            again = await _ended(running, functools.partial(_status, running, microphone, lacks), told_to_stop)
        if again:
            stretch_watch(_START_S)
        # systemd waits for READY=1 after RELOADING=1, and for the end of the process after STOPPING=1.
        tell_systemd(
            f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}\nWATCHDOG=1" if again else "STOPPING=1"
        )
        tasks.cancel_scope.cancel()
    return again


async def _hear(
    running: Assistant,
    portaudio: PortAudio,
    reference: Reference,
    delegate: Delegate | None,
    stack: AsyncExitStack,
    tasks: TaskGroup,
) -> Microphone:
    """Returns when a wake word would be heard. Raises AudioError where there is no microphone and none is awaited."""
    await running.listens()
    ring = Ring(running.settings.audio.ring_seconds)
    microphone = Microphone(
        running.settings.audio.input,
        ring,
        portaudio,
        functools.partial(_on_microphone, running, tasks),
        front_end=_front_end(running.settings, reference),
        switch=running.listening,
        waits=started_by_systemd(),
    )
    await stack.enter_async_context(microphone)
    running.observation.overflows = lambda: microphone.overflows
    tasks.start_soon(running.follow, ring, delegate)
    stack.callback(ring.close)
    return microphone


async def _settle_memory() -> None:
    """What is loaded by now stays. To look at all of it each time would stop everything for a quarter of a second."""
    gc.collect()
    gc.freeze()
    gc.enable()
    await run_sync(end_loading)


def _patience(settings: Settings) -> Patience | None:
    """How much sooner than the unit says a process that stands still is started anew. Not at all where a start takes
    longer than that anyway, and whatever is short of memory stands still for seconds now and then.
    """
    chosen = settings.board.profile
    if (this_board() if chosen == "auto" else Kind(chosen)) is Kind.ZERO_2_W:
        return None
    return Patience(SHORTEST_S, functools.partial(is_short, os.environ))


def _look_after_updates(running: Assistant, tasks: TaskGroup) -> None:
    """Where it was installed so that one version can take the place of another."""
    if (release := places.running()) is not None and started_by_systemd():
        from edge.updates.keeper import Keeper

        tasks.start_soon(Keeper(running, release, _end).serve)


def _end() -> None:
    """As if systemd had told it to; whoever watches over it starts it again."""
    os.kill(os.getpid(), signal.SIGTERM)


async def _ended(running: Assistant, status: Callable[[], str], told_to_stop: Callable[[], Awaitable[None]]) -> bool:
    """Returns when it is told to end, with whether that is to begin anew. Until then systemd has its beats."""
    again = anyio.Event()
    running.begin_anew = again.set
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep_watch, status, LIMITS_S, LOOK_S, _patience(running.settings))

        async def stop() -> None:
            await told_to_stop()
            tasks.cancel_scope.cancel()

        tasks.start_soon(stop)
        await again.wait()
        _log.info("beginning anew")
        tasks.cancel_scope.cancel()
    return again.is_set()


async def console(running: Assistant, stack: AsyncExitStack, tasks: TaskGroup, further: Requests) -> None:
    """Serve the page and the API. Imported only here, as hearing comes first."""
    api = running.settings.api
    if not api.serve:
        return
    if api.load == "asked":
        from edge.cli.console_later import begin

        if (later := await begin(running, further)) is not None:
            tasks.start_soon(later.serve)
        return
    from edge.cli.console_served import serve_console

    await serve_console(running, stack, further)


@asynccontextmanager
async def _wyoming(running: Assistant) -> AsyncIterator[Delegate | None]:
    """Gives what takes spoken commands in our place, where the settings want that."""
    wyoming = running.settings.wyoming
    if not (wyoming.serve or wyoming.satellite):
        yield None
        return
    from edge.api.wyoming.server import serve as serve_wyoming

    async with serve_wyoming(running) as satellite:
        yield satellite


def _front_end(settings: Settings, reference: Reference) -> FrontEnd:
    denoise, echo = settings.audio.denoise, settings.audio.echo
    denoiser = None if denoise == "none" else plugins.load("denoise", denoise)(Store(settings.models_dir).root)
    return FrontEnd(reference if echo in ("auto", "cancel") else None, denoiser)


def _on_microphone(running: Assistant, tasks: TaskGroup, error: AssistantError | None) -> None:
    if error is None:
        _log.info("the microphone is back")
        return
    _emit_fault(running.bus, error)
    if isinstance(error, MicrophoneSilent):
        # Nobody could ask for it, so it is said without being asked.
        tasks.start_soon(_complain, running, error)


async def _complain(running: Assistant, error: AssistantError) -> None:
    try:
        await running.complain(error)
    except AssistantError as unspoken:
        _emit_fault(running.bus, unspoken)


def _emit_fault(bus: Bus, error: AssistantError) -> None:
    bus.emit(Fault(turn="", at=time.monotonic(), code=error.code, stage=error.stage, message=str(error)))


async def _loaded(running: Assistant) -> str:
    """Returns when every engine is loaded that can be, with what is wrong with the one that can't; empty: nothing.

    Looked after by systemd it goes on without: alarms ring, and who writes is answered. A person who has started it
    is told at once. Raises ModelError.
    """
    try:
        await running.ready()
    except ModelError as error:
        if not started_by_systemd():
            raise
        _emit_fault(running.bus, error)
        return str(error)
    return ""


def _status(running: Assistant, microphone: Microphone | None, lacks: str = "") -> str:
    """For ``systemctl status``."""
    hears = lacks or _says(running.settings)
    if microphone is not None and not running.listening.on:
        hears = "the microphone is switched off"
    elif microphone is not None and microphone.gone:
        hears = "the microphone is gone, waiting for it"
    return hears if running.house.online else f"{hears}; no broker at {running.settings.mqtt.host}"


def _says(settings: Settings) -> str:
    if settings.audio.input == "none":
        return "text only"
    return "listening for " + ", ".join(word.replace("_", " ") for word in settings.wake.words)
