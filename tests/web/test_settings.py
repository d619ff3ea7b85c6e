"""``/v1/settings``: seen, changed, adopted, written."""

import json
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge.api.web.server import serve
from edge.app import assistant
from edge.assistant import Assistant
from edge.home.demo import SimulatedHome
from edge.settings import load
from edge.settings_file import version
from tests.brokers import Mosquitto
from tests.disks import full_disk
from tests.web.conftest import Served

pytestmark = pytest.mark.anyio

FILE = """\
# Ours.
area = "Kitchen"  # by the window
data_dir = "{data}"

[api]
port = 0

[understand]
llm = "none"
semantic = false

[mqtt]
host = "{host}"
port = {port}  # of the test
{more}"""

Configured = tuple[Assistant, httpx.AsyncClient, Path]


@asynccontextmanager
async def configured(broker: Mosquitto, tmp_path: Path, more: str = "") -> AsyncIterator[Configured]:
    """An assistant whose settings come from a file."""
    file = tmp_path / "hearthside.toml"
    address = broker.address
    file.write_text(FILE.format(data=tmp_path / "data", host=address.host, port=address.port, more=more))
    async with (
        assistant(load(file), hears=False, sink=None) as running,
        serve(running) as address_of_page,
        httpx.AsyncClient(base_url=address_of_page, timeout=60) as client,
    ):
        yield running, client, file


async def known(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    answer = await client.get("/v1/settings")
    assert answer.status_code == 200, answer.text
    return {each["key"]: each for each in answer.json()["settings"]}


async def test_every_setting_tells_what_it_means_and_where_it_comes_from(broker: Mosquitto, tmp_path: Path) -> None:
    async with configured(broker, tmp_path, 'password = "hunter2"\n') as (_, client, file):
        answer = await client.get("/v1/settings")
        settings = {each["key"]: each for each in answer.json()["settings"]}
        assert [key for key, each in settings.items() if not each["description"]] == []
        assert settings["area"]["value"] == "Kitchen"
        assert (settings["area"]["source"], settings["wake.words"]["source"]) == ("file", "default")
        assert settings["wake.threshold"]["value_schema"]["anyOf"][0]["maximum"] == 1
        assert settings["confirm.unlock"]["value_schema"]["enum"] == ["never", "unsure", "ask", "pin"]
        assert settings["skills.calculator.measures"]["default"] == "us"
        assert (settings["mqtt.password"]["secret"], settings["mqtt.password"]["is_set"]) == (True, True)
        assert "hunter2" not in answer.text
        assert answer.json()["file"] == str(file)
        assert answer.json()["sections"]["wake"] == "Wake words."
        schema = (await client.get("/v1/settings/schema")).json()
        assert "Probability" in schema["$defs"]["WakeSettings"]["properties"]["threshold"]["description"]


async def test_a_change_is_written_beside_its_comments_and_in_force_at_once(broker: Mosquitto, tmp_path: Path) -> None:
    async with configured(broker, tmp_path) as (running, client, file):
        before = await client.get("/v1/settings")
        changes = {"confirm.unlock": "ask", "memory.keep_audio_days": 3, "mqtt.confirm_s": 2.5, "area": None}
        answer = await client.patch(
            "/v1/settings", json={"changes": changes}, headers={"If-Match": before.headers["etag"]}
        )
        assert answer.json() == {
            "in_force": ["confirm.unlock", "memory.keep_audio_days"],
            "after_restart": ["area", "mqtt.confirm_s"],
            "version": version(file),
        }
        assert answer.headers["etag"] == f'"{version(file)}"'
        assert running.settings.confirm.unlock == "ask"
        assert running.recordings.kept
        assert running.settings.area == "Kitchen"  # not yet
        written = file.read_text()
        assert "# Ours." in written
        assert "# of the test" in written
        assert tomllib.loads(written)["mqtt"]["confirm_s"] == 2.5
        assert load(file).area is None
        now = await known(client)
        assert [key for key, each in now.items() if each["waits"]] == ["area", "mqtt.confirm_s"]
        # The one who saw the file as it was before is told.
        late = await client.patch(
            "/v1/settings", json={"changes": {"area": "Hall"}}, headers={"If-Match": before.headers["etag"]}
        )
        assert (late.status_code, late.json()["code"]) == (412, "settings_changed")
        back = await client.patch("/v1/settings", json={"changes": {"confirm.unlock": None}})
        assert back.json()["in_force"] == ["confirm.unlock"]
        assert running.settings.confirm.unlock == "unsure"


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"wake.threshold": 1.5}, 400, "wake.threshold"),
    ({"wake.treshold": 0.5}, 400, "did you mean wake.threshold?"),
    ({"wyoming.serve": True, "wyoming.host": "0.0.0.0"}, 400, "lets everybody in"),
    ({"confirm.unlock": "pin"}, 400, "confirm.pin is missing"),
    ({"confirm.pin": "12ab"}, 400, "digits"),
    ({"confirm.pin": 1234}, 400, "text"),
    ({"skills.calculator.measures": "cubits"}, 400, "skills.calculator.measures"),
    ({"skills.alarms.snooze_minutes": 0}, 400, "skills.alarms.snooze_minutes"),
    ({"area": "\ud800"}, 400, "character"),
    ({"data_dir": "/tmp/x"}, 409, "alone"),
    ({"skills.tools.servers": {"x": {"command": ["sh"], "tools": ["y"]}}}, 409, "alone"),
    ({"mqtt.site": "hall"}, 409, "HEARTH_MQTT__SITE"),
    ({"stt.model": "whisper-nothing"}, 409, "whisper-nothing"),
    ({"wake": {}}, 400, "unknown key"),
    ({}, 422, "changes"),
]


