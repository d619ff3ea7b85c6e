"""What lies on the disk can be read by nobody who has only the disk.

The database is encrypted page by page by SQLite3 Multiple Ciphers (ChaCha20-Poly1305, which small ARM cores without AES
instructions do quickly: https://utelle.github.io/SQLite3MultipleCiphers/docs/ciphers/cipher_chacha20/), other files by
AES-256-GCM. The data key is 32 random bytes: systemd's credential ``data_key``, which a TPM or the machine's own
secret may guard, else a file beside the data. **A key on the same card protects nothing when the card is stolen**; it
does when the database alone is copied, sent or thrown away.
"""

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge import atomic_file
from edge.errors import StorageError

DATABASE: Final = "hearthside.db"
"""In the data directory: everything that is kept in tables."""
CREDENTIAL: Final = "data_key"
"""Name of systemd's credential: 64 hexadecimal digits."""
FILE: Final = "data.key"
"""In the data directory, where there is no credential."""
_MARK: Final = "data.key.id"
"""In the data directory: tells the key that the data was encrypted with from others, and nothing about it."""
SEALED: Final = ("recordings",)
"""Folders of the data directory with files ``*.sealed``: kinds of :class:`Sealer`."""
_BYTES: Final = 32
_PLAIN: Final = b"SQLite format 3\0"
_NONCE: Final = 12


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one data directory. Never printed."""

    secret: bytes

    def __repr__(self) -> str:
        return f"DataKey({self.mark})"

    @property
    def mark(self) -> str:
        """16 hexadecimal digits that tell it from others."""
        return hashlib.sha256(b"hearthside data key" + self.secret).hexdigest()[:16]

    @property
    def pragma(self) -> str:
        """As SQLite3 Multiple Ciphers takes a key that is no password."""
        return f"raw:{self.secret.hex()}"


def data_key(data_dir: Path) -> DataKey | None:
    """The key of what lies in ``data_dir``; None where nothing there is encrypted. Raises StorageError."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    for file in (*((Path(folder) / CREDENTIAL,) if folder else ()), data_dir / FILE):
        if (key := read_key(file)) is not None:
            return key
    return None


def read_key(file: Path) -> DataKey | None:
    """The key in ``file``; None where there is no such file. Raises StorageError."""
    try:
        digits = file.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"{file} can't be read: {error}", "see to its permissions", permanent=True) from None
    if not re.fullmatch(f"[0-9a-f]{{{2 * _BYTES}}}", digits):
        raise StorageError(f"{file} holds no key", "put the right one back", permanent=True)
    return DataKey(bytes.fromhex(digits))


def prepare(data_dir: Path, *, encrypt: bool = True) -> DataKey | None:
    """What every program does before it opens the data: sees that there is a key, and that it is the right one; where
    the database is not encrypted yet, it is now, unless another program has it open.

    ``encrypt`` False: nothing is begun, and what is encrypted stays so. Raises StorageError.
    """
    key = _right_key(data_dir)
    if key is None and not encrypt:
        return None
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = key or _new(data_dir)
        _note(data_dir, key)
        _encrypt(data_dir / DATABASE, key)
    except OSError as error:
        raise StorageError(f"{data_dir}: {error.strerror or error}", "see to the folder", permanent=True) from None
    return key


def unlock(connection: apsw.Connection, file: Path) -> None:
    """Give the ``connection`` to ``file`` its key, where the file is encrypted or will be.

    Raises StorageError where the key is not the one that it was encrypted with: without that it would look damaged.
    """
    if not is_plain(file) and (key := _right_key(file.parent)) is not None:
        connection.execute(f"PRAGMA key = '{key.pragma}'").fetchall()


def is_plain(file: Path) -> bool:
    """Whether the database is there, and is not encrypted."""
    try:
        with file.open("rb") as head:
            return head.read(len(_PLAIN)) == _PLAIN
    except FileNotFoundError:
        return False


class Sealer:
    """Files of one kind: AES-256-GCM (NIST SP 800-38D) under a key derived for it (HKDF, RFC 5869)."""

    def __init__(self, key: DataKey, kind: str) -> None:
        derived = HKDF(SHA256(), _BYTES, salt=None, info=f"hearthside {kind}".encode()).derive(key.secret)
        self._cipher = AESGCM(derived)

    def seal(self, content: bytes, name: str) -> bytes:
        """To be kept under ``name``: under another one it can't be read."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, content, name.encode())

    def unseal(self, sealed: bytes, name: str) -> bytes:
        """Raises StorageError where it is not what was sealed."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise StorageError(f"{name} is damaged, or of another board", "delete it") from error


