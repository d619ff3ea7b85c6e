"""Home Assistant's own test sentences: right when the intent and all slots are those of the test.

Each sentence comes with what its house must have (``extra_fixture``); what its slots name is there too.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from edge.evaluation.fixtures import Furniture, furniture
from edge.evaluation.text.asking import Asker
from edge.evaluation.text.rows import Row
from edge.evaluation.text.verdicts import Tell, Verdict
from edge.intents import Intent, SlotValue

_HERE: Final = "Observatory"
"""The room of whoever asks, where the test does not say."""
_UNNAMED: Final = "Aldebaran"
"""What a thing is called that no sentence calls by its name."""
LEFT_OUT: Final[Mapping[str, str]] = {
    "HassMediaNext": "media players have no MQTT discovery",
    "HassMediaPause": "media players have no MQTT discovery",
    "HassMediaPrevious": "media players have no MQTT discovery",
    "HassMediaSearchAndPlay": "media players have no MQTT discovery",
    "HassMediaUnpause": "media players have no MQTT discovery",
    "HassGetWeather": "weather entities have no MQTT discovery; a thermometer outside is asked by its name",
}
"""Intents that no home on MQTT can have, and why."""
LEFT_OUT_DOMAINS: Final[Mapping[str, str]] = {
    "media_player": "media players have no MQTT discovery; volume without one is the assistant's own",
    "person": "persons are Home Assistant's own; MQTT knows device trackers only",
    "script": "scripts are Home Assistant's own; here a routine or a scene",
    "weather": "weather entities have no MQTT discovery",
}
"""Kinds of entity that a sentence names and that no home on MQTT can have, and why."""
SAME: Final[Mapping[str, frozenset[str]]] = {
    "HassMediaPlayerMute": frozenset({"HassMediaPlayerMute", "HearthMute"}),
    "HassMediaPlayerUnmute": frozenset({"HassMediaPlayerUnmute", "HearthUnmute"}),
    "HassShoppingListAddItem": frozenset({"HassShoppingListAddItem", "HassListAddItem"}),
    "HassShoppingListCompleteItem": frozenset({"HassShoppingListCompleteItem", "HassListCompleteItem"}),
}
"""Intents that have another name here: the sound is the assistant's, and the shopping list is one of the lists."""
_IMPLIED: Final = frozenset({"domain", "device_class"})
"""Slots that the tests leave out where the intent's answer does not need them."""


def left_out(row: Row) -> str | None:
    """Why the sentence is none that a home on MQTT can be told; None where it is."""
    if (reason := LEFT_OUT.get(row["intent"])) is not None:
        return reason
    named = str(row["slots"].get("name", "")).casefold()
    entities = row["extra_fixture"].get("entities", ())
    domains = {entity["domain"] for entity in entities if named and entity["name"].casefold() == named}
    return next((LEFT_OUT_DOMAINS[domain] for domain in sorted(domains & LEFT_OUT_DOMAINS.keys())), None)


async def judge(asker: Asker, rows: Sequence[Row], tell: Tell) -> list[Verdict]:
    """Every sentence in a house of its own."""
    verdicts = []
    for row in rows:
        home = house_of(row)
        asker.house.furnish(home)
        answer = await asker.understand(row["sentence"], _here(row))
        right = len(answer.intents) == 1 and same(answer.intents[0], row["intent"], row["slots"], _here(row))
        wanted = f"{row['intent']}({', '.join(f'{name} {value}' for name, value in row['slots'].items())})"
        verdicts.append(answer.verdict(row["intent"], wanted, right=right, false_action=None))
        tell(verdicts[-1])
    return verdicts


def house_of(row: Row) -> Furniture:
    """The house that ``row`` speaks about: its fixture, with what the slots name in the place that they name.

    Where they name no thing but a kind of things, there is one of that kind.
    """
    slots, fixture = row["slots"], row["extra_fixture"]
    area, floor = slots.get("area"), slots.get("floor")
    areas = _named(_named(fixture.get("areas", ()), area), _here(row))
    if floor is not None and not any(each.get("floor") == floor for each in areas):
        areas = [*areas, {"name": f"{floor} Room", "floor": floor}]
        area = area or f"{floor} Room"
    entities = [
        {**entity, "area": entity.get("area") or (area if entity["name"] == slots.get("name") else None)}
        for entity in fixture.get("entities", ())
        if entity["domain"] not in LEFT_OUT_DOMAINS
    ]
    if "domain" in slots and "name" not in slots:
        attributes = {"device_class": slots["device_class"]} if "device_class" in slots else {}
        place = area or _here(row)
        entities.append({"name": _UNNAMED, "domain": slots["domain"], "area": place, "attributes": attributes})
    return furniture({"areas": areas, "floors": _named(fixture.get("floors", ()), floor), "entities": entities})


def same(found: Intent, name: str, slots: Mapping[str, Any], here: str) -> bool:
    """Whether ``found`` means what the test wants, said in the room ``here``."""
    if found.name not in SAME.get(name, {name}):
        return False
    wanted = {slot: _meaning(value) for slot, value in slots.items()}
    got = {slot: _meaning(value) for slot, value in found.slots.items()}
    if "area" not in wanted and got.get("area") == _meaning(here):
        del got["area"]
    return wanted == {slot: value for slot, value in got.items() if slot in wanted or slot not in _IMPLIED}


def _here(row: Row) -> str:
    """The room of whoever asks."""
    areas = row["extra_fixture"].get("areas", ())
    return next((area["name"] for area in areas if area.get("context_area")), _HERE)


def _meaning(value: SlotValue) -> str | float:
    """Numbers as numbers, text without regard to case and spaces."""
    try:
        return float(value)
    except ValueError:
        return " ".join(str(value).casefold().split())


def _named(known: Sequence[Mapping[str, Any]], name: str | None) -> list[Mapping[str, Any]]:
    there = name is None or any(each["name"].casefold() == name.casefold() for each in known)
    return [*known] if there else [*known, {"name": name}]
