"""A sentence encoder of random weights, as a file and as plain numpy."""

import json
import math
import struct

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
WIDTH, WORDS, LAYERS, HEAD = 64, 50, 2, 32


def tensors(seed: int = 7) -> dict[str, Floats]:
    """Those of a BERT with two heads of 32."""
    random = np.random.default_rng(seed)

    def matrix(*shape: int) -> Floats:
        return random.normal(0, 0.3, shape).astype(np.float32)

    def normal() -> dict[str, Floats]:
        return {
            "LayerNorm.weight": 1 + matrix(WIDTH) / 3,
            "LayerNorm.bias": matrix(WIDTH) / 3,
        }

    found = {
        "embeddings.word_embeddings.weight": matrix(WORDS, WIDTH),
        "embeddings.position_embeddings.weight": matrix(200, WIDTH),
        "embeddings.token_type_embeddings.weight": matrix(2, WIDTH),
        **{f"embeddings.{name}": value for name, value in normal().items()},
    }
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        shapes = {
            **{f"attention.self.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")},
            "attention.output.dense": (WIDTH, WIDTH),
            "intermediate.dense": (4 * WIDTH, WIDTH),
            "output.dense": (WIDTH, 4 * WIDTH),
        }
        for part, shape in shapes.items():
            found[f"{name}.{part}.weight"] = matrix(*shape) / 2
            found[f"{name}.{part}.bias"] = matrix(shape[0]) / 3
        for part in ("attention.output", "output"):
            found |= {f"{name}.{part}.{key}": value for key, value in normal().items()}
    return found


def safetensors(of: dict[str, Floats]) -> bytes:
    """The tensors as a file, with a number table that is no weight, as the real one has."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, value in {**of, "embeddings.position_ids": np.arange(4)}.items():
        data = value.tobytes()
        kind = "F32" if value.dtype == np.float32 else "I64"
        header[name] = {"dtype": kind, "shape": value.shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def embed(of: dict[str, Floats], ids: list[int]) -> Floats:
    """The vector of one sentence in full precision (Devlin et al. 2019, mean pooling, length 1)."""

    def linear(x: Floats, name: str) -> Floats:
        return x @ of[f"{name}.weight"].T + of[f"{name}.bias"]

    def normal(x: Floats, name: str) -> Floats:
        spread = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-12)
        scaled = (x - x.mean(axis=-1, keepdims=True)) / spread
        return scaled * of[f"{name}.LayerNorm.weight"] + of[f"{name}.LayerNorm.bias"]

    def heads(x: Floats) -> Floats:
        return x.reshape(len(x), -1, HEAD).transpose(1, 0, 2)

    x = of["embeddings.word_embeddings.weight"][ids]
    x = x + of["embeddings.position_embeddings.weight"][: len(ids)] + of["embeddings.token_type_embeddings.weight"][0]
    x = normal(x, "embeddings")
    layer = 0
    while f"encoder.layer.{layer}.output.dense.weight" in of:
        name = f"encoder.layer.{layer}"
        query, key, value = (heads(linear(x, f"{name}.attention.self.{part}")) for part in ("query", "key", "value"))
        scores = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(HEAD))
        seen = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        joined = seen.transpose(1, 0, 2).reshape(len(ids), -1)
        x = normal(linear(joined, f"{name}.attention.output.dense") + x, f"{name}.attention.output")
        inner = linear(x, f"{name}.intermediate.dense")
        gelu = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        x = normal(linear(gelu.astype(np.float32), f"{name}.output.dense") + x, f"{name}.output")
        layer += 1
    mean: Floats = x.mean(axis=0)
    return mean / np.linalg.norm(mean)
