"""Devices: do what was asked, and tell what they themselves then say."""

from collections.abc import Mapping, Sequence
from typing import Final

import anyio

from edge.act import questions
from edge.act.colors import name_of
from edge.act.confirm import INSTALL
from edge.act.skills.home.change import Change, Control, Refusal
from edge.act.skills.home.changes import CONTROLS
from edge.act.skills.home.relapses import Relapses
from edge.act.targets import Targets, beside, no_such_device, resolve, which_one, without
from edge.devices import Ability, ActionReport, Command, Confirmation, Device, DeviceState, Limits, Verb
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from edge.ports import Announcer, House, SkillContext

_TRIGGERED: Final = frozenset({"scene", "button"})
"""Kinds that have no state to show, so delivery is all there is to say."""
_STEPS: Final = ("brightness", "color_temperature", "position", "percentage", "temperature")
_FOR_ONE_ROOM: Final = frozenset(
    {"HassClimateSetTemperature", "HearthSetMode", "HearthSetWaterHeater", "HearthDisarm", "HearthWrite"}
)
_FOR_WHERE_ONE_IS: Final = frozenset({"HearthChoose", "HearthSwing", "HearthFanDirection"})
"""Intents that, where no device and no place is named, are about the asker's room, if anything there can do that."""
_REFUSALS: Final[Mapping[Refusal, str]] = {
    Refusal.IDLE: "is_off",
    Refusal.CURRENT: "up_to_date",
    Refusal.CODED: "needs_code",
    Refusal.BEYOND: "beyond",
    Refusal.UNKNOWN: "unsaid",
    Refusal.UNABLE: "cannot",
}
"""The phrase for each, that which leaves most hope first."""
_SPEED_S: Final = 0.3
"""How long a fan that was turned on has to tell its speed."""
_FULL_SPEED: Final = 100.0


