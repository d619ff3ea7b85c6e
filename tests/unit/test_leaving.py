"""How a command ends while an engine is in the midst of native code."""

import subprocess
import sys

import pytest

_COMMAND = """
import threading, time
from edge import cli
from edge.errors import AssistantError

class TakenDown:
    def __del__(self):
        print("taken down", flush=True)

held = TakenDown()

def app():
    threading.Thread(target=time.sleep, args=(60,), name={thread!r}, daemon=True).start()
    print("begun")
    {end}

cli.app = app
cli.main()
"""


@pytest.mark.parametrize("thread", ["engine-stt", "another"])
@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        ("raise AssistantError('it runs already', 'stop it first')", 1, "hearth: it runs already — stop it first\n"),
        ("raise SystemExit(3)", 3, ""),
        ("raise SystemExit", 0, ""),
        ("raise SystemExit('no')", 1, "no\n"),
    ],
)
def test_nothing_is_taken_down_beneath_an_engine(thread: str, end: str, code: int, said: str) -> None:
    # A second assistant on one data directory said so, and was then aborted: its recogniser was just loading.
    command = _COMMAND.format(thread=thread, end=end)
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (code, said)
    left_at_once = thread == "engine-stt" and said != "no\n"
    assert done.stdout == ("begun\n" if left_at_once else "begun\ntaken down\n")
