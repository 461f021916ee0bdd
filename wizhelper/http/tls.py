"""TLS of the appliance: its own CA and certificate at first start, or the firm's; TLS 1.2 with ECDHE-AEAD and 1.3 only."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL import SSL
from twisted.internet.ssl import AcceptableCiphers, CertificateOptions, TLSVersion  # type: ignore[attr-defined]

CA_DAYS = 3650
CERTIFICATE_DAYS = 397
RENEW_BEFORE = timedelta(days=30)
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


class CertificateProblem(Exception):
    """The certificate or key cannot be used; the text says why."""


@dataclass(frozen=True)
class ServerCertificate:
    """PEM texts. `chain` begins with the server's own certificate; `ca` is None when the firm brought its own."""

    key: bytes
    chain: bytes
    ca: bytes | None
    names: tuple[str, ...]
    not_after: datetime


def own_names() -> tuple[str, ...]:
    """Names under which this machine is likely to be called: for the first certificate."""
    host = socket.gethostname()
    found = dict.fromkeys([host, socket.getfqdn(), "localhost", "127.0.0.1", "::1"])
    with suppress(OSError):  # a host name without an address: the names above must do
        found.update(dict.fromkeys(str(info[4][0]).partition("%")[0] for info in socket.getaddrinfo(host, None)))
    return tuple(n for n in found if n)


def load_certificate(certificate: Path, key: Path) -> ServerCertificate:
    """The firm's own files. Raises CertificateProblem."""
    try:
        chain, secret = certificate.read_bytes(), key.read_bytes()
        return _described(chain, secret, None)
    except OSError as problem:
        raise CertificateProblem(f"{problem.filename}: {problem.strerror}") from problem


def ensure_certificate(folder: Path, names: tuple[str, ...], now: datetime) -> ServerCertificate:
    """The private CA's certificate in `folder`: made at first start, made again when it runs out or the names change."""
    ca_file, ca_key_file = folder / "ca.pem", folder / "ca.key"
    if not ca_file.exists():
        _write_pair(ca_file, ca_key_file, *_make_ca(now))
    file, key_file = folder / "server.pem", folder / "server.key"
    if file.exists():
        current = _described(file.read_bytes(), key_file.read_bytes(), ca_file.read_bytes())
        if set(names) <= set(current.names) and current.not_after - now > RENEW_BEFORE:
            return current
    ca = x509.load_pem_x509_certificate(ca_file.read_bytes())
    ca_key = serialization.load_pem_private_key(ca_key_file.read_bytes(), None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    _write_pair(file, key_file, *_make_certificate(ca, ca_key, names, now))
    return _described(file.read_bytes(), key_file.read_bytes(), ca_file.read_bytes())


def context_factory(certificate: ServerCertificate) -> CertificateOptions:
    chain = x509.load_pem_x509_certificates(certificate.chain)
    key = serialization.load_pem_private_key(certificate.key, None)
    from OpenSSL.crypto import X509, PKey

    options = CertificateOptions(
        privateKey=PKey.from_cryptography_key(key),  # type: ignore[arg-type]
        certificate=X509.from_cryptography(chain[0]),
        extraCertChain=[X509.from_cryptography(c) for c in chain[1:]],
        raiseMinimumTo=TLSVersion.TLSv1_2,
        acceptableCiphers=AcceptableCiphers.fromOpenSSLCipherString(CIPHERS),
    )
    options.getContext().set_options(SSL.OP_NO_RENEGOTIATION)
    return options


def _described(chain: bytes, key: bytes, ca: bytes | None) -> ServerCertificate:
    try:
        first = x509.load_pem_x509_certificates(chain)[0]
        secret = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError, IndexError) as problem:
        raise CertificateProblem(f"not a PEM certificate and unencrypted key: {problem}") from problem
    if secret.public_key() != first.public_key():
        raise CertificateProblem("the key does not belong to the certificate")
    return ServerCertificate(key, chain, ca, _names_in(first), first.not_valid_after_utc)


def _names_in(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise CertificateProblem("the certificate has no subjectAltName; browsers and agents refuse it") from None
    addresses = [str(a) for a in names.get_values_for_type(x509.IPAddress)]
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def _write_pair(file: Path, key_file: Path, certificate: bytes, key: bytes) -> None:
    """Key first: a certificate without its key would stop the next start."""
    descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(key)
    file.write_bytes(certificate)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _make_ca(now: datetime) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"WizHelper CA {socket.gethostname()}"[:64])])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    certificate = (
        _builder(name, name, key, now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), _pem(key)


def _make_certificate(
    ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, names: tuple[str, ...], now: datetime
) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    certificate = (
        _builder(subject, ca.subject, key, now, CERTIFICATE_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + ca.public_bytes(serialization.Encoding.PEM), _pem(key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    start = now.astimezone(UTC) - timedelta(hours=1)  # a PC's clock may be a little behind
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        address: IPv4Address | IPv6Address = ip_address(name)
    except ValueError:
        return x509.DNSName(name)
    return x509.IPAddress(address)
