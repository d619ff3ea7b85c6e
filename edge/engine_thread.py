"""A thread that owns one native engine: builds it, calls it, closes it.

Native engines are synchronous and not thread-safe. Nobody but the thread ever touches the engine, so no engine
needs a lock, and a slow model never blocks the event loop. An engine that rests may be unloaded; whoever calls it next
has it built anew and notices nothing but the time.
"""

import asyncio
import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Concatenate, Generic, ParamSpec, TypeVar, cast

from edge.job_queue import Job, JobQueue

if TYPE_CHECKING:
    from edge.ports import Closeable

E = TypeVar("E", bound="Closeable")
R = TypeVar("R")
P = ParamSpec("P")

_log = logging.getLogger(__name__)
_JOIN_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Work:
    """What one engine's thread is at."""

    name: str
    """Of the engine."""
    builds: bool
    """It loads the engine still."""
    for_s: float
    """How long it has been at it without coming any further, in seconds."""
    computes: bool = False
    """It has nothing to wait for but a processor, and a disk."""
    thread: int = 0
    """Its number for the kernel."""


def work_in_hand() -> list[Work]:
    """What the engine threads of this process are at now; those that wait for a job are not among it."""
    workers = (thread for thread in threading.enumerate() if isinstance(thread, _Worker))
    return [work for worker in workers if (work := worker.work()) is not None]


def judge_by(for_s: Callable[[], float]) -> None:
    """Said by a job, in its engine's thread, that has no end as long as there is input: not the time that it takes
    tells whether it is stuck, but ``for_s``, the seconds of input that came since it took any. Called in any thread.
    While there is input, it waits for nothing.
    """
    thread = threading.current_thread()
    if isinstance(thread, _Worker):
        thread.for_s, thread.follows = for_s, True


class _Worker(threading.Thread):
    """The thread, which tells what it is at."""

    def __init__(self, engine: str, run: Callable[[], None], waited_s: Callable[[], float]) -> None:
        """``waited_s``: for how long the next job has been there to be taken, in seconds."""
        super().__init__(target=run, name=f"engine-{engine}", daemon=True)
        self._waited_s = waited_s
        self._idle_since = float("-inf")
        self.for_s: Callable[[], float] | None = None
        self.computes = False
        """Its engine waits for nothing."""
        self.follows = False
        """What it is at was told to :func:`judge_by`."""
        self._of, self._builds = engine, False

    def run(self) -> None:
        """Under its own name for the kernel, too, which the threads that native code makes in it get from it: `top -H`,
        a tracer and :mod:`edge.standstill` tell the engines apart.
        """
        with suppress(OSError):
            Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(self.name, "ascii")
        super().run()

    @contextmanager
    def at_work(self, *, builds: bool = False) -> Iterator[None]:
        within = self.for_s is not None
        self._begin_at(builds)
        try:
            yield
        finally:
            if within:
                # What had the engine built anew begins with its work only now.
                self._begin_at(False)
            else:
                self._idle_since, self.for_s, self.follows = time.monotonic(), None, False

    def _begin_at(self, builds: bool) -> None:
        begun = time.monotonic()
        self._builds, self.for_s = builds, lambda: time.monotonic() - begun

    def work(self) -> Work | None:
        if (for_s := self.for_s) is not None:
            return self._work(for_s(), builds=self._builds)
        # It does nothing, and there is something to do: it will not come back to take it.
        waited_s = min(self._waited_s(), time.monotonic() - self._idle_since)
        return self._work(waited_s, builds=False) if waited_s > 0 else None

    def _work(self, for_s: float, *, builds: bool) -> Work:
        return Work(self._of, builds, for_s, self.computes or self.follows, self.native_id or 0)


