"""From an intent to what devices of many words take: effects, presets, modes, alarms, sirens, rooms to clean, texts."""

import json
from collections.abc import Mapping
from typing import Final

from edge.act.skills.home.change import Change, Control, Make, Refusal
from edge.devices import Ability, Device, DeviceState, Value, Verb
from edge.intents import Intent

_WORDED: Final = (
    Ability.PRESET,
    Ability.EFFECT,
    Ability.MODE,
    Ability.OPTION,
    Ability.FAN_MODE,
    Ability.FAN_SPEED,
    Ability.SWING,
    Ability.TONE,
)
"""Abilities whose words may be said without saying of what, those that people rather mean first."""
_LIT: Final = frozenset({"light"})
"""Kinds that a choice turns on, for one to see it."""
_ARMING: Final[Mapping[str, Verb]] = {
    "home": Verb.ARM_HOME,
    "away": Verb.ARM_AWAY,
    "night": Verb.ARM_NIGHT,
    "vacation": Verb.ARM_VACATION,
}
_BACKWARDS: Final = {"forward": "reverse", "reverse": "forward"}


def plain(word: str) -> str:
    """A device's word as people say it: "fan only" for ``fan_only``."""
    return word.replace("_", " ").replace("-", " ").casefold().strip()


def words_of(device: Device, ability: Ability) -> tuple[str, ...]:
    """The words that ``device`` takes for ``ability``."""
    if ability in (Ability.MODE, Ability.OPTION):
        return device.options if ability in device.abilities else ()
    return device.choices.get(ability, ())


def _choose(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
    """The word that was said, for whichever ability has it; ``aspect`` says which is meant."""
    said = plain(str(intent.slots.get("choice", intent.slots.get("fan_mode", ""))))
    aspect = intent.slots.get("aspect")
    for ability in _WORDED if aspect is None else (Ability(str(aspect)),):
        if (word := next((word for word in words_of(device, ability) if plain(word) == said), None)) is not None:
            return {**({"state": Verb.ON} if device.domain in _LIT else {}), ability.value: word}
    return Refusal.UNABLE


def _swing(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
    wanted = str(intent.slots["swing"])
    if Ability.OSCILLATION in device.abilities:
        return {"oscillation": wanted}
    words = words_of(device, Ability.SWING)
    word = next((word for word in words if plain(word) == wanted), None)
    # Of flaps that know more than on and off, any other word is some way of swinging; which one, nobody has said.
    return Refusal.UNABLE if word is None else {"swing": word}


def _direction(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
    if Ability.DIRECTION not in device.abilities:
        return Refusal.UNABLE
    if (wanted := intent.slots.get("direction")) is None:
        wanted = _BACKWARDS.get(str(state.attributes.get("direction")))
    return Refusal.UNKNOWN if wanted is None else {"direction": str(wanted)}


def _arm(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
    verb = _ARMING[str(intent.slots.get("arm_mode", "away"))]
    able = device.choices.get(Ability.STATE, ())
    return {"state": verb} if verb in able or not able else Refusal.UNABLE


def _plainly(verb: Verb) -> Make:
    def make(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
        return {"state": verb} if Ability.STATE in device.abilities else Refusal.UNABLE

    return make


def _sound(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
    slots = intent.slots
    change: dict[str, Value] = {"state": Verb.ON}
    if "seconds" in slots:
        # A siren that can't be told how long would howl until somebody comes home.
        if Ability.DURATION not in device.abilities:
            return Refusal.UNABLE
        change["duration"] = int(slots["seconds"])
    if "volume" in slots and Ability.VOLUME in device.abilities:
        change["volume"] = int(slots["volume"])
    return change


def _install(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
    if Ability.STATE not in device.abilities:
        return Refusal.UNABLE
    if state.value is None:
        return Refusal.UNKNOWN
    return {"state": Verb.INSTALL} if state.value == "on" else Refusal.CURRENT


def _write(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
    return {"text": str(intent.slots["message"])} if Ability.TEXT in device.abilities else Refusal.UNABLE


def _clean(intent: Intent, device: Device, state: DeviceState) -> Change | Refusal:
    """The room that was named, where the vacuum knows rooms; never the whole house instead of one room."""
    if (room := intent.slots.get("area")) is None:
        return {"state": Verb.START}
    if Ability.SEGMENT not in device.abilities:
        return {"state": Verb.START} if device.area and plain(device.area) == plain(str(room)) else Refusal.UNABLE
    known: Mapping[str, object] = json.loads(str(state.attributes.get("segments", "{}")))
    segment = next((key for key, name in known.items() if plain(str(name)) == plain(str(room))), None)
    return Refusal.UNABLE if segment is None else {"segment": segment}


CHOICES: Final[Mapping[str, Control]] = {
    "HearthChoose": Control(
        frozenset({"fan", "climate", "humidifier", "light", "vacuum", "water_heater"}),
        _choose,
    ),
    "HassClimateSetFanMode": Control(frozenset({"climate"}), _choose),
    "HearthSwing": Control(frozenset({"fan", "climate"}), _swing),
    "HearthFanDirection": Control(frozenset({"fan"}), _direction),
    "HearthArm": Control(frozenset({"alarm_control_panel"}), _arm),
    "HearthDisarm": Control(frozenset({"alarm_control_panel"}), _plainly(Verb.DISARM)),
    "HearthSoundSiren": Control(frozenset({"siren"}), _sound),
    "HearthInstallUpdate": Control(frozenset({"update"}), _install),
    "HearthWrite": Control(frozenset({"text", "notify"}), _write),
    "HearthLocate": Control(frozenset({"vacuum"}), _plainly(Verb.LOCATE)),
    "HearthUnlatch": Control(frozenset({"lock"}), _plainly(Verb.OPEN)),
    "HassVacuumCleanArea": Control(frozenset({"vacuum"}), _clean),
}
"""By intent. Names are Home Assistant's where it has one."""
