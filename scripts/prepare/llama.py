"""llama-cpp-python: built once on this machine for its own processor, then kept."""

import hashlib
import os
import platform
import re
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from scripts.prepare import cores, lockfile, system
from scripts.prepare.environment import LOG, ROOT, VENV, has, pip, pip_environ
from scripts.prepare.watch import StepFailed, Words, watch

BUILD_LOCK: Final = ROOT / "requirements-build.lock"
_BUILD: Final = ".build-"
_CPUINFO: Final = Path("/proc/cpuinfo")
_MEMORY_PER_COMPILER: Final = 1_000_000_000
_WITHOUT_TILES: Final = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"
"""Linux gives Intel's tile registers to a thread only once it has asked for them; llama.cpp's worker threads don't, and
die of an illegal instruction on the server processors that have any. No board does."""
_WITHOUT: Final = "the assistant works, but without its small language model"


def install(lock: Path) -> bool:
    """Install it from a kept wheel, else build that first. Returns False, saying why, where that can't be done."""
    stamp = VENV / ".installed-llama"
    version = lockfile.llama_version(lock)
    wanted = f"{version} {processor()}"
    if has("llama_cpp") and stamp.exists() and stamp.read_text("utf-8") == wanted:
        return True
    if (found := wheel(lock)) is None:
        return False
    line = [*pip("install"), "--no-deps", "--no-index", "--force-reinstall", found]
    watch("installing llama-cpp-python", line, LOG / "llama.log", pip_environ())
    stamp.write_text(wanted, "utf-8")
    return True


def wheel(lock: Path, log: Path = LOG) -> Path | None:
    """A kept wheel, else one that is built now; None, having said why, where neither can be had."""
    kept = cached_wheel(lockfile.llama_version(lock))
    if kept is None:
        still = system.install([system.COMPILER, system.OPENMP], log / "apt.log")
        if still:
            print(f"hearth: no C++ compiler, so {_WITHOUT} — {system.by_hand(still)}", file=sys.stderr)
            return None
        try:
            return _build(lock, lockfile.llama_version(lock), log / "llama.log")
        except StepFailed as failure:
            print(f"hearth: {failure.title} failed, so {_WITHOUT} — see {failure.log}", file=sys.stderr)
            return None
    if system.install([system.OPENMP], log / "apt.log"):
        print(f"hearth: libgomp.so.1 is missing, so {_WITHOUT} — {system.by_hand(['libgomp1'])}", file=sys.stderr)
        return None
    return kept


def cache() -> Path:
    """Where wheels built for this processor are kept, outside the project, so that a fresh clone finds them."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "hearthside/wheels" / processor()


def processor(cpuinfo: Path = _CPUINFO) -> str:
    """What the compiler can make use of here, as eight hexadecimal digits: a card that was put into another board must
    not run what was built for the first one.
    """
    first = cpuinfo.read_text("utf-8", "replace").partition("\n\n")[0]
    abilities = re.findall(r"^(?:flags|Features|CPU (?:implementer|variant|part))\s*: *(.*)$", first, re.MULTILINE)
    return hashlib.sha256("\n".join([platform.machine(), *abilities]).encode()).hexdigest()[:8]


def cached_wheel(version: str, folder: Path | None = None, cpuinfo: Path = _CPUINFO) -> Path | None:
    """A kept wheel of that version that runs on this machine, in the cache or another ``folder``."""
    wheels = (folder or cache()).glob(f"llama_cpp_python-{version}-*{platform.machine()}.whl")
    return cores.pick(filter(zipfile.is_zipfile, wheels), cpuinfo.read_text("utf-8", "replace"))


def _build(lock: Path, version: str, log: Path) -> Path:
    """Build the wheel with locked tools in an environment that is thrown away, and keep it."""
    cache().mkdir(parents=True, exist_ok=True)
    for leftover in cache().glob(f"{_BUILD}*"):
        shutil.rmtree(leftover)
    # Not in /tmp, which may be a small piece of memory.
    with tempfile.TemporaryDirectory(prefix=_BUILD, dir=cache()) as folder:
        build = Path(folder)
        python = build / "venv/bin/python"
        source = build / "source.lock"
        source.write_text(lockfile.llama_alone(lock), "utf-8")
        watch("preparing to build llama-cpp-python", [sys.executable, "-m", "venv", build / "venv"], log)
        tools: Words = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", BUILD_LOCK]
        watch("fetching build tools", [*pip("install", python), *tools], log, pip_environ())
        environ = pip_environ() | {
            "PATH": f"{build}/venv/bin:{os.environ.get('PATH', os.defpath)}",
            "CMAKE_BUILD_PARALLEL_LEVEL": str(compilers()),
            "TMPDIR": folder,
            # Without what looks at pictures, a quarter of the build.
            "CMAKE_ARGS": f"{os.environ.get('CMAKE_ARGS', '')} -DLLAVA_BUILD=OFF".strip(),
        }
        if platform.machine() == "x86_64":
            environ |= dict.fromkeys(("CFLAGS", "CXXFLAGS"), _WITHOUT_TILES)
        # pip's own cache keeps what it once built, and does not ask for which processor.
        fresh = ["--no-cache-dir", "--no-binary", ":all:"]
        options = ["--verbose", "--no-deps", "--no-build-isolation", "--require-hashes", *fresh]
        line = [*pip("wheel", python), *options, "-r", source, "--wheel-dir", build / "out"]
        watch("building llama-cpp-python, once, 5 to 30 minutes", line, log, environ)
        return _keep(next((build / "out").glob(f"llama_cpp_python-{version}-*.whl")))


def _keep(wheel: Path) -> Path:
    """Copy the wheel into the cache, where it appears complete or not at all."""
    kept = cache() / wheel.name
    part = kept.with_suffix(".part")
    shutil.copyfile(wheel, part)
    return part.replace(kept)


def compilers() -> int:
    """How many compilers may run at once: one per core, but no more than the memory holds."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(os.cpu_count() or 1, memory // _MEMORY_PER_COMPILER))
