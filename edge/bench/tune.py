"""Which engine for speech to text this board is best served by: measured, not guessed.

Every installed engine with every installed model that it can load, on every number of threads, transcribes the same
commands, each in a process of its own, told what can be said in the house that they are about. The quickest is chosen
among those that mishear hardly more than the best.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil
from anyio.to_thread import run_sync

from edge import plugins
from edge.bench import house, servers
from edge.bench.errors import BenchError, Unreadable
from edge.bench.free_port import free_port
from edge.bench.machine import this_machine
from edge.bench.run import Tell
from edge.bench.servers import Server
from edge.bench.sounds import COMMANDS as DEMO_COMMANDS
from edge.bench.sounds import Spoken, as_command, speak
from edge.bench.spread import Spread, spread
from edge.bench.wyoming_client import transcribe
from edge.engines import REMOTE
from edge.evaluation.words import error_rate
from edge.home.demo import DEVICES
from edge.settings import Settings
from models.manifest import Kind
from models.store import Condition, Store

_TOLERANCE: Final = 0.01
"""Word errors that speed may cost, as a share of all words."""
_ALIKE: Final = 1.05
"""Times that differ by less are the same: then fewer threads leave more of the board to others."""
COMMANDS: Final = (
    *DEMO_COMMANDS,
    "turn on the hallway plug",
    "turn the bedroom light off",
    "close the blinds",
    "unlock the front door",
    "set the thermostat to twenty one degrees",
    "what is the temperature in the living room",
    "set the kitchen light to blue",
    "turn off all of the lights in the kitchen",
    "set the bedroom fan to fifty percent",
    "is the front door locked",
    "turn on movie night",
    "set the blinds to thirty percent",
    "turn off the lights in the living room",
    "turn on the fan",
)
"""For the demo's house, 1–5 s when spoken; over a hundred words, so that one of them is less than a point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One engine, model and number of threads, measured."""

    engine: str
    model: str
    threads: int
    compute: Spread
    """ms from the last sample to the text."""
    cpu_s: float
    """Median processor seconds for one command."""
    word_errors: float
    """Share of all words, 0 is none."""
    rss_mb: float

    def row(self) -> dict[str, Any]:
        """For the profile and ``--json``."""
        return {
            "engine": self.engine,
            "model": self.model,
            "threads": self.threads,
            "compute_ms_p50": round(self.compute.p50, 1),
            "compute_ms_p95": round(self.compute.p95, 1),
            "cpu_s": round(self.cpu_s, 3),
            "word_error_rate": round(self.word_errors, 4),
            "rss_mb": round(self.rss_mb),
        }


def chosen(tried: Sequence[Trial]) -> Trial:
    """The cheapest by median time among those within 1 point of the fewest word errors."""
    fewest = min(trial.word_errors for trial in tried)
    good = [trial for trial in tried if trial.word_errors <= fewest + _TOLERANCE]
    quickest = min(trial.compute.p50 for trial in good)
    alike = [trial for trial in good if trial.compute.p50 <= quickest * _ALIKE]
    return min(alike, key=lambda trial: (trial.threads, trial.compute.p50))


def profile(settings: Settings, tried: Sequence[Trial], best: Trial) -> dict[str, Any]:
    """What is written down by :func:`edge.profile.write`."""
    return {
        "language": settings.understand.language,
        "machine": str(this_machine()),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "stt": {"engine": best.engine, "model": best.model, "threads": best.threads},
        "trials": [trial.row() for trial in tried],
    }


async def trials(settings: Settings, tell: Tell) -> list[Trial]:
    """Measure all that is installed. Raises BenchError when there is nothing, ModelError when the voice is missing."""
    spoken = await run_sync(speak, settings, COMMANDS, abandon_on_cancel=True)
    store = Store(settings.models_dir)
    language = settings.understand.language.partition("-")[0]
    models = [
        model.id
        for model in store.manifest.models
        if model.kind is Kind.STT
        and {language, "mul"} & set(model.languages)
        and store.inspect(model)[0] is Condition.OK
    ]
    cores = psutil.cpu_count() or 1
    pairs = [(engine, model) for engine in plugins.names("stt") if engine != REMOTE for model in models]
    tried: list[Trial] = []
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
        known = house.describe(Path(folder) / "house.yaml", DEVICES)
        for number, (engine, model) in enumerate(pairs):
            for threads in range(1, cores + 1):
                tell(f"{engine} with {model}, threads: {threads}", number * cores + threads - 1, len(pairs) * cores)
                port = free_port()
                command = servers.stt_command(engine, store.require(model), threads, known, port)
                try:
                    async with servers.serving(f"{engine} with {model}", command, port) as server:
                        tried.append(await _try(server, engine, model, threads, spoken))
                except Unreadable:
                    # The manifest does not say which engine reads which model's format; and one may lack its package.
                    break
    if not tried:
        raise BenchError(f"no engine and model for {language!r} are installed", "run `hearth models fetch`")
    return tried


async def _try(server: Server, engine: str, model: str, threads: int, spoken: Sequence[Spoken]) -> Trial:
    times, cpu_s, texts = [], [], []
    for each in spoken:
        before = server.process.cpu_s()
        answer = await transcribe(server.port, as_command(each.pcm), "en")
        times.append(answer.ms)
        cpu_s.append(server.process.cpu_s() - before)
        texts.append((each.text, answer.text))
    compute, cpu = spread(times), spread(cpu_s)
    assert compute is not None
    assert cpu is not None
    return Trial(
        engine=engine,
        model=model,
        threads=threads,
        compute=compute,
        cpu_s=cpu.p50,
        word_errors=error_rate(texts, "en"),
        rss_mb=server.process.rss_mb(),
    )
