"""Slots of what is asked of the assistant itself: timers, alarms, its voice, the time."""

import re
from typing import Final

from edge.intents import Intent, SlotValue
from edge.understand.semantic.amounts import duration, percent
from edge.understand.semantic.filling import Fill, Filled
from edge.understand.semantic.places import Said, Slots

_POLITE: Final = (
    r"(?:please|kindly|could you|can you|would you|will you|i want you to|i would like you to|i'd like you to|hey|okay"
    r"|ok)"
)
_ALARM: Final = r"(?:alarm clocks?|alarms?|wake[- ]?up (?:calls?|alarms?)|reminder alarms?)"
_TIME_WORD: Final = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|twenty|thirty"
    r"|forty|fifty|half|quarter|noon|midday|midnight|morning|afternoon|evening|night|tonight|today|tomorrow|weekdays?"
    r"|weekends?|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|week|month|hours?|minutes?|every|daily|o'clock|am|pm)\b"
)
_BEFORE_TIME: Final = re.compile(
    rf"^(?:{_POLITE}|set|create|make|add|schedule|put|start|turn|on|off|cancel|delete|remove|stop|clear|disable|erase"
    rf"|kill|deactivate|take|get rid of|up|me|an?|the|my|all|every(?= alarm)|of|any|new|another|{_ALARM}|wake|to|ring"
    r"|go|really|would|like|confirm|that|for|don't|do not|i|need|have|want|get|be|make sure|let|let's|awake|what|which"
    r"|when|is|are|do|did|there|show|tell|list|check|next(?= alarm)|sleep past|sound|time|will"
    r"|you|at what|called|[,.:;])(?:\s+|$)"
)
_AFTER_TIME: Final = re.compile(rf"\s+(?:{_POLITE}|{_ALARM}|anymore|any more|any longer|for me|thanks|set|off|on)$")
_PLACE: Final = re.compile(
    r"\b(?:over )?(?:in|for|at) (?:the )?([a-z' ]+?)(?: (?:right now|now|please|currently|time zone))*$"
)
_NO_PLACE: Final = frozenset(
    "here house home room kitchen bedroom moment morning afternoon evening city town place".split()
)
_TOWN: Final = re.compile(
    r"\b(?:in|to|from|between|and|is) (?:the )?"
    r"((?!(?:it|time|what|noon|midnight|the|here|there|when|[a-z]+ [ap]m)\b)[a-z]{3,}"
    r"(?: (?!time|when|what|is|if|to|from|and|it|in|at)[a-z]+)?)"
)
_MOMENT: Final = re.compile(
    r"\b(noon|midnight|\d{1,2}(?::\d\d)?(?: ?[ap]m)?|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
    r"(?: (?:thirty|fifteen|forty five|fifty|twenty)(?: five)?)?(?: [ap]m)?)\b"
)
_DAY: Final = re.compile(
    r"\b(?:day|date)(?: of (?:the )?(?:week|month))? (?:is|was|will|does|falls?|for)(?: it be)?(?: on)?"
    r" ((?:next|this|last|the|christmas|easter|[a-z]+day)\b.*)$"
)


def players(said: Said) -> Slots:
    """Whose sound is meant, where somebody says so."""
    named = [device.name for device in said.names.devices if device.domain == "media_player"]
    return {"name": named[0]} if named else {"area": said.names.area} if said.names.area else {}


def volume(direction: str) -> Fill:
    """Louder or quieter: ``direction`` is ``up`` or ``down``."""

    def fill(said: Said) -> Filled | None:
        if said.has(r"(?:to|at) (?:\d+|half|full|max|maximum|min|minimum)"):
            return volume_level(said)
        by = re.search(r"\bby (\d{1,3})\b", said.text)
        change: SlotValue = (int(by[1]) if direction == "up" else -int(by[1])) if by else direction
        return Filled(Intent("HassSetVolumeRelative", {**players(said), "volume_step": change}))

    return fill


def volume_level(said: Said) -> Filled | None:
    """As loud as that."""
    level = percent(said.text)
    return Filled(Intent("HassSetVolume", {**players(said), "volume_level": level})) if level is not None else None


