"""home_llm: what a house looks like after a command, and what is answered to a question.

What is right:

- ``action``, ``template``: exactly the devices that were meant have changed, to what was meant. A device begins in the
  opposite state. Where a sentence asks for several, all of them.
- ``template`` of lists and timers: the intent, and the item or the time.
- ``status``: the answer tells the state that the device has, and nothing was moved. What the answer of the data names
  (a colour, a brightness, how much time is left) must be named; else the word for the state.
- ``refusal``: of a device that the house does not have, nothing is moved; one that already is as wanted stays so.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edge.devices import DeviceState, Value
from edge.evaluation.text.asking import Answer, Asker, names
from edge.evaluation.text.home_llm_homes import DOMAINS, SAID, Thing, home_of, thing
from edge.evaluation.text.rows import Row
from edge.evaluation.text.split import is_training
from edge.evaluation.text.verdicts import Tell, Verdict

LEFT_OUT: Final[Mapping[str, str]] = {"media_player": "media players have no MQTT discovery"}
"""Kinds that no home on MQTT can have, and why."""
VALUES: Final[Mapping[str, str]] = {
    "color": "red",
    "brightness": "40",
    "temp_f": "70",
    "temp_c": "21",
    "humidity": "50",
    "fan_mode": "high",
    "hvac_mode": "cool",
    "todo": "milk",
    "duration": "10 minutes",
}
"""What fills the other blanks."""
_RED: Final = (255, 0, 0)
Shown = Callable[[DeviceState], bool]


@dataclass(frozen=True, slots=True)
class Service:
    """What is asked of a device."""

    before: DeviceState
    """How it begins."""
    done: Shown
    """Whether it was done, by the state afterwards."""


def _value(*wanted: str) -> Shown:
    return lambda state: state.value in wanted


def _level(key: str, wanted: Callable[[float], bool]) -> Shown:
    def shown(state: DeviceState) -> bool:
        value = state.attributes.get(key)
        return isinstance(value, int | float) and wanted(float(value))

    return shown


def _is(key: str, wanted: str) -> Shown:
    return lambda state: _written(state.attributes.get(key)) == wanted


def _has(*wanted: str) -> Shown:
    """Any level or mode of the device is one of ``wanted``."""
    return lambda state: any(_written(value) in wanted for value in state.attributes.values())


def _written(value: Value | None) -> str:
    return str(value).casefold().removesuffix(".0")


_HALF: Final[Mapping[str, Value]] = {"percentage": 50}
_ON, _OFF = DeviceState("on", {"brightness": 80, **_HALF}), DeviceState("off", {"brightness": 0, "percentage": 0})
_OPEN, _CLOSED = DeviceState("open", {"position": 100}), DeviceState("closed", {"position": 0})
_CLEANING: Final = DeviceState("cleaning")
_HEAT: Final = DeviceState("heat", {"temperature": 60.0, "current_temperature": 60.0, "humidity": 30.0})
SERVICES: Final[Mapping[str, Service]] = {
    "turn_on": Service(_OFF, _value("on", "heat", "cool", "auto")),
    "turn_off": Service(_ON, _value("off")),
    "toggle": Service(_OFF, _value("on")),
    "open_cover": Service(_CLOSED, _value("open")),
    "close_cover": Service(_OPEN, _value("closed")),
    "stop_cover": Service(DeviceState("opening", {"position": 40}), _value("stopped")),
    "increase_speed": Service(_ON, _level("percentage", lambda speed: speed > 50)),  # noqa: PLR2004
    "decrease_speed": Service(_ON, _level("percentage", lambda speed: 0 < speed < 50)),  # noqa: PLR2004
    "lock": Service(DeviceState("unlocked"), _value("locked")),
    "unlock": Service(DeviceState("locked"), _value("unlocked")),
    "start": Service(DeviceState("docked"), _value("cleaning")),
    "pause": Service(_CLEANING, _value("paused")),
    # A robot that is told to stop may as well stand as pause.
    "stop": Service(_CLEANING, _value("idle", "paused", "stopped")),
    "return_to_base": Service(_CLEANING, _value("returning", "docked")),
    "set_temperature": Service(_HEAT, _has(VALUES["temp_f"], VALUES["temp_c"])),
    "set_humidity": Service(_HEAT, _has(VALUES["humidity"])),
    "set_fan_mode": Service(_HEAT, _has(VALUES["fan_mode"])),
    "set_hvac_mode": Service(_HEAT, _value("cool")),
}  # fmt: skip
"""By home_llm's name without the domain."""
_TOGGLED_COVER: Final = Service(_CLOSED, _value("open"))
INTENTS: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("todo", "add_item"): frozenset({"HassListAddItem", "HassShoppingListAddItem"}),
    ("timer", "start"): frozenset({"HassStartTimer"}),
    ("timer", "cancel"): frozenset({"HassCancelTimer", "HassCancelAllTimers"}),
}
"""What is right where no device is meant."""
STATES: Final[Mapping[str, str]] = {
    "on": r"\b(on|running)\b",
    "off": r"\b(off|not running)\b",
    "open": r"\bopen\b",
    "closed": r"\b(closed|shut)\b",
    "opening": r"\bopening\b",
    "closing": r"\bclosing\b",
    "locked": r"\blocked\b",
    "unlocked": r"\b(unlocked|not locked)\b",
    "locking": r"\blocking\b",
    "unlocking": r"\bunlocking\b",
    "jammed": r"\b(jammed|stuck)\b",
    "cleaning": r"\b(cleaning|running|working|vacuuming)\b",
    "docked": r"\b(docked|dock|base)\b",
    "paused": r"\bpaused\b",
    "idle": r"\b(idle|stopped|standing|not cleaning)\b",
    "error": r"\b(error|problem|trouble|stuck|fault)\b",
}
"""Words that tell a state."""
_BLANK: Final = re.compile(r"<(\w+?)(\d?)>")
_CARDINALS: Final = "one two three four five six seven eight nine ten eleven twelve".split()
_ITEMS: Final = "milk bread butter eggs flour rice salt sugar tea honey apples pears".split()


