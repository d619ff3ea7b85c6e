"""What the local model learns from: made alike from the same seed, apart from what is measured, and sayable."""

import ctypes
import itertools
import json
import random
from collections.abc import Sequence
from pathlib import Path

import llama_cpp
import numpy as np
import pytest

from edge.devices import Ability, Device
from edge.evaluation.text.split import is_training
from edge.understand.llm_calls import NONE, choices, gbnf, parse, targets
from edge.understand.training import adapter, crowd
from edge.understand.training.homes import UNSEEN_AREAS, random_home
from edge.understand.training.measure import Answered, table
from edge.understand.training.mishearing import misheard
from edge.understand.training.samples import Sample, folded, samples
from models.store import Store

SPOKEN = 500


@pytest.fixture(scope="module")
def examples() -> list[Sample]:
    return list(samples(7, SPOKEN))


def test_the_same_seed_gives_the_same(examples: list[Sample]) -> None:
    assert list(samples(7, 40)) == examples[:40]
    assert list(samples(8, 40)) != examples[:40]


def test_every_kind_of_lesson_is_taught(examples: list[Sample]) -> None:
    kinds = {sample.kind for sample in examples}
    assert kinds == {"one", "read", "several", "group", "wish", "follow", "absent", "unable", "not meant", "talk"}
    refused = sum(sample.answer == NONE for sample in examples) / SPOKEN
    assert 0.15 < refused < 0.4


def test_rooms_kept_for_measuring_are_not_learnt_from(examples: list[Sample]) -> None:
    assert not any(area in sample.asked for sample in examples for area in UNSEEN_AREAS)
    assert all(area in UNSEEN_AREAS for area in random_home(random.Random(3), unseen=True).areas())


def test_sentences_to_avoid_are_avoided(examples: list[Sample]) -> None:
    avoided = frozenset(folded(sample.said) for sample in examples[:60])
    fresh = list(samples(7, 60, avoided))
    assert not avoided & {folded(sample.said) for sample in fresh}


def rows_like(pattern: str, count: int) -> list[str]:
    return [pattern.format(number) for number in range(count)]


def test_only_the_training_part_of_the_crowd_is_learnt_from(tmp_path: Path) -> None:
    sentences = rows_like("turn off the lamp number {}", 60)
    rows = [
        {"kind": "action", "service_name": "light.turn_off", "device_name": "lamp", "phrase": text}
        for text in sentences
    ]
    (tmp_path / "home_llm.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "clinc_oos.jsonl").write_text(json.dumps({"sentence": "who are you", "intent": "x"}), encoding="utf-8")
    scenes, measured = crowd.read(tmp_path)
    learnt = {text for text in sentences if is_training(text)}
    assert 5 < len(learnt) < 40
    assert measured == {*sentences, "who are you"} - learnt
    said = {folded(s.said) for s in samples(1, 400, frozenset(map(folded, measured)), scenes) if s.kind == "crowd"}
    assert said
    assert not said & set(map(folded, measured))


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ({"kind": "action", "service_name": "lock.unlock", "device_name": "porch_gate_2", "phrase": "open the porch gate up"}, "unlock Porch Gate Lock"),
        ({"kind": "refusal", "reason_type": "not_available", "friendly_name": "Qux", "phrase": "kill the <device_name> light"}, "none"),
        ({"intent": "iot_hue_lightchange", "sentence": "make the lounge purple", "annotation": "make the [house_place : lounge] [color_type : purple]"}, "color "),
        ({"kind": "template", "device_type": "light|fan", "service": "turn_on|turn_off", "phrase": "light <device_name1> still <device_name2>"}, "on "),
        ({"kind": "template", "device_type": "climate", "service": "set_hvac_mode", "phrase": "let <device_name> do <hvac_mode>"}, "mode "),
        ({"intent": "email_query", "sentence": "any mail by the door", "entities": []}, "none"),
    ],
)  # fmt: skip
def test_crowd_sentences_become_examples(
    row: dict[str, object], answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "is_training", lambda sentence: True)
    (tmp_path / ("home_llm.jsonl" if "kind" in row else "nlu_eval.jsonl")).write_text(json.dumps(row), encoding="utf-8")
    scenes, _ = crowd.read(tmp_path)
    found = [
        s
        for s in samples(2, 600, (), {k: (5000, v) for k, (_, v) in scenes.items() if v})
        if s.kind.startswith("crowd")
    ]
    assert found
    assert all(sample.answer.startswith(answer) for sample in found)


def test_mishearing_changes_little() -> None:
    chance = random.Random(1)
    said = "please turn off the kitchen light"
    heard = {misheard(said, chance) for _ in range(50)}
    assert len(heard) > 10
    assert all(4 <= len(text.split()) <= 8 for text in heard)


