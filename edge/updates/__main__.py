"""``python -m edge.updates``: root's part, as ``hearthside-update.service`` runs it, from the proven release.

It goes on with what a power cut interrupted, does what is asked for now, and ends.
"""

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import Final

import anyio
from msgspec.structs import replace

from edge.errors import AssistantError
from edge.updates import laying, versions, word
from edge.updates.exchange import Exchange, Rules
from edge.updates.places import OPT, Places, Spool
from edge.updates.systemd import Systemd
from edge.updates.word import Found, Request, Wish

_log = logging.getLogger("hearth")
_UMASK: Final = 0o022
"""The programs are for everybody to read; what is kept of the assistant is not here."""


async def work(places: Places, spool: Spool, exchange: Exchange) -> None:
    """What was interrupted, then requests, until there is no new one. Raises AssistantError, OSError."""
    await exchange.go_on()
    if (state := versions.state(places)).working:
        versions.keep(places, replace(state, working=False))  # it was interrupted
    while (request := _pending(places, spool)) is not None:
        # Once at most, whatever happens: who asked sees what became of it, and may ask again.
        begun = replace(versions.state(places), answers=request.ident, working=True, error="")
        versions.keep(places, begun)
        failed = ""
        try:
            await _do(request, places, spool, exchange)
        except (AssistantError, OSError) as error:
            failed = str(error)
            raise
        finally:
            versions.keep(places, replace(versions.state(places), working=False, error=failed))


async def _do(request: Request, places: Places, spool: Spool, exchange: Exchange) -> None:
    match request.wish:
        case Wish.APPLY:
            await _lay(request, places, spool)
        case Wish.SWITCH if request.release == versions.state(places).laid:
            await exchange.switch(request.release, request.failing)
        case Wish.ROLL_BACK:
            await exchange.roll_back()
        case Wish.SWITCH | Wish.CHECK:
            return


def _pending(places: Places, spool: Spool) -> Request | None:
    """What can be done now: not what is still being fetched, or only to be looked for."""
    request, found = word.taken(spool.request, Request), word.taken(spool.found, Found)
    if request is None or request.ident == versions.state(places).answers or request.wish is Wish.CHECK:
        return None
    fetched = found is not None and found.fetched and found.answers == request.ident
    return request if request.wish is not Wish.APPLY or fetched else None


async def _lay(request: Request, places: Places, spool: Spool) -> None:
    found = await anyio.to_thread.run_sync(laying.verified, request.channel, places, spool)
    await anyio.to_thread.run_sync(laying.lay, found, places, spool)
    now = replace(versions.state(places), laid=found.name)
    versions.keep(places, now)
    versions.prune(places, now)


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser("edge.updates")
    parser.add_argument("--opt", type=Path, default=OPT)
    parser.add_argument("--spool", type=Path, required=True)
    parser.add_argument("--well", type=float, default=Rules().well_s, metavar="SECONDS", help="how long a trial is")
    asked = parser.parse_args()
    os.umask(_UMASK)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    places, spool = Places(asked.opt), Spool(asked.spool)
    try:
        anyio.run(work, places, spool, Exchange(places, spool, Systemd(), Rules(well_s=asked.well)))
    except AssistantError as error:
        print(f"hearth: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"hearth: {error.filename}: {error.strerror} — see to the disk", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
