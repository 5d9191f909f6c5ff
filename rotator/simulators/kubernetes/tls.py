"""The API by TLS, vouched for by an authority that lives as long as the process."""

from __future__ import annotations

import ssl
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from rotator.simulators.loopback import HOST, LoopbackServer

if TYPE_CHECKING:
    import socket

    from rotator.simulators.loopback import Site

_LIFE = timedelta(days=2)
_SERVER_NAME = "kubernetes.default.svc"


class TlsServer(LoopbackServer):
    """A site on a free port, by TLS.

    Attributes:
        ca: The certificate of its authority, in PEM.
    """

    def __init__(self, site: Site) -> None:
        """Make an authority, and bind."""
        authority = ec.generate_private_key(ec.SECP256R1())
        key = ec.generate_private_key(ec.SECP256R1())
        root = _certificate("simulated authority", authority, "simulated authority", authority)
        leaf = _certificate(_SERVER_NAME, key, "simulated authority", authority)
        self.ca = root.public_bytes(Encoding.PEM).decode()
        self._context = _context(leaf, key)
        super().__init__(0, site)

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"https://{HOST}:{self.server_port}"

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; its handshake is made by the thread that serves it."""
        accepted, address = super().get_request()
        wrapped = self._context.wrap_socket(
            accepted, server_side=True, do_handshake_on_connect=False
        )
        return wrapped, address

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Print what broke in a thread, unless the client did not trust us."""
        if not isinstance(sys.exception(), ssl.SSLError):
            super().handle_error(request, client_address)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    authority: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    now, is_authority = datetime.now(UTC), name == issuer
    alternatives = [x509.DNSName(_SERVER_NAME), x509.IPAddress(ip_address(HOST))]
    public = authority.public_key()
    built = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LIFE)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .add_extension(_usage(is_authority=is_authority), critical=True)
    )
    if not is_authority:
        built = built.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return built.sign(authority, hashes.SHA256())


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _context(leaf: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with TemporaryDirectory() as directory:
        # The ssl module reads keys from files only.
        path = Path(directory) / "server.pem"
        path.write_bytes(private + leaf.public_bytes(Encoding.PEM))
        context.load_cert_chain(path)
    return context
