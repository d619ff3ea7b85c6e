"""Models that have lost some of their bytes, as a nightly look finds them."""

import hashlib
from pathlib import Path

from edge.maintenance import damaged_models
from models.manifest import Kind, Manifest, Model, ModelFile
from models.store import Store


def _model(name: str, content: bytes) -> Model:
    file = ModelFile("weights", len(content), hashlib.sha256(content).hexdigest())
    return Model(name, next(iter(Kind)), ("mul",), "MIT", 1, "a test's", (file,))


def test_what_is_there_is_read_to_its_last_byte(tmp_path: Path) -> None:
    content = b"weights" * 100
    store = Store(
        tmp_path, Manifest(tuple(_model(name, content) for name in ("whole", "damaged", "shorter", "missing")))
    )
    for name, found in (("whole", content), ("damaged", b"W" + content[1:]), ("shorter", content[1:])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_bytes(found)
    # What is not even as long as it was keeps the assistant from starting, and is said there.
    assert damaged_models(store) == ["damaged"]