class Home:
    """Controls devices and answers questions about them."""

    intents = frozenset(CONTROLS) | questions.INTENTS

    def __init__(self, house: House, confirm_s: float, announcer: Announcer | None = None) -> None:
        """``confirm_s``: how long a device has to show that it did what it was told.

        ``announcer``: who tells of a device that did it, and went back on it while it was still being told.
        """
        self._house = house
        self._confirm_s = confirm_s
        self.deadline_s = 2 * confirm_s + 2.0
        self._relapses = Relapses(house, announcer) if announcer is not None else None

    async def serve(self) -> None:
        """Tell of devices that did not stand by what they had confirmed."""
        if self._relapses is not None:
            await self._relapses.serve()

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Act or answer. Raises BrokerOffline at once when the broker is away."""
        if intent.name in questions.INTENTS:
            return questions.answer(intent, origin, self._house)
        control = CONTROLS[intent.name]
        targets = self._targets(intent, origin, control)
        if targets.ambiguous or (len(targets.devices) > 1 and _names_no_thermostat(intent)):
            return which_one(targets, intent)
        if not targets.devices:
            return no_such_device(intent)
        states = {device: self._house.state(device.id) for device in targets.devices}
        asked = {
            device: _allowed(device, control.change(intent, device, states[device]))
            for device in self._stepped(intent, states)
        }
        changes: Mapping[Device, Change] = {
            device: change for device, change in asked.items() if not isinstance(change, Refusal)
        }
        if not changes:
            return _refused(asked, intent)
        if intent.name in _FOR_WHERE_ONE_IS:
            changes = _near(changes, intent, origin)
        reports = await self._house.command([Command(d.id, change) for d, change in changes.items()], self._confirm_s)
        if intent.name == "HassTurnOn":
            reports = await self._set_going(list(changes), reports)
        if self._relapses is not None:
            self._relapses.watch(list(changes), reports, origin)
        return _told(list(changes), reports, _trend(intent))

    def _targets(self, intent: Intent, origin: Origin, control: Control) -> Targets:
        devices = self._house.devices()
        if intent.name == INSTALL:
            return Targets(beside(intent, devices, "update"))
        # The room that a vacuum is sent to is not the one that it stands in.
        meant = without(intent, "area") if intent.name == "HassVacuumCleanArea" else intent
        return resolve(meant, origin, devices, control.domains)

    @staticmethod
    def _stepped(intent: Intent, states: Mapping[Device, DeviceState]) -> Sequence[Device]:
        """Brighter and faster are for what is on, as long as anything is."""
        if _trend(intent) is None or "name" in intent.slots:
            return list(states)
        return [device for device, state in states.items() if state.value != "off"] or list(states)

    async def _set_going(self, devices: Sequence[Device], reports: Sequence[ActionReport]) -> Sequence[ActionReport]:
        """A fan that says it is on at no speed does not turn: give it one."""
        done = [report.confirmation is Confirmation.CONFIRMED for report in reports]
        fans = [d for d, ok in zip(devices, done, strict=True) if ok and Ability.PERCENTAGE in d.abilities]
        if not any(self._stands_still(fan) for fan in fans):
            return reports
        await anyio.sleep(_SPEED_S)
        still = [fan for fan in fans if self._stands_still(fan)]
        faster = await self._house.command(
            [Command(fan.id, {"percentage": _FULL_SPEED}) for fan in still], self._confirm_s
        )
        later = {report.device: report for report in faster}
        return [later.get(report.device, report) for report in reports]

    def _stands_still(self, fan: Device) -> bool:
        return self._house.state(fan.id).attributes.get("percentage") == 0


def _names_no_thermostat(intent: Intent) -> bool:
    """Whether a temperature or a mode was asked for without a room: of several thermostats, one must be meant."""
    return intent.name in _FOR_ONE_ROOM and not {"name", "area", "floor"} & intent.slots.keys()


def _allowed(device: Device, change: Change | Refusal) -> Change | Refusal:
    """``change``, unless the device has announced that it wants a code for it or does not go so far."""
    if isinstance(change, Refusal):
        return change
    if (verb := change.get("state")) is not None and Verb(str(verb)) in device.coded:
        return Refusal.CODED
    if _limits_passed(device, change):
        return Refusal.BEYOND
    return change


def _limits_passed(device: Device, change: Change) -> bool:
    known = {ability.value: limits for ability, limits in device.limits.items()}
    return any(
        isinstance(value, int | float) and key in known and not known[key].low <= value <= known[key].high
        for key, value in change.items()
    )


def _limits_of(device: Device, intent: Intent) -> Limits:
    """Those that ``intent`` passes; its slots are called like what they set, mostly."""
    asked = {slot.removesuffix("_step") for slot in intent.slots}
    return next(
        (limits for ability, limits in device.limits.items() if ability.value in asked),
        next(iter(device.limits.values())),
    )


def _near(changes: Mapping[Device, Change], intent: Intent, origin: Origin) -> Mapping[Device, Change]:
    if origin.area is None or not {"name", "area", "floor"}.isdisjoint(intent.slots):
        return changes
    here = {device: change for device, change in changes.items() if device.area == origin.area}
    return here or changes


def _trend(intent: Intent) -> str | None:
    """``brightness_up``, ``position_down``, … of a relative change."""
    key = next((key for key in _STEPS if f"{key}_step" in intent.slots), None)
    return None if key is None else f"{key}_{'up' if float(intent.slots[f'{key}_step']) > 0 else 'down'}"


def _refused(asked: Mapping[Device, Change | Refusal], intent: Intent) -> Outcome:
    """Nothing was told to any device: why, for the reason that leaves most hope."""
    for refusal, key in _REFUSALS.items():
        if refused := [device for device, change in asked.items() if change is refusal]:
            values: dict[str, object] = {"names": [device.name for device in refused]}
            if refusal is Refusal.BEYOND:
                limits = _limits_of(refused[0], intent)
                values |= {"low": limits.low, "high": limits.high, "unit": refused[0].unit}
            return Outcome(OutcomeKind.FAILED, Phrase(key, values))
    raise AssertionError("a change that is neither refused nor carried out")


def _told(devices: Sequence[Device], reports: Sequence[ActionReport], trend: str | None) -> Outcome:
    """The outcome in the devices' own words."""
    by: dict[Confirmation, list[str]] = {kind: [] for kind in Confirmation}
    triggered = all(device.domain in _TRIGGERED for device in devices)
    for device, report in zip(devices, reports, strict=True):
        by[report.confirmation].append(device.name)
    sure = by[Confirmation.CONFIRMED] + (by[Confirmation.ASSUMED] if triggered else [])
    unsure = by[Confirmation.UNCONFIRMED] + ([] if triggered else by[Confirmation.ASSUMED])
    confirmed = [report for report in reports if report.confirmation is Confirmation.CONFIRMED] or reports[:1]
    kinds = {(device.domain, device.device_class) for device in devices}
    domains = {device.domain for device in devices}
    say = Phrase(
        "triggered" if triggered else "acted",
        {
            "done": sure,
            "domain": devices[0].domain if len(domains) == 1 else "device",
            "device_class": devices[0].device_class if len(kinds) == 1 else None,
            "change": dict(confirmed[0].command),
            "alike": all(report.command == confirmed[0].command for report in confirmed),
            "trend": trend,
            "color": name_of(color) if isinstance(color := confirmed[0].command.get("color"), tuple) else None,
            "value": confirmed[0].state.value,
            "unit": next((device.unit for device in devices if device.unit), None),
            "silent": by[Confirmation.UNCONFIRMED],
            "failed": by[Confirmation.FAILED],
            "sent": [] if triggered else by[Confirmation.ASSUMED],
            "away": by[Confirmation.UNAVAILABLE],
            "unable": by[Confirmation.UNSUPPORTED],
        },
    )
    if len(sure) == len(devices):
        return Outcome(OutcomeKind.DONE, say, tuple(reports))
    return Outcome(OutcomeKind.UNCONFIRMED if unsure else OutcomeKind.FAILED, say, tuple(reports))


def build(context: SkillContext) -> Home:
    """The skill for the context's house."""
    return Home(context.house, context.confirm_s, context.announcer)
