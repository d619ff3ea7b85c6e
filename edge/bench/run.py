"""One run: every system hears the same clips, in turn, clip by clip.

The complete assistant, our engines and the peers run side by side, each in a process of its own, and only one of them
works at a time, so that the machine's mood of the minute falls on all alike. Wake words and the quiet room, which are
timed by the clock of the sound, are played to all at once.
"""

import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import anyio

from edge.audio.wavfile import write_wav
from edge.bench import house, peers, servers
from edge.bench.free_port import free_port
from edge.bench.observed import Observed
from edge.bench.result import OUR_STT, OUR_WAKE, OURS, System
from edge.bench.servers import Server, Whole
from edge.bench.sounds import Programme, Woken, quiet
from edge.bench.wyoming_client import detect, first_sound, transcribe
from edge.chunk import RATE
from edge.engines import stt_model
from edge.home.demo import DEVICES, Address, SimulatedHome, embedded_broker
from edge.settings import Settings

IDLE_S: Final = 20.0
STARTS: Final = 3
_PEER_WORDS: Final = {"okay_nabu": "ok_nabu"}
"""What openWakeWord calls the words of which ours has another name."""

Tell = Callable[[str, int, int], None]
"""What goes on, and how many steps of how many are done."""


class Run:
    """Measures; :meth:`measure` is the whole story."""

    def __init__(
        self, settings: Settings, config: Path | None, programme: Programme, folder: Path | None, tell: Tell
    ) -> None:
        """``config``: the file of ``settings``; ``folder``: of the peers' environments, None to run without peers."""
        self._settings, self._config, self._programme, self._peers = settings, config, programme, folder
        self._tell = tell
        self._fixtures = programme.fixtures or Path()
        self._devices = house.announced(programme.fixtures) if programme.fixtures else DEVICES
        self._done = self._steps = 0
        self._seen: dict[str, Observed] = {}

    async def measure(self, idle_s: float = IDLE_S, starts: int = STARTS) -> list[System]:
        """Every system's figures. Raises BenchError and ModelError."""
        with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
            if self._programme.fixtures is None:
                self._fixtures = house.describe(Path(folder) / "house.yaml", DEVICES)
            return await self._measure(idle_s, starts)

    async def _measure(self, idle_s: float, starts: int) -> list[System]:
        names = list(self._commands())
        self._steps = starts * (len(names) + 1) + len(self._programme.turns) * 2 + len(self._programme.wakes) + 1
        async with AsyncExitStack() as stack:
            broker = await stack.enter_async_context(self._house())
            for _ in range(starts - 1):
                await self._start_once(broker)
            assistant = await stack.enter_async_context(self._whole(broker))
            running = {name: await stack.enter_async_context(self._serving(name)) for name in names}
            await self._speak_to_each(assistant, running)
            await self._wake_all(running)
            await self._leave_alone(assistant, running, idle_s)
        return [seen.system() for seen in self._seen.values()]

    @asynccontextmanager
    async def _house(self) -> AsyncIterator[Address]:
        """What the commands are about, simulated, on a broker in this process."""
        async with embedded_broker() as address, SimulatedHome(address, self._devices):
            yield address

    # -- starting --------------------------------------------------------------------------------------------------

    async def _start_once(self, broker: Address) -> None:
        """Once more from nothing, for the cold start alone."""
        async with self._whole(broker):
            pass
        for name in self._commands():
            async with self._serving(name):
                pass

    @asynccontextmanager
    async def _whole(self, broker: Address) -> AsyncIterator[Whole]:
        self._step("starting the assistant")
        async with servers.whole(broker, self._config) as running:
            seen = self._observed(OURS, "the complete assistant, from the microphone's side to the loudspeaker's")
            seen.starts.append(running.cold_start_s)
            yield running

    @asynccontextmanager
    async def _serving(self, name: str) -> AsyncIterator[Server]:
        self._step(f"starting {name}")
        port = free_port()
        what, command = self._commands()[name]
        async with servers.serving(name, command(port), port) as server:
            self._observed(name, what).starts.append(server.cold_start_s)
            yield server

    def _commands(self) -> Mapping[str, tuple[str, Callable[[int], list[str]]]]:
        """Every server: what it is, and how it is started on a port."""
        settings, folder, fixtures = self._settings, self._peers, self._fixtures
        ours = {
            OUR_STT: (
                f"our speech to text alone, {stt_model(settings)}, told what can be said in this house",
                lambda port: servers.our_stt(settings, fixtures, port),
            ),
            OUR_WAKE: ("our wake word alone", lambda port: servers.our_wake(settings, port)),
        }
        if folder is None:
            return ours
        return {
            **ours,
            peers.WHISPER.name: (
                f"version {peers.WHISPER.version}, its defaults, Whisper tiny.en",
                lambda port: servers.peer_stt(settings, folder, port),
            ),
            peers.WAKE.name: (
                f"version {peers.WAKE.version}, its defaults and models",
                lambda port: servers.peer_wake(folder, port),
            ),
            peers.PIPER.name: (
                f"version {peers.PIPER.version}, its defaults, the same voice",
                lambda port: servers.peer_voice(settings, folder, port),
            ),
        }

    # -- working ---------------------------------------------------------------------------------------------------

    async def _speak_to_each(self, assistant: Whole, running: Mapping[str, Server]) -> None:
        """The same command to one after the other; who begins changes with every clip."""
        hearers = [name for name in (OUR_STT, peers.WHISPER.name) if name in running]
        with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
            for number, turn in enumerate(self._programme.turns):
                self._step(f"“{turn.text}” to the assistant")
                path = Path(folder) / f"{number}.wav"
                write_wav(path, turn.pcm, RATE)
                reply = await self._turn(assistant, path, turn.text)
                self._step(f"“{turn.text}” to the servers")
                if number < len(self._programme.commands):
                    for name in hearers if number % 2 == 0 else reversed(hearers):
                        await self._hear(name, running[name], number)
                if reply and peers.PIPER.name in running:
                    await self._say(running[peers.PIPER.name], reply)

    async def _turn(self, assistant: Whole, path: Path, said: str) -> str:
        seen = self._seen[OURS]
        with seen.working(assistant.process):
            turns = await assistant.play(path)
        return seen.turn(said, turns)

    async def _hear(self, name: str, server: Server, number: int) -> None:
        command, seen = self._programme.commands[number], self._seen[name]
        with seen.working(server.process):
            answer = await transcribe(server.port, command.pcm, self._settings.understand.language)
        seen.heard(command.text, answer)

    async def _say(self, server: Server, text: str) -> None:
        seen = self._seen[peers.PIPER.name]
        with seen.working(server.process):
            answer = await first_sound(server.port, text)
        seen.took("first_audio", answer.ms)

    async def _wake_all(self, running: Mapping[str, Server]) -> None:
        for clip in self._programme.wakes:
            self._step(f"“{clip.word}” to wake words")
            async with anyio.create_task_group() as tasks:
                for name in (OUR_WAKE, peers.WAKE.name):
                    if name in running:
                        tasks.start_soon(self._wake, name, running[name], clip)

    async def _wake(self, name: str, server: Server, clip: Woken) -> None:
        seen = self._seen[name]
        seen.woke(clip.said, await detect(server.port, clip.pcm, _word(name, clip.word)))

    async def _leave_alone(self, assistant: Whole, running: Mapping[str, Server], idle_s: float) -> None:
        """A quiet room for everything that always listens."""
        self._step(f"{idle_s:.0f} s of quiet")
        room = quiet(idle_s)
        with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
            path = Path(folder) / "quiet.wav"
            write_wav(path, room, RATE)

            async def ours() -> None:
                with self._seen[OURS].idling(assistant.process):
                    await assistant.play(path)

            async def words(name: str) -> None:
                with self._seen[name].idling(running[name].process):
                    await detect(running[name].port, room, _word(name, self._programme.wakes[0].word))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ours)
                for name in (OUR_WAKE, peers.WAKE.name):
                    if name in running:
                        tasks.start_soon(words, name)
        self._tell("done", self._steps, self._steps)

    def _observed(self, name: str, what: str) -> Observed:
        return self._seen.setdefault(name, Observed(name, what))

    def _step(self, what: str) -> None:
        self._tell(what, self._done, self._steps)
        self._done += 1


def _word(system: str, word: str) -> str:
    return _PEER_WORDS.get(word, word) if system == peers.WAKE.name else word
