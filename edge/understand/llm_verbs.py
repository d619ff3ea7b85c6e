"""What the local model may ask of each kind of device."""

from dataclasses import dataclass
from typing import Final

from edge.devices import Ability

COLORS: Final = ("white", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "turquoise")
WHITES: Final = {"warm": 2700, "cool": 4000, "daylight": 6500}
"""Kinds of white light, in kelvin."""
MODES: Final = {"heat": "heat", "cool": "cool", "auto": "auto", "dry": "dry", "fan": "fan_only"}
"""Ways in which a room is heated or cooled, and the intent's names for them."""


@dataclass(frozen=True, slots=True)
class Verb:
    """A thing that the model may ask of some kinds of device."""

    word: str
    intent: str
    domains: frozenset[str]
    slot: str | None = None
    """Slot that the value fills."""
    value: str | None = None
    """Rule of the grammar that the value obeys."""
    needs: Ability | None = None
    """What the device must be able to do."""
    step: int = 0
    """How far a relative verb moves what is there, where no distance was said; its sign is the direction."""
    groups: bool = True
    """Whether it may be asked of all devices of a kind at once."""


_SWITCHED: Final = frozenset({"light", "switch", "fan", "climate", "humidifier", "siren"})
_MOVED: Final = frozenset({"cover", "valve"})
_LIGHT: Final = frozenset({"light"})
_FAN: Final = frozenset({"fan"})
_CLIMATE: Final = frozenset({"climate"})
_LOCK: Final = frozenset({"lock"})
_VACUUM: Final = frozenset({"vacuum"})
_READABLE: Final = frozenset(
    "light switch fan cover valve lock climate sensor binary_sensor vacuum number select".split()
)
VERBS: Final = (
    Verb("on", "HassTurnOn", _SWITCHED),
    Verb("off", "HassTurnOff", _SWITCHED),
    Verb("toggle", "HassToggle", _SWITCHED - {"siren"}, groups=False),
    Verb("open", "HassTurnOn", _MOVED),
    Verb("close", "HassTurnOff", _MOVED),
    Verb("stop", "HassStopMoving", frozenset({"cover"}), groups=False),
    Verb("lock", "HassTurnOn", _LOCK),
    Verb("unlock", "HassTurnOff", _LOCK, groups=False),
    Verb("start", "HassVacuumStart", _VACUUM, groups=False),
    Verb("dock", "HassVacuumReturnToBase", _VACUUM, groups=False),
    Verb("activate", "HassTurnOn", frozenset({"scene", "button"}), groups=False),
    Verb("brightness", "HassLightSet", _LIGHT, "brightness", "percent", Ability.BRIGHTNESS),
    Verb("brighter", "HassLightSet", _LIGHT, "brightness_step", None, Ability.BRIGHTNESS, step=20),
    Verb("dimmer", "HassLightSet", _LIGHT, "brightness_step", None, Ability.BRIGHTNESS, step=-20),
    Verb("color", "HassLightSet", _LIGHT, "color", "color", Ability.COLOR),
    Verb("white", "HassLightSet", _LIGHT, "temperature", "white", Ability.COLOR_TEMPERATURE),
    Verb("position", "HassSetPosition", _MOVED, "position", "percent", Ability.POSITION),
    Verb("speed", "HassFanSetSpeed", _FAN, "percentage", "percent", Ability.PERCENTAGE),
    Verb("faster", "HassFanSetSpeed", _FAN, "percentage_step", None, Ability.PERCENTAGE, step=20),
    Verb("slower", "HassFanSetSpeed", _FAN, "percentage_step", None, Ability.PERCENTAGE, step=-20),
    Verb("temperature", "HassClimateSetTemperature", _CLIMATE, "temperature", "degrees", Ability.TEMPERATURE),
    Verb("warmer", "HassClimateSetTemperature", _CLIMATE, "temperature_step", None, Ability.TEMPERATURE, step=1),
    Verb("cooler", "HassClimateSetTemperature", _CLIMATE, "temperature_step", None, Ability.TEMPERATURE, step=-1),
    Verb("mode", "HearthSetMode", _CLIMATE, "mode", "mode", Ability.MODE, groups=False),
    Verb("read", "HassGetState", _READABLE, groups=False),
)
