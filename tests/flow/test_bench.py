"""The bench on real parts: the complete assistant, our engines over the Wyoming protocol, the command itself."""

import functools
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import psutil
import pytest
from anyio.abc import SocketAttribute, SocketStream
from rapidfuzz import fuzz

from edge import profile
from edge.bench import sounds, tune
from edge.bench.errors import BenchError
from edge.bench.free_port import free_port
from edge.bench.house import announced
from edge.bench.result import OUR_STT, OUR_WAKE, OURS
from edge.bench.run import Run
from edge.bench.wyoming_client import HOST, detect, transcribe
from edge.bench.wyoming_serve import SttHandler, WakeHandler, serve
from edge.chunk import RATE
from edge.listen.stt_whisper import build as build_stt
from edge.session.loop import WakeRules
from edge.settings import Settings, load
from edge.wake.micro import build as build_wake
from models.store import Store
from tests.sounds import Say

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Those of a fresh installation, but without the small language model, which would only make it longer."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HEARTH_UNDERSTAND__LLM", "none")
    return load()


@asynccontextmanager
async def served(handler: Any) -> AsyncIterator[int]:
    """A real Wyoming server in this process. Yields its port."""
    port = free_port()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve, handler, port)
        while True:
            with socket.socket() as probe:
                if probe.connect_ex((HOST, port)) == 0:
                    break
            await anyio.sleep(0.01)
        yield port
        tasks.cancel_scope.cancel()


async def test_speech_to_text_over_wyoming(store: Store, say: Say) -> None:
    engine = build_stt(store.require("whisper-tiny.en"), 1)
    async with served(functools.partial(SttHandler, engine, None)) as port:
        for text in ("Turn on the kitchen light.", "Open the blinds."):
            answer = await transcribe(port, sounds.as_command(say(text)), "en")
            assert fuzz.ratio(answer.text.lower(), text.lower()) > 80
            assert 10 < answer.ms < 30_000
    engine.close()


async def test_wake_word_over_wyoming(store: Store, say: Say) -> None:
    """Also where the stream is held up on its way: anyio.sleep refuses what is over already."""

    async def hold_up() -> None:
        await anyio.sleep(0.2)
        time.sleep(0.4)  # noqa: ASYNC251  # the very thing: nobody else gets to work

    engine = build_wake(["okay_nabu", "alexa"], store.root)
    quiet = sounds.quiet(0.3)
    async with (
        served(functools.partial(WakeHandler, engine, WakeRules(None, 1.0))) as port,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(hold_up)
        assert await detect(port, np.concatenate([quiet, say("okay nabu"), quiet]), "okay_nabu")
        assert not await detect(port, np.concatenate([say("good morning"), quiet]), "okay_nabu")
    engine.close()


async def test_a_server_that_hangs_up_is_an_error() -> None:
    async def hang_up(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()

    listener = await anyio.create_tcp_listener(local_host=HOST)
    port = listener.extra(SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, hang_up)
        with pytest.raises(BenchError, match="without an answer"):
            await transcribe(port, sounds.quiet(0.1), "en")
        tasks.cancel_scope.cancel()


async def test_two_clips_through_everything_of_ours(settings: Settings) -> None:
    programme = sounds.made(settings, limit=2)
    word = programme.wakes[0]
    programme = replace(programme, wakes=[replace(word, pcm=word.pcm[RATE:-RATE])])
    told: list[tuple[int, int]] = []
    run = Run(settings, None, programme, None, lambda what, done, steps: told.append((done, steps)))
    systems = {system.name: system for system in await run.measure(idle_s=1.0, starts=1)}
    assert set(systems) == {OURS, OUR_STT, OUR_WAKE}
    ours = systems[OURS]
    assert ours.figures["heard"] == 1.0
    assert set(ours.stages) == {"endpoint", "stt", "understand", "act", "speak", "first_audio"}
    whole = sum(ours.stages[stage].values[0] for stage in ("endpoint", "stt", "understand", "act", "speak"))
    assert whole == pytest.approx(ours.stages["first_audio"].values[0])
    assert systems[OUR_STT].figures["wer"] < 0.3
    assert systems[OUR_WAKE].figures["recall"] == 1.0
    for system in systems.values():
        assert system.cold_start_s is not None
        assert system.rss_mb is not None
        assert system.rss_mb > 20
    assert ours.idle_cpu is not None
    assert 0 < ours.idle_cpu < 100
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]


async def test_tuning_measures_what_is_installed(
    settings: Settings, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for model in ("whisper-tiny.en", "moonshine-tiny-en", settings.speak.voice):
        (models / model).symlink_to(store.require(model))
    settings = settings.model_copy(update={"models_dir": models})
    monkeypatch.setattr(tune, "COMMANDS", ("turn on the kitchen light",))
    monkeypatch.setattr(psutil, "cpu_count", lambda: 1)
    tried = await tune.trials(settings, lambda what, done, steps: None)
    assert {(trial.engine, trial.model) for trial in tried} == {
        ("whisper", "whisper-tiny.en"),
        ("moonshine", "moonshine-tiny-en"),
    }
    assert all(trial.compute.p50 > 0 and trial.rss_mb > 50 and trial.threads == 1 for trial in tried)
    best = tune.chosen(tried)
    path = profile.write(settings.data_dir, tune.profile(settings, tried, best))
    document = tomllib.loads(path.read_text())
    assert len(document["trials"]) == len(tried)
    assert document["stt"]["model"] == best.model
    assert load().stt == settings.stt.model_copy(
        update={"engine": best.engine, "model": best.model, "threads": best.threads}
    )


def test_what_is_missing_is_one_line(settings: Settings, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("hearth")), "bench", "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    said = done.stderr.strip().splitlines()[-1]
    assert (done.returncode, said.partition(" ")[0]) == (1, "hearth:"), done.stderr
    assert "audio.jsonl" in said


def test_the_house_of_labelled_recordings(tmp_path: Path) -> None:
    fixtures = tmp_path / "en.yaml"
    fixtures.write_text(
        """
        fixtures:
          areas: [{name: Kitchen}]
          entities:
            - {name: Bed Light, domain: light, light_supports_brightness: true, light_supports_color: true}
            - {name: Garage Door, domain: cover}
            - {name: TV, domain: media_player}
        """
    )
    assert [(domain, name, title) for domain, name, title, *_ in announced(fixtures)] == [
        ("light", "bed_light", "Bed Light"),
        ("cover", "garage_door", "Garage Door"),
        ("sensor", "hygrometer_kitchen", "Kitchen Hygrometer"),
    ]


def test_ctrl_c_ends_it_at_once_and_leaves_nothing_behind(settings: Settings) -> None:
    command = [sys.executable, "-c", "from edge.cli import main; main()", "bench", "--limit", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as bench:
        assert bench.stderr is not None
        while "starting the assistant" not in bench.stderr.readline():
            assert bench.poll() is None
        family = psutil.Process(bench.pid)
        while not family.children():
            time.sleep(0.01)
        children = family.children(recursive=True)
        bench.send_signal(signal.SIGINT)
        begun = time.monotonic()
        said = bench.stderr.read()
        assert bench.wait() != 0
        assert time.monotonic() - begun < 60.0, "what it was about to do takes minutes"
    assert "Traceback" not in said
    assert [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []
