"""What a recogniser makes of a sentence when it mishears: words lost, run together, or replaced by their likes."""

import random
from typing import Final

_LIKE: Final = {
    "light": ("lite", "like", "right"), "lights": ("lites", "likes", "nights"), "off": ("of", "oft"),
    "on": ("an", "own"), "lamp": ("lump", "lamb"), "blind": ("blend", "blinds"), "blinds": ("blends", "blind"),
    "door": ("dor", "store"), "lock": ("look", "log"), "fan": ("van", "fen"), "heater": ("heat her", "eater"),
    "two": ("to", "too"), "four": ("for",), "turn": ("tern", "then"), "close": ("clothes", "claws"),
    "open": ("hoping", "opened"), "kitchen": ("kitten", "chicken"), "bedroom": ("bed room", "bathroom's"),
    "office": ("offers",), "garage": ("garbage",), "curtain": ("certain", "curtains"), "dim": ("dem", "tim"),
    "red": ("read",), "blue": ("blew",), "set": ("sit", "said"), "degrees": ("decrees",), "hallway": ("highway",),
    "study": ("steady",), "valve": ("value",), "vacuum": ("back room",), "shut": ("shot",), "spots": ("sports",),
    "desk": ("disk",), "porch": ("porsche",), "thermostat": ("thermal stat",), "the": ("a",), "kettle": ("cattle",),
    "shade": ("shayed",), "switch": ("which",), "warmer": ("warm are",), "percent": ("per cent",),
}  # fmt: skip
_LIGHT_WORDS: Final = frozenset("the a in to of at please my is are".split())
_LONG: Final = 5


def misheard(text: str, chance: random.Random) -> str:
    """``text`` with one or two errors in it."""
    words = text.split()
    for _ in range(chance.randint(1, 2)):
        words = chance.choice((_lost, _joined, _replaced, _replaced, _misspelt))(words, chance)
    return " ".join(words)


def _lost(words: list[str], chance: random.Random) -> list[str]:
    light = [place for place, word in enumerate(words) if word in _LIGHT_WORDS]
    return words if not light else [word for place, word in enumerate(words) if place != chance.choice(light)]


def _joined(words: list[str], chance: random.Random) -> list[str]:
    if len(words) < _LONG - 2:
        return words
    place = chance.randrange(1, len(words) - 1)
    return [*words[:place], words[place] + words[place + 1], *words[place + 2 :]]


def _replaced(words: list[str], chance: random.Random) -> list[str]:
    known = [place for place, word in enumerate(words) if word in _LIKE]
    if not known:
        return words
    place = chance.choice(known)
    return [*words[:place], chance.choice(_LIKE[words[place]]), *words[place + 1 :]]


def _misspelt(words: list[str], chance: random.Random) -> list[str]:
    long = [place for place, word in enumerate(words) if len(word) >= _LONG]
    if not long:
        return words
    place = chance.choice(long)
    word, letter = words[place], chance.randrange(1, len(words[place]) - 1)
    changed = word[:letter] + chance.choice(("", word[letter] * 2, chance.choice("aeiou"))) + word[letter + 1 :]
    return [*words[:place], changed, *words[place + 1 :]]
