"""What a process and all that it has started listen on, as the kernel says (proc(5))."""

import ipaddress
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_LISTENS: dict[str, frozenset[str]] = {
    "tcp": frozenset({"0A"}),
    "tcp6": frozenset({"0A"}),
    # A datagram socket that is bound and not connected takes what comes from anybody.
    "udp": frozenset({"07"}),
    "udp6": frozenset({"07"}),
    "raw": frozenset({"07"}),
    "raw6": frozenset({"07"}),
}
_ACCEPTS = 0x10000
"""``__SO_ACCEPTCON`` among the flags of a Unix socket."""


@dataclass(frozen=True, order=True)
class Listener:
    """Something that others can reach."""

    kind: str
    """``tcp``, ``udp``, …, as the kernel's file is called, or ``unix``."""
    address: str
    """An address, or a path."""
    port: int = 0

    @property
    def near(self) -> bool:
        """Whether only this machine reaches it."""
        return self.kind == "unix" or ipaddress.ip_address(self.address).is_loopback


def tree(pid: int) -> list[psutil.Process]:
    """The process, and all that it has started."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def listeners(pid: int) -> set[Listener]:
    """Of the process and of all that it has started."""
    own = {inode for each in tree(pid) for inode in _sockets(each.pid)}
    net = Path(f"/proc/{pid}/net")
    return {found for kind in _LISTENS for inode, found in _internet(net / kind, kind) if inode in own} | {
        found for inode, found in _local(net / "unix") if inode in own
    }


def _sockets(pid: int) -> Iterator[str]:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            if found := re.fullmatch(r"socket:\[(\d+)\]", str(descriptor.readlink())):
                yield found[1]


def _internet(file: Path, kind: str) -> Iterator[tuple[str, Listener]]:
    lines = file.read_text().splitlines()[1:] if file.exists() else []
    for fields in map(str.split, lines):
        if fields[3] in _LISTENS[kind]:
            address, port = fields[1].split(":")
            yield fields[9], Listener(kind, _address(address), int(port, 16))


def _address(digits: str) -> str:
    """Words of 32 bits, each in this machine's order."""
    words = [int(digits[at : at + 8], 16) for at in range(0, len(digits), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)


def _local(file: Path) -> Iterator[tuple[str, Listener]]:
    for fields in map(str.split, file.read_text().splitlines()[1:]):
        named, accepts, datagrams = len(fields) > 7, int(fields[3], 16) & _ACCEPTS, fields[4] == "0002"
        if named and (accepts or datagrams):
            yield fields[6], Listener("unix", fields[7])
