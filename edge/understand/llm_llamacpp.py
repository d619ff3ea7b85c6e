"""A GGUF model by llama.cpp, writing only what a grammar allows.

Source: https://github.com/ggml-org/llama.cpp through ``llama-cpp-python``; grammars in its GBNF.
"""

import contextlib
import ctypes
import hashlib
import math
from pathlib import Path
from typing import Final

import llama_cpp
import numpy as np
import numpy.typing as npt
from llama_cpp import Llama, LlamaGrammar, LogitsProcessorList

from edge.errors import ModelError
from edge.ports import Completion

_CONTEXT_TOKENS: Final = 768
_BATCH_TOKENS: Final = 128
"""Read at once. llama.cpp keeps room for the logits of a whole batch: 200 kB a token."""
_STATE_SUFFIX: Final = ".state"


class LlamaCpp:
    """Greedy completion under a grammar. The unchanged front of the prompt stays in llama.cpp's cache."""

    computes = True

    def __init__(self, llama: Llama, identity: str) -> None:
        """``identity`` tells this model, with its adapter, from every other."""
        self._llama = llama
        self._identity = identity
        self._grammars: dict[str, LlamaGrammar] = {}
        self._unread: tuple[list[int], Path] | None = None
        """The front that was not read yet, and where to keep what is made of it."""

    def prepare(self, front: str, folder: Path) -> None:
        """Take what was made of ``front`` from ``folder``; where it isn't there, it is kept when it is first read.

        Reading it here would make a program wait that ends before the model was asked anything.
        """
        tokens = self._tokens(front)
        name = hashlib.sha256(f"{self._identity}\0{llama_cpp.__version__}\0{front}".encode()).hexdigest()[:16]
        kept = folder / f"{name}{_STATE_SUFFIX}"
        self._unread = None if self._restored(kept, tokens) else (tokens, kept)

    def complete(self, prompt: str, grammar: str, max_tokens: int) -> Completion:
        """``grammar`` in GBNF. The probability is the model's own, before the grammar took choices away:
        low where the model would rather have written something else. Nothing is written after a prompt that is
        longer than the model's context."""
        tokens = self._tokens(prompt)
        if len(tokens) + max_tokens > _CONTEXT_TOKENS:
            return Completion("", 0.0)
        if self._unread is not None:
            self._read(*self._unread)
        record = _Record()
        answer = self._llama.create_completion(
            tokens,
            max_tokens=max_tokens,
            temperature=0.0,
            grammar=self._compiled(grammar),
            logits_processor=LogitsProcessorList([record]),
        )["choices"][0]
        ended = answer["finish_reason"] == "stop"
        return Completion(answer["text"], record.probability(self._llama.token_eos() if ended else None))

    def close(self) -> None:
        """Free the weights."""
        self._llama.close()

    def _tokens(self, text: str) -> list[int]:
        tokens: list[int] = self._llama.tokenize(text.encode(), add_bos=False, special=True)
        return tokens

    def _compiled(self, grammar: str) -> LlamaGrammar:
        if grammar not in self._grammars:
            self._grammars = {grammar: LlamaGrammar.from_string(grammar, verbose=False)}
        return self._grammars[grammar]

    def _restored(self, kept: Path, tokens: list[int]) -> bool:
        if not kept.is_file():
            return False
        room = (llama_cpp.llama_token * _CONTEXT_TOKENS)()
        count = ctypes.c_size_t(0)
        read = llama_cpp.llama_state_seq_load_file(
            self._llama.ctx, str(kept).encode(), 0, room, _CONTEXT_TOKENS, ctypes.byref(count)
        )
        if not read or list(room[: count.value]) != tokens:
            return False
        self._llama.input_ids[: len(tokens)] = tokens
        self._llama.n_tokens = len(tokens) - 1
        # Reading one token over brings the weights into memory before somebody waits for them.
        self._llama.eval(tokens[-1:])
        return True

    def _read(self, tokens: list[int], kept: Path) -> None:
        self._unread = None
        self._llama.reset()
        self._llama.eval(tokens)
        written = (llama_cpp.llama_token * len(tokens))(*tokens)
        fresh = kept.with_suffix(".new")
        # Only what saves time is lost when there is no room for it on the disk.
        with contextlib.suppress(OSError):
            kept.parent.mkdir(parents=True, exist_ok=True)
            for old in kept.parent.glob(f"*{_STATE_SUFFIX}"):
                old.unlink()
            if llama_cpp.llama_state_seq_save_file(self._llama.ctx, str(fresh).encode(), 0, written, len(tokens)):
                fresh.replace(kept)


