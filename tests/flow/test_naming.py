"""Names and rooms given by voice, in a house on a real broker: what then works, and what stands in the file."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from edge.app import assistant
from edge.assistant import Assistant
from edge.events import TurnEnded
from edge.home.demo import SimulatedHome
from edge.sections import MqttSettings, UnderstandSettings
from edge.settings import Settings
from tests.brokers import Mosquitto

pytestmark = pytest.mark.anyio


@pytest.fixture
async def running(home: SimulatedHome, broker: Mosquitto, tmp_path: Path) -> AsyncIterator[Assistant]:
    (tmp_path / "house.toml").write_text('# our house\n[areas.Hallway]\nnames = ["corridor"] # by the door\n')
    settings = Settings(
        data_dir=tmp_path,
        mqtt=MqttSettings(host=broker.address.host, port=broker.address.port, confirm_s=20.0),
        understand=UnderstandSettings(semantic=False, llm="none"),
    )
    async with assistant(settings, hears=False, sink=None) as running:
        await running.house.settled(30)
        yield running


async def said(running: Assistant, text: str) -> str:
    turn = (await running.ask(text, session="s"))[-1]
    assert isinstance(turn, TurnEnded)
    return turn.reply.text


async def test_a_name_works_at_once_and_is_kept(running: Assistant, home: SimulatedHome, tmp_path: Path) -> None:
    await said(running, "turn on the kitchen light")
    assert await said(running, "call this lamp Betty") == "Kitchen Light is also called Betty."
    assert await said(running, "turn off Betty") == "Kitchen Light is off."
    assert home.state("kitchen_light")["state"] == "OFF"
    assert await said(running, "call the bedroom light Betty") == (
        "Betty is what Kitchen Light in the Kitchen is called. I changed nothing."
    )
    assert (
        await said(running, "call the hallway plug the Christmas tree") == "Hallway Plug is also called Christmas tree."
    )
    assert await said(running, "turn on the christmas tree") == "Hallway Plug is on."
    assert await said(running, "it is in the garage") == "Hallway Plug is in the Garage now."
    assert await said(running, "turn off all switches in the garage") == "Hallway Plug is off."
    assert await said(running, "the bedroom is upstairs") == "Bedroom: Upstairs."
    assert await said(running, "turn on the lights upstairs") == "Bedroom Light is on."
    assert await said(running, "forget the name Betty") == "Kitchen Light is no longer called Betty."
    before = len(home.commands("kitchen_light"))
    await said(running, "turn on Betty")
    assert len(home.commands("kitchen_light")) == before
    written = (tmp_path / "house.toml").read_text()
    assert written.startswith('# our house\n[areas.Hallway]\nnames = ["corridor"] # by the door\n')
    assert 'names = ["Christmas tree"]\narea = "Garage"' in written
    assert "Betty" not in written


async def test_a_name_that_was_hardly_understood_is_asked_about(running: Assistant, tmp_path: Path) -> None:
    before = (tmp_path / "house.toml").read_text()
    assert await said(running, "call the kitchn lite Betty") == "Shall I call Kitchen Light Betty?"
    await said(running, "no")
    assert await said(running, "the hallway plugg is in the garage") == "Is Hallway Plug in the Garage?"
    await said(running, "no")
    assert (tmp_path / "house.toml").read_text() == before
    await said(running, "call the kitchn lite Betty")
    assert await said(running, "yes") == "Kitchen Light is also called Betty."


async def test_what_a_person_writes_meanwhile_is_in_force(
    running: Assistant, home: SimulatedHome, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def until_known(name: str) -> None:
        with anyio.fail_after(60):
            while not any(name in device.aliases for device in running.house.devices()):
                await anyio.sleep(0.05)

    file = tmp_path / "house.toml"
    file.write_text('[devices."Kitchen Light"]\nnames = ["Betty"]\n')
    await until_known("Betty")
    assert await said(running, "turn on Betty") == "Kitchen Light is on."
    file.write_text('[devices."Kitchen Light"\nnames = ["Lizzy"]\n')
    assert await said(running, "call the hallway plug Lizzy") == (
        "There is a mistake in the file of names. I changed nothing."
    )
    with anyio.fail_after(60):
        while "house.toml" not in caplog.text:
            await anyio.sleep(0.05)
    assert await said(running, "turn off Betty") == "Kitchen Light is off."
    file.write_text('[devices."Kitchen Light"]\nnames = ["Lizzy"]\n')
    await until_known("Lizzy")
    assert await said(running, "turn on Lizzy") == "Kitchen Light is on."
