"""Texts that are spoken as negatives: what must not wake."""

import re
from typing import Final

import numpy as np

from edge.wake.training.sentences import SENTENCES, WORDS

_SYLLABLE: Final = re.compile(r"[^aeiouy]*[aeiouy]+(?:[^aeiouy]*$|[^aeiouy](?=[^aeiouy]))?", re.IGNORECASE)
_ONSETS: Final = "b bl br d dr f fl g gr h j k kl l m n p pr r s sh sk st t tr v w ch th z y".split()
_VOWELS: Final = "a e i o u ee oo ai ow ar or er".split()
_CODAS: Final = ["", "", "", *"b d f g k l m n p r s t v x sh nd st ng ck lt".split()]


def syllables(word: str) -> list[str]:
    """``word`` cut roughly, by its letters: "computer" → com, pu, ter."""
    return _SYLLABLE.findall(word) or [word]


def invented(chance: np.random.Generator, most: int = 4) -> str:
    """A word that does not exist, of one to ``most`` syllables: every sound beside every other."""
    return "".join(_syllable(chance) for _ in range(int(chance.integers(1, most + 1))))


def near_misses(phrase: str, chance: np.random.Generator, count: int) -> list[str]:
    """``count`` texts that sound like ``phrase`` in part and are not it: parts left out, replaced or in other order."""
    words = phrase.split()
    parts = [syllables(word) for word in words]
    found: list[str] = []
    while len(found) < count:
        text = _EDITS[int(chance.integers(len(_EDITS)))](words, parts, chance)
        if text and _letters(phrase) not in _letters(text):
            found.append(text)
    return found


def other_speech(phrase: str, chance: np.random.Generator, count: int) -> list[str]:
    """``count`` sentences, words and inventions in which ``phrase`` does not occur."""
    found: list[str] = []
    while len(found) < count:
        kind = chance.random()
        if kind < _SHARE_OF_SENTENCES:
            text = str(chance.choice(SENTENCES))
        elif kind < _SHARE_OF_SENTENCES + _SHARE_OF_WORDS:
            text = " ".join(str(word) for word in chance.choice(WORDS, int(chance.integers(1, 4))))
        else:
            text = " ".join(invented(chance) for _ in range(int(chance.integers(1, 3))))
        if _letters(phrase) not in _letters(text):
            found.append(text)
    return found


_SHARE_OF_SENTENCES: Final = 0.4
_SHARE_OF_WORDS: Final = 0.35


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def _syllable(chance: np.random.Generator) -> str:
    return "".join(str(chance.choice(sounds)) for sounds in (_ONSETS, _VOWELS, _CODAS))


def _replaced_syllable(words: list[str], parts: list[list[str]], chance: np.random.Generator) -> str:
    which = int(chance.integers(len(words)))
    kept = list(parts[which])
    kept[int(chance.integers(len(kept)))] = _syllable(chance)
    return " ".join([*words[:which], "".join(kept), *words[which + 1 :]])


def _dropped_syllable(words: list[str], parts: list[list[str]], chance: np.random.Generator) -> str:
    flat = [part for word in parts for part in word]
    del flat[int(chance.integers(len(flat)))]
    return "".join(flat)


def _one_end(words: list[str], parts: list[list[str]], chance: np.random.Generator) -> str:
    """The beginning or the end of the phrase with something else in place of the rest."""
    flat = [part for word in parts for part in word]
    cut = int(chance.integers(1, len(flat))) if len(flat) > 1 else 0
    rest = invented(chance, 2) if chance.random() < 0.5 else str(chance.choice(WORDS))  # noqa: PLR2004
    return f"{''.join(flat[:cut])} {rest}" if chance.random() < 0.5 else f"{rest} {''.join(flat[cut:])}"  # noqa: PLR2004


def _other_word(words: list[str], parts: list[list[str]], chance: np.random.Generator) -> str:
    if len(words) == 1:
        return _replaced_syllable(words, parts, chance)
    changed = list(words)
    changed[int(chance.integers(len(words)))] = str(chance.choice(WORDS))
    return " ".join(changed)


def _other_letter(words: list[str], parts: list[list[str]], chance: np.random.Generator) -> str:
    """Another vowel or consonant in two places: one place may be just another way to spell the same."""
    letters = list(" ".join(words))
    places = [place for place, letter in enumerate(letters) if letter.isalpha()]
    for place in chance.choice(places, min(2, len(places)), replace=False):
        kin = "aeiou" if letters[place].lower() in "aeiouy" else "bdfgklmnprstvwz"
        letters[place] = str(chance.choice([letter for letter in kin if letter != letters[place].lower()]))
    return "".join(letters)


def _reordered(words: list[str], parts: list[list[str]], chance: np.random.Generator) -> str:
    flat = [part for word in parts for part in word]
    return "".join(str(part) for part in chance.permutation(flat))


_EDITS: Final = (_replaced_syllable, _dropped_syllable, _one_end, _other_word, _other_letter, _reordered)
