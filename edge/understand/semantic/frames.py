"""What each label of the head asks for: an intent, and where its slots come from.

A label whose slots can't be filled asks for nothing: the sentence goes on to the next tier.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from edge.devices import Device
from edge.intents import Intent, SlotValue
from edge.understand.semantic.amounts import color, percent, step
from edge.understand.semantic.errands import (
    alarm_query,
    alarm_remove,
    alarm_set,
    date,
    other_time,
    sound,
    time_of_day,
    timer,
    timer_start,
    volume,
    volume_level,
)
from edge.understand.semantic.filling import Fill, Filled
from edge.understand.semantic.lists import list_add, list_query, list_remove
from edge.understand.semantic.places import Aim, Said, Slots, all_of_it, everywhere_or_here, group, lone, single

PRECISION_OF_OTHERS: Final = 0.9
"""Share of right ones that a label's threshold is to reach, where a mistake costs a wrong answer."""
_OF_COMMANDS: Final = 0.92
"""Where it moves a device."""
_UNSURE: Final = 0.85
"""The most confidence in what is never done unasked: it opens something, or was only hinted at."""
_BEFORE_WINDOWS: Final = r"blind|curtain|shutter|shade"
_OUTER: Final = frozenset({"door", "garage", "gate"})
_SWITCHED: Final = ("switch", "fan", "light", "media_player", "humidifier", "siren")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a label means."""

    fill: Fill
    commands: bool = field(default=False, kw_only=True)
    """Whether it moves something in the house: then nothing may stand in the sentence that makes it mean otherwise."""


def _intent(name: str, aim: Aim | None, more: Slots | None = None, form: str = "default") -> Filled | None:
    if aim is None:
        return None
    slots: dict[str, SlotValue] = {**aim.slots, **(more or {})}
    return Filled(Intent(name, slots, form), aim.certainty)


def _lights(name: str, more: Callable[[Said], Slots]) -> Fill:
    return lambda said: _intent(name, group(said, "light"), more(said))


def _nothing(said: Said) -> Slots:
    return {}


def _brightness(sign: int) -> Callable[[Said], Slots]:
    def slots(said: Said) -> Slots:
        level = None if said.has(r"by \d+") else percent(said.text)
        return {"brightness_step": sign * step(said.text, 10, 20, 40)} if level is None else {"brightness": level}

    return slots


def _color(said: Said) -> Filled | None:
    wanted = color(said.text)
    filled = _intent("HassLightSet", group(said, "light"), {"color": wanted} if wanted else {}, "color")
    # Without a color there is nothing to do yet but to ask for one.
    return filled if wanted or filled is None else Filled(filled.intent, filled.certainty, _UNSURE)


def _mood(said: Said) -> Filled | None:
    for device in said.names.devices or said.names.partly:
        if device.domain == "scene":
            return Filled(Intent("HassTurnOn", {"name": device.name}), at_most=_UNSURE)
    filled = _intent("HassLightSet", group(said, "light"), {"brightness": 30})
    return Filled(filled.intent, filled.certainty, _UNSURE) if filled else None


def _switched(name: str) -> Fill:
    return lambda said: _intent(name, single(said, _SWITCHED))


def _everything_off(said: Said) -> Filled | None:
    return _intent("HassTurnOff", all_of_it(said), {"everything": True})


def _cover(name: str) -> Fill:
    def fill(said: Said) -> Filled | None:
        aim = group(said, "cover")
        if aim is None:
            return None
        named = [device for device in said.house.devices() if device.name == aim.slots.get("name")]
        more: dict[str, SlotValue] = {}
        if not named:
            sort = re.search(_BEFORE_WINDOWS, said.text)
            more["device_class"] = sort[0] if sort else "blind"
        filled = _intent(name, aim, more)
        outer = said.has("door|garage|gate") or any(map(_is_outer, named))
        return Filled(filled.intent, filled.certainty, _UNSURE) if filled and outer else filled

    return fill


def _is_outer(device: Device) -> bool:
    return device.device_class in _OUTER


def _lock(name: str, at_most: float) -> Fill:
    def fill(said: Said) -> Filled | None:
        aim = single(said, ("lock",)) or lone(said, "lock")
        return Filled(Intent(name, aim.slots), aim.certainty, at_most) if aim else None

    return fill


def _warmth(sign: int) -> Fill:
    def fill(said: Said) -> Filled | None:
        change = {"temperature_step": sign * (min(step(said.text, 1, 1, 3), 5))}
        return _intent("HassClimateSetTemperature", lone(said, "climate"), change)

    return fill


def _temperature(said: Said) -> Filled | None:
    degrees = re.search(r"\b\d{1,2}\b", said.text)
    if degrees is None:
        return None
    return _intent("HassClimateSetTemperature", lone(said, "climate"), {"temperature": int(degrees[0])})


def _fan(sign: int) -> Fill:
    def fill(said: Said) -> Filled | None:
        if said.has("stop|halt|off"):
            return _intent("HassTurnOff", single(said, ("fan",)) or lone(said, "fan"))
        level = None if said.has(r"by \d+") else percent(said.text)
        change = {"percentage_step": sign * step(said.text, 10, 25, 50)} if level is None else {"percentage": level}
        return _intent("HassFanSetSpeed", single(said, ("fan",)) or lone(said, "fan"), change)

    return fill


def _lone(name: str, domain: str) -> Fill:
    return lambda said: _intent(name, lone(said, domain))


def _coffee(said: Said) -> Filled | None:
    makers = [device for device in said.house.devices() if re.search("coffee|espresso", device.name.lower())]
    return _intent("HassTurnOn", Aim({"name": makers[0].name})) if len(makers) == 1 else None


def _state(said: Said) -> Filled | None:
    devices = said.names.devices or said.names.partly
    if len({device.name for device in devices}) != 1:
        return None
    wanted = re.search(r"\b(on|off|open|closed|locked|unlocked|running|shut)\b", said.text)
    words = {"running": "on", "shut": "closed"}
    asks = re.match(r"(?:is|are|did|has|have|do|does|can|could|tell|check|find|see)\b", said.text)
    slots: dict[str, SlotValue] = {"name": devices[0].name}
    if wanted and asks:
        return Filled(Intent("HassGetState", {**slots, "state": words.get(wanted[1], wanted[1])}, "one_yesno"))
    return Filled(Intent("HassGetState", slots, "one"))


def _warmth_query(said: Said) -> Filled | None:
    place = everywhere_or_here(said)
    area = {"area": said.origin.area} if said.origin.area and not place.slots else {}
    return _intent("HassClimateGetTemperature", place, area)


FRAMES: Final[Mapping[str, Frame]] = {
    "light_on": Frame(_lights("HassTurnOn", _nothing), commands=True),
    "light_off": Frame(_lights("HassTurnOff", _nothing), commands=True),
    "light_up": Frame(_lights("HassLightSet", _brightness(1)), commands=True),
    "light_down": Frame(_lights("HassLightSet", _brightness(-1)), commands=True),
    "light_color": Frame(_color, commands=True),
    "mood": Frame(_mood, commands=True),
    "device_on": Frame(_switched("HassTurnOn"), commands=True),
    "device_off": Frame(_switched("HassTurnOff"), commands=True),
    "everything_off": Frame(_everything_off, commands=True),
    "cover_open": Frame(_cover("HassTurnOn"), commands=True),
    "cover_close": Frame(_cover("HassTurnOff"), commands=True),
    "lock": Frame(_lock("HassTurnOn", 1.0), commands=True),
    "unlock": Frame(_lock("HassTurnOff", _UNSURE), commands=True),
    "warmer": Frame(_warmth(1), commands=True),
    "colder": Frame(_warmth(-1), commands=True),
    "temperature_set": Frame(_temperature, commands=True),
    "fan_up": Frame(_fan(1), commands=True),
    "fan_down": Frame(_fan(-1), commands=True),
    "vacuum_start": Frame(_lone("HassVacuumStart", "vacuum"), commands=True),
    "vacuum_dock": Frame(_lone("HassVacuumReturnToBase", "vacuum"), commands=True),
    "coffee": Frame(_coffee, commands=True),
    "volume_up": Frame(volume("up")),
    "volume_down": Frame(volume("down")),
    "volume_set": Frame(volume_level),
    "volume_mute": Frame(sound("HearthMute", "HassMediaPlayerMute")),
    "volume_unmute": Frame(sound("HearthUnmute", "HassMediaPlayerUnmute")),
    "timer_start": Frame(timer_start),
    "timer_query": Frame(timer("HassTimerStatus")),
    "timer_cancel": Frame(timer("HassCancelTimer", "HassCancelAllTimers")),
    "alarm_set": Frame(alarm_set),
    "alarm_query": Frame(alarm_query),
    "alarm_remove": Frame(alarm_remove),
    "list_add": Frame(list_add),
    "list_query": Frame(list_query),
    "list_remove": Frame(list_remove),
    "time_query": Frame(time_of_day),
    "date_query": Frame(date),
    "time_convert": Frame(other_time),
    "state_query": Frame(_state),
    "temperature_query": Frame(_warmth_query),
}
"""By label of the head."""

_PAIRS: Final = (
    ("light_on", "light_off"),
    ("light_up", "light_down"),
    ("device_on", "device_off"),
    ("cover_open", "cover_close"),
    ("lock", "unlock"),
    ("warmer", "colder"),
    ("fan_up", "fan_down"),
    ("vacuum_start", "vacuum_dock"),
    ("volume_up", "volume_down"),
)
OPPOSITES: Final = frozenset({*_PAIRS, *((second, first) for first, second in _PAIRS)})
"""Labels of which one is the worst mistake for the other."""

PRECISION: Final[Mapping[str, float]] = {label: _OF_COMMANDS for label, frame in FRAMES.items() if frame.commands}
"""What the thresholds of commands are to reach."""
