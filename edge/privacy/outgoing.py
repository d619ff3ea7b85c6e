"""What becomes of an event before it is kept for the bridge: nothing without consent, and of turns no personal data."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from apsw import Connection

from edge.privacy.consent import may_be_sent
from edge.privacy.masking import Masker
from edge.privacy.names import owners, told

_BETWEEN: Final = "\n\x1e\n"
"""Between texts that are masked as one, so that the same person has the same placeholder in all of them."""
_NAME: Final = "name"
"""The topic of the fact that is a person's name."""
_TEXTS: Final = ("text", "reply")


class Outgoing:
    """For the outbox of one house."""

    def __init__(
        self, language: str, names: Iterable[str] = (), places: Callable[[], Collection[str]] = frozenset
    ) -> None:
        """``names``: of the people of the house, by the settings; ``places``: gives the names of rooms and devices."""
        self._language, self._names, self._places = language, frozenset(names), places
        self._masker: tuple[frozenset[str], Masker] | None = None

    def __call__(self, connection: Connection, kind: str, body: object) -> object | None:
        """What may be kept for the bridge; None: nothing of it. In the transaction that ``connection`` is in."""
        if not may_be_sent(connection, kind):
            return None
        if kind == "turn" and isinstance(body, Mapping):
            return masked_turn(body, self.masker(people(connection)))
        return body

    def masker(self, people: frozenset[str]) -> Masker:
        """By all names that are known now."""
        names = self._names | people | owners(frozenset(self._places()))
        if self._masker is None or self._masker[0] != names:
            self._masker = (names, Masker(self._language, names))
        return self._masker[1]


def people(connection: Connection) -> frozenset[str]:
    """Names of people in what was told."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'memory_fact'").fetchone() is None:
        return frozenset()
    return names_in(connection.execute("SELECT topic, text FROM memory_fact WHERE forgotten IS NULL"))


def names_in(facts: Iterable[tuple[Any, ...]]) -> frozenset[str]:
    """Of facts, as (topic, text)."""
    found: set[str] = set()
    for topic, text in facts:
        if isinstance(text, str):
            found |= {text} if topic == _NAME else told(text)
    return frozenset(found)


def masked_turn(turn: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
    """A turn as :func:`edge.memory.report.report` has it, masked in what was said, answered and meant."""
    texts: list[str] = []

    def put_in(value: object) -> object:
        """``value`` with each text replaced by its number."""
        match value:
            case str():
                texts.append(value)
                return _Text(len(texts) - 1)
            case Mapping():
                return {name: put_in(each) for name, each in value.items()}
            case list() | tuple():
                return [put_in(each) for each in value]
        return value

    numbered = {name: put_in(turn[name]) for name in _TEXTS if name in turn}
    if "intents" in turn:
        # The first of each is its name, which is ours.
        numbered["intents"] = [[name, *map(put_in, slots)] for name, *slots in turn["intents"]]
    masked = masker.mask(_BETWEEN.join(texts)).text.split(_BETWEEN)
    if len(masked) != len(texts):
        masked = [masker.mask(text).text for text in texts]
    return {**turn, **{name: _taken_out(value, masked) for name, value in numbered.items()}}


class _Text(int):
    """The number of a text."""


def _taken_out(value: object, texts: list[str]) -> object:
    match value:
        case _Text():
            return texts[value]
        case dict():
            return {name: _taken_out(each, texts) for name, each in value.items()}
        case list():
            return [_taken_out(each, texts) for each in value]
    return value
