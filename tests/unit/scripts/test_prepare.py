"""What sets everything up: lock files, explanations, long commands."""

import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from scripts.prepare.ending import explain
from scripts.prepare.environment import ROOT
from scripts.prepare.llama import processor
from scripts.prepare.lockfile import llama_alone, llama_version, wanted_where, without_llama
from scripts.prepare.watch import StepFailed, watch


def pins(lock: str) -> int:
    """How many packages a lock file pins."""
    return len(re.findall(r"^[\w.-]+==", lock, re.MULTILINE))


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-server.lock", "requirements-dev.lock"])
def test_everything_but_llama_is_installed_from_ready_made_packages(name: str) -> None:
    lock = ROOT / name
    everything = pins(lock.read_text("utf-8"))
    assert pins(without_llama(lock)) == everything - 1
    assert "\nllama-cpp-python" not in without_llama(lock)
    assert llama_alone(lock).startswith(f"llama-cpp-python=={llama_version(lock)} ")
    assert llama_alone(lock).count("--hash=sha256:") == 1


LOCK = """\
everywhere==1.0 \\
    --hash=sha256:1
    # via x
for-x86==1.0 ; platform_machine == 'x86_64' and sys_platform == 'linux' \\
    --hash=sha256:2
for-boards==1.0 ; python_full_version < '3.13' and platform_machine == 'aarch64' \\
    --hash=sha256:3
for-newer[more]==1.0 ; python_full_version >= '3.13' \\
    --hash=sha256:4 \\
    --hash=sha256:5
"""


@pytest.mark.parametrize(
    ("machine", "python", "wanted"),
    [
        ("x86_64", (3, 11), ["everywhere==1.0", "for-x86==1.0"]),
        ("aarch64", (3, 11), ["everywhere==1.0", "for-boards==1.0"]),
        ("aarch64", (3, 13), ["everywhere==1.0", "for-newer[more]==1.0"]),
        ("x86_64", (3, 14), ["everywhere==1.0", "for-x86==1.0", "for-newer[more]==1.0"]),
    ],
)
def test_what_is_installed_for_another_machine_is_chosen_by_that_machine(
    machine: str, python: tuple[int, int], wanted: list[str]
) -> None:
    chosen = wanted_where(LOCK, machine, python)
    assert re.findall(r"^\S+==\S+", chosen, re.MULTILINE) == wanted
    assert ";" not in chosen, "pip would hold a condition against this machine"
    for name in wanted:
        entry = re.search(rf"^{re.escape(name)}.*\n(?:[ \t].*\n)*", LOCK, re.MULTILINE)
        assert entry is not None
        assert f"{name} \\\n{entry[0].partition(chr(10))[2]}" in chosen, "with all of its hashes"


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements*.lock")), ids=lambda path: path.name)
def test_a_lock_file_pins_hashes_and_names_no_machine(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert text.count("--hash=sha256:") >= text.count("==")
    for stranger in ("file://", "--index-url", "--extra-index-url", "--find-links", "/home/", "/root/"):
        assert stranger not in text


def test_the_locks_agree_and_cover_what_the_project_names() -> None:
    runtime = set(_pins("requirements.lock"))
    with_bridge = set(_pins("requirements-server.lock"))
    assert runtime <= with_bridge <= set(_pins("requirements-dev.lock"))
    names = {pin.partition("==")[0] for pin in runtime}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {wish.partition(">=")[0] for wish in project["dependencies"]} <= names


def _pins(name: str) -> list[str]:
    return [line.split(" \\")[0] for line in (ROOT / name).read_text("utf-8").splitlines() if "==" in line[:60]]


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "the disk is full"),
        ("WARNING: Retrying (Retry(total=1)) after NewConnectionError('…')\nERROR: No matching", "no network"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the one that the lock"),
        ("ERROR: No matching distribution found for av==18.1.0", "no package index has av==18.1.0 ready-made"),
        ("E: Unable to locate package x", "Unable to locate package x"),
        ("", "it ended with an error"),
    ],
)
def test_what_an_installer_said_becomes_one_sentence(output: str, sentence: str) -> None:
    assert sentence in explain(output)
    assert "\n" not in explain(output)


PI_4 = "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU part\t: 0xd08\n\nprocessor\t: 1\n"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (PI_4.replace("108.00", "54.00"), True),
        (PI_4 + "Revision\t: c03115\n", True),
        (PI_4.replace("crc32", "crc32 asimddp"), False),
        (PI_4.replace("0xd08", "0xd0b"), False),
    ],
)
def test_what_was_built_for_one_processor_is_not_taken_for_another(tmp_path: Path, other: str, same: bool) -> None:
    (tmp_path / "pi4").write_text(PI_4)
    (tmp_path / "other").write_text(other)
    assert (processor(tmp_path / "pi4") == processor(tmp_path / "other")) is same


def test_a_command_that_fails_keeps_its_output(tmp_path: Path) -> None:
    with pytest.raises(StepFailed) as caught:
        watch("trying", ["sh", "-c", "echo why >&2; exit 3"], tmp_path / "log/step.log")
    assert caught.value.output == "why\n"


def test_an_interruption_ends_what_was_started(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from scripts.prepare.watch import watch
watch("sleeping", ["sh", "-c", "sleep 300 & echo $!; wait"], Path({str(tmp_path / "log")!r}))
"""
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "log").exists() or not (tmp_path / "log").read_text().strip():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        sleeper = int((tmp_path / "log").read_text())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert not _runs(sleeper)


def test_an_interruption_in_the_midst_of_a_start_ends_what_was_started(tmp_path: Path) -> None:
    program = f"""
import os, signal, subprocess
from pathlib import Path
from scripts.prepare.watch import watch
class Pressed(subprocess.Popen):
    def __init__(self, *words, **how):
        super().__init__(*words, **how)
        Path({str(tmp_path / "started")!r}).write_text(str(self.pid))
        os.kill(os.getpid(), signal.SIGINT)
subprocess.Popen = Pressed
watch("sleeping", ["sleep", "300"], Path({str(tmp_path / "log")!r}))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "KeyboardInterrupt" in done.stderr
    assert not _runs(int((tmp_path / "started").read_text()))


def _runs(process: int) -> bool:
    for _ in range(3_000):
        try:
            os.kill(process, 0)
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return False
        if state == "Z":
            return False
        time.sleep(0.02)
    return True
