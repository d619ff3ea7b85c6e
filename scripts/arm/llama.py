"""llama-cpp-python for the cores of boards, built by Debian's compiler for aarch64.

Only what ggml computes with differs between cores: all are built from one tree, and the second takes a minute.
"""

import os
import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scripts.prepare import llama, lockfile, system
from scripts.prepare.cores import Core
from scripts.prepare.environment import ROOT, pip, pip_environ
from scripts.prepare.system import SystemPackage
from scripts.prepare.watch import StepFailed, Words, watch

LOCK: Final = ROOT / "requirements.lock"
_TARGET: Final = "aarch64-linux-gnu"
COMPILERS: Final = (
    SystemPackage(f"gcc-{_TARGET}", lambda: shutil.which(f"{_TARGET}-gcc") is not None),
    SystemPackage(f"g++-{_TARGET}", lambda: shutil.which(f"{_TARGET}-g++") is not None),
)
"""Debian's packages."""
_CROSS: Final = (
    "-DCMAKE_SYSTEM_NAME=Linux",
    "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
    f"-DCMAKE_C_COMPILER={_TARGET}-gcc",
    f"-DCMAKE_CXX_COMPILER={_TARGET}-g++",
    # Programs of this machine, libraries of the other: cmake-toolchains(7).
    "-DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY",
    "-DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY",
    f"-DCMAKE_FIND_ROOT_PATH=/usr/{_TARGET}",
    "-DGGML_NATIVE=OFF",
)

_WITHOUT_CHAT: Final = ("set(LLAMA_BUILD_COMMON ON ", "set(LLAMA_BUILD_COMMON OFF ")
"""What only its own programs use, the half of it. No option turns it off."""


def name(core: Core) -> str:
    """Of its wheel."""
    return f"llama_cpp_python-{lockfile.llama_version(LOCK)}-{core.build}-py3-none-linux_aarch64.whl"


def build(cores: Sequence[Core], out: Path, work: Path) -> list[Path]:
    """A wheel for each of ``cores`` in ``out``; those that are there are not made again. Raises StepFailed."""
    out.mkdir(parents=True, exist_ok=True)
    missing = [core for core in cores if not zipfile.is_zipfile(out / name(core))]
    if missing:
        if still := system.install(COMPILERS, work / "apt.log"):
            raise SystemExit(f"check_arm: {', '.join(still)} missing — {system.by_hand(still)}")
        source = _source(work)
        for core in missing:
            _wheel(core, source, out, work)
    return [out / name(core) for core in cores]


def _source(work: Path) -> Path:
    """The unpacked source, of the lock's hash, beside an environment with the locked tools."""
    version = lockfile.llama_version(LOCK)
    folder = work / f"llama_cpp_python-{version}"
    if folder.exists():
        return folder
    work.mkdir(parents=True, exist_ok=True)
    wanted = work / "source.lock"
    wanted.write_text(lockfile.llama_alone(LOCK), "utf-8")
    watch("preparing to build llama-cpp-python", [sys.executable, "-m", "venv", work / "venv"], work / "venv.log")
    tools: Words = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", llama.BUILD_LOCK]
    line = [*pip("install", work / "venv/bin/python"), *tools]
    watch("fetching build tools", line, work / "tools.log", pip_environ())
    fresh: Words = ["--no-deps", "--no-build-isolation", "--require-hashes", "--no-binary", ":all:", "-r", wanted]
    line = [*pip("download", work / "venv/bin/python"), *fresh, "--dest", work]
    watch("fetching the source", line, work / "source.log", _environ(work, ()))
    archive = next(work.glob(f"llama_cpp_python-{version}.tar.gz"))
    (work / "unpacked").mkdir(exist_ok=True)
    watch("unpacking it", ["tar", "-C", work / "unpacked", "-xzf", archive], work / "unpack.log")
    unpacked = work / "unpacked" / folder.name
    listed = unpacked / "CMakeLists.txt"
    listed.write_text(listed.read_text("utf-8").replace(*_WITHOUT_CHAT), "utf-8")
    unpacked.rename(folder)
    return folder


def _wheel(core: Core, source: Path, out: Path, work: Path) -> None:
    log = work / f"{core.name}.log"
    made = work / "out"
    shutil.rmtree(made, ignore_errors=True)
    options = [f"build-dir={work / 'cmake'}", f"wheel.build-tag={core.build}"]
    line: Words = [
        *pip("wheel", work / "venv/bin/python"), "--verbose", "--no-deps", "--no-build-isolation", "--no-cache-dir",
        *(word for option in options for word in ("-C", option)), "--wheel-dir", made, source,
    ]  # fmt: skip
    environ = _environ(work, (*_CROSS, f"-DGGML_CPU_ARM_ARCH={core.march}"))
    watch(f"building llama-cpp-python for {core.name}", line, log, environ)
    wheel = next(made.glob("*.whl"))
    if wheel.name != name(core):
        raise StepFailed(f"it made {wheel.name}, not {name(core)}: building for {core.name}", log)
    shutil.copyfile(wheel, out / f"{wheel.name}.part")
    (out / f"{wheel.name}.part").replace(out / wheel.name)


def _environ(work: Path, cmake: Sequence[str]) -> dict[str, str]:
    return pip_environ() | {
        "PATH": f"{work}/venv/bin:{os.environ.get('PATH', os.defpath)}",
        "CMAKE_BUILD_PARALLEL_LEVEL": str(llama.compilers()),
        "CMAKE_ARGS": " ".join([*cmake, "-DLLAVA_BUILD=OFF"]),
        # What the wheel says that it is for: sysconfig.get_platform().
        "_PYTHON_HOST_PLATFORM": "linux-aarch64",
    }
