"""``/v1/devices`` and ``/v1/areas``."""

from collections.abc import Sequence
from typing import Any, Final, NoReturn

import pytest

from edge.api.web.access import Person, Role
from edge.errors import BrokerOffline
from edge.home.demo import Behaviour
from tests.web.conftest import Served

pytestmark = pytest.mark.anyio


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks is a guest."""
    monkeypatch.setattr("edge.api.web.access.person", lambda _: Person("visitor", Role.GUEST))


async def _command(served: Served, device: str, change: dict[str, Any], **more: Any) -> tuple[int, dict[str, Any]]:
    answer = await served.client.post(f"/v1/devices/{device}/commands", json={"change": change, **more})
    return answer.status_code, answer.json()


async def test_all_devices_are_listed_in_parts(served: Served) -> None:
    ids: list[str] = []
    query: dict[str, Any] = {"limit": 4}
    while True:
        page = (await served.client.get("/v1/devices", params=query)).json()
        ids += [device["id"] for device in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert ids == [device.id for device in served.assistant.house.devices()]
    assert len(ids) == 11


_NARROWED: Final[Sequence[tuple[dict[str, str], list[str]]]] = (
    ({"area": "bedroom"}, ["fan.bedroom_fan", "light.bedroom_light"]),
    ({"area": ""}, ["scene.movie_night", "sensor.outdoor_temperature"]),
    ({"domain": "lock"}, ["lock.front_door"]),
    ({"domain": "light", "area": "Kitchen"}, ["light.kitchen_light"]),
    ({"source": "zigbee2mqtt"}, []),
)


async def test_the_list_can_be_narrowed(served: Served) -> None:
    for query, wanted in _NARROWED:
        page = (await served.client.get("/v1/devices", params=query)).json()
        assert [device["id"] for device in page["items"]] == wanted, query


async def test_a_device_is_told_as_it_is(served: Served) -> None:
    device = (await served.client.get("/v1/devices/climate.thermostat")).json()
    assert (device["state"], device["attributes"]) == ("heat", {"temperature": 20.0, "current_temperature": 19.5})
    assert (device["area"], device["available"], device["source"]) == ("Living Room", True, "homeassistant")
    assert device["options"] == ["off", "heat", "cool"]
    missing = await served.client.get("/v1/devices/light.none")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_a_command_is_reported_as_the_device_shows_it(served: Served) -> None:
    status, report = await _command(served, "light.kitchen_light", {"state": "ON", "color": [255, 0, 0]})
    assert (status, report["confirmed"], report["result"]) == (200, True, "confirmed")
    assert report["after"]["state"] == "on"
    assert served.home.state("kitchen_light")["state"] == "ON"


@pytest.mark.parametrize("confirm_s", [2.0])
async def test_what_the_device_does_not_show_is_not_claimed(served: Served) -> None:
    served.home.behave("hallway_plug", Behaviour(silent=True))
    served.home.behave("bedroom_light", Behaviour(stuck=True))
    for device, result in (("switch.hallway_plug", "unconfirmed"), ("light.bedroom_light", "failed")):
        status, report = await _command(served, device, {"state": "ON"})
        assert (status, report["confirmed"], report["result"]) == (200, False, result)
        assert report["after"]["state"] == "off"


_SENSELESS: Final[Sequence[tuple[str, dict[str, Any], int, str]]] = (
    ("sensor.outdoor_temperature", {"state": "ON"}, 200, "unsupported"),
    ("light.bedroom_light", {"position": 3}, 200, "unsupported"),
    ("light.kitchen_light", {}, 422, "malformed"),
    ("light.kitchen_light", {"state": "BURN"}, 422, "malformed"),
    ("light.kitchen_light", {"brightness": 101}, 422, "malformed"),
    ("light.kitchen_light", {"color": [1, 2]}, 422, "malformed"),
    ("light.kitchen_light", {"wishes": 3}, 422, "malformed"),
    ("light.none", {"state": "ON"}, 404, "not_found"),
)


async def test_what_makes_no_sense_is_not_sent(served: Served) -> None:
    for device, change, status, said in _SENSELESS:
        answered, body = await _command(served, device, change)
        assert (answered, body.get("result", body.get("code"))) == (status, said), change
    assert served.home.commands("kitchen_light") == served.home.commands("bedroom_light") == []


async def test_what_lets_somebody_in_is_asked_about_first(served: Served) -> None:
    status, problem = await _command(served, "lock.front_door", {"state": "UNLOCK"})
    assert (status, problem["code"], problem["detail"]) == (409, "confirm", "this unlocks Front Door")
    assert served.home.commands("front_door") == []
    status, report = await _command(served, "lock.front_door", {"state": "UNLOCK"}, confirmed=True)
    assert (status, report["after"]["state"]) == (200, "unlocked")
    status, report = await _command(served, "lock.front_door", {"state": "LOCK"})
    assert (status, report["confirmed"]) == (200, True)


@pytest.mark.usefixtures("guest")
async def test_a_guest_switches_lamps_but_lets_nobody_in(served: Served) -> None:
    status, report = await _command(served, "light.kitchen_light", {"state": "ON"})
    assert (status, report["confirmed"]) == (200, True)
    for wish in ({}, {"confirmed": True}, {"confirmed": True, "pin": "1234"}):
        status, problem = await _command(served, "lock.front_door", {"state": "UNLOCK"}, **wish)
        assert (status, problem["code"]) == (403, "guest_refused")
    turn = (await served.client.post("/v1/ask", json={"text": "unlock the front door"})).json()
    assert (turn["outcome"], turn["reply"]["text"]) == ("failed", "Only somebody who lives here may do that.")
    assert served.home.commands("front_door") == []


@pytest.mark.usefixtures("guest")
async def test_a_guest_names_nothing(served: Served) -> None:
    for path in ("/v1/devices/light.kitchen_light", "/v1/areas/Kitchen"):
        answer = await served.client.patch(path, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_nicknames_and_rooms_are_kept_and_understood_at_once(served: Served) -> None:
    path = "/v1/devices/light.living_room_lamp"
    device = (await served.client.patch(path, json={"nicknames": ["Betty"], "area": "Study"})).json()
    assert (device["nicknames"], device["area"]) == (["Betty"], "Study")
    turn = (await served.client.post("/v1/ask", json={"text": "turn on Betty"})).json()
    assert (turn["outcome"], turn["actions"][0]["device"]) == ("done", "light.living_room_lamp")
    areas = (await served.client.get("/v1/areas")).json()["items"]
    assert "Study" in [area["name"] for area in areas]
    device = (await served.client.patch(path, json={"nicknames": [], "area": None})).json()
    assert (device["nicknames"], device["area"]) == ([], "Living Room")


async def test_a_name_means_one_thing_only(served: Served) -> None:
    for nickname in ("Bedroom Light", "Kitchen", "turn on the bedroom light", "x"):
        answer = await served.client.patch("/v1/devices/light.kitchen_light", json={"nicknames": [nickname]})
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    assert (await served.client.get("/v1/devices/light.kitchen_light")).json()["nicknames"] == []


async def test_rooms_are_named_and_put_on_floors(served: Served) -> None:
    area = (await served.client.patch("/v1/areas/kitchen", json={"names": ["Galley"], "floor": "Upstairs"})).json()
    assert area == {"name": "Kitchen", "names": ["Galley"], "floor": "Upstairs", "devices": 2}
    assert (await served.client.get("/v1/devices/light.kitchen_light")).json()["floor"] == "Upstairs"
    area = (await served.client.patch("/v1/areas/Kitchen", json={"names": [], "floor": None})).json()
    assert (area["names"], area["floor"]) == ([], None)
    taken = await served.client.patch("/v1/areas/Kitchen", json={"names": ["Bedroom"]})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    missing = await served.client.patch("/v1/areas/Attic", json={"floor": "Top"})
    assert missing.status_code == 404


async def test_what_may_be_said_to_each_is_understood(served: Served) -> None:
    for device in served.assistant.house.devices():
        sentences = (await served.client.get(f"/v1/devices/{device.id}/sentences")).json()["items"]
        assert sentences, device.id
        for sentence in sentences:
            understood = served.assistant.grammar(sentence, device.area)
            assert understood is not None, sentence
    kitchen = (await served.client.get("/v1/devices/light.kitchen_light/sentences")).json()["items"]
    assert "set Kitchen Light to red" in kitchen
    plain = (await served.client.get("/v1/devices/light.bedroom_light/sentences")).json()["items"]
    assert "set Bedroom Light to red" not in plain


async def test_without_a_broker_it_says_so(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> NoReturn:
        raise BrokerOffline("the broker is away", "see whether it runs")

    monkeypatch.setattr(served.assistant.house, "command", away)
    status, problem = await _command(served, "light.kitchen_light", {"state": "ON"})
    assert (status, problem["code"], problem["remedy"]) == (503, "broker_offline", "see whether it runs")
