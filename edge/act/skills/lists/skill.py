"""What is done with lists. Whatever an item says, it is only ever text."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from edge.act.skills.lists.by_hand import ListsByHand
from edge.act.skills.lists.spoken import LONGEST, LONGEST_NAME, SHOPPING, TO_DO, find, split
from edge.act.skills.lists.store import Item, ListStore
from edge.intents import Intent, Origin, Outcome, OutcomeKind, Phrase, Question

_SAME: Final[Mapping[str, str]] = {
    "grocery": SHOPPING,
    "groceries": SHOPPING,
    "grocery shopping": SHOPPING,
    "food": SHOPPING,
    "todo": TO_DO,
    "to-do": TO_DO,
    "task": TO_DO,
    "tasks": TO_DO,
    "things to do": TO_DO,
}
"""Other words for the two lists that everybody has."""
_READ_ALOUD: Final = 10
"""Of a longer list the number is said, and how it begins."""
_FIRST: Final = 3


class Lists:
    """Adds, removes, completes, tells, clears; makes and deletes lists."""

    deadline_s = 3.0

    def __init__(self, store: ListStore) -> None:
        self._store = store
        self._known: Sequence[str] = ()
        self._content = 0
        self.by_hand = ListsByHand(store, self.load)
        self.revision = 0
        """Rises with the names of lists."""
        self._by_intent: Mapping[str, Callable[[Intent, Origin], Awaitable[Outcome]]] = {
            "HassShoppingListAddItem": self._add,
            "HassListAddItem": self._add,
            "HassShoppingListCompleteItem": self._complete,
            "HassListCompleteItem": self._complete,
            "HassListRemoveItem": self._remove,
            "HearthListItems": self._tell,
            "HearthListNames": self._tell_names,
            "HearthListClear": self._clear,
            "HearthListCreate": self._create,
            "HearthListDelete": self._delete,
        }

    @property
    def intents(self) -> frozenset[str]:
        """Home Assistant's, of which those of the shopping list have no ``name``, and ours."""
        return frozenset(self._by_intent)

    async def load(self) -> None:
        """Take note of the lists that there are. Raises StorageError."""
        known = await self._store.names()
        if known != self._known:
            self._known = known
            self.revision += 1

    async def refresh(self) -> None:
        """Another assistant may have changed them. Raises StorageError."""
        await self.load()
        if (content := await self._store.content()) != self._content:
            self._content = content
            self._store.changed.set()

    def names(self) -> Mapping[str, Sequence[str]]:
        """Of the lists that there are, for the grammar."""
        return {"lists_known": self._known}

    async def run(self, intent: Intent, origin: Origin) -> Outcome:
        """Raises StorageError."""
        outcome = await self._by_intent[intent.name](intent, origin)
        await self.load()
        return outcome

    async def _add(self, intent: Intent, origin: Origin) -> Outcome:
        name = await self._name(intent)
        known = await self._store.names()
        if not await self._is_known(name) and not intent.confirmed:
            question = Question(intent, None)
            return Outcome(OutcomeKind.DONE, Phrase("lists_make_it", {"list": name}), question=question)
        said = self._said(intent, name, origin)
        if not said:
            return _asks(intent, "item", Phrase("lists_which_item"))
        if any(len(text) > LONGEST for text in said) or len(name) > LONGEST_NAME:
            return Outcome(OutcomeKind.FAILED, Phrase("lists_too_long"))
        present = {item.text.casefold() for item in await self._store.items(name)} if name in known else set()
        new = [text for text in said if text.casefold() not in present]
        await self._store.add(name, new)
        return Outcome(OutcomeKind.DONE, Phrase("lists_added", {"items": new or said, "new": bool(new), "list": name}))

    async def _complete(self, intent: Intent, origin: Origin) -> Outcome:
        return await self._take_off(intent, origin, self._store.complete, "lists_completed")

    async def _remove(self, intent: Intent, origin: Origin) -> Outcome:
        return await self._take_off(intent, origin, self._store.remove, "lists_removed")

    async def _take_off(
        self, intent: Intent, origin: Origin, how: Callable[[list[Item]], Awaitable[None]], key: str
    ) -> Outcome:
        name = await self._name(intent)
        if not await self._is_known(name):
            return _no_such(name)
        items = await self._store.items(name)
        whole = find(str(intent.slots.get("item", "")), items, origin.language)
        said = [whole.text] if whole else self._said(intent, name, origin)
        if not said:
            return _asks(intent, "item", Phrase("lists_which_item"))
        found = {text: item for text in said if (item := find(text, items, origin.language)) is not None}
        missing = [text for text in said if text not in found]
        done = list({item.id: item for item in found.values()}.values())
        await how(done)
        values = {"items": [item.text for item in done], "missing": missing, "list": name}
        return Outcome(OutcomeKind.DONE if done else OutcomeKind.FAILED, Phrase(key, values))

    async def _tell(self, intent: Intent, origin: Origin) -> Outcome:
        name = await self._name(intent)
        if not await self._is_known(name):
            return _no_such(name)
        texts = [item.text for item in await self._store.items(name)]
        if "item" in intent.slots:
            item = find(str(intent.slots["item"]), await self._store.items(name), origin.language)
            values = {"item": item.text if item else str(intent.slots["item"])[:LONGEST], "list": name}
            return Outcome(OutcomeKind.DONE, Phrase("lists_has" if item else "lists_has_not", values))
        if intent.form == "count" or len(texts) > _READ_ALOUD:
            first = texts[:_FIRST] if intent.form != "count" else []
            return Outcome(OutcomeKind.DONE, Phrase("lists_count", {"count": len(texts), "first": first, "list": name}))
        return Outcome(OutcomeKind.DONE, Phrase("lists_items", {"items": texts, "list": name}))

    async def _tell_names(self, intent: Intent, origin: Origin) -> Outcome:
        return Outcome(OutcomeKind.DONE, Phrase("lists_names", {"names": await self._store.names()}))

    async def _clear(self, intent: Intent, origin: Origin) -> Outcome:
        name = await self._name(intent)
        if not await self._is_known(name):
            return _no_such(name)
        count = len(await self._store.items(name))
        if count and not intent.confirmed:
            return _sure(intent, Phrase("lists_clear", {"list": name, "count": count}))
        await self._store.clear(name)
        return Outcome(OutcomeKind.DONE, Phrase("lists_cleared", {"list": name}))

    async def _create(self, intent: Intent, origin: Origin) -> Outcome:
        if not intent.slots.get("name"):
            return _asks(intent, "name", Phrase("lists_what_name"))
        name = await self._name(intent)
        if len(name) > LONGEST_NAME:
            return Outcome(OutcomeKind.FAILED, Phrase("lists_too_long"))
        made = await self._store.create(name)
        return Outcome(OutcomeKind.DONE, Phrase("lists_created" if made else "lists_is_there", {"list": name}))

    async def _delete(self, intent: Intent, origin: Origin) -> Outcome:
        known = await self._store.names()
        if not intent.slots.get("name"):
            if not known:
                return Outcome(OutcomeKind.DONE, Phrase("lists_names", {"names": []}))
            return replace(
                _asks(intent, "name", Phrase("lists_which_list")), question=Question(intent, "name", tuple(known))
            )
        name = await self._name(intent)
        if name not in known:
            return _no_such(name)
        if not intent.confirmed:
            return _sure(intent, Phrase("lists_delete", {"list": name, "count": len(await self._store.items(name))}))
        await self._store.delete(name)
        return Outcome(OutcomeKind.DONE, Phrase("lists_deleted", {"list": name}))

    async def _name(self, intent: Intent) -> str:
        """The list that is meant, by the name under which it was made: the shopping list where none is said."""
        said = " ".join(str(intent.slots.get("name", SHOPPING)).split())
        known = {name.casefold(): name for name in await self._store.names()}
        return known.get(said.casefold()) or _SAME.get(said.casefold(), said)

    async def _is_known(self, name: str) -> bool:
        return name in (SHOPPING, TO_DO) or name in await self._store.names()

    @staticmethod
    def _said(intent: Intent, name: str, origin: Origin) -> list[str]:
        return split(str(intent.slots.get("item", "")), origin.language, tasks=name == TO_DO)


def _asks(intent: Intent, slot: str, say: Phrase) -> Outcome:
    return Outcome(OutcomeKind.DONE, say, question=Question(intent, slot))


def _sure(intent: Intent, say: Phrase) -> Outcome:
    return Outcome(OutcomeKind.DONE, say, question=Question(intent, None))


def _no_such(name: str) -> Outcome:
    return Outcome(OutcomeKind.FAILED, Phrase("lists_no_such", {"list": name[:LONGEST_NAME]}))
