"""The bill of materials, the locks, the page's libraries, and the look for secrets, on this tree."""

import json
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest

from scripts.materials import audit, bill, secrets
from scripts.materials.locks import LOCKS, RUNTIME, Entry, NotLocked, read
from scripts.materials.schema import mistake

SITE = Path(sysconfig.get_path("purelib"))


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return bill.bill(SITE, when=1_700_000_000)


def test_the_bill_is_what_its_specification_says(made: dict[str, Any]) -> None:
    assert mistake(json.dumps(made)) is None
    assert mistake(json.dumps({**made, "components": [{"name": "x"}]})) is not None


def test_all_that_is_released_is_on_it_with_its_hashes(made: dict[str, Any]) -> None:
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for component in made["components"]:
        by_kind.setdefault(component["purl"].split("/")[0] if "purl" in component else component["type"], []).append(
            component
        )
    packages = {(each["name"], each["version"]) for each in by_kind["pkg:pypi"]}
    assert packages == {(entry.name, entry.version) for entry in read(RUNTIME)}
    assert all(each["hashes"] for each in by_kind["pkg:pypi"] + by_kind["pkg:npm"])
    assert len(by_kind["pkg:npm"]) == 5
    assert all(file["hashes"] for model in by_kind["machine-learning-model"] for file in model["components"])
    assert {"python3", "libportaudio2", "systemd"} <= {each["name"] for each in by_kind["pkg:deb"]}
    refs = [each["bom-ref"] for each in made["components"]]
    assert len(refs) == len(set(refs))
    known = {*refs, made["metadata"]["component"]["bom-ref"]}
    assert all({each["ref"], *each["dependsOn"]} <= known for each in made["dependencies"])
    fastapi = next(each for each in made["dependencies"] if each["ref"].startswith("pkg:pypi/fastapi@"))
    assert any(name.startswith("pkg:pypi/starlette@") for name in fastapi["dependsOn"])


def test_the_same_tree_gives_the_same_bill(made: dict[str, Any]) -> None:
    assert bill.bill(SITE, when=1_700_000_000) == made


def test_a_licence_is_told_as_the_package_tells_it(tmp_path: Path) -> None:
    told = {
        "a": ("License-Expression: MIT OR Apache-2.0\n", {"expression": "MIT OR Apache-2.0"}),
        "b": ("Classifier: License :: OSI Approved :: MIT License\n", {"license": {"id": "MIT"}}),
        "c": ("Classifier: License :: OSI Approved :: BSD License\nLicense: x\n", {"license": {"name": "BSD License"}}),
        "d": ("License: Our own\n", {"license": {"name": "Our own"}}),
        "e": ("", None),
    }
    for name, (line, _) in told.items():
        folder = tmp_path / f"{name}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{line}\n")
    found = dict(bill._licences(tmp_path))
    assert {name: found.get(name) for name in told} == {name: licence for name, (_, licence) in told.items()}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_each_entry_of_a_lock_names_its_files(lock: Path) -> None:
    entries = read(lock)
    assert len(entries) > 3
    assert all(entry.hashes for entry in entries)
    lines = [line for line in lock.read_text("utf-8").splitlines() if line and not line.startswith((" ", "#"))]
    assert len(entries) == len(lines)


@pytest.mark.parametrize(
    "text",
    [
        "a==1\n",
        "a>=1 \\\n    --hash=sha256:" + "0" * 64 + "\n",
        "-e .\n",
        "a @ https://x/y.whl\n",
        "a==1 \\\n    --hash=md5:00\n",
    ],
)
def test_what_names_no_one_file_is_no_entry(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.lock").write_text(text)
    with pytest.raises(NotLocked):
        read(tmp_path / "x.lock")


def test_locks_agree_and_nothing_else_is_installed() -> None:
    locks = audit.locked()
    assert list(audit.disagreements(locks)) == []
    assert list(audit.strangers(locks["requirements-dev.lock"])) == []


def test_a_stranger_another_version_and_what_is_missing_are_told() -> None:
    locked = {name: [Entry(name, "1.0", "", ("0" * 64,), ())] for name in ("a", "b", "c")}
    locked["d"] = [Entry("d", "1", "python_version < '3'", ("0" * 64,), ())]
    told = list(audit.strangers(locked, {"a": "1", "b": "2.0", "x": "1", "pip": "23"}))
    assert told == [
        "b 2.0 is installed, and 1.0 is locked",
        "x 1 is installed, and in no lock",
        "c is locked, and not installed",
    ]


def test_libraries_of_the_page_are_what_was_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(audit.page()) == []
    for file in audit.TARGET.glob("*.js"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "htm.js").write_bytes(b"fetch('https://evil.example')")
    (tmp_path / "more.js").touch()
    monkeypatch.setattr(audit, "TARGET", tmp_path)
    assert list(audit.page()) == ["htm.js is not what was fetched", "more.js is in only one of the two"]


@pytest.mark.parametrize(
    ("affected", "hit"),
    [
        ({"versions": ["1.4", "1.5"]}, True),
        ({"versions": ["1.4"]}, False),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5"}]}]}, False),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5.1"}]}]}, True),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.6"}]}]}, False),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"last_affected": "1.5"}]}]}, True),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"last_affected": "1.4"}]}]}, False),
        ({"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}, False),
    ],
)
def test_an_advisory_is_about_the_versions_that_it_names(tmp_path: Path, affected: dict[str, Any], hit: bool) -> None:
    told = {
        "id": "PYSEC-1",
        "summary": "s",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "A_b"}, **affected}],
    }
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("PYSEC-1.json", json.dumps(told))
        archive.writestr("PYSEC-2.json", json.dumps({**told, "id": "PYSEC-2", "withdrawn": "2026-01-01T00:00:00Z"}))
    entries = {"a-b": [Entry("a-b", "1.5", "", ("0" * 64,), ())]}
    found = [each.id for each in audit.advisories(tmp_path / "all.zip", entries)]
    assert found == (["PYSEC-1"] if hit else [])


def test_no_secret_is_in_the_tree_and_every_reason_is_needed() -> None:
    left, needless = secrets.unexcused(secrets.looked_through(secrets.tree()), secrets.excuses())
    assert list(map(str, left)) == []
    assert needless == []


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN " + "PRIVATE KEY-----",
        'aws = "AKIA' + 'IOSFODNN7ZXAMPLQ"',
        "GITHUB = 'ghp_" + "a1B2" * 9 + "'",
        "token: hearth_" + "Zm9v" * 11,
        "url = 'https://me:" + "s3cr3tp4ss@host.example/x'",
    ],
)
def test_what_is_a_secret_is_found(line: str) -> None:
    assert [found.file for found in secrets.looked_through([("f", 1, "fine"), ("f", 2, line)])][:1] == ["f"]


def test_a_reason_that_says_nothing_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('[[excuse]]\nfile = "a"\nline = "b"\nwhy = " "\n')
    with pytest.raises(ValueError, match="no reason"):
        secrets.excuses(tmp_path / "x.toml")
