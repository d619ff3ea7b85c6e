"""The assistant's own socket, where the disk takes no new file."""

import errno
import logging
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest

from edge.api.local import serve
from edge.errors import AssistantError


@pytest.mark.anyio
@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC])
async def test_it_goes_on_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    async def refused(path: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(anyio, "create_unix_listener", refused)
    with caplog.at_level(logging.ERROR):
        async with serve(cast(Any, SimpleNamespace(settings=SimpleNamespace(data_dir=tmp_path)))):
            assert "can't be made" in caplog.text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.anyio
async def test_another_reason_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(path: Path) -> None:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(anyio, "create_unix_listener", refused)
    with pytest.raises(AssistantError, match=r"hearth\.sock can't be made"):
        async with serve(cast(Any, SimpleNamespace(settings=SimpleNamespace(data_dir=tmp_path)))):
            pass


@pytest.mark.anyio
async def test_a_folder_in_its_place_is_said_and_left(tmp_path: Path) -> None:
    (tmp_path / "hearth.sock").mkdir()
    with pytest.raises(AssistantError, match=r"hearth\.sock can't be made: Address already in use"):
        async with serve(cast(Any, SimpleNamespace(settings=SimpleNamespace(data_dir=tmp_path)))):
            pass
    assert (tmp_path / "hearth.sock").is_dir()


@pytest.mark.anyio
async def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    (tmp_path / "hearth.sock").symlink_to(precious)
    async with serve(cast(Any, SimpleNamespace(settings=SimpleNamespace(data_dir=tmp_path)))):
        assert (tmp_path / "hearth.sock").lstat().st_mode & 0o7777 == 0o600
        assert (tmp_path / "hearth.sock").is_socket()
    assert precious.read_text() == "kept"
