"""LoRA on the local model, from examples made as it goes. Loss on the answers alone.

The fixed part of the prompt is read once for several steps and its keys and values are taken as given, which spares
two thirds of the reading; only the upper layers are adapted, so no gradient has to reach the lower ones.
Sources: LoRA, Hu et al. 2021 (https://arxiv.org/abs/2106.09685), through PEFT.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import torch
from peft import LoraConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from edge.understand.llm_prompt import FIXED
from edge.understand.training import adapter
from edge.understand.training.samples import Sample

_POOL: Final = 32
"""Batches that are drawn together and sorted by length, so that little padding is computed."""
_FIXED_AGAIN: Final = 8
"""Steps after which the fixed part is read again."""
_IGNORED: Final = -100


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides the result, besides the examples."""

    rank: int = 16
    alpha: int = 32
    first_layer: int = 10
    """Layers below it stay as they are."""
    batch: int = 16
    rate: float = 7e-4
    warmup_steps: int = 20
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is."""

    examples: int
    loss: float
    """Mean over the answers' tokens, of the last steps."""
    right: float
    """Share of the last examples whose every token was the likeliest."""
    seconds: float


class Trainer:
    """A base model, its tokenizer, and the adapter that is being trained."""

    def __init__(
        self, base: Path, recipe: Recipe, device: str, begun: Path | None = None, *, half: bool = False
    ) -> None:
        """``base``: the GGUF file, whose weights are used as they are quantised. ``device``: cpu or cuda.

        ``begun``: a folder with a saved adapter, or one in GGUF, to go on with. ``half``: compute in bfloat16.
        """
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.tokenizer: Any = AutoTokenizer.from_pretrained(base.parent, gguf_file=base.name)
        model: Any = AutoModelForCausalLM.from_pretrained(base.parent, gguf_file=base.name)
        model.float()  # half precision is emulated, and slow, on most processors
        layers = range(recipe.first_layer, model.config.num_hidden_layers)
        config = LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
            layers_to_transform=list(layers),
        )
        self.model: PeftModel = (
            PeftModel.from_pretrained(model, str(begun), is_trainable=True)
            if begun and begun.is_dir()
            else get_peft_model(model, config)
        )
        if begun and begun.is_file():
            self._take(adapter.read(begun, base))
        if half:
            for weight in self.model.parameters():
                if not weight.requires_grad:
                    weight.data = weight.data.bfloat16()
        self._half = half
        self._inner: Any = self.model.get_base_model()
        self.model.to(device)
        self._device = device
        self._fixed_ids = self._ids(FIXED).to(device)
        self._fixed: list[tuple[torch.Tensor, torch.Tensor]] = []

    def train(
        self, examples: Iterable[Sample], count: int, limit_s: float, tell: Callable[[Progress], None], every: int = 20
    ) -> None:
        """Learn from ``count`` of ``examples``, fewer when ``limit_s`` is over before; ``tell`` is called after
        ``every`` steps. The rate falls to its end with whichever comes first.
        """
        recipe, steps = self.recipe, math.ceil(count / self.recipe.batch)
        weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        optimizer = torch.optim.AdamW(weights, lr=recipe.rate, weight_decay=0.0, betas=(0.9, 0.98))
        begun = time.monotonic()

        def rate(step: int) -> float:
            return _rate(max(step / steps, (time.monotonic() - begun) / limit_s), step, recipe.warmup_steps)

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
        losses: list[float] = []
        rights: list[float] = []
        self.model.train()
        for step, batch in enumerate(self._batches(islice(examples, count))):
            with torch.autocast(self._device, torch.bfloat16, enabled=self._half):
                if step % _FIXED_AGAIN == 0:
                    self._fixed = self._read_fixed()
                loss, right = self._loss(*batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append(loss.item())
            rights.append(right)
            if (step + 1) % every == 0:
                done = min(count, (step + 1) * recipe.batch)
                tell(Progress(done, _mean(losses), _mean(rights), time.monotonic() - begun))
                losses, rights = [], []
            if time.monotonic() - begun > limit_s:
                return

    def save(self, folder: Path) -> None:
        """The adapter in PEFT's format."""
        self.model.save_pretrained(str(folder))

    def _take(self, parameters: Mapping[str, adapter.Weights]) -> None:
        taken = {name: torch.from_numpy(weights.copy()) for name, weights in parameters.items()}
        unknown = set_peft_model_state_dict(self.model, taken).unexpected_keys
        if unknown or len(taken) != sum(weight.requires_grad for weight in self.model.parameters()):
            raise ValueError(f"the adapter is of another form than the recipe's: {len(taken)} weights, {unknown}")

    def _ids(self, text: str) -> torch.Tensor:
        return torch.tensor(self.tokenizer.encode(text, add_special_tokens=False))

    def _batches(self, examples: Iterator[Sample]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Token ids and labels, both (batch, length) int64, padded on the right."""
        size, chance = self.recipe.batch, torch.Generator().manual_seed(self.recipe.seed)
        while pool := list(islice(examples, size * _POOL)):
            tokens = sorted((self._tokens(sample) for sample in pool), key=lambda pair: len(pair[0]))
            groups = [tokens[start : start + size] for start in range(0, len(tokens), size)]
            for place in torch.randperm(len(groups), generator=chance).tolist():
                ids = [ids for ids, _ in groups[place]]
                labels = [torch.cat([torch.full((asked,), _IGNORED), ids[asked:]]) for ids, asked in groups[place]]
                yield _padded(ids, 0), _padded(labels, _IGNORED)

    def _tokens(self, sample: Sample) -> tuple[torch.Tensor, int]:
        """The ids of an example, and how many of them are the question."""
        asked = self._ids(sample.asked)
        return torch.cat([asked, self._ids(f"{sample.answer}<|im_end|>")]), len(asked)

    def _read_fixed(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        with torch.no_grad():
            cache = self._inner.model(input_ids=self._fixed_ids[None], use_cache=True).past_key_values
        return [(layer.keys, layer.values) for layer in cache.layers]

    def _loss(self, ids: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, float]:
        ids, labels = ids.to(self._device), labels.to(self._device)
        rows, length = ids.shape
        cache = DynamicCache.from_legacy_cache(
            tuple((keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1)) for keys, values in self._fixed)
        )
        read = len(self._fixed_ids)
        # Padding comes last and nothing looks at what is behind it, so a causal mask is enough.
        mask = torch.ones((rows, read + length), dtype=torch.long, device=self._device)
        hidden = self._inner.model(input_ids=ids, attention_mask=mask, past_key_values=cache).last_hidden_state
        wanted = labels[:, 1:]
        told = wanted != _IGNORED
        logits = self._inner.lm_head(hidden[:, :-1][told])
        right = torch.ones_like(told)
        right[told] = logits.argmax(-1) == wanted[told]
        return torch.nn.functional.cross_entropy(logits, wanted[told]), right.all(1).float().mean().item()


def _rate(done: float, step: int, warmup: int) -> float:
    """Linear up, then half a cosine down to a twentieth, by how much is ``done`` (0–1)."""
    cosine = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return cosine * min(1.0, (step + 1) / warmup)


def _padded(rows: list[torch.Tensor], value: int) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=value)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
