"""Which engine is chosen, and how the choice reaches the settings."""

from pathlib import Path
from typing import Any

import pytest

from edge import profile
from edge.bench.spread import Spread
from edge.bench.tune import Trial, chosen
from edge.errors import SettingsError
from edge.settings import load


@pytest.fixture(autouse=True)
def data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def trial(name: str, p50: float, errors: float, threads: int = 1) -> Trial:
    return Trial(
        engine=name, model="m", threads=threads, compute=Spread(p50, p50), cpu_s=0.1, word_errors=errors, rss_mb=1.0
    )


@pytest.mark.parametrize(
    ("trials", "engine", "threads"),
    [
        ([trial("only", 900, 0.5)], "only", 1),
        ([trial("slow", 900, 0.0), trial("quick", 100, 0.0)], "quick", 1),
        ([trial("slow", 900, 0.0), trial("deaf", 100, 0.2)], "slow", 1),
        ([trial("slow", 900, 0.020), trial("near", 100, 0.029)], "near", 1),
        ([trial("slow", 900, 0.020), trial("far", 100, 0.031)], "slow", 1),
        ([trial("same", 100, 0.0, threads=1), trial("same", 97, 0.0, threads=4)], "same", 1),
        ([trial("same", 100, 0.0, threads=1), trial("same", 60, 0.0, threads=4)], "same", 4),
    ],
)
def test_the_cheapest_of_the_good_ones(trials: list[Trial], engine: str, threads: int) -> None:
    best = chosen(trials)
    assert (best.engine, best.threads) == (engine, threads)


def written(data_dir: Path, **changes: Any) -> Path:
    document = {
        "language": "en",
        "machine": 'A "board" with 4 cores',
        "stt": {"engine": "other", "model": "other-tiny", "threads": 3},
        "trials": [trial("other", 100, 0.01, threads=3).row(), trial("whisper", 200, 0.0).row()],
    }
    return profile.write(data_dir, document | changes)


def test_settings_take_the_profile_as_defaults(data_dir: Path) -> None:
    written(data_dir)
    stt = load().stt
    assert (stt.engine, stt.model, stt.threads) == ("other", "other-tiny", 3)


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("[stt]\nthreads = 1", ("other", "other-tiny", 1)),
        ('[stt]\nmodel = "whisper-base"', (None, "whisper-base", 2)),
        ('[stt]\nengine = "whisper"', ("whisper", None, 2)),
        ('[understand]\nlanguage = "de"', (None, None, 2)),
    ],
)
def test_a_person_outranks_it(data_dir: Path, tmp_path: Path, toml: str, expected: tuple[str, str | None, int]) -> None:
    written(data_dir)
    config = tmp_path / "hearthside.toml"
    config.write_text(toml)
    stt = load(config).stt
    assert (stt.engine, stt.model, stt.threads) == expected


def test_the_profile_is_found_where_the_file_puts_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEARTH_DATA_DIR")
    written(tmp_path / "elsewhere")
    config = tmp_path / "hearthside.toml"
    config.write_text(f'data_dir = "{tmp_path / "elsewhere"}"')
    assert load(config).stt.engine == "other"


@pytest.mark.parametrize(
    "text", ["language = ", 'language = "en"', '[stt]\nengine = "x"\nmodel = "y"\nthreads = "many"', "language = 3"]
)
def test_a_damaged_profile_is_one_line_that_names_it(data_dir: Path, text: str) -> None:
    data_dir.mkdir()
    (data_dir / profile.NAME).write_text(text)
    with pytest.raises(SettingsError, match=r"profile\.toml.*delete it") as caught:
        load()
    assert "\n" not in str(caught.value)
