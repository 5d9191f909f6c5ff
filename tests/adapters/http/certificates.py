"""Certificates made when a test needs them, by an authority that only it trusts."""

from __future__ import annotations

import ssl
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
_FOREVER = timedelta(days=36500)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Authority:
    """Signs certificates for servers."""

    def __init__(self, place: Path) -> None:
        """Make a key; write what is to be trusted to `place`/ca.pem."""
        self._place = place
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("authority of a test")
        limits = x509.BasicConstraints(ca=True, path_length=0)
        builder = self._builder(self._name, self._key).add_extension(limits, critical=True)
        self.ca_file = place / "ca.pem"
        self.ca_file.write_bytes(self._signed(builder))

    def pair_file(self, name: str, *more: str) -> Path:
        """Return where a private key and a certificate of these names stand."""
        file = self._place / f"{name}.pem"
        if not file.exists():
            file.write_bytes(self._pair((name, *more)))
        return file

    def pin(self, name: str) -> str:
        """Return the pin of `pair_file`'s key, made by other means than the client's."""
        key = serialization.load_pem_private_key(self.pair_file(name).read_bytes(), None)
        shape = serialization.PublicFormat.SubjectPublicKeyInfo
        der = key.public_key().public_bytes(serialization.Encoding.DER, shape)
        return b64encode(sha256(der).digest()).decode()

    def server_context(self, names: tuple[str, ...]) -> ssl.SSLContext:
        """Return what a server of these names speaks TLS with."""
        file = self.pair_file(*names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.load_cert_chain(file)
        return context

    def _pair(self, names: tuple[str, ...]) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
        builder = self._builder(_name("server"), key).add_extension(alternatives, critical=False)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return private + self._signed(builder)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_BEGINNING)
            .not_valid_after(_BEGINNING + _FOREVER)
        )

    def _signed(self, builder: x509.CertificateBuilder) -> bytes:
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)
