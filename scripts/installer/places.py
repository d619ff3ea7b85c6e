"""Where everything of an installation lies. What is here, and nothing else, is removed with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

USER: Final = "hearthside"
PROGRAMS: Final = ("hearth", "hearth-sync", "hearth-cloud")
SERVICE: Final = "hearthside.service"
ENABLED: Final = (SERVICE, "hearthside-maintenance.timer")
"""Units that start with the board. Whoever has a bridge enables the link to it; whoever runs one, the bridge."""
EXCHANGING: Final = ("hearthside-update.path", "hearthside-update.timer", "hearthside-update.service")
"""Likewise, where versions lie side by side: of a package, apt takes care."""
BACKOFF: Final = ("hearthside.service", "hearthside-cloud.service")
"""Units that get the drop-in for systemd 254 and newer."""
SECRETS: Final = ("hearthside.mqtt__password", "hearthside.confirm__pin", "hearthside-cloud.database_url")


@dataclass(frozen=True, slots=True)
class Places:
    """Below ``root``, the file system's own but in tests."""

    root: Path = Path("/")
    packaged: bool = False
    """The programs came as a Debian package, and are dpkg's business."""

    @property
    def opt(self) -> Path:
        """All programs."""
        return self.root / "opt/hearthside"

    @property
    def releases(self) -> Path:
        """A folder for each installed version: the one that runs, and while it is brought up to date the next one."""
        return self.opt / "releases"

    @property
    def current(self) -> Path:
        """The version that runs: a link, or the package's own folder."""
        if self.packaged:
            return self.root / "usr/lib/hearthside"
        return self.opt / "current"

    @property
    def proven(self) -> Path:
        """The last version that was well: see edge/updates."""
        return self.opt / "proven"

    @property
    def anchor(self) -> Path:
        """Whose releases are believed: TUF's root metadata."""
        return self.opt / "update/root.json"

    @property
    def state(self) -> Path:
        """What the assistant knows."""
        return self.root / "var/lib/hearthside"

    @property
    def bridge_state(self) -> tuple[Path, ...]:
        """What a bridge on this machine knows: the link, and the folder of a user that comes and goes."""
        return self.root / "var/lib/hearthside-cloud", self.root / "var/lib/private/hearthside-cloud"

    @property
    def models(self) -> Path:
        """The models."""
        return self.state / "models"

    @property
    def complete(self) -> Path:
        """Is there when all models are, so that nothing is looked for at a start."""
        return self.models / ".complete"

    @property
    def etc(self) -> Path:
        """Folder of the settings."""
        return self.root / "etc/hearthside"

    @property
    def settings(self) -> Path:
        """The settings of the assistant."""
        return self.etc / "hearthside.toml"

    @property
    def units(self) -> Path:
        """systemd's units."""
        return self.root / "etc/systemd/system"

    @property
    def sysusers(self) -> Path:
        """Declares the user."""
        return self.root / "etc/sysusers.d/hearthside.conf"

    @property
    def udev(self) -> Path:
        """Rules for sound cards and panels."""
        return self.root / "etc/udev/rules.d/60-hearthside.rules"

    @property
    def programs(self) -> Path:
        """Where an admin's shell finds ``hearth``."""
        if self.packaged:
            return self.root / "usr/bin"
        return self.root / "usr/local/bin"

    @property
    def credentials(self) -> Path:
        """Secrets, readable by root alone; systemd hands each to the service that it is for."""
        return self.root / "etc/credstore"

    @property
    def cache(self) -> Path:
        """What was built or fetched for an installation: the language model's runtime, which takes half an hour, stays
        for the next version.
        """
        return self.root / "var/cache/hearthside"

    @property
    def packages(self) -> Path:
        """pip's part of it, from which one goes on that was interrupted."""
        return self.cache / "pip"

    @property
    def log(self) -> Path:
        """What installers said."""
        return self.root / "var/log/hearthside-install"
