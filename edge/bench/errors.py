"""What can keep a benchmark from running."""

from typing import Final

from edge.errors import AssistantError

UNREADABLE: Final = 3
"""Exit code of an engine's server that cannot be imported, or cannot load the model it was given."""


class BenchError(AssistantError):
    """A system under measurement did not start or answer, or the bench lacks something."""

    code, stage = "bench", "bench"


class Unreadable(BenchError):
    """An engine was given a model that is not of its format, or lacks a package."""

    code = "unreadable"
