"""What became of each sentence, and the figures made of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge.evaluation.words import percentile
from edge.intents import Tier

NOBODY: Final = "none"
"""Stands for the tier of what was not understood."""
BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence."""

    kind: str
    """What it is within its file: an intent, a sort of task."""
    sentence: str
    tier: Tier | None
    """Who understood it; None: nobody."""
    confidence: float
    """0–1; 0 when nobody understood it."""
    ms: float
    """Time to understand it, milliseconds."""
    right: bool | None
    """None where only false actions count."""
    false_action: bool | None
    """Whether it moved what nobody asked to move; None where that is not known."""
    wanted: str
    got: str


Tell = Callable[[Verdict], None]


@dataclass(frozen=True, slots=True)
class Bin:
    """Understandings of about the same confidence."""

    confidence: float
    """Mean, 0–1."""
    right: float
    """Share, 0–1."""
    count: int


def scores(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The promised figures of one file. Shares are 0–1; accuracy is None where only false actions count."""
    spent = [verdict.ms for verdict in verdicts]
    return {
        **_scores(verdicts),
        "by_tier": {
            name: {"share": len(some) / len(verdicts), "n": len(some), "accuracy": _share(v.right for v in some)}
            for name, some in _grouped(verdicts, lambda verdict: str(verdict.tier or NOBODY)).items()
        },
        "by_kind": {name: _scores(some) for name, some in _grouped(verdicts, lambda v: v.kind).items()},
        "ms_p50": percentile(spent, 0.5),
        "ms_p95": percentile(spent, 0.95),
    }


def reliability(verdicts: Iterable[Verdict]) -> dict[str, list[Bin]]:
    """By tier, the bins of confidence that anything fell into, of sentences of which we know what is right."""
    known = [verdict for verdict in verdicts if verdict.tier is not None and verdict.right is not None]
    return {
        tier: [
            Bin(sum(v.confidence for v in some) / len(some), sum(bool(v.right) for v in some) / len(some), len(some))
            for _, some in sorted(_grouped(of_tier, _bin).items())
        ]
        for tier, of_tier in _grouped(known, lambda verdict: str(verdict.tier)).items()
    }


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error, 0–1: how far confidence is from the share that was right, on average over what was
    understood. Guo et al. 2017, https://arxiv.org/abs/1706.04599.
    """
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.confidence - each.right) for each in bins) / total if total else 0.0


def _scores(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    return {
        "accuracy": _share(verdict.right for verdict in verdicts),
        "false_actions": _share(verdict.false_action for verdict in verdicts),
        "n": len(verdicts),
        "scored": sum(verdict.right is not None for verdict in verdicts),
        "false_actions_of": sum(verdict.false_action is not None for verdict in verdicts),
    }


def _share(judged: Iterable[bool | None]) -> float | None:
    known = [each for each in judged if each is not None]
    return sum(known) / len(known) if known else None


def _bin(verdict: Verdict) -> str:
    return str(min(BINS - 1, int(verdict.confidence * BINS)))


def _grouped(verdicts: Iterable[Verdict], key: Callable[[Verdict], str]) -> dict[str, list[Verdict]]:
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(key(verdict), []).append(verdict)
    return groups
