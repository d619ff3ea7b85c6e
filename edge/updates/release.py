"""The description of a release: every file of it by its hash, and the packs that they come in.

It is a target of the repository, and so signed; what it names by a hash is, too. Read by root, it is taken for hostile
until it is through :func:`read`.
"""

import platform
import re
import sys
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated, Final, TypeAlias

import msgspec

from edge.updates.errors import UpdateRefused

FORMAT: Final = 1
MOST_BYTES: Final = 4_000_000_000
"""Of a release, unpacked. It takes 0.6 GB."""
RESERVE: Final = 100_000_000
"""Bytes that stay free on a disk that something is fetched or laid on."""
_MOST_FILES: Final = 100_000
_NAME: Final = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})-[0-9a-f]{8}")

Sha256: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Size: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MOST_BYTES)]
Version: TypeAlias = tuple[int, int, int]


class File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file."""

    path: str
    """In the folder of the release."""
    size: Size
    """Bytes."""
    sha256: Sha256
    runs: bool = False
    """Whether it may be executed."""


class Pack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files that belong together, mostly those of one package: their bytes one after the other, in Zstandard."""

    name: str
    sha256: Sha256
    """Of the pack as it lies on the server, by which it is called there."""
    size: Size
    """Likewise."""
    files: tuple[File, ...]

    @property
    def content(self) -> int:
        """Bytes of its files."""
        return sum(file.size for file in self.files)


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. Fields that this program does not know are ignored."""

    format: int
    name: str
    """Version, and what tells builds of it apart: ``0.2.0-1a2b3c4d``."""
    machine: str
    """As ``uname -m`` says it."""
    python: str
    """The one Python that its compiled modules are for: ``3.11``."""
    packs: tuple[Pack, ...]

    @property
    def version(self) -> str:
        """Its number."""
        return self.name.partition("-")[0]

    @property
    def files(self) -> Iterator[File]:
        """All of them."""
        return (file for pack in self.packs for file in pack.files)

    @property
    def size(self) -> int:
        """Bytes, unpacked."""
        return sum(file.size for file in self.files)


def read(data: bytes) -> Release:
    """What ``data`` describes. Raises UpdateRefused for what can't be, or would write where it may not."""
    try:
        release = msgspec.json.decode(data, type=Release)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UpdateRefused(f"the description of the release is malformed: {error}", "ask who publishes it") from None
    if release.format != FORMAT:
        raise UpdateRefused("the release is described in a newer way", "update by hand once: docs/install.md")
    number(release.name)
    paths = [file.path for file in release.files]
    wrong = next((path for path in paths if not _inside(path)), None)
    if wrong is not None or len(set(paths)) != len(paths) or not 0 < len(paths) <= _MOST_FILES:
        raise UpdateRefused(f"the release has no proper list of files ({wrong or len(paths)})", "ask who publishes it")
    if release.size > MOST_BYTES:
        raise UpdateRefused(f"the release takes {release.size / 1e9:.0f} GB", "ask who publishes it")
    return release


def read_for_this_machine(data: bytes) -> Release:
    """As :func:`read`; what is for another machine is refused, too."""
    found = read(data)
    if (found.machine, found.python) != (platform.machine(), python()):
        raise UpdateRefused(f"{found.name} is for {found.machine} and Python {found.python}", "ask who publishes it")
    return found


def written(release: Release) -> bytes:
    """The description; the same release gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(release), indent=0) + b"\n"


def number(name: str) -> Version:
    """The version in the name of a release, to be compared. Raises UpdateRefused."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise UpdateRefused(f"{name!r} is no name of a release", "ask who publishes it")
    return int(found[1]), int(found[2]), int(found[3])


def target(channel: str, machine: str, python: str) -> str:
    """What the newest release of a channel is called in the repository."""
    return f"{channel}/{machine}-{python}.json"


def python() -> str:
    """The Python that runs this, as releases name it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def pack_path(pack: Pack) -> str:
    """Where a pack lies, below the repository's ``targets/``."""
    return f"packs/{pack.sha256[:2]}/{pack.sha256}"


def _inside(path: str) -> bool:
    """A plain relative path to something that is not made on the board itself."""
    parts = PurePosixPath(path).parts
    plain = path == "/".join(parts) and path.isprintable() and "\\" not in path and not path.startswith("/")
    return plain and bool(parts) and ".." not in parts and parts[0] in ("bin", "lib", "share")
