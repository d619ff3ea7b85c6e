"""What is asked about before it is done."""

from dataclasses import replace

import pytest

from edge.act.confirm import Guard, Policy, Risk, Rules, risk_of, risk_of_change
from edge.act.dispatch import Dispatch
from edge.devices import Device, Value
from edge.dialogue import RESTORE, SECRET
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase
from tests.houses import DEVICES, SWITCH, Rooms

ORIGIN = Origin("test")
FRONT_DOOR = Device("lock.front", "Front Door", "lock", "Hallway", abilities=SWITCH)
GARAGE = Device("cover.garage", "Garage Door", "cover", "Garage", abilities=SWITCH, device_class="garage")
WATER = Device("valve.water", "Main Water", "valve", "Garage", abilities=SWITCH)
ALARM = Device("alarm_control_panel.house", "Alarm", "alarm_control_panel", abilities=SWITCH)
SIREN = Device("siren.attic", "Attic Siren", "siren", "Attic", abilities=SWITCH)
UPDATE = Device("update.desk", "Desk Plug Firmware", "update", "Office", abilities=SWITCH)
ALL = (*DEVICES, GARAGE, WATER, ALARM, SIREN, UPDATE)

UNLOCK = Intent("HassTurnOff", {"name": "Front Door"}, domain="lock")
OPEN = Intent("HassTurnOn", {"name": "Garage Door"}, domain="cover")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def guard(clock: Clock | None = None, pin: str | None = None, **policies: str) -> Guard:
    rules = Rules({Risk(name): Policy(value) for name, value in policies.items()}, pin)
    return Guard(rules, Rooms(ALL), clock or Clock())


@pytest.mark.parametrize(
    ("intent", "risk"),
    [
        (UNLOCK, Risk.UNLOCK),
        (Intent("HassTurnOff", {"domain": "lock"}), Risk.UNLOCK),
        (Intent("HassTurnOff", {"area": "Hallway"}), Risk.UNLOCK),
        (Intent(RESTORE, {"device": "lock.front", "state": "UNLOCK"}), Risk.UNLOCK),
        (OPEN, Risk.OPEN_GARAGE),
        (Intent("HassTurnOn", {"device_class": "garage", "domain": "cover"}), Risk.OPEN_GARAGE),
        (Intent("HassSetPosition", {"name": "Garage Door", "position": 50}), Risk.OPEN_GARAGE),
        (Intent("HassSetPosition", {"name": "Garage Door", "position_step": 25}), Risk.OPEN_GARAGE),
        (Intent(RESTORE, {"device": "light.bed\ncover.garage", "state": "OPEN"}), Risk.OPEN_GARAGE),
        (Intent("HassTurnOn", {"name": "Main Water"}, domain="valve"), Risk.OPEN_VALVE),
        (Intent("HassTurnOff", {"name": "Alarm"}), Risk.DISARM),
        (Intent("HearthDisarm", {"domain": "alarm_control_panel"}), Risk.DISARM),
        (Intent("HearthArm", {"domain": "alarm_control_panel"}), None),
        (Intent("HearthUnlatch", {"name": "Front Door"}), Risk.UNLOCK),
        (Intent("HearthSoundSiren", {"domain": "siren", "seconds": 10}), Risk.SIREN),
        (Intent("HassTurnOn", {"name": "Attic Siren"}), Risk.SIREN),
        (Intent("HassTurnOff", {"domain": "siren"}), None),
        (Intent(RESTORE, {"device": "siren.attic", "state": "ON"}), Risk.SIREN),
        (Intent("HearthInstallUpdate", {"name": "Desk Plug"}), Risk.INSTALL),
        (Intent("HearthInstallUpdate", {"name": "Bed Lamp"}), None),
        (Intent("HassTurnOn", {"name": "Front Door"}, domain="lock"), None),
        (Intent("HassTurnOff", {"name": "Garage Door"}), None),
        (Intent("HassSetPosition", {"name": "Garage Door", "position": 0}), None),
        (Intent("HassSetPosition", {"name": "Garage Door", "position_step": -25}), None),
        (Intent("HassTurnOn", {"name": "Left Blind"}), None),
        (Intent("HassTurnOff", {"everything": True}), None),
        (Intent("HassTurnOff", {"area": "Hallway", "domain": "light"}), None),
        (Intent("HassGetState", {"name": "Front Door"}), None),
        (Intent(RESTORE, {"device": "lock.front", "state": "LOCK"}), None),
        (Intent("HassGetCurrentTime"), None),
    ],
)
def test_what_is_a_risk(intent: Intent, risk: Risk | None) -> None:
    found = risk_of(intent, ORIGIN, ALL)
    assert (found[0] if found else None) is risk


