"""Puts devices back as they were: "turn it back", and the wrong lamp after "no, the other one"."""

from collections.abc import Mapping
from typing import Final

from edge.devices import Command, Confirmation, Value, Verb
from edge.dialogue import RESTORE
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, SlotValue
from edge.ports import House, SkillContext

_DONE: Final = (Confirmation.CONFIRMED, Confirmation.ASSUMED)


class Restore:
    """Takes the intent that understanding makes of the reports of what was done."""

    intents = frozenset({RESTORE})

    def __init__(self, house: House, confirm_s: float) -> None:
        """``confirm_s``: how long a device has to show that it did what it was told."""
        self._house, self._confirm_s = house, confirm_s
        self.deadline_s = confirm_s + 2.0

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Command the devices that the slots name. Raises BrokerOffline at once when the broker is away."""
        change = _change(intent.slots)
        wanted = str(intent.slots["device"]).splitlines()
        names = {device.id: device.name for device in self._house.devices() if device.id in wanted}
        if not names:
            return Outcome(OutcomeKind.FAILED, Phrase("cannot_undo"))
        reports = await self._house.command([Command(device, change) for device in names], self._confirm_s)
        done = [names[report.device] for report in reports if report.confirmation in _DONE]
        silent = [names[report.device] for report in reports if report.confirmation not in _DONE]
        unsure = any(report.confirmation is Confirmation.UNCONFIRMED for report in reports)
        kind = OutcomeKind.DONE if not silent else OutcomeKind.UNCONFIRMED if unsure else OutcomeKind.FAILED
        return Outcome(kind, Phrase("restored", {"done": done, "silent": silent}), tuple(reports))


def _change(slots: Mapping[str, SlotValue]) -> dict[str, Value]:
    change: dict[str, Value] = {key: value for key, value in slots.items() if key != "device"}
    if "state" in change:
        change["state"] = Verb(str(change["state"]))
    if "color" in change:
        red, green, blue = map(int, str(change["color"]).split(","))
        change["color"] = (red, green, blue)
    return change


def build(context: SkillContext) -> Restore:
    """The skill for the context's house."""
    return Restore(context.house, context.confirm_s)
