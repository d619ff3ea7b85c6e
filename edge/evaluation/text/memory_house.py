"""A House without a broker: its devices do at once what they can, and say so."""

from collections.abc import Mapping, Sequence
from typing import Final

from edge.devices import Ability, ActionReport, Command, Confirmation, Device, DeviceState, Value, Verb
from edge.evaluation.fixtures import Furniture

_SWITCHED: Final[Mapping[str, str]] = {Verb.ON: "on", Verb.OFF: "off"}
_MOVED: Final[Mapping[str, str]] = {Verb.OPEN: "open", Verb.CLOSE: "closed", Verb.STOP: "stopped"}
_TRIGGERED: Final[Mapping[str, str]] = {Verb.PRESS: "pressed"}
_VERBS: Final[Mapping[str, Mapping[str, str]]] = {
    **dict.fromkeys(("light", "switch", "fan", "climate", "humidifier", "siren"), _SWITCHED),
    **dict.fromkeys(("cover", "valve"), _MOVED),
    **dict.fromkeys(("scene", "button"), _TRIGGERED),
    "lock": {Verb.LOCK: "locked", Verb.UNLOCK: "unlocked", Verb.OPEN: "open"},
    "vacuum": {Verb.START: "cleaning", Verb.PAUSE: "paused", Verb.STOP: "idle", Verb.RETURN: "returning"},
    "lawn_mower": {Verb.START: "mowing", Verb.PAUSE: "paused", Verb.RETURN: "returning"},
}
"""What each kind of device is after it was told so."""
_STATELESS: Final = frozenset({"scene", "button"})
_OPEN: Final = 100


class MemoryHouse:
    """Refurnished between sentences; it keeps what it was told."""

    def __init__(self, furniture: Furniture) -> None:
        self._furniture = furniture
        self._revision = 1
        self.furnish(furniture)

    def furnish(self, furniture: Furniture) -> None:
        """Another house from now on, that nobody has told anything yet."""
        if furniture is not self._furniture:
            self._revision += 1
        self._furniture = furniture
        self._states = dict(furniture.states)
        self._devices = {device.id: device for device in furniture.devices}
        self.sent: list[Command] = []
        """Commands that devices took, in order."""
        self.told: list[tuple[str, str]] = []
        """Topics and payloads for whoever listens."""

    @property
    def revision(self) -> int:
        """Rises with every other furniture."""
        return self._revision

    @property
    def online(self) -> bool:
        """Always."""
        return True

    def devices(self) -> Sequence[Device]:
        """All of them."""
        return self._furniture.devices

    def areas(self) -> Mapping[str, Sequence[str]]:
        """Without further names."""
        return dict.fromkeys(self._furniture.areas, ())

    def floors(self) -> Sequence[str]:
        """Names of floors."""
        return self._furniture.floors

    def state(self, device: str) -> DeviceState:
        """How it is now."""
        return self._states.get(device, DeviceState())

    async def command(self, commands: Sequence[Command], deadline_s: float) -> Sequence[ActionReport]:
        """Done at once, as far as the devices can."""
        return [self._carry_out(command) for command in commands]

    async def tell(self, topic: str, payload: str) -> None:
        """Kept in ``told``."""
        self.told.append((topic, payload))

    def _carry_out(self, command: Command) -> ActionReport:
        device = self._devices.get(command.device)
        before = self.state(command.device)
        if device is None or not _can(device, command.change):
            confirmation = Confirmation.UNSUPPORTED
        elif not before.available:
            confirmation = Confirmation.UNAVAILABLE
        else:
            confirmation = Confirmation.ASSUMED if device.domain in _STATELESS else Confirmation.CONFIRMED
            self.sent.append(command)
            self._states[device.id] = _after(device, before, command.change)
        return ActionReport(command.device, command.change, confirmation, 0, self.state(command.device))


def _can(device: Device, change: Mapping[str, Value]) -> bool:
    verb = change.get(Ability.STATE)
    able = verb is None or (Ability.STATE in device.abilities and str(verb) in _VERBS.get(device.domain, {}))
    return able and all(key == Ability.STATE or key in device.abilities for key in change)


def _after(device: Device, before: DeviceState, change: Mapping[str, Value]) -> DeviceState:
    value = before.value
    attributes = dict(before.attributes)
    for key, wanted in change.items():
        if key == Ability.STATE:
            if not (wanted == Verb.RETURN and value == "docked"):
                value = _VERBS[device.domain][str(wanted)]
            if device.domain in ("cover", "valve") and value != "stopped":
                attributes[Ability.POSITION] = _OPEN if value == "open" else 0
            continue
        attributes[key] = wanted
        match key:
            case Ability.BRIGHTNESS | Ability.PERCENTAGE if isinstance(wanted, int | float):
                value = "on" if wanted > 0 else "off"
            case Ability.POSITION:
                value = "open" if wanted else "closed"
            case Ability.MODE:
                value = str(wanted)
            case Ability.COLOR:
                # A lamp shows one or the other.
                attributes.pop(Ability.COLOR_TEMPERATURE, None)
            case Ability.COLOR_TEMPERATURE:
                attributes.pop(Ability.COLOR, None)
    return DeviceState(value, attributes)
