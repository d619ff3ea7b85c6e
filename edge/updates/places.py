"""Where releases lie, and where the two sides leave word for each other."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

OPT: Final = Path("/opt/hearthside")
"""What `scripts/install` makes."""


@dataclass(frozen=True, slots=True)
class Places:
    """Root's side, below ``opt``: only root writes there."""

    opt: Path = field(default_factory=lambda: OPT)

    @property
    def releases(self) -> Path:
        """A folder for each release."""
        return self.opt / "releases"

    @property
    def current(self) -> Path:
        """A link to the release that is started."""
        return self.opt / "current"

    @property
    def proven(self) -> Path:
        """A link to the last release that was well: what an update that fails goes back to."""
        return self.opt / "proven"

    @property
    def own(self) -> Path:
        """What root's part keeps."""
        return self.opt / "update"

    @property
    def anchor(self) -> Path:
        """The root of trust, laid by whoever installed it: TUF's root metadata, with the keys that may sign."""
        return self.own / "root.json"

    @property
    def trusted(self) -> Path:
        """Metadata that was verified: no older one is believed any more."""
        return self.own / "trusted"

    @property
    def state(self) -> Path:
        """How far it is. Anybody may read it."""
        return self.own / "state.json"


@dataclass(frozen=True, slots=True)
class Spool:
    """The assistant's side, in its data directory; root's part reads it and believes none of it."""

    folder: Path

    @classmethod
    def of(cls, data_dir: Path) -> "Spool":
        """That of a data directory."""
        return cls(data_dir / "update")

    @property
    def request(self) -> Path:
        """What is wanted: writing it starts the units."""
        return self.folder / "request.json"

    @property
    def health(self) -> Path:
        """How the assistant that runs finds itself."""
        return self.folder / "health.json"

    @property
    def found(self) -> Path:
        """What was found, and how far fetching it is."""
        return self.folder / "found.json"

    @property
    def lock(self) -> Path:
        """Held by whoever looks or fetches."""
        return self.folder / ".lock"

    @property
    def metadata(self) -> Path:
        """Signed metadata as it was fetched."""
        return self.folder / "metadata"

    @property
    def release(self) -> Path:
        """The description of the release that was fetched, as it was signed."""
        return self.folder / "release.json"

    @property
    def packs(self) -> Path:
        """Packs that were fetched, or as much as there is of them."""
        return self.folder / "packs"

    def make(self) -> None:
        """Root's part reads it as a member of the group."""
        for folder in (self.folder, self.metadata, self.packs):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o750)


def running(prefix: str = sys.prefix, places: Places | None = None) -> str | None:
    """Name of the release that this process is of; None where it was installed in another way."""
    found = Path(prefix).resolve()
    return found.name if found.parent == (places or Places()).releases else None
