"""What the grammar tier costs, by the kind of sentence: ``python -m edge.bench.grammar``.

In a house of 300 devices, with the sentences of all skills; milliseconds of processor time of the thread, so that what
else the machine does is not counted.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from edge import plugins
from edge.evaluation.text.large_home import large_home
from edge.evaluation.text.memory_house import MemoryHouse
from edge.intents import Origin
from edge.understand.grammar import Grammar

_ROOMS: Final = ("kitchen", "living room", "guest room", "hallway", "office", "bedroom", "library", "studio")
_SHORT: Final = (
    "turn on the {} light", "turn off the {} fan", "is the {} door locked", "what is the temperature in the {}",
    "open the {} blinds", "set the {} light to 40 percent", "dim the {} lamp a bit", "turn everything off in the {}",
    "which lights are on in the {}", "make the {} light red",
)  # fmt: skip
_NEAR: Final = (
    "turn on the {} lite",
    "switch of the {} fans",
    "turn on {} speaker plugs",
    "set {} termostat to 21 degrees",
)
_TWO: Final = (
    "turn on the {} light and the {} fan", "turn off the {} lamp and lock the {} door",
    "open the {} blinds and set the {} light to half",
)  # fmt: skip
_LONGEST: Final = (
    "turn off the {} light and the {} lamp and the {} fan and then lock the {} door and open the {} blinds and set the "
    "{} thermostat to twenty one degrees please",
    "could you please turn off all the lights in the {} and the {} except the {} lamp and the {} spots and then close "
    "the {} curtain and the {} blinds",
)
_NOT_OURS: Final = (
    "who wrote the book about the {} that everybody was reading on the train last summer when it rained so much",
    "I was in the {} the other day and somebody told me that the {} needs a new coat of paint before the guests arrive",
)
_TIMES: Final = 3


def _said(templates: Sequence[str]) -> list[str]:
    """Each template with each room in turn, every sentence another one."""
    return [
        template.format(*(_ROOMS[(first + gap) % len(_ROOMS)] for gap in range(template.count("{}"))))
        for template in templates
        for first in range(len(_ROOMS))
    ]


KINDS: Final[Mapping[str, Sequence[str]]] = {
    "short": _said(_SHORT),
    "with near names": _said(_NEAR),
    "two commands": _said(_TWO),
    "the longest": _said(_LONGEST),
    "about anything else": _said(_NOT_OURS),
    "500 characters of noise": ["light kitchen and turn " * 21 + text for text in _ROOMS],
}


def times(grammar: Grammar, sentences: Sequence[str]) -> list[float]:
    """Milliseconds for each of ``sentences``, the least of three."""
    origin = Origin("bench", "Kitchen")
    grammar.understand("turn on the kitchen light", origin)  # the lists are built once for the house
    return [min(_once(grammar, text, origin) for _ in range(_TIMES)) for text in sentences]


def _once(grammar: Grammar, text: str, origin: Origin) -> float:
    begun = time.thread_time()
    grammar.understand(text, origin)
    return (time.thread_time() - begun) * 1000


def grammar_of_all_skills(house: MemoryHouse) -> Grammar:
    """English, for the skills that are installed."""
    folders = [folder for name in plugins.names("skills") if (folder := plugins.folder("skills", name)) is not None]
    files = [file for folder in folders if (file := Path(folder) / "sentences" / "en.yaml").exists()]
    return Grammar(house, "en", None, skills=files)


def main() -> None:
    """Print p50, p95 and the most of each kind."""
    house = MemoryHouse(large_home())
    grammar = grammar_of_all_skills(house)
    for kind, sentences in KINDS.items():
        spent = sorted(times(grammar, sentences))
        p95 = spent[min(len(spent) - 1, round(0.95 * len(spent)))]
        print(f"{kind:24} p50 {spent[len(spent) // 2]:6.1f} ms   p95 {p95:6.1f} ms   most {spent[-1]:6.1f} ms")


if __name__ == "__main__":
    main()
