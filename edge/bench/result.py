"""What a run found out, as data: for the report, the terminal and ``--json``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from edge.bench.machine import Machine
from edge.bench.peers import ENDPOINT_WAIT_MS
from edge.bench.spread import Spread, ratio, spread

STAGES: Final = ("endpoint", "stt", "understand", "act", "speak")
"""Of one turn, in order; together they are the time from the last speech to the first sample of the answer."""

OURS: Final = "hearthside"
OUR_STT: Final = "hearthside-stt"
OUR_WAKE: Final = "hearthside-wake"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One system's figures. What was not measured is None."""

    name: str
    what: str
    """What it is, for people."""
    stages: Mapping[str, Spread] = field(default_factory=dict)
    """ms; ``first_audio`` counts from the last speech, the others one after the other."""
    median_turn: Mapping[str, float] = field(default_factory=dict)
    """The stages of the one turn with the median ``first_audio``, ms: medians of stages would not add up."""
    cpu_s: Spread | None = None
    """Processor seconds that one clip took."""
    idle_cpu: float | None = None
    """Processor time in a quiet room, in % of one core."""
    rss_mb: float | None = None
    """Resident memory at its highest, MiB."""
    cold_start_s: Spread | None = None
    """From the start of its process until it listens."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """How well it did its work: ``wer``, ``recall``, ``heard`` …, each 0–1."""
    clips: int = 0

    def row(self) -> dict[str, Any]:
        """For ``--json``."""
        row: dict[str, Any] = {stage: _pair(found, 1) for stage, found in self.stages.items()}
        row |= {"cpu_s": _pair(self.cpu_s, 3), "idle_cpu_percent": _rounded(self.idle_cpu, 2)}
        row |= {"rss_mb": _rounded(self.rss_mb, 0), "cold_start_s": _pair(self.cold_start_s, 2), "clips": self.clips}
        row |= {name: round(value, 4) for name, value in self.figures.items()}
        return {key: value for key, value in row.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line of the summary."""

    what: str
    ours: float
    peers: float
    unit: str
    with_: str
    """The peers that were measured against."""

    @property
    def ratio(self) -> float | None:
        """Ours in multiples of the peer's: below 1 is better."""
        return ratio(self.ours, self.peers)


@dataclass(frozen=True, slots=True)
class Result:
    """A run."""

    systems: Sequence[System]
    machine: Machine
    versions: Mapping[str, str]
    command: str
    source: str
    date: str
    """ISO 8601, UTC."""

    def system(self, name: str) -> System | None:
        """None when it was not measured."""
        return next((system for system in self.systems if system.name == name), None)

    def comparisons(self) -> list[Comparison]:
        """Ours against peers, as far as both were measured."""
        ours, stt, wake = self.system(OURS), self.system(OUR_STT), self.system(OUR_WAKE)
        whisper, oww = self.system("wyoming-faster-whisper"), self.system("wyoming-openwakeword")
        piper = self.system("wyoming-piper")
        asr, words, servers = "wyoming-faster-whisper", "wyoming-openwakeword", [whisper, oww, piper]
        everything = _sum(*(_rss(peer) for peer in servers if peer is not None)) if whisper and oww else None
        untold = f"{asr}, which is not told the house’s names"
        waited = f"Home Assistant’s wait, then {asr}"
        lines = [
            ("last speech → text", _text_ms(ours), _text_ms(whisper), "ms", waited),
            ("speech to text alone", _p50(stt, "stt"), _p50(whisper, "stt"), "ms", untold),
            ("processor time for one command's text", _cpu(stt), _cpu(whisper), "s", asr),
            ("word errors", _figure(stt, "wer"), _figure(whisper, "wer"), "%", untold),
            ("processor while idle, whole assistant", _idle(ours), _idle(oww), "% of a core", words),
            ("processor while idle, wake word alone", _idle(wake), _idle(oww), "% of a core", words),
            ("missed wake words", _missed(wake), _missed(oww), "%", words),
            ("memory, whole assistant", _rss(ours), everything, "MiB", "all servers together"),
            ("memory, speech to text alone", _rss(stt), _rss(whisper), "MiB", asr),
            ("memory, wake word alone", _rss(wake), _rss(oww), "MiB", words),
            ("cold start to listening", _start(ours), _larger(_start(whisper), _start(oww)), "s", "the slower server"),
            ("text → first sample of speech", _p50(ours, "speak"), _p50(piper, "first_audio"), "ms", "wyoming-piper"),
        ]
        return [
            Comparison(what, mine, theirs, unit, peers)
            for what, mine, theirs, unit, peers in lines
            if mine is not None and theirs is not None
        ]

    def row(self) -> dict[str, Any]:
        """The object of ``--json``."""
        return {
            "bench": {system.name: system.row() for system in self.systems},
            "ratios": {line.what: _rounded(line.ratio, 3) for line in self.comparisons()},
            "endpoint_wait_ms": {"home-assistant": ENDPOINT_WAIT_MS},
            "machine": str(self.machine),
            "versions": dict(self.versions),
            "command": self.command,
            "date": self.date,
        }


def text_latencies(system: System | None) -> list[float]:
    """Each clip's ms from the last speech to its text: ours by our endpoint, a peer's after the fixed wait."""
    if system is None or "stt" not in system.stages:
        return []
    stt = system.stages["stt"].values
    endpoint = system.stages["endpoint"].values if "endpoint" in system.stages else (ENDPOINT_WAIT_MS,) * len(stt)
    return [waited + took for waited, took in zip(endpoint, stt, strict=True)]


def _text_ms(system: System | None) -> float | None:
    found = spread(text_latencies(system))
    return found.p50 if found else None


def _p50(system: System | None, stage: str) -> float | None:
    return system.stages[stage].p50 if system and stage in system.stages else None


def _cpu(system: System | None) -> float | None:
    return system.cpu_s.p50 if system and system.cpu_s else None


def _idle(system: System | None) -> float | None:
    return system.idle_cpu if system else None


def _rss(system: System | None) -> float | None:
    return system.rss_mb if system else None


def _start(system: System | None) -> float | None:
    return system.cold_start_s.p50 if system and system.cold_start_s else None


def _figure(system: System | None, name: str) -> float | None:
    return system.figures[name] * 100 if system and name in system.figures else None


def _missed(system: System | None) -> float | None:
    recall = _figure(system, "recall")
    return 100 - recall if recall is not None else None


def _sum(*values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _larger(*values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def _pair(found: Spread | None, digits: int) -> dict[str, float] | None:
    return {"p50": round(found.p50, digits), "p95": round(found.p95, digits)} if found else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