@pytest.mark.parametrize(
    ("policy", "confidence", "asks"),
    [
        ("never", 0.3, False),
        ("unsure", 0.99, False),
        ("unsure", 0.9, False),
        ("unsure", 0.89, True),
        ("ask", 1.0, True),
    ],
)
def test_when_it_asks(policy: str, confidence: float, asks: bool) -> None:
    objection = guard(unlock=policy, open_garage=policy).objection(UNLOCK, ORIGIN, confidence)
    assert (objection is not None) is asks
    if objection is not None:
        assert objection.question is not None
        assert (objection.question.intent, objection.question.slot) == (UNLOCK, None)
        assert objection.say == Phrase("confirm_unlock", {"names": ["Front Door"]})
        assert objection.actions == ()
    assert (guard(open_garage=policy).objection(OPEN, ORIGIN, confidence) is not None) is asks


def test_a_yes_is_enough_but_not_where_a_pin_is_wanted() -> None:
    assert guard(unlock="ask").objection(replace(UNLOCK, confirmed=True), ORIGIN, 0.5) is None
    asked = guard(pin="1234", unlock="pin").objection(UNLOCK, ORIGIN, 1.0)
    assert asked is not None
    assert asked.question is not None
    assert asked.question.slot == SECRET, "to which a yes is no answer"
    assert not asked.question.intent.confirmed


def test_three_wrong_tries_are_refused_for_a_minute() -> None:
    clock = Clock()
    it = guard(clock, pin="1234", unlock="pin")
    said = []
    for _ in range(3):
        assert not it.knows_pin("4321")
        objection = it.objection(UNLOCK, ORIGIN, 1.0)
        assert objection is not None
        said.append((objection.say.key, objection.question is not None))
    assert said == [("pin_wrong", True), ("pin_wrong", True), ("pin_refused", False)]
    clock.now = 59.0
    assert not it.knows_pin("1234"), "even the right one"
    clock.now = 61.0
    assert it.knows_pin("1234")


def test_whoever_goes_on_guessing_waits_longer_each_time_up_to_an_hour() -> None:
    clock = Clock()
    it = guard(clock, pin="1234", unlock="pin")
    waits = []
    for _ in range(9):
        for _ in range(3):
            assert not it.knows_pin("4321")
        begun = clock.now
        while it.objection(UNLOCK, ORIGIN, 1.0).say.key == "pin_refused":  # type: ignore[union-attr]
            clock.now += 30.0
        waits.append(clock.now - begun)
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert it.knows_pin("1234"), "who knows it ends that"
    for _ in range(3):
        assert not it.knows_pin("4321")
    clock.now += 60.0
    assert it.knows_pin("1234")


def test_the_right_pin_forgives_wrong_ones() -> None:
    it = guard(pin="1234", unlock="pin")
    for _ in range(3):
        assert not it.knows_pin("9999")
        assert not it.knows_pin("8888")
        assert it.knows_pin("1234")


def test_without_a_pin_nobody_knows_it() -> None:
    assert not guard().knows_pin("")
    assert not guard().knows_pin("1234")


class Skill:
    intents = frozenset({"HassTurnOff"})
    deadline_s = 1.0

    def __init__(self) -> None:
        self.ran: list[Intent] = []

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        self.ran.append(intent)
        return Outcome(OutcomeKind.DONE, Phrase("nothing"))


@pytest.mark.anyio
async def test_no_skill_runs_before_the_guard_has_agreed() -> None:
    skill = Skill()
    dispatch = Dispatch([skill], skill, guard())
    asked = await dispatch.run(UNLOCK, ORIGIN, 0.7)
    assert (asked.kind, skill.ran) == (OutcomeKind.NOT_UNDERSTOOD, [])
    assert asked.question is not None
    await dispatch.run(replace(asked.question.intent, confirmed=True), ORIGIN, 0.7)
    assert [intent.confirmed for intent in skill.ran] == [True]


