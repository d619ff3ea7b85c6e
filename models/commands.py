"""What ``hearth models`` does, apart from how it is typed and shown."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.downloads import DOWNLOADS, download_names, download_size
from models.manifest import Model
from models.store import Condition, Store

if TYPE_CHECKING:
    from models.sources import Progress


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an answer about models."""

    model: Model
    condition: Condition
    detail: str = ""
    """What is wrong, in words."""

    def as_json(self) -> dict[str, object]:
        """The row as one JSON object."""
        model = self.model
        return {
            "id": model.id,
            "kind": model.kind.value,
            "languages": list(model.languages),
            "licence": model.licence,
            "size": model.size,
            "ram_mb": model.ram_mb,
            "default": model.default,
            "bundled": model.bundled,
            "condition": self.condition.value,
            "detail": self.detail,
            "description": model.description,
            "sha256": {file.name: file.sha256 for file in model.files},
        }


def list_models(store: Store) -> list[Row]:
    """Every known model and what is there of it, by the sizes of its files."""
    return [Row(model, *store.inspect(model)) for model in store.manifest.models]


def default_ids(store: Store) -> list[str]:
    """The models that the usual settings need, in English on a board that has room for all of them."""
    return [model.id for model in store.manifest.models if model.default and not model.bundled]


def fetch(ids: Sequence[str], store: Store, progress: "Progress", mirror: str | None = None) -> list[Row]:
    """Fetch those models that are missing or damaged, one after the other. ``mirror``: asked first, unless the
    environment names one.

    Raises ModelError; models that were complete by then stay.
    """
    # Imported only here: the running assistant seldom fetches anything.
    from models import pip_settings
    from models.fetch import client
    from models.install import check_space, exclusive, install
    from models.sources import MIRROR_VARIABLE, Sources

    wanted = [store.manifest.model(model_id) for model_id in dict.fromkeys(ids)]
    missing = [model for model in wanted if store.inspect(model)[0] is not Condition.OK and not model.bundled]
    if missing:
        with exclusive(store):
            check_space(missing, store)
            progress.plan(sum(download_size(model, store.manifest) for model in missing))
            pip = pip_settings.read()
            mirror = os.environ.get(MIRROR_VARIABLE) or mirror
            with client(pip.certificate) as http:
                sources = Sources(http, pip, mirror, store.root / DOWNLOADS)
                for model in missing:
                    install(model, store, sources, progress)
    return [Row(model, *store.inspect(model)) for model in wanted]


def remove(model_id: str, store: Store) -> Row:
    """Delete that model, and what was downloaded of it. Raises ModelError."""
    from models.install import exclusive

    model = store.manifest.model(model_id)
    store.remove(model)
    with exclusive(store):
        for name in download_names(model, store.manifest):
            for part in (store.root / DOWNLOADS).glob(f"{glob.escape(name)}*"):
                part.unlink(missing_ok=True)
    return Row(model, *store.inspect(model))


def verify(ids: Sequence[str], store: Store) -> list[Row]:
    """Compare every byte of those models with the manifest. Raises ModelError."""
    return [Row(model, *store.verify(model)) for model in map(store.manifest.model, ids)]


def verify_all(store: Store, needed: Sequence[str]) -> list[Row]:
    """Compare every byte of all models that are there, or are ``needed``, with the manifest."""
    rows = [Row(model, *store.verify(model)) for model in store.manifest.models]
    return [row for row in rows if row.model.id in needed or row.condition is not Condition.MISSING]
