"""Devices and skills as tools, by a real client of the protocol."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import TextContent
from pydantic import SecretStr

from edge.api.local import serve as serve_locally
from edge.api.mcp.parameters import BadArguments, Parameter, checked, schema_of
from edge.home.demo import Behaviour
from edge.sections import ConfirmSettings
from edge.settings import Settings
from tests.web.conftest import Served

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Doors are for who knows the PIN, garages for a person's yes."""
    confirm = ConfirmSettings(unlock="pin", open_garage="ask", pin=SecretStr("4711"))
    return settings.model_copy(update={"confirm": confirm})


@pytest.fixture(params=["http", "stdio"])
async def client(request: pytest.FixtureRequest, served: Served) -> AsyncIterator[Client]:
    """Of the assistant, over the network or through a program that it starts."""
    async with AsyncExitStack() as stack:
        if request.param == "http":
            yield await stack.enter_async_context(Client(f"{served.address}/mcp"))
            return
        await stack.enter_async_context(serve_locally(served.assistant))
        environment = {**os.environ, "HEARTH_DATA_DIR": str(served.assistant.settings.data_dir)}
        program = StdioServerParameters(
            command=sys.executable, args=["-c", "from edge.cli import main; main()", "mcp"], env=environment,
            cwd=str(Path(__file__).parents[2]),
        )  # fmt: skip
        yield await stack.enter_async_context(Client(program))


async def called(client: Client, tool: str, /, **arguments: Any) -> tuple[bool, str, Any]:
    """Whether it went well, what it says, and its data."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result.content[0], TextContent)
    return not result.is_error, result.content[0].text, result.structured_content


async def test_what_there_is_can_be_asked_for_and_nothing_else(client: Client, served: Served) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert {
        "ask",
        "list_devices",
        "get_state",
        "turn_on",
        "set_brightness",
        "unlock",
        "set_timer",
        "add_to_list",
    } <= set(tools)
    for tool in tools.values():
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        assert tool.description
    schema = tools["set_brightness"].input_schema
    assert set(schema["properties"]["target"]["enum"]) >= {"Kitchen Light", "Living Room Lamp"}
    assert "Bedroom Light" not in schema["properties"]["target"]["enum"], "it can't be dimmed"
    assert "Front Door" not in tools["turn_on"].input_schema["properties"]["target"]["enum"]
    notes = tools["get_state"].annotations
    assert notes is not None
    assert notes.read_only_hint
    with anyio.fail_after(60):
        for name, arguments in [
            ("turn_on", {"target": "Chandelier"}),
            ("turn_on", {}),
            ("turn_on", {"target": "Kitchen Light", "value": 3}),
            ("set_brightness", {"target": "Kitchen Light", "value": 101}),
            ("set_brightness", {"target": "Kitchen Light", "value": "full"}),
            ("set_brightness", {"target": "Kitchen Light", "value": True}),
            ("get_state", {"device": "chandelier"}),
            ("launch", {}),
        ]:
            well, text, _ = await called(client, name, **arguments)
            assert not well, (name, arguments)
            assert text
    assert served.home.commands("kitchen_light") == []


async def test_a_device_is_commanded_and_asked(client: Client, served: Served) -> None:
    well, text, data = await called(client, "set_brightness", target="Living Room Lamp", value=40)
    assert (well, data["outcome"]) == (True, "done"), text
    assert data["actions"][0]["confirmed"] is True
    assert round(served.home.state("living_room_lamp")["brightness"] / 2.55) == 40
    well, text, data = await called(client, "get_state", device="Living Room Lamp")
    assert (well, data["state"]) == (True, "on")
    well, text, data = await called(client, "list_devices", kind="light")
    assert [row["name"] for row in data["devices"]] == ["Bedroom Light", "Kitchen Light", "Living Room Lamp"]
    assert "Living Room Lamp: on" in text
    well, text, data = await called(client, "turn_on", target="all lights")
    assert (well, len(data["actions"])) == (True, 3)


@pytest.mark.parametrize("confirm_s", [2.0])
async def test_what_a_device_does_not_confirm_is_no_success(client: Client, served: Served) -> None:
    served.home.behave("kitchen_light", Behaviour(stuck=True))
    well, text, data = await called(client, "turn_on", target="Kitchen Light")
    assert not well
    assert data["outcome"] != "done"
    assert data["actions"][0]["confirmed"] is False
    assert "is on" not in text


async def test_what_is_guarded_takes_the_pin(client: Client, served: Served) -> None:
    for tool, arguments in [("unlock", {"target": "Front Door"}), ("ask", {"text": "unlock the front door"})]:
        well, text, _ = await called(client, tool, **arguments)
        assert not well
        assert "PIN" in text
        well, text, _ = await called(client, "ask", text="yes")
        assert served.home.state("front_door")["state"] == "LOCKED"
    await called(client, "unlock", target="Front Door")
    well, text, _ = await called(client, "ask", text="4711")
    assert (well, served.home.state("front_door")["state"]) == (True, "UNLOCKED"), text
    kept = (await served.client.get("/v1/turns")).text
    assert "4711" not in kept


async def test_skills_are_tools(client: Client, served: Served) -> None:
    well, text, _ = await called(client, "set_timer", minutes=10, name="pizza")
    assert well, text
    well, text, _ = await called(client, "timer_status")
    assert well
    assert "pizza" in text
    assert (await called(client, "cancel_timer", name="pizza"))[0]
    assert (await called(client, "add_to_list", item="milk"))[0]
    well, text, _ = await called(client, "read_list")
    assert "milk" in text
    well, text, _ = await called(client, "ask", text="what is two plus three")
    assert (well, "5" in text) == (True, True), text


PARAMETERS = (
    Parameter("name", "string", most=5),
    Parameter("kind", "string", choices=("a", "b"), required=False),
    Parameter("count", "integer", required=False, least=1, most=9),
    Parameter("size", "number", required=False),
    Parameter("loud", "boolean", required=False),
)


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "x"},
        {"name": "x", "kind": "b", "count": 9, "size": 0.5, "loud": True},
        {"name": "x", "size": 3},
        {},
        {"name": ""},
        {"name": "longer"},
        {"name": 3},
        {"name": None},
        {"name": "x", "kind": "c"},
        {"name": "x", "count": 0},
        {"name": "x", "count": 1.5},
        {"name": "x", "count": True},
        {"name": "x", "loud": 1},
        {"name": "x", "other": 1},
    ],
)
def test_what_is_checked_is_what_the_schema_says(arguments: dict[str, object]) -> None:
    valid = jsonschema.Draft202012Validator(schema_of(PARAMETERS)).is_valid(arguments)
    try:
        checked(PARAMETERS, arguments)
    except BadArguments:
        assert not valid
    else:
        assert valid
