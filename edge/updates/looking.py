"""Looking for a release and fetching it, without any rights: nobody believes what it brings before it is verified."""

import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import anyio.to_thread
import httpx
import msgspec

from edge.errors import ModelError
from edge.updates import packs, release, rollout, versions, word
from edge.updates.errors import UpdateError, UpdateRefused
from edge.updates.lock import alone
from edge.updates.network import HttpFetcher
from edge.updates.places import Places, Spool
from edge.updates.plain import open_plain
from edge.updates.release import Pack, Release
from edge.updates.trust import Trust
from edge.updates.word import Found
from models import commands, manifest
from models.fetch import Wanted, client, download
from models.progress import Tally
from models.store import Condition, Store

_MANIFEST: Final = "site-packages/models/manifest.toml"
Report: TypeAlias = Callable[[Found], None]


@dataclass(frozen=True, slots=True)
class Source:
    """Where releases come from."""

    url: str
    channel: str
    device: str
    """Which draws a lot in a rollout."""
    cap: float = rollout.ALL
    """Percent of devices that may take one by themselves, by somebody else than who publishes it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What is there."""

    found: Found
    release: Release | None
    """None: nothing newer."""
    mine: bool = False
    """Whether this device may take it by itself."""


async def look(source: Source, places: Places, spool: Spool, answers: str = "") -> Looked:
    """See what is newest, and leave word of it. Raises UpdateError, UpdateRefused."""
    with alone(spool), client(None) as http:
        looked = await anyio.to_thread.run_sync(_look, source, places, spool, http, answers)
        word.leave(spool.found, looked.found)
        return looked


async def fetch(
    source: Source,
    places: Places,
    spool: Spool,
    models: Store,
    report: Report,
    answers: str = "",
    *,
    by_person: bool,
    refused: Collection[str] = (),
) -> Looked:
    """Bring all of what is newest here: what is here already, in the current release or from the last time, is not
    fetched again. ``report`` is told how far it is. ``by_person``: its lot does not matter. ``refused``: releases that
    are not fetched. Raises UpdateError, UpdateRefused.
    """
    with alone(spool), client(None) as http:
        looked = await anyio.to_thread.run_sync(_look, source, places, spool, http, answers)
        if looked.release is None or not (looked.mine or by_person) or looked.release.name in refused:
            word.leave(spool.found, looked.found)
            return looked
        found = await anyio.to_thread.run_sync(
            _fetch, looked.release, looked.found, source, places, spool, models, http, report
        )
        word.leave(spool.found, found)
        report(found)
        return Looked(found, looked.release, looked.mine)


def _look(source: Source, places: Places, spool: Spool, http: httpx.Client, answers: str) -> Looked:
    here = versions.installed(places)
    trust = Trust(spool.metadata, places.anchor, HttpFetcher(http), source.url)
    trust.refresh()
    path = release.target(source.channel, platform.machine(), release.python())
    offer = trust.offer(path)
    if offer is None:
        what = f"the channel {source.channel} has nothing for {platform.machine()} and Python {release.python()}"
        raise UpdateError(what, "see update.channel", permanent=True)
    trust.fetch(offer, spool.release)
    _open_up(spool)
    newest = release.read_for_this_machine(spool.release.read_bytes())
    if release.number(newest.name) <= release.number(here):
        return Looked(Found(at=time.time(), answers=answers), None)
    percent = min(offer.rollout, source.cap)
    found = Found(at=time.time(), release=newest.name, rollout=percent, answers=answers)
    return Looked(found, newest, mine=rollout.drawn(source.device, newest.name, percent))


def _fetch(
    newest: Release,
    found: Found,
    source: Source,
    places: Places,
    spool: Spool,
    models: Store,
    http: httpx.Client,
    report: Report,
) -> Found:
    wanted = packs.needed(newest, places.current)
    progress = _Progress(spool, found, report, sum(pack.size for pack in wanted))
    _clear(spool, wanted)
    _check_room(newest, wanted, places, spool)
    for pack in wanted:
        _fetch_pack(pack, source, spool, http, progress)
    _fetch_models(newest, source, places, spool, models, progress)
    return progress.now(fetched=True)