def sound(ours: str, theirs: str) -> Fill:
    """Silence and its end: ``theirs`` where a player is named, ``ours`` of the assistant itself."""
    return lambda said: Filled(Intent(theirs, slots) if (slots := players(said)) else Intent(ours))


def timer_start(said: Said) -> Filled | None:
    """Without a length the skill asks for one."""
    return Filled(Intent("HassStartTimer", {**duration(said.text), **_timer_name(said)}))


def timer(name: str, of_all: str | None = None) -> Fill:
    """A timer that runs; ``of_all``: the intent for all of them."""

    def fill(said: Said) -> Filled | None:
        if of_all is not None and said.has("all|every"):
            return Filled(Intent(of_all))
        of = {f"start_{unit}": value for unit, value in duration(said.text).items()}
        return Filled(Intent(name, {**of, **_timer_name(said)}))

    return fill


def _timer_name(said: Said) -> Slots:
    found = re.search(r"\b(?:minute |hour |second |my |the |a )([a-z]+) timer\b", said.text) or re.search(
        r"\btimer for (?:\d+ \w+ for )?(?:the |my )?([a-z]+)\b", said.text
    )
    ordinary = {"minute", "hour", "second", "new", "first", "next", "last", "a", "an", "half", "other"}
    return {"name": found[1]} if found and found[1] not in ordinary else {}


def alarm_set(said: Said) -> Filled | None:
    """Without a time the skill asks for one."""
    return Filled(Intent("HearthSetAlarm", _when(said)))


def alarm_query(said: Said) -> Filled | None:
    """Which alarms are set."""
    return Filled(Intent("HearthAlarmStatus", _when(said)))


def alarm_remove(said: Said) -> Filled | None:
    """That alarm, or all of them."""
    if said.has("snooze"):
        return Filled(Intent("HearthSnooze", {k: v for k, v in duration(said.text).items() if k == "minutes"}))
    if said.has(r"all|every alarm|any alarms?"):
        return Filled(Intent("HearthCancelAlarm", {"all": True}))
    when = _when(said)
    return Filled(Intent("HearthCancelAlarm", when if when or not said.has("alarms") else {"all": True}))


def _when(said: Said) -> Slots:
    """What was said of the time, and what stands around it, without the words that ask for an alarm."""
    rest = said.words
    while (shorter := _AFTER_TIME.sub("", _BEFORE_TIME.sub("", rest))) != rest:
        rest = shorter
    return {"when": rest} if _TIME_WORD.search(rest) else {}


def time_of_day(said: Said) -> Filled | None:
    """Here, or in the place that was named."""
    found = _PLACE.search(said.text)
    if found is None or found[1].split()[-1] in _NO_PLACE or _TIME_WORD.fullmatch(found[1]):
        return Filled(Intent("HassGetCurrentTime"))
    return Filled(Intent("HassGetCurrentTime", {"place": found[1]}))


def other_time(said: Said) -> Filled | None:
    """A time here in another place, or one place's time in another."""
    places = [found for found in _TOWN.findall(said.words) if found.split()[-1] not in _NO_PLACE]
    moment = _MOMENT.search(said.words)
    slots: dict[str, SlotValue] = {"time": moment[1]} if moment else {}
    if places:
        # "In Rome when it is noon in Oslo" asks of the first, "when it is noon in Oslo, in Rome" of the last.
        asked, *others = places if re.search(r"\bwhen\b", said.words[10:]) else reversed(places)
        slots |= {"place": asked, **({"from_place": others[0]} if others else {})}
    return Filled(Intent("HearthConvertTime", slots)) if places else None


def date(said: Said) -> Filled | None:
    """Today's, or that of the day that was named."""
    found = _DAY.search(said.words)
    if found is None or re.match(r"(?:today|the (?:date|day|current|time))\b", found[1]):
        return Filled(Intent("HassGetCurrentDate"))
    return Filled(Intent("HassGetCurrentDate", {"date": found[1]}))
