"""Downloading over HTTP: continued where it stopped, tried again when it may help, checked by hash."""

import contextlib
import errno
import logging
import os
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import certifi
import httpx
import stamina

from edge.errors import ModelError
from models.store import sha256

Report: TypeAlias = Callable[[int], None]
"""Told how many bytes of a download are here so far."""

_CONNECT_S: Final = 15.0
_STALL_S: Final = 30.0
"""Silence after which a connection counts as cut."""
_SLOWEST: Final = 20_000
"""Bytes per second below which, on average, a download is given up."""
_PATIENCE_S: Final = 120.0
"""Seconds that any download may take, however small."""
_ATTEMPTS: Final = 4
_LARGEST_PAGE: Final = 32 << 20
"""Bytes; the longest of the public index has a tenth of it."""
_HEADWAY: Final = 1 << 20
"""Bytes that a series of attempts must bring for another series to be worth it."""
_CONTINUES: Final = "run the same command again, it continues where it stopped"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_log = logging.getLogger(__name__)


class SourceFailed(ModelError):
    """One source does not give the file; another may."""

    def __init__(self, what: str, remedy: str, *, absent: bool = False) -> None:
        """``absent``: the source answered that it doesn't have it, which tells less than any other failure."""
        super().__init__(what, remedy)
        self.absent = absent


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a download must turn out to be."""

    name: str
    size: int
    """Bytes."""
    sha256: str


def client(certificate: Path | None) -> httpx.Client:
    """An HTTP client for downloads: proxies from the environment, certificates from ``certificate`` or the system.

    Raises ModelError when ``certificate`` holds none.
    """
    return httpx.Client(
        follow_redirects=True,
        timeout=httpx.Timeout(_STALL_S, connect=_CONNECT_S),
        verify=_trust(certificate),
        headers={"User-Agent": "hearthside", "Accept-Encoding": "identity"},
    )


def get(client: httpx.Client, url: str, headers: Mapping[str, str]) -> httpx.Response:
    """A small page. Raises SourceFailed."""
    try:
        for attempt in stamina.retry_context(on=_transient, attempts=_ATTEMPTS, timeout=None, wait_initial=0.5):
            with attempt:
                return _page(client, url, headers).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _failure(error, url, "the package index") from error
    raise AssertionError("unreachable: the last attempt returns or raises")


def _page(client: httpx.Client, url: str, headers: Mapping[str, str]) -> httpx.Response:
    """Raises SourceFailed for one that is larger than any page, and httpx.HTTPError."""
    with client.stream("GET", url, headers=dict(headers)) as answer:
        content = bytearray()
        for piece in answer.iter_bytes():
            content += piece
            if len(content) > _LARGEST_PAGE:
                raise SourceFailed(
                    f"{answer.url.host} answers without end", "check the index that pip is configured for"
                )
        plain = {name: value for name, value in answer.headers.items() if name.lower() in ("content-type", "etag")}
        return httpx.Response(answer.status_code, headers=plain, content=bytes(content), request=answer.request)


def download(client: httpx.Client, url: str, target: Path, wanted: Wanted, report: Report) -> None:
    """Bring ``url`` into ``target``, going on after what ``<target>.part`` already holds.

    ``target`` appears only when it is complete and has the wanted hash. Raises SourceFailed, with the part kept when
    going on later makes sense; ModelError when the disk is at fault, with the part deleted.
    """
    part = target.with_name(target.name + ".part")
    resumed = _length(part) > 0
    _download_part(client, url, part, wanted, report)
    if resumed and not _is_whole(part, wanted):
        _log.info("what was kept of %s belongs to another file: starting anew", wanted.name)
        _discard(part)
        _download_part(client, url, part, wanted, report)
    if not _is_whole(part, wanted):
        _discard(part)
        raise wrong_hash(wanted, httpx.URL(url).host)
    part.rename(target)
    _tag(part).unlink(missing_ok=True)


def wrong_hash(wanted: Wanted, where: str) -> SourceFailed:
    """A file that is not the one that the manifest describes."""
    return SourceFailed(
        f"{wanted.name} from {where} is not the file it should be (wrong SHA-256); it was deleted",
        "try again; if it stays so, the source or something on the way changed it",
    )


def storage_error(error: OSError, path: Path) -> ModelError:
    """The ModelError for a disk that can't be written to."""
    if error.errno in _FULL:
        return ModelError(f"the disk is full at {path}", "free some space or set HEARTH_MODELS_DIR to a larger disk")
    return ModelError(f"can't write to {path} ({error.strerror})", "check its permissions or set HEARTH_MODELS_DIR")


