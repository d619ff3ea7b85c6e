"""Becoming a device of a house: the bridge is told the code that a person has carried here."""

import re
import socket
import ssl
from pathlib import Path
from typing import Final

import httpx
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from cloud_sync.client.bounded_answer import whole
from cloud_sync.client.bridge_file import Bridge, keep
from cloud_sync.client.keys import device_key, public_of
from cloud_sync.client.tls import client_context
from cloud_sync.protocol import enrolment
from cloud_sync.protocol.enrolment import CODE, Enrol, Enrolled, Problem
from cloud_sync.protocol.errors import ProtocolError
from edge.errors import AssistantError
from edge.identity import identity

_TIMEOUT_S: Final = 15.0
_HERE: Final = frozenset({"localhost", "127.0.0.1"})
_ADDRESS: Final = re.compile(r"(?P<host>[\w.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?/*")
"""Host and port: no name and password before it, which would make another host look like this machine."""
_MOST: Final = 64 * 1024
"""Bytes of an answer: whoever it is from, it is not believed yet."""


class BridgeRefused(AssistantError):
    """The bridge could not be reached, or said no."""

    code, stage = "bridge_refused", "app"


def https(url: str) -> str:
    """The address for requests: ``https://host:port`` of ``wss://host:port`` or of ``host:port``. On this machine
    alone, also ``http://``, for trying it out. Raises BridgeRefused.
    """
    scheme, _, bare = url.rpartition("://")
    found = _ADDRESS.fullmatch(bare)
    plain = scheme in ("http", "ws") and found is not None and found["host"] in _HERE
    if found is None or (scheme not in ("", "https", "wss") and not plain):
        raise BridgeRefused(f"{url[:100]!r} is not the address of a bridge", "give https://HOST:PORT", permanent=True)
    return f"{'http' if plain else 'https'}://{found[0].rstrip('/')}"


def enrol(data_dir: Path, url: str, typed: str, name: str = "", ca_file: Path | None = None) -> Bridge:
    """Tell the bridge at ``url`` the code that it showed, and keep what it answers. Nothing is told to a bridge whose
    certificate is not known by a public authority, by ``ca_file``, or by the fingerprint in the code.

    Raises BridgeRefused, StorageError.
    """
    address = https(url)
    try:
        code = enrolment.plain(typed)
    except ProtocolError as error:
        raise BridgeRefused(error.message, "run `hearth-cloud device add` on the bridge's machine") from None
    authority = _authority(address, code[CODE:]) if len(code) > CODE else ""
    key, device = device_key(data_dir), identity(data_dir)
    asked = Enrol(
        code=code[:CODE],
        device=device,
        public=public_of(key),
        signature=enrolment.proof(key, code[:CODE], device),
        name=name or socket.gethostname(),
    )
    told = _post(f"{address}/v1/enrol", msgspec.json.encode(asked), client_context(ca_file, authority))
    bridge = Bridge(
        url=address,
        server=told.server,
        public=told.public,
        house=told.house,
        device=device,
        authority=ca_file.read_text(encoding="ascii") if ca_file is not None else authority,
    )
    keep(data_dir, bridge)
    return bridge


def _authority(address: str, fingerprint: str) -> str:
    """The bridge's own authority, as PEM, when it is the one that ``fingerprint`` is of."""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.minimum_version = ssl.TLSVersion.TLSv1_3
    anybody.check_hostname = False
    # Whoever answers is believed nothing yet: what comes is compared with what the person brought.
    anybody.verify_mode = ssl.CERT_NONE
    try:
        answer = _answer(anybody, "GET", f"{address}/v1/authority")
        certificate = x509.load_pem_x509_certificate(answer.raise_for_status().content)
    except httpx.HTTPError as error:
        raise BridgeRefused(f"{address} does not answer: {error}", "check the address and the network") from None
    except (ValueError, x509.InvalidVersion):
        raise BridgeRefused(f"{address} shows no certificate authority", "is it a bridge?") from None
    if enrolment.fingerprint(certificate.public_bytes(serialization.Encoding.DER)) != fingerprint:
        what = f"{address} is not the bridge that made this code: its certificate is another one"
        raise BridgeRefused(what, "somebody may be in between; type the code again", permanent=True)
    # Not what came: behind the one that was compared, somebody in between could have put one of their own.
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _post(url: str, body: bytes, context: ssl.SSLContext) -> Enrolled:
    try:
        answer = _answer(context, "POST", url, body)
    except httpx.ConnectError as error:
        remedy = (
            "check address, network and clock; a bridge that made its own certificate shows a code of 24 characters"
        )
        raise BridgeRefused(f"{url} can't be reached: {error}", remedy) from None
    except httpx.HTTPError as error:
        raise BridgeRefused(f"{url} does not answer: {error}", "try again") from None
    try:
        if answer.is_success:
            return msgspec.json.decode(answer.content, type=Enrolled)
        problem = msgspec.json.decode(answer.content, type=Problem)
    except (msgspec.DecodeError, RecursionError):
        raise BridgeRefused(f"{url} answers {answer.status_code}", "is it a bridge?") from None
    raise BridgeRefused(f"refused: {problem.message}", "run `hearth-cloud device add` for another code")


def _answer(context: ssl.SSLContext, method: str, url: str, body: bytes | None = None) -> httpx.Response:
    """All of a small answer, as it came: not unpacked, no more than so much of it, and not for ever. Raises
    httpx.HTTPError.
    """
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    with (
        httpx.Client(verify=context, timeout=_TIMEOUT_S) as client,
        client.stream(method, url, content=body, headers=headers) as answer,
    ):
        return whole(answer, _MOST)
