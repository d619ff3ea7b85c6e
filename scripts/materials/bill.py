"""The software bill of materials of a release, as CycloneDX 1.6 has it: packages, libraries of the page, models, and
what Debian has to bring. Made with nothing but Python, since a release is built by Debian's own.

Specification: https://cyclonedx.org/docs/1.6/json/
"""

import email.parser
import json
import re
import tomllib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any, Final

from scripts.console_libraries import FILES, SUMS, TARGET
from scripts.debian.control import Package
from scripts.materials.locks import RUNTIME, Entry, read
from scripts.prepare.environment import ROOT
from scripts.prepare.lockfile import plain

SPECIFICATION: Final = "1.6"
_NAMESPACE: Final = uuid.UUID("6c1d4f1e-3f1b-5f0e-9d0e-2b8a7f9c4d10")
_DEBIAN: Final = re.compile(r"^([a-z0-9][a-z0-9+.-]+)(?: \(([^)]+)\))?$")
_BY_CLASSIFIER: Final[Mapping[str, str]] = {
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Zero-Clause BSD (0BSD)": "0BSD",
}
"""Trove classifiers that mean one licence of SPDX's list."""
_SHORT: Final = 80

Component = dict[str, Any]


def bill(site: Path, lock: Path = RUNTIME, when: int = 0) -> dict[str, Any]:
    """The whole of it. ``site``: the folder with the packages, whose licences they tell themselves; ``when``: seconds
    since the epoch. The same tree gives the same bill.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    entries = read(lock)
    licences = dict(_licences(site))
    components = [
        *(_package(entry, licences.get(entry.name)) for entry in entries),
        *_page(),
        *_models(),
        *_debian(),
    ]
    root = f"pkg:pypi/{project['name']}@{project['version']}"
    made = {
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(when, UTC).isoformat().replace("+00:00", "Z"),
            "tools": {"components": [{"type": "application", "name": "scripts/sbom", "version": project["version"]}]},
            "component": {
                "type": "application",
                "name": project["name"],
                "version": project["version"],
                "description": project["description"],
                "licenses": [{"expression": project["license"]}],
                "purl": root,
                "bom-ref": root,
            },
        },
        "components": components,
        "dependencies": list(_dependencies(entries, root, components)),
    }
    serial = uuid.uuid5(_NAMESPACE, json.dumps(made, sort_keys=True))
    return {"serialNumber": f"urn:uuid:{serial}", **made}


def write(made: Mapping[str, Any], target: Path) -> None:
    """As JSON."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _package(entry: Entry, licence: Component | None) -> Component:
    purl = f"pkg:pypi/{entry.name}@{entry.version}"
    condition = [{"name": "hearthside:marker", "value": entry.marker}] if entry.marker else []
    return {
        "type": "library",
        "name": entry.name,
        "version": entry.version,
        "purl": purl,
        "bom-ref": purl,
        **({"licenses": [licence]} if licence else {}),
        # Of each file that may be installed: one for each processor and Python.
        "hashes": [{"alg": "SHA-256", "content": each} for each in entry.hashes],
        **({"properties": condition} if condition else {}),
    }


def _licences(site: Path) -> Iterator[tuple[str, Component]]:
    """By package, what those in ``site`` say of their licence."""
    for folder in sorted(site.glob("*.dist-info")):
        told = email.parser.BytesHeaderParser().parsebytes((folder / "METADATA").read_bytes())
        if (licence := _licence(told)) is not None:
            yield plain(str(told["Name"])), licence


def _licence(told: "Message[str, str]") -> Component | None:
    if expression := told.get("License-Expression"):
        return {"expression": str(expression)}
    classifiers = [
        str(each).rpartition(" :: ")[2]
        for each in told.get_all("Classifier", ())
        if str(each).startswith("License :: ") and not str(each).endswith("OSI Approved")
    ]
    named = str(told.get("License") or "").strip()
    if len(classifiers) == 1 and classifiers[0] in _BY_CLASSIFIER:
        return {"license": {"id": _BY_CLASSIFIER[classifiers[0]]}}
    # A whole licence may stand there; its first line is its name.
    name = next(iter(classifiers), "") or next(iter(named.splitlines()), "")[:_SHORT].strip()
    return {"license": {"name": name}} if name else None


def _page() -> Iterator[Component]:
    """Libraries of the web page, which are kept in the tree."""
    lines = [line.split("  ", 1) for line in SUMS.read_text("utf-8").splitlines()]
    sums = {name: digest for digest, name in lines}
    for module, (package, version, _) in FILES.items():
        text = (TARGET / f"LICENSE.{package.replace('@', '').replace('/', '-')}").read_text("utf-8")
        purl = f"pkg:npm/{package.replace('@', '%40')}@{version}"
        yield {
            "type": "library",
            "name": package,
            "version": version,
            "purl": purl,
            "bom-ref": f"{purl}#{module}",
            "licenses": [{"license": {"id": "Apache-2.0" if "Apache License" in text else "MIT"}}],
            "hashes": [{"alg": "SHA-256", "content": sums[f"{module}.js"]}],
        }


def _models() -> Iterator[Component]:
    """What is fetched beside the programs."""
    manifest = tomllib.loads((ROOT / "models/manifest.toml").read_text("utf-8"))
    for model in manifest["models"]:
        yield {
            "type": "machine-learning-model",
            "name": model["id"],
            "description": model["description"],
            "bom-ref": f"model:{model['id']}",
            "licenses": [{"license": {"name": model["licence"]}}],
            "scope": "required" if model.get("default") else "optional",
            "components": [
                {
                    "type": "file",
                    "name": file["name"],
                    "bom-ref": f"model:{model['id']}/{file['name']}",
                    "hashes": [{"alg": "SHA-256", "content": file["sha256"]}],
                }
                for file in model["files"]
            ],
        }


def _debian() -> Iterator[Component]:
    """What the package depends on."""
    (line,) = re.findall(r"^Depends: (.+)$", Package("0", "arm64", (3, 11), 0).control(), re.MULTILINE)
    bounds: dict[str, list[str]] = {}
    for wanted in line.split(", "):
        found = _DEBIAN.match(wanted)
        assert found is not None, wanted
        bounds.setdefault(found[1], []).extend(filter(None, (found[2],)))
    for name, limits in bounds.items():
        purl = f"pkg:deb/debian/{name}"
        limit = [{"name": "hearthside:version", "value": ", ".join(limits)}] if limits else []
        yield {
            "type": "library",
            "name": name,
            "purl": purl,
            "bom-ref": purl,
            **({"properties": limit} if limit else {}),
        }


def _dependencies(entries: Sequence[Entry], root: str, components: Sequence[Component]) -> Iterator[dict[str, Any]]:
    """Who needs whom, as the lock tells it."""
    purls = {entry.name: f"pkg:pypi/{entry.name}@{entry.version}" for entry in entries}
    needs: dict[str, list[str]] = {root: [], **{purl: [] for purl in purls.values()}}
    for entry in entries:
        for parent in entry.wanted_by:
            if (found := root if parent == "hearthside" else purls.get(parent)) is not None:
                needs[found].append(purls[entry.name])
    others = [component["bom-ref"] for component in components if not component["bom-ref"].startswith("pkg:pypi/")]
    needs[root] += others
    yield from ({"ref": ref, "dependsOn": sorted(set(of))} for ref, of in needs.items())
