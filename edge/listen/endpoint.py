"""When a command begins, pauses and ends: a pure function of the times at which speech was seen.

No sound, no model, no clock: feed it the probability of speech of consecutive windows and it answers with what
that means. Everything is in seconds on the clock of the sound.
"""

from dataclasses import dataclass
from enum import Enum

from edge.intents import Fit, Transcript

_ROUNDING = 1e-6
"""Times are sums of windows, and 0.6 − 0.4 is a hair less than 0.2."""
_MUCH = 14
"""Words that may follow after which more make no difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRules:
    """How long is long enough."""

    threshold: float = 0.5
    """A window whose probability is above this is speech."""
    release: float = 0.35
    """Once in speech, a window stays speech down to this: consonants at a word's end are quiet."""
    onset_s: float = 0.06
    """Speech must last this long to begin a command; a click does not."""
    pause_s: float = 0.12
    """Quiet after which it is worth starting to transcribe."""
    silence_s: float = 0.7
    """Quiet that ends a command of which nothing is known."""
    whole_s: float = 0.42
    """Quiet that ends a whole sentence to which much could be added."""
    closed_s: float = 0.25
    """Quiet that ends a sentence to which nothing can be added."""
    open_s: float = 1.2
    """Quiet that ends a sentence that has only begun."""
    no_speech_s: float = 5.0
    """Quiet from the start that means nobody speaks."""
    max_speech_s: float = 15.0
    """A command that never ends is cut here."""
    tail_s: float = 0.25
    """Speech that goes on when the sound begins, and pauses so soon, is the end of the wake word."""

    def patience(self, said: Transcript) -> float:
        """Quiet that ends what was said so far, in seconds.

        People pause before a phrase that they add, rarely before a last word: the more could follow, the longer.
        """
        match said.fit:
            case Fit.OPEN:
                return self.open_s
            case Fit.FREE:
                return self.silence_s
            case Fit.WHOLE | Fit.CLOSED:
                much = min(1.0, said.more / _MUCH)
                return self.closed_s + (self.whole_s - self.closed_s) * much**2


class Heard(Enum):
    """What the last window meant."""

    NOTHING = "nothing"
    """No change."""
    STARTED = "started"
    """Speech began."""
    PAUSED = "paused"
    """A short pause; it may go on."""
    RESUMED = "resumed"
    """Speech went on after a pause."""
    ENDED = "ended"
    """The command is over."""
    CAPPED = "capped"
    """Speech never ended; the command is cut."""
    SILENCE = "silence"
    """Nobody spoke."""


class Endpoint:
    """One command's timing. ``start`` is the moment its sound begins."""

    def __init__(self, rules: EndpointRules, start: float) -> None:
        self._rules = rules
        self._start = start
        self._onset: float | None = None
        self._paused = False
        self._patience = rules.silence_s
        self.speech_start: float | None = None
        """When speech began; None before."""
        self.speech_end = start
        """End of the last window with speech in it."""
        self.sound_start = start
        """What was before this is not part of the command."""

    def feed(self, probability: float, at: float, until: float) -> Heard:
        """``probability`` of speech (0–1) in the window from ``at`` to ``until``; windows arrive in order."""
        if self._is_speech(probability):
            return self._on_speech(at, until)
        return self._on_quiet(until)

    def expect(self, said: Transcript) -> None:
        """What was said up to this pause is known now, and with it how long to wait."""
        self._patience = self._rules.patience(said)

    def restart(self, at: float) -> None:
        """What was heard turned out to be no words: wait for speech anew, the patience of the start still running."""
        self.sound_start = self.speech_end
        self.speech_start = self._onset = None
        self._paused = False
        self._patience = self._rules.silence_s
        self.speech_end = at

    def _is_speech(self, probability: float) -> bool:
        in_speech = self._onset is not None and not self._paused
        return probability > (self._rules.release if in_speech else self._rules.threshold)

    def _on_speech(self, at: float, until: float) -> Heard:
        self.speech_end = until
        if self.speech_start is None:
            self._onset = at if self._onset is None else self._onset
            if until - self._onset + _ROUNDING < self._rules.onset_s:
                return Heard.NOTHING
            self.speech_start = self._onset
            return Heard.STARTED
        if until - self.speech_start + _ROUNDING >= self._rules.max_speech_s:
            return Heard.CAPPED
        if self._paused:
            self._paused = False
            self._patience = self._rules.silence_s
            return Heard.RESUMED
        return Heard.NOTHING

    def _on_quiet(self, until: float) -> Heard:
        if self.speech_start is None:
            self._onset = None
            return Heard.SILENCE if until - self._start + _ROUNDING >= self._rules.no_speech_s else Heard.NOTHING
        quiet = until - self.speech_end + _ROUNDING
        if quiet >= self._patience:
            return Heard.ENDED
        if until - self.speech_start + _ROUNDING >= self._rules.max_speech_s:
            return Heard.CAPPED
        if quiet >= self._rules.pause_s and not self._paused:
            if self._is_tail(self.speech_start):
                self.restart(until)
                return Heard.NOTHING
            self._paused = True
            return Heard.PAUSED
        return Heard.NOTHING

    def _is_tail(self, speech_start: float) -> bool:
        began_before = speech_start - self._start < self._rules.onset_s
        return began_before and self.speech_end - self._start <= self._rules.tail_s
