"""What works on this machine, and what does not: ``hearth check``, and the running assistant's page."""

import datetime
import os
import shutil
from collections.abc import Iterator, Sequence
from typing import Any

import anyio
import anyio.to_thread

from cloud_sync.client.status import standing, waiting
from edge import plugins, swap
from edge.api.local_client import is_running
from edge.app import open_house, open_neighbours
from edge.assistant import Assistant
from edge.audio.health import Reading, read
from edge.audio.portaudio import PortAudio
from edge.audio.probe import recorded
from edge.board import model_name
from edge.board_profile import Kind, this_board
from edge.engines import models_of
from edge.errors import AssistantError, BrokerOffline, MicrophoneSilent, MicrophoneTooLoud, SettingsError
from edge.hardware.hid import speakerphones
from edge.home.house_file import read_house_file
from edge.identity import identity
from edge.mind import sentence_files
from edge.ports import Neighbour, Panel
from edge.pressure import watched
from edge.sections import MqttSettings
from edge.service import run_async
from edge.session.neighbours import collision
from edge.settings import Settings
from edge.settings_origins import Source, sources
from edge.settings_values import value_at
from edge.understand.sources import own_sentences
from models.store import Store

_FREE_MB = 200
_EARLIEST = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
"""A board without a clock starts in 1970 or at its last shutdown; before this, the time is surely wrong."""
_BROKER_S = 3.0
_NEIGHBOURS_S = 1.5
"""How long other assistants, on busy boards, may take to say that they are there."""
_LISTEN_S = 1.0
_CLIPPED = 0.001
"""More of a second at full scale than this, and the microphone is too loud."""
_OFFSET = 0.01
"""Less of an offset is not worth a word; more is taken out, and says something about the microphone."""

Row = dict[str, Any]


def checks(settings: Settings) -> list[Row]:
    """A row for each check: check, ok, needed, found, remedy."""
    in_use = is_running(settings.data_dir)
    return [
        _microphone(settings, in_use),
        _loudspeaker(settings.audio.output),
        _broker(settings),
        *_read_along(settings.mqtt),
        *_several(settings),
        *_of_files(settings, in_use),
    ]


async def live_checks(running: Assistant) -> list[Row]:
    """The same rows as the ``running`` assistant knows them, without opening anything that it uses."""
    settings = running.settings
    sound = await anyio.to_thread.run_sync(lambda: [_microphone(settings, True), _loudspeaker(settings.audio.output)])
    house, mqtt, neighbours = running.house, settings.mqtt, running.neighbours
    there = f"{mqtt.host}:{mqtt.port}, {len(house.devices())} devices"
    offline = BrokerOffline(f"there is no connection to the broker {mqtt.host}:{mqtt.port}", "see whether it runs")
    broker = _row("broker", True, there) if house.online else _row("broker", False, offline.what, offline.remedy)
    others = _neighbours(neighbours.me, [*neighbours.known(), *neighbours.collisions])
    return [*sound, broker, *_read_along(mqtt), *others, *await anyio.to_thread.run_sync(_of_files, settings, True)]


def _of_files(settings: Settings, in_use: bool) -> list[Row]:
    return [
        _board(settings),
        *_models(settings),
        *_sentences(settings),
        *_hardware(settings, in_use),
        _names(settings),
        _disk(settings),
        *_swap(),
        _clock(),
        _cloud(settings),
    ]


def _row(check: str, ok: bool, found: str, remedy: str = "", *, needed: bool = True) -> Row:
    return {"check": check, "ok": ok, "needed": needed, "found": found, "remedy": remedy}


def _microphone(settings: Settings, in_use: bool) -> Row:
    wanted = settings.audio.input
    if wanted == "none":
        return _row("microphone", True, "switched off in the settings")
    portaudio = PortAudio()
    try:
        name = portaudio.name_of(wanted, "input")
        if in_use:
            return _row("microphone", True, f"{name}, in use by the assistant that runs")
        reading = read(recorded(portaudio, wanted, _LISTEN_S))
    except AssistantError as error:
        return _row("microphone", False, error.what, error.remedy)
    if reading.still:
        silent = MicrophoneSilent(name)
        return _row("microphone", False, silent.what, silent.remedy)
    if reading.clipped > _CLIPPED:
        loud = MicrophoneTooLoud(name)
        return _row("microphone", False, f"{loud.what}: {_measured(reading)}", loud.remedy, needed=False)
    return _row("microphone", True, f"{name}: {_measured(reading)}")


def _measured(reading: Reading) -> str:
    parts = [f"{reading.level_dbfs:.0f} dBFS"]
    if abs(reading.offset) > _OFFSET:
        parts.append(f"offset {reading.offset:.0%}, which is taken out")
    if reading.clipped > _CLIPPED:
        parts.append(f"{reading.clipped:.0%} clipped")
    return ", ".join(parts)


def _loudspeaker(wanted: str) -> Row:
    if wanted == "none":
        return _row("loudspeaker", True, "switched off in the settings")
    try:
        return _row("loudspeaker", True, PortAudio().name_of(wanted, "output"))
    except AssistantError as error:
        return _row("loudspeaker", False, error.what, error.remedy)


