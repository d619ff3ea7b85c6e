"""``/v1/now``: what the assistant does and hears at this moment; and to press its button, mute it, let it speak.

Over the WebSocket messages come ten times a second at most, and only when they would be others than the last: one, or
one for each phase since then, so that no phase is missed. What it hears is only looked at while somebody looks on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Final

import anyio
from fastapi import APIRouter, WebSocket
from pydantic import Field
from starlette.websockets import WebSocketDisconnect

from edge.api.web.access import Guest, Member
from edge.api.web.bodies import Body
from edge.api.web.problems import Refusal
from edge.assistant import Assistant
from edge.intents import Phrase
from edge.session.phase import Phase
from edge.wake.gauge import Reading

_EVERY_S: Final = 0.1
_SLOW_S: Final = 20.0
"""A client that takes nothing for so long is gone."""


class Word(Body):
    """A wake word."""

    threshold: float
    """The score from which on it counts."""
    score: float
    """The most since the last message, 0–1."""


class Now(Body):
    """How it is now."""

    phase: Phase
    listening: bool
    """Whether the microphone is on."""
    locked: bool
    """Whether the device's own mute switch is off: then nothing else turns the microphone on."""
    hears: bool
    """Whether there is a microphone at all."""
    speaks: bool
    """Whether there is a loudspeaker."""
    level_db: float | None = None
    """How loud it is, dB of full scale (−100–0); null: no sound comes in, or nobody has looked on."""
    peak_db: float | None = None
    words: dict[str, Word] = Field(default_factory=dict)
    keep_turns_days: float
    """How long turns are kept; 0: they are not."""


class Switch(Body):
    """The microphone's."""

    on: bool


class Announcement(Body):
    """Something to be said aloud."""

    text: Annotated[str, Field(min_length=1, max_length=1000, examples=["Dinner is ready."])]
    everywhere: bool = False
    """Also by the house's other assistants."""


class _View:
    """What one client sees."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant, self._changes = assistant, assistant.recent.changes
        self._count = assistant.gauge.count - 1

    def look(self) -> list[Now]:
        """How it is, last, behind the phases that have passed since the last look."""
        recent = self._assistant.recent
        phases = recent.phases(self._changes)
        self._changes = recent.changes
        now = self._now()
        return [now.model_copy(update={"phase": phase}) for phase in phases]

    def _now(self) -> Now:
        assistant, gauge = self._assistant, self._assistant.gauge
        reading: Reading | None = None
        if gauge.count != self._count:
            reading = gauge.read(self._count)
            self._count = gauge.count
        scores = reading.scores if reading is not None else {}
        return Now(
            phase=assistant.recent.status.phase,
            listening=assistant.listening.on,
            locked=assistant.listening.locked,
            hears=assistant.hears,
            speaks=assistant.voice is not None,
            level_db=round(reading.level_db, 1) if reading is not None else None,
            peak_db=round(reading.peak_db, 1) if reading is not None else None,
            words={
                word: Word(threshold=threshold, score=round(scores.get(word, 0.0), 3))
                for word, threshold in gauge.thresholds.items()
            },
            keep_turns_days=assistant.settings.memory.keep_turns_days,
        )


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1", tags=["now"])

    @routes.get("/now", summary="What it does at this moment")
    async def now(_: Member) -> Now:
        return _View(assistant).look()[-1]

    @routes.websocket("/now")
    async def watch(socket: WebSocket, _: Member) -> None:
        await socket.accept()
        with _looking_on(assistant):
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_tell, socket, assistant)
                    # Nothing is expected of the client but that it goes.
                    while (await socket.receive())["type"] != "websocket.disconnect":
                        pass
                    tasks.cancel_scope.cancel()
            except* (WebSocketDisconnect, TimeoutError):
                pass  # it has gone, or takes nothing any more

    @routes.put("/listening", summary="Switch the microphone on or off")
    async def listening(switch: Switch, _: Member) -> Switch:
        assistant.listening.set(switch.on)
        if assistant.listening.on is not switch.on:
            what = "the microphone is off by the device's own switch"
            raise Refusal(HTTPStatus.CONFLICT, what, code="locked", remedy="move that switch")
        return switch

    @routes.post("/press", status_code=HTTPStatus.NO_CONTENT, summary="Press the button")
    async def press(_: Guest) -> None:
        """What rings or speaks unasked is stopped; else it listens, as after a wake word."""
        if not assistant.hears and assistant.announcer.ringing is None:
            what = "it has no microphone, and nothing rings"
            raise Refusal(HTTPStatus.CONFLICT, what, code="no_microphone", remedy="talk to it on the page Talk")
        await assistant.press()

    @routes.post("/say", status_code=HTTPStatus.NO_CONTENT, summary="Say something aloud")
    async def say(announcement: Announcement, _: Member) -> None:
        """Returns when it was heard; other rooms are told and not waited for."""
        if announcement.everywhere:
            await assistant.house.post.publish("hearthside/all/say", announcement.text)
            return
        if assistant.voice is None:
            raise Refusal(
                HTTPStatus.CONFLICT, "there is no loudspeaker", code="no_loudspeaker", remedy="set audio.output"
            )
        await assistant.announcer.announce(Phrase("broadcast_plain", {"message": announcement.text}), None)

    return routes


@contextmanager
def _looking_on(assistant: Assistant) -> Iterator[None]:
    assistant.clients["now"] += 1
    try:
        with assistant.gauge.watched():
            yield
    finally:
        assistant.clients["now"] -= 1


async def _tell(socket: WebSocket, assistant: Assistant) -> None:
    """Until the connection is lost."""
    view, told = _View(assistant), ""
    while True:
        for message in [now.model_dump_json() for now in view.look()]:
            if message != told:
                told = message
                with anyio.fail_after(_SLOW_S):
                    await socket.send_text(message)
        await anyio.sleep(_EVERY_S)
