"""What is said in German, French, Spanish, Dutch and Italian: by the same means as in English, with data of their own."""

from typing import Any

import pytest

from edge.devices import Ability, Device
from edge.intents import Origin
from edge.understand.grammar import Grammar
from edge.understand.languages import Grammars
from tests.houses import DIMMER, SWITCH, Rooms

ANYWHERE = Origin("test")
ON, OFF, LIGHT, HEAT, COVER = (
    "HassTurnOn",
    "HassTurnOff",
    "HassLightSet",
    "HassClimateSetTemperature",
    "HassSetPosition",
)
Heard = list[tuple[str, dict[str, Any]]]


def house(*devices: tuple[str, str, str]) -> Rooms:
    abilities = {"light": DIMMER, "cover": SWITCH | {Ability.POSITION}, "climate": frozenset({Ability.TEMPERATURE})}
    return Rooms(
        tuple(
            Device(f"{domain}.{number}", name, domain, area, abilities=abilities.get(domain, SWITCH))
            for number, (name, domain, area) in enumerate(devices)
        )
    )


HOUSES = {
    "de": house(
        ("Küchenlicht", "light", "Küche"), ("Stehlampe", "light", "Wohnzimmer"), ("Ventilator", "fan", "Schlafzimmer"),
        ("Haustür", "lock", "Flur"), ("Thermostat", "climate", "Flur"), ("Rollladen", "cover", "Schlafzimmer"),
    ),
    "fr": house(
        ("Lampe de chevet", "light", "Chambre"), ("Plafonnier", "light", "Cuisine"), ("Ventilateur", "fan", "Salon"),
        ("Porte d'entrée", "lock", "Entrée"), ("Thermostat", "climate", "Salon"), ("Volet", "cover", "Chambre"),
    ),
    "es": house(
        ("Lámpara de pie", "light", "Salón"), ("Luz de techo", "light", "Cocina"), ("Ventilador", "fan", "Dormitorio"),
        ("Cafetera", "switch", "Cocina"), ("Termostato", "climate", "Salón"), ("Persiana", "cover", "Dormitorio"),
    ),
    "it": house(
        ("Lampada da tavolo", "light", "Salotto"), ("Lampadario", "light", "Cucina"), ("Ventilatore", "fan", "Camera"),
        ("Porta d'ingresso", "lock", "Ingresso"), ("Termostato", "climate", "Salotto"), ("Tapparella", "cover", "Camera"),
    ),
    "nl": house(
        ("Staande lamp", "light", "Woonkamer"), ("Plafondlamp", "light", "Keuken"), ("Ventilator", "fan", "Slaapkamer"),
        ("Voordeur", "lock", "Gang"), ("Thermostaat", "climate", "Woonkamer"), ("Rolluik", "cover", "Slaapkamer"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def grammars() -> dict[str, Grammar]:
    return {language: Grammar(rooms, language, None) for language, rooms in HOUSES.items()}


SAID: list[tuple[str, str, Heard]] = [
    ("de", "schalte das Küchenlicht aus und die Stehlampe ein", [(OFF, {"name": "Küchenlicht"}), (ON, {"name": "Stehlampe"})]),
    ("de", "schalte das Küchenlicht und den Ventilator ein", [(ON, {"name": "Küchenlicht"}), (ON, {"name": "Ventilator"})]),
    ("de", "mach das Licht in der Küche und im Wohnzimmer aus", [(OFF, {"area": "Küche", "domain": "light"}), (OFF, {"area": "Wohnzimmer", "domain": "light"})]),
    ("de", "schalte alle Lichter außer in der Küche aus", [(OFF, {"domain": "light", "except_area": "Küche"})]),
    ("de", "schalte alle Lichter aus bis auf die Stehlampe", [(OFF, {"domain": "light", "except_name": "Stehlampe"})]),
    ("de", "mach alles im Wohnzimmer aus", [(OFF, {"area": "Wohnzimmer", "everything": True})]),
    ("de", "mach die Stehlampe ein bisschen heller", [(LIGHT, {"name": "Stehlampe", "brightness_step": 10})]),
    ("de", "mach es im Wohnzimmer wärmer", [(HEAT, {"area": "Wohnzimmer", "temperature_step": 1})]),
    ("de", "könntest du bitte das Küchenlicht anmachen", [(ON, {"name": "Küchenlicht"})]),
    ("de", "mach den Rollladen halb zu", [(COVER, {"name": "Rollladen", "position": 50})]),
    ("de", "schalte das Küchenlich ein", [(ON, {"name": "Küchenlicht"})]),
    ("de", "stelle das Küchenlicht auf vierzig Prozent", [(LIGHT, {"name": "Küchenlicht", "brightness": 40})]),
    ("fr", "allume le plafonnier et la lampe de chevet", [(ON, {"name": "Plafonnier"}), (ON, {"name": "Lampe de chevet"})]),
    ("fr", "éteins le plafonnier puis verrouille la porte d'entrée", [(OFF, {"name": "Plafonnier"}), (ON, {"name": "Porte d'entrée"})]),
    ("fr", "éteins toutes les lumières sauf dans la chambre", [(OFF, {"domain": "light", "except_area": "Chambre"})]),
    ("fr", "éteins tout dans la cuisine", [(OFF, {"area": "Cuisine", "everything": True})]),
    ("fr", "augmente un peu la luminosité de la lampe de chevet", [(LIGHT, {"name": "Lampe de chevet", "brightness_step": 10})]),
    ("fr", "augmente le chauffage dans le salon", [(HEAT, {"area": "Salon", "temperature_step": 1})]),
    ("fr", "est-ce que tu peux allumer le plafonnier s'il te plaît", [(ON, {"name": "Plafonnier"})]),
    ("fr", "ouvre le volet à moitié", [(COVER, {"name": "Volet", "position": 50})]),
    ("fr", "allume le plafonier", [(ON, {"name": "Plafonnier"})]),
    ("es", "enciende la luz de techo y la lámpara de pie", [(ON, {"name": "Luz de techo"}), (ON, {"name": "Lámpara de pie"})]),
    ("es", "apaga la luz de la cocina y del salón", [(OFF, {"area": "Cocina", "domain": "light"}), (OFF, {"area": "Salón", "domain": "light"})]),
    ("es", "apaga todas las luces menos la lámpara de pie", [(OFF, {"domain": "light", "except_name": "Lámpara de pie"})]),
    ("es", "apaga todo en la cocina", [(OFF, {"area": "Cocina", "everything": True})]),
    ("es", "sube un poco la lámpara de pie", [(LIGHT, {"name": "Lámpara de pie", "brightness_step": 10})]),
    ("es", "sube la calefacción del salón dos grados", [(HEAT, {"area": "Salón", "temperature_step": 2})]),
    ("es", "puedes encender la lámpara de pie por favor", [(ON, {"name": "Lámpara de pie"})]),
    ("es", "abre la persiana a la mitad", [(COVER, {"name": "Persiana", "position": 50})]),
    ("es", "enciende la lampara de pie", [(ON, {"name": "Lámpara de pie"})]),
    ("it", "accendi il lampadario e la lampada da tavolo", [(ON, {"name": "Lampadario"}), (ON, {"name": "Lampada da tavolo"})]),
    ("it", "spegni il lampadario e poi accendi il ventilatore", [(OFF, {"name": "Lampadario"}), (ON, {"name": "Ventilatore"})]),
    ("it", "spegni tutte le luci tranne la cucina", [(OFF, {"domain": "light", "except_area": "Cucina"})]),
    ("it", "spegni tutto in cucina", [(OFF, {"area": "Cucina", "everything": True})]),
    ("it", "alza un po' il lampadario", [(LIGHT, {"name": "Lampadario", "brightness_step": 10})]),
    ("it", "alza il riscaldamento in salotto di due gradi", [(HEAT, {"area": "Salotto", "temperature_step": 2})]),
    ("it", "potresti accendere il lampadario per favore", [(ON, {"name": "Lampadario"})]),
    ("it", "apri la tapparella a metà", [(COVER, {"name": "Tapparella", "position": 50})]),
    ("it", "accendi il lampadaro", [(ON, {"name": "Lampadario"})]),
    ("nl", "zet de plafondlamp en de staande lamp aan", [(ON, {"name": "Plafondlamp"}), (ON, {"name": "Staande lamp"})]),
    ("nl", "zet de plafondlamp uit en daarna de ventilator aan", [(OFF, {"name": "Plafondlamp"}), (ON, {"name": "Ventilator"})]),
    ("nl", "zet alle lampen behalve de staande lamp uit", [(OFF, {"domain": "light", "except_name": "Staande lamp"})]),
    ("nl", "zet alles in de keuken uit", [(OFF, {"area": "Keuken", "everything": True})]),
    ("nl", "maak de staande lamp iets feller", [(LIGHT, {"name": "Staande lamp", "brightness_step": 10})]),
    ("nl", "zet de verwarming in de woonkamer twee graden hoger", [(HEAT, {"area": "Woonkamer", "temperature_step": 2})]),
    ("nl", "kun je de plafondlamp aanzetten alsjeblieft", [(ON, {"name": "Plafondlamp"})]),
    ("nl", "zet het rolluik half open", [(COVER, {"name": "Rolluik", "position": 50})]),
    ("nl", "zet de plafontlamp aan", [(ON, {"name": "Plafondlamp"})]),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "expected"), SAID)
def test_what_is_said(grammars: dict[str, Grammar], language: str, text: str, expected: Heard) -> None:
    found = grammars[language].understand(text, ANYWHERE)
    assert found is not None
    assert [(intent.name, dict(intent.slots)) for intent in found.intents] == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "erzähl mir einen Witz und schalte das Küchenlicht aus"),
        ("de", "schalte alle Lichter aus außer dem Einhorn"),
        ("de", "schalte das Badlicht ein"),
        ("fr", "raconte une blague et allume le plafonnier"),
        ("fr", "allume la lampe du jardin"),
        ("es", "cuéntame un chiste y apaga la luz de techo"),
        ("es", "apaga todas las luces menos el unicornio"),
        ("it", "racconta una barzelletta e spegni il lampadario"),
        ("nl", "vertel een mop en doe de plafondlamp uit"),
        ("nl", "turn on the plafondlamp"),
    ],
)
def test_what_is_no_command(grammars: dict[str, Grammar], language: str, text: str) -> None:
    assert grammars[language].understand(text, ANYWHERE) is None


def test_each_language_has_a_grammar_built_when_it_is_first_spoken() -> None:
    built: list[str] = []

    def build(language: str) -> Grammar:
        built.append(language)
        return Grammar(HOUSES["de"], language, None)

    grammars = Grammars(build, "de-DE")
    assert built == ["de"]
    for text, language in (
        ("schalte die Stehlampe ein", "de"),
        ("turn on Stehlampe", "en"),
        ("turn off Stehlampe", "en"),
    ):
        found = grammars.understand(text, Origin("test", language=language))
        assert found is not None
        assert found.intent.slots == {"name": "Stehlampe"}
    assert built == ["de", "en"]
    assert grammars.understand("turn on Stehlampe", Origin("test", language="de")) is None
    assert grammars.understand("schalte die Stehlampe ein", Origin("test", language="xx")) is not None
