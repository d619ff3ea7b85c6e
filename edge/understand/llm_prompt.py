"""What the local model is asked: terse, because a small board reads some thirty tokens a second.

The fixed part comes first, so that what the model makes of it can be kept (:mod:`edge.understand.llm_llamacpp`).
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from edge.devices import Ability, Device, DeviceState
from edge.understand.llm_calls import Target, plain

FIXED: Final = (
    "<|im_start|>system\nWrite what is asked of this house as calls: VERB THING, with VALUE where it takes one. "
    "Verbs: on off toggle open close stop lock unlock start dock activate brightness brighter dimmer color white "
    "position speed faster slower temperature warmer cooler mode read. Several calls are parted by ;. "
    "Write none for talk, for later, and for what nothing here can do.<|im_end|>\n<|im_start|>user\n"
)
"""In SmolLM2's chat format."""
StateOf = Callable[[str], DeviceState]
"""The state of a device by its id."""

_END: Final = "<|im_end|>\n<|im_start|>assistant\n"
_SENSORS: Final = frozenset({"sensor", "binary_sensor"})
_AMOUNTS: Final = (Ability.BRIGHTNESS, Ability.PERCENTAGE, Ability.TEMPERATURE)
_LONGEST_STATE: Final = 20


def question(
    text: str,
    known: Sequence[Target],
    state_of: StateOf,
    area: str | None = None,
    before: tuple[str, str] | None = None,
) -> str:
    """The part of the prompt that differs: things, then where it was said, what was said before, and what is said.

    ``before``: the last sentence and the calls it became.
    """
    rooms: dict[str, list[str]] = {}
    for target in known:
        if not target.group:
            device = target.devices[0]
            room = rooms.setdefault(plain(device.area or "house"), [])
            room.append(f"{target.label} ({_described(device, state_of(device.id))})")
    lines = [f" {room}: {', '.join(things)}" for room, things in rooms.items()]
    lines += [f"here {plain(area)}"] if area else []
    lines += [f"before: {plain(before[0])} = {before[1]}"] if before else []
    return "\n".join([*lines, f"now: {plain(_by_first_names(text, known))}{_END}"])


def _by_first_names(text: str, known: Sequence[Target]) -> str:
    """``text`` with each device called what the lines above call it, whatever else it is called."""
    for target in known:
        name = target.label.replace("\\", r"\\")
        for alias in () if target.group else target.devices[0].aliases:
            text = re.sub(rf"\b{re.escape(alias)}\b", name, text, flags=re.IGNORECASE)
    return text


def _described(device: Device, state: DeviceState) -> str:
    kind = device.domain
    if device.domain in _SENSORS:
        kind = f"{device.device_class} sensor" if device.device_class else "sensor"
    elif device.domain == "cover" and device.device_class:
        kind = device.device_class
    return plain(f"{kind.replace('_', ' ')} {_shown(device, state)}")


def _shown(device: Device, state: DeviceState) -> str:
    if not state.available:
        return "away"
    value = (state.value or "")[:_LONGEST_STATE]
    if value in ("off", ""):
        return value
    amount = next((state.attributes[a] for a in _AMOUNTS if a in state.attributes), None)
    position = state.attributes.get(Ability.POSITION)
    if position is not None and position not in (0, 100):
        amount = position
    return value if not isinstance(amount, int | float) else f"{value} {amount:g}"
