"""ONNX Runtime as used here: threads that sleep when idle, no memory kept for later, and one error for whatever is
wrong with a file.
"""

from pathlib import Path
from typing import Any, Final

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as native

from edge.errors import ModelError

LOAD_ERRORS: Final[Any] = (
    native.Fail,
    native.InvalidArgument,
    native.InvalidGraph,
    native.InvalidProtobuf,
    native.NoSuchFile,
    native.NotImplemented,
    native.RuntimeException,
)
"""What loading a broken model raises; they share no base class but Exception."""


def session(model: Path, threads: int = 1) -> ort.InferenceSession:
    """A session for the ONNX file ``model``; ``threads`` 0: one for each core. Raises ModelError when it cannot be
    loaded.
    """
    options = ort.SessionOptions()
    options.inter_op_num_threads, options.intra_op_num_threads = 1, threads
    # Threads that wait for work must sleep: the assistant waits most of its life.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Its arena never gives anything back: one long sentence, and 80 MB more are held for good.
    options.enable_cpu_mem_arena = False
    try:
        return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except LOAD_ERRORS as error:
        raise ModelError(f"{model.name} is not a readable ONNX model", "run `hearth models verify`") from error