def rekey(file: Path, old: DataKey, new: DataKey) -> None:
    """Have the database, which nobody else may have open, encrypted with another key. Raises StorageError."""
    try:
        connection = apsw.Connection(str(file))
        if not is_plain(file):
            connection.execute(f"PRAGMA key = '{old.pragma}'").fetchall()
        _change_key(connection, new)
    except apsw.Error as error:
        raise StorageError(f"{file} can't be given another key: {error}", "restore it again") from error


def adopt(data_dir: Path, key: DataKey) -> DataKey:
    """The key of ``data_dir``, where nothing is kept yet: ``key``, unless there is one already, which is returned then.
    Raises StorageError.
    """
    own = data_key(data_dir) or _new(data_dir, key)
    _note(data_dir, own)
    return own


def rekey_all(folder: Path, old: DataKey, new: DataKey) -> None:
    """Everything encrypted in ``folder``, which nobody else uses, is with another key from now on.

    Raises StorageError.
    """
    rekey(folder / DATABASE, old, new)
    for kind in SEALED:
        for file in (folder / kind).glob("*.sealed"):
            content = Sealer(old, kind).unseal(file.read_bytes(), file.stem)
            file.write_bytes(Sealer(new, kind).seal(content, file.stem))


def _right_key(data_dir: Path) -> DataKey | None:
    key, mark = data_key(data_dir), data_dir / _MARK
    known = mark.read_text("ascii").strip() if mark.exists() else None
    # Older versions wrote it anew at each start: a power cut may have left it empty.
    if known is not None and (key is None or known not in ("", key.mark)):
        what = "the data key is missing" if key is None else "the data key is not the one that the data was kept with"
        remedy = "put it back, or restore a backup into an empty folder"
        raise StorageError(f"{what} ({data_dir})", remedy, permanent=True)
    return key


def _note(data_dir: Path, key: DataKey) -> None:
    """From now on no other key is taken for the right one. A power cut leaves the mark of before, or none."""
    mark = data_dir / _MARK
    if not mark.exists() or mark.read_text("ascii").strip() != key.mark:
        atomic_file.replace(mark, f"{key.mark}\n".encode())


def _new(data_dir: Path, key: DataKey | None = None) -> DataKey:
    """Made up by whichever program is first: what is there already counts."""
    made = key or DataKey(secrets.token_bytes(_BYTES))
    if atomic_file.create(data_dir / FILE, f"{made.secret.hex()}\n".encode(), mode=0o600):
        return made
    found = data_key(data_dir)
    assert found is not None
    return found


def _encrypt(file: Path, key: DataKey) -> None:
    before = file.with_name(f".{file.name}.plain")
    if before.exists():
        _after_an_end(file, before, key)
    if not is_plain(file):
        return
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        _alone(connection)
        # A change of the key that a power cut has ended is not taken back by its journal: it would be no database.
        _copy(connection, before)
        _change_key(connection, key)
        before.unlink()
    except (apsw.BusyError, apsw.LockedError):
        # Another program has it open: at the next start.
        return
    except apsw.Error:
        # It is damaged: whoever opens it next sets it aside.
        return
    finally:
        connection.close()


def _after_an_end(file: Path, before: Path, key: DataKey) -> None:
    """The process ended while it encrypted ``file``, or the power did: keep it if that was done, else put it back."""
    try:
        connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.execute(f"PRAGMA key = '{key.pragma}'").fetchall()
            is_done = connection.execute("PRAGMA quick_check(1)").get == "ok"
        finally:
            connection.close()
    except apsw.Error:
        is_done = False
    if is_done:
        before.unlink()
    elif _is_whole(before):
        for beside in ("-journal", "-wal", "-shm"):
            file.with_name(file.name + beside).unlink(missing_ok=True)
        before.replace(file)
    else:
        # It was cut off while it was made: nothing was changed yet.
        before.unlink()


def _is_whole(file: Path) -> bool:
    try:
        connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return file.stat().st_size > 0 and connection.execute("PRAGMA quick_check(1)").get == "ok"
        finally:
            connection.close()
    except apsw.Error:
        return False


def _alone(connection: apsw.Connection) -> None:
    """Until it is closed, nobody else may read or write. Raises BusyError where somebody does."""
    # The cipher can't be changed in WAL mode, and the mode only by who is alone with the file.
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    if connection.execute("PRAGMA journal_mode = DELETE").get != "delete":
        raise apsw.BusyError("it is in use")
    connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")


def _copy(connection: apsw.Connection, to: Path) -> None:
    """By SQLite itself: to open the file beside it would give up the locks that it has."""
    to.unlink(missing_ok=True)
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT, 0o600))
    copy = apsw.Connection(str(to))
    try:
        with copy.backup("main", connection, "main") as backup:
            backup.step()
    finally:
        copy.close()
    for path in (to, to.parent):
        atomic_file.sync(path)


def _change_key(connection: apsw.Connection, key: DataKey) -> None:
    _alone(connection)
    connection.execute(f"PRAGMA rekey = '{key.pragma}'").fetchall()
    connection.close()
