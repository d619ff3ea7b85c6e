"""Fetches the libraries of the web page from the npm registry: ``python scripts/console_libraries.py``; needs npm.

They are kept in the repository, so that neither a board nor a newcomer needs any of this.
"""

import hashlib
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Final

TARGET: Final = Path(__file__).resolve().parents[1] / "edge/console/static/vendor"
"""Where they are kept."""
SUMS: Final = Path(__file__).with_suffix(".sha256")
"""What they have to be, as sha256sum(1) writes it."""
FILES: Final = {
    "preact": ("preact", "11.2.0", "dist/preact.mjs"),
    "hooks": ("preact", "11.2.0", "hooks/dist/hooks.mjs"),
    "htm": ("htm", "3.1.1", "dist/htm.mjs"),
    "signals-core": ("@preact/signals-core", "1.14.5", "dist/signals-core.mjs"),
    "signals": ("@preact/signals", "2.11.4", "dist/signals.mjs"),
}
"""By name of the module here: package, version, its file there."""
_PLACES: Final = {"preact": "preact", "preact/hooks": "hooks", "@preact/signals-core": "signals-core"}
"""What the libraries import, and the module that it is here: a page without import maps needs addresses."""


def main() -> None:
    """Replace what is there, and note what it is."""
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, (package, version, inside) in FILES.items():
            packed = _packed(f"{package}@{version}", Path(folder))
            with tarfile.open(packed) as archive:
                source = _read(archive, f"package/{inside}")
                licence = _read(archive, "package/LICENSE")
            head = f"/*! {package} {version} */\n"
            (TARGET / f"{name}.js").write_text(head + _placed(source), "utf-8")
            (TARGET / f"LICENSE.{package.replace('@', '').replace('/', '-')}").write_text(licence, "utf-8")
    SUMS.write_text("".join(f"{sha256(file)}  {file.name}\n" for file in sorted(TARGET.glob("*.js"))), "utf-8")


def sha256(file: Path) -> str:
    """Hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _packed(wanted: str, folder: Path) -> Path:
    said = subprocess.run(["npm", "pack", "--silent", wanted], cwd=folder, check=True, capture_output=True, text=True)
    return folder / said.stdout.strip()


def _read(archive: tarfile.TarFile, member: str) -> str:
    found = archive.extractfile(member)
    assert found is not None
    return found.read().decode()


def _placed(source: str) -> str:
    """``source`` with imports from beside it, and without the address of a source map that isn't here."""

    def beside(found: "re.Match[str]") -> str:
        return f'{found[1]}"./{_PLACES[found[2]]}.js"'

    imported = re.sub(r"""(from\s*|import\s*)["'](preact|preact/hooks|@preact/signals-core)["']""", beside, source)
    return re.sub(r"//# sourceMappingURL=\S+\s*", "", imported).rstrip() + "\n"


if __name__ == "__main__":
    main()
