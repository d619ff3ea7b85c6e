"""Whether a thread stands still, as its own kernel says of it."""

import hashlib
import threading
import time

import pytest

from edge.standstill import Standstill


def seen(*, computes: bool, looks: int = 20) -> float:
    """The longest that a thread was taken to stand still, in as many looks, a quarter of a second by the clock."""
    number, over = [0], threading.Event()
    begun = threading.Event()

    def go() -> None:
        number[0] = threading.get_native_id()
        begun.set()
        while computes and not over.is_set():
            hashlib.pbkdf2_hmac("sha256", b"", b"", 20_000)
        over.wait()

    thread = threading.Thread(target=go)
    thread.start()
    begun.wait()
    still, longest = Standstill(number[0]), 0.0
    for _ in range(looks):
        longest = max(longest, still.for_s(time.monotonic()))
        time.sleep(0.0125)
    over.set()
    thread.join()
    return longest


def test_who_waits_stands_still_and_who_computes_does_not_however_little_it_gets() -> None:
    assert seen(computes=False) > 0.2
    assert seen(computes=True) < 0.1


def test_time_counts_from_the_first_look_and_of_nobody_is_nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    still = Standstill(threading.get_native_id())
    states = iter([("S", ["1", "1"]), ("S", ["1", "1"]), ("D", ["1", "1"]), ("S", ["1", "1"]), ("S", ["1", "2"])])
    monkeypatch.setattr(still, "_seen", lambda: next(states))
    assert [still.for_s(now) for now in (5.0, 7.0, 8.0, 9.0, 10.0)] == [0.0, 2.0, 0.0, 1.0, 0.0]
    nobody = Standstill(0)
    assert [nobody.for_s(5.0), nobody.for_s(99.0)] == [0.0, 0.0]
