"""Whether a thread stands still, as the kernel says of it."""

import hashlib
import threading
import time
from pathlib import Path

import pytest

import edge.standstill
from edge.standstill import Standstill


def seen(*, itself: bool = False, its_own: bool = False, alone: bool = False) -> float:
    """The longest that a thread was taken to stand still in a quarter of a second, or more on a busy machine.
    ``itself``: it computes; ``its_own``: another does that it has made.
    """
    number, over, begun = [0], threading.Event(), threading.Event()

    def compute() -> None:
        while not over.is_set():
            hashlib.pbkdf2_hmac("sha256", b"", b"", 20_000)

    def go() -> None:
        number[0] = threading.get_native_id()
        Path(f"/proc/self/task/{number[0]}/comm").write_text("an engine", "ascii")
        made = threading.Thread(target=compute if its_own else over.wait)
        made.start()
        begun.set()
        compute() if itself else over.wait()
        made.join()

    thread = threading.Thread(target=go)
    thread.start()
    begun.wait()
    still, longest = Standstill(number[0], alone=alone), 0.0
    for _ in range(20):
        longest = max(longest, still.for_s(time.monotonic()))
        time.sleep(0.0125)
    over.set()
    thread.join()
    return longest


@pytest.mark.parametrize(
    ("who", "stands_still"),
    [
        ({}, True),
        ({"itself": True}, False),
        ({"its_own": True}, False),
        ({"its_own": True, "alone": True}, True),
        ({"itself": True, "alone": True}, False),
    ],
)
def test_who_waits_stands_still_and_who_computes_does_not_however_little_it_gets(
    who: dict[str, bool], stands_still: bool
) -> None:
    assert (seen(**who) > 0.2) is stands_still


def test_who_waits_for_a_disk_goes_on_and_of_nobody_is_nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    waits, reads, later = (edge.standstill._Seen("stt", *each) for each in [("S", "11"), ("D", "11"), ("S", "12")])
    looks = iter([[waits], [waits], [reads], [waits], [waits], [later], [later, waits], []])
    still = Standstill(1)
    monkeypatch.setattr(still, "_look", lambda: next(looks))
    assert [still.for_s(float(now)) for now in range(8)] == [0, 1, 0, 0, 1, 0, 0, 0]
    nobody = Standstill(0)
    assert [nobody.for_s(5.0), nobody.for_s(99.0)] == [0.0, 0.0]
