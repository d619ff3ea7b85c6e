"""``/v1/privacy``: what is kept about the people of the house, taking it along, erasing it, and what may leave."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio.to_thread
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from cloud_sync.client.bridge_file import enrolled
from cloud_sync.client.compose import AssistantEnd, assistant_end
from cloud_sync.client.receipts import proofs
from edge.api.web.access import Owner
from edge.api.web.erasing import Erase, Erased, Eraser
from edge.api.web.feed import Feed
from edge.api.web.kept import Body
from edge.api.web.listing import Listed, Page, followed
from edge.assistant import Assistant
from edge.at_rest import DATABASE
from edge.memory import recordings
from edge.memory.episodes import Episodes
from edge.memory.facts import Facts
from edge.privacy.consent import Consents, Given, How, Purpose
from edge.privacy.kept import amounts, exported, moment, recorded


class Amount(Body):
    """How much there is of a kind."""

    kind: str
    count: int
    oldest: float | None
    """Seconds since the epoch; null: that is not known."""
    newest: float | None


class Consent(Body):
    """What was last said about a purpose."""

    purpose: Purpose
    allowed: bool
    since: float | None
    """Seconds since the epoch; null: nothing was ever said, which is a no."""
    how: str
    """`voice`, `cli` or `console`."""


class Kept(Body):
    """What is kept, and what may leave the house."""

    name: str | None
    """What the person is called who is spoken to; nobody is told apart by voice."""
    kept: list[Amount]
    turns_days: float
    """So long a turn is kept; 0: none is."""
    audio_days: float
    """So long the sound of a turn is kept; 0: none is."""
    bridge: str | None
    """Where things go that may leave the house; null: nowhere."""
    consents: list[Consent]


class Conversation(Body):
    """Turns that belong together."""

    session: str
    began: float
    """Seconds since the epoch."""
    ended: float
    turns: int
    text: str
    """What was said first."""


class Receipt(Body):
    """The bridge's word for what it has erased."""

    id: str
    at: str
    """When it did; while it waits, when it was asked for."""
    done: bool
    genuine: bool
    """Whether its signature is right."""
    erased: int
    """Entries."""
    statement: dict[str, Any]


class Allowed(Body):
    """What is said about a purpose."""

    allowed: bool


def router(assistant: Assistant, feed: Feed) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/privacy", tags=["privacy"])
    settings, storage = assistant.settings, assistant.storage
    data_dir, file = settings.data_dir, settings.data_dir / DATABASE
    end: AssistantEnd | None = assistant_end(settings)
    consents = Consents(storage, end.outbox if end is not None else None)
    eraser = Eraser(assistant, feed, end.erasures if end is not None else None)
    episodes = Episodes(storage, settings.memory.keep_turns_days)

    @routes.get("", summary="What is kept, and what may leave the house")
    async def kept(_: Owner) -> Kept:
        """How much of what, and since when."""
        name, memory = await Facts(storage).of("name"), assistant.settings.memory
        found = [
            Amount(kind=each.kind, count=each.count, oldest=each.oldest, newest=each.newest)
            for each in await storage.read(amounts)
        ]
        sounds, _size = await anyio.to_thread.run_sync(recordings.count, data_dir / recordings.FOLDER)
        if sounds:
            found.append(Amount(kind="recordings", count=sounds, oldest=None, newest=None))
        return Kept(
            name=name.text if name is not None else None,
            kept=found,
            turns_days=memory.keep_turns_days,
            audio_days=memory.keep_audio_days,
            bridge=settings.cloud.url,
            consents=[_consent(each) for each in await consents.all()],
        )

    @routes.get("/conversations", summary="What was said, by conversation")
    async def conversations(asked: Listed, _: Owner) -> Page[Conversation]:
        """The latest first."""
        found = await episodes.sessions(asked.limit + 1, asked.key(float))
        some = [
            Conversation(session=each.id, began=each.began, ended=each.ended, turns=each.turns, text=each.text)
            for each in found
        ]
        items, after = followed(some, lambda each: each.ended, asked)
        return Page(items=items, next=after)

    @routes.get("/export", summary="All that is kept, in one file", response_class=StreamingResponse)
    async def export(_: Owner, local: bool = False) -> StreamingResponse:
        """A JSON object: every row of every table, by its name, and under `bridge` what the bridge has of this house;
        with `local=true` without that.
        """
        there = None if local else await anyio.to_thread.run_sync(_there, data_dir, settings.cloud.ca_file)
        further = [("recordings", recorded(data_dir)), *([] if there is None else [("bridge", there)])]
        text: Iterator[str] = exported(file, further)
        name = f"hearthside-{datetime.datetime.now().astimezone():%Y-%m-%d}.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(text, media_type="application/json", headers=headers)

    @routes.post("/erase", summary="Erase")
    async def erase(wanted: Erase, _: Owner) -> Erased:
        """For good: overwritten in the file; on the bridge and on the house's other assistants, too."""
        return await eraser.erase(wanted)

    @routes.get("/receipts", summary="What the bridge has erased")
    async def receipts(_: Owner) -> Page[Receipt]:
        """The oldest first, those last that wait for a link; their signatures are checked each time."""
        bridge = await anyio.to_thread.run_sync(enrolled, data_dir)
        public = bridge.public if bridge is not None else b""
        found = await storage.read(lambda connection: proofs(connection, public))
        return Page(
            items=[
                Receipt(
                    id=each.id,
                    at=moment(each.at_ms / 1000),
                    done=each.done,
                    genuine=each.genuine,
                    erased=sum(each.said.get("erased", {}).values()),
                    statement=each.said,
                )
                for each in found
            ]
        )

    @routes.put("/consents/{purpose}", summary="Say what may leave the house")
    async def say(purpose: Purpose, wanted: Allowed, _: Owner) -> Consent:
        """From now on. A no takes back what was not sent yet."""
        await consents.say(purpose, How.CONSOLE, yes=wanted.allowed)
        return next(_consent(each) for each in await consents.all() if each.purpose is purpose)

    return routes


def _there(data_dir: Path, ca_file: Path | None) -> list[dict[str, Any]] | None:
    """As :func:`cloud_sync.client.requests.kept_there`, whose HTTP client is large and wanted by this alone."""
    from cloud_sync.client.requests import kept_there

    return kept_there(data_dir, ca_file)


def _consent(given: Given) -> Consent:
    return Consent(purpose=given.purpose, allowed=given.allowed, since=given.at or None, how=given.how)
