"""What is understood before everything else while something rings: to stop it, or to put it off."""

from pathlib import Path
from typing import Final

from edge.intents import Origin, Understanding
from edge.ports import Announcer, Inventory
from edge.understand.grammar import Grammar
from edge.understand.languages import Grammars

_SENTENCES: Final = Path(__file__).parent / "while_ringing_sentences"


class WhileRinging:
    """The grammar, and a small one of its own for when something rings."""

    def __init__(self, house: Inventory, language: str, announcer: Announcer, usual: Grammars) -> None:
        """In a language without sentences of this kind, English ones are taken. Raises SettingsError."""
        self._announcer, self._usual = announcer, usual
        files = sorted(_SENTENCES.glob("*.yaml"))
        known = {file.stem for file in files}
        language = language.split("-", maxsplit=1)[0]
        self._short = Grammar(house, language if language in known else "en", None, files, alone=True)

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        """What ``text`` means now."""
        found = self._short.understand(text, origin) if self._announcer.ringing is not None else None
        return found or self._usual.understand(text, origin)
