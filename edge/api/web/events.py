"""``/v1/events``: all that happens, as it happens, over a WebSocket. What it says: docs/api.md, ``/asyncapi.json``.

A text frame holds one JSON object, or several, one a line.
"""

from http import HTTPStatus
from typing import Annotated, Any, Final

import anyio
from fastapi import APIRouter, Query, WebSocket
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from edge.api.web.access import Guest, Role
from edge.api.web.event_messages import Wish
from edge.api.web.feed import Feed, Follower, encode
from edge.api.web.problems import Refusal
from edge.assistant import Assistant

ALIVE_S: Final = 15.0
"""So often something is said, so that whoever hears nothing for twice as long knows that the line is dead."""
_SLOW_S: Final = 20.0
"""A client that takes nothing for so long is gone, or might as well be."""
_UNUSABLE: Final = 1003


def router(assistant: Assistant, feed: Feed) -> APIRouter:
    """Its route."""
    routes = APIRouter(prefix="/v1", tags=["events"])

    @routes.websocket("/events")
    async def events(
        socket: WebSocket,
        who: Guest,
        after: Annotated[int | None, Query(ge=0)] = None,
        start: Annotated[str | None, Query(max_length=64)] = None,
        devices: bool = False,
    ) -> None:
        """Goes on behind event ``after`` of that ``start`` of the assistant, else from now."""
        if assistant.clients["events"] >= assistant.settings.api.event_clients:
            what = f"{assistant.clients['events']} clients listen already"
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, what, code="too_many", remedy="close one of them")
        resumed = after is not None and start == feed.start and after <= feed.last
        follower = feed.follow(after if resumed else None, events=who.role >= Role.MEMBER)
        follower.watch(devices=devices)
        assistant.clients["events"] += 1
        try:
            await socket.accept()
            await socket.send_text(encode(_hello(feed, follower, who.role, resumed=resumed)))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_tell, socket, follower)
                await _hear(socket, follower)
                tasks.cancel_scope.cancel()
        except* (WebSocketDisconnect, TimeoutError):
            pass  # it has gone, or takes nothing any more
        finally:
            assistant.clients["events"] -= 1
            feed.leave(follower)

    return routes


def _hello(feed: Feed, follower: Follower, role: Role, *, resumed: bool) -> dict[str, Any]:
    return {
        "type": "hello",
        "start": feed.start,
        "n": follower.number,
        "resumed": resumed,
        "events": role >= Role.MEMBER,
        "devices": follower.devices,
    }


async def _tell(socket: WebSocket, follower: Follower) -> None:
    """Until the connection is lost."""
    while True:
        messages = await follower.next(ALIVE_S) or ['{"type":"alive"}']
        with anyio.fail_after(_SLOW_S):
            await socket.send_text("\n".join(messages))


async def _hear(socket: WebSocket, follower: Follower) -> None:
    """Until the client closes the connection, or says what makes no sense."""
    while True:
        try:
            wish = Wish.model_validate_json(await socket.receive_text())
        except (ValidationError, KeyError):
            await socket.close(_UNUSABLE, 'say {"devices": true}, or nothing')
            return
        follower.watch(devices=wish.devices)
        await socket.send_text(encode({"type": "watching", "devices": wish.devices}))
