"""Time zones of places by their spoken names: from CLDR and the time zone database, and further ones of our own."""

import functools
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import yaml
from babel import Locale, UnknownLocaleError
from babel.core import get_global

_OURS: Final = Path(__file__).parent / "places.yaml"
_ARTICLE: Final = re.compile(
    r"^(?:the|city of|state of) | (?:city|time zone|timezone|time|right now|now|please|today)$"
)

_ABBREVIATED: Final = 2
"""Letters of a state or country: "Orlando FL"."""


def zone_of(place: str, language: str) -> ZoneInfo | None:
    """The time zone of ``place``, None for one that is not known. Of a country with several, its capital's."""
    names = _zones(language)
    said = _plain(place)
    while said:
        if (zone := names.get(said)) is not None:
            return ZoneInfo(zone)
        shorter = _ARTICLE.sub("", said)
        if shorter == said:
            break
        said = shorter
    words = _plain(place).split()
    for end in range(len(words) - 1, 0, -1):
        if (city := names.get(" ".join(words[:end]))) is not None:
            return _in_region(city, " ".join(words[end:]), names)
    return None


def _in_region(city: str, region: str, names: dict[str, str]) -> ZoneInfo | None:
    """The zone of "Tokyo, Japan", and of "Paris, Texas", which is not the one in France."""
    if (zone := names.get(region)) is None:
        return ZoneInfo(city) if len(region) == _ABBREVIATED else None
    country = get_global("zone_territories").get
    return ZoneInfo(city if country(city) == country(zone) else zone)


@functools.lru_cache(maxsize=2)
def _zones(language: str) -> dict[str, str]:
    """By plain name; what comes later outranks what comes earlier."""
    known = available_timezones()
    found: dict[str, str] = {}
    for zone in sorted(known):
        if "/" in zone and not zone.startswith("Etc/"):
            found[_plain(zone.rsplit("/", maxsplit=1)[1].replace("_", " "))] = zone
    found.update(_of_cldr(language))
    for zone, names in yaml.safe_load(_OURS.read_text(encoding="utf-8")).items():
        found.update((_plain(name), zone) for name in names)
    return {name: zone for name, zone in found.items() if zone in known}


def _of_cldr(language: str) -> Iterator[tuple[str, str]]:
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    for territory, zones in get_global("territory_zones").items():
        if len(territory) == 2 and zones and (name := locale.territories.get(territory)):  # noqa: PLR2004
            yield _plain(name), zones[0]
    for zone, names in locale.time_zones.items():
        if city := names.get("city"):
            yield _plain(city), zone


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name.casefold().replace("-", " "))
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    return " ".join(re.sub(r"[^\w\s]", "", letters).split())
