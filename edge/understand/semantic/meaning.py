"""What sentences mean as vectors, for skills: :class:`edge.ports.Meaning` by the encoder of the semantic tier."""

from edge.engine_thread import EngineThread
from edge.ports import Vector
from edge.understand.semantic.encoder import Encoder


class SentenceMeaning:
    """The one there is; English."""

    def __init__(self, engine: EngineThread[Encoder]) -> None:
        self._engine = engine

    async def vector(self, text: str) -> Vector | None:
        """Raises ModelError when the model can't be loaded."""
        return await self._engine.call(lambda engine: engine.embed(text))
