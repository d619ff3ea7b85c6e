"""Examples to learn from: what is said in a random home, and what is to be answered. The same seed gives the same."""

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edge.devices import Device
from edge.understand.llm_calls import NONE, Call, Target, able, targets
from edge.understand.llm_prompt import question
from edge.understand.llm_retrieval import relevant
from edge.understand.training import refusals, scenes
from edge.understand.training.asking import VERB, Said, Scenes, Wanted
from edge.understand.training.homes import random_home
from edge.understand.training.mishearing import misheard

_SCENES: Final[Scenes] = {
    "one": (38, (scenes.one,)),
    "read": (7, (scenes.read,)),
    "several": (44, (scenes.several,)),
    "group": (11, (scenes.group,)),
    "wish": (18, (scenes.wish,)),
    "follow": (11, (scenes.follow,)),
    "absent": (34, (refusals.absent,)),
    "unable": (6, (refusals.unable,)),
    "not meant": (8, (refusals.not_meant,)),
    "talk": (20, (refusals.talk,)),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One example."""

    kind: str
    """What it teaches: one, several, follow, wish, group, read, absent, unable, talk, crowd…"""
    said: str
    asked: str
    """The prompt after its fixed part."""
    answer: str
    known: tuple[Target, ...] = ()
    """What there is to call."""


def samples(
    seed: int, count: int, avoid: Collection[str] = (), crowd: Scenes | None = None, *, unseen: bool = False
) -> Iterator[Sample]:
    """``count`` examples, none of which says a sentence of ``avoid`` (folded by :func:`folded`).

    ``crowd``: further scenes. ``unseen``: in homes kept for measuring.
    """
    made_of = {**_SCENES, **(crowd or {})}
    names, weights = list(made_of), [weight for weight, _ in made_of.values()]
    made, number = 0, 0
    while made < count:
        number += 1
        chance = random.Random(f"{seed}:{number}")
        kind = chance.choices(names, weights)[0]
        home = random_home(chance, unseen=unseen)
        here = chance.choice(list(home.areas()) or [None]) if chance.random() < 0.6 else None
        said = chance.choice(made_of[kind][1])(chance, home, here)
        if said and said.before is None and chance.random() < 0.1:
            said = replace(said, before=scenes.one(chance, said.home, said.here))
        sample = said and rendered(kind, _as_heard(said, chance))
        if sample and folded(sample.said) not in avoid:
            made += 1
            yield sample


def folded(sentence: str) -> str:
    """How sentences are compared: letters and digits alone."""
    return " ".join("".join(c if c.isalnum() else " " for c in sentence.casefold()).split())


def rendered(kind: str, said: Said) -> Sample | None:
    """The example of ``said``; None where the model would not be asked, or could not answer."""
    before: tuple[str, str] | None = None
    about: tuple[str, ...] = ()
    devices = said.home.devices()
    if said.before is not None:
        earlier = rendered("before", said.before)
        if earlier is None or earlier.answer == NONE:
            return None
        before = (said.before.text, earlier.answer)
        about = tuple(d.id for wanted in said.before.wanted for d in _devices(wanted, devices))
    found = relevant(said.text, devices, said.here, about)
    if not found:
        return None
    known = targets(found, devices)
    calls = [_called(wanted, known) for wanted in said.wanted]
    if None in calls:
        return None
    answer = "; ".join(dict.fromkeys(str(call) for call in calls)) or NONE
    return Sample(kind, said.text, question(said.text, known, said.home.state, said.here, before), answer, known)


def _devices(wanted: Wanted, devices: Sequence[Device]) -> list[Device]:
    if wanted.device is not None:
        return [wanted.device]
    return [d for d in devices if d.domain == wanted.domain and wanted.area in (None, d.area)]


def _called(wanted: Wanted, known: Sequence[Target]) -> Call | None:
    verb = VERB[wanted.verb]
    for target in known:
        if wanted.device is None:
            fits = target.group and target.slots == {"domain": wanted.domain} | (
                {"area": wanted.area} if wanted.area else {}
            )
        else:
            fits = not target.group and target.devices[0].id == wanted.device.id
        if fits and able(verb, target):
            return Call(verb, target, wanted.value)
    return None


def _as_heard(said: Said, chance: random.Random) -> Said:
    text = said.text
    if chance.random() < 0.2:
        text = misheard(text, chance)
    if chance.random() < 0.3:
        text = text[:1].upper() + text[1:] + chance.choice((".", "", "?" if text.startswith("is") else "."))
    return replace(said, text=" ".join(text.split()))
