"""Where a request was sent: which of the services, and in which region.

One simulator is every region and all three services. On the loopback interface
the path tells them apart: ``[/<region>.<provider>]/api/...`` is CTS, with
``/zerokms/`` before the rest it is ZeroKMS, and with ``/console/`` the legacy
QX console. In a process the vendor's own host names do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

_REGION = r"(?P<region>[a-z]{2}-[a-z]+-\d\.[a-z]+)"
_IN_PATH = re.compile(rf"(?:/{_REGION})?(?:/(?P<service>zerokms|console))?(?P<rest>/.*)")


class Service(StrEnum):
    """Who answers."""

    CTS = "cts"
    ZEROKMS = "zerokms"
    CONSOLE = "console"


_HOSTS = {
    Service.CTS: re.compile(rf"{_REGION}\.(cts\.cipherstashmanaged\.net|auth\.viturhosted\.net)"),
    Service.ZEROKMS: re.compile(rf"{_REGION}\.(zerokms\.cipherstashmanaged|viturhosted)\.net"),
    Service.CONSOLE: re.compile(r"console\.cipherstash\.com"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A service, and where its sisters are.

    Attributes:
        region: Such as ``us-east-1.aws``; empty where every region is answered for.
        path: What the service sees, such as ``/api/authorise``.
        cts: The base URL of CTS in the same region, with a slash at its end.
        zerokms: The same of ZeroKMS.
    """

    service: Service
    region: str
    path: str
    cts: str
    zerokms: str


def read_address(base: str, path: str) -> Address:
    """Find out who is addressed by a base URL and a path."""
    host = urlsplit(base).hostname or ""
    for service, pattern in _HOSTS.items():
        if found := pattern.fullmatch(host):
            return _by_host(service, found.groupdict().get("region", ""), path)
    return _by_path(base, path)


def _by_host(service: Service, region: str, path: str) -> Address:
    return Address(
        service=service,
        region=region,
        path=path,
        cts=f"https://{region}.cts.cipherstashmanaged.net/",
        zerokms=f"https://{region}.zerokms.cipherstashmanaged.net/",
    )


def _by_path(base: str, path: str) -> Address:
    found = _IN_PATH.fullmatch(path)
    region, service, rest = found.group("region", "service", "rest") if found else ("", "", path)
    root = f"{base.rstrip('/')}/{region}/" if region else f"{base.rstrip('/')}/"
    return Address(
        service=Service(service or Service.CTS),
        region=region or "",
        path=rest,
        cts=root,
        zerokms=f"{root}zerokms/",
    )
