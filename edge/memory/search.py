"""Finding what somebody means among short texts: by the words they share, the rarer the weightier.

Okapi BM25 (Robertson and Zaragoza, 2009, "The Probabilistic Relevance Framework") over words without their endings;
words that are nearly spelt alike count almost as much, since either may have been heard wrongly.
"""

import math
import re
from collections.abc import Sequence
from typing import Final

from rapidfuzz import fuzz

_K1: Final = 1.2
_B: Final = 0.5
"""Texts are all short: their length says little."""
_ALIKE: Final = 75
"""Similarity (0–100) from which two words may be the same."""
_SHORTEST_STEM: Final = 3
_EMPTY: Final = frozenset(
    "a an the my your our his her their i you we he she it me us them is are was were be am do does did have has had "
    "to of in on at for with from about and or that this what which who where when why how tell said say ask asked "
    "know remember like prefer".split()
)
"""Words that say nothing about the matter. English; in other languages they weigh little because they are frequent."""


def ranked(query: str, texts: Sequence[str]) -> list[tuple[int, float]]:
    """Indices of the ``texts`` that share a word with ``query`` and their scores (above 0), best first."""
    wanted = _stems(query)
    documents = [_stems(text) for text in texts]
    if not wanted or not documents:
        return []
    average = max(1.0, sum(map(len, documents)) / len(documents))
    counts = {word: sum(_weight(word, document) > 0 for document in documents) for word in set(wanted)}
    scores = []
    for number, document in enumerate(documents):
        length = _K1 * (1 - _B + _B * len(document) / average)
        score = 0.0
        for word in set(wanted):
            found = _weight(word, document)
            rarity = math.log(1 + (len(documents) - counts[word] + 0.5) / (counts[word] + 0.5))
            score += rarity * found * (_K1 + 1) / (found + length)
        if score > 0:
            scores.append((number, score))
    return sorted(scores, key=lambda pair: (-pair[1], pair[0]))


def telling(query: str) -> int:
    """How many words of ``query`` say something."""
    return len(_stems(query))


def holds_all(query: str, text: str) -> bool:
    """Whether every word of ``query`` that says something is in ``text``."""
    document = _stems(text)
    wanted = _stems(query)
    return bool(wanted) and all(_weight(word, document) > 0 for word in wanted)


def _weight(word: str, document: Sequence[str]) -> float:
    """How much of ``word`` is in ``document``, 0 to 1."""
    if word in document:
        return 1.0
    best = max((fuzz.ratio(word, other) for other in document if len(other) > _SHORTEST_STEM), default=0.0)
    return best / 100 if len(word) > _SHORTEST_STEM and best >= _ALIKE else 0.0


def _stems(text: str) -> list[str]:
    return [_stem(word) for word in re.findall(r"\w+", text.casefold()) if word not in _EMPTY]


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word
