"""Whether a question is asked now, kept until there is a link, or not asked at all: a pure table.

What wants something done is asked now or never: a command that is carried out later is a wrong action. So is a
question about how things are at home, which would be answered with how they were.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from edge.asking import Kind


class Cause(StrEnum):
    """Why the larger model would be asked."""

    ASKED_FOR = "asked_for"
    """ "Ask the cloud …"."""
    NEEDED = "needed"
    """A skill can't answer without."""
    UNSURE = "unsure"
    """Nothing on the board understood it."""


class Step(StrEnum):
    """What is done."""

    ASK = "ask"
    KEEP = "keep"
    NO = "no"


class Why(StrEnum):
    """Why it is not asked now; also the names of the phrases, behind ``cloud_``."""

    NONE = "none"
    """There is no bridge."""
    OFF = "off"
    """The settings say never."""
    NOT_A_QUESTION = "not_a_question"
    """Nobody asked for the larger model, and it is not surely something that one asks it."""
    CONSENT = "consent"
    QUOTA = "quota"
    COMMAND = "command"
    """No link, and it wants something done."""
    HOUSE = "house"
    """No link, and it is about how things are at home."""
    UNKEPT = "unkept"
    """No link, and the settings keep nothing."""
    OFFLINE = "offline"
    """No link: it is kept."""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that decides."""

    cause: Cause
    kind: Kind
    about_house: bool
    """Whether it names a device or a room."""
    bridge: bool
    """Whether there is one at all."""
    setting: Literal["never", "asked", "questions"]
    consent: bool
    link: bool
    quota: bool
    """Whether the house may ask more, as far as is known."""
    keeps: bool
    """Whether questions may be kept."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done, and why it is not asked now; None where it is."""

    step: Step
    why: Why | None = None


def decide(now: Situation) -> Decision:
    """The first line that holds."""
    if now.cause is Cause.UNSURE and (now.kind is not Kind.QUESTION or now.about_house or now.setting != "questions"):
        return Decision(Step.NO, Why.NOT_A_QUESTION)
    if not now.bridge:
        return Decision(Step.NO, Why.NONE)
    if now.setting == "never":
        return Decision(Step.NO, Why.OFF)
    if not now.consent:
        return Decision(Step.NO, Why.CONSENT)
    if now.link:
        return Decision(Step.ASK) if now.quota else Decision(Step.NO, Why.QUOTA)
    return without_link(now)


def without_link(now: Situation) -> Decision:
    """What is done where it can't be asked now, also because the link went while it was asked."""
    if now.kind is Kind.COMMAND:
        return Decision(Step.NO, Why.COMMAND)
    if now.about_house:
        return Decision(Step.NO, Why.HOUSE)
    if not now.keeps:
        return Decision(Step.NO, Why.UNKEPT)
    return Decision(Step.KEEP, Why.OFFLINE)