def left_out(row: Row) -> str | None:
    """Why the sentence is none that a home on MQTT can be told; None where it is."""
    return next((LEFT_OUT[kind] for kind in _kinds(row) if kind in LEFT_OUT), None)


def for_measuring(rows: Sequence[Row]) -> list[Row]:
    """Those that nobody learnt from."""
    return [row for row in rows if not is_training(row["phrase"])]


async def judge(asker: Asker, rows: Sequence[Row], tell: Tell) -> list[Verdict]:
    """Every sentence in a house of its own."""
    judges = {"action": _action, "template": _template, "status": _status, "refusal": _refusal}
    verdicts = []
    for row in rows:
        verdicts.append(await judges[row["kind"]](asker, row))
        tell(verdicts[-1])
    return verdicts


async def _action(asker: Asker, row: Row) -> Verdict:
    kind, verb = row["service_name"].split(".")
    return await _commanded(asker, "action", row["phrase"], [(thing(kind, row["device_name"], row["phrase"]), verb)])


async def _template(asker: Asker, row: Row) -> Verdict:
    kinds, verbs = _kinds(row), row["service"].split("|")
    sentence = filled(row["phrase"], kinds)
    if kinds[0] in DOMAINS:
        if verbs == ["set_humidity"]:
            kinds = ["humidifier"]  # what sets it; on MQTT no part of a thermostat that many have
        things = [Thing(kind, SAID[kind][place]) for place, kind in enumerate(kinds)]
        meant = list(zip(things, verbs, strict=True))
        return await _commanded(asker, "template", sentence, meant)
    asker.house.furnish(home_of([]))
    answer = await asker.ask(sentence)
    wanted = INTENTS[kinds[0], verbs[0]]
    said = {str(value).casefold() for intent in answer.intents for value in intent.slots.values()}
    needed = {"add_item": VALUES["todo"], "start": "10"}.get(verbs[0])
    right = bool(answer.intents) and names(answer.intents) <= wanted and (needed is None or needed in said)
    return answer.verdict("template", " / ".join(sorted(wanted)), right=right, false_action=bool(answer.sent))


async def _commanded(asker: Asker, kind: str, sentence: str, meant: Sequence[tuple[Thing, str]]) -> Verdict:
    services = [_service(each.kind, verb) for each, verb in meant]
    things = [replace(each, state=service.before) for (each, _), service in zip(meant, services, strict=True)]
    home = home_of(things)
    asker.house.furnish(home)
    answer = await asker.ask(sentence)
    targets = home.devices[: len(things)]
    others = {command.device for command in answer.sent} - {device.id for device in targets}
    done = all(
        service.done(asker.house.state(device.id)) and _as_said(sentence, asker.house.state(device.id))
        for device, service in zip(targets, services, strict=True)
    )
    wanted = " + ".join(f"{verb} {each.name}{f' in {each.area}' if each.area else ''}" for each, verb in meant)
    return answer.verdict(kind, wanted, right=done and not others, false_action=bool(others))


