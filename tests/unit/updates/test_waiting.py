"""`hearth update apply`, while others do the work: how long it waits, and what it says then."""

import os
from pathlib import Path

import anyio
import pytest

from edge.cli import update
from edge.sections import UpdateSettings
from edge.settings import Settings
from edge.updates import places, versions, word
from edge.updates.errors import UpdateError
from edge.updates.lock import alone, is_held
from edge.updates.places import Spool
from edge.updates.word import Found, Request, Wish
from tests.unit.updates.publisher import Board

pytestmark = pytest.mark.anyio

OLD = "0.1.0-00000000"


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What systemd says of the units: a file's text."""
    said = tmp_path / "said"
    said.write_text("ActiveState=inactive\n\nActiveState=failed\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/systemctl").write_text(f"#!/bin/sh\ncat {said}\n")
    (tmp_path / "bin/systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return said


@pytest.fixture
def spool(board: Board, monkeypatch: pytest.MonkeyPatch) -> Spool:
    """That of a board whose units have a fifth of a second to begin."""
    monkeypatch.setattr(places, "OPT", board.places.opt)
    monkeypatch.setattr(update, "_LOOK_S", 0.02)
    monkeypatch.setattr(update, "_BEGIN_S", 0.2)
    (board.places.releases / OLD).mkdir()
    (board.places.releases / OLD / versions.DONE).touch()
    versions.point(board.places.current, board.places.releases / OLD)
    board.spool.make()
    return board.spool


async def asked(spool: Spool) -> Request:
    """What somebody wants, once it is there."""
    with anyio.fail_after(30):
        while (request := word.taken(spool.request, Request)) is None:
            await anyio.sleep(0.01)
    return request


async def applied(data_dir: Path) -> None:
    wanted = UpdateSettings(url="http://127.0.0.1:9")
    await update._have_done(Settings(data_dir=data_dir, update=wanted), Wish.APPLY)


async def test_looking_may_take_longer_than_beginning(
    spool: Spool, units: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    units.write_text("ActiveState=activating\n\nActiveState=inactive\n")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(applied, spool.folder.parent)
        request = await asked(spool)
        await anyio.sleep(3 * update._BEGIN_S)
        word.leave(spool.found, Found(at=1, answers=request.ident))
    assert capsys.readouterr().out == "there is no newer version\n"


@pytest.mark.usefixtures("units")
async def test_where_nobody_works_on_it_that_is_said(spool: Spool) -> None:
    with pytest.raises(UpdateError, match="nothing works on it"):
        await applied(spool.folder.parent)


def test_one_looks_at_a_time_and_to_see_that_changes_nothing(spool: Spool) -> None:
    assert not is_held(spool)
    with alone(spool):
        assert is_held(spool)
        with pytest.raises(UpdateError, match="is being fetched already"), alone(spool):
            pass
    assert not is_held(spool)
    with alone(spool):
        assert is_held(spool)
