"""The semantic tier: what a sentence means, by the likeness of its meaning to those that the head learnt from.

It is asked where no grammar knows the words. A sentence that it knows the meaning of, but not what it is about, goes on
to the next tier; what it is not quite sure of it says so of, and is asked about before anything moves.
"""

import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Final

from edge.engine_thread import EngineThread
from edge.explained import Example
from edge.intents import Origin, Tier, Understanding
from edge.ports import Inventory
from edge.understand.semantic.amounts import digits
from edge.understand.semantic.encoder import Encoder, Floats
from edge.understand.semantic.examples import Known
from edge.understand.semantic.frames import FRAMES, OPPOSITES
from edge.understand.semantic.head import Guess, Head, bare
from edge.understand.semantic.places import said

_ASIDE: Final = re.compile(
    r"\b(don't|do not|never|didn't|doesn't|won't|shouldn't) "
    r"(turn|switch|shut|put|open|close|lock|unlock|start|stop|set|dim|make|let|change|raise|lower|run|touch|you)\b"
    r"|^(what|who|when|where|how|which|should|why (did|do|does|can|would|should)|did|has|have|was|were|does|is there)\b"
    r"|\b(if|when|until|unless|before|after|once|whenever|while|yesterday|tomorrow|tonight|later|o'clock|every|daily)\b"
    r"|\b(in|for) (\d+|an?|half an?|a few|a couple of) (more )?(second|minute|hour|day|week)s?\b"
    r"|\b(at|from|by) \d{1,2}(:\d\d)?( \d\d)?( (am|pm|a m|p m)\b|$)|\b\d{1,2}:\d\d\b"
    r"|\b(at|by) (noon|midnight|night|sunset|sunrise)\b"
)
"""What makes of a command something else: it is denied, asked about, or meant for another time."""
_BESIDES: Final = re.compile(
    r"\b(and|then|but|also)\b(?: then)? (please |also )?"
    r"(turn|switch|shut|open|close|lock|unlock|start|stop|set|dim|make|raise|lower|play|tell|put|add|wake|call|send|remind)\b"
)
"""Where another command begins: half of what was asked for is not what was asked for."""
_JOINED: Final = re.compile(r"\band\b(?! (?:a half|i|i'm|it|it's|we|can't|cannot)\b)")
"""Where another thing may be named, of which a command would leave out one."""
_TORN: Final = 0.2
"""The most that a label's opposite may be likely beside it."""
_LONGEST: Final = 200
"""Characters: a longer text is no command."""


class SemanticTier:
    """Understands by meaning."""

    def __init__(
        self,
        house: Inventory,
        engine: EngineThread[Encoder],
        head: Head,
        intents: Collection[str],
        examples: Callable[[], Sequence[Example]] = tuple,
    ) -> None:
        """``intents``: names of the intents that some skill takes; ``examples`` gives the sentences that the person
        explained, another sequence once they are others; they are understood before any others.
        """
        self._house = house
        self._engine = engine
        self._head = head
        self._intents = frozenset(intents)
        self._examples = examples
        self._known: tuple[Sequence[Example], Known] | None = None
        self._vectors: dict[str, Floats] = {}

    async def understand(self, text: str, origin: Origin) -> Understanding | None:
        """What ``text`` asks for, with the confidence that it does, or None."""
        plain = digits(text[: _LONGEST + 1])
        if len(text) > _LONGEST or not re.search("[a-z]", plain):
            return None
        vector, known = await self._engine.call(self._read, text, self._examples())
        if (found := known.nearest(vector)) is not None:
            return Understanding(found.intent, Tier.SEMANTIC, found.likeness)
        guess = self._head.guess(text, vector)
        return None if guess is None else self._understood(text, plain, origin, guess)

    def _read(self, engine: Encoder, text: str, examples: Sequence[Example]) -> tuple[Floats, Known]:
        """In the engine's thread: the vector of ``text``, and the examples, whose vectors are made only once."""
        if self._known is None or self._known[0] is not examples:
            taken = [example for example in examples if example.intent in self._intents]
            before, self._vectors = self._vectors, {}
            for sentence in {example.sentence for example in taken}:
                self._vectors[sentence] = before[sentence] if sentence in before else engine.embed(bare(sentence))
            self._known = examples, Known(taken, self._vectors.__getitem__)
        return engine.embed(bare(text)), self._known[1]

    def _understood(self, text: str, plain: str, origin: Origin, guess: Guess) -> Understanding | None:
        frame = FRAMES.get(guess.label)
        torn = (guess.label, guess.second) in OPPOSITES and guess.second_probability > _TORN
        if frame is None or torn or _BESIDES.search(plain):
            return None
        if frame.commands and (_ASIDE.search(plain) or _JOINED.search(plain)):
            return None
        filled = frame.fill(said(text, plain, origin, self._house))
        if filled is None or filled.intent.name not in self._intents:
            return None
        confidence = min(guess.probability * filled.certainty, filled.at_most)
        return Understanding(filled.intent, Tier.SEMANTIC, confidence)


HEAD: Final = Path(__file__).parents[3] / "models" / "heads" / "semantic-en.npz"
"""The head that comes with the product."""
