"""What guards a house, of Home Assistant's MQTT discovery: alarm panels, sirens, locks.

A panel or a lock that wants a code is told nothing: the code is the person's, not ours to send.

Source: https://www.home-assistant.io/integrations/alarm_control_panel.mqtt/, siren.mqtt/ and lock.mqtt/
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from edge.devices import Ability, Limits, Value, Verb
from edge.home.broker import Publication
from edge.home.entity import VALUE, Encode, Reading, Seen, Unsupported
from edge.home.parts import Parts, finite, known, one_of, text_of, value_reading, verbs_only, within
from edge.home.payload import Payload

_ARMING: Final = {
    Verb.ARM_HOME: "arm_home",
    Verb.ARM_AWAY: "arm_away",
    Verb.ARM_NIGHT: "arm_night",
    Verb.ARM_VACATION: "arm_vacation",
}
_DURATION: Final = Limits(1, 600, 1)
"""Seconds; a siren that sounds for longer was hardly meant."""


def alarm_control_panel(p: Payload) -> Parts:
    """Armed in several ways, disarmed; never triggered from here."""
    able = p.texts("supported_features", tuple(_ARMING.values()))
    arming = {verb: p.text(f"payload_{name}", verb) for verb, name in _ARMING.items() if name in able}
    verbs = {**arming, Verb.DISARM: p.text("payload_disarm", "DISARM")}
    coded: frozenset[Verb] = frozenset()
    if p.has("code"):
        coded |= frozenset(arming) if p.flag("code_arm_required", True) else frozenset()
        coded |= {Verb.DISARM} if p.flag("code_disarm_required", True) else frozenset()
    target = p.needed_topic("command_topic")
    template = p.template("command_template") if p.has("command_template") else None

    def encode(change: Mapping[str, Value]) -> list[Publication]:
        if change.keys() != {"state"} or (verb := Verb(str(change["state"]))) not in verbs or verb in coded:
            raise Unsupported(", ".join(change))
        action = verbs[verb]
        return [Publication(target, template.command(None, action=action, code=None) if template else action)]

    topic = p.needed_topic("state_topic")
    reading = Reading(topic, frozenset({VALUE}), p.decode("value_template", text_of(VALUE)))
    return Parts(
        frozenset({Ability.STATE}),
        (reading,),
        encode,
        choices={Ability.STATE: tuple(str(verb) for verb in verbs)},
        coded=coded,
    )


def siren(p: Payload) -> Parts:
    """On, off, and how: tone, seconds, volume. What it is sent is JSON unless a template says otherwise."""
    on, off = p.text("payload_on", "ON"), p.text("payload_off", "OFF")
    tones = p.texts("available_tones", ())
    abilities = {Ability.STATE}
    abilities |= {Ability.TONE} if tones else set()
    abilities |= {Ability.DURATION} if p.flag("support_duration", True) else set()
    abilities |= {Ability.VOLUME} if p.flag("support_volume_set", True) else set()
    return Parts(
        frozenset(abilities),
        _siren_reading(p, on, off),
        _siren_commands(p, {Verb.ON: on, Verb.OFF: off}, frozenset(abilities), tones),
        choices={Ability.TONE: tones} if tones else {},
        limits={Ability.DURATION: _DURATION} if Ability.DURATION in abilities else {},
        implied=dict.fromkeys(("tone", "duration", "volume"), Verb.ON),
    )


def _siren_commands(p: Payload, verbs: Mapping[Verb, str], able: frozenset[Ability], tones: tuple[str, ...]) -> Encode:
    target = p.needed_topic("command_topic")
    template = p.template("command_template") if p.has("command_template") else None
    for_off = p.template("command_off_template") if p.has("command_off_template") else template

    def encode(change: Mapping[str, Value]) -> list[Publication]:
        verb = Verb(str(change.get("state", Verb.ON)))
        if verb not in verbs or not change.keys() <= able:
            raise Unsupported(", ".join(change))
        how: dict[str, Any] = {}
        if "tone" in change:
            how["tone"] = one_of(tones, change["tone"])
        if "duration" in change:
            how["duration"] = round(within(_DURATION, change["duration"]))
        if "volume" in change:
            how["volume_level"] = finite(str(change["volume"])) / 100
        chosen = template if verb is Verb.ON else for_off
        if chosen is not None:
            return [Publication(target, chosen.command(verbs[verb], **how))]
        return [Publication(target, json.dumps({"state": verbs[verb], **how}))]

    return encode


def _siren_reading(p: Payload, on: str, off: str) -> tuple[Reading, ...]:
    """Plain, or JSON that also tells how it sounds."""
    if p.has("state_value_template"):
        return value_reading(p, _siren_states(p, on, off), template="state_value_template")
    if (topic := p.topic("state_topic")) is None:
        return ()
    states = _siren_states(p, on, off)

    def decode(payload: str) -> Seen:
        said = json.loads(payload) if payload.startswith("{") else {"state": payload}
        seen: dict[str, Value | None] = {}
        if "state" in said:
            seen[VALUE] = _one_of_states(known(said["state"]), states)
        for key in ("tone", "duration"):
            if said.get(key) is not None:
                seen[key] = str(said[key]) if key == "tone" else finite(said[key])
        if said.get("volume_level") is not None:
            seen["volume"] = round(finite(said["volume_level"]) * 100)
        return seen

    # Whether it tells how it sounds shows only when it does: what is not said can't be waited for.
    return (Reading(topic, frozenset({VALUE}), p.decode("value_template", decode)),)


def _one_of_states(state: str | None, states: Mapping[str, str]) -> str | None:
    if state is not None and state not in states:
        raise ValueError(f"{state[:40]!r} is none of {', '.join(states)}")
    return None if state is None else states[state]


def _siren_states(p: Payload, on: str, off: str) -> Mapping[str, str]:
    return {p.text("state_on", on): "on", p.text("state_off", off): "off"}


def lock(p: Payload) -> Parts:
    """Lock, unlock, and open where the door is pulled open too."""
    states = {
        p.text("state_locked", "LOCKED"): "locked",
        p.text("state_unlocked", "UNLOCKED"): "unlocked",
        p.text("state_locking", "LOCKING"): "locking",
        p.text("state_unlocking", "UNLOCKING"): "unlocking",
        p.text("state_jammed", "JAMMED"): "jammed",
    }
    verbs = {Verb.LOCK: p.text("payload_lock", "LOCK"), Verb.UNLOCK: p.text("payload_unlock", "UNLOCK")}
    if p.has("payload_open"):
        states |= {p.text("state_open", "OPEN"): "open", p.text("state_opening", "OPENING"): "opening"}
        verbs[Verb.OPEN] = p.text("payload_open", "OPEN")
    obey = verbs_only(p, verbs)
    if not p.has("code_format"):
        return Parts(frozenset({Ability.STATE}), value_reading(p, states), obey)

    def refuse(change: Mapping[str, Value]) -> list[Publication]:
        raise Unsupported(", ".join(change))

    return Parts(frozenset({Ability.STATE}), value_reading(p, states), refuse, coded=frozenset(verbs))
