"""The assistant's states, from its events to their topics."""

import json
import logging
import time
from collections.abc import Sequence
from typing import Final

import anyio

from edge.api.mqtt.board import Board
from edge.assistant import Assistant
from edge.errors import StorageError
from edge.events import AnyEvent, TurnEnded
from edge.ports import Countdown, Countdowns
from edge.session.phase import Status, after

_log = logging.getLogger(__name__)
_LOOK_S: Final = 30.0
"""How soon a wall clock that was put right shows in the ends of timers."""
_MOVED_S: Final = 2.0


class Presence:
    """Follows the events, and writes on the board what they change. It never waits for the broker."""

    def __init__(self, assistant: Assistant, board: Board, base: str, words: str) -> None:
        """``base``: the topic above all others; ``words``: as in ``mqtt.words``."""
        self._assistant, self._board, self._base, self._words = assistant, board, base, words
        self._status = Status(listening=assistant.listening.on)
        if words == "none":
            self._put("last_heard", "")
            self._put("last_answer", "")
        self.look()

    async def follow(self) -> None:
        """Runs until it is cancelled."""
        with self._assistant.bus.subscribe(listener="presence") as events:
            while True:
                self._take(await events.next())

    async def follow_countdowns(self, source: Countdowns) -> None:
        """Runs until it is cancelled. Storage that can't be read is reported, and ends it."""
        change, shown = -1, None
        try:
            while True:
                with anyio.move_on_after(_LOOK_S) as looked:
                    change, running = await source.countdowns(change)
                if looked.cancelled_caught:
                    change, running = await source.countdowns(-1)
                if shown is None or not looked.cancelled_caught or _moved(shown, running):
                    self._put("timers", json.dumps([_row(countdown) for countdown in running], ensure_ascii=False))
                    shown = running
        except StorageError as error:
            _log.warning("timers are not shown: %s", error)

    def look(self) -> None:
        """Show what others may have changed: phase, microphone and volume as they are now."""
        loudness = self._assistant.loudness
        self._put("phase", self._status.phase.value)
        self._put("listening", "ON" if self._assistant.listening.on else "OFF")
        self._put("volume", str(0 if loudness.muted else round(loudness.volume * 100)))

    def _take(self, event: AnyEvent) -> None:
        self._status = after(self._status, event)
        self.look()
        if isinstance(event, TurnEnded) and event.text:
            self._tell_words(event)
            if (latency := event.timings.first_audio_ms) is not None:
                self._put("latency", str(round(latency)))

    def _tell_words(self, turn: TurnEnded) -> None:
        if self._words == "none":
            return
        for topic, text in (("last_heard", turn.text), ("last_answer", turn.reply.text)):
            self._put(topic, text, retain=self._words == "kept")

    def _put(self, topic: str, payload: str, *, retain: bool = True) -> None:
        self._board.put(f"{self._base}/{topic}", payload, retain=retain)


def _row(countdown: Countdown) -> dict[str, object]:
    return {
        "id": countdown.id,
        "name": countdown.name,
        "area": countdown.area,
        "ends_at": None if countdown.ends_at is None else round(countdown.ends_at, 1),
        "left_s": round(countdown.left_s, 1),
        "state": countdown.state.value,
    }


def _moved(before: Sequence[Countdown], now: Sequence[Countdown]) -> bool:
    """Whether the wall clock was put right between the two."""
    ends = {countdown.id: countdown.ends_at or time.time() for countdown in before}
    return any(
        abs(ends.get(countdown.id, 0) - countdown.ends_at) > _MOVED_S
        for countdown in now
        if countdown.ends_at is not None
    )
