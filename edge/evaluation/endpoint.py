"""When a command is taken to be over: at the speed of speech, on recordings whose last sound is known."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.evaluation.barista import Counter
from edge.evaluation.clips import clips
from edge.evaluation.hearing import ears
from edge.evaluation.mixing import Noise
from edge.evaluation.words import percentile
from edge.samples import COFFEE
from edge.settings import Settings
from edge.understand.grammar import Grammar


@dataclass(frozen=True, slots=True)
class EndpointResult:
    """The score of one run."""

    delay_ms_p50: float
    """From the end of speech, as labelled, to the decision that it ended; of clips that were not cut off."""
    delay_ms_p95: float
    cutoff_rate: float
    """Clips whose end was decided while speech went on."""
    clips: int
    left_ms_p50: float
    """Recognition that was left after the decision, milliseconds."""
    left_ms_p95: float


async def evaluate_endpoint(
    settings: Settings, data: Path, noise: Noise | None, limit: int | None, tell: Callable[[str, bool], None]
) -> EndpointResult:
    """``tell`` gets each clip's name and whether it was heard to its end."""
    grammar = Grammar(Counter(), "en", (), (COFFEE,), alone=True)
    delays: list[float] = []
    left: list[float] = []
    cut = 0
    orders = clips(data, "barista", limit)
    async with ears(settings, grammar.sayable) as listening:
        for clip in orders:
            sound = clip.sound()
            heard = await listening.hear(noise.under(sound, clip.name) if noise else sound, realtime=True)
            delay = heard.utterance.decided_at - float(clip.labels["est_end"])
            whole = delay >= 0
            cut += not whole
            if whole:
                delays.append(delay * 1000)
            left.append(heard.waited_ms)
            tell(clip.name, whole)
    return EndpointResult(
        percentile(delays, 0.5), percentile(delays, 0.95), cut / len(orders), len(orders),
        percentile(left, 0.5), percentile(left, 0.95),
    )  # fmt: skip
