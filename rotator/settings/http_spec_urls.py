"""URLs and paths of a spec: what could be read in two ways is refused when it is loaded."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from rotator.providers.http.templates import Namespace, Template, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

_HOLE: Final = "\ufffc"
"""Stands for a hole while a URL is looked at; nothing else can be that character."""

_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<host>\[[0-9a-f:.]+\]|[^/?#:@\[\]\\]+)(:[0-9]{1,5})?(?P<path>/.*)?"
)
_LABEL = r"[a-z0-9_\ufffc]([a-z0-9_\ufffc-]{0,61}[a-z0-9_\ufffc])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
_SEGMENTS = re.compile(r"(/([A-Za-z0-9._~!$&'()*+,;=:@\ufffc-]|%[0-9A-Fa-f]{2})*)*")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LONGEST_HOST = 253
_URL_FORM = "write for example `https://api.example.com/v1`"
_PATH_FORM = "write for example `/users/${params.user}/tokens`"


def host_problem(host: str) -> str:
    """Say why a text is not the exact name or address of one host; empty if it is."""
    if host.startswith("["):
        return "" if _is_address(host[1:-1]) else "is no address"
    if len(host) > _LONGEST_HOST or not _NAME.fullmatch(host):
        return "is not the exact name of a host"
    if _NUMBER.fullmatch(host.rsplit(".", 1)[-1]) and not _is_address(host):
        return "is an address in an unusual form"
    return ""


def url_problem(url: Template) -> tuple[str, str]:
    """Say what is wrong with a base URL, and what to write instead; empty if nothing is."""
    problem = _hole_problem(url)
    if problem:
        return problem, "write `${params.NAME}`"
    found = _URL.fullmatch(_masked(url))
    if found is None:
        return "is no URL of a scheme, a host and a path", _URL_FORM
    if found["scheme"] != "https" and (found["scheme"], found["host"] in _LOOPBACK) != (
        "http",
        True,
    ):
        return "is not https", "write https; an account may name a private http URL of its own"
    problem = host_problem(found["host"])
    if problem:
        return f"has a host that {problem}", _URL_FORM
    path = found["path"] or ""
    if path.endswith("/"):
        return "ends with a slash", "leave it away: each path begins with one"
    return _segment_problem(path)


def path_problem(path: Template) -> tuple[str, str]:
    """Say what is wrong with a request's path, and what to write instead."""
    masked = _masked(path)
    if not masked.startswith("/"):
        return "does not begin with a slash", _PATH_FORM
    return _segment_problem(masked)


def origin_of(url: Template) -> str:
    """Return a URL's host as it is written, with holes as they are."""
    found = _URL.fullmatch(_masked(url))
    return "" if found is None else found["host"]


def has_hole(host: str) -> bool:
    """Whether a host is known only with an account's parameters."""
    return _HOLE in host


def split_url(url: Template) -> tuple[Template, Template]:
    """Cut a URL that passed `url_problem` into its base and its path."""
    parts: list[str | Token] = []
    for index, part in enumerate(url.parts):
        if isinstance(part, str):
            cut = part.find("/", part.find("://") + 3 if index == 0 else 0)
            if cut >= 0:
                rest = (part[cut:], *url.parts[index + 1 :])
                return _template((*parts, part[:cut])), _template(rest)
        parts.append(part)
    return url, _template(("/",))


def _template(parts: Sequence[str | Token]) -> Template:
    kept = tuple(part for part in parts if part)
    return Template(text="".join(map(str, kept)), parts=kept)


def _masked(text: Template) -> str:
    return "".join(_HOLE if isinstance(part, Token) else part for part in text.parts)


def _hole_problem(url: Template) -> str:
    if any(token.namespace is not Namespace.PARAMS or token.filters for token in url.tokens):
        return "has a hole that is no plain parameter"
    return ""


def _segment_problem(path: str) -> tuple[str, str]:
    if "?" in path or "#" in path:
        return "has a `?` or `#` in it", "write the query under `query`"
    if "\\" in path or "//" in path:
        return "has a backslash or an empty segment in it", _PATH_FORM
    if any(part in {".", ".."} for part in re.split(r"[/\\]", unquote(unquote(path)))):
        return "has a segment `.` or `..`", "write the path as it ends up"
    if not _SEGMENTS.fullmatch(path):
        return "has characters that no path has", "write them percent-encoded, such as `%20`"
    return "", ""


def _is_address(text: str) -> bool:
    try:
        return str(ip_address(text)) == text
    except ValueError:
        return False
