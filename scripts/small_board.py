"""What `hearth run` takes of memory on the smallest boards: when it is ready, after a number of sentences, once
somebody has looked at its page and spoken through it, in each language; and whether it lives in so much memory.

    .venv/bin/python -m scripts.small_board [--languages en,de,fr,es] [--turns 20] [--bridge] [--profile zero2w]
    sudo .venv/bin/python -m scripts.small_board --limit 330 --turns 50

It has a virtual microphone (PulseAudio, tests/pulse.py), a broker of its own (mosquitto) with the simulated devices of
`hearth demo`, and byte code as an installed program has it. The first start, which reads the sentences of a language,
is not measured. ``--desktop``: with all plugins for ALSA of this machine, of which some bring codecs of 20 MB along;
nothing of ours asks for those. ``--bridge``: an address is set, and `hearth-sync` runs beside it, whose memory is told
apart; nobody answers there. ``--limit``: all of it in a control group of so many MiB, page cache included; needs root.
"""

import argparse
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import httpx
from anyio.from_thread import start_blocking_portal

from edge.api.local_client import request
from edge.bench.free_port import free_port
from edge.errors import AssistantError
from edge.home.demo import SimulatedHome
from scripts.short_of_memory import Log, limited, peak_mb
from tests.brokers import mosquitto
from tests.pulse import Pulse

_START_S: Final = 300.0
_END_S: Final = 20.0
_STILL_S: Final = 6.0
"""Then what was freed has been given back: `edge/heap.py`."""
_PAGE_S: Final = 120.0
_LOOKED_AT: Final = ("", "v1/devices", "v1/turns", "v1/settings", "v1/health", "v1/now", "v1/timers", "v1/privacy")
"""What somebody asks for who goes through the page."""
_SENTENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("turn on the kitchen light", "what time is it", "set a timer for ten minutes", "turn off the kitchen light"),
    "de": ("schalte Kitchen Light ein", "wie spät ist es", "stelle einen Timer auf zehn Minuten"),
    "fr": ("allume Kitchen Light", "quelle heure est-il", "règle un minuteur de dix minutes"),
    "es": ("enciende Kitchen Light", "qué hora es", "pon un temporizador de diez minutos"),
}
_PLAIN_ALSA: Final = """
pcm.!default { type pulse hint { show on description "virtual" } }
ctl.!default { type pulse }
pcm.cable { type pulse hint { show on description "virtual" } }
"""
"""Without the plugins of a desktop, each of which PortAudio loads to look at it."""
_FIGURES: Final = ("VmRSS", "RssFile", "VmHWM")


def memory(process: int) -> dict[str, float]:
    """10^6 bytes that are resident, those of them that are pages of files, and the most that ever were; proc(5)."""
    status = Path(f"/proc/{process}/status").read_text("ascii", "replace")
    found = {name: re.search(rf"^{name}:\s*(\d+)", status, re.MULTILINE) for name in _FIGURES}
    return {name: int(figure[1]) * 1024 / 1e6 for name, figure in found.items() if figure is not None}


def told(what: str, process: int) -> None:
    """A line."""
    now = memory(process)
    print(
        f"  {what:44} {now['VmRSS']:6.0f} MB, {now['RssFile']:4.0f} of files, {now['VmHWM']:4.0f} at most", flush=True
    )


@contextmanager
def started(
    command: list[str], environment: Mapping[str, str], group: Path | None
) -> Iterator["subprocess.Popen[str]"]:
    """In the control group, until the block ends."""

    def enter() -> None:
        if group is not None:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=enter)  # noqa: PLW1509
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ready(process: "subprocess.Popen[str]") -> None:
    """Returns when it is."""
    log = Log(process)
    if log.until("ready in", _START_S) is None:
        raise SystemExit(f"it did not start ({process.poll()}):\n" + "\n".join(log.lines[-20:]))


def asked(data: Path, language: str, turns: int) -> str:
    """Sentences in writing; what became of them."""
    ends = []
    for number in range(turns):
        text = _SENTENCES[language][number % len(_SENTENCES[language])]
        try:
            ends.append(list(request(data, do="ask", text=text))[-1].get("outcome", "?"))
        except AssistantError as error:
            ends.append(str(error))
    return ", ".join(f"{ends.count(end)} {end}" for end in sorted(set(ends)))