class EngineQueue(Generic[E]):
    """Where work for one engine is handed in."""

    def __init__(self, hand_in: Callable[[Job], None], engine: Callable[[], E]) -> None:
        """``engine`` is called in the engine's thread; what it raises is raised by every call."""
        self._hand_in, self._engine_of = hand_in, engine

    async def ready(self) -> None:
        """Returns when the engine is built; raises what building it raised."""
        await self.call(lambda engine: None)

    async def call(self, work: Callable[Concatenate[E, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run ``work(engine, …)`` in the thread and return its result."""
        return await self.submit(work, *args, **kwargs)

    def submit(self, work: Callable[Concatenate[E, P], R], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[R]":
        """Queue ``work(engine, …)`` and go on; the future has its result.

        Cancelling the future drops work that still waits in the queue; work that has begun ends by itself and its
        result is discarded.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()

        def job() -> None:
            if future.cancelled():
                return
            result, error = _outcome(lambda: work(self._engine_of(), *args, **kwargs))
            loop.call_soon_threadsafe(_settle, future, result, error)

        self._hand_in(job)
        return future


class EngineThread(EngineQueue[E]):
    """Use as an async context manager; the engine loads in the background from the moment of entering."""

    def __init__(self, name: str, build: Callable[[], E], *, lazy: bool = False) -> None:
        """``build`` runs in the thread; what it raises is raised by the first :meth:`call`. ``lazy``: it does so only
        once the engine is needed.

        An engine that says of itself ``computes = True`` waits for nothing but a processor and a disk, so that one
        that stands still will not come back (:mod:`edge.watchdog`).
        """
        super().__init__(self._put, self._built)
        self.name = name
        self.behind: EngineQueue[E] = EngineQueue(self._put_behind, self._built)
        """For those who can wait: what they hand in is begun when nothing else is there to do."""
        self._build, self._lazy = build, lazy
        self._jobs = JobQueue()
        self._thread = _Worker(name, self._run, self._jobs.waited_s)
        self._begun = False
        self._engine: E | None = None
        self._failure: BaseException | None = None
        self._unloaded = False
        self._used_at = time.monotonic()
        self.on_reloaded: Callable[[float], None] | None = None
        """Called in the engine's thread when it was built anew, with the seconds that took."""

    async def __aenter__(self) -> "EngineThread[E]":
        if not self._lazy:
            self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._jobs.close()
        if self._begun:
            # A native call cannot be interrupted. Shutting down must not wait for it: the thread is a daemon.
            await asyncio.shield(asyncio.to_thread(self._thread.join, _JOIN_SECONDS))

    async def ready(self) -> None:
        """Returns when the engine is built, whatever it is busy with by then; raises what building it raised."""
        # A job may have no end: the wake engine listens until somebody says its word.
        if self._engine is None:
            await super().ready()

    @property
    def unloaded(self) -> bool:
        """Whether the engine was let go, to be built anew when it is called."""
        return self._unloaded

    async def unload(self, rested_s: float) -> bool:
        """Let the engine go if it is loaded and was not called for ``rested_s`` seconds; the next call builds it anew.
        Returns whether it was let go.
        """
        # A job that has no end is not waited for.
        if self._engine is None or self._thread.work() is not None or self.waiting:
            return False
        loop = asyncio.get_running_loop()
        let_go: asyncio.Future[bool] = loop.create_future()

        def job() -> None:
            loop.call_soon_threadsafe(_settle, let_go, self._let_go(rested_s), None)

        self._put_behind(job)
        return await let_go

    def recall(self) -> None:
        """It will be called before long: where it was unloaded, it is built anew now."""
        if self._unloaded:
            # What goes wrong with it, whoever calls it is told.
            self.submit(lambda engine: None).add_done_callback(lambda built: built.cancelled() or built.exception())

    @property
    def waiting(self) -> int:
        """How many calls wait until those before them are through."""
        return self._jobs.waiting

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Until the block ends, nothing is begun that was handed in :attr:`behind`: nobody waits for it to end."""
        self._jobs.hold(+1)
        try:
            yield
        finally:
            self._jobs.hold(-1)

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._thread.start()

    def _put(self, job: Job) -> None:
        self._begin()
        self._jobs.put(job, behind=False)

    def _put_behind(self, job: Job) -> None:
        self._begin()
        self._jobs.put(job, behind=True)

    @property
    def begun(self) -> bool:
        """Whether the engine is loaded, or on its way."""
        return self._begun

    def build_by(self, build: Callable[[], E]) -> None:
        """Once the engine is needed, it is made by ``build``. Only as long as it has not begun."""
        assert not self._begun
        self._build = build

    def exchange(self, engine: E, build: Callable[[], E]) -> None:
        """Go on with ``engine``, which ``build`` has made in another thread and which is this one's from now on, after
        what is queued already; the one before is closed.
        """
        self._put(functools.partial(self._take, engine, build))

    def _take(self, engine: E, build: Callable[[], E]) -> None:
        before, self._failure = self._engine, None
        self._build, self._unloaded = build, False
        self._has(engine)
        if before is not None:
            self._close(before)

    def _has(self, engine: E) -> None:
        self._engine = engine
        self._thread.computes = bool(getattr(engine, "computes", False))

    def _close(self, engine: E) -> None:
        _, error = _outcome(engine.close)
        if error is not None:
            # It is gone all the same, and whoever calls the next one has nothing to do with it.
            _log.error("%s: the engine could not be closed", self.name, exc_info=error)

    def _built(self) -> E:
        self._used_at = time.monotonic()
        if self._failure is not None:
            raise self._failure
        if self._unloaded:
            self._reload()
        assert self._engine is not None
        return self._engine

    def _reload(self) -> None:
        """What building raises is raised by this call alone: it was built before, so it may be again."""
        begun = time.monotonic()
        with self._thread.at_work(builds=True):
            self._has(self._build())
        self._unloaded = False
        if self.on_reloaded is not None:
            self.on_reloaded(time.monotonic() - begun)

    def _let_go(self, rested_s: float) -> bool:
        engine = self._engine
        if engine is None or self.waiting or time.monotonic() - self._used_at < rested_s:
            return False
        self._engine, self._unloaded = None, True
        self._close(engine)
        return True

    def _run(self) -> None:
        with self._thread.at_work(builds=True):
            _, self._failure = _outcome(lambda: self._has(self._build()))
        while (job := self._jobs.get()) is not None:
            with self._thread.at_work():
                try:
                    job()
                except RuntimeError:
                    # The event loop was closed while the engine worked; nobody waits for the result any more.
                    _log.debug("%s: result discarded, the loop is closed", self.name)
        if self._engine is not None:
            self._close(self._engine)


def _outcome(work: Callable[[], R]) -> tuple[R | None, BaseException | None]:
    """What ``work`` gave, or what it raised: that is for another thread, where somebody knows what to do about it."""
    try:
        return work(), None
    except BaseException as error:  # noqa: BLE001  # carried over, and not decided on here
        return None, error


def _settle(future: "asyncio.Future[R]", result: R | None, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(cast(R, result))
