"""Speech to text on another machine, by the Wyoming protocol, and on this one while that is away or slow."""

from collections.abc import Callable, Iterator
from typing import Final

from wyoming.asr import Transcribe
from wyoming.asr import Transcript as TranscriptEvent
from wyoming.event import Event

from edge.chunk import RATE, Pcm
from edge.intents import Transcript
from edge.listen.nearest import nearest
from edge.listen.spelling import Spelling
from edge.listen.steady import is_steady
from edge.ports import Sayable, SttEngine
from edge.wyoming.messages import Said, message
from edge.wyoming.remote import Machine, Remote
from edge.wyoming.sound import chunks, started, stopped

_UNKNOWN: Final = "en"


class WyomingStt:
    """The other machine's engine, and the local one behind it."""

    def __init__(self, remote: Remote, local: SttEngine) -> None:
        self.remote, self._local = remote, local

    def transcribe(self, pcm: Pcm, language: str | None, sayable: Sayable | None = None) -> Transcript:
        """``pcm``: int16, 16 kHz, one utterance. What the other machine heard does not depend on ``sayable``."""
        if is_steady(pcm):
            return Transcript("", language or _UNKNOWN)
        request = [Transcribe(language=language).event(), started(RATE), *chunks(pcm, RATE), stopped()]
        heard = self.remote.ask(request, _said)
        if heard is None:
            return self._local.transcribe(pcm, language, sayable)
        return _placed(heard.text.strip(), language or heard.language or _UNKNOWN, sayable)

    def prepare(self, sayable: Sayable) -> None:
        """Of the local engine."""
        self._local.prepare(sayable)

    def close(self) -> None:
        """Close the local engine; the other machine is let go."""
        self.remote.close()
        self._local.close()


def _said(events: Iterator[Event]) -> Said:
    return next(message(Said, event) for event in events if TranscriptEvent.is_type(event.type))


def _placed(text: str, language: str, sayable: Sayable | None) -> Transcript:
    """``text`` with its place among the sentences of the house, if it is one: then nobody need wait for more of it."""
    if text and sayable is not None:
        for near in nearest(text, sayable, Spelling(language), 1):
            if near.edits == 0:
                return Transcript(near.text, language, fit=near.fit, more=near.more, alternatives=(text,))
    return Transcript(text, language)


def build(local: Callable[[], SttEngine], machine: Machine) -> WyomingStt:
    """``local`` builds the engine of this machine. Raises ModelError when that cannot be loaded."""
    return WyomingStt(Remote("asr", machine), local())
