"""All who talk by network, and who may come back to what."""

import secrets
from typing import Final

from anyio.abc import TaskStatus

from edge.api.web.access import Person
from edge.api.web.voice.line import Line
from edge.api.web.voice.messages import Hello
from edge.assistant import Assistant

MOST: Final = 12
"""At a time; one that is away counts."""


class Lines:
    """Of one assistant."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._lines: dict[str, Line] = {}

    async def open(self, who: Person, hello: Hello) -> Line | None:
        """A new talker; None where there are too many."""
        if len(self._lines) >= MOST:
            return None
        line = Line(secrets.token_urlsafe(12), who, hello, self._assistant)
        self._lines[line.id] = line
        await self._assistant.tasks.start(self._serve, line)
        return line

    def find(self, who: Person, connection: str) -> Line | None:
        """The one that ``who`` comes back to; None where it is gone, or somebody else's."""
        line, same = self._lines.get(connection), (who.whose, who.role)
        return line if line is not None and line.who == same and not line.gone else None

    async def _serve(self, line: Line, *, task_status: TaskStatus[None]) -> None:
        self._assistant.clients["voice"] += 1
        try:
            await line.serve(task_status=task_status)
        finally:
            self._assistant.clients["voice"] -= 1
            del self._lines[line.id]
