"""All that is kept, in one file that only the passphrase opens, for another board or another card.

The file: the magic, the parameters of Argon2id (RFC 9106) and its salt, then frames of at most 1 MiB, each AES-256-GCM
(NIST SP 800-38D) with its number as the nonce, and whether it is the last as associated data: what is cut short, turned
around or changed does not open (the STREAM construction, https://eprint.iacr.org/2015/189). Inside is a tar archive.
"""

import io
import os
import secrets
import shutil
import struct
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import apsw
from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge import at_rest, atomic_file
from edge.at_rest import DATABASE
from edge.errors import StorageError

_MAGIC: Final = b"HEARTHSIDE1\n"
_HEAD: Final = struct.Struct(">III16s")
"""Argon2id's time cost, memory in KiB, lanes; salt."""
_COST: Final = (3, 64 * 1024, 2)
"""RFC 9106's second choice, with half its lanes: about two seconds on the smallest board."""
_MOST: Final = (16, 96 * 1024, 16)
"""A file that asks for more is none of ours, and would take all the memory of a small board."""
_FRAME: Final = 1024 * 1024
_TAG: Final = 16
_KEY: Final = "data.key"
_LEFT_OUT: Final = frozenset({"cache", "llm", "models", "logs", _KEY, f"{_KEY}.id", "hearth.sock", "sync.sock"})
"""What is made anew, belongs to the machine, or goes by itself."""
_SETTINGS: Final = "settings/hearthside.toml"
_NAMES: Final = 1024
"""Bytes of such a name: more than any of ours has, and fewer than a file system takes."""
_DEEPEST: Final = 16
"""Folders within each other."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What went into a backup, or came out of it."""

    files: int
    size: int
    """Bytes, before encryption."""


def write(data_dir: Path, settings: Path | None, target: Path, passphrase: str) -> Contents:
    """Back ``data_dir`` and the ``settings`` file up into ``target``, also while the assistant runs.

    Raises StorageError; ``target`` is not there then.
    """
    try:
        with tempfile.TemporaryDirectory(dir=data_dir, prefix=".backup-") as folder:
            copy = Path(folder) / DATABASE
            _copy_database(data_dir / DATABASE, copy)
            with (
                atomic_file.replacing(target, mode=0o600) as out,
                closing(_Sealing(out, passphrase)) as sealing,
                tarfile.open(fileobj=sealing, mode="w|") as tar,
            ):
                contents = _add_all(tar, data_dir, settings, copy)
    except (OSError, apsw.Error) as error:
        raise StorageError(f"the backup can't be written: {error}", "see to the disk and the folder") from error
    return contents


def restore(source: Path, data_dir: Path, settings: Path, passphrase: str) -> Contents:
    """Bring back what :func:`write` wrote, into a ``data_dir`` where nothing is kept yet; its settings only where there
    is no file ``settings``.

    Raises StorageError; ``data_dir`` is as before then.
    """
    if (data_dir / DATABASE).exists():
        raise StorageError(f"something is kept in {data_dir} already", "restore into an empty HEARTH_DATA_DIR")
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=data_dir, prefix=".restore-") as folder:
            found = Path(folder)
            with source.open("rb") as stream, tarfile.open(fileobj=_Unsealing(stream, passphrase), mode="r|") as tar:
                contents = _extract(tar, found, source.stat().st_size)
            _take_key_over(found, data_dir)
            if (kept := found / _SETTINGS).exists() and not settings.exists():
                settings.parent.mkdir(parents=True, exist_ok=True)
                # No secret is in it: those are in files of their own.
                kept.chmod(0o644)
                kept.replace(settings)
            # The database comes last: with it, the restoring is done.
            for each in sorted((found / "data").iterdir(), key=lambda path: path.name == DATABASE):
                each.replace(data_dir / each.name)
    except (tarfile.TarError, EOFError, ValueError, ArithmeticError) as error:
        # The last two: numbers in its headers that are none, or that are none of ours.
        raise StorageError(f"{source} is no backup: {error}", "choose another file") from error
    except OSError as error:
        raise StorageError(f"{source} can't be restored: {error}", "see to the disk and the folder") from error
    return contents


# -- the archive -----------------------------------------------------------------------------------------------------


def _copy_database(file: Path, copy: Path) -> None:
    """As it is at one moment, encrypted as it is. See https://sqlite.org/lang_vacuum.html#vacuuminto."""
    if not file.exists():
        return
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
    with closing(connection):
        at_rest.unlock(connection, file)
        connection.set_busy_timeout(30_000)
        connection.execute("VACUUM INTO ?", (str(copy),)).fetchall()


def _add_all(tar: tarfile.TarFile, data_dir: Path, settings: Path | None, database: Path) -> Contents:
    files = size = 0
    for path, name in _chosen(data_dir, settings, database):
        with suppress(FileNotFoundError):  # gone since it was listed
            tar.add(path, name, recursive=False)
            files, size = files + 1, size + path.stat().st_size
    if (key := at_rest.data_key(data_dir)) is not None:
        content = f"{key.secret.hex()}\n".encode()
        entry = tarfile.TarInfo(_KEY)
        entry.size, entry.mode = len(content), 0o600
        tar.addfile(entry, io.BytesIO(content))
    return Contents(files, size)


