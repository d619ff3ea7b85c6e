"""What the grammar tier costs in a house of 300 devices."""

import time
from collections.abc import Sequence
from itertools import product
from typing import Final

from edge.evaluation.fixtures import Furniture, furniture
from edge.evaluation.text.memory_house import MemoryHouse
from edge.intents import Origin
from edge.understand.router import SyncTier

_SENTENCES: Final = 300
_ROOMS: Final = (
    "Living Room, Kitchen, Bedroom, Guest Room, Bathroom, Hallway, Office, Garage, Garden, Porch, Attic, Basement, "
    "Laundry, Nursery, Library, Studio, Workshop, Pantry, Balcony, Gym"
).split(", ")
_THINGS: Final = (
    ("Light", "light"),
    ("Lamp", "light"),
    ("Spots", "light"),
    ("Fan", "fan"),
    ("Blinds", "cover"),
    ("Curtain", "cover"),
    ("Plug", "switch"),
    ("Heater", "switch"),
    ("Speaker Plug", "switch"),
    ("Thermostat", "climate"),
    ("Temperature", "sensor"),
    ("Humidity", "sensor"),
    ("Motion", "binary_sensor"),
    ("Window", "binary_sensor"),
    ("Door", "lock"),
)


def large_home() -> Furniture:
    """Twenty rooms with fifteen devices each."""
    entities = [
        {"name": f"{room} {thing}", "domain": domain, "area": room}
        for room, (thing, domain) in product(_ROOMS, _THINGS)
    ]
    return furniture({"entities": entities})


def grammar_times(grammar: SyncTier, house: MemoryHouse, sentences: Sequence[str]) -> list[float]:
    """Milliseconds of processor time for each of a few hundred of ``sentences``, evenly chosen.

    The grammar does nothing but compute, and what else the machine does is not its cost.
    """
    house.furnish(large_home())
    origin = Origin("evaluation", _ROOMS[0])
    grammar.understand(sentences[0] if sentences else "", origin)  # the lists are built once for the house
    chosen = sentences[:: max(1, len(sentences) // _SENTENCES)]
    return [_timed(grammar, sentence, origin) for sentence in chosen]


def _timed(grammar: SyncTier, sentence: str, origin: Origin) -> float:
    begun = time.thread_time()
    grammar.understand(sentence, origin)
    return (time.thread_time() - begun) * 1000