class _Record:
    """Watches the logits of each step to learn how probable the chosen tokens were."""

    def __init__(self) -> None:
        self._logits: npt.NDArray[np.single] | None = None
        self._logarithm = 0.0

    def probability(self, end: int | None) -> float:
        """Of the whole text, 0–1, including the token ``end`` where it ended by itself; 0 when there was none."""
        if self._logits is None:
            return 0.0
        if end is not None:
            self._chosen(end)
        return math.exp(self._logarithm)

    def __call__(self, tokens: npt.NDArray[np.intc], logits: npt.NDArray[np.single]) -> npt.NDArray[np.single]:
        self._chosen(int(tokens[-1]))
        self._logits = logits.copy()
        return logits

    def _chosen(self, token: int) -> None:
        if self._logits is not None:
            shifted = self._logits - self._logits.max()
            self._logarithm += float(shifted[token] - np.log(np.exp(shifted).sum()))


def build(model: Path, threads: int, adapter: Path | None = None) -> LlamaCpp:
    """``model``: a GGUF file; ``adapter``: LoRA weights for it, GGUF too. Raises ModelError when one is broken."""
    _leave_the_terminal_alone()
    try:
        identity = f"{model.name} {model.stat().st_size} {_digest(adapter)}"
        llama = Llama(
            str(model),
            n_ctx=_CONTEXT_TOKENS,
            n_batch=_BATCH_TOKENS,
            n_ubatch=_BATCH_TOKENS,
            n_threads=threads,
            n_threads_batch=threads,
            verbose=False,
            seed=0,
        )
        if adapter is not None:
            _adapt(llama, adapter)
    except (ValueError, RuntimeError, OSError) as error:
        raise ModelError(f"{model.name} cannot be loaded ({error})", "run `hearth models verify`") from error
    return LlamaCpp(llama, identity)


def _adapt(llama: Llama, adapter: Path) -> None:
    """Have ``llama`` go by the LoRA weights in ``adapter``; they are freed with it. Raises RuntimeError.

    Given to ``Llama`` itself, they would have it copy the whole model into memory of its own, as was needed when they
    were merged with it. Now the weights stay pages of the file, which the kernel may drop and read again.
    """
    lora = llama_cpp.llama_adapter_lora_init(llama.model, str(adapter).encode())
    if lora is None:
        raise RuntimeError(f"{adapter.name} is no adapter for it")
    adapters, scales = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(lora), (ctypes.c_float * 1)(1.0)
    if llama_cpp.llama_set_adapters_lora(llama.ctx, adapters, 1, scales):
        raise RuntimeError(f"{adapter.name} does not fit it")


def _digest(adapter: Path | None) -> str:
    return hashlib.sha256(adapter.read_bytes()).hexdigest() if adapter else ""


def _leave_the_terminal_alone() -> None:
    """``verbose=False`` points the whole process's stdout and stderr to /dev/null while a model loads, and whatever
    other threads write meanwhile is lost. Taking llama.cpp's messages at their source is enough."""
    llama_cpp.llama_log_set(_unheard, None)
    for module in (llama_cpp.llama, llama_cpp._internals):
        module.suppress_stdout_stderr = lambda disable: contextlib.nullcontext()


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _unheard(level: int, text: bytes, user: object) -> None:
    """Takes llama.cpp's messages and keeps none of them."""
