"""The search through the grammar, led by a decoder whose every probability is written down here.

The decoder is scripted: it is what the search is told, not what is tested. Real ones are in the engines' contract.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from edge.intents import Fit
from edge.listen.beam import Logits, search
from edge.listen.lexicon import Lexicon
from edge.ports import Sayable
from tests.unit.test_automaton import automaton

ALPHABET = "\n" + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .?!-%'"


class Letters:
    """One token a letter."""

    def encode(self, text: str, *, within_word: bool = False) -> Sequence[int]:
        return [ALPHABET.index(letter) for letter in (text if within_word else " " + text)]


class Scripted:
    """Thinks that it hears ``texts``, each with its probability for as long as the text so far agrees with it."""

    end = 0

    def __init__(self, texts: Mapping[str, float]) -> None:
        self._texts = {" " + text + "\n": probability for text, probability in texts.items()}
        self._prefixes = [""]
        self.widest = 0

    def begin(self) -> Logits:
        return self._logits()

    def advance(self, parents: list[int], tokens: list[int]) -> Logits:
        self._prefixes = [
            self._prefixes[parent] + ALPHABET[token] for parent, token in zip(parents, tokens, strict=True)
        ]
        self.widest = max(self.widest, len(tokens))
        return self._logits()

    def _logits(self) -> Logits:
        logits = np.full((len(self._prefixes), len(ALPHABET)), math.log(1e-4), np.float32)
        for row, prefix in enumerate(self._prefixes):
            for text, probability in self._texts.items():
                if text.startswith(prefix) and len(text) > len(prefix):
                    token = ALPHABET.index(text[len(prefix)])
                    logits[row, token] = np.logaddexp(logits[row, token], math.log(probability))
        return logits


def heard(texts: Mapping[str, float], sayable: Sayable | None, margin: float = 30.0):  # type: ignore[no-untyped-def]
    lexicon = Lexicon(Letters(), "en")
    return search(Scripted(texts), lexicon, sayable, 60, margin)


def free_text(found) -> str:  # type: ignore[no-untyped-def]
    return "".join(ALPHABET[token] for token in found.tokens).strip()


@pytest.mark.parametrize(
    ("texts", "sentence", "fit"),
    [
        ({"Turn on the lamp.": 1.0}, "turn on the lamp", Fit.CLOSED),
        ({"turn on the lamb": 0.6, "turn on the lamp": 0.4}, "turn on the lamp", Fit.CLOSED),
        ({"Level 20": 1.0}, "level 20", Fit.WHOLE),
        ({"Level twenty!": 1.0}, "level 20", Fit.WHOLE),
        ({"level 20-percent": 1.0}, "level 20 percent", Fit.CLOSED),
        ({"turn on": 1.0}, "turn on", Fit.OPEN),
    ],
)
def test_the_likeliest_sentence_of_the_grammar_is_found(texts: Mapping[str, float], sentence: str, fit: Fit) -> None:
    found = heard(texts, automaton("turn on the lamp", "turn on the light", "level {0..30:x} [percent]").start)
    assert (found.candidates[0].text, found.candidates[0].fit) == (sentence, fit)


def test_what_would_be_heard_without_the_grammar_is_told_beside_it() -> None:
    found = heard({"turn on the lamb": 0.7, "turn on the lamp": 0.3}, automaton("turn on the lamp").start)
    assert free_text(found) == "turn on the lamb"
    assert found.score > found.candidates[0].score
    assert found.score - found.candidates[0].score == pytest.approx(math.log(0.7 / 0.3), abs=0.1)


def test_without_a_grammar_there_is_only_what_is_heard_freely() -> None:
    found = heard({"Good morning.": 1.0}, None)
    assert (free_text(found), found.candidates) == ("Good morning.", [])


def test_sentences_far_behind_are_given_up_while_the_rest_is_still_written() -> None:
    found = heard({"The weather is fine today.": 1.0}, automaton("turn on the lamp").start, margin=10.0)
    assert free_text(found) == "The weather is fine today."
    assert not [candidate for candidate in found.candidates if candidate.fit is not Fit.OPEN]


def test_agreement_costs_no_further_hypothesis() -> None:
    """While the free text is a sentence of the grammar, the decoder has only that to follow."""
    decoder = Scripted({"Turn on the lamp.": 1.0})
    search(decoder, Lexicon(Letters(), "en"), automaton("turn on the lamp").start, 60, 30.0)
    assert decoder.widest <= 3


def test_a_decoder_that_never_ends_is_stopped() -> None:
    found = heard({"a" * 200: 1.0}, automaton("turn on").start)
    assert len(found.tokens) <= 60