async def _status(asker: Asker, row: Row) -> Verdict:
    kind = row["device_type"]
    sentence = filled(row["phrase"], [kind])
    told = [*_BLANK.findall(row["assistant_response"])]
    named = [name for name, _ in told if name != "device_name"]
    if kind in DOMAINS:
        asker.house.furnish(home_of([Thing(kind, SAID[kind][0], state=_state(row["state"]))]))
        truths = [_truth(name) for name in named] or [STATES[row["state"].split(";")[0]]]
    else:
        asker.house.furnish(home_of([]))
        truths = await _prepared(asker, kind, row["state"])
    answer = await asker.ask(sentence)
    right = not answer.sent and all(re.search(truth, answer.reply, re.IGNORECASE) for truth in truths)
    return answer.verdict("status", f"{row['state']}: {' '.join(truths)}", right=right, false_action=bool(answer.sent))


async def _refusal(asker: Asker, row: Row) -> Verdict:
    kind, _ = row["service_name"].split(".")
    there = row["reason_type"] == "already_state" and kind in DOMAINS
    before = _state(row["desired_state"]) if there else DeviceState()
    home = home_of([Thing(kind, row["friendly_name"], state=before)] if there else [])
    asker.house.furnish(home)
    answer = await asker.ask(once(row["phrase"].replace("<device_name>", row["friendly_name"])))
    moved = _moved(answer, home.devices[0].id, asker, before) if there else bool(answer.sent)
    return answer.verdict("refusal", f"nothing: {row['reason_type']}", right=not moved, false_action=moved)


def _moved(answer: Answer, device: str, asker: Asker, before: DeviceState) -> bool:
    """Whether anything but ``device`` was told something, or that is no longer as it was."""
    return {command.device for command in answer.sent} > {device} or asker.house.state(device).value != before.value


async def _prepared(asker: Asker, kind: str, state: str) -> list[str]:
    """Bring the list or the timer about by saying so; returns what the answer must tell."""
    if kind == "timer":
        await asker.ask("cancel all timers")
        await asker.ask(f"set a {VALUES['duration']} kitchen timer")
        return [r"\b(10|9|ten|nine) minutes"]
    await asker.ask("clear my shopping list")
    for item in _ITEMS[: int(state)]:
        await asker.ask(f"add {item} to my shopping list")
    return [rf"\b({state}|{_CARDINALS[int(state) - 1]})\b"]


def filled(phrase: str, kinds: Sequence[str]) -> str:
    """``phrase`` with its blanks filled."""

    def fill(blank: re.Match[str]) -> str:
        name, number = blank.groups()
        if name != "device_name":
            return VALUES[name]
        place = int(number) - 1 if number else 0
        return SAID[kinds[place]][place].lower()

    return once(_BLANK.sub(fill, phrase))


def once(sentence: str) -> str:
    """Without the word that is both a name's last and the sentence's next: "the bedroom blinds blinds"."""
    return re.sub(r"\b(\w+) \1\b", r"\1", sentence, flags=re.IGNORECASE)


def _kinds(row: Row) -> list[str]:
    kinds: str = row.get("device_type") or row["service_name"].split(".")[0]
    return kinds.split("|")


def _service(kind: str, verb: str) -> Service:
    return _TOGGLED_COVER if verb == "toggle" and DOMAINS[kind][0] == "cover" else SERVICES[verb]


def _as_said(sentence: str, state: DeviceState) -> bool:
    """A colour and a brightness that the sentence names are there."""
    asks_color = re.search(rf"\b{VALUES['color']}\b", sentence) is not None
    asks_level = re.search(rf"\b{VALUES['brightness']}\b", sentence) is not None
    color = not asks_color or state.attributes.get("color") == _RED
    return color and (not asks_level or _is("brightness", VALUES["brightness"])(state))


def _state(described: str) -> DeviceState:
    """``on;<color>;<brightness>``."""
    value, *further = described.split(";")
    attributes: dict[str, Value] = {"color": _RED} if "<color>" in further else {}
    if "<brightness>" in further:
        attributes["brightness"] = int(VALUES["brightness"])
    return DeviceState(value, attributes)


def _truth(blank: str) -> str:
    return rf"\b{VALUES[blank]}\b"
