"""Names of things and rooms that a house does not have: "the cellar door", where only the front door is known.

A command is about the only device of its sort only when nothing in the sentence tells another one. So every word that
stands where a name stands must be accounted for: it belongs to a name that was found, or it tells nothing apart.
"""

import re
from collections.abc import Collection
from typing import Final

from edge.understand.semantic.amounts import color

KINDS: Final = {
    "light": r"lights?|lamps?|bulbs?|lighting|lantern|chandelier|sconces?|floodlights?|spotlights?",
    "switch": r"plugs?|sockets?|outlets?|switch(?:es)?|wemo",
    "fan": r"fans?|ventilators?",
    "media_player": r"tv|television|speakers?|radio|stereo",
    "cover": r"blinds?|curtains?|shutters?|shades?|drapes|awnings?|garage doors?|doors?|gates?|windows?|skylights?",
    "lock": r"locks?|doors?|deadbolts?|bolts?|gates?|latch(?:es)?",
    "vacuum": r"vacuum cleaners?|vacuums?|vac|hoovers?|roombas?|robots?|cleaners?|cleaning robots?",
    "climate": r"thermostats?|heating|heaters?|radiators?|ac|air con(?:ditioner|ditioning)?|aircon|climate"
    r"|furnace|boiler|temperature",
}
"""Words for a sort of device."""
APPLIANCES: Final = re.compile(
    r"\b(?:ovens?|stoves?|cookers?|kettles?|toasters?|microwaves?|dishwashers?|(?:washing|coffee|espresso) machines?"
    r"|coffee makers?|washers?|dryers?|heaters?|humidifiers?|dehumidifiers?|(?:air )?purifiers?|air conditioners?"
    r"|computers?|printers?|routers?|chargers?|fridges?|freezers?|irons?|pumps?|christmas tree|fountains?|sprinklers?)$"
)
"""What hangs on a plug in many a home: who asks for one that is not known hears so."""
_ADJECTIVES: Final = frozenset(
    "all any some more other another every each both whole entire rest same only single few couple one two "
    "three four five six seven eight nine ten first last next new old smart big little small main wall "
    "ceiling led wireless electric electrical power good much less enough hue wemo wifi robot robotic vacuum "
    "automatic bright brighter brightest dark darker darkest dim dimmer dimmest soft softer warm warmer cool "
    "cooler cold colder hot hotter nice damn bloody bit lot level color colour night full half maximum "
    "minimum high low room rooms house home flat apartment place lighting light lights color's cosy cozy "
    "romantic relaxing mood evening dinner party reading roller venetian pale deep pastel neon teal violet "
    "amber gold golden".split()
)
"""What may stand before such a word without telling which one is meant; more may stand before it."""
_ENDS: Final = frozenset(
    "a an the my our your his her their this that these those it its it's me us you i i'm i'd we he she they "
    "them is are be was were am has have had having do does did of on off in at to for with from by into up "
    "down out over and or but so as than if no not nor too very just now please right there here there's "
    "where what which who how can could will would shall should may might must let let's want wants need "
    "needs like turn turning turned switch switching switched put putting set setting get getting give make "
    "making made cut shut kill dim dimming lower raise raised brighten lighten darken change changing adjust "
    "see use using open opening close closing lock locking unlock unlocking bolt secure start starting stop "
    "stopping run running begin activate deactivate enable disable power flip flick toggle bring take keep "
    "leave send call increase decrease reduce boost speed slow clean pause resume engage disengage initiate "
    "terminate illuminate blow heat vacuum launch trigger move dock return hello hey hi ok okay olly alexa "
    "siri computer google thanks help ensure check tell ask lift pull roll draw drop fire crank bump press "
    "hit plug unplug try go time sure ahead kindly then also again back latch unlatch unbolt douse extinguish "
    "soften shed spin slowly quickly slower faster stronger weaker quieter louder harder softly".split()
)
"""Words that no name is made of where one could stand, and behind which it begins."""
_SIDE: Final = "back"
"""One of them that is part of a name where it stands just before the thing: the back door."""
_THINGS: Final = frozenset(
    "sun sunlight sunshine day daylight morning evening afternoon night dark darkness moment minute while bit "
    "air breeze view sky world outside inside rest job floor floors carpet carpets rug mess dirt dust crumbs "
    "dishes temperature heat heating warmth cold degrees thermostat speed level setting settings power "
    "brightness intensity volume strength way house home place room rooms apartment flat bed kids children "
    "neighbours neighbors dog cat lights light lamp lamps door doors window windows charger charging station "
    "dock base cleaning everything thing things others one ones people guests weather brightest darkest max "
    "maximum minimum highest lowest half full usual normal same middle mood moods color colour colors colours "
    "hue shade scene ambiance ambience atmosphere tone party movie film dinner tv sleep eyes reading energy "
    "electricity background whole entire hands feet toes fingers nose head bones".split()
)
"""What is spoken of around a command without being what it is about."""
_MOST: Final = 4
"""Words of the longest name that is looked for."""
_PHRASE: Final = re.compile(r"\b(?:the|my|our)(?=((?: [a-z']+)+))")
_OF_SOMEBODY: Final = re.compile(
    r"\b(?!(?:it|that|what|who|where|when|how|why|there|here|let|he|she|one|today|tonight|tomorrow|everyone|everybody"
    r"|someone|somebody|nobody|everything|something|nothing|o)'s)([a-z]+'s)(?= [a-z]|$)"
)


def qualified(text: str, kinds: str, accounted: Collection[str]) -> str | None:
    """What ``text`` calls a thing of one of ``kinds`` (a pattern), where a word of that is none of ``accounted``."""
    for found in re.finditer(rf"\b(?:{kinds})\b", text):
        name: list[str] = []
        unknown = False
        for word in reversed(text[: found.start()].split()):
            if len(name) == _MOST or word in _ENDS - {_SIDE, *accounted} or not re.fullmatch("[a-z']+", word):
                break
            name.insert(0, word)
            unknown = unknown or not _known(word, accounted)
        while name and name[0] in _ADJECTIVES and name[0] not in accounted:
            del name[0]
        if unknown:
            return " ".join([*name, found[0]])
    return None


def spoken_of(text: str, kinds: str, accounted: Collection[str]) -> str | None:
    """The thing or room that ``text`` names behind an article, where a word of it is none of ``accounted``."""
    for found in _PHRASE.finditer(text):
        words: list[str] = []
        for word in found[1].split()[:_MOST]:
            if word in _ENDS - set(accounted):
                break
            words.append(word)
        known = _THINGS.union(accounted)
        if any(not _known(word, known) and not re.fullmatch(kinds, word) for word in words):
            return " ".join(words)
    owners = (found[1] for found in _OF_SOMEBODY.finditer(text))
    return next((owner for owner in owners if not _known(owner, _THINGS.union(accounted))), None)


def _known(word: str, accounted: Collection[str]) -> bool:
    own = word.removesuffix("'s")
    own_color = color(own) is not None
    return own_color or own in _ADJECTIVES or own in accounted or own.removesuffix("s") in accounted
