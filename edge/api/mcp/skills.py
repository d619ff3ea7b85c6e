"""Tools of skills: of those that say themselves what they offer, and of timers and lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge.api.mcp.parameters import Parameter
from edge.api.mcp.tool import OF_TURN, Caller, Result, Tool, of_turn
from edge.assistant import Assistant
from edge.intents import Intent, SlotValue
from edge.ports import Catalogue, Offer


@dataclass(frozen=True, slots=True)
class _Known:
    """A tool for one intent, whose slots are its parameters."""

    name: str
    intent: str
    about: str
    parameters: tuple[Parameter, ...] = ()
    reads: bool = False


def _text(name: str, about: str, *, required: bool = True) -> Parameter:
    return Parameter(name, "string", about, required=required, most=200)


def _count(name: str, most: int) -> Parameter:
    return Parameter(name, "integer", required=False, least=0, most=most)


_TIMER: Final = _text("name", "which one, where it has a name", required=False)
_SPAN: Final = (_count("hours", 24), _count("minutes", 1440), _count("seconds", 86400))
_LIST: Final = _text("name", "the list; without it, the shopping list", required=False)
_ITEM: Final = _text("item", "what")
_KNOWN: Final = (
    _Known(
        "set_timer",
        "HassStartTimer",
        "Set a timer that rings here.",
        (*_SPAN, _text("name", "what for", required=False)),
    ),
    _Known("cancel_timer", "HassCancelTimer", "Cancel a timer.", (_TIMER,)),
    _Known("pause_timer", "HassPauseTimer", "Pause a timer.", (_TIMER,)),
    _Known("resume_timer", "HassUnpauseTimer", "Let a paused timer go on.", (_TIMER,)),
    _Known("timer_status", "HassTimerStatus", "How long timers still run.", (_TIMER,), reads=True),
    _Known("add_to_list", "HassListAddItem", "Add something to a list.", (_ITEM, _LIST)),
    _Known("tick_off_list", "HassListCompleteItem", "Tick something off on a list.", (_ITEM, _LIST)),
    _Known("remove_from_list", "HassListRemoveItem", "Take something off a list.", (_ITEM, _LIST)),
    _Known("read_list", "HearthListItems", "What is on a list.", (_LIST,), reads=True),
    _Known("read_lists", "HearthListNames", "Which lists there are.", reads=True),
)


def tools(assistant: Assistant) -> Sequence[Tool]:
    """Those of the skills that are there."""
    taken = {intent for skill in assistant.skills for intent in skill.intents}
    offers = [offer for skill in assistant.skills if isinstance(skill, Catalogue) for offer in skill.offers()]
    return [
        *(_tool(assistant, known) for known in _KNOWN if known.intent in taken),
        *(_tool(assistant, _offered(offer)) for offer in offers),
    ]


def _offered(offer: Offer) -> _Known:
    parameters = tuple(
        Parameter(each.name, each.kind, required=each.required, choices=each.choices)
        for each in offer.parameters
        if each.kind in ("string", "integer", "number", "boolean")
    )
    return _Known(offer.intent.replace(".", "_"), offer.intent, offer.about, parameters)


def _tool(assistant: Assistant, known: _Known) -> Tool:
    async def call(arguments: Mapping[str, Any], caller: Caller) -> Result:
        slots: dict[str, SlotValue] = dict(arguments)
        told = ", ".join(f"{name} {value}" for name, value in arguments.items())
        text = f"{known.name.replace('_', ' ')}: {told}" if told else known.name.replace("_", " ")
        return of_turn(
            await assistant.carry_out(text, [Intent(known.intent, slots)], session=caller.session, guest=caller.guest)
        )

    return Tool(known.name, known.about, known.parameters, call, known.reads, OF_TURN)
