"""What may be said to a device: proposals, for the grammar to judge."""

import pytest

from edge.devices import Ability, Device
from edge.understand.suggestions import languages, proposals

LAMP = Device("light.bed", "Bed Lamp", "light", "Bedroom", aliases=("Betty",), abilities=frozenset({Ability.STATE}))
PURIFIER = Device(
    "select.purifier", "Purifier", "select", abilities=frozenset({Ability.OPTION}), options=("off", "night_mode")
)
SCENE = Device("scene.movie", "Movie Night", "scene", abilities=frozenset({Ability.STATE}))


@pytest.mark.parametrize(
    ("device", "language", "said"),
    [
        (LAMP, "en", ["turn on Bed Lamp", "turn Betty off", "is Bed Lamp on", "turn on the lights in the Bedroom"]),
        (PURIFIER, "en", ["set Purifier to night mode"]),
        (SCENE, "en-GB", ["turn on Movie Night", "activate Movie Night"]),
        (SCENE, "de", ["aktiviere Movie Night"]),
        (SCENE, "ja", []),
        (Device("light.x", "X", "light", abilities=frozenset({Ability.BRIGHTNESS})), "de", ["stelle X auf 40 Prozent"]),
        (Device("weather.x", "X", "weather"), "en", []),
    ],
)
def test_sentences_fit_what_the_device_can_and_is_called(device: Device, language: str, said: list[str]) -> None:
    assert list(proposals(device, language)) == said


def test_no_pattern_is_left_unfilled() -> None:
    abilities = frozenset(Ability)
    domains = "light switch fan cover valve lock climate humidifier sensor scene vacuum select number update".split()
    for language in languages():
        for domain in domains:
            device = Device(f"{domain}.x", "Thing", domain, "Room", abilities=abilities, options=("one",))
            assert not [text for text in proposals(device, language) if "$" in text]
