"""Real sockets: from where we are reached at each stage, by which TLS, and what ends when a login does."""

import datetime
import errno
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import httpx
import pytest
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge.api.web import listeners
from edge.api.web.access import Role
from edge.api.web.entrance import Entrance
from edge.api.web.hosts import addresses, machine_names
from edge.api.web.listeners import PortTaken
from edge.api.web.server import Console, serve_app
from edge.api.web.setup_code import LIFE_S
from edge.api.web.tls import Certificate, fingerprint, make, names
from edge.database import Database
from edge.sections import ApiSettings
from tests.web.doors import Clock, application, cheap
from tests.web.people import OWN, PASSWORD

pytestmark = pytest.mark.anyio
NOW = datetime.datetime(2030, 3, 1, tzinfo=datetime.UTC)


@asynccontextmanager
async def console(
    folder: Path, elapsed: Clock | None = None, **api: object
) -> AsyncIterator[tuple[Console, list[str]]]:
    """A console that listens; and what it reports."""
    settings = ApiSettings(**{"port": 0, "tls_port": 0, **api})
    faults: list[str] = []
    async with Database(folder / "hearthside.db") as database:
        entrance = Entrance(database, settings, cheap(), elapsed=elapsed or Clock())
        certificate = Certificate.of(settings, folder)
        app = application(entrance)
        async with serve_app(app, entrance, settings, certificate, lambda error: faults.append(error.code)) as served:
            yield served, faults


def bound(served: Console) -> dict[str, set[str]]:
    """Addresses that are listened on, by port."""
    found: dict[str, set[str]] = {"plain": set(), "tls": set()}
    for host, port in served.listeners.bound:
        found["plain" if port == served.listeners.port else "tls"].add(host)
    return found


def _have(*hosts: str) -> set[str]:
    """Those that this machine has; not every one has IPv6."""
    found = set()
    for host in hosts:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial, suppress(OSError):
            trial.bind((host, 0))
            found.add(host)
    return found


NEAR = {"plain": _have("127.0.0.1", "::1"), "tls": set()}
EVERYWHERE = {"plain": _have("0.0.0.0", "::"), "tls": _have("0.0.0.0", "::")}
ONE = "127.0.0.2"
"""Stands for the address of a network card."""


async def test_the_network_reaches_us_once_there_is_a_password_and_only_then(tmp_path: Path) -> None:
    async with (
        console(tmp_path) as (served, _),
        httpx.AsyncClient(base_url=served.address, headers=OWN, timeout=60) as client,
    ):
        assert bound(served) == NEAR
        said = {"code": served.entrance.code.new(), "name": "Ada", "password": PASSWORD}
        assert bound(served) == NEAR, "a code of this machine lets nobody else in"
        assert (await client.post("/v1/setup", json=said)).status_code == 201
        assert bound(served) == EVERYWHERE
        assert (await client.get("/v1/me")).json()["name"] == "Ada", "connections that there were go on"


async def test_a_token_lets_the_network_in_too(tmp_path: Path) -> None:
    async with console(tmp_path) as (served, _):
        made, secret = await served.entrance.logins.make_token("test", Role.GUEST, None)
        await served.entrance.changed()
        assert bound(served) == EVERYWHERE
        trust = ssl.create_default_context(cafile=tmp_path / "console" / "certificate.pem")
        address = f"https://127.0.0.1:{served.listeners.tls_port}"
        async with httpx.AsyncClient(base_url=address, verify=trust, timeout=60) as client:
            assert (await client.get("/v1/guest")).status_code == 401
            answer = await client.get("/v1/guest", headers={"Authorization": f"Bearer {secret}"})
            assert answer.json() == "test"
        for own in addresses()[:1]:
            async with httpx.AsyncClient(base_url=f"http://{own}:{served.listeners.port}", timeout=60) as client:
                answer = await client.get("/v1/guest?x=1")
                there = f"https://{own}:{served.listeners.tls_port}/v1/guest?x=1"
                assert (answer.status_code, answer.headers["location"]) == (307, there)
        await served.entrance.logins.end(made.id, "token")
        await served.entrance.changed()
        assert bound(served) == NEAR, "nobody can show any more who they are"


