"""What vendors' documents say of their answers, and how keys stand in them.

A fixture is a YAML file: the vendor's own bodies as text, which request gets which of
them, and where in them ids, names, times and secrets stand. Only those are changed, so
that the bodies of several keys agree with each other.
"""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import yaml

from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = ROOT / "tests" / "fixtures" / "http_providers"
SPECS = ROOT / "config" / "providers"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it came over the wire; names of headers in lower case."""

    method: str
    url: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def at(self, place: str) -> object:
        """Look up ``header.x``, ``query.x``, ``json.a.0``, ``form.x``, ``basic.username``."""
        kind, _, name = place.partition(".")
        match kind:
            case "header":
                return self.headers.get(name)
            case "query":
                return dict(parse_qsl(self.query)).get(name)
            case "form":
                return dict(parse_qsl(self.body.decode())).get(name)
            case "basic":
                return self._basic().get(name)
            case _:
                return inside(json.loads(self.body or b"null"), name)

    def _basic(self) -> dict[str, str]:
        scheme, _, text = self.headers.get("authorization", "").partition(" ")
        if scheme != "Basic":
            return {}
        user, _, password = b64decode(text).decode().partition(":")
        return {"username": user, "password": password}


@dataclass(frozen=True, kw_only=True)
class Said:
    """A status with the text that the vendor prints for it."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Route:
    """Which request gets which answer.

    Attributes:
        does: ``list show create verify disable enable delete exchange``.
        when: What the request must hold to be meant, by place.
        sends: What it must hold besides, or the test fails.
        key: Place of the key's id; ``path`` where it stands for ``{key}`` in the URL.
        secret: Place of the secret that is tried, and what is around it there.
        name: Place of a new key's name.
        sets: What is written into the body, by path: ``id name secret created ends
            state``, or of an exchange ``session``.
        otherwise: The answer where there is no such key, or it is refused.
        needs_off: Refused while the key is on.
    """

    does: str
    request: str
    said: Said
    when: Mapping[str, str] = field(default_factory=dict)
    sends: Mapping[str, object] = field(default_factory=dict)
    key: str = ""
    secret: str = ""
    around: str = "{}"
    name: str = ""
    sets: Mapping[str, str] = field(default_factory=dict)
    otherwise: Said = field(default_factory=lambda: Said(status=404))
    needs_off: bool = False


@dataclass(frozen=True, kw_only=True)
class Paged:
    """How the list is cut into pages.

    Attributes:
        by: ``row`` where `at` counts rows, ``page`` where it counts pages; else `at` is the
            last row's id before, and the next one is told as ``after`` (the id), ``url``
            (the whole URL) or ``link`` (a header).
        at: Place of where a page begins.
        size: Place of how many rows it is to have.
        first: The first page's number.
        next: Path in the body of what leads to the next page.
        more: Path in the body of whether there is another page.
    """

    by: str
    at: str
    size: str
    first: int = 1
    next: str = ""
    more: str = ""


@dataclass(frozen=True, kw_only=True)
class Keys:
    """How keys stand in the list's body, and how new ones are called.

    Attributes:
        rows: Path of the list in the body.
        id: Path of the id in a row; empty where a row is nothing but the id.
        name: Path of the name in a row, if keys have names.
        created: Path of the time of making in a row.
        time: How that time is written.
        ends: Path of the end in a row; empty where it stands elsewhere, or nowhere.
        end: How the end is written; like the time of making if empty.
        counts: Paths in the body of what counts all rows.
        switch: Path in a row of what says whether it is on, with both values.
        gone: Path in a row that becomes true, where ended keys stay in the list.
        paged: How the list is cut into pages, if the printed one page is not all.
        new_id: A form with the key's number.
        new_secret: The same.
    """

    rows: str
    id: str
    new_id: str
    new_secret: str
    name: str = ""
    created: str = ""
    time: str = "rfc3339"
    ends: str = ""
    end: str = ""
    counts: tuple[str, ...] = ()
    switch: tuple[str, object, object] | None = None
    gone: str = ""
    paged: Paged | None = None


@dataclass(frozen=True, kw_only=True)
class Fixture:
    """One file.

    Attributes:
        spec: The spec's name.
        verbatim: Which of the answers are the vendor's own text.
        scopes: Of a key that replaces none; None where there are none to give.
        reads: What the list says of the replaced key: ``created expires used``; ``never``
            is a use that is told, and was not.
        admitted: What every call of ours but ``verify`` and ``exchange`` must hold.
        denied: What is answered where it does not.
    """

    spec: str
    source: str
    verbatim: tuple[str, ...]
    base_url: str
    params: Mapping[str, object]
    credentials: Mapping[str, str]
    lifetime_days: int | None
    scopes: tuple[str, ...] | None
    principal: str
    replaces: str
    reads: Mapping[str, str]
    admitted: Mapping[str, str]
    denied: Said
    keys: Keys
    routes: tuple[Route, ...]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must never be seen."""
        return tuple(self.credentials.values())


def names() -> list[str]:
    """Name every fixture, in their order."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def read_fixture(name: str) -> Fixture:
    """Read one; the same object each time."""
    raw: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    account = raw["account"]
    keys = dict(raw["keys"])
    for plural in ("counts", "switch"):
        if plural in keys:
            keys[plural] = tuple(keys[plural])
    if "paged" in keys:
        keys["paged"] = Paged(**keys["paged"])
    return Fixture(
        spec=name,
        source=raw["source"],
        verbatim=tuple(raw["verbatim"]),
        base_url=account.get("baseUrl", ""),
        params=account.get("params", {}),
        credentials=account["credentials"],
        lifetime_days=account.get("lifetimeDays"),
        scopes=tuple(raw["scopes"]) if "scopes" in raw else None,
        principal=raw["principal"],
        replaces=str(raw["replaces"]),
        reads=raw["reads"],
        admitted=raw["admitted"],
        denied=Said(**raw["denied"]),
        keys=Keys(**keys),
        routes=tuple(_route(one) for one in raw["routes"]),
    )


def _route(raw: dict[str, Any]) -> Route:
    told = {"status": raw.pop("status", 200), "body": raw.pop("body", "")}
    if "otherwise" in raw:
        raw["otherwise"] = Said(**raw["otherwise"])
    return Route(said=Said(**told), **raw)


def inside(body: object, path: str) -> object:
    """Look a dotted path up; None where it does not lead anywhere."""
    for part in filter(None, path.split(".")):
        if isinstance(body, list):
            body = body[int(part)] if int(part) < len(body) else None
        else:
            body = body.get(part) if isinstance(body, dict) else None
    return body


def changed(body: Any, path: str, value: object) -> Any:  # noqa: ANN401 - JSON
    """Write a value at a dotted path of a body, which may be all of it."""
    if not path:
        return value
    first, _, rest = path.partition(".")
    at: Any = int(first) if isinstance(body, list) else first
    body[at] = changed(body[at] if rest else None, rest, value)
    return body
