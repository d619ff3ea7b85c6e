"""What the registry makes of messages, in whatever order they come."""

import itertools
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from edge.devices import Ability
from edge.errors import SettingsError
from edge.home.broker import Message
from edge.home.house_file import HouseFile, read_house_file
from edge.home.registry import Registry


def switch(unique: str | None, name: str, topic: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "state_topic": topic, "command_topic": f"{topic}/set", "unique_id": unique, **more}


def announced(place: str, payload: dict[str, Any] | None) -> Message:
    return Message(f"homeassistant/{place}/config", b"" if payload is None else json.dumps(payload).encode(), True)


def said(topic: str, payload: str, *, retained: bool = False) -> Message:
    return Message(topic, payload.encode(), retained)


def registry(*messages: Message, house_file: HouseFile | None = None) -> Registry:
    made = Registry("homeassistant", house_file or HouseFile())
    for message in messages:
        made.take(message)
    return made


def names(made: Registry) -> list[tuple[str, str]]:
    return [(device.id, device.name) for device in made.devices()]


def test_devices_of_one_name_have_the_same_ids_in_any_order_of_messages() -> None:
    messages = [announced(f"switch/{key}", switch(key, "Lamp", f"x/{key}")) for key in "cab"]
    for order in itertools.permutations(messages):
        made = registry(*order)
        assert names(made) == [("switch.lamp", "Lamp"), ("switch.lamp_2", "Lamp"), ("switch.lamp_3", "Lamp")]
        made.take(said("x/a", "ON"))
        assert made.state("switch.lamp").value == "on"
        assert made.state("switch.lamp_2").value is None


def test_ids_of_others_stay_apart_when_a_name_looks_like_a_numbered_one() -> None:
    messages = [
        announced(f"switch/{key}", switch(key, name, key))
        for key, name in (("a", "Lamp"), ("b", "Lamp 2"), ("c", "Lamp"))
    ]
    for order in itertools.permutations(messages):
        assert names(registry(*order)) == [
            ("switch.lamp", "Lamp"),
            ("switch.lamp_2", "Lamp 2"),
            ("switch.lamp_3", "Lamp"),
        ]


def test_the_same_unique_id_in_two_domains_is_two_devices() -> None:
    sensor = {"name": "Plug", "unique_id": "u", "state_topic": "p/power"}
    assert names(registry(announced("switch/u", switch("u", "Plug", "p")), announced("sensor/u", sensor))) == [
        ("sensor.plug", "Plug"),
        ("switch.plug", "Plug"),
    ]


def test_one_device_announced_on_two_topics_is_one_and_outlives_the_loss_of_either() -> None:
    first, second = (announced(f"switch/{place}", switch("u", "Plug", "p")) for place in ("a", "b"))
    made = registry(first, second)
    assert names(made) == [("switch.plug", "Plug")]
    made.take(announced("switch/b", None))
    assert names(made) == [("switch.plug", "Plug")]
    made.take(announced("switch/a", None))
    assert names(made) == []


def test_a_renamed_device_keeps_its_state_under_its_new_id() -> None:
    made = registry(announced("switch/a", switch("u", "Plug", "p")))
    revision = made.revision
    made.take(said("p", "ON"))
    made.take(announced("switch/a", switch("u", "Socket", "p")))
    assert names(made) == [("switch.socket", "Socket")]
    assert made.state("switch.socket").value == "on"
    assert made.state("switch.plug").value is None
    assert made.revision > revision


def test_a_state_is_readable_by_its_new_id_before_the_devices_are_listed() -> None:
    made = registry(announced("switch/a", switch("u", "Plug", "p")))
    assert made.entity("switch.plug") is not None
    assert made.take(said("p", "ON")) == ["switch.plug"]
    made.take(announced("switch/a", None))
    assert made.entity("switch.plug") is None
    assert made.state("switch.plug").value is None


def test_announcing_again_keeps_state_and_revision() -> None:
    same = announced("switch/a", switch("u", "Plug", "p"))
    made = registry(same)
    made.take(said("p", "ON"))
    revision = made.revision
    made.take(same)
    assert made.state("switch.plug").value == "on"
    assert made.revision == revision


def test_a_device_that_moves_to_other_topics_has_said_nothing_there() -> None:
    made = registry(announced("switch/a", switch("u", "Plug", "p")), said("p", "ON"))
    made.devices()
    made.take(said("p", "ON"))
    made.take(announced("switch/a", switch("u", "Plug", "q")))
    assert made.topics() == {"q"}
    assert made.state("switch.plug").value is None


