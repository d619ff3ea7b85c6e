"""Sentences as vectors: MiniLM-L6 by ONNX Runtime.

Source: sentence-transformers/all-MiniLM-L6-v2, in 8 bits as :mod:`models.bert` converts it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError
from edge.ports import Closeable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

Floats: TypeAlias = npt.NDArray[np.float32]

MODEL = "minilm-l6-v2"
"""Its id in the manifest."""
_MAX_TOKENS = 128


class Encoder(Closeable, Protocol):
    """Turns sentences into vectors."""

    def embed(self, text: str) -> Floats:
        """A vector of length 1, shape (384,); the nearer in meaning two sentences are, the larger the product."""


class MiniLm:
    """One sentence at a time; letters' case is all one to it."""

    computes = True

    def __init__(self, tokenizer: "Tokenizer", session: "InferenceSession") -> None:
        self._tokenizer = tokenizer
        self._session = session

    def embed(self, text: str) -> Floats:
        """``text``: of any length; what comes after 128 tokens is not read."""
        ids = np.array(self._tokenizer.encode(text).ids, np.int64)
        vector: Floats = self._session.run(None, {"ids": ids})[0]
        return vector

    def close(self) -> None:
        """Free the weights."""
        del self._session


def build(folder: Path) -> MiniLm:
    """``folder``: the model's. Raises ModelError when it cannot be loaded."""
    from tokenizers import Tokenizer

    from edge import onnx

    try:
        tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text("utf-8"))
    except Exception as error:  # tokenizers raises nothing more special than Exception
        raise ModelError(f"{folder.name} has no readable tokenizer", "run `hearth models verify`") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MAX_TOKENS)
    encoder = MiniLm(tokenizer, onnx.session(folder / "encoder.onnx"))
    encoder.embed("warm up")
    return encoder
