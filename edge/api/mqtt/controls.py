"""What can be set from outside: the microphone's switch and the volume."""

import math
from collections.abc import Callable

from edge.api.mqtt.board import Board
from edge.api.mqtt.inbox import Refused, text_of
from edge.assistant import Assistant
from edge.ports import Taken


class Controls:
    """The command topics. What became of a command shows on the state's topic."""

    def __init__(self, assistant: Assistant, board: Board, base: str, changed: Callable[[], None]) -> None:
        """``changed`` is called when something was set."""
        self._assistant, self._board, self._changed = assistant, board, changed
        self._listening, self._volume = f"{base}/listening/set", f"{base}/volume/set"

    @property
    def topics(self) -> list[str]:
        """What to listen to."""
        return [self._listening, self._volume]

    async def take(self, taken: Taken) -> None:
        """Raises Refused, StorageError."""
        text = text_of(taken.payload)
        if taken.topic == self._listening:
            if text.upper() not in ("ON", "OFF"):
                raise Refused("it is neither ON nor OFF")
            self._assistant.listening.set(text.upper() == "ON")
        else:
            await self._assistant.set_volume(_percent(text))
        self._changed()

    async def take_status(self, taken: Taken) -> None:
        """Home Assistant has started: it may have forgotten everybody."""
        if taken.payload == b"online":
            self._board.tell_again()


def _percent(text: str) -> int:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 100:  # noqa: PLR2004  # percent
        raise Refused("it is no number from 0 to 100")
    return round(number)