def test_removing_takes_a_device_away_and_a_malformed_announcement_does_not() -> None:
    made = registry(announced("switch/a", switch("u", "Plug", "p")), announced("switch/b", switch("v", "Fan", "f")))
    made.take(announced("switch/a", None))
    assert names(made) == [("switch.fan", "Fan")]
    made.take(Message("homeassistant/switch/b/config", b"{", True))
    assert names(made) == [("switch.fan", "Fan")]
    assert made.topics() == {"f"}
    made.take(announced("switch/b", None))
    assert names(made) == []
    assert made.topics() == frozenset()


def test_a_malformed_announcement_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    broken = Message("homeassistant/switch/b/config", b'{"name": "secret"', True)
    registry(broken, broken, broken)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "homeassistant/switch/b/config" in record.getMessage()
    assert "secret" not in record.getMessage()


@pytest.mark.parametrize("payload", [b"MAYBE", b"\xff\xfe", b"[]", b"x" * 300_000])
def test_a_state_that_cannot_be_read_changes_nothing_and_is_logged_once(
    payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    made = registry(announced("switch/a", switch("u", "Plug", "p")), said("p", "ON"))
    made.take(said("p", "ON"))
    news = made.news("switch.plug", "value")
    for _ in range(3):
        made.take(Message("p", payload, False))
    assert made.state("switch.plug").value == "on"
    assert made.news("switch.plug", "value") == news
    (record,) = caplog.records
    assert "switch.plug" in record.getMessage()


def test_retained_messages_are_memory_and_not_news() -> None:
    made = registry(announced("switch/a", switch("u", "Plug", "p")))
    made.take(said("p", "ON", retained=True))
    assert made.state("switch.plug").value == "on"
    assert made.news("switch.plug", "value") == 0
    made.take(said("p", "ON"))
    made.take(said("p", "OFF"))
    assert made.news("switch.plug", "value") == 2


def test_two_devices_may_share_a_topic() -> None:
    kinds = {"value_template": "{{ value_json.t }}"}, {"value_template": "{{ value_json.h }}"}
    made = registry(
        *(announced(f"sensor/{n}", {"name": f"S{n}", "state_topic": "room", **kind}) for n, kind in enumerate(kinds))
    )
    assert sorted(made.take(said("room", '{"t": 20.5, "h": 40}'))) == ["sensor.s0", "sensor.s1"]
    assert (made.state("sensor.s0").value, made.state("sensor.s1").value) == ("20.5", "40")


@pytest.mark.parametrize(
    ("mode", "messages", "available"),
    [
        ("all", [], False),
        ("all", ["a online"], False),
        ("all", ["a online", "b online"], True),
        ("all", ["a online", "b online", "a offline"], False),
        ("any", [], False),
        ("any", ["a online"], True),
        ("any", ["a online", "b online", "a offline"], True),
        ("any", ["a online", "b offline", "a offline"], False),
        ("latest", [], False),
        ("latest", ["a online"], True),
        ("latest", ["a online", "b offline"], False),
        ("latest", ["b offline", "a online"], True),
        ("latest", ["a online", "b nonsense"], True),
        (None, ["a online", "b offline"], False),
    ],
)
def test_availability_of_several_topics(mode: str | None, messages: list[str], available: bool) -> None:
    several = {"availability": [{"topic": "a"}, {"topic": "b"}], "availability_mode": mode}
    made = registry(announced("switch/a", switch("u", "Plug", "p", **several)))
    for message in messages:
        made.take(said(*message.split(), retained=True))
    assert made.state("switch.plug").available is available


def test_a_device_without_availability_topic_is_always_there() -> None:
    assert registry(announced("switch/a", switch("u", "Plug", "p"))).devices()
    assert registry().state("switch.none").available


def test_one_topic_may_carry_both_state_and_availability() -> None:
    more = {
        "availability_topic": "p",
        "availability_template": "{{ value_json.up }}",
        "value_template": "{{ value_json.s }}",
    }
    custom = {"payload_available": "True", "payload_not_available": "False"}
    made = registry(announced("switch/a", switch("u", "Plug", "p", **more, **custom)))
    made.take(said("p", '{"up": true, "s": "ON"}'))
    assert (made.state("switch.plug").available, made.state("switch.plug").value) == (True, "on")
    made.take(said("p", '{"up": false}'))
    assert (made.state("switch.plug").available, made.state("switch.plug").value) == (False, "on")


def test_a_light_that_reports_a_colour_can_have_one_even_after_it_is_announced_again() -> None:
    light = {"name": "Lamp", "unique_id": "u", "schema": "json", "state_topic": "l", "command_topic": "l/set"}
    made = registry(announced("light/a", {**light, "supported_color_modes": ["brightness"]}))
    assert Ability.COLOR not in made.devices()[0].abilities
    before = made.revision
    made.take(said("l", '{"state": "ON", "color": {"r": 1, "g": 2, "b": 3}}'))
    assert Ability.COLOR in made.devices()[0].abilities
    assert made.revision > before
    made.take(announced("light/a", {**light, "supported_color_modes": ["brightness"]}))
    assert Ability.COLOR in made.devices()[0].abilities
    assert made.state("light.lamp").attributes["color"] == (1, 2, 3)


HOUSE = """
[areas."Bedroom 2"]
floor = "Upstairs"
names = ["Ann's room"]

[areas.Cellar]
floor = "Below"

[devices.u-1]
names = ["Betty"]
area = "Bedroom 2"

[devices."switch.plug"]
names = ["Socket"]

[devices."Desk Fan"]
area = "Cellar"
"""


def test_house_toml_names_rooms_and_floors_by_unique_id_id_and_name(tmp_path: Path) -> None:
    path = tmp_path / "house.toml"
    path.write_text(HOUSE, encoding="utf-8")
    room = {"device": {"suggested_area": "Kitchen"}}
    made = registry(
        announced("switch/a", switch("u-1", "Lamp", "a", **room)),
        announced("switch/b", switch("u-2", "Plug", "b", **room)),
        announced("switch/c", switch("u-3", "Desk Fan", "c")),
        house_file=read_house_file(path),
    )
    assert [(d.id, d.aliases, d.area, d.floor) for d in made.devices()] == [
        ("switch.desk_fan", (), "Cellar", "Below"),
        ("switch.lamp", ("Betty",), "Bedroom 2", "Upstairs"),
        ("switch.plug", ("Socket",), "Kitchen", None),
    ]
    assert dict(made.areas()) == {"Kitchen": (), "Bedroom 2": ("Ann's room",), "Cellar": ()}
    assert made.floors() == ["Below", "Upstairs"]


def test_an_area_of_house_toml_is_found_whatever_its_case(tmp_path: Path) -> None:
    path = tmp_path / "house.toml"
    path.write_text('[areas.Kitchen]\nfloor = "Ground"\n', encoding="utf-8")
    made = registry(
        announced("switch/a", switch("u", "Plug", "p", device={"suggested_area": "kitchen"})),
        house_file=read_house_file(path),
    )
    assert [(d.area, d.floor) for d in made.devices()] == [("Kitchen", "Ground")]
    assert list(made.areas()) == ["Kitchen"]


def test_without_house_toml_there_is_an_empty_one(tmp_path: Path) -> None:
    assert read_house_file(tmp_path / "house.toml") == HouseFile()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[areas.Kitchen]\nflor = 'x'", "areas.Kitchen.flor"),
        ("[areas.Kitchen]\nfloor = 1", "areas.Kitchen.floor"),
        ("[areas.Kitchen]\nfloor = ''", "areas.Kitchen.floor"),
        ("[areas.Kitchen]\nnames = 'x'", "areas.Kitchen.names"),
        ("[areas]\nKitchen = 1", "areas.Kitchen"),
        ("[devices.x]\nnames = ['a', 1]", "devices.x.names.1"),
        ("[devices.x]\nroom = 'a'", "devices.x.room"),
        ("[rooms.x]", "rooms"),
        ("areas = 3", "areas"),
        ("[areas", "table declaration"),
    ],
)
def test_a_mistake_in_house_toml_is_named(text: str, named: str, tmp_path: Path) -> None:
    path = tmp_path / "house.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_house_file(path)
    assert named in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.permanent