def _download_part(client: httpx.Client, url: str, part: Path, wanted: Wanted, report: Report) -> None:
    deadline = time.monotonic() + _PATIENCE_S + wanted.size / _SLOWEST
    while True:
        before = _length(part)
        try:
            for attempt in stamina.retry_context(on=_transient, attempts=_ATTEMPTS, timeout=None, wait_initial=0.5):
                with attempt:
                    _go_on(client, url, part, wanted, report, deadline)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if _transient(error) and _length(part) - before >= _HEADWAY:
                continue
            raise _cut(error, url, wanted, _length(part)) from error
        except OSError as error:
            with contextlib.suppress(OSError):
                _discard(part)
            raise storage_error(error, part.parent) from error
        return


def _go_on(client: httpx.Client, url: str, part: Path, wanted: Wanted, report: Report, deadline: float) -> None:
    """One request for everything that ``part`` still lacks."""
    have = _length(part)
    if have >= wanted.size:
        return
    with client.stream("GET", url, headers=_range(part, have)) as response:
        if have and not _continues(response, have):
            have = 0
            if response.status_code in (httpx.codes.PARTIAL_CONTENT, httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE):
                _discard(part)
                raise httpx.RemoteProtocolError("the server gave another range than was asked for")
        response.raise_for_status()
        if not have:
            _tag(part).write_text(response.headers.get("ETag", ""), "utf-8")
        with part.open("ab" if have else "wb") as file:
            for block in response.iter_raw():
                file.write(block)
                have += len(block)
                report(min(have, wanted.size))
                if have > wanted.size:
                    return
                if time.monotonic() > deadline:
                    raise SourceFailed(f"{httpx.URL(url).host} is too slow for {_so_far(wanted, have)}", _CONTINUES)


def _range(part: Path, have: int) -> dict[str, str]:
    """Headers that ask for the rest, and only of the same file where the server names its files' states."""
    if not have:
        return {}
    tag = _tag(part).read_text("utf-8") if _tag(part).exists() else ""
    strong = {"If-Range": tag} if tag.startswith('"') else {}
    return {"Range": f"bytes={have}-", **strong}


def _continues(response: httpx.Response, have: int) -> bool:
    wanted_range = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
    return response.status_code == httpx.codes.PARTIAL_CONTENT and wanted_range


def _is_whole(part: Path, wanted: Wanted) -> bool:
    return _length(part) == wanted.size and sha256(part) == wanted.sha256


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _tag(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)


def _transient(error: Exception) -> bool:
    """Whether the same request may work in a moment."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (408, 425, 429) or error.response.is_server_error
    passing = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)
    return isinstance(error, passing) and not _untrusted(error)


def _untrusted(error: Exception) -> bool:
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _cut(error: httpx.HTTPError | httpx.InvalidURL, url: str, wanted: Wanted, have: int) -> SourceFailed:
    if have or isinstance(error, (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError)):
        reason = "no answer" if isinstance(error, httpx.TimeoutException) else "cut"
        return SourceFailed(f"the download stopped ({reason}) after {_so_far(wanted, have)}", _CONTINUES)
    return _failure(error, url, wanted.name)


def _so_far(wanted: Wanted, have: int) -> str:
    return f"{have / 1e6:.1f} of {wanted.size / 1e6:.1f} MB of {wanted.name}"


def _failure(error: httpx.HTTPError | httpx.InvalidURL, url: str, name: str) -> SourceFailed:
    try:
        host = httpx.URL(url).host
    except httpx.InvalidURL:
        return SourceFailed(f"the address of {name} is not one ({error})", "check the package index or mirror")
    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        if status in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
            return SourceFailed(f"{host} doesn't have {name} ({status})", "check the package index", absent=True)
        return SourceFailed(f"{host} refuses {name} ({status})", "check the package index, or try later")
    if _untrusted(error):
        remedy = "check this machine's clock, or name your certificate authority's file in SSL_CERT_FILE"
        return SourceFailed(f"the certificate of {host} is not trusted", remedy)
    reason = "no answer" if isinstance(error, httpx.TimeoutException) else str(error) or type(error).__name__
    return SourceFailed(f"no network: {host} can't be reached for {name} ({reason})", "check the connection, try again")


def _trust(certificate: Path | None) -> ssl.SSLContext:
    """The named certificates, else the system's and certifi's together, as recent pips do."""
    try:
        if certificate is None:
            context = ssl.create_default_context(cafile=certifi.where())
            context.load_default_certs()
            return context
        folder = certificate.is_dir()
        return ssl.create_default_context(
            cafile=None if folder else os.fspath(certificate), capath=os.fspath(certificate) if folder else None
        )
    except (OSError, ssl.SSLError) as error:
        what = f"the certificates in {certificate} can't be read ({error.strerror or error})"
        raise ModelError(what, "correct PIP_CERT, SSL_CERT_FILE or pip's `cert` setting") from error