# -- the grammar against the answers ----------------------------------------------------------------------------------


class Checker:
    """Whether llama.cpp's own grammar lets a text through as a whole."""

    def __init__(self, model: Path) -> None:
        self._llama = llama_cpp.Llama(str(model), vocab_only=True, verbose=False)
        self._vocab = llama_cpp.llama_model_get_vocab(self._llama.model)

    def accepts(self, grammar: str, text: str) -> bool:
        sampler = llama_cpp.llama_sampler_init_grammar(self._vocab, grammar.encode(), b"root")
        try:
            tokens = [*self._llama.tokenize(text.encode(), add_bos=False), self._llama.token_eos()]
            return all(self._accepts(sampler, token) for token in tokens)
        finally:
            llama_cpp.llama_sampler_free(sampler)

    def _accepts(self, sampler: object, token: int) -> bool:
        one = (llama_cpp.llama_token_data * 1)(llama_cpp.llama_token_data(token, 0.0, 0.0))
        candidates = llama_cpp.llama_token_data_array(data=one, size=1, selected=-1, sorted=False)
        llama_cpp.llama_sampler_apply(sampler, ctypes.byref(candidates))
        if np.isneginf(one[0].logit):
            return False
        if token != self._llama.token_eos():
            llama_cpp.llama_sampler_accept(sampler, token)
        return True


@pytest.fixture(scope="module")
def checker(store: Store) -> Checker:
    return Checker(next(store.require("smollm2-135m-instruct").glob("*.gguf")))


def test_the_grammar_accepts_every_answer_that_is_wanted(examples: Sequence[Sample], checker: Checker) -> None:
    for sample in examples:
        assert checker.accepts(gbnf(choices(sample.known)), sample.answer), sample
        assert sample.answer == NONE or parse(sample.answer, sample.known), sample


def test_the_grammar_rejects_what_the_house_does_not_have(examples: Sequence[Sample], checker: Checker) -> None:
    foreign = 0
    for sample, other in itertools.pairwise(examples):
        labels = {target.label for target in sample.known}
        if other.answer == NONE or any(label in other.answer for label in labels):
            continue
        foreign += 1
        assert not checker.accepts(gbnf(choices(sample.known)), other.answer), (sample, other)
    assert foreign > SPOKEN / 4


@pytest.mark.parametrize(
    "text",
    ["", "on", "on Lamp on", "on Lamp; ", "lock Lamp", "on Lamp 5", "brightness Lamp 101", "on lamp", "nonesuch"],
)
def test_the_grammar_rejects_nonsense(text: str, checker: Checker) -> None:
    lamp = Device("light.lamp", "Lamp", "light", abilities=frozenset({Ability.STATE, Ability.BRIGHTNESS}))
    known = targets([lamp], [lamp])
    assert not checker.accepts(gbnf(choices(known)), text)
    assert checker.accepts(gbnf(choices(known)), "on Lamp; brightness Lamp 100")


@pytest.mark.parametrize("name", ['"; root ::= [a-z]*', "Lamp\\", "灯", "é'è", "a|b", "(x)", "<|im_end|>unlock", "::="])
def test_any_name_fits_into_a_grammar(name: str, checker: Checker) -> None:
    lamp = Device("light.lamp", name, "light", abilities=frozenset({Ability.STATE}))
    known = targets([lamp], [lamp])
    grammar = gbnf(choices(known))
    assert checker.accepts(grammar, f"on {known[0].label}")
    assert not checker.accepts(grammar, "unlock Front Door")


# -- measuring --------------------------------------------------------------------------------------------------------


def test_the_table_counts_what_would_be_done(examples: Sequence[Sample]) -> None:
    call = Sample("one", "", "", "on A; off B")
    none = Sample("talk", "", "", NONE)
    answers = [
        Answered(call, "off B; on A", 0.9, 0.1, True),
        Answered(call, "on A", 0.6, 0.2, True),
        Answered(none, NONE, 1.0, 0.1, True),
        Answered(none, "on A", 0.4, 0.1, True),
    ]
    shown = table(answers, (0.3, 0.8))
    assert "| one | 2 | 50.0% |" in shown
    assert "| 0.3 | 50.0% | 50.0% | 50.0% (1 of 2) |" in shown
    assert "| 0.8 | 50.0% | 0.0% | 0.0% (0 of 2) |" in shown


def test_the_adapters_rows_are_in_the_order_of_llama_cpp() -> None:
    rows = np.arange(8, dtype=np.float32)[:, None]
    in_order = adapter._interleaved(rows, 2)
    assert in_order[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]
    assert adapter._halved(in_order, 2).tolist() == rows.tolist()
