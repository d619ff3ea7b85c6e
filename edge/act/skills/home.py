"""Devices: do what was asked, and tell what they themselves then say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge.act import questions
from edge.act.colors import rgb
from edge.act.targets import Targets, no_such_device, resolve, which_one
from edge.devices import Ability, ActionReport, Command, Confirmation, Device, Value, Verb
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.ports import House, SkillContext

Change = Mapping[str, Value]

_SWITCHED: Final = frozenset({"light", "switch", "fan", "climate", "humidifier", "siren"})
_ON: Final[Mapping[str, Verb]] = {
    **dict.fromkeys(_SWITCHED, Verb.ON),
    "cover": Verb.OPEN,
    "valve": Verb.OPEN,
    "lock": Verb.LOCK,
    "vacuum": Verb.START,
    "scene": Verb.PRESS,
    "button": Verb.PRESS,
}
_OFF: Final[Mapping[str, Verb]] = {
    **dict.fromkeys(_SWITCHED, Verb.OFF),
    "cover": Verb.CLOSE,
    "valve": Verb.CLOSE,
    "lock": Verb.UNLOCK,
    "vacuum": Verb.RETURN,
}
_TRIGGERED: Final = frozenset({"scene", "button"})
"""Kinds that have no state to show, so delivery is all there is to say."""


@dataclass(frozen=True, slots=True)
class _Control:
    """How an intent becomes a change of one device."""

    domains: frozenset[str]
    change: Callable[[Intent, Device], Change | None]
    """None when this device can't do it."""


class Home:
    """Controls devices and answers questions about them."""

    intents = frozenset(
        {
            "HassTurnOn",
            "HassTurnOff",
            "HassLightSet",
            "HassSetPosition",
            "HassFanSetSpeed",
            "HassClimateSetTemperature",
            "HassVacuumStart",
            "HassVacuumReturnToBase",
            *questions.INTENTS,
        }
    )

    def __init__(self, house: House, confirm_s: float) -> None:
        """``confirm_s``: how long a device has to show that it did what it was told."""
        self._house = house
        self._confirm_s = confirm_s
        self.deadline_s = confirm_s + 2.0

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Act or answer. Raises BrokerOffline at once when the broker is away."""
        if intent.name in questions.INTENTS:
            return questions.answer(intent, origin, self._house)
        control = _CONTROLS[intent.name]
        targets = resolve(intent, origin, self._house.devices(), control.domains)
        if targets.ambiguous:
            return which_one(targets, intent)
        changes = [(device, control.change(intent, device)) for device in targets.devices]
        able = [(device, change) for device, change in changes if change is not None]
        if not able:
            return _nothing_to_do(intent, targets)
        reports = await self._house.command([Command(d.id, change) for d, change in able], self._confirm_s)
        return _told([device for device, _ in able], reports)


def _nothing_to_do(intent: Intent, targets: Targets) -> Outcome:
    if targets.devices:
        return Outcome(OutcomeKind.FAILED, Phrase("cannot", {"names": [d.name for d in targets.devices]}))
    return no_such_device(intent)


def _told(devices: Sequence[Device], reports: Sequence[ActionReport]) -> Outcome:
    """The outcome in the devices' own words."""
    by: dict[Confirmation, list[str]] = {kind: [] for kind in Confirmation}
    triggered = all(device.domain in _TRIGGERED for device in devices)
    for device, report in zip(devices, reports, strict=True):
        by[report.confirmation].append(device.name)
    sure = by[Confirmation.CONFIRMED] + (by[Confirmation.ASSUMED] if triggered else [])
    unsure = by[Confirmation.UNCONFIRMED] + ([] if triggered else by[Confirmation.ASSUMED])
    confirmed = next((r for r in reports if r.confirmation is Confirmation.CONFIRMED), reports[0])
    say = Phrase(
        "triggered" if triggered else "acted",
        {
            "done": sure,
            "domain": devices[0].domain if len({device.domain for device in devices}) == 1 else "device",
            "change": dict(confirmed.command),
            "value": confirmed.state.value,
            "unit": next((device.unit for device in devices if device.unit), None),
            "silent": by[Confirmation.UNCONFIRMED],
            "sent": [] if triggered else by[Confirmation.ASSUMED],
            "away": by[Confirmation.UNAVAILABLE],
            "unable": by[Confirmation.UNSUPPORTED],
        },
    )
    if len(sure) == len(devices):
        return Outcome(OutcomeKind.DONE, say, tuple(reports))
    return Outcome(OutcomeKind.UNCONFIRMED if unsure else OutcomeKind.FAILED, say, tuple(reports))


def _verb(verbs: Mapping[str, Verb]) -> Callable[[Intent, Device], Change | None]:
    return lambda intent, device: {"state": verbs[device.domain]} if device.domain in verbs else None


def _light(intent: Intent, device: Device) -> Change | None:
    change: dict[str, Value] = {}
    if "brightness" in intent.slots and Ability.BRIGHTNESS in device.abilities:
        change["brightness"] = int(intent.slots["brightness"])
    if "color" in intent.slots and Ability.COLOR in device.abilities and (color := rgb(str(intent.slots["color"]))):
        change["color"] = color
    if "temperature" in intent.slots and Ability.COLOR_TEMPERATURE in device.abilities:
        change["color_temperature"] = int(intent.slots["temperature"])
    if not change:
        return None
    return {"state": Verb.OFF} if change.get("brightness") == 0 else {"state": Verb.ON, **change}


def _position(intent: Intent, device: Device) -> Change | None:
    position = int(intent.slots["position"])
    if Ability.POSITION in device.abilities:
        return {"position": position}
    # Without a position it can still be all open or all closed; anything between would be a lie.
    return {"state": {0: Verb.CLOSE, 100: Verb.OPEN}[position]} if position in (0, 100) else None


def _number(slot: str, ability: Ability) -> Callable[[Intent, Device], Change | None]:
    return lambda intent, device: {slot: float(intent.slots[slot])} if ability in device.abilities else None


_CONTROLS: Final[Mapping[str, _Control]] = {
    "HassTurnOn": _Control(frozenset(_ON), _verb(_ON)),
    "HassTurnOff": _Control(frozenset(_OFF), _verb(_OFF)),
    "HassLightSet": _Control(frozenset({"light"}), _light),
    "HassSetPosition": _Control(frozenset({"cover", "valve"}), _position),
    "HassFanSetSpeed": _Control(frozenset({"fan"}), _number("percentage", Ability.PERCENTAGE)),
    "HassClimateSetTemperature": _Control(frozenset({"climate"}), _number("temperature", Ability.TEMPERATURE)),
    "HassVacuumStart": _Control(frozenset({"vacuum"}), _verb(_ON)),
    "HassVacuumReturnToBase": _Control(frozenset({"vacuum"}), _verb(_OFF)),
}


def build(context: SkillContext) -> Home:
    """The skill for the context's house."""
    return Home(context.house, context.confirm_s)
