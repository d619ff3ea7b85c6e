"""What one engine's thread has still to do."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

Job: TypeAlias = Callable[[], None]


class JobQueue:
    """Two queues, one before the other."""

    def __init__(self) -> None:
        self._first: deque[tuple[Job, float]] = deque()
        """Each with when it was handed in."""
        self._behind: deque[Job] = deque()
        self._holds = 0
        self._closed = False
        self._changed = threading.Condition(threading.Lock())

    @property
    def waiting(self) -> int:
        """How many there are."""
        return len(self._first) + len(self._behind)

    def waited_s(self) -> float:
        """For how long the first of those who can't wait has been there, in seconds; 0 where there is none."""
        try:
            return time.monotonic() - self._first[0][1]
        except IndexError:
            return 0.0

    def put(self, job: Job, *, behind: bool) -> None:
        with self._changed:
            if behind:
                self._behind.append(job)
            else:
                self._first.append((job, time.monotonic()))
            self._changed.notify()

    def hold(self, more: int) -> None:
        """Of those who want that nothing of the second queue is begun, there are ``more``."""
        with self._changed:
            self._holds += more
            self._changed.notify()

    def close(self) -> None:
        """No more comes; what is there is done."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def get(self) -> Job | None:
        """The next one, as soon as there is one; None when there will be none."""
        with self._changed:
            while True:
                if self._first:
                    return self._first.popleft()[0]
                if self._behind and (self._closed or not self._holds):
                    return self._behind.popleft()
                if self._closed:
                    return None
                self._changed.wait()