def test_house_toml_that_is_no_text_or_no_file_is_a_settings_error(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"\xff")
    for path in (tmp_path / "latin.toml", tmp_path):
        with pytest.raises(SettingsError):
            read_house_file(path)


def aged(place: str, payload: dict[str, Any], *messages: Message) -> tuple[Registry, list[float]]:
    clock = [1000.0]
    made = Registry("homeassistant", HouseFile(), lambda: clock[0])
    for message in (announced(place, payload), *messages):
        made.take(message)
    return made, clock


def test_a_sensors_value_is_not_claimed_when_it_is_too_old() -> None:
    made, clock = aged("sensor/t", {"name": "T", "state_topic": "t", "expire_after": 60}, said("t", "21"))
    clock[0] += 59
    assert made.state("sensor.t").value == "21"
    clock[0] += 2
    assert made.state("sensor.t").value is None
    made.take(said("t", "22"))
    assert made.state("sensor.t").value == "22"


def test_a_motion_sensor_that_never_says_off_is_off_after_its_delay() -> None:
    made, clock = aged("binary_sensor/m", {"name": "M", "state_topic": "m", "off_delay": 30}, said("m", "ON"))
    clock[0] += 29
    assert made.state("binary_sensor.m").value == "on"
    clock[0] += 2
    assert made.state("binary_sensor.m").value == "off"


