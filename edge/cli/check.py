"""``hearth check``: what works on this machine, and what does not."""

import datetime
import shutil
from collections.abc import Iterator
from typing import Any

from edge.app import models_of, open_house, sentence_files
from edge.audio.portaudio import Direction, PortAudio
from edge.cli.run import run_async
from edge.errors import AssistantError
from edge.settings import Settings
from edge.understand.grammar import own_sentences
from models.store import Store

_FREE_MB = 200
_EARLIEST = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
"""A board without a clock starts in 1970 or at its last shutdown; before this, the time is surely wrong."""
_BROKER_S = 3.0

Row = dict[str, Any]


def checks(settings: Settings) -> list[Row]:
    """A row for each check: check, ok, needed, found, remedy."""
    return [
        _audio("microphone", settings.audio.input, "input"),
        _audio("loudspeaker", settings.audio.output, "output"),
        _broker(settings),
        *_models(settings),
        *_sentences(settings),
        _disk(settings),
        _clock(),
        _row("cloud", False, "no bridge is configured", needed=False),
    ]


def _row(check: str, ok: bool, found: str, remedy: str = "", *, needed: bool = True) -> Row:
    return {"check": check, "ok": ok, "needed": needed, "found": found, "remedy": remedy}


def _audio(check: str, wanted: str, direction: Direction) -> Row:
    if wanted == "none":
        return _row(check, True, "switched off in the settings")
    try:
        return _row(check, True, PortAudio().name_of(wanted, direction))
    except AssistantError as error:
        return _row(check, False, error.what, error.remedy)


def _broker(settings: Settings) -> Row:
    where = f"{settings.mqtt.host}:{settings.mqtt.port}"

    async def count() -> int:
        async with open_house(settings) as house:
            await house.settled(_BROKER_S)
            return len(house.devices())

    try:
        return _row("broker", True, f"{where}, {run_async(count)} devices")
    except AssistantError as error:
        return _row("broker", False, error.what, error.remedy)


def _models(settings: Settings) -> Iterator[Row]:
    store = Store(settings.models_dir)
    for model, needed in models_of(settings).items():
        try:
            store.require(model)
            yield _row(f"model {model}", True, "installed", needed=needed)
        except AssistantError as error:
            yield _row(f"model {model}", False, error.what, error.remedy, needed=needed)


def _sentences(settings: Settings) -> Iterator[Row]:
    if not (files := sentence_files(settings)):
        return
    own = own_sentences(files, settings.understand.language)
    for mistake in own.mistakes:
        yield _row("sentences", False, str(mistake), "correct the line; the others work", needed=False)
    if not own.mistakes:
        yield _row("sentences", True, f"{len(files)} files, {len(own.intents)} intents of your own", needed=False)


def _disk(settings: Settings) -> Row:
    there = next(path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists())
    free = shutil.disk_usage(there).free // 2**20
    return _row("disk", free >= _FREE_MB, f"{free} MiB free", "" if free >= _FREE_MB else f"free {_FREE_MB} MiB")


def _clock() -> Row:
    now = datetime.datetime.now(datetime.UTC)
    ok = now >= _EARLIEST
    return _row(
        "clock", ok, now.isoformat(timespec="seconds"), "" if ok else "set the time, or enable NTP", needed=False
    )
