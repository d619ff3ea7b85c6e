"""Coffee orders: from crowd recordings to an intent with all of its slots."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.devices import Device
from edge.evaluation.clips import clips
from edge.evaluation.hearing import ears
from edge.evaluation.mixing import Noise
from edge.evaluation.words import percentile
from edge.intents import Origin, Transcript
from edge.samples import COFFEE
from edge.settings import Settings
from edge.understand.grammar import Grammar
from edge.understand.router import first_understood


@dataclass(frozen=True, slots=True)
class BaristaResult:
    """The score of one run."""

    accuracy: float
    """Clips with the right intent and exactly the right slots."""
    slot_accuracy: float
    """Slots that were right, of those that were said."""
    clips: int
    compute_ms_p50: float
    """All that the recogniser did for a clip, milliseconds."""
    compute_ms_p95: float
    wrong_actions: int
    """Clips that were taken for another order; the rest of the errors were not understood."""


class Counter:
    """Where orders are taken: a place without devices."""

    revision = 1

    def devices(self) -> Sequence[Device]:
        """None."""
        return ()

    def areas(self) -> Mapping[str, Sequence[str]]:
        """None."""
        return {}

    def floors(self) -> Sequence[str]:
        """None."""
        return ()


async def evaluate_barista(
    settings: Settings, data: Path, noise: Noise | None, limit: int | None, tell: Callable[[str, bool], None]
) -> BaristaResult:
    """``tell`` gets each clip's name and whether it was right."""
    grammar = Grammar(Counter(), "en", (), (COFFEE,), alone=True)
    right = slots_right = slots_said = wrong = 0
    compute: list[float] = []
    orders = clips(data, "barista", limit)
    async with ears(settings, grammar.sayable) as listening:
        for clip in orders:
            sound = clip.sound()
            heard = await listening.hear(noise.under(sound, clip.name) if noise else sound)
            compute.append(heard.compute_ms)
            got = _order(grammar, heard.utterance.transcript)
            wanted: Mapping[str, Any] = clip.labels["slots"]
            is_right = got == wanted
            right += is_right
            wrong += got is not None and not is_right
            slots_said += len(wanted)
            slots_right += sum((got or {}).get(name) == value for name, value in wanted.items())
            tell(clip.name, is_right)
    count = len(orders)
    return BaristaResult(
        right / count, slots_right / slots_said, count, percentile(compute, 0.5), percentile(compute, 0.95), wrong
    )


def _order(grammar: Grammar, said: Transcript | None) -> Mapping[str, Any] | None:
    found = first_understood(grammar, said, Origin("")) if said else None
    return found.intent.slots if found else None
