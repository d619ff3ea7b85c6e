"""What a board is taken for, and which settings come of that."""

from pathlib import Path
from typing import Any

import pytest

from edge.board_profile import Kind, kind_of, suits, this_board
from edge.cli.settings import rows_of
from edge.settings import load
from edge.settings_origins import Source, sources


@pytest.mark.parametrize(
    ("model", "memory_mb", "kind"),
    [
        # As /proc/device-tree/model and MemTotal say it there.
        ("Raspberry Pi Zero 2 W Rev 1.0", 416, Kind.ZERO_2_W),
        ("Raspberry Pi 3 Model B Plus Rev 1.3", 905, Kind.ZERO_2_W),
        ("Raspberry Pi 3 Model A Plus Rev 1.0", 416, Kind.ZERO_2_W),
        ("Raspberry Pi Compute Module 3 Plus Rev 1.0", 905, Kind.ZERO_2_W),
        ("Raspberry Pi 4 Model B Rev 1.4", 3793, Kind.PI_4),
        ("Raspberry Pi 400 Rev 1.0", 3793, Kind.PI_4),
        ("Raspberry Pi Compute Module 4 Rev 1.1", 1849, Kind.PI_4),
        ("Raspberry Pi 5 Model B Rev 1.0", 8062, Kind.PI_5),
        ("Raspberry Pi 500 Rev 1.0", 8062, Kind.PI_5),
        ("Raspberry Pi Compute Module 5 Rev 1.0", 4045, Kind.PI_5),
        ("Raspberry Pi Model B Rev 2", 900, Kind.OTHER),
        ("FriendlyElec NanoPi R4S", 3900, Kind.OTHER),
        ("FriendlyElec NanoPi NEO2", 480, Kind.ZERO_2_W),
        ("", 24152, Kind.OTHER),
        ("", None, Kind.OTHER),
    ],
)
def test_a_board_is_told_by_its_name_and_its_memory(model: str, memory_mb: int | None, kind: Kind) -> None:
    assert kind_of(model, memory_mb) is kind


def test_the_kernel_is_read_as_it_writes(tmp_path: Path) -> None:
    assert this_board(tmp_path) is Kind.OTHER
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    assert this_board(tmp_path) is Kind.PI_5
    (tmp_path / "proc/meminfo").write_text("MemTotal:         426160 kB\nMemFree:  1 kB\n")
    assert this_board(tmp_path) is Kind.ZERO_2_W


ZERO = {"profile": "zero2w"}


@pytest.mark.parametrize(
    ("above", "key", "value"),
    [
        ({"board": ZERO}, "speak.engine", "espeak"),
        ({"board": ZERO, "speak": {"volume": 0.5}}, "speak.engine", "espeak"),
        ({"board": ZERO, "speak": {"engine": "piper"}}, "speak.engine", None),
        # A voice is an engine's: whoever chose one has chosen.
        ({"board": ZERO, "speak": {"voice": "piper-en_US-joe-medium"}}, "speak.engine", None),
        ({"board": ZERO, "understand": {"llm_model": "mine"}}, "understand.llm", None),
        ({"board": ZERO, "understand": {"llm_model": "mine"}}, "understand.semantic", False),
        ({"board": ZERO, "api": {"load": "start"}}, "api.load", None),
        ({"board": {"profile": "pi5"}}, "understand.llm_threads", 3),
        ({"board": {"profile": "pi5"}}, "speak.engine", None),
        ({"board": {"profile": "other"}}, "stt.threads", None),
        ({"board": {"profile": "wrong"}}, "stt.threads", None),
    ],
)
def test_what_suits_it_gives_way_to_what_somebody_said(above: dict[str, Any], key: str, value: object) -> None:
    assert suits(above).get(key) == value


def test_the_profile_is_below_what_was_measured_and_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEARTH_API__PORT", raising=False)
    file = tmp_path / "hearthside.toml"
    file.write_text(f'data_dir = "{tmp_path}"\n[board]\nprofile = "zero2w"\n[understand]\nsemantic = true\n')
    (tmp_path / "profile.toml").write_text('language = "en"\n[stt]\nengine = "whisper"\nmodel = "m"\nthreads = 4\n')
    monkeypatch.setenv("HEARTH_API__LOAD", "start")
    settings = load(file)
    assert (settings.stt.threads, settings.understand.semantic, settings.api.load) == (4, True, "start")
    assert (settings.speak.engine, settings.understand.llm) == ("espeak", "none")
    found = sources(settings)
    assert {key: found[key] for key in ("stt.threads", "understand.semantic", "api.load", "speak.engine")} == {
        "stt.threads": Source.PROFILE,
        "understand.semantic": Source.FILE,
        "api.load": Source.ENVIRONMENT,
        "speak.engine": Source.BOARD,
    }


def test_the_command_line_says_what_is_set_and_by_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEARTH_API__PORT", raising=False)
    file = tmp_path / "hearthside.toml"
    file.write_text(
        '[board]\nprofile = "pi5"\n[mqtt]\npassword = "hunter2"\n[skills.tools]\nenvironment = { A = "b" }\n'
    )
    rows = {row["key"]: row for row in rows_of(load(file), everything=False)}
    assert rows["stt.threads"] == {"key": "stt.threads", "value": 3, "source": "board", "hidden": False}
    assert rows["mqtt.password"] == {"key": "mqtt.password", "value": None, "source": "file", "hidden": True}
    assert "hunter2" not in str(rows)
    assert "wake.words" not in rows
    assert {row["key"]: row["source"] for row in rows_of(load(file), everything=True)}["wake.words"] == "default"
