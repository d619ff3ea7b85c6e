"""``scripts/sbom``."""

import argparse
import importlib.util
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from scripts.materials import bill
from scripts.materials.locks import RUNTIME
from scripts.prepare.environment import ROOT


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code; prints the file and what is in it."""
    parser = argparse.ArgumentParser("scripts/sbom", description="Write the bill of materials of a release.")
    parser.add_argument("--lock", type=Path, default=RUNTIME)
    parser.add_argument(
        "--site", type=Path, default=Path(sysconfig.get_path("purelib")), help="folder with the packages"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "out/hearthside.cdx.json")
    asked = parser.parse_args(arguments)
    made = bill.bill(asked.site, asked.lock, committed())
    bill.write(made, asked.out)
    kinds = [component["type"] for component in made["components"]]
    silent = [each["name"] for each in made["components"] if each["type"] == "library" and "licenses" not in each]
    told = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
    print(f"{asked.out}: {told}; {_checked(asked.out)}; no licence told: {', '.join(silent) or 'none'}")
    return 0


def committed() -> int:
    """When the tree was committed, seconds since the epoch; by SOURCE_DATE_EPOCH where that is set."""
    if (given := os.environ.get("SOURCE_DATE_EPOCH")) is not None:
        return int(given)
    line = ["git", "log", "-1", "--format=%ct"]
    asked = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    return int(asked.stdout.strip() or (ROOT / "CHANGELOG.md").stat().st_mtime)


def _checked(file: Path) -> str:
    if importlib.util.find_spec("cyclonedx") is None:
        return "not checked: cyclonedx-python-lib is not installed"
    from scripts.materials.schema import mistake

    found = mistake(file.read_text("utf-8"))
    if found is not None:
        raise SystemExit(f"sbom: {file} is not what the schema says: {found}")
    return "the schema's check passed"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
