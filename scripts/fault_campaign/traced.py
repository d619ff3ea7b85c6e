"""What a program asks to be written, by strace(1): its own system calls, none of our making."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from scripts.fault_campaign.card import Kind, Operation

_CALLS: Final = (
    "openat", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "rename", "renameat", "renameat2", "link",
    "linkat", "unlink", "unlinkat",
)  # fmt: skip
_LINE: Final = re.compile(r"(?P<process>\d+)\s+(?P<at>[\d.]+) (?P<rest>.*)")
_CALL: Final = re.compile(r"(?P<name>\w+)\((?P<arguments>.*?)(?:\)\s+= (?P<result>-?\d+).*| <unfinished \.\.\.>)$")
_RESUMED: Final = re.compile(r"<\.\.\. (?P<name>\w+) resumed>(?P<arguments>.*)\)\s+= (?P<result>-?\d+).*$")
_TEXT: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_OPENED: Final = re.compile(r"(?P<number>\w+)<(?P<path>(?:\\x[0-9a-f]{2})*)>")


def tracing(trace: Path) -> Sequence[str]:
    """Put before a command; what it asks is in the file ``trace``."""
    return (
        "strace", "--daemonize=grandchild", "--follow-forks", "--seccomp-bpf", "-ttt", "-y", "-xx", "-s", "1000000",
        "-e", f"trace={','.join(_CALLS)}", "-e", "signal=none", "-A", "-o", str(trace),
    )  # fmt: skip


def operations(lines: Iterable[str], folder: Path) -> Iterator[Operation]:
    """Of those lines, what was done to files in ``folder``, by names below it, in the order of time."""
    inside = f"{folder}/"
    open_calls: dict[tuple[str, str], tuple[float, str]] = {}
    places: dict[tuple[str, str], int] = {}
    for line in lines:
        if (parts := _LINE.match(line)) is None:
            continue
        process, at, rest = parts["process"], float(parts["at"]), parts["rest"]
        if (resumed := _RESUMED.match(rest)) is not None:
            begun = open_calls.pop((process, resumed["name"]), None)
            if begun is None or resumed["result"].startswith("-"):
                continue
            name, arguments, result = resumed["name"], begun[1] + resumed["arguments"], resumed["result"]
            # A write counts from when it was asked, a sync from when it had come to its end.
            asked = at if name in ("fsync", "fdatasync") else begun[0]
        elif (call := _CALL.match(rest)) is not None:
            if call["result"] is None:
                open_calls[process, call["name"]] = (at, call["arguments"])
                continue
            if call["result"].startswith("-"):
                continue
            name, arguments, result, asked = call["name"], call["arguments"], call["result"], at
        else:
            continue
        yield from _meant(name, arguments, result, asked, inside, places)


def _meant(
    name: str, arguments: str, result: str, at: float, inside: str, places: dict[tuple[str, str], int]
) -> Iterator[Operation]:
    texts = [_unhexed(text) for text in _TEXT.findall(arguments)]
    opened = _OPENED.match(arguments)
    path = _unhexed(opened["path"]).decode() if opened is not None else ""
    number = opened["number"] if opened is not None else ""
    match name:
        case "openat":
            yield from _opening(arguments, texts[0].decode(), result, at, inside, places)
        case "write" | "pwrite64" if path.startswith(inside):
            data = texts[0][: int(result)]
            key = (number, path)
            offset = int(arguments.rpartition(",")[2]) if name == "pwrite64" else places.get(key, 0)
            if name == "write":
                places[key] = offset + len(data)
            yield Operation(at, "write", path.removeprefix(inside), offset=offset, data=data)
        case "ftruncate" if path.startswith(inside):
            yield Operation(at, "truncate", path.removeprefix(inside), offset=int(arguments.rpartition(",")[2]))
        case "fsync" | "fdatasync" if path.startswith(inside) or path == inside.rstrip("/"):
            yield Operation(at, "sync", path.removeprefix(inside))
        case "rename" | "renameat" | "renameat2" | "link" | "linkat":
            old, new = texts[-2].decode(), texts[-1].decode()
            kind: Kind = "rename" if name.startswith("rename") else "link"
            if old.startswith(inside) and new.startswith(inside):
                yield Operation(at, kind, old.removeprefix(inside), new.removeprefix(inside))
        case "unlink" | "unlinkat" if texts and texts[-1].decode().startswith(inside):
            yield Operation(at, "unlink", texts[-1].decode().removeprefix(inside))
        case _:
            return


def _opening(
    arguments: str, path: str, result: str, at: float, inside: str, places: dict[tuple[str, str], int]
) -> Iterator[Operation]:
    if not path.startswith(inside):
        return
    places[result, path] = 0
    name = path.removeprefix(inside)
    if "O_CREAT" in arguments:
        yield Operation(at, "create", name)
    if "O_TRUNC" in arguments:
        yield Operation(at, "truncate", name, offset=0)


def _unhexed(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
