"""What an update brings over the network, by ways to tell it: ``python -m scripts.publishing.deltas [--own COMMITS …]
[--package NAME OLD NEW …]``. Measures; nothing is published.
"""

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import zstandard

from scripts.prepare.environment import ROOT
from scripts.publishing.tree import BIG

_LEVEL: Final = 12
"""Near to what packs have, and quick."""
_TAGS: Final = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
Files = Mapping[str, bytes]


def main(arguments: Sequence[str]) -> int:
    """Prints a line for each. Returns the exit code."""
    parser = argparse.ArgumentParser("scripts.publishing.deltas")
    parser.add_argument("--own", nargs="*", type=int, default=[20, 60], metavar="COMMITS", help="so many commits back")
    parser.add_argument("--package", nargs=3, action="append", default=[], metavar=("NAME", "OLD", "NEW"))
    asked = parser.parse_args(arguments)
    for back in asked.own:
        print(row(f"our own, {back} commits", _commit(f"HEAD~{back}"), _commit("HEAD")))
    for name, old, new in asked.package:
        print(row(f"{name} {old} to {new}", _wheel(name, old), _wheel(name, new)))
    return 0


def row(what: str, old: Files, new: Files) -> str:
    """In MB: the changed files alone, the packs that hold them, a patch, all packs."""
    changed = {path: data for path, data in new.items() if old.get(path) != data}
    small = {path: data for path, data in new.items() if len(data) < BIG}
    packs = [_packed(_joined(small))] if small.keys() & changed.keys() else []
    packs += [_packed(data) for path, data in changed.items() if len(data) >= BIG]
    whole = len(_packed(_joined(small))) + sum(len(_packed(data)) for data in new.values() if len(data) >= BIG)
    sizes = {
        "files": len(_packed(_joined(changed))),
        "packs": sum(map(len, packs)),
        "patch": len(_patched(_joined(old), _joined(new))),
        "all": whole,
    }
    told = ", ".join(f"{name} {size / 1e6:.2f} MB" for name, size in sizes.items())
    return f"{what}: {len(changed)} of {len(new)} files; {told}"


def _joined(files: Files) -> bytes:
    return b"".join(files[path] for path in sorted(files))


def _packed(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def _patched(old: bytes, new: bytes) -> bytes:
    window = max(10, min(27, (len(old) + len(new)).bit_length()))
    parameters = zstandard.ZstdCompressionParameters.from_level(
        _LEVEL, window_log=window, enable_ldm=True, source_size=len(new)
    )
    before = zstandard.ZstdCompressionDict(old, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return zstandard.ZstdCompressor(dict_data=before, compression_params=parameters).compress(new)


def _commit(name: str) -> Files:
    line = ["git", "archive", name, "edge", "cloud_sync", "models"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        return {member.name: file.read() for member in tar if (file := tar.extractfile(member)) is not None}


def _wheel(name: str, version: str) -> Files:
    """That of the package index for a board."""
    with tempfile.TemporaryDirectory() as folder:
        platforms = [word for tag in _TAGS for word in ("--platform", f"{tag}_aarch64")]
        line = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", *platforms,
                "--python-version", "3.11", "--dest", folder, f"{name}=={version}"]  # fmt: skip
        subprocess.run(line, check=True)
        (path,) = Path(folder).iterdir()
        with zipfile.ZipFile(path) as wheel:
            return {each: wheel.read(each) for each in wheel.namelist() if not each.endswith("/")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
