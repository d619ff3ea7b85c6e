"""Ending a program whose engines are still in native calls, which nobody can interrupt."""

import functools
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import ParamSpec

P = ParamSpec("P")


def at_once(main: Callable[P, None]) -> Callable[P, None]:
    """``main``, after which threads that nobody waits for are left as they are.

    Until Python 3.14 the interpreter ends such a thread by force when its native call returns, and where that is of C++
    the whole process with it, by SIGABRT: https://docs.python.org/3.14/c-api/init.html#c.PyEval_RestoreThread. So who
    only wanted to be told in one line what is missing would see a crash.
    """

    @functools.wraps(main)
    def left(*args: P.args, **named: P.kwargs) -> None:
        try:
            main(*args, **named)
        except SystemExit as ended:
            if not any(thread.daemon for thread in threading.enumerate()):
                raise
            if isinstance(ended.code, str):
                print(ended.code, file=sys.stderr)
            logging.shutdown()
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(ended.code if isinstance(ended.code, int) else bool(ended.code))

    return left
