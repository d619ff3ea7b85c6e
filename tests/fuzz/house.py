"""What comes from the house's broker: announcements, states, templates, and what others send to the assistant.

An entry is one or several messages, each a topic, a line break, and the payload.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from pydantic import ValidationError

from edge.api.mqtt.hermes import _Say
from edge.api.mqtt.inbox import Refused, object_of, request_of, text_of
from edge.devices import Ability, Device, Value, Verb, as_row
from edge.home.broker import Message, Publication
from edge.home.convention import topic_of
from edge.home.conventions import natives
from edge.home.entity import Unsupported, shows
from edge.home.house_file import HouseFile
from edge.home.registry import Registry
from edge.home.templates import Template, TemplateFault
from tests.fuzz.mutate import PART
from tests.fuzz.parser import Parser, Steps

OWN: Final = "hearthside/home"
_OUTSIDE: Final = (Unsupported, TemplateFault, ValueError, ArithmeticError)
"""What a command may end in: see edge.home.control."""
_LOOKED_AT: Final = 40
"""Devices of an entry that are commanded, too."""
_GOOD: Final = (
    ("homeassistant/switch/fuzz-good/config",
     {"name": "Zz good one", "uniq_id": "zz-good", "stat_t": "zz/good/is", "cmd_t": "zz/good/set"}),
    ("zz/good/is", "ON"),
)  # fmt: skip


def message(topic: str, payload: object) -> bytes:
    """One of an entry."""
    body = payload if isinstance(payload, bytes) else payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()  # fmt: skip
    return topic.encode() + b"\n" + body


def entry(*messages: tuple[str, object]) -> bytes:
    return PART.join(message(topic, payload) for topic, payload in messages)


def messages(raw: bytes) -> Iterator[Message]:
    for number, part in enumerate(raw.split(PART)):
        topic, _, payload = part.partition(b"\n")
        # A broker lets no other topic through: MQTT 3.1.1, 1.5.3 and 4.7.1.
        name = topic.decode("utf-8", "ignore").replace("\0", "")[:65_535]
        if name and not set(name) & set("+#"):
            yield Message(name, payload, number % 2 == 0)


def announced(raw: bytes) -> float:
    """All conventions, as the house has them; then a good device, which has to work."""
    registry = Registry("homeassistant", HouseFile(), now=lambda: 1.0, others=natives(OWN))
    registry.begin()
    sent, steps = list(messages(raw)), Steps()
    for _ in range(2):
        # Once more, when somebody listens to it.
        for one in sent:
            with steps:
                registry.take(one)
        with steps:
            registry.devices()
        _look(registry)
    _works(registry)
    return steps.longest


def _works(registry: Registry) -> None:
    for topic, payload in _GOOD:
        registry.take(next(messages(message(topic, payload))))
    found = [device.id for device in registry.devices() if device.name == "Zz good one"]
    assert any(registry.state(ident).value == "on" for ident in found), "a good device does not work any more"


def _look(registry: Registry) -> None:
    """What the assistant does with all devices: shows them, subscribes to them, asks them, commands them."""
    devices = registry.devices()
    for topic in registry.topics():
        topic_of(topic)
    for question in registry.questions():
        _sendable(question)
    registry.areas()
    json.dumps([as_row(device, registry.state(device.id)) for device in devices], ensure_ascii=False).encode()
    registry.spoken_since(0)
    for device in devices[:_LOOKED_AT]:
        found = registry.entity(device.id)
        assert found is not None
        for change in changes(device):
            for key, wanted in change.items():
                shows(key, wanted, registry.seen(device.id, found.key_of(key)), device.domain)
            try:
                published = found.encode(change)
            except _OUTSIDE:
                continue
            for one in published:
                _sendable(one)


def changes(device: Device) -> Iterator[Mapping[str, Value]]:
    """Commands that may be thought of for ``device``."""
    for ability in device.abilities:
        match ability:
            case Ability.READ:
                pass
            case Ability.STATE:
                yield from ({"state": verb} for verb in Verb)
            case Ability.COLOR:
                yield {"color": (255, 10, 0), "state": Verb.ON}
            case _:
                words: Sequence[Value] = (*device.options[:2], *device.choices.get(ability, ())[:2], 50, 0, 21.5)
                yield from ({str(ability): word} for word in words)


def _sendable(publication: Publication) -> None:
    """A broker takes it."""
    topic_of(publication.topic)
    payload = publication.payload
    if isinstance(payload, str):
        payload.encode()


def templated(raw: bytes) -> None:
    """A template, a line break that is none of its own (\\x1e), and a message."""
    source, _, payload = raw.partition(PART)
    with suppress(TemplateFault):
        Template(source.decode("utf-8", "replace")).value(payload.decode("utf-8", "replace")).encode()
    with suppress(TemplateFault):
        Template(source.decode("utf-8", "replace")).command("on", value_json=1).encode()
    assert Template("{{ value_json.a }}").value('{"a": 7}') == "7"


def asked(raw: bytes) -> None:
    """What is sent to ``ask``, ``say`` and Hermes: a request, or a refusal that can be told."""
    for read in (request_of, _hermes):
        try:
            said = read(raw)
        except (Refused, ValidationError) as why:
            str(why).encode("utf-8", "replace")
            continue
        json.dumps(said.model_dump(), ensure_ascii=False).encode()
    try:
        text_of(raw).encode()
    except Refused as why:
        str(why).encode()
    assert request_of(b'{"text": " hello "}').text == "hello"


def _hermes(raw: bytes) -> _Say:
    return _Say.model_validate(object_of(raw))


# -- seeds ------------------------------------------------------------------------------------------------------------

DEVICE: Final = {"ids": ["fz1"], "name": "Workshop", "mf": "Me", "sa": "Garage", "cns": [["mac", "a4cf12f03c55"]]}
_STATES: Final = (
    ("switch", {"cmd_t": "~/set", "stat_t": "~/is", "pl_on": "ON", "pl_off": "OFF"}, "ON"),
    ("light", {"schema": "json", "cmd_t": "~/set", "stat_t": "~/is", "supported_color_modes": ["rgb", "color_temp"], "brightness": True,
               "brightness_scale": 254, "min_mireds": 153, "max_mireds": 500, "effect": True, "effect_list": ["Rainbow", "None"]},
     '{"state": "ON", "brightness": 120, "color_mode": "rgb", "color": {"r": 1, "g": 2, "b": 3}, "effect": "Rainbow"}'),
    ("light", {"schema": "template", "cmd_t": "~/set", "stat_t": "~/is", "cmd_on_tpl": "on,{{ brightness|d }},{{ red|d }}",
               "cmd_off_tpl": "off", "stat_tpl": "{{ value.split(',')[0] }}", "bri_tpl": "{{ value.split(',')[1] }}",
               "r_tpl": "{{ 1 }}", "g_tpl": "{{ 2 }}", "b_tpl": "{{ 3 }}"}, "on,120"),
    ("light", {"cmd_t": "~/set", "stat_t": "~/is", "bri_cmd_t": "~/b/set", "bri_stat_t": "~/b", "bri_scl": 100, "rgb_cmd_t": "~/c/set",
               "rgb_stat_t": "~/c", "clr_temp_cmd_t": "~/t/set", "clr_temp_stat_t": "~/t", "hs_stat_t": "~/h", "xy_stat_t": "~/x",
               "on_cmd_type": "brightness", "fx_list": ["a"], "fx_cmd_t": "~/fx/set"}, "ON"),
    ("climate", {"mode_cmd_t": "~/m/set", "mode_stat_t": "~/is", "modes": ["off", "heat"], "temp_cmd_t": "~/t/set", "temp_stat_t": "~/t",
                 "curr_temp_t": "~/c", "min_temp": 5, "max_temp": 30, "temp_step": 0.5, "temp_unit": "C", "pr_modes": ["eco"],
                 "pr_mode_cmd_t": "~/p/set", "fan_mode_cmd_t": "~/f/set", "fan_modes": ["low"]}, "heat"),
    ("cover", {"cmd_t": "~/set", "stat_t": "~/is", "pos_t": "~/pos", "set_pos_t": "~/pos/set", "pos_open": 100, "pos_clsd": 0,
               "tilt_cmd_t": "~/tilt/set", "tilt_status_t": "~/tilt", "tilt_min": 0, "tilt_max": 90}, "open"),
    ("fan", {"cmd_t": "~/set", "stat_t": "~/is", "pct_cmd_t": "~/p/set", "pct_stat_t": "~/p", "spd_rng_min": 1, "spd_rng_max": 3,
             "osc_cmd_t": "~/o/set", "dir_cmd_t": "~/d/set", "pr_modes": ["turbo"], "pr_mode_cmd_t": "~/m/set"}, "ON"),
    ("humidifier", {"cmd_t": "~/set", "stat_t": "~/is", "hum_cmd_t": "~/h/set", "hum_stat_t": "~/h", "modes": ["auto"],
                    "mode_cmd_t": "~/m/set", "min_hum": 30, "max_hum": 80}, "ON"),
    ("number", {"cmd_t": "~/set", "stat_t": "~/is", "min": 0, "max": 10, "step": 0.5, "unit_of_meas": "°C"}, "3.5"),
    ("select", {"cmd_t": "~/set", "stat_t": "~/is", "ops": ["a", "b"]}, "a"),
    ("sensor", {"stat_t": "~/is", "val_tpl": "{{ value_json.t | float(0) | round(1) }}", "unit_of_meas": "°C", "dev_cla": "temperature",
                "json_attr_t": "~/is", "exp_aft": 60}, '{"t": 21.37, "battery": 80}'),
    ("binary_sensor", {"stat_t": "~/is", "pl_on": "1", "pl_off": "0", "off_dly": 5, "dev_cla": "motion"}, "1"),
    ("lock", {"cmd_t": "~/set", "stat_t": "~/is", "code_format": "^\\d{4}$", "pl_open": "OPEN"}, "LOCKED"),
    ("alarm_control_panel", {"cmd_t": "~/set", "stat_t": "~/is", "code": "REMOTE_CODE", "sup_feat": ["arm_home", "arm_away"]}, "disarmed"),
    ("siren", {"cmd_t": "~/set", "stat_t": "~/is", "av_tones": ["ding"], "sup_dur": True, "sup_vol": True}, "ON"),
    ("vacuum", {"cmd_t": "~/set", "stat_t": "~/is", "fanspd_lst": ["max"], "set_fan_spd_t": "~/f"}, '{"state": "cleaning", "fan_speed": "max"}'),
    ("lawn_mower", {"act_stat_t": "~/is", "dock_cmd_t": "~/dock", "pause_cmd_t": "~/p", "strt_mw_cmd_t": "~/s"}, "mowing"),
    ("valve", {"cmd_t": "~/set", "stat_t": "~/is", "reports_position": True}, '{"position": 40}'),
    ("water_heater", {"mode_cmd_t": "~/m/set", "mode_stat_t": "~/is", "temp_cmd_t": "~/t/set", "modes": ["off", "eco"]}, "eco"),
    ("text", {"cmd_t": "~/set", "stat_t": "~/is", "min": 1, "max": 20, "pattern": "^a+$"}, "aa"),
    ("update", {"stat_t": "~/is", "cmd_t": "~/set", "pl_inst": "go"}, '{"installed_version": "1", "latest_version": "2"}'),
    ("event", {"stat_t": "~/is", "evt_typ": ["press"]}, '{"event_type": "press"}'),
    ("device_tracker", {"stat_t": "~/is"}, "home"),
    ("button", {"cmd_t": "~/set"}, ""), ("scene", {"cmd_t": "~/set"}, ""), ("notify", {"cmd_t": "~/set"}, ""),
)  # fmt: skip
"""By component: its own keys, and something that it says."""


def _announcement(number: int, kind: str, own: Mapping[str, Any]) -> tuple[str, object]:
    shared = {"~": f"fz/{number}", "name": f"Thing {number}", "uniq_id": f"fz{number}", "dev": DEVICE,
              "avty": [{"t": "~/there", "val_tpl": "{{ value_json.state }}"}]}  # fmt: skip
    return f"homeassistant/{kind}/fz/{number}/config", {**shared, **own}


HOME_ASSISTANT: Final = tuple(
    entry(_announcement(number, kind, own), (f"fz/{number}/is", said), (f"fz/{number}/there", '{"state": "online"}'))
    for number, (kind, own, said) in enumerate(_STATES)
)
BUNDLE: Final = entry(
    (
        "homeassistant/device/fz/config",
        {"dev": DEVICE, "o": {"name": "me"}, "~": "fz", "avty_t": "~/there",
         "cmps": {f"{kind}{number}": {"p": kind, "uniq_id": f"b{number}", **own} for number, (kind, own, _) in enumerate(_STATES)}},
    ),
    ("fz/there", "online"), ("fz/is", "ON"),
)  # fmt: skip
ESPHOME: Final = (
    entry(
        (
            "homeassistant/light/workshop/strip/config",
            {"schema": "json", "color_mode": True, "supported_color_modes": ["rgb"], "brightness": True, "name": "Strip",
             "stat_t": "workshop/light/strip/state", "cmd_t": "workshop/light/strip/command", "avty_t": "workshop/status",
             "uniq_id": "a4cf12f03c55-light-0a1b2c3d", "dev": {**DEVICE, "sw": "2025.7.0 (config hash 0x1234abcd)"}},
        ),
        ("workshop/status", "online"),
        ("workshop/light/strip/state", '{"color_mode":"rgb","state":"ON","brightness":255,"color":{"r":255,"g":0,"b":9}}'),
    ),
    entry(
        ("homeassistant/climate/workshop/air/config",
         {"mode_cmd_t": "workshop/climate/air/mode/command", "mode_stat_t": "workshop/climate/air/mode/state", "modes": ["off", "heat"],
          "temp_cmd_t": "workshop/climate/air/target_temperature/command", "min_temp": 5, "max_temp": 30, "temp_step": 0.5,
          "name": "Air", "uniq_id": "a4cf12f03c55-climate-1"}),
        ("workshop/climate/air/mode/state", "heat"),
    ),
)  # fmt: skip
ZIGBEE: Final = entry(
    ("zigbee2mqtt/bridge/state", '{"state":"online"}'),
    (
        "zigbee2mqtt/bridge/devices",
        [
            {"ieee_address": "0x00124b0000000000", "type": "Coordinator", "friendly_name": "Coordinator"},
            {"ieee_address": "0x00124b0000000001", "type": "Router", "friendly_name": "hall/lamp", "disabled": False,
             "endpoints": {"1": {"scenes": [{"id": 1, "name": "Cosy"}]}},
             "definition": {"supports_ota": True, "exposes": [
                 {"type": "light", "features": [
                     {"type": "binary", "name": "state", "property": "state", "access": 7, "value_on": "ON", "value_off": "OFF"},
                     {"type": "numeric", "name": "brightness", "property": "brightness", "access": 7, "value_max": 254, "value_min": 0},
                     {"type": "numeric", "name": "color_temp", "property": "color_temp", "access": 7, "value_max": 500, "value_min": 150},
                     {"type": "composite", "name": "color_xy", "property": "color", "access": 7, "features": [
                         {"type": "numeric", "name": "x", "property": "x", "access": 7}, {"type": "numeric", "name": "y", "property": "y"}]}]},
                 {"type": "enum", "name": "effect", "property": "effect", "access": 2, "values": ["blink", "okay"]},
                 {"type": "numeric", "name": "linkquality", "property": "linkquality", "access": 1, "unit": "lqi"}]}},
            {"ieee_address": "0x00124b0000000002", "type": "EndDevice", "friendly_name": "valve", "definition": {"exposes": [
                {"type": "climate", "features": [
                    {"type": "numeric", "name": "occupied_heating_setpoint", "property": "occupied_heating_setpoint", "access": 7,
                     "value_min": 5, "value_max": 35, "value_step": 0.5, "unit": "°C"},
                    {"type": "numeric", "name": "local_temperature", "property": "local_temperature", "access": 5},
                    {"type": "enum", "name": "system_mode", "property": "system_mode", "access": 7, "values": ["off", "auto", "heat"]}]},
                {"type": "cover", "features": [
                    {"type": "enum", "name": "state", "property": "state", "access": 3, "values": ["OPEN", "CLOSE", "STOP"]},
                    {"type": "numeric", "name": "position", "property": "position", "access": 7, "value_min": 0, "value_max": 100}]},
                {"type": "fan", "features": [{"type": "enum", "name": "mode", "property": "fan_mode", "access": 7, "values": ["low", "high", "auto"]}]},
                {"type": "lock", "features": [{"type": "binary", "name": "state", "property": "state", "access": 7, "value_on": "LOCK", "value_off": "UNLOCK"}]}]}},
        ],
    ),
    ("zigbee2mqtt/bridge/groups", [{"id": 4, "friendly_name": "evening", "scenes": [{"id": 1, "name": "Movie"}],
                                    "members": [{"ieee_address": "0x00124b0000000001", "endpoint": 11}]}]),
    ("zigbee2mqtt/hall/lamp", '{"state":"ON","brightness":120,"color":{"x":0.3,"y":0.4},"color_mode":"xy","update":{"state":"available"}}'),
    ("zigbee2mqtt/valve", '{"occupied_heating_setpoint":21,"local_temperature":20.5,"system_mode":"heat","position":30}'),
    ("zigbee2mqtt/hall/lamp/availability", '{"state":"online"}'),
)  # fmt: skip
_TASMOTA: Final = {
    "ip": "192.168.1.9", "dn": "Desk", "fn": ["Desk", None], "hn": "tasmota-D4E5F6", "mac": "A1B2C3D4E5F6", "ty": 0, "if": 0,
    "ofln": "Offline", "onln": "Online", "state": ["OFF", "ON", "TOGGLE", "HOLD"], "t": "desk", "ft": "%prefix%/%topic%/",
    "tp": ["cmnd", "stat", "tele"], "rl": [2, 3, 3], "swn": [None], "so": {"30": 0, "68": 0, "117": 0}, "lk": 1, "lt_st": 5,
    "sho": [0], "sht": [[-90, 90, 0]], "ver": 1,
}  # fmt: skip
TASMOTA: Final = entry(
    ("tasmota/discovery/A1B2C3D4E5F6/config", _TASMOTA),
    ("tasmota/discovery/A1B2C3D4E5F6/sensors",
     {"sn": {"Time": "2026-01-02T03:04:05", "AM2301": {"Temperature": 21.0, "Humidity": 40}, "ENERGY": {"Power": [1, 2]}, "TempUnit": "C"}, "ver": 1}),
    ("tele/desk/LWT", "Online"),
    ("stat/desk/RESULT", '{"POWER1":"ON","Dimmer":40,"HSBColor":"10,20,30","CT":200,"Shutter1":{"Position":50,"Direction":0,"Tilt":10}}'),
    ("tele/desk/SENSOR", '{"AM2301":{"Temperature":21.5}}'),
)  # fmt: skip
_PREFIX: Final = "shellyplus2pm-a8032abe54dc"
SHELLY: Final = entry(
    (f"{_PREFIX}/online", "true"),
    (f"{OWN}/rpc/{_PREFIX}/rpc", {"id": 1, "src": _PREFIX, "result": {
        "sys": {"device": {"name": "Cellar", "mac": "A8032ABE54DC"}, "ui_data": {"consumption_types": ["lights"]}},
        "switch:0": {"id": 0, "name": None}, "cover:1": {"id": 1, "name": "Blind"}, "light:0": {}, "rgb:0": {}, "cct:0": {},
        "input:0": {"type": "switch"}, "temperature:100": {"name": "x"}}}),
    (f"{OWN}/rpc/{_PREFIX}/rpc", {"id": 2, "src": _PREFIX, "result": {
        "switch:0": {"id": 0, "output": False, "apower": 1.5, "aenergy": {"total": 2}}, "cover:1": {"pos_control": True, "state": "open", "current_pos": 50},
        "light:0": {"output": True, "brightness": 20}, "rgb:0": {"rgb": [1, 2, 3]}, "temperature:100": {"tC": 20}}}),
    (f"{_PREFIX}/events/rpc", {"src": _PREFIX, "method": "NotifyStatus", "params": {"switch:0": {"id": 0, "output": True}}}),
    (f"{_PREFIX}/events/rpc", {"src": _PREFIX, "method": "NotifyFullStatus", "params": {"switch:0": {"output": True}}}),
)  # fmt: skip
HOMIE_4: Final = entry(
    ("homie/dev/$homie", "4.0.0"), ("homie/dev/$name", "Attic"), ("homie/dev/$nodes", "lamp,blind"), ("homie/dev/$mac", "AA:BB:CC:DD:EE:FF"),
    ("homie/dev/lamp/$name", "Lamp"), ("homie/dev/lamp/$type", "light"), ("homie/dev/lamp/$properties", "power,dim,rgb"),
    ("homie/dev/lamp/power/$datatype", "boolean"), ("homie/dev/lamp/power/$settable", "true"),
    ("homie/dev/lamp/dim/$datatype", "integer"), ("homie/dev/lamp/dim/$format", "0:100"), ("homie/dev/lamp/dim/$settable", "true"),
    ("homie/dev/lamp/rgb/$datatype", "color"), ("homie/dev/lamp/rgb/$format", "hsv"), ("homie/dev/lamp/rgb/$settable", "true"),
    ("homie/dev/blind/$properties", "move"), ("homie/dev/blind/move/$datatype", "enum"), ("homie/dev/blind/move/$format", "UP,DOWN,STOP"),
    ("homie/dev/blind/move/$settable", "true"), ("homie/dev/$state", "ready"),
    ("homie/dev/lamp/power", "true"), ("homie/dev/lamp/dim", "40"), ("homie/dev/lamp/rgb", "10,20,30"),
)  # fmt: skip
HOMIE_5: Final = entry(
    ("homie/5/dev/$description", {"homie": "5.0", "name": "Attic", "version": 7, "nodes": {
        "heat": {"name": "Heating", "properties": {
            "setpoint": {"name": "Target temperature", "datatype": "float", "format": "5:30:0.5", "settable": True, "unit": "°C"},
            "temperature": {"datatype": "float", "unit": "°C"}, "mode": {"datatype": "enum", "format": "off,heat", "settable": True}}},
        "lamp": {"type": "light", "properties": {"rgb": {"datatype": "color", "format": "rgb,hsv", "settable": True}}}}}),
    ("homie/5/dev/$state", "ready"), ("homie/5/dev/heat/setpoint", "21.5"), ("homie/5/dev/lamp/rgb", "rgb,1,2,3"),
)  # fmt: skip
TEMPLATES: Final = tuple(
    source.encode() + PART + b'{"a": {"b": [1, 2.5, "x"], "t": "on"}, "list": [{"k": 1}, {"k": 2}], "s": "abc"}'
    for source in (
        "{{ value_json.a.t }}", "{{ value_json['a']['b'][0] }}", "{% if value_json.a.t == 'on' %}ON{% else %}OFF{% endif %}",
        "{{ (value_json.a.b[1] | float * 2) | round(1) }}", "{{ value_json.list | map(attribute='k') | sum }}",
        "{% for x in value_json.list %}{{ x.k }},{% endfor %}", "{{ value | replace('a', 'b') | upper }}",
        "{{ value_json.list | selectattr('k', 'gt', 1) | list | length }}", "{% set ns = namespace(n=0) %}{% for i in range(9) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
        "{{ '%05.1f' | format(2) }}", "{{ ['a','b'] | join(',') ~ value_json.s }}", "{{ iif(value_json.s is defined, 1, 0) }}",
        "{{ value_json.s[::-1] }}", "{{ dict(a=1) }}", "{{ {'a': value_json.a}['a'].b | max }}", "{{ value.split(',')[1:] | sort | unique | list }}",
        "{{ value_json | to_json | from_json }}", "{{ 2 ** 6 // 3 % 5 }}", "{{ 'x' in value and not (1 > 2) or none }}",
    )
)  # fmt: skip
_JINJA: Final = tuple(
    token.encode()
    for token in (
        "{{", "}}", "{%", "%}", "{#", "#}", "|", "value", "value_json", "loop", "for x in", "endfor", "if", "endif", "set", "namespace()", "range(256)",
        "range(9)", "| list", "| join('')", "| replace('', 'x')", "| sort", "| unique", "| map('upper')", "| map(attribute='__class__')", ".__class__",
        "| tojson", "| sum", "| string", "| round(15)", "* 9", "** 6", "~", "'a' * 9", "[[]]", "(((((", ")))))", "| batch(2)", "recursive", "{{ x }}",
        ".format('x')", "| first", "| length", "is defined", "not not not not", "a.b.c.d.e", "[0]", "[::-1]", "'\\u0000'", "1e308", "99999999999999999999",
    )
)  # fmt: skip
_KEYS: Final = tuple(
    key.encode()
    for key in (
        "~", "avty", "t", "stat_t", "cmd_t", "val_tpl", "name", "dev", "ids", "cns", "cmps", "p", "platform", "components", "o", "origin", "uniq_id",
        "obj_id", "default_entity_id", "json_attr_t", "json_attr_tpl", "unit_of_meas", "ops", "modes", "min", "max", "step", "min_mireds", "max_mireds",
        "min_kelvin", "max_kelvin", "bri_scl", "pos_open", "pos_clsd", "tilt_min", "tilt_max", "spd_rng_min", "spd_rng_max", "pl_on", "pl_off", "schema",
        "en", "ent_cat", "availability_mode", "exp_aft", "off_dly", "migrate_discovery", "suggested_area", "state", "brightness", "color", "color_mode",
        "h", "s", "x", "y", "r", "g", "b", "hue", "saturation", "position", "{{ value_json.x }}", "{{ value }}", "ON", "OFF", "online", "switch:0", "cover:0", "switch:²", "cover:²", "input:²",
        "result", "params", "method", "NotifyStatus", "id", "exposes", "features", "type", "values", "access", "property", "endpoints", "scenes", "definition",
        "friendly_name", "ieee_address", "members", "$state", "$nodes", "$properties", "$format", "$datatype", "color", "enum", "0:100:0", "1:1", "nan:inf",
        "rgb", "hsv", "sn", "ft", "%prefix%/%topic%/", "%topic%", "rl", "so", "sht", "sho", "lt_st", "fn",
    )
)  # fmt: skip
_REQUESTS: Final = (
    b'{"text": "turn on the light", "area": "Kitchen", "session": "s1", "reply_to": "a-1"}', b"turn on the light",
    b'{"text": "Hello", "siteId": "default", "sessionId": "x", "id": "y"}', "öffne die Tür".encode(), b'{"text": 1}', b"{}", b"",
)  # fmt: skip


def _convention(name: str, about: str, *seeds: bytes) -> Parser:
    return Parser(f"discovery.{name}", about, announced, seeds, _KEYS)


PARSERS: Final = (
    _convention("homeassistant", "Home Assistant's discovery, and the states of what it announces", *HOME_ASSISTANT),
    _convention("bundle", "Home Assistant's discovery of a whole device in one message", BUNDLE),
    _convention("esphome", "ESPHome's announcements", *ESPHOME),
    _convention("zigbee2mqtt", "zigbee2mqtt's lists, states and availability", ZIGBEE),
    _convention("tasmota", "Tasmota's discovery, states and reports", TASMOTA),
    _convention("shelly", "what Shelly devices answer and notify", SHELLY),
    _convention("homie", "Homie 3, 4 and 5", HOMIE_4, HOMIE_5),
    Parser("template", "value and command templates of discovery payloads", templated, TEMPLATES, _JINJA, largest=32_768),
    Parser("mqtt.request", "ask, say and Hermes", asked, _REQUESTS, (b"text", b"area", b"session", b"reply_to", b"siteId"), largest=40_000),
)  # fmt: skip
