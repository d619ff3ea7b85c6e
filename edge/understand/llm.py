"""The local-model tier: a small language model whose every possible output is a valid call on an existing device.

The grammar is made from the devices that the sentence could be about, so a device that does not exist cannot be
named and a lamp cannot be locked. When no device shares a word with the sentence the model is not asked at all.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import anyio

from edge.devices import Ability, Device
from edge.engine_thread import EngineThread
from edge.intents import Intent, Origin, SlotValue, Tier, Understanding
from edge.ports import Completion, Inventory, LlmEngine

_MAX_DEVICES = 12
_DEADLINE_S = 3.0
"""A person who waits longer would rather hear that it was not understood."""
_MAX_TOKENS = 48
_NONE = "none"
_COMMON: Final = frozenset(
    "a an the my our your to of in on at and or is are it its me you i please can could would what which who how when "
    "where why do does did for with from off up down this that there here now not all any".split()
)
"""Words that say nothing about which device is meant. English only: other languages retrieve by whole names."""


@dataclass(frozen=True, slots=True)
class _Verb:
    """A thing that the model may ask of a kind of device."""

    word: str
    intent: str
    domains: frozenset[str]
    slot: str | None = None
    """Slot that a number fills."""


_SWITCHED: Final = frozenset({"light", "switch", "fan"})
_MOVED: Final = frozenset({"cover", "valve"})
_VERBS: Final = (
    _Verb("turn_on", "HassTurnOn", _SWITCHED),
    _Verb("turn_off", "HassTurnOff", _SWITCHED),
    _Verb("open", "HassTurnOn", _MOVED),
    _Verb("close", "HassTurnOff", _MOVED),
    _Verb("lock", "HassTurnOn", frozenset({"lock"})),
    _Verb("unlock", "HassTurnOff", frozenset({"lock"})),
    _Verb("activate", "HassTurnOn", frozenset({"scene", "button"})),
    _Verb("set_brightness", "HassLightSet", frozenset({"light"}), "brightness"),
    _Verb("set_position", "HassSetPosition", _MOVED, "position"),
    _Verb("set_speed", "HassFanSetSpeed", frozenset({"fan"}), "percentage"),
    _Verb("set_temperature", "HassClimateSetTemperature", frozenset({"climate"}), "temperature"),
    _Verb("read", "HassGetState", frozenset({"sensor", "binary_sensor", "light", "cover", "lock", "climate"})),
)
_NEEDS: Final = {
    "brightness": Ability.BRIGHTNESS,
    "position": Ability.POSITION,
    "percentage": Ability.PERCENTAGE,
    "temperature": Ability.TEMPERATURE,
}


class LocalModel:
    """Asks the model when the sentence mentions something that exists."""

    def __init__(
        self, house: Inventory, engine: EngineThread[LlmEngine], intents: Collection[str], threshold: float
    ) -> None:
        """``intents``: names of the intents that some skill takes. Below ``threshold`` (0–1) a call is not believed."""
        self._house = house
        self._engine = engine
        self._verbs = tuple(verb for verb in _VERBS if verb.intent in intents)
        self._threshold = threshold

    async def understand(self, text: str, origin: Origin) -> Understanding | None:
        """The call that the model is sure enough of, or None."""
        devices = relevant(text, self._house.devices())
        choices = calls(devices, self._verbs)
        if not choices:
            return None
        with anyio.move_on_after(_DEADLINE_S):
            completion = await self._engine.call(
                lambda engine: engine.complete(prompt(text, devices), gbnf(choices), _MAX_TOKENS)
            )
            return self._believed(completion, devices)
        return None

    def _believed(self, completion: Completion, devices: Sequence[Device]) -> Understanding | None:
        intent = parse(completion.text, devices, self._verbs)
        if intent is None or completion.probability < self._threshold:
            return None
        return Understanding(intent, Tier.LLM, completion.probability)


def relevant(text: str, devices: Sequence[Device]) -> tuple[Device, ...]:
    """Devices whose name, alias or area shares a telling word with ``text``, best match first."""
    said = _words(text) - _COMMON
    scored = [(len(said & _words(" ".join((d.name, *d.aliases, d.area or "")))), d) for d in devices]
    ranked = sorted((pair for pair in scored if pair[0]), key=lambda pair: (-pair[0], pair[1].id))
    return tuple(device for _, device in ranked[:_MAX_DEVICES])


def calls(devices: Sequence[Device], verbs: Sequence[_Verb] = _VERBS) -> list[tuple[_Verb, list[Device]]]:
    """Each verb with the devices it makes sense for; verbs without any are left out."""
    possible = [(verb, [device for device in devices if _can(device, verb)]) for verb in verbs]
    return [(verb, able) for verb, able in possible if able]


def gbnf(choices: Sequence[tuple[_Verb, list[Device]]]) -> str:
    """llama.cpp's grammar of exactly these calls, and ``none``."""
    rules = [f"root ::= {' | '.join([_literal(_NONE), *(f'c{i}' for i in range(len(choices)))])}"]
    for i, (verb, devices) in enumerate(choices):
        names = " | ".join(_literal(device.name) for device in devices)
        number = ' ", " number' if verb.slot else ""
        rules.append(f"c{i} ::= {_literal(verb.word + '(')} ({names}){number} {_literal(')')}")
    return "\n".join([*rules, 'number ::= [1-9] [0-9]? | "0" | "100"'])


def prompt(text: str, devices: Sequence[Device]) -> str:
    """SmolLM2's chat format. What people and devices are called cannot end their part of it."""
    things = "\n".join(f"- {_plain(device.name)} ({device.domain})" for device in devices)
    return (
        "<|im_start|>system\nYou control these things in a house:\n"
        f"{things}\n"
        "Answer with one call, such as turn_on(Desk Lamp) or set_brightness(Desk Lamp, 40). "
        f"Answer {_NONE} when something else is meant.<|im_end|>\n"
        f"<|im_start|>user\n{_plain(text)}<|im_end|>\n<|im_start|>assistant\n"
    )


def parse(call: str, devices: Sequence[Device], verbs: Sequence[_Verb] = _VERBS) -> Intent | None:
    """The intent of a call that the grammar allowed; None for ``none`` and for an unfinished call."""
    match = re.fullmatch(r"(\w+)\((.+?)(?:, (\d+))?\)", call.strip())
    if match is None:
        return None
    word, name, number = match.groups()
    verb = next((verb for verb in verbs if verb.word == word), None)
    device = next((d for d in devices if d.name == name and verb and _can(d, verb)), None)
    if verb is None or device is None:
        return None
    slots: dict[str, SlotValue] = {"name": device.name}
    if verb.slot and number:
        slots[verb.slot] = int(number)
    return Intent(verb.intent, slots, form="one" if verb.word == "read" else "default", domain=device.domain)


def _can(device: Device, verb: _Verb) -> bool:
    return device.domain in verb.domains and (verb.slot is None or _NEEDS[verb.slot] in device.abilities)


def _words(text: str) -> set[str]:
    """Lower-case words, plurals folded to singulars."""
    return {word.removesuffix("s") if len(word) > 3 else word for word in re.findall(r"\w+", text.casefold())}  # noqa: PLR2004


def _plain(text: str) -> str:
    return text.replace("<|", "").replace("|>", "").replace("\n", " ")


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'
