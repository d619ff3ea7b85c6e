"""Finding what somebody means among short texts by their meaning; by their words where nothing knows the meaning.

A sentence embedding finds "who do I call when a pipe leaks" in "the plumber's number is on the fridge", which share no
word. Vectors are kept beside the texts and go with them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import numpy as np

from edge.memory.search import holds_all, ranked, telling
from edge.ports import Meaning, Vector

_NEAR: Final = 0.35
"""Likeness from which a text may be meant; ``python -m edge.evaluation.memory`` shows what others would do."""
_NEAR_A_WORD: Final = 0.45
"""The same for a single word, which is a little like everything: "the oven" is like any kitchen."""
_WORDS: Final = 1 / 60
"""Likeness that a point of the score by words is worth: it tells apart what is about the same things."""
_NEWER: Final = 0.02
"""Likeness that the newest of the texts has over the oldest: of two answers, the later one holds."""
_AT_ONCE: Final = 100
"""Vectors that are made for one question; what is older waits for the next."""

Keep = Callable[[Mapping[str, bytes]], Awaitable[None]]
"""Keeps vectors, by id."""


async def found(
    query: str, texts: Mapping[str, str], kept: Mapping[str, bytes], meaning: Meaning | None, keep: Keep
) -> list[str]:
    """The ids of those ``texts`` (oldest first) that ``query`` may be about, best first.

    ``kept``: the vectors that there are; those that had to be made are given to ``keep``.
    """
    ids = list(texts)
    wanted = await meaning.vector(query) if meaning is not None and query.strip() else None
    if wanted is None or meaning is None:
        return [ids[number] for number, _ in ranked(query, list(texts.values()))]
    vectors = {ident: np.frombuffer(vector, np.float32) for ident, vector in kept.items() if ident in texts}
    made: dict[str, bytes] = {}
    for ident in [ident for ident in reversed(ids) if ident not in vectors][:_AT_ONCE]:
        if (vector := await meaning.vector(texts[ident])) is not None:
            vectors[ident], made[ident] = vector, vector.tobytes()
    if made:
        await keep(made)
    return [ids[number] for number, _ in alike(query, wanted, list(texts.values()), [vectors.get(i) for i in ids])]


def alike(
    query: str, wanted: Vector, texts: Sequence[str], vectors: Sequence[Vector | None]
) -> list[tuple[int, float]]:
    """Indices of the ``texts`` (oldest first) that may be meant, and how much they are like ``query``, best first.

    A text without a vector counts by its words alone.
    """
    words = dict(ranked(query, texts))
    near = _NEAR if telling(query) > 1 else _NEAR_A_WORD
    scores = []
    for number, vector in enumerate(vectors):
        likeness = float(vector @ wanted) if vector is not None else 0.0
        score = likeness + _WORDS * words.get(number, 0.0)
        if score >= near or (vector is None and number in words) or holds_all(query, texts[number]):
            scores.append((number, score + _NEWER * number / len(texts)))
    return sorted(scores, key=lambda pair: -pair[1])
