"""How metadata that somebody without rights has fetched comes to its verification."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient import FetcherInterface

from edge.updates.plain import open_plain

_BLOCK: Final = 64 * 1024
_VERSIONED: Final = re.compile(r"\d+\.(snapshot|targets)\.json")
_ROOT: Final = re.compile(r"\d+\.root\.json")


class SpoolFetcher(FetcherInterface):
    """From a folder as :class:`tuf.ngclient.Updater` keeps it, which somebody else may write to meanwhile: each file is
    read once, and only where it is a plain one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = urlsplit(url).path.rpartition("/")[2]
        inside = f"root_history/{name}" if _ROOT.fullmatch(name) else name
        if found := _VERSIONED.fullmatch(name):
            inside = f"{found[1]}.json"
        try:
            with open_plain(self._folder / inside) as file:
                while block := file.read(_BLOCK):
                    yield block
        except FileNotFoundError:
            raise DownloadHTTPError(f"{inside} was not fetched", HTTPStatus.NOT_FOUND) from None
        except OSError as error:
            raise DownloadError(f"{inside} can't be read: {error.strerror or error}") from error
