"""What `hearthside-update-fetch.service` does, as the assistant's user and with the network: one request, or once a day
what the settings want. Root's part comes after it.
"""

import time

import msgspec

from edge.errors import AssistantError
from edge.flags import Flag, percent_of
from edge.identity import identity
from edge.settings import Settings
from edge.updates import versions, word
from edge.updates.errors import UpdateError
from edge.updates.looking import Looked, Report, Source, fetch, look
from edge.updates.places import Places, Spool
from edge.updates.word import Found, Request, Wish
from models.store import Store


def source(settings: Settings) -> Source:
    """Where releases come from. Raises UpdateError where the settings name nothing."""
    if settings.update.url is None:
        raise UpdateError("no repository of releases is named", "set update.url: docs/updates.md", permanent=True)
    cap = percent_of(settings.data_dir, Flag.UPDATES)
    return Source(settings.update.url, settings.update.channel, identity(settings.data_dir), cap)


async def attend(settings: Settings, places: Places, spool: Spool) -> None:
    """Requests that nobody has worked on, else what is due by the settings. Raises AssistantError."""
    if (request := _pending(places, spool)) is None and (wish := _due(settings)) is not None:
        request = word.ask(spool, wish, settings.update.channel)
    while request is not None:
        try:
            await bring(request, settings, places, spool, lambda _: None)
        except AssistantError as error:
            left = word.taken(spool.found, Found) or Found(at=time.time())
            ended = msgspec.structs.replace(left, fetched=False, error=str(error), answers=request.ident)
            word.leave(spool.found, ended)
            raise
        if request.wish in (Wish.SWITCH, Wish.ROLL_BACK):
            return  # for root's part
        # One that came meanwhile has started nothing.
        request = _pending(places, spool)


def _pending(places: Places, spool: Spool) -> Request | None:
    request, found = word.taken(spool.request, Request), word.taken(spool.found, Found)
    # What was cut off goes on.
    done = (versions.state(places).answers, found.answers if found is not None and found.over else "")
    return request if request is not None and request.ident not in done else None


async def bring(request: Request, settings: Settings, places: Places, spool: Spool, report: Report) -> Looked | None:
    """What ``request`` needs of the network; None: nothing. Raises AssistantError."""
    match request.wish:
        case Wish.CHECK:
            return await look(source(settings), places, spool, request.ident)
        case Wish.APPLY:
            refused = () if request.by_person else versions.state(places).refused
            store = Store(settings.models_dir)
            return await fetch(
                source(settings), places, spool, store, report, request.ident,
                by_person=request.by_person, refused=refused,
            )  # fmt: skip
        case Wish.SWITCH | Wish.ROLL_BACK:
            return None


def _due(settings: Settings) -> Wish | None:
    if settings.update.url is None:
        return None
    return {"off": None, "check": Wish.CHECK, "apply": Wish.APPLY}[settings.update.auto]
