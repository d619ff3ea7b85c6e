"""``house.toml`` written by voice and by hand: comments stay, a power cut leaves the old file or the new one."""

import logging
from collections.abc import Callable, Collection, MutableMapping
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.to_thread
import tomlkit
import tomlkit.items
from tomlkit.exceptions import TOMLKitError

from edge import atomic_file
from edge.devices import same_name
from edge.errors import SettingsError, StorageError
from edge.home.house_file import HouseFile, read_house_file
from edge.home.house_words import OF_DEVICES, ONE_ONLY, Word, words

_log = logging.getLogger(__name__)
_LOOK_S: Final = 2.0
"""How soon what a person wrote in the file is in force."""

Table = MutableMapping[str, Any]
_Stamp = tuple[int, int, int] | None


class HouseNames:
    """The one :class:`edge.ports.Naming`: devices' and rooms' entries in the file."""

    def __init__(
        self, path: Path, keys_of: Callable[[str], tuple[str, ...]], adopt: Callable[[HouseFile], None]
    ) -> None:
        """``keys_of``: by which keys the file may know the device of an id, the one to write first; ``adopt`` is
        given the file whenever it has changed. Raises SettingsError for a mistake in it.
        """
        self._path, self._keys_of, self._adopt = path, keys_of, adopt
        self._writing = anyio.Lock()
        self._stamp = self._stamped()
        adopt(read_house_file(path))

    async def follow(self) -> None:
        """See when somebody edits the file; runs until it is cancelled. A mistake in it leaves the last good one."""
        while True:
            await anyio.sleep(_LOOK_S)
            async with self._writing:
                self.look()

    def look(self) -> None:
        """Take over what has changed in the file since it was last read."""
        if (stamp := self._stamped()) == self._stamp:
            return
        self._stamp = stamp
        try:
            self._adopt(read_house_file(self._path))
        except SettingsError as error:
            _log.warning("%s; until then all stays as it was", error)

    async def call(self, device: str, name: str) -> None:
        """The device of that id is called ``name``, too. Raises SettingsError, StorageError."""

        def change(document: Table) -> None:
            names = self._entry(document, device).setdefault("names", tomlkit.array())
            if not any(same_name(known, name) for known in names):
                names.append(name)

        await self._change(change)

    async def uncall(self, device: str, name: str) -> bool:
        """It is no longer. Returns whether it was given that name here. Raises SettingsError, StorageError."""
        found = False

        def change(document: Table) -> None:
            nonlocal found
            found = _take_out(self._entry(document, device), name)

        await self._change(change)
        return found

    async def place(self, device: str, area: str) -> None:
        """It is in ``area``. Raises SettingsError, StorageError."""

        def change(document: Table) -> None:
            self._entry(document, device)["area"] = area

        await self._change(change)

    async def lift(self, area: str, floor: str) -> None:
        """The room ``area`` is on ``floor``. Raises SettingsError, StorageError."""

        def change(document: Table) -> None:
            _room(document, area)["floor"] = floor

        await self._change(change)

    # -- what the house's other assistants say -------------------------------------------------------------------

    @property
    def stamp(self) -> object:
        """Another one whenever the file is another one."""
        return self._stamped()

    def keys(self, thing: str) -> tuple[str, ...]:
        """By which keys the file may know the device that has this one, the most lasting first."""
        return self._keys_of(thing)

    def words(self) -> list[Word]:
        """What the file says. Raises SettingsError for a mistake in it."""
        return words(read_house_file(self._path))

    async def rewrite(self, put_in: Collection[Word], strike_out: Collection[Word]) -> None:
        """Have the file say it, and say it no longer. Raises SettingsError, StorageError."""

        def change(document: Table) -> None:
            for word in strike_out:
                self._strike_out(document, word)
            for word in put_in:
                self._put_in(document, word)

        await self._change(change)

    def _put_in(self, document: Table, word: Word) -> None:
        entry = self._entry(document, word.thing) if word.part in OF_DEVICES else _room(document, word.thing)
        if word.part in ONE_ONLY:
            entry[word.part] = word.name
        else:
            entry.setdefault("names", tomlkit.array()).append(word.name)

    def _strike_out(self, document: Table, word: Word) -> None:
        entry = self._entry(document, word.thing) if word.part in OF_DEVICES else _room(document, word.thing)
        if word.part in ONE_ONLY:
            if same_name(entry.get(word.part, ""), word.name):
                del entry[word.part]
        else:
            _take_out(entry, word.name)
        if not entry and word.part not in OF_DEVICES:
            del document["areas"][_key_of_room(document, word.thing)]

    # -- the file ------------------------------------------------------------------------------------------------

    def _entry(self, document: Table, device: str) -> Table:
        """The device's own table, under the key that it has there already, else under its first."""
        keys = self._keys_of(device)
        known = document.get("devices", {})
        if (key := next((key for key in keys if key in known), None)) is not None:
            return _table(document, "devices", key)
        entry = _table(document, "devices", keys[0])
        if isinstance(entry, tomlkit.items.Table) and keys[0] != keys[-1]:
            # A unique id outlives a new name, but tells a person nothing.
            entry.comment(keys[-1])
        return entry

    async def _change(self, change: Callable[[Table], None]) -> None:
        async with self._writing:
            stamp, file = await anyio.to_thread.run_sync(self._rewrite, change)
            self._stamp = stamp
            self._adopt(file)

    def _rewrite(self, change: Callable[[Table], None]) -> tuple[_Stamp, HouseFile]:
        read_house_file(self._path)  # a file with a mistake is the person's to correct, before anything is added to it
        try:
            text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
            document = tomlkit.parse(text)
            change(document)
            _drop_empty(document)
            written = tomlkit.dumps(document)
            if written != text:
                path = self._path.resolve()  # a link to a file elsewhere stays one
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic_file.replace(path, written.encode())
            return self._stamped(), read_house_file(self._path)
        except TOMLKitError as error:
            raise SettingsError(f"{self._path}: {error}", "correct the file's TOML", permanent=True) from None
        except OSError as error:
            raise StorageError(f"{self._path} can't be written: {error.strerror}", "see to its folder") from None

    def _stamped(self) -> _Stamp:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _table(document: Table, *path: str) -> Table:
    """The table at ``path``, made where there is none."""
    table = document
    for depth, key in enumerate(path):
        if key not in table:
            # Headers of tables that hold nothing but tables are left out: [devices."light.bed"] says it all.
            table[key] = tomlkit.table(is_super_table=depth < len(path) - 1)
        table = table[key]
    return table


def _room(document: Table, area: str) -> Table:
    return _table(document, "areas", _key_of_room(document, area))


def _key_of_room(document: Table, area: str) -> str:
    return next((name for name in document.get("areas", {}) if same_name(name, area)), area)


def _take_out(entry: Table, name: str) -> bool:
    """Whether it was among the names of ``entry``."""
    names = entry.get("names", [])
    gone = [number for number, known in enumerate(names) if same_name(known, name)]
    for number in reversed(gone):
        del names[number]
    if not names:
        entry.pop("names", None)
    return bool(gone)


def _drop_empty(document: Table) -> None:
    """Devices that nothing is said of any more."""
    devices = document.get("devices", {})
    for key in [key for key, entry in devices.items() if not entry]:
        del devices[key]
    if "devices" in document and not devices:
        del document["devices"]