def _chosen(data_dir: Path, settings: Path | None, database: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(data_dir.rglob("*")):
        inside = path.relative_to(data_dir)
        if path.is_file() and not path.is_symlink() and _is_kept(inside.parts[0]):
            yield path, f"data/{inside}"
    if database.exists():
        yield database, f"data/{DATABASE}"
    if settings is not None and settings.exists():
        yield settings, _SETTINGS


def _extract(tar: tarfile.TarFile, folder: Path, most: int) -> Contents:
    """Files, in folders of ours, and nothing else: a link that stays inside here leads outside once it is moved. All
    of them together are no more than ``most`` bytes, which the backup itself has. Raises StorageError.
    """
    files = size = 0
    (folder / "data").mkdir()
    for entry in tar:
        if entry.isdir():
            continue
        size += entry.size
        if not _is_ours(entry) or size > most:
            raise StorageError(f"{entry.name[:80]!r} in the backup is none of ours", "take another one", permanent=True)
        target = folder / entry.name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists():
            raise StorageError(f"{entry.name[:80]!r} is in the backup twice", "take another one", permanent=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            content = tar.extractfile(entry)
            assert content is not None, "a plain file has content"
            shutil.copyfileobj(content, out)
        files += entry.name != _KEY
        size -= entry.size if entry.name == _KEY else 0
    return Contents(files, size)


def _is_ours(entry: tarfile.TarInfo) -> bool:
    """Whether :func:`write` could have written it."""
    steps = entry.name.split("/")
    if not entry.isreg() or entry.sparse is not None or len(os.fsencode(entry.name)) > _NAMES or len(steps) > _DEEPEST:
        return False
    if "\0" in entry.name or {"", ".", ".."} & set(steps):
        return False
    if entry.name in (_SETTINGS, _KEY, f"data/{DATABASE}"):
        return True
    return steps[0] == "data" and len(steps) > 1 and _is_kept(steps[1])


def _is_kept(top: str) -> bool:
    """Whether what is called so in the data directory goes into a backup. The database does, as a copy."""
    return top not in _LEFT_OUT and not top.startswith((".", DATABASE))


def _take_key_over(found: Path, data_dir: Path) -> None:
    """What was encrypted with the old board's key is with this one's from now on."""
    if (old := at_rest.read_key(found / _KEY)) is None:
        return
    own = at_rest.data_key(data_dir) or old
    if own != old:
        at_rest.rekey_all(found / "data", old, own)
    # Only now: a backup that is refused leaves nothing behind.
    at_rest.adopt(data_dir, own)


# -- encryption ------------------------------------------------------------------------------------------------------


def _cipher(passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> AESGCM:
    rounds, memory, lanes = cost
    try:
        return AESGCM(hash_secret_raw(passphrase.encode(), salt, rounds, memory, lanes, 32, Type.ID))
    except HashingError as error:
        raise StorageError(
            f"the file is no backup of Hearthside: {error}", "choose another one", permanent=True
        ) from None


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


class _Sealing(io.RawIOBase):
    """What is written to it arrives encrypted in ``out``."""

    def __init__(self, out: BinaryIO, passphrase: str) -> None:
        salt = secrets.token_bytes(16)
        self._head = _MAGIC + _HEAD.pack(*_COST, salt)
        self._cipher = _cipher(passphrase, salt, _COST)
        self._out, self._pending, self._number = out, bytearray(), 0
        out.write(self._head)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, content: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        """All of it."""
        self._pending += content
        while len(self._pending) > _FRAME:
            self._seal(bytes(self._pending[:_FRAME]), last=False)
            del self._pending[:_FRAME]
        return len(content)

    def close(self) -> None:
        """Writes the last frame; without it the file does not open."""
        if not self.closed:
            self._seal(bytes(self._pending), last=True)
        super().close()

    def _seal(self, content: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number), content, self._head + bytes([last]))
        self._number += 1
        self._out.write(sealed)


class _Unsealing(io.RawIOBase):
    """Gives what was written to :class:`_Sealing`. Raises StorageError for anything else, before any of it is used."""

    def __init__(self, source: BinaryIO, passphrase: str) -> None:
        head = source.read(len(_MAGIC) + _HEAD.size)
        if len(head) < len(_MAGIC) + _HEAD.size or not head.startswith(_MAGIC):
            raise StorageError("the file is no backup of Hearthside", "choose another one", permanent=True)
        *cost, salt = _HEAD.unpack(head[len(_MAGIC) :])
        if any(wanted > most for wanted, most in zip(cost, _MOST, strict=True)) or 0 in cost:
            raise StorageError("the file is no backup of Hearthside", "choose another one", permanent=True)
        rounds, memory, lanes = cost
        self._head, self._cipher = head, _cipher(passphrase, salt, (rounds, memory, lanes))
        self._source, self._number, self._ready = source, 0, b""
        self._next = source.read(_FRAME + _TAG)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        """Into ``buffer`` what fits; 0 at the end."""
        if not self._ready and self._next:
            self._ready = self._unsealed()
        given = self._ready[: len(buffer)]
        buffer[: len(given)] = given
        self._ready = self._ready[len(given) :]
        return len(given)

    def _unsealed(self) -> bytes:
        frame, self._next = self._next, self._source.read(_FRAME + _TAG)
        try:
            content = self._cipher.decrypt(_nonce(self._number), frame, self._head + bytes([not self._next]))
        except (InvalidTag, ValueError):
            what = "the passphrase is wrong, or the backup is damaged"
            raise StorageError(what, "try again, or take another backup", permanent=True) from None
        self._number += 1
        return content
