"""Stopping one thread of another process, and nothing else of it: what a native call that never returns looks like.

A signal stops a whole process. A tracer stops one thread: PTRACE_SEIZE and PTRACE_INTERRUPT, see ptrace(2). It goes on
when the tracing thread detaches, or ends.
"""

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_SEIZE: Final = 0x4206
_INTERRUPT: Final = 0x4207
_DETACH: Final = 17
_LOOK_S: Final = 0.05
_ALL: Final = 0x40000000
"""__WALL: also threads are waited for."""


def thread_of(process: int, name: str) -> int:
    """The id of the thread of that name; its first one for ``loop``. Names are cut at 15 characters by the kernel.
    Raises LookupError.
    """
    if name == "loop":
        return process
    for task in Path(f"/proc/{process}/task").iterdir():
        if (task / "comm").read_text().strip() == name[:15]:
            return int(task.name)
    raise LookupError(f"there is no thread {name!r} in {process}")


@contextmanager
def stopped(thread: int) -> Iterator[None]:
    """It stands still until the block ends, or its process does. Raises OSError where tracing is not allowed."""
    begun, over, wrong = threading.Event(), threading.Event(), list[OSError]()

    def trace() -> None:
        # All of it must be asked by one thread: it is the tracer.
        try:
            _ptrace(_SEIZE, thread)
            _ptrace(_INTERRUPT, thread)
            os.waitpid(thread, _ALL)
        except OSError as error:
            wrong.append(error)
        begun.set()
        # Its end is told to its tracer first: until that has taken note of it, its process does not end.
        try:
            while not over.wait(_LOOK_S) and not wrong:
                if os.waitpid(thread, _ALL | os.WNOHANG) != (0, 0):
                    return
            _ptrace(_DETACH, thread)
        except OSError:
            return  # its process has ended, and whoever started it has taken note of that

    tracer = threading.Thread(target=trace, name="tracer", daemon=True)
    tracer.start()
    begun.wait()
    try:
        if wrong:
            raise wrong[0]
        yield
    finally:
        over.set()
        tracer.join()


def _ptrace(request: int, thread: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    library.ptrace.restype = ctypes.c_long
    if library.ptrace(request, thread, None, None) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
