"""A card whose power can go at any moment: what it holds then, of what a program has asked to be written.

What was written to a file since its last sync that came to its end may be there, or not, or half, in any order. Names
are changed by a journal, as ext4 does it: in their order, and all of them are there once anything was synced.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["create", "write", "truncate", "sync", "rename", "link", "unlink"]
_SECTOR: Final = 512


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that a program asked of the kernel, and got."""

    at: float
    """When it was asked: seconds since the epoch. Of a sync: when that had come to its end."""
    kind: Kind
    path: str
    to: str = ""
    """Of rename and link: the other name."""
    offset: int = 0
    """Of a write. Of truncate: the size from then on."""
    data: bytes = field(default=b"", repr=False)


@dataclass
class Card:
    """What is on it for sure, and what may be."""

    _names: dict[str, int] = field(default_factory=dict)
    """As programs see them; which file each is."""
    _kept_names: dict[str, int] = field(default_factory=dict)
    _open_names: list[Operation] = field(default_factory=list)
    """Changes of names that nothing was synced after."""
    _kept: dict[int, bytearray] = field(default_factory=dict)
    _open: dict[int, list[Operation]] = field(default_factory=dict)
    """Writes since the last sync of the file."""
    _made: dict[Operation, int] = field(default_factory=dict)
    """Which file a name was made for."""

    def take(self, operation: Operation) -> None:
        """One more was carried out."""
        match operation.kind:
            case "write" | "truncate":
                if (file := self._names.get(operation.path)) is not None:
                    self._open[file].append(operation)
            case "sync":
                self._sync(operation.path)
            case "create" if operation.path in self._names:
                return
            case _:
                if operation.kind == "create":
                    made = self._made[operation] = len(self._kept)
                    self._kept[made], self._open[made] = bytearray(), []
                _rename(self._names, operation, self._made)
                self._open_names.append(operation)

    def cut(self, chance: random.Random | None) -> Mapping[str, bytes]:
        """What is found on it after the power has gone now, by name. ``chance`` None: all that was asked for got there,
        as when only the program dies.
        """
        names = dict(self._kept_names)
        there = len(self._open_names) if chance is None else chance.randint(0, len(self._open_names))
        for operation in self._open_names[:there]:
            _rename(names, operation, self._made)
        return {path: bytes(self._content(file, chance)) for path, file in names.items()}

    def _sync(self, path: str) -> None:
        for operation in self._open_names:
            _rename(self._kept_names, operation, self._made)
        self._open_names.clear()
        if (file := self._names.get(path)) is not None:
            for operation in self._open[file]:
                _write(self._kept[file], operation)
            self._open[file].clear()

    def _content(self, file: int, chance: random.Random | None) -> bytearray:
        content = bytearray(self._kept[file])
        for operation in self._some(self._open[file], chance):
            _write(content, operation)
        return content

    def _some(self, writes: list[Operation], chance: random.Random | None) -> Iterator[Operation]:
        if chance is None:
            yield from writes
            return
        how = chance.choice(("none", "first", "any"))
        until = chance.randint(0, len(writes)) if how == "first" else len(writes)
        for number, write in enumerate(writes[: 0 if how == "none" else until]):
            if how == "any" and chance.getrandbits(1):
                continue
            torn = (
                write.kind == "write" and len(write.data) > _SECTOR and (number == until - 1 or not chance.randrange(8))
            )
            yield _torn(write, chance) if torn else write


def _torn(write: Operation, chance: random.Random) -> Operation:
    """Only its first sectors got there."""
    kept = _SECTOR * chance.randrange(len(write.data) // _SECTOR + 1)
    return Operation(write.at, write.kind, write.path, offset=write.offset, data=write.data[:kept])


def _write(content: bytearray, operation: Operation) -> None:
    if operation.kind == "truncate":
        del content[operation.offset :]
        content.extend(bytes(operation.offset - len(content)))
        return
    content.extend(bytes(max(0, operation.offset - len(content))))
    content[operation.offset : operation.offset + len(operation.data)] = operation.data


def _rename(names: dict[str, int], operation: Operation, made: Mapping[Operation, int]) -> None:
    match operation.kind:
        case "create":
            names[operation.path] = made[operation]
        case "rename" if operation.path in names:
            names[operation.to] = names.pop(operation.path)
        case "link" if operation.path in names:
            names[operation.to] = names[operation.path]
        case "unlink":
            names.pop(operation.path, None)
        case _:
            pass