def _fetch_pack(pack: Pack, source: Source, spool: Spool, http: httpx.Client, progress: "_Progress") -> None:
    target = spool.packs / pack.sha256
    if not _is_whole(target, pack):
        url = f"{source.url.rstrip('/')}/targets/{release.pack_path(pack)}"
        try:
            download(
                http, url, target, Wanted(pack.name, pack.size, pack.sha256),
                lambda done: progress.at(pack.name, done, pack.size),
            )  # fmt: skip
        except ModelError as error:  # it says so of whatever it brings
            raise UpdateError(error.what, "it is tried again, and goes on where it stopped") from error
    target.chmod(0o640)
    progress.at(pack.name, pack.size, pack.size)


def _is_whole(target: Path, pack: Pack) -> bool:
    """By every byte: a card forgets, and what root's part refuses would be refused each time."""
    try:
        with open_plain(target) as here:
            packs.check(here, pack)
    except (OSError, UpdateRefused):
        return False
    return True


def _fetch_models(
    newest: Release, source: Source, places: Places, spool: Spool, models: Store, progress: "_Progress"
) -> None:
    """Those that are new in the release, and what it changes of those that are here, before it takes the place. What
    the current release has by default and this board has not, it does not need: a voice of another language.
    """
    if (listed := _listed(newest, places, spool)) is None:
        return
    store = Store(models.root, listed)
    here = {model.id for model in models.manifest.models if models.inspect(model)[0] is Condition.OK}
    new = {model.id for model in listed.models if model.default} - {model.id for model in models.manifest.models}
    wanted = [model.id for model in listed.models if not model.bundled and model.id in here | new]
    try:
        commands.fetch(wanted, store, progress, f"{source.url.rstrip('/')}/targets/models")
    except ModelError as error:
        raise UpdateError(error.what, error.remedy) from error


def _listed(newest: Release, places: Places, spool: Spool) -> manifest.Manifest | None:
    """The models that the new release knows; None where they are those of the current one, or it has no list."""
    pack, file = next(
        ((pack, file) for pack in newest.packs for file in pack.files if file.path.endswith(_MANIFEST)), (None, None)
    )
    if pack is None or file is None or packs.has(places.current, file):
        return None
    with open_plain(spool.packs / pack.sha256) as packed, tempfile.NamedTemporaryFile(dir=spool.folder) as copy:
        for each, blocks in packs.unpacked(packed, pack):
            for block in blocks:
                if each is file:
                    copy.write(block)
        copy.flush()
        return manifest.load(Path(copy.name))


def _clear(spool: Spool, wanted: list[Pack]) -> None:
    """What belongs to another release is not needed any more: the disk is never filled by trying."""
    keep = {pack.sha256 for pack in wanted}
    for path in spool.packs.iterdir():
        if path.name.partition(".")[0] not in keep:
            path.unlink()


def _check_room(newest: Release, wanted: list[Pack], places: Places, spool: Spool) -> None:
    """Room for the packs and for their files: those that stay the same take none. Raises UpdateError."""
    here = sum(path.stat().st_size for path in spool.packs.iterdir())
    packed = max(0, sum(pack.size for pack in wanted) - here)
    for folder, size in ((spool.folder, packed), (places.releases, sum(pack.content for pack in wanted))):
        free = shutil.disk_usage(folder).free
        if free < size + release.RESERVE:
            what = f"{newest.version} needs {size / 1e6:.0f} MB at {folder}, where {free / 1e6:.0f} MB are free"
            raise UpdateError(what, "free some space")


def _open_up(spool: Spool) -> None:
    """For root's part, which may no more than any member of the group: the library writes for its user alone."""
    for path in (spool.release, *spool.metadata.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o750 if path.is_dir() else 0o640)


class _Progress(Tally):
    """Tells how far it is: to whoever waits, and in a file to whoever looks."""

    _EVERY_S: Final = 1.0

    def __init__(self, spool: Spool, found: Found, report: Report, size: int) -> None:
        super().__init__()
        self._spool, self._found, self._report = spool, found, report
        self.planned = size
        self._told = float("-inf")

    def plan(self, size: int) -> None:
        """``size``: bytes of models, beside the packs."""
        super().plan(self.planned + size)

    def at(self, name: str, done: int, size: int) -> None:
        """``done`` of ``size`` bytes of the file ``name`` are here."""
        super().at(name, done, size)
        if time.monotonic() - self._told >= self._EVERY_S:
            self._told = time.monotonic()
            now = self.now(fetched=False)
            word.leave(self._spool.found, now)
            self._report(now)

    def now(self, *, fetched: bool) -> Found:
        """How far it is."""
        done = self.planned if fetched else min(self.done, self.planned)
        return msgspec.structs.replace(self._found, size=self.planned, done=done, fetched=fetched)
