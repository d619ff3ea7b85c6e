"""Home commands: from recordings to text and intent, in the house that they speak about."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.evaluation.clips import Clip, clips, has
from edge.evaluation.fixtures import FixtureHouse
from edge.evaluation.hearing import ears
from edge.evaluation.mixing import Noise
from edge.evaluation.words import error_rate, percentile
from edge.intents import Origin, Transcript, Understanding
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
    """Of clips that are no command of this house, those that were not taken for one: such as are labelled so, and
    for English the coffee orders; None when there are none.
    """
    clips: int
    """Of commands, and of such as are labelled to be none."""
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

        async def hear(clip: Clip) -> tuple[Transcript, Understanding | None, float]:
            sound = clip.sound()
            heard = await listening.hear(noise.under(sound, clip.name) if noise else sound)
            transcript = heard.utterance.transcript or Transcript("", language)
            return transcript, first_understood(grammar, transcript, origin), heard.compute_ms

        for clip in said:
            transcript, found, spent = await hear(clip)
            compute.append(spent)
            if clip.labels["oov"]:
                rejected.append(found is None)
                tell(clip.name, found is None)
                continue
            wanted = grammar.understand(clip.labels["text"], origin)
            is_right = found is not None and wanted is not None and found.intent == wanted.intent
            right += is_right
            pairs.append((clip.labels["text"], transcript.text))
            tell(clip.name, is_right)
        for clip in unrelated(data, language, limit):
            _, found, _ = await hear(clip)
            rejected.append(found is None)
            tell(clip.name, found is None)
    return CommandsResult(
        error_rate(pairs, language),
        right / max(1, len(pairs)),
        sum(rejected) / len(rejected) if rejected else None,
        len(said),
        percentile(compute, 0.5),
        percentile(compute, 0.95),
    )


def unrelated(data: Path, language: str, limit: int | None) -> list[Clip]:
    """Speech that is no command to a house."""
    return clips(data, "barista", limit) if language == "en" and has(data, "barista") else []
