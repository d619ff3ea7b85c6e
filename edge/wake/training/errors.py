"""What can be wrong with a request to train."""

from edge.errors import AssistantError


class TrainingError(AssistantError):
    """A wake word cannot be trained from what was given, or with what is installed."""

    code, stage = "training", "wake"
