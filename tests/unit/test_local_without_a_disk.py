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
    with pytest.raises(PermissionError):
        async with serve(cast(Any, SimpleNamespace(settings=SimpleNamespace(data_dir=tmp_path)))):
            pass
