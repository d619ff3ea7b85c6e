"""``/v1/health``."""

from pathlib import Path

import anyio
import pytest

from edge.api.web.system import updating
from tests.brokers import Mosquitto
from tests.web.conftest import Served
from tests.web.test_settings import configured

pytestmark = pytest.mark.anyio


async def test_what_works_and_how_the_board_is(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.api.web.system._FRESH_S", 60.0)  # a busy machine asks again less soon
    answer = await served.client.get("/v1/health")
    assert answer.status_code == 200, answer.text
    health = answer.json()
    checks = {row["check"]: row for row in health["checks"]}
    devices = len(served.assistant.house.devices())
    assert checks["broker"]["ok"] is True
    assert checks["broker"]["found"].endswith(f"{devices} devices")
    assert {"microphone", "loudspeaker", "disk", "clock", "names", "cloud"} <= checks.keys()
    assert health["board"]["own_memory_mb"] > 0
    assert health["versions"]["Python"].startswith("3.")
    assert health["updating"]["automatic"] is False
    assert health["updating"]["installed"] == health["versions"]["hearthside"]
    # Who asks again soon gets the same look.
    assert (await served.client.get("/v1/health")).json()["at"] == health["at"]


async def test_a_broker_that_is_away_is_seen(broker: Mosquitto, tmp_path: Path) -> None:
    async with configured(broker, tmp_path) as (running, client, _):
        broker.stop()
        with anyio.fail_after(30):
            while running.house.online:
                await anyio.sleep(0.02)
        checks = {row["check"]: row for row in (await client.get("/v1/health")).json()["checks"]}
        assert (checks["broker"]["ok"], checks["broker"]["needed"]) == (False, True)


@pytest.mark.parametrize(
    ("prefix", "how", "back"),
    [
        ("/opt/hearthside/releases/0.1.0-1a2b", "sudo ./scripts/install", "git checkout @{1}"),
        ("/usr/lib/hearthside", "sudo apt install ./hearthside_NEWER.deb", "sudo apt install --allow-downgrades ./"),
        (
            "/home/ada/venv",
            "/home/ada/venv/bin/pip install --upgrade hearthside",
            "/home/ada/venv/bin/pip install hearthside==",
        ),
    ],
)
def test_what_to_type_for_another_version_is_what_it_was_installed_by(prefix: str, how: str, back: str) -> None:
    told = updating(prefix)
    assert how in told.how
    assert told.back[0].startswith(back)
