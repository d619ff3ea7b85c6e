"""What people in crowd collections said, put into a random home: the training part of three public sets.

``home_llm`` (acon96/home-llm, MIT), ``nlu_eval`` (xliuhw/NLU-Evaluation-Data, CC BY 4.0) and ``slurp``
(pswietojanski/slurp, CC BY 4.0), as JSON lines. Nothing of them is kept in the product.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from edge.devices import Device
from edge.evaluation.text.split import is_training
from edge.understand.training.asking import VERB, Said, Scene, Scenes, Wanted, some_value, spelt, verbs_for
from edge.understand.training.homes import Home, abilities_of, random_home

Row = Mapping[str, Any]

_SERVICES: Final = {
    "turn_on": "on", "turn_off": "off", "toggle": "toggle", "open_cover": "open", "close_cover": "close",
    "stop_cover": "stop", "lock": "lock", "unlock": "unlock", "increase_speed": "faster", "decrease_speed": "slower",
    "start": "start", "return_to_base": "dock", "set_temperature": "temperature", "set_hvac_mode": "mode",
}  # fmt: skip
_DOMAINS: Final = {"blinds": ("cover", "blind"), "garage_door": ("cover", "garage")}
_CONTROLLED: Final = frozenset("light switch fan lock vacuum climate blinds garage_door cover".split())
_ANSWERED: Final = frozenset("light switch fan lock vacuum blinds garage_door".split())
_HOME_INTENTS: Final = {
    "iot_hue_lighton": "on", "iot_hue_lightoff": "off", "iot_hue_lightup": "brighter", "iot_hue_lightdim": "dimmer",
    "iot_hue_lightchange": "color", "iot_wemo_on": "on", "iot_wemo_off": "off", "iot_cleaning": "start",
}  # fmt: skip
_TOPICS: Final = re.compile("^(alarm|audio|calendar|cooking|datetime|email|general|lists|music|news|play|qa|"
                            "recommendation|social|takeaway|transport|weather)_")  # fmt: skip
"""Scenarios that ask nothing of a device."""


def read(folder: Path) -> tuple[Scenes, frozenset[str]]:
    """Scenes of the training part of the files in ``folder``, and all other sentences there: they are for measuring.

    Raises OSError, ValueError.
    """
    scenes: dict[str, tuple[int, list[Scene]]] = {"crowd": (50, []), "crowd talk": (240, [])}
    measured: set[str] = set()
    for path in sorted(folder.glob("*.jsonl")):
        of = _SOURCES.get(path.stem)
        for row in _rows(path):
            sentence = str(row.get("phrase") or row.get("sentence") or "")
            if of is None or not is_training(sentence):
                measured.add(sentence)
            elif (scene := of(row)) is not None:
                scenes["crowd talk" if _TOPICS.match(row.get("intent", "")) else "crowd"][1].append(scene)
    return {kind: part for kind, part in scenes.items() if part[1]}, frozenset(measured)


def _rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _from_home_llm(row: Row) -> Scene | None:
    kind, phrase = row["kind"], row["phrase"]
    if kind == "action":
        return _action(phrase, row["service_name"], row["device_name"])
    if kind == "status":
        return _placed(phrase, row["device_type"], "read") if row["device_type"] in _ANSWERED else None
    if kind == "template":
        if "|" in row["service"]:
            return _strung(phrase, row["device_type"].split("|"), row["service"].split("|"))
        verb = _SERVICES.get(row["service"])
        return _placed(phrase, row["device_type"], verb) if verb and row["device_type"] in _CONTROLLED else None
    if row["reason_type"] == "not_available":
        return _refused(phrase.replace("<device_name>", str(row["friendly_name"]).lower()))
    return None


def _action(phrase: str, service: str, object_id: str) -> Scene | None:
    domain, _, name = service.partition(".")
    verb = _SERVICES.get(name)
    if verb is None or domain not in _CONTROLLED:
        return None
    words = re.sub(r"_?\d+$", "", object_id).replace("_", " ").title()

    def scene(chance: random.Random, home: Home, here: str | None) -> Said | None:
        suffix = {"garage_door": "Door", "blinds": "Blinds"}.get(domain, domain.title())
        device = _device(chance, domain, words if suffix in words else f"{words} {suffix}")
        return _about(chance, phrase, device, verb, here)

    return scene


def _placed(phrase: str, domain: str, verb: str) -> Scene | None:
    """A phrase with a gap for the device's name, and perhaps others."""
    if re.search("<(?!device_name>|brightness>|color>|fan_speed>|hvac_mode>|temp_[cf]>)", phrase):
        return None

    def scene(chance: random.Random, home: Home, here: str | None) -> Said | None:
        if not (like := _like(home, domain)):
            return None
        device = chance.choice(like)
        text = phrase.replace("<device_name>", device.name.lower())
        return _about(chance, text, device, verb, here, home)

    return scene


def _strung(phrase: str, domains: Sequence[str], services: Sequence[str]) -> Scene | None:
    """A phrase that asks for several things, with a gap for each."""
    verbs = [_SERVICES.get(service) for service in services]
    if None in verbs or not _CONTROLLED.issuperset(domains):
        return None

    def scene(chance: random.Random, home: Home, here: str | None) -> Said | None:
        text, wanted = phrase, list[Wanted]()
        for number, (domain, verb) in enumerate(zip(domains, verbs, strict=True), start=1):
            like = [device for device in _like(home, domain) if device not in {each.device for each in wanted}]
            if not like or verb is None:
                return None
            device = chance.choice(like)
            if verb not in {possible.word for possible in verbs_for(device)}:
                return None
            text = text.replace(f"<device_name{number}>", device.name.lower())
            wanted.append(Wanted(verb, device))
        return Said(text, home, tuple(wanted), here if here in home.areas() else None) if "<" not in text else None

    return scene


