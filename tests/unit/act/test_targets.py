"""Which devices a sentence is about."""

import pytest

from edge.act.targets import resolve
from edge.intents import Intent, Origin, SlotValue
from tests.houses import DEVICES

ALL = frozenset(device.domain for device in DEVICES)


def ids(slots: dict[str, SlotValue], area: str | None = None, domain: str | None = None) -> tuple[list[str], bool]:
    targets = resolve(Intent("HassTurnOn", slots, domain=domain), Origin("test", area=area), DEVICES, ALL)
    return [device.id for device in targets.devices], targets.ambiguous


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ({"name": "Kitchen Light"}, ["light.kitchen"]),
        ({"name": "kitchen light "}, ["light.kitchen"]),
        ({"name": "Betty"}, ["light.bed"]),
        ({"area": "Kitchen", "domain": "light"}, ["light.kitchen", "light.spots"]),
        ({"floor": "Upstairs", "domain": "light"}, ["light.bed"]),
        ({"area": "Bedroom", "device_class": "blind"}, ["cover.blinds"]),
        ({"name": "Heater", "area": "Office"}, ["switch.heater_2"]),
        ({"area": "Bedroom", "device_class": "curtain"}, ["cover.blinds"]),
        ({"area": "Bedroom", "device_class": "garage"}, []),
        ({"name": "Unicorn"}, []),
        ({"area": "Attic", "domain": "light"}, []),
    ],
)
def test_slots_narrow_it_down(slots: dict[str, SlotValue], expected: list[str]) -> None:
    assert ids(slots) == (expected, False)


def test_two_devices_with_one_name_are_a_question() -> None:
    assert ids({"name": "Heater"}) == (["switch.heater_1", "switch.heater_2"], True)


def test_unless_one_of_them_is_in_the_room() -> None:
    assert ids({"name": "Heater"}, area="Office") == (["switch.heater_2"], False)


def test_the_verb_tells_between_kinds() -> None:
    assert ids({"name": "Front Door"}, domain="lock") == (["lock.front"], False)
    assert ids({"name": "Front Door"}, domain="cover") == ([], False)
