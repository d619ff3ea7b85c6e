"""The semantic tier in the assistant: there with its model, off without."""

import logging
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from edge.engines import models_of
from edge.errors import SettingsError
from edge.explained import FILE, Explained
from edge.mind import sentence_encoder
from edge.sections import UnderstandSettings
from edge.settings import Settings
from edge.understand.semantic import encoder
from models.store import Store

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def folders_as_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment outranks what a test says."""
    for name in ("HEARTH_DATA_DIR", "HEARTH_MODELS_DIR"):
        monkeypatch.delenv(name, raising=False)


async def test_without_its_model_it_is_off_with_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(data_dir=tmp_path, models_dir=tmp_path)
    with caplog.at_level(logging.WARNING):
        async with AsyncExitStack() as stack:
            assert await sentence_encoder(settings, Store(tmp_path), stack) is None
    [record] = caplog.records
    assert "the semantic tier is off" in record.message
    assert f"hearth models fetch {encoder.MODEL}" in record.message


@pytest.mark.parametrize(
    ("understand", "there"),
    [
        (UnderstandSettings(), True),
        (UnderstandSettings(semantic=False), False),
        (UnderstandSettings(language="en-GB"), True),
        (UnderstandSettings(language="de"), False),
    ],
)
async def test_it_is_there_where_it_is_wanted(
    understand: UnderstandSettings, there: bool, tmp_path: Path, store: Store
) -> None:
    settings = Settings(data_dir=tmp_path, understand=understand)
    async with AsyncExitStack() as stack:
        sentences = await sentence_encoder(settings, store, stack)
    assert (sentences is not None) is there
    assert (encoder.MODEL in models_of(settings)) is there


def test_a_wrong_example_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("nonsense", "utf-8")
    with pytest.raises(SettingsError, match="line 1"):
        Explained(tmp_path / FILE)
