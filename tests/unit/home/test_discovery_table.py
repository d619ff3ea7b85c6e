"""The table of docs/home.md: which component of discovery is read, told, templated and known to be there.

It is made of the cases that the other tests run, so that it can't claim more than they show.
"""

import json
import re
from pathlib import Path

import pytest

from edge.home.broker import Message
from edge.home.components import COMPONENTS
from edge.home.house_file import HouseFile
from edge.home.registry import Registry
from tests.announcements import CASES

DOCS = Path(__file__).parents[3] / "docs" / "home.md"


def row(component: str) -> str:
    """What the cases of ``component`` show."""
    cases = [case for case in CASES.values() if case[0] == component]
    seen = sorted({key for case in cases for _, _, says in case[3] for key in says})
    changes = [change for case in cases for change, sent in case[4] if sent]
    verbs = sorted({str(change["state"]).lower() for change in changes if "state" in change})
    told = sorted({ability for change in changes for ability in change if ability != "state"})
    templates = {key for case in cases for key in case[1] if key.endswith("_template") and (case[3] or case[4])}
    outward = {key for key in templates if re.search("command|set_position", key)}
    kinds = [kind for kind, keys in (("states", templates - outward), ("commands", outward)) if keys]
    cells = (", ".join(seen), ", ".join([*verbs, *told]), ", ".join(kinds), "topic, list, template, modes")
    return f"| {component} | {' | '.join(cell or '—' for cell in cells)} |"


def test_the_table_of_the_documentation_is_what_the_tests_show() -> None:
    written = re.findall(r"^\| ([a-z_]+) \|.*$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    expected = [row(component) for component in sorted(COMPONENTS)]
    assert [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line in expected] == expected
    assert set(COMPONENTS) <= set(written)


@pytest.mark.parametrize("name", CASES)
def test_each_device_is_there_when_its_availability_says_so(name: str) -> None:
    component, payload, *_ = CASES[name]
    full = {**payload, "name": "Thing", "availability_topic": "up", "availability_template": "{{ value_json.s }}"}
    made = Registry("homeassistant", HouseFile())
    made.take(Message(f"homeassistant/{component}/x/config", json.dumps(full).encode(), True))
    (device,) = made.devices()
    assert not made.state(device.id).available
    for said, there in (("online", True), ("offline", False)):
        made.take(Message("up", json.dumps({"s": said}).encode(), True))
        assert made.state(device.id).available is there


@pytest.mark.parametrize("component", sorted(COMPONENTS))
@pytest.mark.parametrize(
    ("mode", "said", "there"),
    [
        ("all", [("a", "online")], False),
        ("all", [("a", "online"), ("b", "up")], True),
        ("all", [("a", "online"), ("b", "up"), ("a", "offline")], False),
        ("any", [("a", "online"), ("b", "down")], True),
        ("any", [("a", "offline"), ("b", "down")], False),
        ("latest", [("a", "online"), ("b", "down")], False),
        ("latest", [("b", "down"), ("a", "online")], True),
    ],
)
def test_availability_of_several_topics(component: str, mode: str, said: list[tuple[str, str]], there: bool) -> None:
    payload = next(case[1] for case in CASES.values() if case[0] == component)
    several = [{"topic": "a"}, {"t": "b", "pl_avail": "up", "pl_not_avail": "down"}]
    full = {**payload, "name": "Thing", "avty": several, "avty_mode": mode}
    made = Registry("homeassistant", HouseFile())
    made.take(Message(f"homeassistant/{component}/x/config", json.dumps(full).encode(), True))
    for topic, text in said:
        made.take(Message(topic, text.encode(), True))
    (device,) = made.devices()
    assert made.state(device.id).available is there
