"""A program ends with its own exit code, also while an engine computes."""

import subprocess
import sys

import pytest

from edge.wake.verifiers import __path__ as verifiers

_PROGRAM = """
import sys, threading
import numpy as np
import onnxruntime
from edge import leaving

session = onnxruntime.InferenceSession({model!r})
wanted = session.get_inputs()[0]
sound = np.zeros([size if isinstance(size, int) else 4000 for size in wanted.shape], np.float32)
begun = threading.Event()

def compute():
    while True:
        session.run(None, {{wanted.name: sound}})
        begun.set()

@leaving.at_once
def main():
    threading.Thread(target=compute, daemon=True).start()
    begun.wait()
    print("told")
    sys.exit({code!r})

main()
"""


@pytest.mark.parametrize(("code", "expected"), [(3, 3), ("one line", 1), (None, 0)])
def test_an_engine_that_computes_does_not_abort_it(code: object, expected: int) -> None:
    program = _PROGRAM.format(model=f"{verifiers[0]}/alexa.onnx", code=code)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (expected, "told\n"), done.stderr
    assert done.stderr == ("one line\n" if isinstance(code, str) else "")
