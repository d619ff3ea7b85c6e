"""Whether a sentence of the grammar is borne out: a table of what both decoders thought."""

import pytest

from edge.intents import Fit
from edge.listen.beam import Candidate
from edge.listen.hearing import Free, choose


@pytest.mark.parametrize(
    ("sentence", "score", "heard", "free", "accepted"),
    [
        ("close the Sliding Door", -2.5, "Close the spiding door.", -1.5, True),
        ("what is the value of Outdoor Humidity", -2.8, "What is the value about their humidity?", -0.9, True),
        ("next track", -3.5, "Next trial", -1.8, True),
        ("brew an americano with cream", -13.0, "Brue an Americana with cream.", -4.0, True),
        # Other speech: far behind, or too short to tell.
        ("go back", -28.6, "Can I get a medium Americano?", -1.2, False),
        ("never mind", -6.0, "Hey, Vermont!", -2.0, False),
        ("pause", -8.0, "A sinai.", -2.3, False),
        # Most of what was said is missing from it.
        ("make me a coffee", -6.9, "Make me a coffee with hoola.", -7.2, False),
        ("stop", -0.5, "", -0.3, False),
    ],
)
def test_evidence(sentence: str, score: float, heard: str, free: float, accepted: bool) -> None:
    said = choose([Candidate(sentence, score, Fit.WHOLE, 2)], Free(heard, free, 0.5), "en")
    assert said.text == (sentence if accepted else heard)
    assert said.fit is (Fit.WHOLE if accepted else Fit.FREE)


def test_what_it_may_have_been_instead_comes_after_it_and_the_free_text_last() -> None:
    candidates = [
        Candidate("what's the time", -3.7, Fit.WHOLE, 0),
        Candidate("what's the temp", -4.8, Fit.WHOLE, 4),
        Candidate("what's the", -5.0, Fit.OPEN, 9),
        Candidate("what's the television", -9.0, Fit.WHOLE, 0),
    ]
    said = choose(candidates, Free("What's the term?", -2.4, 0.6), "en")
    assert said.readings == ("what's the time", "what's the temp", "What's the term?")
    assert said.more == 0
