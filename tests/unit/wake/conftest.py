"""Sounds and models for tests of the wake word."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

WriteModel = Callable[..., Path]


@pytest.fixture
def write_model(tmp_path: Path) -> WriteModel:
    """Writes an ONNX model that answers with a constant, with those shapes and that metadata."""

    def write(takes: list[int], gives: list[int], name: str = "word.onnx", **metadata: str) -> Path:
        answer = numpy_helper.from_array(np.full([max(1, size) for size in gives], 0.7, np.float32), "answer")
        graph = helper.make_graph(
            [helper.make_node("Identity", ["answer"], ["out"])],
            "constant",
            [helper.make_tensor_value_info("in", TensorProto.FLOAT, takes)],
            [helper.make_tensor_value_info("out", TensorProto.FLOAT, gives)],
            [answer],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        helper.set_model_props(model, {f"hearthside.{key}": value for key, value in metadata.items()})
        path = tmp_path / name
        onnx.save(model, path)
        return path

    return write
