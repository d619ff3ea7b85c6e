"""Slots of what is said about lists."""

import re
from typing import Final

from edge.intents import Intent
from edge.understand.semantic.filling import Filled
from edge.understand.semantic.places import Said, Slots

_ASKED_FIRST: Final = 0.85
"""The most confidence in what throws away a whole list."""
_LIST: Final = r"(?:(?:my|the|our|a|this|that)\s+)?(?:(?P<list>[a-z' -]+?)\s+)?(?:check)?lists?"
_SOME: Final = r"(?:(?:some|more|any|the|a)\s+)*"
_ADDED: Final = (
    re.compile(
        rf"\b(?:add|put|write|stick|include|place|insert|note)\s+(?P<item>.+?)\s+"
        rf"(?:to|on|onto|in|into|down on)\s+{_LIST}\b"
    ),
    re.compile(
        r"\b(?:out of|low on|need to buy|have to buy|should buy|must buy|remember to buy|forget to buy|remind me to buy"
        rf"|need to get|buy|need|no more|there is no|there's no|write down|note down|note)\s+{_SOME}"
        r"(?P<item>[a-z' -]+?)(?:\s+left|\s+(?:to|on)\s+(?:my|the)\s+list)?$"
    ),
)
_REMOVED: Final = (
    re.compile(
        rf"\b(?:remove|delete|take|scratch|cross|strike|erase|drop|cancel|get rid of|clear)\s+(?:off\s+)?"
        rf"(?P<item>.+?)\s+(?:from|off of|off|out of|on)\s+{_LIST}\b"
    ),
    re.compile(
        r"\b(?:already have|already bought|have bought|bought|got|don't need|check off|tick off|cross off|mark off)\s+"
        rf"{_SOME}(?P<item>[a-z' -]+?)(?:\s+(?:any\s?more|as done|done))?$"
    ),
)
_BARE: Final = (
    re.compile(
        rf"\b(?:remove|delete|take off|scratch|cross off|strike|erase|drop|get rid of)\s+{_SOME}(?P<item>[a-z' -]+?)"
        r"(?:\s+(?:from|off|out of)\s+(?:the|my|our)\s+(?P<list>[a-z' ]+?))?(?:\s+please)?$"
    ),
)
"""Where nobody says that it is about a list."""
_VAGUE: Final = re.compile(
    r"(?:(?:an?|the|this|that|these|all|last|first|next|new|one|some|of|it)\s*)*(?:items?|things?|something|everything"
    r"|entry|entries|events?|it|that|this|them|one|all)?"
)
"""Words for something to put on a list that leave open what it is."""
_NO_LIST: Final = frozenset(
    "a an the my our your this that new whole entire all of from on to in any other another last first next is what "
    "which me it complete full current existing saved existing create make start delete remove read show open "
    "up about with today following".split()
)
_WHOLE: Final = re.compile(
    r"\b(?:remove|delete|erase|cancel|get rid of|throw away|drop|don't (?:want|need))\s+"
    r"(?:(?:an?|my|the|our|this|that|entire|whole|old)\s+)*(?P<list>(?:(?!from|and|off|on|of)[a-z']+\s+){0,4}?)lists?"
    r"(?:\s+(?:please|for me|any\s?more|now))*$"
)
"""What is deleted is the list itself."""
_NAMED: Final = (
    re.compile(r"\b([a-z']+(?: do)?) (?:check)?lists?\b(?! of)"),
    re.compile(r"\blists? (?:called|named|for|of) (?:the |my )?([a-z' ]+?)(?: for me| please)?$"),
)
_ITEM_ASKED: Final = re.compile(
    r"^(?:is|are|do i have|did i put|have i put|have we got|did we put) (?:there )?(?:any |the |some )?([a-z' ]+?)"
    r" (?:already )?on (?:my|the|our)\b"
)
_SHOPPING: Final = frozenset({"shopping", "grocery", "groceries", "food", "store"})


def list_add(said: Said) -> Filled | None:
    """An item on a list, the shopping list where none was named; or a new list."""
    if filled := _item(said, _ADDED, "HassShoppingListAddItem", "HassListAddItem"):
        return filled
    if said.has(r"(?:new|create|make|start|begin|open|produce|generate)\b.*\b(?:check)?lists?"):
        return Filled(Intent("HearthListCreate", _list_name(said)))
    # What is to be put there was not said: the skill asks.
    asks = said.has("lists?|checklists?|add|put|include|insert|note|write")
    return Filled(Intent("HassListAddItem", _list_name(said))) if asks else None


def list_query(said: Said) -> Filled | None:
    """What is on a list, or what lists there are."""
    if said.has(r"(?:what|which|show|tell|all|how many|names?|my|the|any)\b(?! list\b).*\blists") and not said.has(
        "on|in"
    ):
        return Filled(Intent("HearthListNames"))
    item = _ITEM_ASKED.search(said.words)
    asked = {"item": item[1]} if item and not _VAGUE.fullmatch(item[1]) else {}
    return Filled(Intent("HearthListItems", {**asked, **_list_name(said)}))


def list_remove(said: Said) -> Filled | None:
    """An item off a list, or a whole list."""
    if filled := _item(said, _REMOVED, "HassListRemoveItem", "HassListRemoveItem"):
        return filled
    if said.has("clear|empty|wipe"):
        return Filled(Intent("HearthListClear", _list_name(said)))
    if not said.has("lists?") and (bare := _item(said, _BARE, "HassListRemoveItem", "HassListRemoveItem")):
        return bare
    if said.has("items?|things?|entry|event|it|something") and not said.has("lists? of"):
        return Filled(Intent("HassListRemoveItem", _list_name(said)))
    if (whole := _WHOLE.search(said.words)) is None:
        # What is to go was not said: the skill asks.
        return Filled(Intent("HassListRemoveItem"))
    name = whole["list"].strip()
    return Filled(Intent("HearthListDelete", {"name": name} if name else {}), at_most=_ASKED_FIRST)


def _list_name(said: Said) -> Slots:
    """The list that was named, if one was."""
    names = (found[1] for pattern in _NAMED if (found := pattern.search(said.words)))
    name = next((name for name in names if name not in _NO_LIST), None)
    return {"name": name} if name else {}


def _item(said: Said, patterns: tuple[re.Pattern[str], ...], of_shopping: str, of_others: str) -> Filled | None:
    for pattern in patterns:
        if (found := pattern.search(said.words)) is None:
            continue
        item = re.sub(r"^(?:an? |the |some |more |my )+", "", found["item"]).strip()
        name = (found.groupdict().get("list") or "").strip()
        if not item or _VAGUE.fullmatch(item):
            return None
        if not name or name in _SHOPPING:
            return Filled(Intent(of_shopping, {"item": item}))
        return Filled(Intent(of_others, {"item": item, "name": name}))
    return None
