"""Where an account of an HTTP API is, and by which files it is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rotator.clients.http_guard import parsed_url, refusal
from rotator.errors import RejectedError
from rotator.providers.http.templates import Namespace, UnfilledError, fill_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path as FilePath

    from rotator.providers.http.spec import Spec
    from rotator.settings.document import Path
    from rotator.settings.http import HttpAccountSection
    from rotator.settings.http_params import Told

_NO_ADDRESS = "its name leads to something that is no address"


def base_url(section: HttpAccountSection, spec: Spec, params: Mapping[str, object]) -> str:
    """Return where the API is, without a slash at its end; empty where nobody says it.

    Raises:
        UnfilledError: A parameter in it has no value, or one that is no part of a URL.
    """
    if section.base_url is not None:
        return section.base_url.rstrip("/")
    if spec.base_url is None:
        return ""
    return fill_url(spec.base_url, {Namespace.PARAMS: params}).rstrip("/")


def url_faults(
    section: HttpAccountSection, spec: Spec, params: Mapping[str, object]
) -> Iterator[Told]:
    """Name what is wrong with where an account is."""
    at: Path = ("baseUrl",) if section.base_url is not None else ()
    try:
        url = base_url(section, spec, params)
    except UnfilledError as error:
        name = error.token.name
        if name in params:  # else the parameter's own fault is told
            remedy = "write letters, digits, dots and hyphens: the spec has it in its base URL"
            yield ("params", name), error.problem, remedy
        return
    if not url:
        yield at, "has no base URL, and its spec gives none", "add `baseUrl`"
        return
    yield from _reached(at, url, is_private=section.allow_private)
    if section.pin_sha256 and url.startswith("http:"):
        problem = "pins a key that nobody shows: the base URL is not encrypted"
        yield ("pinSha256",), problem, "write `https`, or remove it"


def _reached(at: Path, url: str, *, is_private: bool) -> Iterator[Told]:
    try:
        _, origin = parsed_url(url, what="the base URL")
    except RejectedError:
        origin = None
    parts = urlsplit(url)
    if origin is None or parts.query or parts.fragment:
        problem = "leads to a base URL that cannot be used"
        yield at, problem, "write `https://`, a host, and perhaps a path, without `?` and `#`"
        return
    closed = refusal(origin.host, scheme=origin.scheme, allow_private=is_private)
    if origin.scheme == "http" and not is_private:
        problem = "would send keys unencrypted"
        yield at, problem, "write `https`, or `allowPrivate: true` for an API inside the house"
    elif closed not in {"", _NO_ADDRESS} or (origin.host == "localhost" and not is_private):
        problem = "leads to this machine, a private network, or nobody"
        yield at, problem, "add `allowPrivate: true` if the API is inside the house"


def file_faults(section: HttpAccountSection, folder: FilePath) -> Iterator[Told]:
    """Name the files of certificates that cannot be read."""
    shown = section.client_certificate
    named: tuple[tuple[Path, str | None], ...] = (
        (("caFile",), section.ca_file),
        (("clientCertificate", "certificate"), shown.certificate if shown else None),
        (("clientCertificate", "key"), shown.key if shown else None),
    )
    for at, name in named:
        problem = _unreadable(folder / name) if name is not None else ""
        if problem:
            yield at, problem, "mount it, or allow to read it"


def _unreadable(path: FilePath) -> str:
    try:
        with path.open("rb"):
            return ""
    except OSError as error:
        return f"the file `{path}` cannot be read: {error.strerror}"
