"""What is believed: metadata by The Update Framework, https://theupdateframework.github.io/specification/latest/.

The chain of keys begins with a root that whoever installed the board laid there; the rest is the reference library's
work: signatures, thresholds, expiry, that no version goes back, that snapshot and targets fit together, that nothing is
longer than it may be.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.ngclient import FetcherInterface, TargetFile, Updater, UpdaterConfig

from edge import outside
from edge.updates.errors import UpdateError, UpdateRefused

MOST_BYTES: Final = 20_000_000
"""Of the description of a release: 20,000 files take 3 MB."""
_CONFIG: Final = UpdaterConfig(
    max_root_rotations=64, root_max_length=64_000, timestamp_max_length=16_000, snapshot_max_length=64_000,
    targets_max_length=2_000_000, prefix_targets_with_hash=False,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """A release that is signed, and for how many it is."""

    path: str
    """What it is called in the repository."""
    length: int
    """Bytes of its description."""
    rollout: float
    """Percent of the devices that may take it by themselves."""


class Trust:
    """Metadata in a folder, and what has been verified of it. Not to be used by two processes at a time."""

    def __init__(self, folder: Path, anchor: Path, fetcher: FetcherInterface, url: str) -> None:
        """``folder``: keeps what was verified. ``anchor``: the root to begin with. ``url``: of the repository. Raises
        UpdateError, UpdateRefused.
        """
        folder.mkdir(parents=True, exist_ok=True)
        try:
            bootstrap = anchor.read_bytes()
        except OSError:
            what = f"there is no root of trust at {anchor}"
            raise UpdateError(what, "docs/updates.md says how it is laid", permanent=True) from None
        base = url.rstrip("/")
        try:
            self._updater = Updater(
                str(folder), f"{base}/metadata/", str(folder), f"{base}/targets/", fetcher, _CONFIG, bootstrap=bootstrap
            )
        except (RepositoryError, ValueError) as error:
            raise UpdateRefused(f"{anchor} is no root of trust: {error}", "lay it anew: docs/updates.md") from error
        self._targets: dict[str, TargetFile] = {}

    def refresh(self) -> None:
        """Verify what is newest. Raises UpdateError, and UpdateRefused for what is not believed."""
        try:
            self._updater.refresh()
        except RepositoryError as error:
            raise _refused(error) from error
        except DownloadLengthMismatchError as error:
            raise UpdateRefused(f"the repository gives more than it may: {error}", "ask who publishes it") from error
        except DownloadError as error:
            raise UpdateError(f"the repository can't be reached: {error}", "it is tried again") from error
        except ValueError as error:
            raise UpdateRefused(f"the repository's metadata is malformed: {error}", "ask who publishes it") from error

    def offer(self, path: str) -> Offer | None:
        """What is there under that name, by the metadata that was verified. Raises UpdateRefused."""
        target = self._updater.get_targetinfo(path)
        if target is None:
            return None
        if target.length > MOST_BYTES:
            raise UpdateRefused(f"{path} takes {target.length / 1e6:.0f} MB", "ask who publishes it")
        self._targets[path] = target
        told = target.custom or {}
        try:
            rollout = min(100.0, max(0.0, outside.number_of(told.get("rollout", 100))))
        except ValueError:
            rollout = 0.0
        return Offer(path, target.length, rollout)

    def fetch(self, offer: Offer, file: Path) -> None:
        """Its description into ``file``. Raises UpdateError, UpdateRefused."""
        target = self._targets[offer.path]
        if self._updater.find_cached_target(target, str(file)):
            return
        try:
            self._updater.download_target(target, str(file))
        except (RepositoryError, DownloadLengthMismatchError) as error:
            raise UpdateRefused(f"{offer.path} is not what was signed: {error}", "ask who publishes it") from error
        except DownloadError as error:
            raise UpdateError(f"{offer.path} can't be fetched: {error}", "it is tried again") from error

    def verify(self, offer: Offer, data: bytes) -> None:
        """Raises UpdateRefused where ``data`` is not what was signed."""
        try:
            self._targets[offer.path].verify_length_and_hashes(data)
        except LengthOrHashMismatchError as error:
            raise UpdateRefused(f"{offer.path} is not what was signed: {error}", "ask who publishes it") from error


def _refused(error: RepositoryError) -> UpdateRefused:
    match error:
        case ExpiredMetadataError():
            what = f"what the repository says is out of date ({error}): somebody may be holding back newer versions"
            remedy = "see whether this machine's clock is right, else ask who publishes it"
        case BadVersionNumberError():
            what, remedy = (
                f"the repository says less than before: {error}",
                "somebody may be giving you an old copy of it",
            )
        case UnsignedMetadataError():
            what, remedy = f"it is not signed by whom it should be: {error}", "ask who publishes it"
        case LengthOrHashMismatchError():
            what, remedy = f"its parts do not belong together: {error}", "ask who publishes it"
        case _:
            what, remedy = f"the repository is not believed: {error}", "ask who publishes it"
    return UpdateRefused(what, remedy)
