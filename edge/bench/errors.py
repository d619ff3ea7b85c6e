"""What can keep a benchmark from running."""

from edge.errors import AssistantError


class BenchError(AssistantError):
    """A system under measurement did not start or answer, or the bench lacks something."""

    code, stage = "bench", "bench"
