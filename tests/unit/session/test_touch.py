"""What a person's hands mean."""

import anyio
import pytest

from edge.bus import Bus
from edge.errors import StorageError
from edge.events import Fault
from edge.panel import Control
from edge.session.listening import Listening
from edge.session.touch import Touch
from tests.virtual_time import settle

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("controls", "done", "listens"),
    [
        ([Control.PRESSED, Control.PRESSED], ["press", "press"], True),
        ([Control.PRESSED, Control.MUTE], ["press"], False),
        ([Control.MUTE, Control.MUTE], [], True),
        ([Control.LOUDER, Control.SOFTER], [7, -7], True),
        ([Control.SWITCH_OFF], [], False),
        ([Control.SWITCH_OFF, Control.MUTE], [], False),
        ([Control.SWITCH_OFF, Control.MUTE, Control.SWITCH_ON], [], True),
        ([Control.MUTE, Control.SWITCH_ON], [], True),
        ([Control.FOUND_OFF, Control.MUTE], [], False),
        ([Control.FOUND_ON], [], True),
    ],
)
async def test_what_is_done(controls: list[Control], done: list[object], listens: bool) -> None:
    did: list[object] = []

    async def press() -> None:
        did.append("press")

    async def change_volume(step: int) -> None:
        did.append(step)

    listening = Listening(Bus())
    async with anyio.create_task_group() as tasks:
        touch = Touch(listening, press, change_volume, Bus())
        tasks.start_soon(touch.follow)
        for control in controls:
            await anyio.to_thread.run_sync(touch.tell, control)
        await settle()
        tasks.cancel_scope.cancel()
    assert (did, listening.on) == (done, listens)


async def test_what_fails_is_reported_and_the_next_press_counts() -> None:
    tries: list[int] = []

    async def press() -> None:
        tries.append(1)
        raise StorageError("the disk is full", "empty it")

    async def change_volume(_: int) -> None: ...

    bus = Bus()
    with bus.subscribe() as events:
        async with anyio.create_task_group() as tasks:
            touch = Touch(Listening(bus), press, change_volume, bus)
            tasks.start_soon(touch.follow)
            touch.tell(Control.PRESSED)
            touch.tell(Control.PRESSED)
            await settle()
            tasks.cancel_scope.cancel()
        assert [event.code for event in events.pending() if isinstance(event, Fault)] == ["storage"] * 2
    assert len(tries) == 2
