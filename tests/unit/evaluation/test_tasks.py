"""``hearth eval`` on recordings made here: the real engines, a small folder of labelled clips."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.audio.wavfile import write_wav
from edge.chunk import RATE
from edge.cli import app
from tests.sounds import Say, quiet

FIXTURES = """\
fixtures:
  areas: [{name: Kitchen}]
  entities:
    - {name: Bed Light, domain: light}
    - {name: Front Door, domain: lock}
"""
COMMANDS = [
    ("Please lock the front door.", "please lock the Front Door", False),
    ("Set the bed light to forty percent.", "set the Bed Light to 40 percent", False),
    ("My grandmother baked a cake with plums.", "My grandmother baked a cake with plums", True),
]
ORDERS = [
    ("Can I get a large latte with whole milk?", {"size": "large", "coffeeDrink": "latte", "milkAmount": "whole milk"}),
    ("Make me a double shot espresso.", {"numberOfShots": "double shot", "coffeeDrink": "espresso"}),
]
Eval = Callable[..., dict[str, float]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, say: Say) -> Path:
    folder = tmp_path_factory.mktemp("data")
    rows = []

    def record(name: str, said: str, **labels: object) -> None:
        spoken = say(said)
        sound = np.concatenate([quiet(0.5), spoken, quiet(0.3)])
        write_wav(folder / name, sound, RATE)
        ends = round(0.5 + len(np.trim_zeros(np.where(np.abs(spoken) > 300, spoken, 0), "b")) / RATE, 2)
        rows.append({"path": name, "seconds": len(sound) / RATE, "est_end": ends, **labels})

    for number, (spoken, text, oov) in enumerate(COMMANDS):
        record(f"c{number}.wav", spoken, task="commands", lang="en", text=text, oov=oov, fixtures="en.yaml")
    for number, (spoken, slots) in enumerate(ORDERS):
        record(f"b{number}.wav", spoken, task="barista", intent="orderDrink", slots=slots)
    (folder / "commands" / "fixtures").mkdir(parents=True)
    (folder / "commands" / "fixtures" / "en.yaml").write_text(FIXTURES, encoding="utf-8")
    (folder / "noise").mkdir()
    write_wav(folder / "noise" / "doing_the_dishes.flac", quiet(3.0, level=300.0), RATE)
    (folder / "audio.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


@pytest.fixture
def scores(data: Path) -> Eval:
    def run(*arguments: str) -> dict[str, float]:
        result = CliRunner().invoke(app, ["eval", *arguments, "--data", str(data), "--json"], catch_exceptions=False)
        assert result.exit_code == 0
        found: dict[str, float] = json.loads(result.stdout.splitlines()[-1])[arguments[0]]
        return found

    return run


def test_commands(scores: Eval) -> None:
    found = scores("commands")
    assert found["clips"] == 3
    assert (found["intent_accuracy"], found["wer"], found["oov_rejected"]) == (1.0, 0.0, 1.0)
    assert 0 < found["compute_ms_p50"] <= found["compute_ms_p95"]


def test_barista_quiet_and_in_noise(scores: Eval) -> None:
    assert scores("barista")["accuracy"] == 1.0
    noisy = scores("barista", "--snr", "20", "--limit", "1")
    assert (noisy["clips"], noisy["accuracy"], noisy["wrong_actions"]) == (1, 1.0, 0)


def test_endpoint_at_the_speed_of_speech(scores: Eval) -> None:
    found = scores("endpoint")
    assert found["cutoff_rate"] == 0.0
    assert 100 < found["delay_ms_p50"] < 1500


def test_another_engine(scores: Eval) -> None:
    assert scores("commands", "--engine", "whisper", "--limit", "1")["intent_accuracy"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["eval", "dance", "--data", "."], "choose one of: wake"), (["eval", "barista"], "Missing option '--data'")],
)
def test_wrong_usage(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