async def test_what_is_wrong_is_said_and_nothing_changes(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTH_MQTT__SITE", "den")
    async with configured(broker, tmp_path) as (running, client, file):
        written, settings = file.read_text(), running.settings
        for changes, status, said in REFUSED:
            body = json.dumps({"changes": {"listen.pause_s": 0.2, **changes} if changes else {}})
            answer = await client.patch("/v1/settings", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code == status, (changes, answer.text)
            assert said in answer.json()["detail"] + answer.json()["remedy"]
            assert (file.read_text(), running.settings) == (written, settings)
        assert not (tmp_path / "data" / "secrets").exists()


async def test_a_secret_is_kept_apart_and_never_told(broker: Mosquitto, tmp_path: Path) -> None:
    more = 'password = "hunter2" # oh\n\n[confirm]\ninstall = "never"\n'
    async with configured(broker, tmp_path, more) as (running, client, file):
        changes = {"confirm.pin": "4711", "confirm.disarm": "pin", "mqtt.password": "hunter3"}
        answer = await client.patch("/v1/settings", json={"changes": changes})
        assert answer.json()["in_force"] == ["confirm.disarm", "confirm.pin"]
        assert answer.json()["after_restart"] == ["mqtt.password"]
        assert running.settings.confirm.pin is not None
        assert all(secret not in file.read_text() for secret in ("4711", "hunter2", "hunter3"))
        assert load(file).mqtt.password == type(running.settings.confirm.pin)("hunter3")
        everything = await client.get("/v1/settings")
        assert all(secret not in everything.text for secret in ("4711", "hunter2", "hunter3"))
        assert (await known(client))["confirm.pin"]["source"] == "kept"
        # Whoever must say it can't be left without it.
        refused = await client.patch("/v1/settings", json={"changes": {"confirm.pin": None}})
        assert refused.status_code == 400
        gone = await client.patch("/v1/settings", json={"changes": {"confirm.pin": None, "confirm.disarm": "ask"}})
        assert gone.status_code == 200
        assert not (tmp_path / "data" / "secrets" / "confirm__pin").exists()


async def test_a_file_that_can_not_be_written_or_read_is_told(broker: Mosquitto, tmp_path: Path) -> None:
    async with configured(broker, tmp_path) as (running, client, file):
        was = running.settings
        with full_disk():
            answer = await client.patch("/v1/settings", json={"changes": {"listen.pause_s": 0.2}})
        assert (answer.status_code, answer.json()["code"]) == (400, "settings")
        assert "can't be written" in answer.json()["detail"]
        assert running.settings == was
        file.write_text(file.read_text() + "\n[mqtt\n")
        assert "TOML" in (await client.get("/v1/settings")).json()["mistake"]


async def test_settings_of_no_file_can_not_be_changed(served: Served) -> None:
    answer = await served.client.patch("/v1/settings", json={"changes": {"listen.pause_s": 0.2}})
    assert (answer.status_code, answer.json()["code"]) == (409, "setting_fixed")


async def test_a_lock_is_asked_about_from_the_moment_it_is_so_decided(broker: Mosquitto, tmp_path: Path) -> None:
    async with SimulatedHome(broker.address), configured(broker, tmp_path) as (running, client, _):
        await running.house.settled(60)
        await client.patch("/v1/settings", json={"changes": {"confirm.unlock": "ask"}})
        ended = (await client.post("/v1/ask", json={"text": "unlock the front door"})).json()
        assert ended["question"] is not None
        await client.patch("/v1/settings", json={"changes": {"confirm.unlock": "never"}})
        ended = (await client.post("/v1/ask", json={"text": "unlock the front door"})).json()
        assert ended["outcome"] == "done"
