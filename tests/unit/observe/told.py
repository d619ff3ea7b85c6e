"""Events as an assistant would tell them."""

from typing import Any

from edge.events import Reply, Timings, TurnEnded
from edge.intents import Intent, OutcomeKind, Tier


def ended(turn: str = "t1", outcome: OutcomeKind = OutcomeKind.DONE, **other: Any) -> TurnEnded:
    """The end of a turn, by default of one that went well."""
    values: dict[str, Any] = {
        "at": 1.0, "text": "turn on the lamp", "language": "en", "intent": Intent("HassTurnOn", {"name": "Lamp"}),
        "tier": Tier.GRAMMAR, "confidence": 1.0, "actions": (), "reply": Reply(text="The lamp is on."),
        "timings": Timings(), "session": "s1",
    }  # fmt: skip
    return TurnEnded(turn=turn, outcome=outcome, **{**values, **other})
