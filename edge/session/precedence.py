"""Who speaks in the room goes before all who talk by network: they share its engines."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from edge.engine_thread import EngineThread
from edge.ports import SttEngine, TtsEngine


class Precedence:
    """Of one room's turns over the work that was handed in behind."""

    def __init__(
        self, stt: EngineThread[SttEngine], tts: EngineThread[TtsEngine], further: Sequence[EngineThread[Any]] = ()
    ) -> None:
        """``further``: which a turn will want as well. What of all these was unloaded is called back as a turn begins:
        it is there by the time that somebody has spoken.
        """
        self._stt, self._tts = stt, tts
        self._wanted = (stt, *further, tts)

    @contextmanager
    def claimed(self) -> Iterator[ExitStack]:
        """Nothing that waits behind is begun until the block ends, or what it gives is closed.

        What has begun can't be interrupted, and takes a fraction of a second. A command takes longer to say, so its
        turn meets none of it.
        """
        for engine in self._wanted:
            engine.recall()
        with ExitStack() as claim:
            claim.enter_context(self._stt.reserved())
            claim.enter_context(self._tts.reserved())
            yield claim
