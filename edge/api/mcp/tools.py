"""All that a program can have done here, as things are now."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from edge.api.mcp import control, skills
from edge.api.mcp.parameters import BadArguments, JsonSchema, Parameter, checked
from edge.api.mcp.tool import LOCAL, OF_TURN, Caller, Result, Tool, of_turn
from edge.assistant import Assistant
from edge.devices import Device, as_row
from edge.errors import AssistantError

_DEVICES: Final[JsonSchema] = {
    "type": "object",
    "properties": {"devices": {"type": "array", "items": {"type": "object"}}},
    "required": ["devices"],
}
_DEVICE: Final[JsonSchema] = {"type": "object"}


class Desk(Protocol):
    """Where tools are asked for."""

    async def tools(self) -> Sequence[Mapping[str, Any]]:
        """A row for each: name, about, input, output, reads. Raises AssistantError."""

    async def call(self, name: str, arguments: Mapping[str, Any], who: Caller = LOCAL) -> Mapping[str, Any]:
        """What came of it: text, data, failed. ``who`` asks. Raises AssistantError."""


class OwnDesk:
    """Of a running assistant."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    async def tools(self) -> Sequence[Mapping[str, Any]]:
        """As things are now: devices come and go."""
        return [tool.row for tool in _all(self._assistant)]

    async def call(self, name: str, arguments: Mapping[str, Any], who: Caller = LOCAL) -> Mapping[str, Any]:
        """Never raises for what whoever calls got wrong: the result says so."""
        result = await self._called(name, arguments, who)
        return {"text": result.text, "data": dict(result.data), "failed": result.failed}

    async def _called(self, name: str, arguments: Mapping[str, Any], who: Caller) -> Result:
        tool = next((tool for tool in _all(self._assistant) if tool.name == name), None)
        if tool is None:
            return Result(f"there is no tool {name}", {}, failed=True)
        try:
            return await tool.call(checked(tool.parameters, arguments), who)
        except BadArguments as error:
            return Result(str(error), {}, failed=True)
        except AssistantError as error:
            return Result(str(error), {}, failed=True)


def _all(assistant: Assistant) -> Sequence[Tool]:
    return [*_general(assistant), *control.tools(assistant), *skills.tools(assistant)]


def _general(assistant: Assistant) -> Sequence[Tool]:
    house = assistant.house
    labelled = _labelled(house.devices())
    areas = tuple(house.areas())
    kinds = tuple(sorted({device.domain for device in house.devices()}))

    async def ask(arguments: Mapping[str, Any], caller: Caller) -> Result:
        return of_turn(
            await assistant.carry_out(
                arguments["text"], area=arguments.get("area"), session=caller.session, guest=caller.guest
            )
        )

    async def devices(arguments: Mapping[str, Any], _: Caller) -> Result:
        area, kind = arguments.get("area"), arguments.get("kind")
        found = {
            label: device
            for label, device in labelled.items()
            if area in (None, device.area) and kind in (None, device.domain)
        }
        rows = [as_row(device, house.state(device.id)) for device in found.values()]
        lines = [f"{label}: {house.state(device.id).value or 'unknown'}" for label, device in found.items()]
        return Result("\n".join(lines) or "none", {"devices": rows})

    async def state(arguments: Mapping[str, Any], _: Caller) -> Result:
        device = labelled[arguments["device"]]
        now = house.state(device.id)
        text = f"{arguments['device']}: {now.value or 'unknown'}" + ("" if now.available else ", out of reach")
        return Result(text, as_row(device, now))

    where = Parameter("area", "string", "the room", required=False, choices=areas) if areas else None
    text = Parameter("text", "string", "as a person would say it", most=1000)
    kind = Parameter("kind", "string", required=False, choices=kinds)
    which = Parameter("device", "string", choices=tuple(labelled))
    place = (where,) if where is not None else ()
    told = (
        "Say a sentence to the assistant, for whatever no other tool does. Also the place to give a PIN it asked for."
    )
    there = [
        Tool("list_devices", "The devices of the house, and how they are.", (*place, kind), devices, True, _DEVICES),
        Tool("get_state", "How a device is, by its own word.", (which,), state, True, _DEVICE),
    ]
    return [Tool("ask", told, (text, *place), ask, output=OF_TURN), *(there if labelled else ())]


def _labelled(devices: Sequence[Device]) -> Mapping[str, Device]:
    """By name, by name and room where two share a name, and by id where that doesn't tell them apart either."""
    labelled: dict[str, Device] = {}
    alike = Counter(device.name.casefold() for device in devices)
    ids = {device.id for device in devices}
    for device in devices:
        # A name may be what another device has as its id, which is that one's alone.
        names = (device.name,) if alike[device.name.casefold()] == 1 else (f"{device.name} in {device.area}",)
        label = next((name for name in names if name not in labelled and name not in ids), device.id)
        labelled[label] = device
    return labelled
