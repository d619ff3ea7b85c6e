"""What is asked about before it is done: doors unlocked or opened, water turned on, alarms disarmed, sirens sounded.

A :class:`Guard` stands before the skills. How careful it is, the person decides for each kind of thing.
"""

import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.act.targets import beside, resolve
from edge.devices import Device, Value, Verb
from edge.dialogue import RESTORE, SECRET
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question
from edge.ports import Inventory

SURE: Final = 0.9
"""Confidence from which a sentence is taken at its word."""
_TRIES: Final = 3
_FIRST_REFUSED_S: Final = 60.0
_LONGEST_REFUSED_S: Final = 3600.0
"""Half of all PINs with four digits take ten weeks then."""
INSTALL: Final = "HearthInstallUpdate"
_RISKY: Final = frozenset({"lock", "cover", "valve", "alarm_control_panel", "siren"})
_ENTRANCES: Final = frozenset({"garage", "gate", "door"})
"""Classes of covers through which somebody can come in."""


_LASTING: Final = frozenset({"HearthName", "HearthPlace", "HearthFloor"})
"""What goes on being so, and holds words that mean nothing yet: a misheard one is not written down unasked."""
_NAMED: Final = ("name", "new", "place", "area", "level")
"""Their slots."""


class Policy(StrEnum):
    """How careful to be."""

    NEVER = "never"
    """Done at once."""
    UNSURE = "unsure"
    """Asked about when the sentence was not understood for sure."""
    ASK = "ask"
    """Always asked about."""
    PIN = "pin"
    """Done for whoever says the PIN."""


