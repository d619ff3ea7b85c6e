"""A grammar for each language that is spoken, built when it is first needed."""

from collections.abc import Callable

from edge.errors import SettingsError
from edge.intents import Origin, Understanding
from edge.ports import Sayable
from edge.understand.grammar import Grammar


class Grammars:
    """Understands each sentence in the language of its origin, and in the usual one where there is no other."""

    def __init__(self, build: Callable[[str], Grammar], usual: str) -> None:
        """``build`` makes the grammar of a language (ISO 639-1), which takes a second on a small board; that of the
        ``usual`` one is made at once.

        Raises SettingsError when there are no sentences for ``usual``.
        """
        self._build, self._usual = build, _short(usual)
        self._grammars = {self._usual: build(self._usual)}

    def understand(self, text: str, origin: Origin) -> Understanding | None:
        """The intents of ``text``, said in ``origin.language``."""
        return self.of(origin.language).understand(text, origin)

    def sayable(self) -> Sayable:
        """All that can be said in the usual language."""
        return self._grammars[self._usual].sayable()

    def renew(self) -> bool:
        """Take over what has changed in the house, before a sentence waits for it. Returns whether anything had."""
        changed = [grammar.renew() for grammar in set(self._grammars.values())]
        return any(changed)

    def of(self, language: str) -> Grammar:
        """The grammar of ``language``."""
        short = _short(language)
        if short not in self._grammars:
            try:
                self._grammars[short] = self._build(short)
            except SettingsError:  # a recogniser may name a language that nobody has written sentences for
                self._grammars[short] = self._grammars[self._usual]
        return self._grammars[short]


def _short(language: str) -> str:
    return language.split("-", maxsplit=1)[0].lower()
