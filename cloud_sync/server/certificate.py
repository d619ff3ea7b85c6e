"""TLS 1.3 for the bridge: by a certificate that a person brings, or by one of an authority made here.

Devices are told the authority's fingerprint with their enrolment code, and keep the authority; so the certificate
itself can be renewed without their noticing.
"""

import datetime
import ipaddress
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud_sync.protocol import enrolment

AUTHORITY: Final = "authority.pem"
_AUTHORITY_KEY: Final = "authority.key"
_CERTIFICATE, _KEY = "certificate.pem", "certificate.key"
_AUTHORITY_LIFE: Final = datetime.timedelta(days=20 * 365)
_LIFE: Final = datetime.timedelta(days=397)
_RENEW: Final = datetime.timedelta(days=60)
_SKEW: Final = datetime.timedelta(days=1)
"""A board's clock may be behind."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the bridge shows."""

    chain: Path
    """PEM: the certificate, then those that lead to its authority."""
    key: Path
    authority: Path | None = None
    """PEM of the authority, where it was made here."""

    def context(self) -> ssl.SSLContext:
        """For the bridge's socket. Raises OSError and ssl.SSLError for what can't be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.chain, self.key)
        return context

    def fingerprint(self) -> str:
        """What enrolment codes end with; empty where the authority is a public one."""
        return fingerprint_of(self.authority) if self.authority is not None else ""


def fingerprint_of(authority: Path) -> str:
    """16 characters. ``authority``: PEM."""
    certificate = x509.load_pem_x509_certificate(authority.read_bytes())
    return enrolment.fingerprint(certificate.public_bytes(serialization.Encoding.DER))


def host_of(folder: Path) -> str:
    """The first name or address that the certificate in ``folder`` is for; empty where there is none."""
    try:
        made = x509.load_pem_x509_certificate((folder / _CERTIFICATE).read_bytes())
    except FileNotFoundError:
        return ""
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return next((str(name.value) for name in names), "")


def self_made(folder: Path, hosts: Sequence[str], now: datetime.datetime | None = None) -> Certificate:
    """A certificate for ``hosts`` (names and addresses) by an authority of our own, both kept in ``folder`` and renewed
    when it is time. Raises OSError.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    certificate = Certificate(folder / _CERTIFICATE, folder / _KEY, folder / AUTHORITY)
    if not (folder / AUTHORITY).exists():
        _make_authority(folder, now)
    if not certificate.chain.exists() or not _still_good(certificate.chain, hosts, now):
        _make_certificate(folder, hosts, now)
    return certificate


def _still_good(chain: Path, hosts: Sequence[str], now: datetime.datetime) -> bool:
    made = x509.load_pem_x509_certificate(chain.read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return made.not_valid_after_utc - now > _RENEW and set(names) == set(map(_general_name, hosts))


def _make_authority(folder: Path, now: datetime.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Hearthside bridge")
    certificate = (
        _builder(name, name, key.public_key(), now, _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(folder / _AUTHORITY_KEY, _private(key), 0o600)
    _write(folder / AUTHORITY, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _make_certificate(folder: Path, hosts: Sequence[str], now: datetime.datetime) -> None:
    authority = x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes())
    authority_key = serialization.load_pem_private_key((folder / _AUTHORITY_KEY).read_bytes(), password=None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise OSError(f"{folder / _AUTHORITY_KEY} is not the key that was made here")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(hosts[0][:64]), authority.subject, key.public_key(), now, _LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write(folder / _KEY, _private(key), 0o600)
    _write(folder / _CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    now: datetime.datetime,
    life: datetime.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    made = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
    made.replace(path)
