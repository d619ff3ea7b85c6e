"""Other entries out of good ones: by what they are made of where that is JSON, else by their bytes.

Everything is drawn from one :class:`random.Random`, so that a number tells a campaign.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

PART: Final = b"\x1e"
"""Between the messages of an entry that holds several."""
_NUMBERS: Final = (0, 1, -1, 2, 255, 256, 65_535, 2**31, 2**53 + 1, -(2**63), 10**30, 10**400, 0.5, -0.0, 1e308, 5e-324)
_TEXTS: Final = (
    "", " ", "0", "-1", "nan", "inf", "null", "None", "true", "ON", "~", "~/x", "#", "+/x", "/", "..", "../../x", "\x00", "\ud800",
    "a\udfffb", "\u202e", "\N{COMBINING ACUTE ACCENT}" * 40, "é" * 40, "𝔸", "İ", "ß", "\n", "\x1b[2J", "{{ value }}", "{% for a in range(9) %}",
    "{{ value_json.a.b }}", "%s", "$1", "'; --", "<script>alert(1)</script>", "\N{KELVIN SIGN}", "１２", "1e999", "9" * 400,
)  # fmt: skip
_ANY: Final = (None, True, False, [], {}, [[]], {"": {}}, [None], math.nan, math.inf, *_NUMBERS, *_TEXTS)
_BYTES: Final = (
    b"\x00", b"\xff", b"\xff\xff\xff\xff", b"\x80", b"\x7f", b"\xc0\x80", b"\xed\xa0\x80", b"\xf0\x9f", b"\r\n", b"\n", b"[", b"{", b'"', b"\\",
    b"\\ud800", b"1" * 5000, b"-", b"1e999", b"NaN", b"\xef\xbb\xbf", b"\xff\xfe",
)  # fmt: skip
_DEEPEST: Final = 4_000
_STEPS: Final = 4
"""Changes at a time, at the most."""

Change = Callable[[bytes, "Mutator"], bytes]


class Mutator:
    """Makes entries for one parser."""

    def __init__(self, seeds: Sequence[bytes], tokens: Sequence[bytes], largest: int, random: Random) -> None:
        self.random, self.largest = random, largest
        self._seeds, self._tokens = list(seeds), list(tokens)

    def learn(self, entry: bytes) -> None:
        """It was worth while: make others out of it, too."""
        self._seeds.append(entry)

    def entry(self) -> bytes:
        """A new one."""
        return self.changed(self.random.choice(self._seeds))

    def changed(self, entry: bytes) -> bytes:
        """``entry``, one to four changes later."""
        for _ in range(self.random.randint(1, _STEPS)):
            entry = self.random.choice(_CHANGES)(entry, self)[: self.largest]
        return entry

    def large(self) -> bytes:
        """Much of little: a part of an entry, as often as there is room for it."""
        entry = self.random.choice(self._seeds)
        if self.random.random() < 0.5:
            entry = self.changed(entry)
        whole = _json_many(entry, self) if self.random.random() < 0.5 else None
        return (whole or _many(entry, self))[: self.largest]

    def other(self) -> bytes:
        """Another entry, as it is."""
        return self.random.choice(self._seeds)

    def token(self) -> bytes:
        """Something that means something, or that is often read wrongly."""
        return self.random.choice(self._tokens) if self._tokens and self.random.random() < 0.7 else self.random.choice(_BYTES)  # fmt: skip

    def word(self) -> str:
        """A token as text."""
        return self.token().decode("utf-8", "replace")

    def anything(self) -> Any:
        """A JSON value."""
        match self.random.randrange(8):
            case 0:
                return self.word()
            case 1:
                return self.word() * self.random.choice((2, 30, 2_000))
            case 2:
                return [self.random.choice(_ANY) for _ in range(self.random.randrange(5))]
            case 3:
                return {self.word(): self.random.choice(_ANY) for _ in range(self.random.randrange(4))}
            case _:
                return self.random.choice(_ANY)

    def place(self, entry: bytes) -> tuple[int, int]:
        """A piece of ``entry``: from, to."""
        begin = self.random.randrange(len(entry) + 1)
        return begin, min(len(entry), begin + self.random.choice((1, 1, 2, 4, 8, 32, 200)))


# -- by bytes ---------------------------------------------------------------------------------------------------------


def _flip(entry: bytes, m: Mutator) -> bytes:
    if not entry:
        return m.token()
    at = m.random.randrange(len(entry))
    return entry[:at] + bytes([entry[at] ^ (1 << m.random.randrange(8))]) + entry[at + 1 :]


def _insert(entry: bytes, m: Mutator) -> bytes:
    at = m.random.randrange(len(entry) + 1)
    return entry[:at] + m.token() + entry[at:]


def _replace(entry: bytes, m: Mutator) -> bytes:
    begin, end = m.place(entry)
    return entry[:begin] + m.token() + entry[end:]


def _delete(entry: bytes, m: Mutator) -> bytes:
    begin, end = m.place(entry)
    return entry[:begin] + entry[end:]


def _cut(entry: bytes, m: Mutator) -> bytes:
    return entry[: m.random.randrange(len(entry) + 1)]


def _double(entry: bytes, m: Mutator) -> bytes:
    begin, end = m.place(entry)
    return entry[:end] + entry[begin:end] * m.random.choice((1, 2, 10, 300)) + entry[end:]


def _splice(entry: bytes, m: Mutator) -> bytes:
    other = m.other()
    return entry[: m.random.randrange(len(entry) + 1)] + other[m.random.randrange(len(other) + 1) :]


def _join(entry: bytes, m: Mutator) -> bytes:
    return entry + PART + m.other()


def _number(entry: bytes, m: Mutator) -> bytes:
    found = list(re.finditer(rb"-?\d+(?:\.\d+)?", entry))
    if not found:
        return _flip(entry, m)
    one = m.random.choice(found)
    return entry[: one.start()] + repr(m.random.choice(_NUMBERS)).encode() + entry[one.end() :]


def _many(entry: bytes, m: Mutator) -> bytes:
    begin, end = m.place(entry)
    piece = m.token() if m.random.random() < 0.3 else entry[begin:end]
    times = max(0, m.largest - len(entry)) // max(1, len(piece))
    return entry[:begin] + piece * times + entry[end:]


# -- by structure -----------------------------------------------------------------------------------------------------


def _json(entry: bytes, m: Mutator) -> bytes:
    """Somewhere in the JSON of one of the messages: another value, another key, more of it, less of it."""
    parts = entry.split(PART)
    at = m.random.randrange(len(parts))
    head, begin, body = _begun(parts[at])
    value = _read(body)
    if value is None:
        return _replace(entry, m)
    parts[at] = head + begin + _written(_at_random(value, m))
    return PART.join(parts)


def _json_many(entry: bytes, m: Mutator) -> bytes | None:
    """As many members or items of one kind as there is room for, or a value as long or as deep as that."""
    head, begin, body = _begun(entry.split(PART)[0])
    value = _read(body)
    if value is None:
        return None
    places = list(_places(value))
    if not places:
        return None
    inside, key = m.random.choice(places)
    room = max(1, m.largest - len(entry))
    match m.random.randrange(5):
        case 0:
            word = m.word() or "x"
            inside[key] = word * max(1, room // len(word.encode()))
        case 1:
            return head + begin + _written(value).replace(_written(inside[key]), _deep(inside[key], m), 1)
        case 2:
            count = max(1, room // (len(_written(inside[key])) + 2))
            inside[key] = [inside[key]] * count
        case 3 if isinstance(inside, dict):
            count = max(1, room // (len(_written(inside[key])) + 12))
            inside.update({f"{key}{number}": inside[key] for number in range(count)})
        case _:
            value_of_all = m.anything()
            inside[key] = [value_of_all] * max(1, room // (len(_written(value_of_all)) + 1))
    return head + begin + _written(value)


def _deep(value: Any, m: Mutator) -> bytes:
    depth = m.random.randint(1, _DEEPEST)
    if m.random.random() < 0.5:
        return b"[" * depth + _written(value) + b"]" * depth
    return b'{"a":' * depth + _written(value) + b"}" * depth


def _begun(message: bytes) -> tuple[bytes, bytes, bytes]:
    """What stands before the JSON (a topic), and it."""
    line, newline, body = message.partition(b"\n")
    return (line, newline, body) if newline and body[:1] in (b"{", b"[") else (b"", b"", message)


def _read(body: bytes) -> Any:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) and value else None


def _written(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _places(value: Any) -> Any:
    """Each (container, key) in it."""
    pending = [value]
    while pending:
        inside = pending.pop()
        keys = list(inside) if isinstance(inside, dict) else range(len(inside))
        for key in keys:
            yield inside, key
            if isinstance(inside[key], dict | list):
                pending.append(inside[key])


def _at_random(value: Any, m: Mutator) -> Any:
    places = list(_places(value))
    if not places:
        return m.anything()
    inside, key = m.random.choice(places)
    match m.random.randrange(7):
        case 0:
            del inside[key]
        case 1 if isinstance(inside, dict):
            inside[m.word()] = inside.pop(key)
        case 2 if isinstance(inside, dict):
            inside[m.word()] = m.anything()
        case 3:
            other, others = m.random.choice(places)
            inside[key] = json.loads(_written(other[others])) if others in (other if isinstance(other, dict) else range(len(other))) else None  # fmt: skip
        case 4:
            inside[key] = [inside[key]] * m.random.choice((1, 2, 20))
        case 5 if isinstance(inside[key], str):
            inside[key] = _text(inside[key], m)
        case _:
            inside[key] = m.anything()
    return value


def _text(text: str, m: Mutator) -> str:
    begin, end = m.place(text.encode("utf-8", "replace"))
    extra = m.word() if m.random.random() < 0.6 else m.random.choice(_TEXTS)
    return text[:begin] + extra * m.random.choice((1, 1, 3, 100)) + text[end:]


_CHANGES: Final[Sequence[Change]] = (
    _json, _json, _json, _json, _flip, _insert, _insert, _replace, _delete, _cut, _double, _splice, _join, _number,
)  # fmt: skip
