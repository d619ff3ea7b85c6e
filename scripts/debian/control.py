"""What dpkg is told of the package, and runs when it comes and goes. deb-control(5), deb-postinst(5)."""

from dataclasses import dataclass
from typing import Final

from scripts.installer.places import ENABLED, SERVICE, USER

HOME: Final = "/usr/lib/hearthside"
"""Where the programs lie."""
MAINTAINER: Final = "The Hearthside developers <hearthside@hearthside.invalid>"
_UNITS: Final = (*ENABLED, "hearthside-sync.service", "hearthside-cloud.service")
_SHARED: Final = "libportaudio2, libgomp1, libstdc++6, libc6 (>= 2.36), systemd (>= 252)"


@dataclass(frozen=True, slots=True)
class Package:
    """One of them."""

    version: str
    """Of Debian: with ``~deb12`` for the Python of one release."""
    arch: str
    python: tuple[int, int]
    """The only Python that its compiled modules are for."""
    size_kib: int
    """Installed."""

    def control(self) -> str:
        """deb-control(5)."""
        major, minor = self.python
        python = f"python3 (>= {major}.{minor}), python3 (<< {major}.{minor + 1})"
        return f"""\
Package: hearthside
Version: {self.version}
Architecture: {self.arch}
Maintainer: {MAINTAINER}
Installed-Size: {self.size_kib}
Pre-Depends: init-system-helpers (>= 1.54)
Depends: {python}, {_SHARED}
Suggests: mosquitto
Section: sound
Priority: optional
Description: voice assistant for small boards that works offline
 It wakes on a word, understands spoken commands on the device, controls the
 house over MQTT without any hub, and answers by voice.
 .
 After installing, hearthside-setup asks for the room and the broker, fetches
 the models (230 MB) and starts it.
"""


def postinst() -> str:
    """Runs when it was unpacked."""
    enable = "\n".join(f"    enable {unit}" for unit in ENABLED)
    return f"""\
#!/bin/sh
set -e

# Enabled once, when it is new; what an admin has disabled since stays so.
enable() {{
    deb-systemd-helper unmask "$1" >/dev/null || true
    if deb-systemd-helper --quiet was-enabled "$1"; then
        deb-systemd-helper enable "$1" >/dev/null || true
    else
        deb-systemd-helper update-state "$1" >/dev/null || true
    fi
}}

if [ "$1" = configure ]; then
    systemd-sysusers hearthside.conf
    install -d -m 0700 -o {USER} -g {USER} /var/lib/hearthside
    install -d -m 0775 -o root -g {USER} /etc/hearthside
    # Nothing of it can write them later: it starts quickly from now on.
    py3compile -p hearthside {HOME} >/dev/null 2>&1 || true
{enable}
    if [ -d /run/systemd/system ]; then
        systemctl --system daemon-reload >/dev/null || true
        udevadm control --reload >/dev/null 2>&1 || true
        deb-systemd-invoke start hearthside-maintenance.timer >/dev/null || true
        if [ -e /var/lib/hearthside/models/.complete ]; then
            # A newer version may want another model: it is looked for at this one start.
            rm -f /var/lib/hearthside/models/.complete
            deb-systemd-invoke --no-dbus restart {SERVICE} >/dev/null || true
            for unit in hearthside-sync.service hearthside-cloud.service; do
                if systemctl is-active --quiet "$unit"; then deb-systemd-invoke restart "$unit" >/dev/null || true; fi
            done
        else
            echo "hearthside: now call: sudo hearthside-setup"
        fi
    fi
fi
"""


def prerm() -> str:
    """Runs before it is removed or brought up to date."""
    return f"""\
#!/bin/sh
set -e

if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    deb-systemd-invoke stop {" ".join(_UNITS)} >/dev/null || true
fi
py3clean -p hearthside >/dev/null 2>&1 || true
find {HOME} -name __pycache__ -type d -prune -exec rm -rf {{}} + 2>/dev/null || true
"""


