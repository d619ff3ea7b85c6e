"""The trained classifier as an ONNX file that tells its own threshold and lag."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from edge.wake.embedding import SIZE
from edge.wake.training.classifier import Classifier
from edge.wake.training.curve import at
from edge.wake.training.errors import TrainingError
from edge.wake.training.train import Trained
from edge.wake.word_model import CURVE_KEY, LAG_KEY, PHRASE_KEY, THRESHOLD_KEY

_OPSET: Final = 17
_IR_VERSION: Final = 9
_THRESHOLDS: Final = (0.02, *(n / 20 for n in range(1, 20)), 0.97, 0.98, 0.99, 0.999)


def write_trained(trained: Trained, path: Path) -> None:
    """Write it to ``path`` with its curve. Raises as :func:`write`."""
    points = [at(trained.curve, threshold) for threshold in _THRESHOLDS]
    rounded = [[point.threshold, round(point.recall, 4), round(point.false_accepts_per_hour, 3)] for point in points]
    curve = {"words": trained.words, "hours": round(trained.hours, 3), "points": rounded}
    write(
        trained.classifier,
        path,
        phrase=trained.phrase,
        threshold=trained.threshold,
        lag_s=trained.lag_s,
        more={CURVE_KEY: json.dumps(curve)},
    )


def write(
    classifier: Classifier,
    path: Path,
    *,
    phrase: str,
    threshold: float,
    lag_s: float,
    more: Mapping[str, str] | None = None,
) -> None:
    """Write it to ``path``, whole or not at all. Raises TrainingError when the package onnx is not installed."""
    onnx = _onnx()
    model = onnx.helper.make_model(
        _graph(onnx, classifier), opset_imports=[onnx.helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
    )
    metadata = {PHRASE_KEY: phrase, THRESHOLD_KEY: f"{threshold:.6f}", LAG_KEY: f"{lag_s:.3f}"} | (
        dict(more) if more else {}
    )
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(model.SerializeToString())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise TrainingError(f"{path} cannot be written: {error.strerror}", "choose another --out") from error


def _onnx() -> Any:
    try:
        import onnx
    except ImportError:
        raise TrainingError("training needs the package onnx", "pip install 'hearthside[train]'") from None
    return onnx


def _graph(onnx: Any, classifier: Classifier) -> Any:
    """Flatten, each voter's layers, the mean of their log-odds, sigmoid."""
    helper, numpy_helper, kind = onnx.helper, onnx.numpy_helper, onnx.TensorProto.FLOAT
    nodes = [helper.make_node("Flatten", ["embeddings"], ["flat"], axis=1)]
    constants, odds = [], []
    for v, voter in enumerate(classifier.voters):
        values = "flat"
        for number, layer in enumerate(voter):
            name = f"voter{v}_{number}"
            constants += [
                numpy_helper.from_array(layer.weights, f"{name}_weights"),
                numpy_helper.from_array(layer.bias, f"{name}_bias"),
            ]
            nodes.append(helper.make_node("Gemm", [values, f"{name}_weights", f"{name}_bias"], [name]))
            values = name
            if number < len(voter) - 1:
                values = f"{name}_relu"
                nodes.append(helper.make_node("Relu", [name], [values]))
        odds.append(values)
    nodes += [helper.make_node("Mean", odds, ["odds"]), helper.make_node("Sigmoid", ["odds"], ["probability"])]
    takes = helper.make_tensor_value_info("embeddings", kind, [1, classifier.windows, SIZE])
    gives = helper.make_tensor_value_info("probability", kind, [1, 1])
    return helper.make_graph(nodes, "wake_word", [takes], [gives], constants)
