"""Home commands: from recordings to text and intent, in the house that they speak about."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.evaluation.clips import clips
from edge.evaluation.fixtures import FixtureHouse
from edge.evaluation.hearing import ears
from edge.evaluation.mixing import Noise
from edge.evaluation.words import error_rate, percentile
from edge.intents import Origin, Transcript
from edge.settings import Settings
from edge.understand.grammar import Grammar
from edge.understand.router import first_understood


@dataclass(frozen=True, slots=True)
class CommandsResult:
    """The score of one run."""

    wer: float
    """Word error rate over all clips that are commands."""
    intent_accuracy: float
    """Commands whose intent and slots are those of the words that were said."""
    oov_rejected: float | None
    """Clips that are no command, and were not taken for one; None when there are none."""
    clips: int
    compute_ms_p50: float
    """All that the recogniser did for a clip, milliseconds."""
    compute_ms_p95: float


async def evaluate_commands(
    settings: Settings,
    data: Path,
    noise: Noise | None,
    limit: int | None,
    tell: Callable[[str, bool], None],
) -> CommandsResult:
    """In the language of the settings. ``tell`` gets each clip's name and whether it was right."""
    language = settings.understand.language
    said = clips(data, "commands", limit, lang=language)
    house = FixtureHouse(data / "commands" / "fixtures" / said[0].labels["fixtures"])
    grammar = Grammar(house, language, None)
    origin = Origin("", next(iter(house.areas()), None), language)
    pairs: list[tuple[str, str]] = []
    right, rejected, compute = 0, [], []
    async with ears(settings, grammar.sayable) as listening:
        for clip in said:
            sound = clip.sound()
            heard = await listening.hear(noise.under(sound, clip.name) if noise else sound)
            transcript = heard.utterance.transcript or Transcript("", language)
            compute.append(heard.compute_ms)
            found = first_understood(grammar, transcript, origin)
            if clip.labels["oov"]:
                rejected.append(found is None)
                tell(clip.name, found is None)
                continue
            wanted = grammar.understand(clip.labels["text"], origin)
            is_right = found is not None and wanted is not None and found.intent == wanted.intent
            right += is_right
            pairs.append((clip.labels["text"], transcript.text))
            tell(clip.name, is_right)
    return CommandsResult(
        error_rate(pairs, language),
        right / max(1, len(pairs)),
        sum(rejected) / len(rejected) if rejected else None,
        len(said),
        percentile(compute, 0.5),
        percentile(compute, 0.95),
    )
