"""``hearth eval text`` on sentences of our own: what counts as right, and that mistakes are noticed."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from edge.cli import app
from edge.devices import Command, Confirmation, DeviceState
from edge.evaluation.fixtures import Furniture, furniture
from edge.evaluation.text import ohf
from edge.evaluation.text.home_llm import STATES, once
from edge.evaluation.text.home_llm_homes import thing
from edge.evaluation.text.homes import ordinary_home
from edge.evaluation.text.memory_house import MemoryHouse
from edge.evaluation.text.verdicts import Bin, Verdict, calibration_error, reliability, scores
from edge.intents import Intent, Tier

Eval = Callable[..., dict[str, Any]]

HOUSE = furniture(
    {
        "areas": [{"name": "Cabin", "floor": "Deck"}],
        "entities": [
            {"name": "Lantern", "domain": "light", "area": "Cabin", "state": "off"},
            {"name": "Hatch", "domain": "cover", "state": "closed", "attributes": {"position": 0}},
            {"name": "Swabber", "domain": "vacuum", "state": "docked"},
            {"name": "Sonar", "domain": "sensor", "state": "12"},
            {"name": "Porthole", "domain": "lock", "state": "locked"},
            {"name": "Propeller", "domain": "fan", "state": "off"},
            {"name": "Sunset", "domain": "scene"},
        ],
    }
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("device", "change", "confirmation", "value", "attributes"),
    [
        ("light.0", {"state": "ON", "brightness": 40}, Confirmation.CONFIRMED, "on", {"brightness": 40}),
        ("light.0", {"state": "OPEN"}, Confirmation.UNSUPPORTED, "off", {}),
        ("cover.1", {"state": "OPEN"}, Confirmation.CONFIRMED, "open", {"position": 100}),
        ("cover.1", {"position": 30}, Confirmation.CONFIRMED, "open", {"position": 30}),
        ("cover.1", {"brightness": 30}, Confirmation.UNSUPPORTED, "closed", {"position": 0}),
        ("vacuum.2", {"state": "START"}, Confirmation.CONFIRMED, "cleaning", {}),
        ("vacuum.2", {"state": "RETURN_TO_BASE"}, Confirmation.CONFIRMED, "docked", {}),
        ("sensor.3", {"state": "ON"}, Confirmation.UNSUPPORTED, "12", {}),
        ("lock.4", {"state": "UNLOCK"}, Confirmation.CONFIRMED, "unlocked", {}),
        ("fan.5", {"percentage": 0}, Confirmation.CONFIRMED, "off", {"percentage": 0}),
        ("scene.6", {"state": "PRESS"}, Confirmation.ASSUMED, "pressed", {}),
        ("light.none", {"state": "ON"}, Confirmation.UNSUPPORTED, None, {}),
    ],
)
async def test_devices_in_memory_do_what_they_can(
    device: str,
    change: Mapping[str, Any],
    confirmation: Confirmation,
    value: str | None,
    attributes: Mapping[str, Any],
) -> None:
    house = MemoryHouse(HOUSE)
    (report,) = await house.command([Command(device, change)], 1.0)
    assert (report.confirmation, report.state) == (confirmation, DeviceState(value, attributes))
    assert bool(house.sent) == (confirmation is not Confirmation.UNSUPPORTED)


@pytest.mark.anyio
async def test_another_furniture_is_another_house_and_the_same_is_as_it_was() -> None:
    house = MemoryHouse(HOUSE)
    await house.command([Command("light.0", {"state": "ON"})], 1.0)
    revision = house.revision
    house.furnish(HOUSE)
    assert (house.revision, house.sent, house.state("light.0").value) == (revision, [], "off")
    assert (house.areas(), house.floors(), house.devices()[0].floor) == ({"Cabin": ()}, ("Deck",), "Deck")
    house.furnish(Furniture())
    assert house.revision > revision
    assert not house.devices()


@pytest.mark.parametrize(
    ("found", "right"),
    [
        (Intent("HassTurnOn", {"name": "lantern", "area": "cabin"}), True),
        (Intent("HassTurnOn", {"name": "Lantern", "area": "Cabin", "domain": "light"}), True),
        (Intent("HassTurnOff", {"name": "Lantern", "area": "Cabin"}), False),
        (Intent("HassTurnOn", {"name": "Lantern"}), False),
        (Intent("HassTurnOn", {"name": "Lantern", "area": "Cabin", "floor": "Deck"}), False),
    ],
)
def test_slots_are_compared_by_meaning(found: Intent, right: bool) -> None:
    assert ohf.same(found, "HassTurnOn", {"name": "Lantern", "area": "Cabin"}, "Bridge") is right


def test_numbers_are_numbers_and_here_is_here() -> None:
    wanted = {"brightness": 50}
    assert ohf.same(Intent("HassLightSet", {"brightness": "50", "area": "Bridge"}), "HassLightSet", wanted, "Bridge")
    assert not ohf.same(Intent("HassLightSet", {"brightness": 5, "area": "Bridge"}), "HassLightSet", wanted, "Bridge")
    assert not ohf.same(Intent("HassLightSet", {"brightness": 50, "area": "Cabin"}), "HassLightSet", wanted, "Bridge")
    assert ohf.same(Intent("HearthMute"), "HassMediaPlayerMute", {}, "Bridge")


def test_what_mqtt_cannot_have_is_left_out_with_a_reason() -> None:
    radio = {"entities": [{"name": "Radio", "domain": "media_player"}, {"name": "Lantern", "domain": "light"}]}
    assert ohf.left_out({"intent": "HassMediaNext", "slots": {}, "extra_fixture": {}})
    assert ohf.left_out({"intent": "HassTurnOn", "slots": {"name": "radio"}, "extra_fixture": radio})
    assert ohf.left_out({"intent": "HassTurnOn", "slots": {"name": "Lantern"}, "extra_fixture": radio}) is None


@pytest.mark.parametrize(
    ("kind", "object_id", "sentence", "name", "area"),
    [
        ("light", "cabin_1", "Switch on the cabin light", "Cabin Light", "Cabin"),
        ("fan", "cabin_captain", "Slow the captain cabin fan", "Captain Cabin Fan", "Captain Cabin"),
        ("switch", "acme_deck", "Turn on the deck lighting.", "Deck Lights", "Deck"),
        ("switch", "galley_reading_lamp", "Use the reading lamp in the galley", "Reading Lamp", "Galley"),
        ("light", "ahabs_lamp", "Put out Ahab's light", "Ahab's Lamp", None),
        ("lock", "cargo_hatch", "Lock the cargo hatch", "Cargo Hatch", None),
        ("vacuum", "cabin2", "Start the second cabin vacuum", "Second Cabin Vacuum", "Cabin"),
        ("vacuum", "r2d2", "Start R2D2", "R2d2", "R2d2"),
    ],
)
def test_a_device_is_called_as_the_sentence_calls_it(
    kind: str, object_id: str, sentence: str, name: str, area: str | None
) -> None:
    found = thing(kind, object_id, sentence)
    assert (found.name, found.area) == (name, area)


def test_a_name_that_ends_as_the_sentence_goes_on_is_said_once() -> None:
    assert once("close the cabin Blinds blinds now") == "close the cabin Blinds now"


def test_the_ordinary_home_can_be_told_apart() -> None:
    names = [name for device in ordinary_home().devices for name in device.names]
    assert len(names) == len(set(names))
    assert {device.area for device in ordinary_home().devices if device.area} <= set(ordinary_home().areas)


def verdict(confidence: float, right: bool | None, *, false_action: bool | None = None) -> Verdict:
    return Verdict("k", "s", Tier.GRAMMAR, confidence, 1.0, right, false_action, "", "")


def test_confidence_is_binned_and_its_error_weighed() -> None:
    some = [verdict(0.95, True), verdict(0.95, False), verdict(0.55, True), verdict(0.55, None)]
    bins = reliability(some)["grammar"]
    assert bins == [Bin(0.55, 1.0, 1), Bin(0.95, 0.5, 2)]
    assert calibration_error(bins) == pytest.approx((0.45 + 2 * 0.45) / 3)
    assert reliability([verdict(0.9, None)]) == {}


def test_shares_are_of_what_is_known() -> None:
    found = scores([verdict(1, True), verdict(1, False), verdict(1, None, false_action=True)])
    assert (found["accuracy"], found["false_actions"], found["n"]) == (0.5, 1.0, 3)
    assert found["by_tier"]["grammar"]["share"] == 1.0
    assert scores([verdict(1, None)])["accuracy"] is None


# -- the whole command, on a folder of sentences ---------------------------------------------------------------

FILES: dict[str, list[dict[str, Any]]] = {
    "ohf_intents_en_tests": [
        {
            "sentence": "switch the lantern on",
            "intent": "HassTurnOn",
            "slots": {"name": "Lantern"},
            "extra_fixture": {"entities": [{"name": "Lantern", "domain": "light"}]},
        },
        {
            "sentence": "switch the lantern on",
            "intent": "HassTurnOff",
            "slots": {"name": "Lantern"},
            "extra_fixture": {"entities": [{"name": "Lantern", "domain": "light"}]},
        },
        {"sentence": "next song", "intent": "HassMediaNext", "slots": {}, "extra_fixture": {}},
    ],
    "home_llm": [
        {"kind": "action", "service_name": "light.turn_on", "device_name": "cabin", "phrase": "turn on the cabin light"},
        {"kind": "action", "service_name": "light.turn_on", "device_name": "cabin", "phrase": "cabin, o cabin"},
        {"kind": "template", "device_type": "light|lock", "service": "turn_on|lock", "phrase": "turn on the <device_name1> and lock the <device_name2>"},
        {"kind": "status", "device_type": "lock", "state": "locked", "phrase": "is the <device_name> locked", "assistant_response": "It is locked"},
        {"kind": "status", "device_type": "lock", "state": "locked", "phrase": "is the <device_name> tasty", "assistant_response": "It is locked"},
        {"kind": "refusal", "reason_type": "not_available", "service_name": "light.turn_on", "friendly_name": "Rigging Light", "desired_state": "", "phrase": "turn on the <device_name>"},
        {"kind": "refusal", "reason_type": "already_state", "service_name": "light.turn_on", "friendly_name": "Rigging Light", "desired_state": "on", "phrase": "turn on the <device_name>"},
        {"kind": "action", "service_name": "media_player.turn_on", "device_name": "gramophone", "phrase": "turn on the gramophone"},
    ],
    "slurp": [
        {"sentence": "turn off the kitchen light", "intent": "iot_hue_lightoff"},
        {"sentence": "turn on the kitchen light", "intent": "iot_hue_lightoff"},
        {"sentence": "turn on the kitchen light", "intent": "play_music"},
        {"sentence": "sing a shanty", "intent": "play_music"},
        {"sentence": "turn on the lamp", "intent": "iot_hue_lighton"},
    ],
    "nlu_eval": [{"sentence": "what time is it", "intent": "datetime_query"}],
    "clinc_oos": [
        {"sentence": "turn off the kitchen light", "intent": "pirates"},
        {"sentence": "turn off the kitchen light", "intent": "smart_home"},
        {"sentence": "who was blackbeard", "intent": "pirates"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (folder / "text").mkdir()
    for name, rows in FILES.items():
        lines = "\n".join(json.dumps(row) for row in rows)
        (folder / "text" / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return folder


def run(data: Path, *arguments: str) -> str:
    call = ["eval", "text", "--data", str(data), "--tiers", "grammar", *arguments]
    result = CliRunner().invoke(app, call, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_every_mistake_is_counted(data: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    output = run(data, "--json", "--report", str(page))
    found = json.loads(output.splitlines()[-1])
    files = found["text"]
    judged = {file: (f["n"], f["scored"], f["accuracy"], f["false_actions"]) for file, f in files.items()}
    assert judged == {
        "ohf_intents_en_tests": (2, 2, 0.5, None),
        "home_llm": (7, 7, pytest.approx(5 / 7), 0.0),
        "slurp": (4, 2, 0.5, 0.5),
        "nlu_eval": (1, 1, 1.0, None),
        "clinc_oos": (3, 0, None, 0.5),
    }
    assert sum(files["ohf_intents_en_tests"]["left_out"].values()) == 1
    assert files["home_llm"]["by_kind"]["refusal"]["accuracy"] == 1.0
    assert files["home_llm"]["by_tier"]["none"]["n"] >= 1
    assert 0 < files["slurp"]["ms_p50"] <= files["slurp"]["ms_p95"]
    assert found["understanding"]["rss_mb"] > 0
    assert "<svg" in page.read_text(encoding="utf-8")


def test_the_diagram_alone_is_an_image(data: Path, tmp_path: Path) -> None:
    image = tmp_path / "confidence.svg"
    run(data, "--only", "ohf_intents_en_tests", "--report", str(image))
    drawn = ElementTree.fromstring(image.read_text(encoding="utf-8"))
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"confidence", "share that was right", "grammar"} <= set(texts)


def test_failures_are_named(data: Path) -> None:
    output = run(data, "--only", "clinc_oos", "--failures")
    assert "false action [pirates, grammar" in output
    assert "blackbeard" not in output


def test_a_state_word_is_not_its_opposite() -> None:
    import re

    assert not re.search(STATES["locked"], "It is unlocked")
    assert not re.search(STATES["on"], "It is off, one of two")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--only", "shanties"], "choose of:"), (["--tiers", "parrot"], "choose grammar"), (["--tiers", "llm"], "choose")],
)
def test_wrong_usage(data: Path, arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["eval", "text", "--data", str(data), *arguments])
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
