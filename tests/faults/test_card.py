"""What a card holds after a power cut, and what strace's lines say of a program's writes."""

import random
from pathlib import Path

import pytest

from scripts.fault_campaign.card import Card, Operation
from scripts.fault_campaign.traced import operations


def op(kind: str, path: str, *, to: str = "", offset: int = 0, data: bytes = b"") -> Operation:
    return Operation(0.0, kind, path, to=to, offset=offset, data=data)  # type: ignore[arg-type]


def after(*done: Operation) -> Card:
    card = Card()
    for each in done:
        card.take(each)
    return card


def seen(card: Card) -> set[tuple[tuple[str, bytes], ...]]:
    """All that two hundred cuts leave."""
    return {tuple(sorted(card.cut(random.Random(seed)).items())) for seed in range(200)}


_WRITTEN = (op("create", "a"), op("write", "a", data=b"one"))
_SYNCED = (*_WRITTEN, op("sync", "a"))


@pytest.mark.parametrize(
    ("done", "left"),
    [
        (_SYNCED, {(("a", b"one"),)}),
        # Neither the name nor the content is sure; a name without a content is an empty file.
        (_WRITTEN, {(), (("a", b""),), (("a", b"one"),)}),
        ((*_SYNCED, op("write", "a", data=b"two")), {(("a", b"one"),), (("a", b"two"),)}),
        ((*_SYNCED, op("truncate", "a", offset=1)), {(("a", b"one"),), (("a", b"o"),)}),
        ((*_SYNCED, op("rename", "a", to="b")), {(("a", b"one"),), (("b", b"one"),)}),
        ((*_SYNCED, op("unlink", "a")), {(), (("a", b"one"),)}),
        # A sync of anything makes the names before it sure, but no other file's content.
        (
            (*_SYNCED, op("create", "b"), op("write", "b", data=b"x"), op("sync", "a")),
            {(("a", b"one"), ("b", b"")), (("a", b"one"), ("b", b"x"))},
        ),
        # The old file stays what it was under its new name, whatever is written to its old one.
        ((*_SYNCED, op("link", "a", to="b"), op("unlink", "a"), op("sync", "b")), {(("b", b"one"),)}),
    ],
)
def test_what_a_cut_leaves(done: tuple[Operation, ...], left: set[tuple[tuple[str, bytes], ...]]) -> None:
    assert seen(after(*done)) == left


def test_without_a_cut_all_is_there() -> None:
    card = after(*_WRITTEN, op("rename", "a", to="b"), op("write", "b", offset=5, data=b"!"))
    assert card.cut(None) == {"b": b"one\0\0!"}


def test_a_torn_write_ends_at_a_sector() -> None:
    card = after(op("create", "a"), op("sync", "a"), op("write", "a", data=bytes([1]) * 2048))
    lengths = {len(card.cut(random.Random(seed))["a"]) for seed in range(200)}
    assert {0, 2048} < lengths <= {0, 512, 1024, 1536, 2048}


def _hex(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


_DB, _NEW, _OTHER = _hex("/d/a.db"), _hex("/d/.new"), _hex("/etc/passwd")
_TRACE = f"""
7 100.0 openat(AT_FDCWD<{_hex("/")}>, "{_DB}", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 5<{_DB}>
7 100.1 pwrite64(5<{_DB}>, "{_hex("page")}", 4, 4096) = 4
7 100.2 pwrite64(5<{_DB}>, "{_hex("page")}", 4, 0) = -1 ENOSPC (No space left on device)
7 100.3 fdatasync(5<{_DB}> <unfinished ...>
8 100.4 write(6<{_OTHER}>, "{_hex("x")}", 1) = 1
8 100.5 openat(AT_FDCWD<{_hex("/")}>, "{_NEW}", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = 6<{_NEW}>
8 100.6 write(6<{_NEW}>, "{_hex("ab")}", 2) = 2
8 100.7 write(6<{_NEW}>, "{_hex("cd")}", 2) = 1
7 100.8 <... fdatasync resumed>)           = 0
8 100.9 rename("{_NEW}", "{_DB}" <unfinished ...>
8 101.0 <... rename resumed>)              = 0
8 101.1 unlink("{_hex("/d/gone")}")        = -1 ENOENT (No such file or directory)
7 101.2 +++ exited with 0 +++
"""


def test_what_was_traced() -> None:
    told = [
        (round(each.at, 1), each.kind, each.path, each.to, each.offset, each.data)
        for each in operations(_TRACE.splitlines(), Path("/d"))
    ]
    assert told == [
        (100.0, "create", "a.db", "", 0, b""),
        (100.1, "write", "a.db", "", 4096, b"page"),
        (100.5, "create", ".new", "", 0, b""),
        (100.5, "truncate", ".new", "", 0, b""),
        (100.6, "write", ".new", "", 0, b"ab"),
        (100.7, "write", ".new", "", 2, b"c"),
        (100.8, "sync", "a.db", "", 0, b""),
        (100.9, "rename", ".new", "a.db", 0, b""),
    ]
