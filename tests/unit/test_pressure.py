"""Where it is told that memory is short, by each of the ways that there are."""

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from edge.pressure import SYSTEM, is_short, memory_pressure, watched

pytestmark = pytest.mark.anyio

EASE = "some avg10=0.12 avg60=0.05 avg300=0.01 total=8830890\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=2703270\n"
SHORT = "some avg10=31.40 avg60=9.05 avg300=2.01 total=9930890\nfull avg10=11.00 avg60=2.00 avg300=0.40 total=2903270\n"


@dataclass
class Told:
    """A machine whose memory a test makes short."""

    environment: Mapping[str, str]
    root: Path
    make_short: Callable[[], None]


@pytest.fixture(params=["by systemd", "by the kernel's averages"])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Told:
    if request.param == "by systemd":
        # https://systemd.io/MEMORY_PRESSURE: what is named may be a FIFO, which somebody writes into.
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        environment = {"MEMORY_PRESSURE_WATCH": str(fifo), "MEMORY_PRESSURE_WRITE": base64.b64encode(b"x").decode()}

        def press() -> None:
            with fifo.open("wb") as end:
                end.write(b"!")

        return Told(environment, tmp_path, press)
    # A plain file takes no trigger, like the kernel's own where one is not root.
    file = tmp_path / SYSTEM
    file.parent.mkdir(parents=True)
    file.write_text(EASE)

    def wait_for_memory() -> None:
        file.write_text(SHORT)

    return Told({}, tmp_path, wait_for_memory)


async def test_it_is_told_once_memory_is_short_and_not_before(told: Told) -> None:
    async with memory_pressure(told.environment, told.root, look_s=0.02) as pressure:
        assert pressure is not None
        with anyio.move_on_after(0.2) as waiting:
            await pressure.short()
        assert waiting.cancelled_caught
        told.make_short()
        with anyio.fail_after(60):
            await pressure.short()


@pytest.mark.parametrize("named", ["/dev/null", "/nowhere/memory.pressure", None])
async def test_where_nothing_tells_nothing_is_watched(tmp_path: Path, named: str | None) -> None:
    environment = {"MEMORY_PRESSURE_WATCH": named} if named is not None else {}
    assert not watched(environment, tmp_path)
    async with memory_pressure(environment, tmp_path) as pressure:
        assert pressure is None


async def test_this_kernel_is_watched_where_it_tells() -> None:
    """With its own trigger, or by its averages where only root may set one."""
    tells = Path("/", SYSTEM).exists()
    async with memory_pressure({}) as pressure:
        assert (pressure is not None) == watched({})
        assert pressure is None or tells
        if pressure is not None:
            with anyio.move_on_after(0.1):
                await pressure.short()


def test_one_look_tells_whether_it_is_short_now(tmp_path: Path) -> None:
    assert not is_short({}, tmp_path)  # nothing tells
    file = tmp_path / SYSTEM
    file.parent.mkdir(parents=True)
    found = []
    for told in (EASE, SHORT, ""):
        file.write_text(told)
        found.append(is_short({}, tmp_path))
    assert found == [False, True, False]
    os.mkfifo(tmp_path / "fifo")  # is not read: that would wait for whoever writes
    assert not is_short({"MEMORY_PRESSURE_WATCH": str(tmp_path / "fifo")}, tmp_path)
