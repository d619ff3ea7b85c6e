"""What filling a label's slots gives."""

from collections.abc import Callable
from dataclasses import dataclass

from edge.intents import Intent
from edge.understand.semantic.places import Said


@dataclass(frozen=True, slots=True)
class Filled:
    """An intent and how sure its slots are."""

    intent: Intent
    certainty: float = 1.0
    """0–1; multiplies the label's probability."""
    at_most: float = 1.0
    """The most confidence, whatever the label's."""


Fill = Callable[[Said], Filled | None]
"""None: what is needed was not said."""
