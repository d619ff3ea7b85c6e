"""How pip is configured on this machine: which package indexes it asks and which certificates it trusts.

Read from pip's own files and environment variables (https://pip.pypa.io/en/stable/topics/configuration/), so that
models come from wherever packages come from, without pip itself.
"""

import configparser
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.errors import ModelError

DEFAULT_INDEX: Final = "https://pypi.org/simple"
_CERTIFICATE_VARIABLES: Final = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
_SECTIONS: Final = ("global", "download")


@dataclass(frozen=True, slots=True)
class PipSettings:
    """The part of pip's configuration that matters for finding a wheel."""

    indexes: tuple[str, ...] = (DEFAULT_INDEX,)
    """Simple-API addresses in the order they are asked."""
    find_links: tuple[str, ...] = ()
    """Folders or addresses that hold wheels by name."""
    certificate: Path | None = None
    """Bundle of trusted certificates, where one is named."""


def read(environ: Mapping[str, str] | None = None, files: Sequence[Path] | None = None) -> PipSettings:
    """Settings of this process; ``files`` in rising precedence. Raises ModelError for a file that isn't readable."""
    environ = os.environ if environ is None else environ
    options = _options(config_files(environ) if files is None else files)

    def words(name: str) -> tuple[str, ...]:
        value = environ.get("PIP_" + name.replace("-", "_").upper()) or options.get(name, "")
        return tuple(value.split())

    named = (environ.get(_CERTIFICATE_VARIABLES[0]), options.get("cert"))
    certificate = next(filter(None, (*named, *map(environ.get, _CERTIFICATE_VARIABLES[1:]))), None)
    return PipSettings(
        indexes=((words("index-url") or (DEFAULT_INDEX,))[0], *words("extra-index-url")),
        find_links=words("find-links"),
        certificate=Path(certificate) if certificate else None,
    )


def config_files(environ: Mapping[str, str]) -> list[Path]:
    """Where pip looks, in rising precedence."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    home = Path(environ.get("HOME") or Path.home())
    shared = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    return [
        *(Path(folder) / "pip/pip.conf" for folder in reversed(shared.split(":"))),
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf",
        Path(sys.prefix) / "pip.conf",
        *([Path(named)] if named else []),
    ]


def _options(files: Sequence[Path]) -> dict[str, str]:
    options: dict[str, str] = {}
    for file in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, "utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError(f"pip's configuration {file} can't be read: {reason}", "correct that file") from error
        for section in _SECTIONS:
            if parser.has_section(section):
                options.update({key.replace("_", "-"): value for key, value in parser.items(section)})
    return options
