"""LoRA weights of PEFT as an adapter that llama.cpp loads beside the quantised model, and back.

Source: ``convert_lora_to_gguf.py`` of https://github.com/ggml-org/llama.cpp (MIT).
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.float32]

_NAMES: Final = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_PARAMETER: Final = re.compile(r"layers\.(\d+)\.(\w+\.\w+)\.lora_([AB])\.weight$")


def write(trained: Path, base: Path, out: Path) -> None:
    """``trained``: a folder that PEFT saved; ``base``: the GGUF model it was trained on. Writes ``out`` in float16.

    Raises KeyError for a layer that llama.cpp has no name for.
    """
    config = json.loads((trained / "adapter_config.json").read_text(encoding="utf-8"))
    heads = _heads(base)
    import gguf
    from safetensors.numpy import load_file

    writer = gguf.GGUFWriter(out, "llama")
    writer.add_type("adapter")
    writer.add_name("Hearthside calls")
    writer.add_license("apache-2.0")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(config["lora_alpha"]))
    for name, weights in sorted(_tensors(load_file(trained / "adapter_model.safetensors"), heads)):
        writer.add_tensor(name, weights.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read(adapter: Path, base: Path) -> dict[str, Weights]:
    """What ``write`` wrote, by PEFT's names of parameters. Raises KeyError for a layer that PEFT has no name for."""
    import gguf

    heads, modules = _heads(base), {name: module for module, name in _NAMES.items()}
    parameters: dict[str, Weights] = {}
    for tensor in gguf.GGUFReader(adapter).tensors:
        _, layer, name, _, side = tensor.name.split(".")
        weights = np.asarray(tensor.data, dtype=np.float32)
        if side == "lora_b" and name in heads:
            weights = _halved(weights, heads[name])
        # Where PEFT keeps what it adds to the decoder of a causal language model.
        path = f"base_model.model.model.layers.{layer}.{modules[name]}"
        parameters[f"{path}.lora_{side[-1].upper()}.weight"] = weights
    return parameters


def _heads(base: Path) -> dict[str, int]:
    """How many heads the queries and the keys have."""
    import gguf

    fields = gguf.GGUFReader(base).fields
    return {
        "attn_q": int(fields["llama.attention.head_count"].contents()),
        "attn_k": int(fields["llama.attention.head_count_kv"].contents()),
    }


def _tensors(parameters: dict[str, Weights], heads: dict[str, int]) -> Iterator[tuple[str, Weights]]:
    for parameter, weights in parameters.items():
        match = _PARAMETER.search(parameter)
        if match is None:
            raise KeyError(parameter)
        layer, module, side = match.groups()
        name = _NAMES[module]
        if side == "B" and name in heads:
            weights = _interleaved(weights, heads[name])  # noqa: PLW2901
        yield f"blk.{layer}.{name}.weight.lora_{side.lower()}", weights


def _interleaved(weights: Weights, heads: int) -> Weights:
    """Rows in the order in which llama.cpp keeps the halves that a rotary embedding turns together."""
    rows, rank = weights.shape
    return weights.reshape(heads, 2, rows // heads // 2, rank).swapaxes(1, 2).reshape(rows, rank)


def _halved(weights: Weights, heads: int) -> Weights:
    """The inverse of :func:`_interleaved`."""
    rows, rank = weights.shape
    return weights.reshape(heads, rows // heads // 2, 2, rank).swapaxes(1, 2).reshape(rows, rank)
