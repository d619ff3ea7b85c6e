"""The files of wake words of one's own: shapes and what they say of themselves."""

import pytest

from edge.errors import ModelError
from edge.ports import WakeWord
from edge.wake.openwake import build
from edge.wake.word_model import load
from models.store import Store
from tests.unit.wake.conftest import WriteModel


@pytest.mark.parametrize(
    ("takes", "gives", "said"),
    [
        ([1, 16, 96], [1, 2], r"word\.onnx gives output of shape \[1, 2\]"),
        ([1, 16, 96], [4], r"word\.onnx gives output of shape \[4\]"),
        ([1, 16, 95], [1, 1], r"word\.onnx takes input of shape \[1, 16, 95\]"),
        ([1, 96], [1, 1], r"word\.onnx takes input of shape \[1, 96\]"),
        ([1, 16, 96, 1], [1, 1], r"word\.onnx takes input of shape \[1, 16, 96, 1\]"),
    ],
)
def test_a_model_of_the_wrong_shape_is_named_with_its_shapes(
    write_model: WriteModel, takes: list[int], gives: list[int], said: str
) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        load(write_model(takes, gives))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("metadata", "word"),
    [
        ({}, WakeWord(0.5, 0.15)),
        ({"threshold": "0.93", "lag_s": "0.21"}, WakeWord(0.93, 0.21)),
        ({"lag_s": "0"}, WakeWord(0.5, 0.0)),
    ],
)
def test_threshold_and_lag_travel_with_the_model(
    write_model: WriteModel, store: Store, metadata: dict[str, str], word: WakeWord
) -> None:
    path = write_model([1, 16, 96], [1, 1], "hey_lantern.onnx", **metadata)
    engine = build([str(path)], store.require("speech-embedding"))
    assert engine.words == {"hey_lantern": word}


@pytest.mark.parametrize(
    ("key", "value"), [("threshold", "1.5"), ("threshold", "high"), ("lag_s", "-1"), ("lag_s", "nan")]
)
def test_metadata_that_makes_no_sense_is_named(write_model: WriteModel, key: str, value: str) -> None:
    with pytest.raises(ModelError, match=rf"word\.onnx says hearthside\.{key} = '{value}'"):
        load(write_model([1, 16, 96], [1, 1], **{key: value}))