async def test_the_link_lets_the_network_in_for_half_an_hour(tmp_path: Path) -> None:
    elapsed = Clock()
    async with console(tmp_path, elapsed) as (served, _):
        served.entrance.link()
        await served.entrance.changed()
        assert bound(served) == EVERYWHERE
        elapsed.at += LIFE_S
        await served.entrance.changed()
        assert bound(served) == NEAR


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("localhost", NEAR),
        ("127.0.0.1", NEAR),
        (ONE, {"plain": {*_have("127.0.0.1", "::1"), ONE}, "tls": {ONE}}),
    ],
)
async def test_the_settings_say_which_network(tmp_path: Path, host: str, found: dict[str, set[str]]) -> None:
    async with console(tmp_path, host=host) as (served, _):
        await served.entrance.accounts.add("Ada", Role.OWNER, PASSWORD)
        await served.entrance.changed()
        assert bound(served) == found


async def test_a_port_that_is_taken_keeps_the_network_out_and_nobody_else(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as other:
        taken = other.getsockname()[1]
        async with console(tmp_path, tls_port=taken) as (served, faults):
            await served.entrance.accounts.add("Ada", Role.OWNER, PASSWORD)
            await served.entrance.changed()
            assert (bound(served), faults) == (NEAR, ["port_taken"])
        with pytest.raises(PortTaken):
            async with console(tmp_path, port=taken):
                pass


async def test_a_certificate_that_cannot_be_used_keeps_the_network_out(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("nonsense")
    async with console(tmp_path, certificate=tmp_path / "a.pem", key=tmp_path / "a.pem") as (served, faults):
        await served.entrance.accounts.add("Ada", Role.OWNER, PASSWORD)
        await served.entrance.changed()
        assert (bound(served), faults) == (NEAR, ["settings"])


@pytest.mark.parametrize(
    ("version", "taken"),
    [
        (ssl.TLSVersion.TLSv1, False),
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, False),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_tls_is_refused(tmp_path: Path, version: ssl.TLSVersion, taken: bool) -> None:
    async with console(tmp_path) as (served, _):
        await served.entrance.accounts.add("Ada", Role.OWNER, PASSWORD)
        await served.entrance.changed()
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        client.minimum_version = client.maximum_version = version
        client.set_ciphers("ALL:@SECLEVEL=0")
        stream = None
        try:
            stream = await anyio.connect_tcp(
                "127.0.0.1", served.listeners.tls_port, ssl_context=client, tls_standard_compatible=False
            )
        except (ssl.SSLError, anyio.BrokenResourceError, anyio.EndOfStream):
            assert not taken
        else:
            assert taken
            await stream.aclose()


async def test_the_self_made_certificate_is_for_every_name_of_this_machine(tmp_path: Path) -> None:
    async with console(tmp_path, allow_hosts=["voice.example.com"]) as (served, _):
        await served.entrance.accounts.add("Ada", Role.OWNER, PASSWORD)
        await served.entrance.changed()
        chain = tmp_path / "console" / "certificate.pem"
        trust = ssl.create_default_context(cafile=chain)
        for name in (*machine_names(), *addresses(), "localhost", "127.0.0.1", "voice.example.com"):
            stream = await anyio.connect_tcp(
                "127.0.0.1",
                served.listeners.tls_port,
                ssl_context=trust,
                tls_hostname=name,
                tls_standard_compatible=False,
            )
            await stream.aclose()
        with pytest.raises(ssl.SSLCertVerificationError):
            await anyio.connect_tcp(
                "127.0.0.1", served.listeners.tls_port, ssl_context=trust, tls_hostname="evil.example"
            )
        assert served.certificate.fingerprint() == fingerprint(x509.load_pem_x509_certificate(chain.read_bytes()))
        modes = {path.name: path.stat().st_mode & 0o777 for path in chain.parent.iterdir()}
        assert (modes, chain.parent.stat().st_mode & 0o777) == (
            {"certificate.key": 0o600, "certificate.pem": 0o600},
            0o700,
        )


@pytest.mark.parametrize(
    ("wanted", "days", "anew"),
    [
        (["board.local", "192.168.1.5"], 0, False),
        (["board.local"], 300, False),
        (["board.local", "192.168.1.6"], 1, True),
        (["board.local", "192.168.1.5"], 368, True),
        (["board.local", "192.168.1.5"], 3680, True),
    ],
)
def test_a_certificate_is_made_anew_when_it_has_to_be(tmp_path: Path, wanted: list[str], days: int, anew: bool) -> None:
    chain, key = tmp_path / "c.pem", tmp_path / "c.key"
    make(chain, key, ["board.local", "192.168.1.5"], NOW)
    before, secret = chain.read_bytes(), key.read_bytes()
    make(chain, key, wanted, NOW + datetime.timedelta(days=days))
    assert (chain.read_bytes() != before) is anew
    assert key.read_bytes() == secret, "whoever trusts the key need not be asked again"
    sans = x509.load_pem_x509_certificate(chain.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert ipaddress.ip_address("192.168.1.5") in sans.value.get_values_for_type(x509.IPAddress), "it may come back"


@pytest.mark.parametrize("damaged", ["c.pem", "c.key"])
def test_a_certificate_that_a_power_cut_has_damaged_is_made_anew(tmp_path: Path, damaged: str) -> None:
    chain, key = tmp_path / "c.pem", tmp_path / "c.key"
    make(chain, key, ["board.local"], NOW)
    (tmp_path / damaged).write_bytes(b"")
    make(chain, key, ["board.local"], NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)


async def test_new_connections_see_a_renewed_certificate(tmp_path: Path) -> None:
    now = [NOW]
    files = Certificate.of(ApiSettings(), tmp_path)._files
    certificate = Certificate(files, names, now=lambda: now[0])
    context, first = await certificate.context(), certificate.fingerprint()
    now[0] += datetime.timedelta(days=380)
    assert await certificate.context() is context
    assert certificate.fingerprint() != first


def authority(folder: Path, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """One that signs certificates of clients; its own is in ``folder``."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = signed(name, key.public_key(), name, key, x509.BasicConstraints(ca=True, path_length=0))
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return made, key


def signed(
    name: str,
    public: ec.EllipticCurvePublicKey,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    constraints: x509.BasicConstraints,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer)]
    return (
        x509.CertificateBuilder(names[1], names[0], public, x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(constraints, critical=True)
        .sign(key, hashes.SHA256())
    )


def showing(
    folder: Path, name: str, issuer: str, issuer_key: ec.EllipticCurvePrivateKey, server: Path
) -> ssl.SSLContext:
    """What a client uses that shows a certificate with the common name ``name``."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = signed(name, key.public_key(), issuer, issuer_key, x509.BasicConstraints(ca=False, path_length=None))
    pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "client.pem").write_bytes(pem)
    context = ssl.create_default_context(cafile=server)
    context.load_cert_chain(folder / "client.pem")
    return context


async def test_whoever_shows_a_certificate_needs_no_password(tmp_path: Path) -> None:
    _, ours = authority(tmp_path, "ours")
    _, theirs = authority(tmp_path, "theirs")
    async with console(tmp_path, client_authority=tmp_path / "ours.pem") as (served, _):
        accounts = served.entrance.accounts
        await accounts.add("Ada", Role.OWNER, PASSWORD)
        bob = await accounts.add("Bob", Role.MEMBER, None)
        await served.entrance.changed()
        server, address = tmp_path / "console" / "certificate.pem", f"https://127.0.0.1:{served.listeners.tls_port}"

        async def asked(
            name: str, key: ec.EllipticCurvePrivateKey, issuer: str = "ours", path: str = "/v1/me"
        ) -> httpx.Response:
            trust = showing(tmp_path, name, issuer, key, server)
            async with httpx.AsyncClient(base_url=address, verify=trust, timeout=60) as client:
                return await client.get(path)

        me = (await asked("bob", ours)).json()
        assert (me["name"], me["role"], me["via"]) == ("Bob", "member", "certificate")
        assert (await asked("Mallory", ours)).status_code == 401
        assert (await asked("Ada", ours, path="/v1/people")).status_code == 403, "that takes a person who has logged in"
        with pytest.raises(httpx.TransportError):
            await asked("Ada", theirs, "theirs")
        with pytest.raises(httpx.TransportError):
            await asked("Ada", theirs, "ours")
        known = ssl.create_default_context(cafile=server)
        async with httpx.AsyncClient(base_url=address, verify=known, timeout=60) as client:
            assert (await client.get("/v1/me")).status_code == 401, "nobody has to show one"
        trust = showing(tmp_path, "Bob", "ours", ours, server)
        async with websockets.connect(f"{address.replace('http', 'ws')}/v1/echo", ssl=trust) as socket:
            await socket.send("hello")
            assert await socket.recv() == "hello"
            await accounts.change(bob.id, disabled=True)
            await served.entrance.changed()
            await ended(socket)
        assert (await asked("Bob", ours)).status_code == 401


@asynccontextmanager
async def connected(
    served: Console, path: str = "/v1/echo", **headers: str
) -> AsyncIterator[websockets.ClientConnection]:
    address = f"ws://127.0.0.1:{served.listeners.port}{path}"
    async with websockets.connect(address, additional_headers=headers) as socket:
        await socket.send("hello")
        assert await socket.recv() == "hello"
        yield socket


async def refusal(served: Console, path: str = "/v1/echo", **headers: str) -> int:
    """The status that a WebSocket is refused with."""
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with connected(served, path, **headers):
            pass
    return int(refused.value.response.status_code)


async def test_a_websocket_of_another_page_is_refused_also_where_nobody_logs_in(tmp_path: Path) -> None:
    async with console(tmp_path) as (served, _):
        own = served.address.rstrip("/")
        async with connected(served), connected(served, Origin=own):
            pass
        for foreign in ("http://evil.example", "null", own.replace("127.0.0.1", "localhost"), "http://127.0.0.1:1"):
            assert await refusal(served, Origin=foreign) == 403
        rebound = f"ws://evil.example:{served.listeners.port}/v1/echo"
        with pytest.raises(websockets.InvalidStatus, match="421"):
            await websockets.connect(rebound, host="127.0.0.1")


async def test_a_websocket_by_cookie_token_and_ticket(tmp_path: Path) -> None:
    async with console(tmp_path) as (served, _):
        entrance = served.entrance
        ada = await entrance.accounts.add("Ada", Role.OWNER, PASSWORD)
        await entrance.changed()
        cookie = f"hearthside={await entrance.logins.begin(ada.id, '')}"
        _, token = await entrance.logins.make_token("test", None, ada.id)
        assert await refusal(served) == 401
        assert await refusal(served, Cookie="hearthside=wrong") == 401
        assert await refusal(served, Cookie=cookie, Origin="http://evil.example") == 403
        async with connected(served, Cookie=cookie, Origin=served.address.rstrip("/")):
            pass
        bearer = {"Authorization": f"Bearer {token}"}
        asking = httpx.AsyncClient(base_url=served.address, headers=bearer, timeout=60)
        async with connected(served, **bearer), asking as client:
            ticket = (await client.post("/v1/tickets")).json()["ticket"]
        async with connected(served, f"/v1/echo?ticket={ticket}"):
            pass
        assert await refusal(served, f"/v1/echo?ticket={ticket}") == 401, "a second time"


async def test_a_ticket_ends_with_the_login(tmp_path: Path) -> None:
    async with console(tmp_path) as (served, _):
        entrance = served.entrance
        await entrance.accounts.add("Ada", Role.OWNER, PASSWORD)
        bob = await entrance.accounts.add("Bob", Role.OWNER, PASSWORD)
        await entrance.changed()
        made, token = await entrance.logins.make_token("test", None, bob.id)
        bearer = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=served.address, headers=bearer, timeout=60) as client:
            one, other = [(await client.post("/v1/tickets")).json()["ticket"] for _ in range(2)]
        async with connected(served, f"/v1/echo?ticket={one}"):
            pass
        await entrance.logins.end(made.id, "token")
        await entrance.changed()
        assert await refusal(served, f"/v1/echo?ticket={other}") == 401


async def test_open_connections_end_with_the_login(tmp_path: Path) -> None:
    async with console(tmp_path) as (served, _), connected(served) as of_whoever_is_here:
        entrance = served.entrance
        ada = await entrance.accounts.add("Ada", Role.OWNER, PASSWORD)
        await entrance.changed()
        await ended(of_whoever_is_here)
        bob = await entrance.accounts.add("Bob", Role.MEMBER, PASSWORD)
        made, token = await entrance.logins.make_token("test", None, bob.id)
        headers = {"Authorization": f"Bearer {token}"}
        _, other = await entrance.logins.make_token("other", None, ada.id)
        async with connected(served, Authorization=f"Bearer {other}") as stays:
            async with connected(served, **headers) as first:
                await entrance.accounts.change(bob.id, role=Role.GUEST)
                await entrance.changed()
                await ended(first)
            async with connected(served, **headers) as second, streamed(served, headers) as lines:
                await entrance.accounts.change(bob.id, disabled=True)
                await entrance.changed()
                await ended(second)
                with pytest.raises(httpx.RemoteProtocolError):
                    await anext(lines)
            await entrance.accounts.change(bob.id, disabled=False)
            async with connected(served, **headers) as third:
                await entrance.logins.end(made.id, "token")
                await entrance.changed()
                await ended(third)
            await stays.send("still here")
            assert await stays.recv() == "still here"


async def ended(socket: websockets.ClientConnection) -> None:
    with anyio.fail_after(30), pytest.raises(websockets.ConnectionClosed):
        await socket.recv()
    assert socket.close_code == 4401


@asynccontextmanager
async def streamed(served: Console, headers: dict[str, str]) -> AsyncIterator[AsyncIterator[str]]:
    async with (
        httpx.AsyncClient(base_url=served.address, headers=headers, timeout=60) as client,
        client.stream("GET", "/v1/stream") as answer,
    ):
        lines = answer.aiter_lines()
        assert await anext(lines) == "one"
        yield lines


def test_any_port_is_one_that_is_free_at_every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the kernel gives for IPv4 may be taken for IPv6; here it is, the first two times."""
    real, taken = listeners._bound, iter((True, True))

    def bound(host: str, family: int, port: int) -> socket.socket:
        if family == socket.AF_INET6 and next(taken, False):
            raise OSError(errno.EADDRINUSE, "Address already in use")
        return real(host, family, port)

    monkeypatch.setattr(listeners, "_bound", bound)
    found = listeners.bind(ApiSettings(port=0), network=False)
    assert next(taken, None) is None
    assert {each.getsockname()[1] for each in found.sockets} == {found.port}
    for each in found.sockets:
        each.close()


@pytest.mark.parametrize(
    "said",
    [b"\x16\x03\x01 is no HTTP\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"X: " + b"a" * 40_000],
)
async def test_what_is_no_request_leaves_no_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, said: bytes
) -> None:
    # The journal takes so many lines a minute; whoever fills it hides what happens besides.
    async with console(tmp_path) as (served, _), await anyio.connect_tcp("127.0.0.1", served.listeners.port) as client:
        with suppress(anyio.BrokenResourceError, anyio.EndOfStream), anyio.fail_after(30):
            await client.send(said)
            while True:
                await client.receive()
    assert "nvalid" not in caplog.text
