"""The command line as people and other programs meet it: its output, its errors, its exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from edge.chunk import RATE
from edge.home.demo import SimulatedHome
from edge.samples import KITCHEN_LIGHT
from tests.brokers import Mosquitto, free_port
from tests.sounds import Say, quiet

HEARTH = str(Path(sys.executable).with_name("hearth"))
Environment = dict[str, str]


@pytest.fixture
def environ(broker: Mosquitto, tmp_path: Path) -> Environment:
    """Of an assistant without sound on that broker, and without the language model, which nothing here asks."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_") or "MODELS" in name}
    return {
        **clean,
        "HEARTH_DATA_DIR": str(tmp_path),
        "HEARTH_MQTT__HOST": broker.address.host,
        "HEARTH_MQTT__PORT": str(broker.address.port),
        "HEARTH_MQTT__CONFIRM_S": "20",
        "HEARTH_AUDIO__INPUT": "none",
        "HEARTH_AUDIO__OUTPUT": "none",
        "HEARTH_UNDERSTAND__LLM": "none",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }


def hearth(environ: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HEARTH, *arguments], env=environ, capture_output=True, text=True, timeout=120, check=False)


async def in_thread(environ: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Beside simulated devices, that live on this event loop."""
    import anyio.to_thread

    return await anyio.to_thread.run_sync(lambda: hearth(environ, *arguments))


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    """JSON lines, and nothing else, on standard output."""
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def running(environ: Environment, within_s: float = 120) -> Iterator[subprocess.Popen[bytes]]:
    """`hearth run`, ready; its log is in ``log`` in the data directory."""
    log = Path(environ["HEARTH_DATA_DIR"]) / "log"
    with log.open("wb") as stderr:
        process = subprocess.Popen([HEARTH, "run"], env=environ, stderr=stderr)
    try:
        deadline = time.monotonic() + within_s
        while "ready in" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "it is not ready in time"
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


# -- a running assistant ----------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_ask_devices_and_stop(home: SimulatedHome, environ: Environment) -> None:
    with running(environ) as process:
        listed = await in_thread(environ, "devices", "--json")
        assert listed.returncode == 0
        light = next(row for row in rows(listed) if row["id"] == "light.kitchen_light")
        assert (light["name"], light["area"], light["state"], light["available"]) == (
            "Kitchen Light",
            "Kitchen",
            "off",
            True,
        )

        asked = await in_thread(environ, "ask", "turn", "on", "the", "kitchen", "light", "--json", "--session", "s1")
        assert asked.returncode == 0
        ended = rows(asked)[-1]
        assert (ended["type"], ended["outcome"], ended["session"], ended["tier"]) == (
            "turn_ended",
            "done",
            "s1",
            "grammar",
        )
        assert home.state("kitchen_light")["state"] == "ON"
        assert asked.stderr == ""

        second = await in_thread(environ, "run")
        assert second.returncode == 1
        assert second.stderr.splitlines()[-1].startswith("hearth: an assistant runs already in")

        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not (Path(environ["HEARTH_DATA_DIR"]) / "hearth.sock").exists()


def test_sigterm_ends_it_within_two_seconds(environ: Environment) -> None:
    took = []
    # Whoever else uses the processor may delay one of them, and not all.
    while len(took) < 8 and min(took, default=9.0) >= 2.0:
        with running(environ) as process:
            process.terminate()
            begun = time.monotonic()
            assert process.wait(60) == 0
            took.append(time.monotonic() - begun)
    assert min(took) < 2.0, took


@pytest.mark.anyio
async def test_ask_works_without_a_running_assistant(home: SimulatedHome, environ: Environment) -> None:
    asked = await in_thread(environ, "ask", "is the back door open")
    assert (asked.returncode, asked.stdout.strip()) == (0, "No, Back Door is closed.")


def test_a_socket_left_by_a_crash_is_replaced(environ: Environment) -> None:
    with running(environ) as process:
        process.kill()
        process.wait()
    assert (Path(environ["HEARTH_DATA_DIR"]) / "hearth.sock").exists()
    with running(environ):
        assert hearth(environ, "ask", "what time is it").returncode == 0


def test_no_word_of_what_was_said_is_logged(environ: Environment) -> None:
    del environ["HEARTH_UNDERSTAND__LLM"]
    with running({**environ, "HEARTH_LOG_LEVEL": "debug"}) as process:
        assert hearth(environ, "ask", "remember the zebra").returncode == 0
        process.terminate()
        process.wait(60)
    log = (Path(environ["HEARTH_DATA_DIR"]) / "log").read_text()
    assert "not_understood" in log
    assert "zebra" not in log


# -- recordings -------------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_play_prints_events_and_writes_the_answer(
    home: SimulatedHome, environ: Environment, tmp_path: Path
) -> None:
    played = await in_thread(environ, "play", "--json", "--out", str(tmp_path / "answers"), str(KITCHEN_LIGHT))
    assert played.returncode == 0, played.stderr
    ended = rows(played)[-1]
    assert ended["type"] == "turn_ended"
    assert ended["outcome"] == "done"
    assert home.state("kitchen_light")["state"] == "ON"
    answer, rate = soundfile.read(str(tmp_path / "answers" / "okay-nabu-kitchen-light.wav"))
    assert len(answer) / rate > 0.5


@pytest.mark.anyio
async def test_five_recordings_give_five_turns(
    home: SimulatedHome, environ: Environment, say: Say, tmp_path: Path
) -> None:
    """Each of another shape that recordings come in; the same five commands as eight bits of telephone or as a studio."""
    wanted = {
        "turn on the kitchen light": ("HassTurnOn", 8000, 1, "PCM_16"),
        "is the back door open": ("HassGetState", 16000, 1, "PCM_16"),
        "open the blinds": ("HassTurnOn", 44100, 2, "PCM_24"),
        "turn on the bedroom fan": ("HassTurnOn", 48000, 2, "FLOAT"),
        "what time is it": ("HassGetCurrentTime", 22050, 1, "PCM_U8"),
    }
    files = []
    import soxr

    for number, (text, (_, rate, channels, subtype)) in enumerate(wanted.items()):
        spoken = np.concatenate([quiet(1.0), say(f"Alexa, {text}."), quiet(0.1)]) / 32768
        sound = np.repeat(soxr.resample(spoken, RATE, rate)[:, None], channels, axis=1)
        files.append(tmp_path / f"{number}.wav")
        soundfile.write(files[-1], np.clip(sound, -1, 1), rate, subtype=subtype)
    played = await in_thread(environ, "play", "--json", *map(str, files))
    assert played.returncode == 0, played.stderr
    ended = [row for row in rows(played) if row["type"] == "turn_ended"]
    assert [row["intent"] and row["intent"]["name"] for row in ended] == [intent for intent, *_ in wanted.values()]  # type: ignore[index]
    assert [row["file"] for row in ended] == [str(file) for file in files]


def test_bad_recordings_are_named_and_the_others_are_played(environ: Environment, tmp_path: Path) -> None:
    whole = soundfile.read(KITCHEN_LIGHT, dtype="int16")[0]
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("I am no recording")
    soundfile.write(tmp_path / "nothing.wav", np.zeros(0, np.int16), RATE)
    soundfile.write(tmp_path / "noise.wav", quiet(20.0, level=2000.0), RATE)
    soundfile.write(tmp_path / "whole.wav", whole, RATE)
    (tmp_path / "cut.wav").write_bytes((tmp_path / "whole.wav").read_bytes()[:-20000])
    names = ["empty.wav", "text.wav", "nothing.wav", "missing.wav", "noise.wav", "cut.wav", "whole.wav"]
    played = hearth(environ, "play", "--json", *(str(tmp_path / name) for name in names))
    assert played.returncode == 1
    complaints = played.stderr.splitlines()
    for name, complaint in zip(names[:5], complaints, strict=False):
        assert complaint.startswith("hearth: ")
        assert name in complaint
        assert " — " in complaint
    assert len(complaints) == 5
    ended = [row for row in rows(played) if row["type"] == "turn_ended"]
    assert [Path(str(row["file"])).name for row in ended] == ["cut.wav", "whole.wav"]


def test_a_recording_without_a_wake_word_can_be_taken_as_one_command(
    environ: Environment, say: Say, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "time.wav", say("What time is it?"), RATE)
    assert hearth(environ, "play", str(tmp_path / "time.wav")).returncode == 1
    played = hearth(environ, "play", "--no-wake", "--json", str(tmp_path / "time.wav"))
    assert played.returncode == 0
    assert rows(played)[-1]["outcome"] == "done"


# -- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "extra", "code", "said"),
    [
        (("run", "--config", "nowhere.toml"), {}, 1, "hearth: cannot read nowhere.toml"),
        (("devices",), {"HEARTH_MQTT__PORT": "1"}, 1, "hearth: the MQTT broker 127.0.0.1:1 does not answer"),
        (("devices",), {"HEARTH_MQTT__HOTS": "x"}, 1, "hearth: unknown environment variable HEARTH_MQTT__HOTS"),
        (
            ("run",),
            {"HEARTH_AUDIO__INPUT": "default", "HEARTH_MODELS_DIR": "nowhere"},
            1,
            "hearth: the model speech-embedding is missing",
        ),
        (
            ("run",),
            {"HEARTH_AUDIO__INPUT": "default", "HEARTH_WAKE__WORDS": '["hey_jarvus"]'},
            1,
            "hearth: there is no microWakeWord model for 'hey_jarvus' — did you mean hey_jarvis?",
        ),
        (("play",), {}, 2, "Missing argument"),
        (("sing",), {}, 2, "No such command"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(
    environ: Environment, arguments: tuple[str, ...], extra: Environment, code: int, said: str
) -> None:
    done = hearth({**environ, **extra}, *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stdout == ""
    if code == 1:
        complaints = [line for line in done.stderr.splitlines() if not line.startswith("INFO")]
        assert len(complaints) == 1, complaints
        complaint = complaints[0]
        assert complaint.startswith("hearth: ")
        assert " — " in complaint


@pytest.mark.parametrize("command", ["run", "play", "ask", "devices", "say", "check", "demo"])
def test_every_help_has_an_example(environ: Environment, command: str) -> None:
    done = hearth(environ, command, "--help")
    assert done.returncode == 0
    assert "Example:" in done.stdout


def test_it_says_what_it_is(environ: Environment) -> None:
    said = hearth(environ, "--version")
    assert (said.returncode, said.stdout) == (0, f"Hearthside {version('hearthside')}\n")


def test_check_says_what_works(environ: Environment) -> None:
    done = hearth(environ, "check", "--json")
    found = {str(row["check"]): row for row in rows(done)}
    assert done.returncode == 0
    assert {"microphone", "loudspeaker", "broker", "disk", "clock", "cloud"} <= set(found)
    assert found["broker"]["ok"]
    assert hearth({**environ, "HEARTH_MQTT__PORT": "1"}, "check").returncode == 1


def test_the_demo_s_page_is_there_until_it_is_told_to_stop(environ: Environment, tmp_path: Path) -> None:
    port = free_port()
    with subprocess.Popen(
        [HEARTH, "demo", "--console"],
        env={**environ, "HEARTH_API__PORT": str(port), "HEARTH_API__TLS_PORT": str(free_port())},
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        printed = ""
        while "Ctrl-C" not in printed and (line := demo.stdout.readline()):
            printed += line
        assert f"http://127.0.0.1:{port}/" in printed
        turns = httpx.get(f"http://127.0.0.1:{port}/v1/turns").json()["items"]
        assert [turn["outcome"] for turn in turns] == ["done"]
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(60) == 0
    assert not (tmp_path / "hearthside.db").exists(), "it keeps nothing"


def test_the_demo_runs_the_whole_loop(environ: Environment, tmp_path: Path) -> None:
    done = hearth(environ, "demo", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Kitchen Light was off, is now on" in done.stdout
    assert "from the last syllable" in done.stdout
    answer, rate = soundfile.read(str(tmp_path / "out" / "answer.wav"))
    assert len(answer) / rate > 0.5
