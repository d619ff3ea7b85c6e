"""Time that passes when a test says so."""

import datetime

import anyio
import anyio.lowlevel


class VirtualTime:
    """The wall clock, the time that has passed, and sleep, of one machine."""

    def __init__(self, now: datetime.datetime) -> None:
        """``now``: aware; what its clock shows, and the time zone it stands in."""
        self.wall = now
        self.passed = 0.0
        self._changed = anyio.Event()

    def now(self) -> datetime.datetime:
        """What the clock shows."""
        return self.wall

    def elapsed(self) -> float:
        """Seconds that have really passed."""
        return self.passed

    async def sleep(self, seconds: float) -> None:
        """Returns when so many seconds have passed."""
        until = self.passed + seconds
        while self.passed < until - 1e-9:
            await self._changed.wait()

    def set_clock(self, now: datetime.datetime) -> None:
        """Somebody puts the clock right, or wrong; no time passes."""
        self.wall = now

    async def advance(self, seconds: float, step: float = 1.0) -> None:
        """Let ``seconds`` pass; whoever slept goes on in between."""
        left = seconds
        while left > 1e-9:
            piece = min(step, left)
            left -= piece
            self.passed += piece
            zone = self.wall.tzinfo
            self.wall = (self.wall.astimezone(datetime.UTC) + datetime.timedelta(seconds=piece)).astimezone(zone)
            changed, self._changed = self._changed, anyio.Event()
            changed.set()
            await settle()
        # A disk that is busy takes longer than a moment.
        for _ in range(10):
            await anyio.sleep(0.01)
        await settle()


async def settle() -> None:
    """Let every task do what it can do now; work in the database's thread gets a moment of real time."""
    for _ in range(20):
        await anyio.lowlevel.checkpoint()
    await anyio.sleep(0.002)
    for _ in range(20):
        await anyio.lowlevel.checkpoint()
