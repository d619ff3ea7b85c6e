"""Home Assistant's discovery payloads: which device they come to, how its words are read and what it is sent."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.devices import Ability, Value
from edge.home.abbreviations import KEYS
from edge.home.components import COMPONENTS
from edge.home.discovery import Malformed, read
from edge.home.entity import Entity, Unsupported, read_message, shows
from edge.home.templates import TemplateFault
from tests.announcements import CASES, CLIMATE, PLUG, Case


def announce(component: str, payload: Any, place: str = "thing") -> list[Entity]:
    return read(f"homeassistant/{component}/{place}/config", json.dumps(payload).encode(), "homeassistant")


def one(component: str, payload: Any) -> Entity:
    (entity,) = announce(component, payload)
    return entity


def heard(entity: Entity, topic: str, payload: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for reading in entity.readings:
        if reading.topic == topic:
            seen.update(read_message(reading, payload.encode()))
    return seen


def sent(entity: Entity, change: dict[str, Value]) -> list[tuple[str, str]]:
    return [(message.topic, message.payload) for message in entity.encode(change)]


def short(payload: dict[str, Any]) -> dict[str, Any]:
    """The same with every key abbreviated that can be."""
    abbreviated = {full: key for key, full in KEYS.items()}
    return {abbreviated.get(key, key): value for key, value in payload.items()}


@pytest.mark.parametrize("abbreviated", [False, True], ids=["full", "short"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_components(case: Case, abbreviated: bool) -> None:
    component, payload, abilities, states, commands = case
    payload = {**payload, "name": "Thing One", "unique_id": "u1"}
    entity = one(component, short(payload) if abbreviated else payload)
    device = entity.device
    assert (device.id, device.name, device.domain) == (f"{component}.thing_one", "Thing One", component)
    assert device.abilities == {Ability(name) for name in abilities}
    assert device.device_class == payload.get("device_class")
    for topic, said, seen in states:
        assert heard(entity, topic, said) == seen, said
        assert seen.keys() <= entity.speaks_of | ({"tone", "duration", "volume"} if component == "siren" else set())
    for change, messages in commands:
        if messages is None:
            with pytest.raises((Unsupported, ValueError)):
                entity.encode(change)
            continue
        expected = [(topic, text if isinstance(text, str) else json.dumps(text)) for topic, text in messages]
        assert sent(entity, change) == expected, change


def test_every_component_has_a_case() -> None:
    assert {case[0] for case in CASES.values()} == COMPONENTS.keys()


@pytest.mark.parametrize(
    ("component", "payload", "unit", "options"),
    [
        ("climate", CLIMATE, "°F", ("off", "cool", "heat")),
        ("sensor", CASES["sensor"][1], "°C", ()),
        ("number", CASES["number"][1], "min", ()),
        ("select", CASES["select"][1], None, ("eco", "boost")),
    ],
)
def test_unit_and_options(component: str, payload: dict[str, Any], unit: str | None, options: tuple[str, ...]) -> None:
    device = one(component, {"name": "X", **payload}).device
    assert (device.unit, device.options) == (unit, options)


def test_the_base_topic_is_put_at_either_end_of_topics_alone() -> None:
    entity = one(
        "switch",
        {"~": "home/p", "name": "~", "stat_t": "~/state", "cmd_t": "set/~", "avty": [{"t": "~/up"}], "pl_on": "~"},
    )
    assert entity.topics == {"home/p/state", "home/p/up"}
    assert sent(entity, {"state": "ON"}) == [("set/home/p", "~")]
    assert entity.device.name == "~"


@pytest.mark.parametrize(
    ("name", "device", "extra", "expected"),
    [
        (None, "Desk Lamp", {}, "Desk Lamp"),
        (..., "Desk Lamp", {}, "Desk Lamp"),
        ("Power", "Desk Lamp", {}, "Desk Lamp Power"),
        ("Desk Lamp", "Desk Lamp", {}, "Desk Lamp"),
        ("desk lamp power", "Desk Lamp", {}, "desk lamp power"),
        ("Lampshade", "Lamp", {}, "Lamp Lampshade"),
        (..., "Desk", {"device_class": "outlet"}, "Desk Outlet"),
        ("Desk Lamp", None, {}, "Desk Lamp"),
        (..., None, {}, "MQTT switch"),
        ("  two \n lines\u0000 ", None, {}, "two lines"),
        ("x" * 500, None, {}, "x" * 120),
        (None, None, {}, "thing"),
        (7, None, {}, "7"),
    ],
)
def test_names(name: Any, device: str | None, extra: dict[str, Any], expected: str) -> None:
    payload = {"command_topic": "p", **({} if name is ... else {"name": name}), **extra}
    assert one("switch", {**payload, **({"device": {"name": device}} if device else {})}).device.name == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"name": "Küchen-Licht 2"}, "switch.kuchen_licht_2"),
        ({"name": "X", "object_id": "bed_lamp"}, "switch.bed_lamp"),
        ({"name": "X", "object_id": "y", "default_entity_id": "switch.from_default"}, "switch.from_default"),
        ({"name": "!!!"}, "switch.device"),
    ],
)
def test_ids(payload: dict[str, Any], expected: str) -> None:
    assert one("switch", {"command_topic": "p", **payload}).device.id == expected


def test_area_is_the_suggested_one() -> None:
    assert one("switch", {**PLUG, "dev": {"ids": ["a"], "name": "Plug", "sa": " Kitchen "}}).device.area == "Kitchen"
    assert one("switch", {**PLUG, "device": {"suggested_area": ""}}).device.area is None


def test_a_device_bundle() -> None:
    bundle = {
        "dev": {"ids": "ea334450945afc", "name": "Kitchen", "sa": "Kitchen"}, "o": {"name": "bla2mqtt"}, "~": "bla", "avty_t": "~/up", "stat_t": "~/state",
        "cmps": {
            "t": {"p": "sensor", "dev_cla": "temperature", "unit_of_meas": "°C", "val_tpl": "{{ value_json.t }}", "uniq_id": "t1"},
            "s": {"p": "switch", "name": "Plug", "cmd_t": "~/set", "stat_t": "~/plug", "uniq_id": "s1"},
            "gone": {"p": "sensor"},
            "other": {"p": "camera", "t": "x"},
            "broken": {"p": "switch", "name": "No topic"},
        },
    }  # fmt: skip
    first, second = announce("device", bundle)
    assert (first.device.name, first.device.area, first.identity, first.topics) == (
        "Kitchen Temperature",
        "Kitchen",
        "sensor:t1",
        {"bla/state", "bla/up"},
    )
    assert (second.device.name, second.identity, second.topics) == ("Kitchen Plug", "switch:s1", {"bla/plug", "bla/up"})
    assert sent(second, {"state": "ON"}) == [("bla/set", "ON")]
    assert heard(first, "bla/state", '{"t": 20}') == {"value": "20"}


def test_nothing_comes_of_an_empty_payload_or_an_unused_component() -> None:
    assert read("homeassistant/switch/a/config", b"", "homeassistant") == []
    assert announce("camera", {"topic": "x"}) == []


@pytest.mark.parametrize(
    ("extra", "said", "there"),
    [
        ({"availability_topic": "up"}, "online", True),
        ({"availability_topic": "up"}, "offline", False),
        ({"availability_topic": "up"}, "perhaps", None),
        ({"avty_t": "up", "pl_avail": "yes", "pl_not_avail": "no"}, "yes", True),
        ({"avty_t": "up", "pl_avail": "yes", "pl_not_avail": "no"}, "online", None),
        ({"avty_t": "up", "avty_tpl": "{{ value_json.state }}"}, '{"state": "offline"}', False),
        ({"avty": [{"t": "up", "val_tpl": "{{ value_json.s }}", "pl_avail": "1"}]}, '{"s": 1}', True),
        ({"availability": {"topic": "up"}}, "online", True),
        ({"avty": [{"t": "up", "val_tpl": "{{ 1 // 0 }}"}]}, "online", None),
    ],
)
def test_availability(extra: dict[str, Any], said: str, there: bool | None) -> None:
    (availability,) = one("switch", {**PLUG, **extra}).availability
    assert availability.topic == "up"
    assert availability.read(said) is there


@pytest.mark.parametrize(
    ("component", "payload", "reason"),
    [
        ("switch", b"{", "Expecting"),
        ("switch", b"\xff", "decode"),
        ("switch", b"[]", "no JSON object"),
        ("switch", b"3", "no JSON object"),
        ("switch", b"[" * 100_000, "recursion"),
        ("switch", b'{"name": "' + b"x" * 1_000_000 + b'"}', "too many"),
        ("switch", {"state_topic": "x"}, "command_topic is missing"),
        ("sensor", {"name": "x"}, "state_topic is missing"),
        ("switch", {**PLUG, "state_topic": "a/#"}, "state_topic"),
        ("switch", {**PLUG, "command_topic": "a/+/b"}, "command_topic"),
        ("switch", {**PLUG, "command_topic": "x" * 2000}, "command_topic"),
        ("switch", {**PLUG, "command_topic": "\ud800"}, "command_topic"),
        ("switch", {**PLUG, "command_topic": ["x"]}, "command_topic"),
        ("switch", {**PLUG, "name": {"a": 1}}, "name"),
        ("switch", {**PLUG, "unique_id": []}, "unique_id"),
        ("switch", {**PLUG, "payload_on": {}}, "payload_on"),
        ("switch", {**PLUG, "value_template": "{{ value"}, "value_template"),
        ("switch", {**PLUG, "value_template": "{% macro f() %}{% endmacro %}"}, "value_template"),
        ("switch", {**PLUG, "command_template": "{{ 'x' | center(10) }}"}, "command_template"),
        ("switch", {**PLUG, "availability": "up"}, "availability"),
        ("switch", {**PLUG, "availability": ["up"]}, "no JSON object"),
        ("switch", {**PLUG, "availability": [{"value_template": "x"}]}, "topic is missing"),
        (
            "switch",
            {**PLUG, "availability": [{"topic": "up", "value_template": "{% include 'x' %}"}]},
            "value_template",
        ),
        ("switch", {**PLUG, "availability_topic": "a/#"}, "topic"),
        ("switch", {**PLUG, "availability_topic": "a", "availability_mode": "most"}, "most"),
        ("switch", {**PLUG, "device": {"name": ["x"]}}, "name"),
        ("switch", {**PLUG, "device": {"suggested_area": {}}}, "suggested_area"),
        ("light", {"schema": "template", "command_topic": "x"}, "template"),
        ("light", {"schema": "json", "command_topic": "x", "supported_color_modes": "rgb"}, "supported_color_modes"),
        ("light", {"schema": "json", "command_topic": "x", "brightness_scale": "many"}, "brightness_scale"),
        ("light", {"schema": "json", "command_topic": "x", "brightness_scale": 0}, "brightness_scale"),
        ("cover", {"command_topic": "x", "position_open": 3, "position_closed": 3}, "position_open"),
        (
            "valve",
            {"command_topic": "x", "state_topic": "y", "reports_position": True, "position_open": 0},
            "position_open",
        ),
        ("cover", {"state_topic": "x"}, "set_position_topic"),
        ("fan", {"command_topic": "x", "speed_range_min": 5, "speed_range_max": 4}, "speed_range"),
        ("fan", {"command_topic": "x", "speed_range_max": True}, "speed_range_max"),
        ("select", {"command_topic": "x", "options": {"a": 1}}, "options"),
        ("device", {"name": "x"}, "components"),
        ("device", {"components": []}, "components"),
        ("device", {"components": {"a": 3}}, "no JSON object"),
        ("device", {"components": {"a": {"platform": "switch", "name": "x"}}}, "command_topic is missing"),
    ],
)
def test_malformed(component: str, payload: Any, reason: str) -> None:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    with pytest.raises(Malformed, match=reason):
        read(f"homeassistant/{component}/x/config", data, "homeassistant")


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["~", "a/b", "{{ value }}", "{{", "json", "state"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["t", "topic", "val_tpl", "name", "p", "~"]) | st.text(max_size=3), inner, max_size=3
        )
    ),
    max_leaves=6,
)
PLAUSIBLE = st.dictionaries(
    st.sampled_from(["~", "name", "device", "availability", "command_topic", "state_topic", "components", *KEYS]),
    ANYTHING,
    max_size=12,
)
SAID = st.text(max_size=20) | ANYTHING.map(json.dumps)


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from([*COMPONENTS, "device"]),
    PLAUSIBLE,
    SAID,
    st.dictionaries(
        st.sampled_from([str(a) for a in Ability]), st.sampled_from(["ON", "STOP", 0, 40.5, (1, 2, 3)]), max_size=2
    ),
)
def test_no_payload_raises_anything_but_malformed(
    component: str, payload: dict[str, Any], said: str, change: dict[str, Value]
) -> None:
    try:
        entities = announce(component, {"command_topic": "c", "state_topic": "s", **payload})
    except Malformed:
        return
    for entity in entities:
        for reading in entity.readings:
            try:
                seen = read_message(reading, said.encode(errors="replace"))
            except (ValueError, TypeError, ArithmeticError, RecursionError):
                continue
            # A light may report a colour that it had not announced, a siren how it sounds, and attributes are free.
            if reading.keys:
                assert seen.keys() <= reading.keys | {"color", "tone", "duration", "volume"}
        for availability in entity.availability:
            assert availability.read(said) in (True, False, None)
        try:
            assert all(isinstance(message.payload, str) for message in entity.encode(change))
        except (Unsupported, TemplateFault, ValueError, ArithmeticError):
            continue


@pytest.mark.parametrize(
    ("key", "wanted", "seen", "domain", "done"),
    [
        ("state", "ON", "on", "light", True), ("state", "ON", "off", "light", False), ("state", "ON", None, "light", False),
        ("state", "OPEN", "opening", "cover", True), ("state", "CLOSE", "open", "cover", False), ("state", "ON", "heat", "climate", True),
        ("state", "OFF", "off", "climate", True), ("state", "RETURN_TO_BASE", "docked", "vacuum", True), ("brightness", 40, 41, "light", True),
        ("brightness", 40, 45, "light", False), ("color", (255, 0, 0), (250, 10, 0), "light", True), ("color", (255, 0, 0), (0, 0, 255), "light", False),
        ("color_temperature", 2700, 2702, "light", True), ("color_temperature", 2700, 4000, "light", False), ("temperature", 21.5, 21.5, "climate", True),
        ("value", 42.0, "42", "number", True), ("value", 42, "42.00", "number", True), ("value", 42, "41", "number", False), ("value", 42, "unset", "number", False),
        ("option", "Eco", "eco", "select", True), ("mode", "heat", "cool", "climate", False),
    ],
)  # fmt: skip
def test_whether_a_device_shows_what_was_wanted(
    key: str, wanted: Value, seen: Value | None, domain: str, done: bool
) -> None:
    assert shows(key, wanted, seen, domain) is done
