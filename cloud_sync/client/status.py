"""How the synchronisation stands: from the database, and from ``hearth-sync`` where that runs."""

import datetime
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import apsw

from cloud_sync.client.counts import counts
from cloud_sync.client.local import FromAssistant, Now, Splitter, Standing, assistant_codec, framed, socket_path
from cloud_sync.protocol.clock import ms_of
from cloud_sync.protocol.errors import ProtocolError
from edge.at_rest import DATABASE, unlock
from edge.errors import AssistantUnreachable, StorageError

_TIMEOUT_S: Final = 5.0
_RECEIVE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the database says."""

    acked: int = 0
    """Every event up to this number is with the bridge."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    """How many events wait, by kind."""
    size: int = 0
    """Bytes of them."""
    oldest_ms: int | None = None
    """When the oldest of them was written, milliseconds since the epoch."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """What was given up, by reason and kind, since this database was made."""
    questions: int = 0
    """Questions that wait for an answer, or were not yet told to have waited in vain."""
    answers: int = 0
    """Late answers that nobody was told yet."""


def waiting(data_dir: Path, acked: int = 0) -> Waiting:
    """What waits in the database. ``acked``: what ``hearth-sync`` knows to be with the bridge, and has not written
    yet. Raises StorageError.
    """
    file = data_dir / DATABASE
    if not file.exists():
        return Waiting()
    try:
        connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
        unlock(connection, file)
        connection.set_busy_timeout(round(_TIMEOUT_S * 1000))
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sync_answer'").fetchall():
            return Waiting()
        return _waiting(connection, acked)
    except apsw.Error as error:
        raise StorageError(f"{file} can't be read: {error}", "check the disk and the folder's permissions") from None


def _waiting(connection: apsw.Connection, acked: int) -> Waiting:
    acked = max(acked, connection.execute("SELECT acked FROM sync_link").get)
    query = "SELECT kind, count(*), sum(length(event)), min(clock) FROM sync_event WHERE seq > ? GROUP BY kind"
    rows = list(connection.execute(query, (acked,)))
    return Waiting(
        acked=acked,
        kinds={kind: count for kind, count, _, _ in rows},
        size=sum(size for _, _, size, _ in rows),
        oldest_ms=min((ms_of(clock) for _, _, _, clock in rows), default=None),
        lost=counts(connection),
        questions=connection.execute("SELECT count(*) FROM sync_question").get,
        answers=connection.execute("SELECT count(*) FROM sync_answer").get,
    )


def standing(data_dir: Path, wish: FromAssistant | None = None) -> Standing:
    """What ``hearth-sync`` says of its link, after ``wish``. Raises AssistantUnreachable where it does not run."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_TIMEOUT_S)
        try:
            connection.connect(str(socket_path(data_dir)))
            said = _hear(connection)
            if wish is None:
                return said
            connection.sendall(framed(assistant_codec().encode(wish)))
            return _hear(connection)
        except OSError as error:
            raise AssistantUnreachable("hearth-sync is not running", "systemctl start hearth-sync") from error
        except ProtocolError as error:
            raise AssistantUnreachable(f"hearth-sync says nothing sensible: {error}", "restart it") from error


def send_now(data_dir: Path) -> Standing:
    """Have it try at once. Raises AssistantUnreachable."""
    return standing(data_dir, Now())


def summary(data_dir: Path, bridge: str | None) -> dict[str, Any]:
    """All that is known, as one JSON object. Raises StorageError."""
    said: Standing | None
    try:
        said = standing(data_dir)
    except AssistantUnreachable:
        said = None
    found = waiting(data_dir, said.acked if said is not None else 0)
    return {
        "bridge": bridge,
        "running": said is not None,
        "linked": said is not None and said.linked,
        "since": _moment(said.since_ms) if said is not None else None,
        "error": said.error if said is not None else "",
        "next_try_s": round(said.next_try_s) if said is not None and not said.linked else None,
        "waiting": dict(found.kinds),
        "bytes": found.size,
        "oldest": _moment(found.oldest_ms),
        "acked": found.acked,
        "lost": dict(found.lost),
        "questions": found.questions,
        "answers": found.answers,
    }


def _moment(ms: int | None) -> str | None:
    if not ms:
        return None
    return datetime.datetime.fromtimestamp(ms / 1000).astimezone().isoformat(timespec="seconds")


def _hear(connection: socket.socket) -> Standing:
    codec, splitter = assistant_codec(), Splitter()
    while data := connection.recv(_RECEIVE):
        for frame in splitter.feed(data):
            if isinstance(message := codec.decode(frame), Standing):
                return message
    raise ConnectionResetError
