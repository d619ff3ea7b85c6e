"""How metadata comes to its verification over the network."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import httpx
from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient import FetcherInterface

_BLOCK: Final = 64 * 1024


class HttpFetcher(FetcherInterface):
    """Over the network. ngclient itself ends what is longer than it may be."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            with self._client.stream("GET", url) as response:
                if response.status_code != httpx.codes.OK:
                    raise DownloadHTTPError(f"{urlsplit(url).path}: {response.status_code}", response.status_code)
                yield from response.iter_raw(_BLOCK)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise DownloadError(str(error) or type(error).__name__) from error
