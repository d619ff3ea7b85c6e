"""Lists as they are seen and changed by hand."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from edge.act.skills.lists.spoken import LONGEST, LONGEST_NAME, SHOPPING, TO_DO
from edge.act.skills.lists.store import Item, ListStore
from edge.errors import ChangedMeanwhile, NoSuchEntry, NotKept
from edge.ports import ListedItem, NamedList, one_line, version_of

_MOST: Final = 1_000
"""Items of a list, and lists."""


class ListsByHand:
    """The one :class:`edge.ports.EditableLists`."""

    keeps: Final = "lists"

    def __init__(self, store: ListStore, named: Callable[[], Awaitable[None]]) -> None:
        """``named`` takes note of the names that there are."""
        self._store, self._named = store, named

    async def changed(self, after: int) -> int:
        """The number of the last change, once it is greater than ``after``."""
        return await self._store.changed.later(after)

    async def emptied(self) -> None:
        """Their names are not understood any more. Raises StorageError."""
        await self._named()
        self._store.changed.set()

    async def lists(self) -> Sequence[NamedList]:
        """In alphabetical order. Raises StorageError."""
        sizes = await self._store.sizes((SHOPPING, TO_DO))
        return [NamedList(name, waiting, done) for name, (waiting, done) in sizes.items()]

    async def make(self, name: str) -> str:
        """Make an empty one. Raises NotKept, StorageError."""
        given = await self._new_name(name)
        await self._store.create(given)
        await self._named()
        return given

    async def rename_list(self, name: str, new: str) -> None:
        """With all that is on it. Raises NoSuchEntry, NotKept, StorageError."""
        name = await self._list(name)
        if name in (SHOPPING, TO_DO):
            raise NotKept(f"the list {name!r} has its name for good", "make another one")
        await self._store.rename(name, await self._new_name(new, old=name))
        await self._named()

    async def delete_list(self, name: str) -> None:
        """With all that is on it. Raises NoSuchEntry, StorageError."""
        await self._store.delete(await self._list(name))
        await self._named()

    async def items(self, name: str) -> Sequence[ListedItem]:
        """What waits in its order, then what is done. Raises NoSuchEntry, StorageError."""
        return [_shown(item) for item in await self._store.everything(await self._list(name))]

    async def add(self, name: str, texts: Sequence[str]) -> Sequence[ListedItem]:
        """At the end. Raises NoSuchEntry, NotKept, StorageError."""
        name = await self._list(name)
        wanted = list(dict.fromkeys(_checked(text) for text in texts))
        known = {item.text.casefold(): item for item in await self._store.everything(name)}
        if len(known) + len(wanted) > _MOST:
            raise NotKept(f"a list has at most {_MOST} items", "remove what is done")
        done = [item for text in wanted if (item := known.get(text.casefold())) is not None and item.done]
        if done:
            # It is on the list again, at its end.
            await self._store.remove(done)
        new = [text for text in wanted if (item := known.get(text.casefold())) is None or item.done]
        await self._store.add(name, new)
        await self._named()
        now = {item.text.casefold(): item for item in await self._store.items(name)}
        return [_shown(now[text.casefold()]) for text in wanted]

    async def edit(
        self,
        name: str,
        ident: str,
        *,
        text: str | None = None,
        done: bool | None = None,
        before: str | None = None,
        version: str | None = None,
    ) -> ListedItem:
        """What is not None changes. Raises NoSuchEntry, ChangedMeanwhile, NotKept, StorageError."""
        name = await self._list(name)
        items = await self._store.everything(name)
        item = _one(items, ident)
        if version is not None and version != _version(item):
            raise ChangedMeanwhile("the item was changed meanwhile", "look at it again")
        if text is not None and (said := _checked(text)) != item.text:
            if any(said.casefold() == other.text.casefold() for other in items if other is not item):
                raise NotKept(f"{said!r} is on the list already", "")
            await self._store.reword(item, said)
        if done is not None and done is not item.done:
            await (self._store.complete([item]) if done else self._store.reopen([item]))
        if before is not None:
            await self._store.move(name, item, _one(items, before) if before else None)
        await self._named()
        return _shown(_one(await self._store.everything(name), ident))

    async def remove_items(self, name: str, idents: Sequence[str]) -> None:
        """They are gone. Raises NoSuchEntry, StorageError."""
        items = await self._store.everything(await self._list(name))
        await self._store.remove([_one(items, ident) for ident in idents])
        await self._named()

    async def _list(self, name: str) -> str:
        """Its name as it is written."""
        known = {each.casefold(): each for each in (SHOPPING, TO_DO, *await self._store.names())}
        if (found := known.get(name.casefold())) is None:
            raise NoSuchEntry(f"there is no list {name[:LONGEST_NAME]!r}", "")
        return found

    async def _new_name(self, name: str, old: str = "") -> str:
        given = one_line(name, LONGEST_NAME, "a list's name")
        names = [SHOPPING, TO_DO, *await self._store.names()]
        if given.casefold() in {each.casefold() for each in names} - {old.casefold()}:
            raise NotKept(f"there is a list {given!r} already", "")
        if len(names) >= _MOST:
            raise NotKept(f"there are {_MOST} lists already", "delete one")
        return given


def _one(items: Sequence[Item], ident: str) -> Item:
    found = next((item for item in items if ident in (item.id, *item.twins)), None)
    if found is None:
        raise NoSuchEntry("there is no such item on the list", "it may have been removed")
    return found


def _shown(item: Item) -> ListedItem:
    return ListedItem(item.id, item.text, item.done, item.changed, _version(item))


def _version(item: Item) -> str:
    return version_of(item.text, item.done)


def _checked(text: str) -> str:
    return one_line(text, LONGEST, "an item")
