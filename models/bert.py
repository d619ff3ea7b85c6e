"""Conversion of a BERT sentence encoder: float32 safetensors in, an ONNX model with 8-bit weights out.

The result takes the token ids of one sentence and gives one vector of length 1: the mean of the last layer, as
sentence-transformers computes it. Weights are symmetric in 8 bits with one scale per output, the embedding table with
one per row; activations are quantised as they come. docs/decisions/0011 says why it is built here.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

Floats: TypeAlias = npt.NDArray[np.float32]

MAX_TOKENS: Final = 128
"""Longest sentence that the result takes, in tokens."""
_HEAD: Final = 32
"""Width of one attention head in MiniLM."""
_EPSILON: Final = 1e-12
_OPSET: Final = 20
_IR: Final = 10
_MIDDLE: Final = 128
"""Stands for zero in 8 bits without a sign, which every processor multiplies without overflow."""


class NotABert(ValueError):
    """What should be converted does not hold the tensors of a BERT encoder."""


def convert(source: bytes) -> bytes:
    """``source``: safetensors of a BERT encoder. Returns the ONNX model, the same bytes on every machine.

    Its input is ``ids`` (n,), int64, n ≤ 128; its output ``embedding`` (width,), float32. Raises NotABert.
    """
    try:
        model: bytes = _model(read_safetensors(source)).SerializeToString(deterministic=True)
    except KeyError as error:
        raise NotABert(f"it lacks {error}") from error
    return model


def read_safetensors(data: bytes) -> dict[str, Floats]:
    """The float32 tensors of a safetensors file: a length, a JSON header, then the numbers. Raises NotABert.

    Source: https://github.com/huggingface/safetensors#format.
    """
    try:
        (length,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8 : 8 + length])
        numbers = memoryview(data)[8 + length :]
        return {
            name: np.frombuffer(numbers[slice(*entry["data_offsets"])], np.float32).reshape(entry["shape"])
            for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] == "F32"
        }
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotABert("it is not a safetensors file") from error


def quantized(weights: Floats) -> tuple[npt.NDArray[np.uint8], Floats]:
    """``weights`` (inputs, outputs) as bytes around 128, and the scale of each output."""
    scale = np.maximum(np.abs(weights).max(axis=0), np.float32(1e-8)) / np.float32(127)
    return (np.rint(weights / scale) + _MIDDLE).astype(np.uint8), scale


class _Graph:
    """Nodes and constants as they come; every method returns the name of what it computes."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: npt.NDArray[Any]) -> str:
        self.constants.append(numpy_helper.from_array(value, f"c{len(self.constants)}"))
        return str(self.constants[-1].name)

    def numbers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def node(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> list[str]:
        names = [f"n{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names

    def one(self, operator: str, *inputs: str, **attributes: Any) -> str:
        return self.node(operator, *inputs, **attributes)[0]

    def linear(self, x: str, weights: Floats, bias: Floats) -> str:
        """``x`` @ ``weights`` + ``bias`` in 8 bits, in the order of nodes that ONNX Runtime makes one kernel of."""
        whole, scale = quantized(weights)
        rounded, x_scale, x_zero = self.node("DynamicQuantizeLinear", x, outputs=3)
        zero = self.constant(np.array(_MIDDLE, np.uint8))
        product = self.one("MatMulInteger", rounded, self.constant(whole), x_zero, zero)
        scales = self.one("Mul", x_scale, self.constant(scale))
        real = self.one("Mul", self.one("Cast", product, to=TensorProto.FLOAT), scales)
        return self.one("Add", real, self.constant(bias))

    def normalized(self, x: str, tensors: Mapping[str, Floats], name: str) -> str:
        weight, bias = (self.constant(tensors[f"{name}.LayerNorm.{part}"]) for part in ("weight", "bias"))
        return self.one("LayerNormalization", x, weight, bias, epsilon=_EPSILON)

    def heads(self, x: str, count: int, order: list[int]) -> str:
        """``x`` (n, width) as (count, n, 32), or as ``order`` says."""
        return self.one("Transpose", self.one("Reshape", x, self.numbers(-1, count, _HEAD)), perm=order)


def _model(tensors: Mapping[str, Floats]) -> Any:
    graph = _Graph()
    x = _embedded(graph, tensors)
    layer = 0
    while f"encoder.layer.{layer}.output.dense.weight" in tensors:
        x = _layer(graph, tensors, x, f"encoder.layer.{layer}")
        layer += 1
    mean = graph.one("ReduceMean", x, graph.numbers(0), keepdims=0)
    length = graph.one("ReduceL2", mean, graph.numbers(0))
    graph.nodes.append(helper.make_node("Div", [mean, length], ["embedding"]))
    width = tensors["embeddings.LayerNorm.bias"].size
    whole = helper.make_graph(
        graph.nodes,
        "sentence-encoder",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [width])],
        graph.constants,
    )
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)


def _embedded(graph: _Graph, tensors: Mapping[str, Floats]) -> str:
    """Word, place and segment together; of the segments a single sentence has only the first."""
    words, scale = quantized(tensors["embeddings.word_embeddings.weight"].T)
    rows = graph.constant(np.ascontiguousarray(words.T))
    taken = graph.one("Cast", graph.one("Gather", rows, "ids"), to=TensorProto.FLOAT)
    centred = graph.one("Sub", taken, graph.constant(np.array(_MIDDLE, np.float32)))
    scales = graph.one("Gather", graph.constant(scale[:, None]), "ids")
    places = tensors["embeddings.position_embeddings.weight"][:MAX_TOKENS]
    places = places + tensors["embeddings.token_type_embeddings.weight"][0]
    here = graph.one("Slice", graph.constant(places), graph.numbers(0), graph.one("Shape", "ids"))
    return graph.normalized(graph.one("Add", graph.one("Mul", centred, scales), here), tensors, "embeddings")


def _layer(graph: _Graph, tensors: Mapping[str, Floats], x: str, name: str) -> str:
    width = tensors["embeddings.LayerNorm.bias"].size
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    weights = np.concatenate([tensors[f"{part}.weight"].T for part in parts], axis=1)
    bias = np.concatenate([tensors[f"{part}.bias"] for part in parts])
    query, key, value = graph.node("Split", graph.linear(x, weights, bias), outputs=3, axis=1, num_outputs=3)
    count = width // _HEAD
    scores = graph.one("MatMul", graph.heads(query, count, [1, 0, 2]), graph.heads(key, count, [1, 2, 0]))
    scaled = graph.one("Mul", scores, graph.constant(np.array(_HEAD**-0.5, np.float32)))
    seen = graph.one("MatMul", graph.one("Softmax", scaled, axis=-1), graph.heads(value, count, [1, 0, 2]))
    joined = graph.one("Reshape", graph.one("Transpose", seen, perm=[1, 0, 2]), graph.numbers(-1, width))
    out = _dense(graph, tensors, joined, f"{name}.attention.output")
    x = graph.normalized(graph.one("Add", out, x), tensors, f"{name}.attention.output")
    inner = graph.one("Gelu", _dense(graph, tensors, x, f"{name}.intermediate"))
    out = _dense(graph, tensors, inner, f"{name}.output")
    return graph.normalized(graph.one("Add", out, x), tensors, f"{name}.output")


def _dense(graph: _Graph, tensors: Mapping[str, Floats], x: str, name: str) -> str:
    return graph.linear(x, tensors[f"{name}.dense.weight"].T, tensors[f"{name}.dense.bias"])
