"""One tool, and what comes of calling it."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge.api.mcp.parameters import JsonSchema, Parameter, schema_of
from edge.events import TurnEnded, as_json
from edge.intents import OutcomeKind

_GONE_WELL = (OutcomeKind.DONE, OutcomeKind.QUEUED)
_NOT_ANSWERED = "Not done: a person has to say yes to this, to the assistant itself."


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose program asks."""

    name: str
    guest: bool = False
    """See :class:`edge.intents.Origin`."""

    @property
    def session(self) -> str:
        """A conversation that no person's words belong to."""
        return f"mcp-{hashlib.sha256(self.name.encode()).hexdigest()[:12]}"


LOCAL = Caller("local")
"""Whoever may use this machine's own socket."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    text: str
    """In words."""
    data: Mapping[str, Any]
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that a program can have done."""

    name: str
    about: str
    parameters: tuple[Parameter, ...]
    call: "Call" = field(repr=False)
    reads: bool = False
    """Whether it changes nothing."""
    output: JsonSchema | None = None
    """Of the data that come of it."""

    @property
    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "about": self.about,
            "input": schema_of(self.parameters),
            "reads": self.reads,
            "output": self.output,
        }


Call = Callable[[Mapping[str, Any], "Caller"], Awaitable[Result]]
"""With arguments that obey. Raises AssistantError."""

OF_TURN: JsonSchema = {
    "type": "object",
    "properties": {
        "outcome": {"type": "string", "enum": [kind.value for kind in OutcomeKind]},
        "said": {"type": "string"},
        "actions": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["outcome", "said", "actions"],
}
"""What a turn comes to: only what a device has confirmed is ``done``."""


def of_turn(turn: TurnEnded) -> Result:
    """What is told of ``turn``: no more than what the devices have confirmed."""
    row = as_json(turn)
    asked = turn.question is not None
    needs_person = asked and turn.question is not None and turn.question.slot is None
    text = f"{turn.reply.text} {_NOT_ANSWERED}" if needs_person else turn.reply.text
    data = {"outcome": row["outcome"], "said": text, "actions": row["actions"]}
    return Result(text, data, failed=turn.outcome not in _GONE_WELL or needs_person)
