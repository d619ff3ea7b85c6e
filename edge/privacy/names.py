"""Names of people in a text: those of the house, and those that somebody introduces as such.

A model that finds names by itself is too slow and too large for a board, and finds "Jarvis" in every second sentence.
So the house's own names are known (facts, settings, whose room it is), and others are found where the words before
them say that a person follows.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

ORDINARY: Final = frozenset(
    "will may rose mark grace joy hope faith summer april june august jack bill pat art dawn ivy lily daisy violet "
    "ruby amber sky robin frank rich drew chase miles dean earl page don ray sunny angel iris olive hazel ginger "
    "gene dale cliff rob sue nick max star storm reed heath forest rain river ernst wolf blume sommer heide "
    "pierre rose olivier clement marine fleur luz sol mar cruz paz rosa viola stella gioia bianca aurora "
    "roos bloem jan an".split()
)
"""Names that are words, too: only with a capital letter, where no other word would have one, are they names."""
_SAYS: Final = r"(?:'s|’s| (?:is|was|has|had|wants|likes|needs|said|says|and|ist|hat|mag|est|a|es|tiene|è|ha|heeft))\b"
"""What follows a name at the beginning of a sentence, and hardly a question."""

_CAPITAL: Final = r"[A-ZÀ-ÖØ-Þ][\w'’-]*[^\W\d_]"
_FULL: Final = rf"{_CAPITAL}(?: (?:van |von |de |der |den |di |da |del |la |le )*{_CAPITAL})?"
_TITLES: Final = (
    r"(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herrn?|Frau|Monsieur|Madame|Mademoiselle|Mme|Señora?|Sra?|Don|Doña|Signora?|Signor|Sig|"
    r"Meneer|Mevrouw|Mijnheer|Doktor|Docteur|Dottoressa|Dottor|Doctor)\.?"
)
_RELATIVES: Final = (
    r"(?:my|our|his|her|their) (?:\w+ )?(?:wife|husband|son|daughter|mother|father|brother|sister|friend|girlfriend|"
    r"boyfriend|boss|neighbou?r|colleague|uncle|aunt|cousin|grandson|granddaughter|nephew|niece|partner|teacher|doctor)"
    r"|(?:meine?[rnm]?|unsere?[rnm]?) (?:Frau|Mann|Sohn|Tochter|Mutter|Vater|Bruder|Schwester|Freund(?:in)?|Oma|Opa|"
    r"Chef(?:in)?|Nachbarn?|Nachbarin|Onkel|Tante|Kolleg(?:e|in|en))"
    r"|(?:mon|ma|mes|notre) (?:femme|mari|fils|fille|mère|père|frère|sœur|soeur|amie?|copain|copine|voisine?|oncle|"
    r"tante)"
    r"|(?:mi|nuestr[oa]) (?:mujer|esposa|marido|hijo|hija|madre|padre|hermano|hermana|amigo|amiga|novio|novia|"
    r"vecin[oa]|jefe)"
    r"|(?:mi[oa]|nostr[oa]) (?:moglie|marito|figlio|figlia|madre|padre|fratello|sorella|amico|amica|vicin[oa]|zi[oa]|"
    r"capo)"
    r"|(?:mijn|onze|ons) (?:vrouw|man|zoon|dochter|moeder|vader|broer|zus|vriendin|vriend|buurman|buurvrouw|baas|oom|"
    r"tante)"
)
_CALLED: Final = (
    r"(?:my name is|(?:his|her|their) name is|I am called|(?:is|are) called|call me"
    r"|(?:ich|er|sie) hei(?:ß|ss)en?|hei(?:ß|ss)t|mein Name ist|nenn mich"
    r"|je m['’]appelle|(?:il|elle) s['’]appelle|mon nom est|appelle-moi"
    r"|(?:me|se) llam[oa]|mi nombre es|llámame|mi chiamo|si chiama|il mio nome è|chiamami"
    r"|(?:ik|hij|zij|ze) heet|mijn naam is|noem me)"
)
_CALL: Final = (
    r"(?:call|phone|text|e-?mail|message|ring up|invite|ruf|rufe|ruf doch|schreib|appelle|écris à|llama a|escribe a"
    r"|chiama|scrivi a|bel|schrijf)"
)
_NOBODY: Final = (
    r"(?!(?:The|A|An|Me|My|Us|Him|Her|It|Is|And|Or|If|In|On|At|To|For|When|What|Der|Die|Das|Mich|Mir|Und|Le|La|Les|Et|"
    r"El|Los|Las|Y|Il|Lo|E|De|Het|Een|En|Siri|Alexa|Google|Jarvis)\b)"
)
_INTRODUCED: Final = re.compile(
    # Of a name that somebody is said to have, the letters are as the recogniser wrote them.
    rf"\b(?i:{_CALLED}),? (?P<called>{_NOBODY}{_FULL}|(?!(?:not|the|a|an|nicht|pas|no|non|niet)\b)[^\W\d_]{{2,}}$)"
    rf"|\b{_TITLES} (?P<titled>{_FULL})"
    rf"|\b(?i:{_RELATIVES})(?: (?i:is|ist|est|es|è|heißt|heet|s'appelle|se llama|si chiama))?,? "
    rf"(?P<relative>{_NOBODY}{_FULL})"
    rf"|\b(?i:{_CALL}) (?!{_TITLES} )(?P<call>{_NOBODY}{_FULL})"
)
_OWNED: Final = re.compile(rf"^(?P<en>{_CAPITAL})['’]s\b|\b(?:de|di|von|van|d['’])\s?(?P<of>{_CAPITAL})$")


class NameFinder:
    """Finds names in texts of one language."""

    def __init__(self, language: str, own: Iterable[str]) -> None:
        """``own``: the names of the people of the house; of "Anna Berg" also each part."""
        self._own = _pattern(frozenset(own))

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """From where to where."""
        if self._own is not None:
            for match in self._own.finditer(text):
                if match[0].casefold() not in ORDINARY or _is_name(text, match):
                    yield match.span()
        for match in _INTRODUCED.finditer(text):
            group = match.lastgroup
            assert group is not None
            start, end = match.span(group)
            # "Anna's": the name is Anna.
            yield start, end - 2 if text[start:end].endswith(("'s", "’s")) else end


@lru_cache(maxsize=4)
def owners(names: frozenset[str]) -> frozenset[str]:
    """Who is told of in the names of rooms and devices: of "Anna's lamp", Anna."""
    found = (match for name in names for match in _OWNED.finditer(name))
    return frozenset(match["en"] or match["of"] for match in found)


def told(fact: str) -> frozenset[str]:
    """Names of people in something that was told: of "my daughter's name is Lena", Lena."""
    return frozenset(match[match.lastgroup] for match in _INTRODUCED.finditer(fact) if match.lastgroup is not None)


def _is_name(text: str, match: re.Match[str]) -> bool:
    """Whether an ordinary word is meant as a name."""
    if not match[0][0].isupper():
        return False
    begins = not text[: match.start()].rstrip() or text[: match.start()].rstrip()[-1] in ".!?\n"
    return not begins or re.match(_SAYS, text[match.end() :]) is not None


@lru_cache(maxsize=8)
def _pattern(own: frozenset[str]) -> re.Pattern[str] | None:
    parts = {part for name in own for part in (name.strip(), *name.split()) if len(part) > 1}
    if not parts:
        return None
    # The whole name before a part of it.
    either = "|".join(re.escape(part) for part in sorted(parts, key=lambda part: (-len(part), part)))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.I)