def _broker(settings: Settings) -> Row:
    where = f"{settings.mqtt.host}:{settings.mqtt.port}"

    async def count() -> int:
        async with open_house(settings, visits=True) as house:
            await house.settled(_BROKER_S)
            return len(house.devices())

    try:
        return _row("broker", True, f"{where}, {run_async(count)} devices")
    except AssistantError as error:
        return _row("broker", False, error.what, error.remedy)


def _read_along(mqtt: MqttSettings) -> Iterator[Row]:
    """Where a password goes over the network as it is."""
    if mqtt.overheard:
        what = f"its password goes to {mqtt.host} unencrypted, for whoever reads along in the network"
        yield _row("broker's password", False, what, "set mqtt.tls, where the broker can", needed=False)


def _several(settings: Settings) -> Iterator[Row]:
    """The assistants that answer on the broker; none: no row."""

    async def ask() -> Sequence[Neighbour]:
        async with open_house(settings, visits=True) as house, anyio.create_task_group() as tasks:
            neighbours = open_neighbours(settings, house.post, answers=False)
            tasks.start_soon(neighbours.serve)
            await house.settled(_BROKER_S)
            there = await neighbours.survey(_NEIGHBOURS_S)
            tasks.cancel_scope.cancel()
        return there

    try:
        there = run_async(ask)
        me = Neighbour(identity(settings.data_dir), settings.mqtt.site, settings.area)
    except AssistantError:
        return  # the row of the broker says it
    yield from _neighbours(me, there)


def _neighbours(me: Neighbour, there: Sequence[Neighbour]) -> Iterator[Row]:
    for other in there:
        if other.site == me.site and other.id != me.id:
            what, _, remedy = collision(me, other).partition(" — ")
            yield _row("other assistants", False, what, remedy, needed=False)
    others = sorted(other.area or other.site for other in there if other.id != me.id)
    if others:
        yield _row("other assistants", True, ", ".join(others), needed=False)


def _board(settings: Settings) -> Row:
    """What it is taken for, and which settings come of that."""
    chosen = settings.board.profile
    kind = this_board() if chosen == "auto" else Kind(chosen)
    by = "by itself" if chosen == "auto" else "by board.profile"
    given = sorted(key for key, source in sources(settings).items() if source is Source.BOARD)
    now = settings.model_dump(mode="json")
    values = [f"{key} = {value_at(now, key)}" for key in given]
    found = f"{model_name()}: {kind.value}, {by}; {', '.join(values) or 'the defaults'}"
    if not watched(os.environ):
        return _row("board", True, f"{found}; the kernel does not tell when memory is short", needed=False)
    return _row("board", True, found, needed=False)


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


def _hardware(settings: Settings, in_use: bool) -> Iterator[Row]:
    hardware = settings.hardware
    if hardware.drivers and in_use:
        yield _row("hardware", True, "in use by the assistant that runs", needed=False)
        return
    for driver in hardware.drivers:
        try:
            panel: Panel = plugins.load("panel", driver)(hardware, lambda _: None)
            found = ", ".join(panel.found)
            panel.close()
            yield _row(f"hardware {driver}", True, found, needed=False)
        except AssistantError as error:
            # Without its mute switch it does not listen.
            needed = driver == "gpio" and hardware.mute_switch is not None
            yield _row(f"hardware {driver}", False, error.what, error.remedy, needed=needed)
    if hardware.hid == "none":
        for each in speakerphones():
            yield _row("hardware hid", True, f"{each.name}, not used: hardware.hid is none", needed=False)


def _names(settings: Settings) -> Row:
    """Needed, for the assistant does not start with a file that it would have to guess at."""
    path = settings.data_dir / "house.toml"
    try:
        house = read_house_file(path)
    except SettingsError as error:
        return _row("names", False, error.what, error.remedy)
    return _row("names", True, f"{len(house.devices)} devices and {len(house.areas)} rooms in {path.name}")


def _disk(settings: Settings) -> Row:
    there = next(path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists())
    free = shutil.disk_usage(there).free // 2**20
    return _row("disk", free >= _FREE_MB, f"{free} MiB free", "" if free >= _FREE_MB else f"free {_FREE_MB} MiB")


def _swap() -> Iterator[Row]:
    if places := swap.found():
        what = f"what is in memory, sound as well, may be written to {', '.join(places)}"
        yield _row("swap", False, what, "use zram alone, or none: docs/threats.md", needed=False)


def _cloud(settings: Settings) -> Row:
    """Not needed: what can be done here never waits for the bridge."""
    if settings.cloud.url is None:
        return _row("cloud", False, "no bridge is configured", needed=False)
    try:
        said = standing(settings.data_dir)
        waits = sum(waiting(settings.data_dir, said.acked).kinds.values())
    except AssistantError as error:
        return _row("cloud", False, error.what, error.remedy, needed=False)
    if not said.linked:
        found = f"no link to {settings.cloud.url}: {said.error or 'not tried yet'}; {waits} entries wait"
        return _row("cloud", False, found, "see `hearth sync status`", needed=False)
    return _row("cloud", True, f"{settings.cloud.url}, {waits} entries wait", needed=False)


def _clock() -> Row:
    now = datetime.datetime.now(datetime.UTC)
    ok = now >= _EARLIEST
    return _row(
        "clock", ok, now.isoformat(timespec="seconds"), "" if ok else "set the time, or enable NTP", needed=False
    )
