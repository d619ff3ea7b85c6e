"""Tells of every change to what skills keep, so that whoever shows it looks again."""

import time
from collections.abc import Sequence

import anyio

from edge.bus import Bus
from edge.events import KeptChanged
from edge.ports import Editable, Kept, Skill


async def tell_changes(bus: Bus, skills: Sequence[Skill]) -> None:
    """Runs as long as the assistant. What changes several times before it is told is told once."""
    async with anyio.create_task_group() as tasks:
        for skill in skills:
            if isinstance(skill, Editable):
                tasks.start_soon(_tell, bus, skill.by_hand)


async def _tell(bus: Bus, kept: Kept) -> None:
    number = await kept.changed(-1)
    while True:
        number = await kept.changed(number)
        bus.emit(KeptChanged(turn="", at=time.monotonic(), what=kept.keeps, change=number))
