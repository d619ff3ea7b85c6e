"""TLS of the console: by a certificate that a person brings, or by one that is made here.

The one made here vouches for itself and for nothing else: whoever has a browser trust it trusts this board, not a whole
authority whose key would lie on an SD card. A browser warns of it once; its fingerprint is what there is to compare.
"""

import datetime
import ipaddress
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge import atomic_file
from edge.api.web.hosts import addresses, machine_names
from edge.errors import SettingsError, StorageError
from edge.sections import ApiSettings

_LIFE: Final = datetime.timedelta(days=397)
_RENEW: Final = datetime.timedelta(days=30)
_SKEW: Final = datetime.timedelta(days=1)
"""A board's clock may be behind."""
_MOST_NAMES: Final = 40
FOLDER: Final = "console"
_CERTIFICATE, _KEY = "certificate.pem", "certificate.key"


@dataclass(frozen=True, slots=True)
class _Files:
    chain: Path
    key: Path

    def changed(self) -> tuple[int, int]:
        return self.chain.stat().st_mtime_ns, self.key.stat().st_mtime_ns


class Certificate:
    """What the console shows, and the context of its connections: new ones take up what has been renewed."""

    def __init__(
        self,
        files: _Files,
        made_for: Callable[[], Sequence[str]] | None,
        client_authority: Path | None = None,
        now: Callable[[], datetime.datetime] | None = None,
    ) -> None:
        """``made_for``: the names and addresses that it is made for here; None: a person brings it.
        ``client_authority``: whose certificates the other end may show, but need not.
        """
        self._files, self._made_for, self._client_authority = files, made_for, client_authority
        self._now = now or (lambda: datetime.datetime.now(datetime.UTC))
        self._context: ssl.SSLContext | None = None
        self._loaded = (0, 0)

    @classmethod
    def of(cls, api: ApiSettings, data_dir: Path) -> "Certificate":
        """The one of the settings, else one that is made in ``data_dir``."""
        if api.certificate is not None and api.key is not None:
            return cls(_Files(api.certificate, api.key), None, api.client_authority)
        folder = data_dir / FOLDER
        return cls(_Files(folder / _CERTIFICATE, folder / _KEY), lambda: names(api.allow_hosts), api.client_authority)

    @property
    def self_made(self) -> bool:
        """Whether it was made here, so that browsers warn of it."""
        return self._made_for is not None

    async def context(self) -> ssl.SSLContext:
        """For the sockets: always the same one. Makes and loads what is new. Raises SettingsError, StorageError."""
        return await anyio.to_thread.run_sync(self._renewed)

    def fingerprint(self) -> str:
        """SHA-256 of the certificate as browsers show it, ``AB:CD:…``. Raises OSError where there is none yet."""
        return fingerprint(x509.load_pem_x509_certificate(self._files.chain.read_bytes()))

    def _renewed(self) -> ssl.SSLContext:
        try:
            if self._made_for is not None:
                make(self._files.chain, self._files.key, self._made_for(), self._now())
            changed = self._files.changed()
            if self._context is None:
                self._context = _context(self._client_authority)
            if changed != self._loaded:
                self._context.load_cert_chain(self._files.chain, self._files.key)
                self._loaded = changed
        except (OSError, ssl.SSLError, ValueError) as error:
            what = f"the console's certificate can't be used: {error}"
            if self._made_for is not None and self._client_authority is None:
                raise StorageError(what, f"see to {self._files.chain.parent}") from None
            remedy = "check api.certificate, api.key and api.client_authority"
            raise SettingsError(what, remedy, permanent=True) from None
        return self._context


def _context(client_authority: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Every browser since 2020 knows it.
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    if client_authority is not None:
        context.load_verify_locations(client_authority)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def peer_name(peer: Mapping[str, Any] | None) -> str:
    """The common name in a certificate as :meth:`ssl.SSLSocket.getpeercert` gives it; empty without one."""
    fields = (pair for part in (peer or {}).get("subject", ()) for pair in part)
    return next((str(value) for name, value in fields if name == "commonName"), "")


def fingerprint(certificate: x509.Certificate) -> str:
    """As browsers show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def names(further: Sequence[str] = ()) -> list[str]:
    """What a certificate of this machine is for; the name that people are given first."""
    return [*machine_names(), *addresses(), "localhost", "127.0.0.1", "::1", *further]


def make(chain: Path, key: Path, wanted: Sequence[str], now: datetime.datetime) -> None:
    """A certificate for ``wanted``, in ``chain``, unless there is a good one. The key stays; names that it was for stay
    as far as there is room, so that an address that comes and goes makes no new one each time. Raises OSError,
    ValueError.
    """
    chain.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    private, had = _private_key(key), _read(chain)
    if had is not None and had.public_key() != private.public_key():
        had = None
    known: list[x509.GeneralName] = []
    if had is not None:
        known += had.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    missing = [name for name in map(_general_name, dict.fromkeys(wanted)) if name not in known]
    if had is not None and not missing and had.not_valid_after_utc - now > _RENEW:
        return
    everything = [*map(_general_name, dict.fromkeys(wanted))]
    everything += [name for name in known if name not in everything]
    certificate = _signed(private, everything[:_MOST_NAMES], now)
    atomic_file.replace(chain, certificate.public_bytes(serialization.Encoding.PEM), mode=0o600)


def _signed(
    key: ec.EllipticCurvePrivateKey, wanted: Sequence[x509.GeneralName], now: datetime.datetime
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hearthside console")])
    usage = dict.fromkeys(
        "content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign".split(), False
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, encipher_only=False, decipher_only=False, **usage), critical=True
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        known = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if isinstance(known, ec.EllipticCurvePrivateKey):
            return known
    except (FileNotFoundError, ValueError):
        pass  # none yet, or cut off by a power cut
    made = ec.generate_private_key(ec.SECP256R1())
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    atomic_file.replace(path, pem, mode=0o600)
    return made


def _read(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