@pytest.mark.parametrize(
    ("intent", "confidence", "asked"),
    [
        (Intent("HearthName", {"name": "Back Door", "new": "Betty"}), 0.8, True),
        (Intent("HearthPlace", {"name": "Back Door", "place": "Garage"}), 0.8, True),
        (Intent("HearthFloor", {"area": "Office", "level": "Upstairs"}), 0.8, True),
        (Intent("HearthName", {"name": "Back Door", "new": "Betty"}), 0.99, False),
        (Intent("HearthName", {"name": "Back Door", "new": "Betty"}, confirmed=True), 0.8, False),
        (Intent("HearthForgetName", {"old": "Betty"}), 0.8, False),
    ],
)
def test_a_name_that_was_hardly_understood_is_not_written_down_unasked(
    intent: Intent, confidence: float, asked: bool
) -> None:
    objection = guard().objection(intent, ORIGIN, confidence)
    assert (objection is not None) is asked
    if objection is not None:
        assert objection.question is not None
        assert (objection.question.intent, objection.question.slot) == (intent, None)
        assert objection.say.values["name"] == intent.slots.get("name")


@pytest.mark.parametrize(
    ("device", "change", "risk"),
    [
        (FRONT_DOOR, {"state": "UNLOCK"}, Risk.UNLOCK),
        (FRONT_DOOR, {"state": "OPEN"}, Risk.UNLOCK),
        (FRONT_DOOR, {"state": "LOCK"}, None),
        (GARAGE, {"state": "OPEN"}, Risk.OPEN_GARAGE),
        (GARAGE, {"position": 5}, Risk.OPEN_GARAGE),
        (GARAGE, {"position": 0}, None),
        (GARAGE, {"state": "CLOSE"}, None),
        (GARAGE, {"state": "STOP"}, None),
        (WATER, {"state": "OPEN"}, Risk.OPEN_VALVE),
        (WATER, {"state": "CLOSE"}, None),
        (ALARM, {"state": "DISARM"}, Risk.DISARM),
        (ALARM, {"state": "ARM_AWAY"}, None),
        (SIREN, {"state": "ON"}, Risk.SIREN),
        (SIREN, {"duration": 10}, Risk.SIREN),
        (SIREN, {"state": "OFF"}, None),
        (UPDATE, {"state": "INSTALL"}, Risk.INSTALL),
        (Device("cover.blinds", "Blinds", "cover", abilities=SWITCH, device_class="blind"), {"state": "OPEN"}, None),
        (Device("light.bed", "Lamp", "light", abilities=SWITCH), {"state": "ON"}, None),
    ],
)
def test_what_is_a_risk_by_hand(device: Device, change: dict[str, Value], risk: Risk | None) -> None:
    assert risk_of_change(device, change) is risk


def test_a_guest_gives_the_pin_for_whatever_lets_somebody_in() -> None:
    by_guest = replace(ORIGIN, guest=True)
    for policies in ({}, {"unlock": "ask"}, {"unlock": "unsure"}):
        asked = guard(None, "2468", **policies).objection(UNLOCK, by_guest, 1.0)
        assert asked is not None
        assert asked.question is not None
        assert asked.question.slot == SECRET
        refused = guard(None, None, **policies).objection(UNLOCK, by_guest, 1.0)
        assert refused is not None
        assert (refused.say.key, refused.question) == ("guest_refused", None)
    assert guard(unlock="never").objection(UNLOCK, by_guest, 1.0) is None
    assert guard().objection(UNLOCK, ORIGIN, 1.0) is None
    assert guard(pin="2468").care(FRONT_DOOR, {"state": "UNLOCK"}, guest=True) == (Risk.UNLOCK, Policy.PIN)
    assert guard(pin="2468").care(FRONT_DOOR, {"state": "UNLOCK"}, guest=False) == (Risk.UNLOCK, Policy.UNSURE)
    assert guard(unlock="never").care(FRONT_DOOR, {"state": "UNLOCK"}, guest=True) is None
    assert guard().care(FRONT_DOOR, {"state": "LOCK"}, guest=True) is None
