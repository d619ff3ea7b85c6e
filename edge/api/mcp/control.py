"""Tools that command devices: made from what there is in the house, in the language of calls of the local model."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from edge.api.mcp.parameters import Parameter
from edge.api.mcp.tool import OF_TURN, Caller, Result, Tool, of_turn
from edge.assistant import Assistant
from edge.understand.llm_calls import Call, Target, choices, intent_of, targets
from edge.understand.llm_verbs import COLORS, MODES, WHITES, Verb

_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "on": ("turn_on", "Turn something on."),
    "off": ("turn_off", "Turn something off."),
    "toggle": ("toggle", "Turn something on that is off, or off that is on."),
    "open": ("open", "Open a blind, a curtain, a door, a valve."),
    "close": ("close", "Close a blind, a curtain, a door, a valve."),
    "stop": ("stop", "Stop what is moving."),
    "lock": ("lock", "Lock a door."),
    "unlock": ("unlock", "Unlock a door. The person may have to give a PIN."),
    "start": ("start_cleaning", "Send a vacuum cleaner off."),
    "dock": ("dock", "Send a vacuum cleaner home."),
    "activate": ("activate", "Set a scene, or press a button."),
    "brightness": ("set_brightness", "Set how bright a light is."),
    "brighter": ("brighten", "Make a light brighter than it is."),
    "dimmer": ("dim", "Make a light less bright than it is."),
    "color": ("set_color", "Give a light a colour."),
    "white": ("set_white", "Make a light white: warm, cool or like daylight."),
    "position": ("set_position", "Open something so far: 0 is closed, 100 open."),
    "speed": ("set_fan_speed", "Set how fast a fan turns."),
    "faster": ("speed_up_fan", "Make a fan turn faster than it does."),
    "slower": ("slow_down_fan", "Make a fan turn slower than it does."),
    "temperature": ("set_temperature", "Set the temperature that a thermostat is to reach."),
    "warmer": ("warm_up", "Raise the temperature that a thermostat is to reach."),
    "cooler": ("cool_down", "Lower the temperature that a thermostat is to reach."),
    "mode": ("set_mode", "Set how a room is heated or cooled."),
}
"""By verb; those that are missing are no commands."""
_VALUES: Final[Mapping[str, Parameter]] = {
    "percent": Parameter("value", "integer", "percent", least=0, most=100),
    "degrees": Parameter("value", "number", "degrees, in halves", least=1, most=99.5),
    "color": Parameter("value", "string", choices=COLORS),
    "white": Parameter("value", "string", choices=tuple(WHITES)),
    "mode": Parameter("value", "string", choices=tuple(MODES)),
}
_STEP: Final = Parameter("by", "integer", "how far: percent, or degrees", required=False, least=1, most=100)


def tools(assistant: Assistant) -> Sequence[Tool]:
    """One for each verb that something in the house obeys."""
    devices = assistant.house.devices()
    known = targets(devices, devices, assistant.house.floors())
    return [_tool(assistant, verb, fit) for verb, fit in choices(known) if verb.word in _NAMES]


def _tool(assistant: Assistant, verb: Verb, fit: Sequence[Target]) -> Tool:
    name, about = _NAMES[verb.word]
    by_label = {target.label: target for target in fit}

    async def call(arguments: Mapping[str, Any], caller: Caller) -> Result:
        value = arguments.get("value", arguments.get("by"))
        said = None if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)
        wanted = Call(verb, by_label[arguments["target"]], said)
        return of_turn(
            await assistant.carry_out(
                f"{name.replace('_', ' ')}: {wanted}", [intent_of(wanted)], session=caller.session, guest=caller.guest
            )
        )

    what = Parameter("target", "string", "what there is, or all of a kind", choices=tuple(by_label))
    further = (_STEP,) if verb.step else (_VALUES[verb.value],) if verb.value else ()
    return Tool(name, about, (what, *further), call, output=OF_TURN)
