"""What leans on the sentence before in German, French, Spanish, Italian and Dutch: the same table in each."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from edge.act.targets import resolve
from edge.devices import ActionReport, Confirmation, DeviceState
from edge.dialogue import RESTORE, Context, Exchange
from edge.intents import Origin, OutcomeKind, Understanding
from edge.understand.followup import FollowUps
from edge.understand.grammar import Grammar
from tests.unit.test_languages import HOUSES

NOW: Final = 1000.0
FIRST: Final = {
    "de": "schalte das Küchenlicht ein",
    "fr": "allume le plafonnier",
    "es": "enciende la luz de techo",
    "it": "accendi il lampadario",
    "nl": "zet de plafondlamp aan",
}
"""Said before: turns on the lamp of the kitchen."""
LAMP: Final = {"de": "Küchenlicht", "fr": "Plafonnier", "es": "Luz de techo", "it": "Lampadario", "nl": "Plafondlamp"}
OTHER: Final = {
    "de": "Stehlampe", "fr": "Lampe de chevet", "es": "Lámpara de pie", "it": "Lampada da tavolo", "nl": "Staande lamp",
}  # fmt: skip
ROOM: Final = {"de": "Wohnzimmer", "fr": "Chambre", "es": "Salón", "it": "Salotto", "nl": "Woonkamer"}
"""Where the other lamp is."""

SAID: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "room": {
        "de": ("und im Wohnzimmer", "das Wohnzimmer auch", "und im Wohnzimmer auch", "was ist mit dem Wohnzimmer"),
        "fr": ("et dans la chambre", "la chambre aussi", "et dans la chambre aussi"),
        "es": ("y en el salón", "el salón también", "y en el salón también", "qué tal en el salón"),
        "it": ("e in salotto", "anche il salotto", "e anche in salotto"),
        "nl": ("en in de woonkamer", "de woonkamer ook", "en de woonkamer ook", "hoe zit het met de woonkamer"),
    },
    "other": {
        "de": ("und die Stehlampe", "die Stehlampe auch"),
        "fr": ("et la lampe de chevet", "la lampe de chevet aussi"),
        "es": ("y la lámpara de pie", "la lámpara de pie también"),
        "it": ("e la lampada da tavolo", "anche la lampada da tavolo"),
        "nl": ("en de staande lamp", "de staande lamp ook"),
    },
    "room instead": {
        "de": ("nein, das Wohnzimmer", "ich meinte das Wohnzimmer", "nicht die Küche, sondern das Wohnzimmer"),
        "fr": ("non, la chambre", "je voulais dire la chambre", "pas la cuisine mais la chambre"),
        "es": ("no, el salón", "quería decir el salón", "no la cocina sino el salón"),
        "it": ("no, il salotto", "intendevo il salotto", "non la cucina ma il salotto"),
        "nl": ("nee, de woonkamer", "ik bedoelde de woonkamer", "niet de keuken maar de woonkamer"),
    },
    "other instead": {
        "de": ("nein, die Stehlampe", "nein, schalte die Stehlampe ein"),
        "fr": ("non, la lampe de chevet", "non, allume la lampe de chevet"),
        "es": ("no, la lámpara de pie", "no, enciende la lámpara de pie"),
        "it": ("no, la lampada da tavolo", "no, accendi la lampada da tavolo"),
        "nl": ("nee, de staande lamp", "nee, zet de staande lamp aan"),
    },
    "off": {
        "de": ("schalte es aus", "schalte es wieder aus", "mach es bitte aus"),
        "fr": ("éteins-le", "éteins le", "éteins-la maintenant"),
        "es": ("apágala", "apágalo ahora"),
        "it": ("spegnilo", "spegnila adesso"),
        "nl": ("zet hem uit", "zet het weer uit"),
    },
    "blue": {
        "de": ("mach es blau", "blau", "nein, blau"),
        "fr": ("mets-le en bleu", "bleu", "non, bleu"),
        "es": ("ponla en azul", "azul", "no, azul"),
        "it": ("impostalo su blu", "blu", "no, blu"),
        "nl": ("maak hem blauw", "blauw", "nee, blauw"),
    },
    "dim": {
        "de": ("stell es auf 40 Prozent",),
        "fr": ("règle-le à 40 %",),
        "es": ("ponla al 40 por ciento",),
        "it": ("impostalo al 40 percento",),
        "nl": ("zet hem op 40 procent",),
    },
    "back": {
        "de": ("mach das rückgängig", "wie vorher", "stell es wieder zurück"),
        "fr": ("annule ça", "comme avant"),
        "es": ("deshazlo", "como antes"),
        "it": ("annulla questo", "come prima"),
        "nl": ("maak het ongedaan", "zoals het was", "zet het terug"),
    },
    "again": {
        "de": ("noch einmal", "mach das noch mal"),
        "fr": ("encore une fois",),
        "es": ("otra vez", "repite eso"),
        "it": ("ancora una volta", "ripetilo"),
        "nl": ("nog een keer", "doe dat opnieuw"),
    },
    "nothing": {
        "de": ("wie spät ist es", "ich mag das Wohnzimmer", "annullieren", "und", "nein", "das ist schön", "🙂"),
        "fr": ("quelle heure est-il", "j'aime la chambre", "et", "non", "c'est beau", "annule", "🙂"),
        "es": ("qué hora es", "me gusta el salón", "y", "no", "cancela", "🙂"),
        "it": ("che ore sono", "mi piace il salotto", "e", "no", "annulla", "🙂"),
        "nl": ("hoe laat is het", "ik hou van de woonkamer", "en", "nee", "dat is mooi", "🙂"),
    },
}
ROWS: Final = [
    (meaning, language, text) for meaning, by in SAID.items() for language, texts in by.items() for text in texts
]


def intents(meaning: str, language: str) -> list[tuple[str, dict[str, Any]]] | None:
    """What a row of the table means."""
    lamp, room = {"name": LAMP[language]}, {"area": ROOM[language], "domain": "light"}
    device = next(each.id for each in HOUSES[language].devices() if each.name == LAMP[language])
    back = (RESTORE, {"device": device, "state": "OFF"})
    return {
        "room": [("HassTurnOn", room)],
        "other": [("HassTurnOn", {"name": OTHER[language]})],
        "room instead": [("HassTurnOn", room), back],
        "other instead": [("HassTurnOn", {"name": OTHER[language]}), back],
        "off": [("HassTurnOff", lamp)],
        "blue": [("HassLightSet", {**lamp, "color": "blue"})],
        "dim": [("HassLightSet", {**lamp, "brightness": 40})],
        "back": [back],
        "again": [("HassTurnOn", lamp)],
        "nothing": None,
    }[meaning]


@pytest.fixture(scope="module")
def grammars() -> dict[str, Grammar]:
    return {language: Grammar(rooms, language, None) for language, rooms in HOUSES.items()}


@pytest.mark.parametrize(("meaning", "language", "text"), ROWS)
def test_it_leans_on_the_sentence_before(grammars: dict[str, Grammar], meaning: str, language: str, text: str) -> None:
    grammar, house, origin = grammars[language], HOUSES[language], Origin("test", None, language)
    before = grammar.understand(FIRST[language], origin)
    assert before is not None
    kinds = frozenset(device.domain for device in house.devices())
    reports = tuple(
        ActionReport(device.id, {"state": "ON"}, Confirmation.CONFIRMED, 1, DeviceState("on"), DeviceState("off"))
        for device in resolve(before.intent, origin, house.devices(), kinds).devices
    )
    context = Context((Exchange(NOW - 10, "…", before.intents, OutcomeKind.DONE, reports),), None, NOW)
    found = FollowUps(house, lambda _: grammar).understand(text, origin, context)
    got = [(each.name, dict(each.slots)) for each in found.intents] if isinstance(found, Understanding) else found
    assert got == intents(meaning, language)
