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
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge import at_rest
from edge.at_rest import DataKey
from edge.errors import StorageError

_MAGIC: Final = b"HEARTHSIDE1\n"
_HEAD: Final = struct.Struct(">III16s")
"""Argon2id's time cost, memory in KiB, lanes; salt."""
_COST: Final = (3, 64 * 1024, 2)
"""RFC 9106's second choice, with half its lanes: about two seconds on the smallest board."""
_MOST: Final = (16, 1024 * 1024, 16)
"""A file that asks for more is none of ours."""
_FRAME: Final = 1024 * 1024
_TAG: Final = 16
_DATABASE: Final = "hearthside.db"
_KEY: Final = "data.key"
_LEFT_OUT: Final = frozenset({"cache", "llm", "models", "logs", _KEY, f"{_KEY}.id", "hearth.sock", "sync.sock"})
"""What is made anew, belongs to the machine, or goes by itself."""
_SETTINGS: Final = "settings/hearthside.toml"


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
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with tempfile.TemporaryDirectory(dir=data_dir, prefix=".backup-") as folder:
            copy = Path(folder) / _DATABASE
            _copy_database(data_dir / _DATABASE, copy)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                with closing(_Sealing(out, passphrase)) as sealing, tarfile.open(fileobj=sealing, mode="w|") as tar:
                    contents = _add_all(tar, data_dir, settings, copy)
                out.flush()
                os.fsync(out.fileno())
        part.replace(target)
    except (OSError, apsw.Error) as error:
        raise StorageError(f"the backup can't be written: {error}", "see to the disk and the folder") from error
    finally:
        part.unlink(missing_ok=True)
    return contents


def restore(source: Path, data_dir: Path, settings: Path, passphrase: str) -> Contents:
    """Bring back what :func:`write` wrote, into a ``data_dir`` where nothing is kept yet; its settings only where there
    is no file ``settings``.

    Raises StorageError; ``data_dir`` is as before then.
    """
    if (data_dir / _DATABASE).exists():
        raise StorageError(f"something is kept in {data_dir} already", "restore into an empty HEARTH_DATA_DIR")
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=data_dir, prefix=".restore-") as folder:
            found = Path(folder)
            with source.open("rb") as stream, tarfile.open(fileobj=_Unsealing(stream, passphrase), mode="r|") as tar:
                contents = _extract(tar, found)
            _take_key_over(found, data_dir)
            if (kept := found / _SETTINGS).exists() and not settings.exists():
                settings.parent.mkdir(parents=True, exist_ok=True)
                kept.replace(settings)
            # The database comes last: with it, the restoring is done.
            for each in sorted((found / "data").iterdir(), key=lambda path: path.name == _DATABASE):
                each.replace(data_dir / each.name)
    except tarfile.TarError as error:
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
        top = inside.parts[0]
        if path.is_file() and not path.is_symlink() and top not in _LEFT_OUT and not top.startswith((".", _DATABASE)):
            yield path, f"data/{inside}"
    if database.exists():
        yield database, f"data/{_DATABASE}"
    if settings is not None and settings.exists():
        yield settings, _SETTINGS


def _extract(tar: tarfile.TarFile, folder: Path) -> Contents:
    files = size = 0
    for entry in tar:
        _extract_file(tar, entry, folder)
        if entry.name != _KEY:
            files, size = files + 1, size + entry.size
    (folder / "data").mkdir(exist_ok=True)
    return Contents(files, size)


def _extract_file(tar: tarfile.TarFile, entry: tarfile.TarInfo, folder: Path) -> None:
    """By hand: the filters of PEP 706 are not in the Python of Debian 12, 3.11.2. Raises TarError for what would lie
    outside ``folder`` or is no file.
    """
    place = folder / entry.name
    content = tar.extractfile(entry) if entry.isreg() else None
    if content is None or not place.resolve().is_relative_to(folder.resolve()):
        raise tarfile.ReadError(f"{entry.name} is none of its files")
    place.parent.mkdir(parents=True, exist_ok=True)
    with content, place.open("xb") as out:
        shutil.copyfileobj(content, out)
    place.chmod(entry.mode & 0o700 | 0o600)
    os.utime(place, (entry.mtime, entry.mtime))


def _take_key_over(found: Path, data_dir: Path) -> None:
    """What was encrypted with the old board's key is with this one's from now on."""
    if not (found / _KEY).exists():
        return
    old = DataKey(bytes.fromhex((found / _KEY).read_text("ascii")))
    own = at_rest.adopt(data_dir, old)
    if own != old:
        at_rest.rekey_all(found / "data", old, own)


# -- encryption ------------------------------------------------------------------------------------------------------


def _cipher(passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> AESGCM:
    rounds, memory, lanes = cost
    return AESGCM(hash_secret_raw(passphrase.encode(), salt, rounds, memory, lanes, 32, Type.ID))


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
