"""What people say as one thing and mean as several, and how they name again what is on a list."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from rapidfuzz import fuzz, process

from edge.act.skills.lists.store import Item

SHOPPING: Final = "shopping"
TO_DO: Final = "to do"
LONGEST_NAME: Final = 60
LONGEST: Final = 200
"""Characters of an item. Whoever says more does not mean a list."""
_ALIKE: Final = 85.0
"""How like an item what is said of it must be, 0–100: "egg" is "eggs", "rice" is not "ice"."""
_AND: Final[Mapping[str, str]] = {
    "en": "and|plus",
    "de": "und",
    "fr": "et",
    "es": "y|e",
    "nl": "en",
    "it": "e|ed",
}
_FILLING: Final[Mapping[str, str]] = {"en": r"(?:some|the|more|also|my)\s+"}
_ARTICLES: Final[Mapping[str, str]] = {
    "en": "a|an|the|some|my",
    "de": "ein|eine|einen|der|die|das|den",
    "fr": "un|une|le|la|les|du|des",
    "es": "un|una|el|la|los|las",
    "nl": "een|de|het",
    "it": "un|una|il|la|i|le|gli|lo",
}
_PAIRS: Final[Mapping[str, frozenset[str]]] = {
    "en": frozenset(
        {
            "mac and cheese",
            "macaroni and cheese",
            "salt and pepper",
            "fish and chips",
            "bread and butter",
            "oil and vinegar",
            "ham and cheese",
            "half and half",
            "peanut butter and jelly",
            "gin and tonic",
        }
    )
}
"""One thing, in spite of the conjunction."""


def split(said: str, language: str, *, tasks: bool = False) -> list[str]:
    """The items of ``said``: "milk, eggs and bread" are three. Of ``tasks``, "call mum and dad" is one."""
    conjunction = _AND.get(language[:2], _AND["en"])
    listed = [part for part in re.split(r"\s*[,;]\s+", said.strip(" ,;.")) if part]
    if tasks and len(listed) == 1:
        return [_bare(said, language)] if _bare(said, language) else []
    pairs = _PAIRS.get(language[:2], frozenset())
    found: list[str] = []
    for part in listed:
        part = re.sub(rf"^(?:{conjunction})\s+", "", part, flags=re.IGNORECASE)  # noqa: PLW2901  # "eggs, and bread"
        pieces = (
            [part] if part.casefold() in pairs else re.split(rf"\s+(?:{conjunction})\s+", part, flags=re.IGNORECASE)
        )
        found += filter(None, (_bare(piece, language) for piece in pieces))
    return list(dict.fromkeys(found))


def find(said: str, items: Sequence[Item], language: str) -> Item | None:
    """The item that ``said`` means."""
    texts = {item.id: _plain(item.text, language) for item in items}
    best = process.extractOne(_plain(said, language), texts, scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return next((item for item in items if best and item.id == best[2]), None)


def _bare(item: str, language: str) -> str:
    filling = _FILLING.get(language[:2])
    item = item.strip(" ,;.!?")
    return re.sub(rf"^{filling}", "", item, flags=re.IGNORECASE) if filling else item


def _plain(item: str, language: str) -> str:
    """What two ways of saying the same thing have in common."""
    articles = _ARTICLES.get(language[:2], _ARTICLES["en"])
    return re.sub(rf"^(?:{articles})\s+", "", item.casefold().strip())