def test_the_bell_does_not_ring_again_because_somebody_subscribes() -> None:
    made, _ = aged("event/bell", {"name": "Bell", "state_topic": "bell", "event_types": ["press"]})
    made.take(said("bell", '{"event_type": "press"}', retained=True))
    assert made.state("event.bell").value is None
    made.take(said("bell", '{"event_type": "press"}'))
    assert made.state("event.bell").value == "press"


@pytest.mark.parametrize(
    ("messages", "value"),
    [
        (['{"installed_version": "1", "latest_version": "2"}'], "on"),
        (['{"installed_version": "2", "latest_version": "2"}'], "off"),
        (['{"installed_version": "1"}'], None),
        (['{"installed_version": "1"}', '{"latest_version": "1"}'], "off"),
        (['{"installed_version": "1", "latest_version": "2", "in_progress": true}'], "installing"),
        (
            [
                '{"installed_version": "1", "latest_version": "2", "update_percentage": 40}',
                '{"installed_version": "2", "in_progress": false, "update_percentage": null}',
            ],
            "off",
        ),
    ],
)
def test_whether_there_is_an_update(messages: list[str], value: str | None) -> None:
    made, _ = aged("update/u", {"name": "U", "state_topic": "u"}, *(said("u", message) for message in messages))
    assert made.state("update.u").value == value


def test_attributes_in_json_are_told_but_never_pass_for_a_state() -> None:
    payload = switch(
        "u", "Plug", "p", json_attributes_topic="p/more", json_attributes_template="{{ value_json.a | to_json }}"
    )
    made, _ = aged("switch/a", payload)
    made.take(
        said("p/more", '{"a": {"battery": 61, "brightness": 254, "value": "on", "deep": {"x": 1}, "firmware": "1.2"}}')
    )
    state = made.state("switch.plug")
    assert (state.value, state.attributes) == (None, {"battery": 61, "firmware": "1.2"})


def test_what_is_not_enabled_or_moves_to_a_bundle_is_no_device() -> None:
    made, _ = aged("sensor/lq", {"name": "Link", "state_topic": "l", "enabled_by_default": False})
    assert names(made) == []
    made.take(announced("switch/a", switch("u", "Plug", "p")))
    made.take(announced("switch/a", {"migrate_discovery": True}))
    assert names(made) == []


def test_what_is_beside_the_point_of_a_device_is_marked_so() -> None:
    made, _ = aged("switch/lock", switch("u", "Child Lock", "p", entity_category="config"))
    assert [device.category for device in made.devices()] == ["config"]


def test_a_component_that_is_not_known_is_said_once_and_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    message = announced("flux_capacitor/x", {"state_topic": "x"})
    made = registry(message, message, announced("camera/c", {"topic": "c"}))
    assert names(made) == []
    assert [record.getMessage() for record in caplog.records] == [
        "the announcement on homeassistant/flux_capacitor/x/config is ignored: the component 'flux_capacitor' is not known"
    ]


def test_who_has_spoken_since_is_known_without_looking_at_each() -> None:
    made = registry(
        announced("switch/a", switch("a", "Plug A", "a")), announced("switch/b", switch("b", "Plug B", "b"))
    )
    before = made.spoken
    assert made.spoken_since(before) == []
    made.take(said("a", "ON"))
    made.take(said("elsewhere", "ON"))
    assert made.spoken_since(before) == ["switch.plug_a"]
    assert made.last_word("switch.plug_a") == made.spoken > made.last_word("switch.plug_b")
    assert made.spoken_since(made.spoken) == []


def test_what_lapses_is_always_among_those_that_may_have_changed() -> None:
    motion = {"unique_id": "m", "name": "Motion", "state_topic": "m", "off_delay": 5}
    made = registry(Message("homeassistant/binary_sensor/m/config", json.dumps(motion).encode(), True))
    assert made.spoken_since(made.spoken) == ["binary_sensor.motion"]


def test_what_people_said_of_a_device_and_a_room_is_told_apart_from_what_they_are() -> None:
    file = HouseFile.model_validate(
        {
            "areas": {"Attic": {"floor": "Top", "names": ["Loft"]}},
            "devices": {"a": {"names": ["Betty"], "area": "Attic"}},
        }
    )
    made = registry(announced("switch/a", switch("a", "Plug A", "a")), house_file=file)
    assert (made.entry("switch.plug_a").names, made.entry("switch.plug_a").area) == (("Betty",), "Attic")
    assert (made.entry("switch.none").names, made.room("Cellar").floor) == ((), None)
    assert (made.room("Attic").names, made.room("Attic").floor) == (("Loft",), "Top")