def looked_at(page: str) -> str:
    """All of the page, and the first answer's time."""
    with httpx.Client(base_url=page, timeout=_PAGE_S) as client:
        begun = time.perf_counter()
        client.get("/").raise_for_status()
        took = time.perf_counter() - begun
        for path in _LOOKED_AT:
            client.get(path).raise_for_status()
    return f"after {took:.1f} s"


def spoken(page: str, language: str) -> str:
    """Said by its voice, and heard by its recogniser."""
    with httpx.Client(base_url=page, timeout=_PAGE_S) as client:
        said = {"input": _SENTENCES[language][1], "model": "tts-1", "voice": "alloy", "response_format": "wav"}
        sound = client.post("v1/audio/speech", json=said)
        sound.raise_for_status()
        heard = client.post(
            "v1/audio/transcriptions", files={"file": ("a.wav", sound.content)}, data={"model": "whisper-1"}
        )
        heard.raise_for_status()
        return repr(heard.json()["text"])


def measure(language: str, asks: argparse.Namespace, environment: Mapping[str, str], group: Path | None) -> None:
    """In one language."""
    hearth, data = Path(__file__).parents[1] / ".venv/bin", Path(environment["HEARTH_DATA_DIR"])
    page = f"http://127.0.0.1:{environment['HEARTH_API__PORT']}/"
    environment = {**environment, "HEARTH_UNDERSTAND__LANGUAGE": language}
    with started([str(hearth / "hearth"), "run"], environment, group) as once:
        ready(once)
    print(f"{asks.profile}, {language}", flush=True)
    with ExitStack() as running:
        process = running.enter_context(started([str(hearth / "hearth"), "run"], environment, group))
        ready(process)
        told("ready", process.pid)
        if asks.bridge:
            link = running.enter_context(started([str(hearth / "hearth-sync")], environment, group))
            time.sleep(_STILL_S)
        told(f"after {asks.turns} sentences: {asked(data, language, asks.turns)}", process.pid)
        told(f"the page was looked at, which came {looked_at(page)}", process.pid)
        told(f"spoken and heard: {spoken(page, language)}", process.pid)
        told(f"another {asks.turns} sentences: {asked(data, language, asks.turns)}", process.pid)
        time.sleep(_STILL_S)
        told(f"{_STILL_S:.0f} s later", process.pid)
        if asks.bridge:
            told("hearth-sync, by itself", link.pid)
        if group is not None:
            print(f"  lives: {process.poll() is None}; {peak_mb(group)} MiB of {asks.limit} in the group at most")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--profile", default="zero2w")
    parser.add_argument("--languages", default="en", help=f"of {', '.join(_SENTENCES)}, separated by commas")
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--bridge", action="store_true")
    parser.add_argument("--limit", type=int, help="MiB")
    parser.add_argument("--desktop", action="store_true", help="with all of the machine's plugins for ALSA")
    asks = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="small-")))
        broker = stack.enter_context(mosquitto())
        portal = stack.enter_context(start_blocking_portal())
        stack.enter_context(portal.wrap_async_context_manager(portal.call(SimulatedHome, broker.address)))
        pulse = Pulse(folder)
        pulse.start()
        stack.callback(pulse.kill)
        environment = {
            **pulse.environ,
            "PYTHONPYCACHEPREFIX": str(folder / "code"),
            "HEARTH_API__TLS_PORT": "0",
            "HEARTH_MQTT__HOST": broker.address.host,
            "HEARTH_MQTT__PORT": str(broker.address.port),
            "HEARTH_BOARD__PROFILE": asks.profile,
            **({"HEARTH_CLOUD__URL": f"ws://127.0.0.1:{free_port()}"} if asks.bridge else {}),
        }
        if not asks.desktop:
            (folder / "plain.conf").write_text(_PLAIN_ALSA)
            environment["ALSA_CONFIG_PATH"] = str(folder / "plain.conf")
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for language in asks.languages.split(","):
            own = {"HEARTH_DATA_DIR": str(folder / language), "HEARTH_API__PORT": str(free_port())}
            with ExitStack() as bounds:
                group = bounds.enter_context(limited(asks.limit)) if asks.limit else None
                measure(language, asks, {**environment, **own}, group)


if __name__ == "__main__":
    main()
