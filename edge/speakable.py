"""What a language model writes, as a voice can say it: without Markdown, addresses of pages, emoji."""

import re
import unicodedata
from typing import Final
from urllib.parse import urlsplit

_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_URL: Final = re.compile(r"<?\b(?:https?://|www\.)[^\s<>\"')\]]+[^\s<>\"')\].,;:!?]>?", re.I)
_FENCE: Final = re.compile(r"^\s*(?:```|~~~)\w*\s*$", re.M)
_RULE: Final = re.compile(r"^\s*(?:[-*_]\s*){3,}$|^\s*\|?(?:\s*:?-{3,}:?\s*\|)+\s*:?-*:?\s*$", re.M)
_LINE_START: Final = re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+•–]\s+(?:\[[ xX]\]\s+)?)+", re.M)
_NUMBERED: Final = re.compile(r"^\s*(\d{1,3})[.)]\s+(?=\S)", re.M)
_MARKS: Final = re.compile(r"(\*{1,3}|~~|`+|(?<!\w)_{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)", re.S)
_LEFT_OVER: Final = re.compile(r"\*{2,}|`+|~~|^\*(?=\w)")
_CELL: Final = re.compile(r"\s*\|\s*")
_TAG: Final = re.compile(r"</?[a-z][^<>]{0,80}>", re.I)
_KEPT_SYMBOLS: Final = frozenset("°©®™%+=<>€$£¥^|")
_UNSPOKEN: Final = frozenset({"So", "Sk", "Cs", "Co", "Cn", "Cf", "Cc"})
"""Unicode's categories of emoji, modifiers, surrogates, private and unassigned characters, formats, controls."""
_GONE: Final = "\0"
"""Stands where something unspoken stood."""
_AROUND_GONE: Final = re.compile(r"\s*\0[\s\0]*(?=[.,;:!?])|\0")
_EMOJI_JOINTS: Final = frozenset("\ufe0e\ufe0f\u20e3")
"""Variation selectors and the keycap, which are marks to Unicode."""


def speakable(text: str) -> str:
    """``text`` for a voice, on one line; empty where nothing in it can be said."""
    text = _FENCE.sub("", text)
    text = _RULE.sub("", text)
    text = _LINK.sub(r"\1", text)
    text = _URL.sub(_site, text)
    text = _TAG.sub("", text)
    text = _LINE_START.sub("", text)
    text = _NUMBERED.sub(r"\1, ", text)
    while (plain := _MARKS.sub(r"\2", text)) != text:
        text = plain
    text = _LEFT_OVER.sub("", text)
    text = _CELL.sub(", ", text.strip().strip("|"))
    text = "".join(character if _is_spoken(character) else _GONE for character in text)
    text = " ".join(_AROUND_GONE.sub("", text).split())
    return text if any(character.isalnum() for character in text) else ""


def _site(found: re.Match[str]) -> str:
    """Of an address only whose it is."""
    address = found.group().strip("<>")
    host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    return host.removeprefix("www.")


def _is_spoken(character: str) -> bool:
    if character in _KEPT_SYMBOLS or character.isspace():
        return True
    return character not in _EMOJI_JOINTS and unicodedata.category(character) not in _UNSPOKEN