class Risk(StrEnum):
    """What can go wrong; also the names of the settings."""

    UNLOCK = "unlock"
    OPEN_GARAGE = "open_garage"
    OPEN_VALVE = "open_valve"
    DISARM = "disarm"
    SIREN = "siren"
    INSTALL = "install"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the person has decided."""

    policies: Mapping[Risk, Policy]
    """UNSURE for what is missing."""
    pin: str | None = None
    """Digits."""

    def policy(self, risk: Risk) -> Policy:
        """How careful to be with ``risk``."""
        return self.policies.get(risk, Policy.UNSURE)


class Guard:
    """Lets intents pass or asks first. Knows the PIN, and counts who guesses at it."""

    def __init__(self, rules: Rules, house: Inventory, now: Callable[[], float] = time.monotonic) -> None:
        """``now``: seconds."""
        self._rules, self._house, self._now = rules, house, now
        self._wrong = 0
        self._refused_s = _FIRST_REFUSED_S
        self._refused_until = 0.0
        self._just_wrong = False

    def adopt(self, rules: Rules) -> None:
        """Go by ``rules`` from now on; whoever guesses at the PIN is counted on."""
        self._rules = rules

    def objection(self, intent: Intent, origin: Origin, confidence: float) -> Outcome | None:
        """What to say instead of doing ``intent``; None when it may be done. ``confidence``: 0–1."""
        just_wrong, self._just_wrong = self._just_wrong, False
        if intent.name in _LASTING and confidence < SURE and not intent.confirmed:
            say = Phrase("naming_sure", {slot: intent.slots.get(slot) for slot in _NAMED})
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=Question(intent, None))
        if intent.confirmed or (found := risk_of(intent, origin, self._house.devices())) is None:
            return None
        risk, devices = found
        policy = self._policy(risk, guest=origin.guest)
        if policy is Policy.NEVER or (policy is Policy.UNSURE and confidence >= SURE):
            return None
        if policy is not Policy.PIN:
            say = Phrase(f"confirm_{risk}", {"names": [device.name for device in devices]})
            return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=Question(intent, None))
        if not self.has_pin:
            return Outcome(OutcomeKind.FAILED, Phrase("guest_refused"))
        if self._refuses():
            return Outcome(OutcomeKind.FAILED, Phrase("pin_refused"))
        say = Phrase("pin_wrong" if just_wrong else "pin_wanted")
        return Outcome(OutcomeKind.NOT_UNDERSTOOD, say, question=Question(intent, SECRET))

    @property
    def has_pin(self) -> bool:
        """Whether there is a PIN."""
        return self._rules.pin is not None

    def care(self, device: Device, change: Mapping[str, Value], *, guest: bool) -> tuple[Risk, Policy] | None:
        """The risk of changing ``device`` so by hand, and how careful to be with it; None: it may be done at once."""
        risk = risk_of_change(device, change)
        if risk is None or (policy := self._policy(risk, guest=guest)) is Policy.NEVER:
            return None
        return risk, policy

    def _policy(self, risk: Risk, *, guest: bool) -> Policy:
        """Of a guest, the PIN is always wanted."""
        policy = self._rules.policy(risk)
        return Policy.PIN if guest and policy is not Policy.NEVER else policy

    def knows_pin(self, digits: str) -> bool:
        """Whether ``digits`` are the PIN. After three wrong tries it says no to everything for a minute, after three
        more for two, and so on, up to an hour, until somebody knows it.
        """
        if self._rules.pin is None or self._refuses():
            return False
        if hmac.compare_digest(digits.encode(), self._rules.pin.encode()):
            self._wrong, self._refused_s = 0, _FIRST_REFUSED_S
            return True
        self._wrong += 1
        self._just_wrong = True
        if self._wrong >= _TRIES:
            self._wrong, self._refused_until = 0, self._now() + self._refused_s
            self._refused_s = min(2 * self._refused_s, _LONGEST_REFUSED_S)
        return False

    def _refuses(self) -> bool:
        return self._now() < self._refused_until


def risk_of(intent: Intent, origin: Origin, devices: Sequence[Device]) -> tuple[Risk, tuple[Device, ...]] | None:
    """The greatest risk in ``intent`` and the devices that bring it; None for what is harmless."""
    if "everything" in intent.slots:
        return None
    meant = _meant(intent, origin, devices)
    for risk in Risk:
        if bringing := tuple(device for device in meant if _risk(intent, device) is risk):
            return risk, bringing
    return None


def risk_of_change(device: Device, change: Mapping[str, Value]) -> Risk | None:
    """The risk in a command; None for what is harmless."""
    verb = change.get("state")
    match device.domain:
        case "lock" if verb != Verb.LOCK:
            return Risk.UNLOCK
        case "cover" if device.device_class in _ENTRANCES and _lets_in(change):
            return Risk.OPEN_GARAGE
        case "valve" if _lets_in(change):
            return Risk.OPEN_VALVE
        case "alarm_control_panel" if verb == Verb.DISARM:
            return Risk.DISARM
        case "siren" if verb != Verb.OFF:
            return Risk.SIREN
        case "update":
            return Risk.INSTALL
    return None


def _lets_in(change: Mapping[str, Value]) -> bool:
    """Whether it may open: all but closing and stopping."""
    moved = change.get("position", 0)
    return change.get("state") not in (None, Verb.CLOSE, Verb.STOP) or not isinstance(moved, int | float) or moved > 0


def _meant(intent: Intent, origin: Origin, devices: Sequence[Device]) -> Sequence[Device]:
    if intent.name == RESTORE:
        ids = str(intent.slots.get("device", "")).splitlines()
        return [device for device in devices if device.id in ids]
    if intent.name == INSTALL:
        return beside(intent, devices, "update")
    return resolve(intent, origin, devices, _RISKY).devices


def _risk(intent: Intent, device: Device) -> Risk | None:
    match device.domain:
        case "lock" if _off(intent) or intent.name == "HearthUnlatch":
            return Risk.UNLOCK
        case "cover" if device.device_class in _ENTRANCES and _opens(intent):
            return Risk.OPEN_GARAGE
        case "valve" if _opens(intent):
            return Risk.OPEN_VALVE
        case "alarm_control_panel" if _off(intent) or intent.name == "HearthDisarm":
            return Risk.DISARM
        case "siren" if _sounds(intent):
            return Risk.SIREN
        case "update" if intent.name == INSTALL:
            return Risk.INSTALL
    return None


def _off(intent: Intent) -> bool:
    restored = intent.name == RESTORE and intent.slots.get("state") not in ("LOCK", None)
    return restored or intent.name in ("HassTurnOff", "HassToggle")


def _sounds(intent: Intent) -> bool:
    if intent.name == RESTORE:
        return intent.slots.get("state") != "OFF"
    return intent.name in ("HassTurnOn", "HassToggle", "HearthSoundSiren")


def _opens(intent: Intent) -> bool:
    if intent.name == RESTORE:
        return intent.slots.get("state") != "CLOSE"
    if intent.name == "HassSetPosition":
        # Not "down": all else, also a step that is not a number, lets something in.
        moved = intent.slots.get("position", intent.slots.get("position_step", 1))
        return not isinstance(moved, int | float) or moved > 0
    return intent.name in ("HassTurnOn", "HassToggle")
