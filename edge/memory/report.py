"""A turn as the bridge is told of it: what a person may ask for later, nothing that is empty, nothing twice.

A week of a house has thousands of turns, and may have to go through a link of 64 kbit/s.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from edge.devices import ActionReport
from edge.events import Timings, TurnEnded
from edge.intents import Intent

_PERCENT: Final = 100


def report(ended: TurnEnded) -> dict[str, Any]:
    """``id``, ``text`` and ``reply``; where there are any ``language``, ``intents``, ``tier``, ``sure`` (percent),
    ``outcome``, ``actions``, ``asked``, ``session``, ``ms`` (milliseconds by stage, whole).
    """
    intents = [_intent(each) for each in (ended.intent, *ended.further) if each is not None]
    known = {
        "id": bytes.fromhex(ended.turn) if _is_hex(ended.turn) else ended.turn,
        "text": ended.text,
        "reply": ended.reply.text,
        "language": ended.language,
        "intents": intents,
        "tier": ended.tier.value if ended.tier is not None else None,
        "sure": round(ended.confidence * _PERCENT),
        "outcome": ended.outcome.value,
        "actions": [_action(each) for each in ended.actions],
        "asked": ended.question.slot if ended.question is not None else None,
        "session": ended.session,
        "ms": _timings(ended.timings),
    }
    return {name: value for name, value in known.items() if value not in (None, "", [], {})}


def _intent(intent: Intent) -> list[Any]:
    """Its name, and its slots where there are any."""
    return [intent.name, dict(intent.slots)] if intent.slots else [intent.name]


def _action(action: ActionReport) -> list[Any]:
    """The device, what was asked of it, what became of that, milliseconds."""
    return [action.device, dict(action.command), action.confirmation.value, action.ms]


def _timings(timings: Timings) -> Mapping[str, int]:
    measured = {each.name.removesuffix("_ms"): getattr(timings, each.name) for each in fields(timings)}
    return {name: round(ms) for name, ms in measured.items() if ms is not None}


def _is_hex(text: str) -> bool:
    try:
        return bytes.fromhex(text).hex() == text
    except ValueError:
        return False
