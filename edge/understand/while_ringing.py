"""What is understood before everything else while something rings: to stop it, or to put it off."""

from pathlib import Path
from typing import Final

from edge.intents import Origin, Understanding
from edge.ports import Announcer, Inventory
from edge.understand.grammar import Grammar
from edge.understand.router import SyncTier

_SENTENCES: Final = Path(__file__).parent / "while_ringing_sentences"


class WhileRinging:
    """The grammar, and a small one of its own for when something rings."""

    def __init__(self, announcer: Announcer, short: Grammar, usual: SyncTier) -> None:
        """``short``: that of :func:`while_ringing`."""
        self._announcer, self._short, self._usual = announcer, short, usual

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        """What ``text`` means now."""
        found = self._short.understand(text, origin) if self._announcer.ringing is not None else None
        return found or self._usual.understand(text, origin)


def while_ringing(house: Inventory, language: str) -> Grammar:
    """What is said to something that rings; in English where there are no sentences for ``language``."""
    files = sorted(_SENTENCES.glob("*.yaml"))
    spoken = language.split("-", maxsplit=1)[0]
    known = spoken if spoken in {file.stem for file in files} else "en"
    return Grammar(house, known, None, files, alone=True)
