"""Runs a program where no network is, and prints, one a line, the hosts that it would reach and the files that it leaves in
its home. For a namespace of its own, whose resolver is on 127.0.0.1.

Python alone knows nothing of what a native library does; each one asks for a name before it connects.
"""

import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

_PORT: Final = 53
_HEADER: Final = 12
_NO_SUCH_NAME: Final = b"\x81\x83"


def asked(query: bytes) -> str:
    """The name that a DNS ``query`` is about (RFC 1035, 4.1.2)."""
    labels, rest = [], query[_HEADER:]
    while rest[0]:
        labels.append(rest[1 : rest[0] + 1].decode())
        rest = rest[rest[0] + 1 :]
    return ".".join(labels)


def refusal(query: bytes) -> bytes:
    """There is no such name."""
    return query[:2] + _NO_SUCH_NAME + query[4:6] + bytes(6) + query[_HEADER:]


def main(command: list[str]) -> int:
    """How ``command`` ended."""
    names: set[str] = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.bind(("127.0.0.1", _PORT))

        def answer() -> None:
            while True:
                query, whose = resolver.recvfrom(512)
                names.add(asked(query))
                resolver.sendto(refusal(query), whose)

        threading.Thread(target=answer, daemon=True).start()
        code = subprocess.run(command, stdout=sys.stderr, check=False).returncode
    for name in sorted(names):
        print("asked for", name)
    for file in sorted(Path.home().rglob("*")):
        print("left", file.relative_to(Path.home()))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