def _like(home: Home, domain: str) -> list[Device]:
    """The devices of ``home`` that home_llm counts among ``domain``."""
    wanted = {"blinds": "blind", "garage_door": "garage"}.get(domain, domain)
    return [device for device in home.known if wanted in (device.domain, device.device_class)]


def _about(
    chance: random.Random, text: str, device: Device, verb: str, here: str | None, home: Home | None = None
) -> Said | None:
    """``text`` said about ``device``, which is added to a random home where none is given."""
    gap = next((gap for gap in _GAPS if f"<{gap}>" in text), None)
    verb = _GAPS[gap] if gap else verb
    if verb not in {possible.word for possible in verbs_for(device)}:
        return None
    value = some_value(chance, VERB[verb])
    if value and gap:
        text = text.replace(f"<{gap}>", spelt(chance, value))
    if "<" in text or (value and not gap):
        return None
    home = home or random_home(chance, first=(device,))
    return Said(text, home, (Wanted(verb, device, value),), here if here in home.areas() else None)


_GAPS: Final = {
    "brightness": "brightness",
    "color": "color",
    "fan_speed": "speed",
    "temp_c": "temperature",
    "hvac_mode": "mode",
}


def _refused(text: str) -> Scene:
    return lambda chance, home, here: Said(text, home, (), here) if _stranger(text, home) else None


def _stranger(text: str, home: Home) -> bool:
    """Whether nothing in ``home`` bears a word of ``text`` in its own name."""
    said = set(text.lower().split())
    return not any(said & set(device.name.lower().split()) for device in home.known)


def _from_crowd(row: Row) -> Scene | None:
    """A sentence of NLU-Evaluation-Data or SLURP."""
    intent, sentence = row["intent"], row["sentence"]
    if _TOPICS.match(intent):
        return lambda chance, home, here: Said(sentence, home, (), here)
    entities = _entities(row)
    verb = _HOME_INTENTS.get(intent)
    if verb is None or not set(entities) <= {"house_place", "color_type", "device_type"}:
        return None
    if intent.startswith("iot_hue") and "color_type" not in entities and verb != "color":
        return _lights(sentence, verb, None, entities.get("house_place"))
    if verb == "color" and entities.get("color_type") in COLOR_WORDS:
        return _lights(sentence, verb, entities["color_type"], entities.get("house_place"))
    if intent == "iot_cleaning":
        return lambda chance, home, here: _one_of_its_kind(chance, sentence, "vacuum", "Vacuum", verb)
    if intent.startswith("iot_wemo") and "device_type" in entities:
        name = entities["device_type"].title()
        return lambda chance, home, here: _one_of_its_kind(chance, sentence, "switch", name, verb)
    return None


COLOR_WORDS: Final = frozenset("red orange yellow green blue purple pink brown turquoise".split())


def _lights(sentence: str, verb: str, value: str | None, place: str | None) -> Scene:
    """A wish for the light of one room: the one named, or the one it is said in."""
    room = re.sub(r"^(the|my) ", "", place.lower()).title() if place else None

    def scene(chance: random.Random, home: Home, here: str | None) -> Said | None:
        area = room or chance.choice(("Kitchen", "Bedroom", "Living Room", "Office"))
        count = chance.choice((1, 2, 3))
        names = chance.sample(("Ceiling Light", f"{area} Light", "Floor Lamp", "Spots"), count)
        lights = [_device(chance, "light", name, area, number) for number, name in enumerate(names)]
        wanted = (
            Wanted(verb, lights[0], value)
            if count == 1
            else Wanted(verb, None, value, "light", area)
        )  # fmt: skip
        home = random_home(chance, first=lights)
        if any(d.domain == "light" and d.area == area and d not in lights for d in home.known):
            return None
        return Said(sentence, home, (wanted,), area if room is None else None)

    return scene


def _one_of_its_kind(chance: random.Random, sentence: str, domain: str, name: str, verb: str) -> Said:
    device = _device(chance, domain, name)
    home = random_home(chance, first=(device,))
    known = tuple(d for d in home.known if d is device or d.domain != domain)
    return Said(sentence, Home(known, home.states), (Wanted(verb, device),))


def _device(chance: random.Random, domain: str, name: str, area: str | None = None, number: int = 0) -> Device:
    real, device_class = _DOMAINS.get(domain, (domain, None))
    abilities = abilities_of(real, random.Random(1)) if real == "light" else abilities_of(real, chance)
    return Device(f"{real}.first{number}", name, real, area, abilities=abilities, device_class=device_class)


def _entities(row: Row) -> dict[str, str]:
    """By type: SLURP lists them, NLU-Evaluation-Data writes ``[house_place : kitchen]`` into the sentence."""
    if "entities" in row:
        return {entity["type"]: entity["value"] for entity in row["entities"]}
    return dict(re.findall(r"\[(\w+) : ([^\]]+)\]", row["annotation"]))


_SOURCES: Final[Mapping[str, Callable[[Row], Scene | None]]] = {
    "home_llm": _from_home_llm,
    "nlu_eval": _from_crowd,
    "slurp": _from_crowd,
}
