"""A GGUF model by llama.cpp, writing only what a grammar allows.

Source: https://github.com/ggml-org/llama.cpp through ``llama-cpp-python``; grammars in its GBNF.
"""

import contextlib
import math
from pathlib import Path

import llama_cpp
import numpy as np
import numpy.typing as npt
from llama_cpp import Llama, LlamaGrammar, LogitsProcessorList

from edge.errors import ModelError
from edge.ports import Completion

_CONTEXT_TOKENS = 2048


class LlamaCpp:
    """Greedy completion under a grammar. The unchanged front of the prompt stays in llama.cpp's cache."""

    def __init__(self, llama: Llama) -> None:
        self._llama = llama
        self._grammars: dict[str, LlamaGrammar] = {}

    def complete(self, prompt: str, grammar: str, max_tokens: int) -> Completion:
        """``grammar`` in GBNF. The probability is the model's own, before the grammar took choices away:
        low where the model would rather have written something else."""
        record = _Record()
        answer = self._llama.create_completion(
            prompt,
            max_tokens=max_tokens,
            temperature=0.0,
            grammar=self._compiled(grammar),
            logits_processor=LogitsProcessorList([record]),
        )
        return Completion(answer["choices"][0]["text"], record.probability)

    def close(self) -> None:
        """Free the weights."""
        self._llama.close()

    def _compiled(self, grammar: str) -> LlamaGrammar:
        if grammar not in self._grammars:
            self._grammars = {grammar: LlamaGrammar.from_string(grammar, verbose=False)}
        return self._grammars[grammar]


class _Record:
    """Watches the logits of each step to learn how probable the chosen tokens were."""

    def __init__(self) -> None:
        self._logits: npt.NDArray[np.single] | None = None
        self._logarithms: list[float] = []

    @property
    def probability(self) -> float:
        """Geometric mean over the chosen tokens, 0–1; 0 when there were none."""
        return math.exp(sum(self._logarithms) / len(self._logarithms)) if self._logarithms else 0.0

    def __call__(self, tokens: npt.NDArray[np.intc], logits: npt.NDArray[np.single]) -> npt.NDArray[np.single]:
        if self._logits is not None:
            shifted = self._logits - self._logits.max()
            self._logarithms.append(float(shifted[tokens[-1]] - np.log(np.exp(shifted).sum())))
        self._logits = logits.copy()
        return logits


def build(model: Path, threads: int) -> LlamaCpp:
    """``model``: a GGUF file. Raises ModelError when it cannot be loaded."""
    _leave_the_terminal_alone()
    try:
        llama = Llama(
            str(model), n_ctx=_CONTEXT_TOKENS, n_threads=threads, n_threads_batch=threads, verbose=False, seed=0
        )
    except (ValueError, RuntimeError, OSError) as error:
        raise ModelError(f"{model.name} cannot be loaded ({error})", "run `hearth models verify`") from error
    return LlamaCpp(llama)


def _leave_the_terminal_alone() -> None:
    """``verbose=False`` points the whole process's stdout and stderr to /dev/null while a model loads, and whatever
    other threads write meanwhile is lost. Taking llama.cpp's messages at their source is enough."""
    llama_cpp.llama_log_set(_unheard, None)
    for module in (llama_cpp.llama, llama_cpp._internals):
        module.suppress_stdout_stderr = lambda disable: contextlib.nullcontext()


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _unheard(level: int, text: bytes, user: object) -> None:
    """Takes llama.cpp's messages and keeps none of them."""
