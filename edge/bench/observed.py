"""What was seen of one system while it ran."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from edge.bench.process import Measured
from edge.bench.result import System
from edge.bench.spread import spread
from edge.bench.wyoming_client import Answer
from edge.evaluation.words import error_rate

_NOTHING_HEARD = frozenset({"silence", "cancelled"})


class Observed:
    """Collects one system's measurements."""

    def __init__(self, name: str, what: str) -> None:
        self._name, self._what = name, what
        self.starts: list[float] = []
        """Seconds of each cold start."""
        self._ms: defaultdict[str, list[float]] = defaultdict(list)
        self._turns: list[Mapping[str, float]] = []
        self._cpu_s: list[float] = []
        self._idle_cpu: float | None = None
        self._rss_mb = 0.0
        self._texts: list[tuple[str, str]] = []
        self._yes: defaultdict[str, list[bool]] = defaultdict(list)

    @contextmanager
    def working(self, process: Measured) -> Iterator[None]:
        """Count the processor time of the block for one clip."""
        before = process.cpu_s()
        yield
        self._cpu_s.append(process.cpu_s() - before)
        self._rss_mb = max(self._rss_mb, process.rss_mb())

    @contextmanager
    def idling(self, process: Measured) -> Iterator[None]:
        """Count the processor time of the block as that of a quiet room."""
        before, begun = process.cpu_s(), time.perf_counter()
        yield
        self._idle_cpu = (process.cpu_s() - before) / (time.perf_counter() - begun) * 100
        self._rss_mb = max(self._rss_mb, process.rss_mb())

    def took(self, stage: str, ms: float) -> None:
        """``stage`` took so long for a clip."""
        self._ms[stage].append(ms)

    def heard(self, said: str, answer: Answer) -> None:
        """A transcript of what was ``said``."""
        self.took("stt", answer.ms)
        self._texts.append((said, answer.text))

    def turn(self, said: str, turns: Sequence[Mapping[str, Any]]) -> str:
        """The ``turns`` that a recording of a wake word and ``said`` gave. Returns the text of the answer."""
        ended = next((turn for turn in turns if turn["outcome"] not in _NOTHING_HEARD), None)
        self._yes["heard"].append(ended is not None)
        self._yes["done"].append(ended is not None and ended["outcome"] == "done")
        if ended is None:
            return ""
        self._texts.append((said, ended["text"]))
        took = stages(ended["timings"])
        self._turns.append(took)
        for stage, ms in took.items():
            self.took(stage, ms)
        return str(ended["reply"]["text"])

    def woke(self, said: bool, heard: bool) -> None:
        """Whether the wake word was ``heard`` where it was or wasn't ``said``."""
        self._yes["recall" if said else "false_accepts"].append(heard)

    def system(self) -> System:
        """All of it."""
        figures = {name: sum(answers) / len(answers) for name, answers in self._yes.items()}
        if self._texts:
            figures["wer"] = error_rate(self._texts, "en")
        spreads = {stage: found for stage, values in self._ms.items() if (found := spread(values))}
        return System(
            name=self._name,
            what=self._what,
            stages=spreads,
            median_turn=median_turn(self._turns),
            cpu_s=spread(self._cpu_s),
            idle_cpu=self._idle_cpu,
            rss_mb=self._rss_mb or None,
            cold_start_s=spread(self.starts),
            figures=figures,
            clips=max([0, *map(len, self._ms.values()), *map(len, self._yes.values())]),
        )


def stages(timings: Mapping[str, float | None]) -> dict[str, float]:
    """A turn's ``timings`` as stages that add up to ``first_audio``, ms; those it did not come to are missing."""
    found = {
        name: value
        for name in ("endpoint", "stt", "understand", "act")
        if (value := timings.get(f"{name}_ms")) is not None
    }
    first = timings.get("first_audio_ms")
    if first is not None:
        found["speak"] = first - sum(found.values())
        found["first_audio"] = first
    return found


def median_turn(turns: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """The one of ``turns``, as :func:`stages` gives them, whose answer came neither early nor late; empty for none."""
    answered = sorted((turn for turn in turns if "first_audio" in turn), key=lambda turn: turn["first_audio"])
    return answered[len(answered) // 2] if answered else {}
