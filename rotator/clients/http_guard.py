"""Where a request may go: exact origins, and addresses that are nobody's inside.

Two gates. A URL's origin must be one that was allowed, compared after the parser
that also sends it has taken it apart, so that no two readings of one text exist.
And the address that its name leads to must be a public one, or, where the
operator said so, one of a private network; it is asked where a connection is
made, so that a name that has changed since cannot lead elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from rotator.errors import RejectedError

_DEFAULT_PORTS = {"https": 443, "http": 80}

HOST = re.compile(r"[a-z0-9:._-]{1,253}")
"""What a name or an address looks like after parsing; nothing that must be escaped."""

_HIGHEST_PORT = 65535
_PRIVATE = tuple(
    map(
        ip_network,
        (
            "127.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::1/128",
            "fc00::/7",
        ),
    )
)
"""What `allow_private` opens; never link-local addresses, where clouds give out credentials."""

_METADATA = ip_network("fd00:ec2::/32")
"""A cloud's credentials again, inside a private range."""

_PUBLIC_IPV6 = ip_network("2000::/3")
_SIX_TO_FOUR = ip_network("2002::/16")
_NAT64 = ip_network("64:ff9b::/96")
_LAST_32_BITS = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, host and port, as they stand after parsing."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Show it as a URL without path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def parsed_url(text: str, *, what: str, subject: str = "") -> tuple[httpx.URL, Origin]:
    """Take a URL apart; its text is never part of an error.

    Args:
        text: The URL.
        what: Begins the error's message, such as ``cts:ListKeys was not sent``.
        subject: The error's subject.

    Raises:
        RejectedError: It is no absolute ``https`` or ``http`` URL, or has a user in it.
    """
    try:
        url: httpx.URL | None = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        url = None
    # Outside of `except`: the parser's exception may quote the URL.
    if url is None or not _is_absolute(url):
        msg = f"{what}: the URL is no absolute https URL"
        raise RejectedError(msg, subject=subject, code="bad_url")
    if url.userinfo:
        msg = f"{what}: the URL has a user in it"
        raise RejectedError(msg, subject=subject, code="user_in_url")
    port = url.port or _DEFAULT_PORTS[url.scheme]
    return url, Origin(scheme=url.scheme, host=url.raw_host.decode("ascii"), port=port)


def refusal(address: str, *, scheme: str, allow_private: bool) -> str:
    """Say why no connection is made to an address; empty if it may be made.

    Args:
        address: As a resolver wrote it.
        scheme: ``http`` goes to private addresses only.
        allow_private: Whether the operator opened those.
    """
    try:
        target = _unwrapped(ip_address(address))
    except ValueError:
        return "its name leads to something that is no address"
    if _is_private(target):
        return "" if allow_private else "its name leads to a private address"
    if not _is_public(target):
        return "its name leads to an address that is nobody's public one"
    return "" if scheme == "https" else "http goes to private addresses only"


def _is_absolute(url: httpx.URL) -> bool:
    port = 1 if url.port is None else url.port
    return (
        url.scheme in _DEFAULT_PORTS
        and HOST.fullmatch(url.raw_host.decode("ascii")) is not None
        and 0 < port <= _HIGHEST_PORT
    )


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one really leads to, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & _LAST_32_BITS)
    return address.ipv4_mapped or address


def _is_private(address: IPv4Address | IPv6Address) -> bool:
    return address not in _METADATA and any(address in network for network in _PRIVATE)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and (
        # Python takes much for global that nobody was given, and 6to4 hides any address.
        address not in _PUBLIC_IPV6 or address in _SIX_TO_FOUR
    ):
        return False
    return address.is_global and not address.is_multicast