def postrm() -> str:
    """Runs when it is gone; at a purge, nothing is to be left."""
    units = " ".join(_UNITS)
    return f"""\
#!/bin/sh
set -e

if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    udevadm control --reload >/dev/null 2>&1 || true
fi
if [ "$1" = remove ] && command -v deb-systemd-helper >/dev/null; then
    deb-systemd-helper mask {units} >/dev/null || true
fi
if [ "$1" = purge ]; then
    if command -v deb-systemd-helper >/dev/null; then
        deb-systemd-helper purge {units} >/dev/null || true
        deb-systemd-helper unmask {units} >/dev/null || true
    fi
    rm -rf /var/lib/hearthside /etc/hearthside /var/lib/hearthside-cloud /var/lib/private/hearthside-cloud
    rm -f /etc/credstore/hearthside.* /etc/credstore/hearthside-cloud.*
    # Other programs keep theirs there, too.
    rmdir /etc/credstore 2>/dev/null || true
    if getent passwd {USER} >/dev/null; then userdel {USER} >/dev/null 2>&1 || true; fi
    # Where nobody else is in it, it was made for this.
    if getent group gpio | grep -q ':$'; then groupdel gpio >/dev/null 2>&1 || true; fi
fi
"""


SETUP: Final = f"""\
#!/bin/sh
# Asks for the room, the broker and the language, fetches the models and starts the assistant.
set -eu
cd {HOME}/share
PYTHONPATH={HOME}/share PYTHONDONTWRITEBYTECODE=1 exec {HOME}/bin/python3 -m scripts.installer --packaged "$@"
"""

COPYRIGHT: Final = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Hearthside
Comment: The Python packages below lib/python3*/site-packages come as their
 authors publish them; each has its licence in its dist-info folder. The default
 voice runs on Piper, which is GPL-3.0-or-later.

Files: *
Copyright: 2026 The Hearthside developers
License: Apache-2.0
 On Debian systems the licence is in /usr/share/common-licenses/Apache-2.0.

Files: usr/lib/hearthside/lib/*
Copyright: their authors, as each dist-info folder says
License: various
 See /usr/lib/hearthside/lib/python3*/site-packages/*.dist-info.
"""

OVERRIDES: Final = """\
# A voice assistant with its engines is one program: Debian has most of these libraries in other versions or not at all.
# They are the ones of the lock file, by hash, in a folder of their own that no other program sees.
hearthside: embedded-library *
hearthside: shared-library-lacks-prerequisites *
hearthside: library-not-linked-against-libc *
hearthside: shared-library-is-executable *
hearthside: unstripped-binary-or-object *
hearthside: hardening-no-pie *
hearthside: hardening-no-relro *
hearthside: executable-stack-in-shared-library *
hearthside: custom-library-search-path *
hearthside: binary-has-unneeded-section *
hearthside: unstripped-static-library *
hearthside: static-library-has-unneeded-sections *
hearthside: elf-error *
# They come as their authors publish them, with their own tests, licences, documents and scripts.
hearthside: extra-license-file *
hearthside: package-contains-documentation-outside-usr-share-doc *
hearthside: script-not-executable *
hearthside: executable-not-elf-or-script *
hearthside: incorrect-path-for-interpreter *
hearthside: unusual-interpreter *
hearthside: wrong-path-for-interpreter *
hearthside: python3-script-but-no-python3-dep *
hearthside: zero-byte-file-in-doc-directory *
hearthside: privacy-breach-generic *
hearthside: duplicate-font-file *
hearthside: font-in-non-font-package *
hearthside: font-outside-font-dir *
hearthside: hyphen-in-upstream-part-of-debian-changelog-version *
# The settings are written by hearthside-setup and by the console, so they are no conffile; a purge removes them.
# Not in Debian: there is no bug that closes with it, and no manual page yet: --help has all of it.
hearthside: initial-upload-closes-no-bugs *
hearthside: no-manual-page *
"""
