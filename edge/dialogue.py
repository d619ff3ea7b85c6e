"""What was said before in a conversation: all that understanding a follow-up needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edge.devices import ActionReport
from edge.intents import Intent, OutcomeKind, Question, SlotValue

SECRET: Final = "pin"  # noqa: S105  # the name of a slot
"""The slot of a question whose answer is nobody's business: it stays out of events, intents and memory."""
VOICE: Final = "voice"
"""The slot of a question that the sound of what is said next answers, whatever its words: it is in ``Origin.voice``."""
THIS: Final = "this"
"""The slot of a skill that finds out by itself what "this lamp" or "it" is."""
RESTORE: Final = "HearthRestore"
"""The intent that puts devices back: slots ``device`` (ids, one a line), and how they were, by a command's keys;
a colour is ``red,green,blue``."""

SCHEDULE: Final = "HearthSchedule"
"""The intent that does what it holds in ``later`` at another time, as HassStartTimer does that holds any.

Slots: ``when`` (as it was said), or ``hours``, ``minutes`` and ``seconds`` from now; ``for_s`` (seconds) or ``until``
(as it was said), when it is undone again; ``command``, what was said."""
GUESSED: Final = "guessed"
"""The form of an intent of a tool that was not named, but found by what the sentence means."""
ASK_CLOUD: Final = "HearthAskCloud"
"""The intent that asks the bridge's larger model what its slot ``question`` holds, as it was said."""
UNSURE: Final = "unsure"
"""The form of such an intent that nobody asked for: nothing on the board understood the question."""
NEEDED: Final = "needed"
"""The form of one that a skill can't answer without."""
UNSCHEDULE: Final = "HearthScheduleCancel"
"""The intent that takes it back: what it holds in ``later``; with the slot ``last`` what was just put off; without
either, what is told or asked for."""


@dataclass(frozen=True, slots=True)
class PutOff:
    """A command that is for another time than now, taken apart."""

    command: str
    """What to do, as it was said."""
    slots: Mapping[str, SlotValue]
    """When, as slots of :data:`SCHEDULE`; empty: it is taken back."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A turn that is over."""

    at: float
    """When it ended, seconds since the epoch."""
    text: str
    """What the person said."""
    intents: tuple[Intent, ...]
    """What was understood; empty when nothing was."""
    outcome: OutcomeKind
    actions: tuple[ActionReport, ...] = ()
    """What became of each command."""
    reply: str = ""
    """What was answered."""


@dataclass(frozen=True, slots=True)
class Context:
    """A conversation so far."""

    exchanges: tuple[Exchange, ...] = ()
    """Oldest first; only those that a person still has in mind."""
    question: Question | None = None
    """What the assistant asked in the last of them and still wants to know."""
    now: float = 0.0
    """Seconds since the epoch."""

    @property
    def last(self) -> Exchange | None:
        """The exchange before this one."""
        return self.exchanges[-1] if self.exchanges else None
