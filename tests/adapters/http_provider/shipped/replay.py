"""A vendor made of its own documents: answers from a fixture, with keys that come and go.

Nothing here knows any vendor. Bytes are real up to here: the transport under test
writes requests and reads answers, and only the network is missing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode

import httpcore

from tests.adapters.http_provider.shipped.fixtures import Asked, Said, changed, inside

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from tests.adapters.http_provider.shipped.fixtures import Fixture, Paged, Route

SESSION = "session-token-of-the-replay"

_TIMES: dict[str, Callable[[datetime], object]] = {
    "rfc3339": lambda at: f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}Z",
    "epoch": lambda at: int(at.timestamp()),
    "epoch_ms": lambda at: int(at.timestamp() * 1000),
    "date": lambda at: f"{at:%Y-%m-%d}",
    "rfc2822": lambda at: format_datetime(at.astimezone(UTC)),
}


@dataclass(kw_only=True)
class Key:
    """One key of the vendor's.

    Attributes:
        row: As the list shows it.
        times: When it was made and when it ends, in the vendor's form; none for keys of the
            printed list.
    """

    id: str
    row: Any
    secret: str
    times: dict[str, object] = field(default_factory=dict)
    is_on: bool = True
    is_gone: bool = False


@dataclass(kw_only=True)
class Replay:
    """A vendor that answers what its documents print.

    Attributes:
        strays: Requests that no route of the fixture is for, or that lack something.
        asked: Every request.
        busy: What is answered instead, whatever is asked.
    """

    fixture: Fixture
    now: Callable[[], datetime]
    keys: list[Key] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    busy: Said | None = None
    _made: int = 0

    def __post_init__(self) -> None:
        """Take the keys over that the printed list shows."""
        self.keys = [self._known(row) for row in self._rows(self._list_body())]

    def secret_of(self, key: str) -> str:
        """Return a key's secret, as its consumers have it."""
        return next(one.secret for one in self.keys if one.id == key)

    def answer(self, asked: Asked) -> Said:
        """Answer one request."""
        self.asked.append(asked)
        if self.busy is not None:
            return self.busy
        for route in self.fixture.routes:
            found = _matched(route, asked)
            if found is not None:
                return self._answered(route, asked, found)
        self.strays.append(f"{asked.method} {asked.url}")
        return Said(status=404)

    def _answered(self, route: Route, asked: Asked, in_path: str) -> Said:
        own = {} if route.does in {"verify", "exchange"} else self.fixture.admitted
        if any(asked.at(place) != value for place, value in own.items()):
            return self.fixture.denied
        for place, value in route.sends.items():
            if asked.at(place) != value:
                self.strays.append(f"{route.does}: {place} is {asked.at(place)!r}")
        match route.does:
            case "list":
                return self._listed(route, asked)
            case "create":
                return self._created(route, asked)
            case "exchange":
                return self._said(route, None)
            case _:
                return self._done(route, self._key(route, asked, in_path))

    def _done(self, route: Route, key: Key | None) -> Said:
        if key is None or (route.needs_off and key.is_on):
            return route.otherwise
        if route.does in {"disable", "enable"}:
            key.is_on = route.does == "enable"
        if route.does == "delete":
            key.is_gone = True
        self._show(key)
        return self._said(route, key)

    def _key(self, route: Route, asked: Asked, in_path: str) -> Key | None:
        if route.secret:
            tried = asked.at(route.secret)
            return next((one for one in self.keys if self._opens(one, tried, route)), None)
        wanted = in_path if route.key == "path" else str(asked.at(route.key)) if route.key else ""
        stays = bool(self.fixture.keys.gone)
        known = (one for one in self.keys if one.id == wanted and (stays or not one.is_gone))
        return next(known, None)

    def _opens(self, key: Key, tried: object, route: Route) -> bool:
        return key.is_on and not key.is_gone and tried == route.around.format(key.secret)

    def _listed(self, route: Route, asked: Asked) -> Said:
        places = self.fixture.keys
        shown = [one.row for one in self.keys if places.gone or not one.is_gone]
        body = changed(json.loads(route.said.body), places.rows, shown)
        for path in places.counts:
            body = changed(body, path, len(shown))
        if places.paged is None:
            return Said(status=route.said.status, body=json.dumps(body))
        return self._cut(body, shown, places.paged, asked)

    def _cut(self, body: Any, shown: list[Any], paged: Paged, asked: Asked) -> Said:  # noqa: ANN401 - JSON
        size, at = int(str(asked.at(paged.size))), asked.at(paged.at)
        ids = [str(inside(row, self.fixture.keys.id)) for row in shown]
        match paged.by:
            case "row":
                start = int(str(at))
            case "page":
                start = (int(str(at)) - paged.first) * size
            case _:
                start = ids.index(str(at)) + 1 if at else 0
        page, has_more = ids[start : start + size], start + size < len(ids)
        url = _led_to(asked, paged, page[-1]) if has_more else None
        body = changed(body, self.fixture.keys.rows, shown[start : start + size])
        if paged.next:
            after = page[-1] if page else None
            body = changed(body, paged.next, url if paged.by == "url" else after)
        if paged.more:
            body = changed(body, paged.more, has_more)
        link = {"Link": f'<{url}>; rel="next"'} if paged.by == "link" and url else {}
        return Said(body=json.dumps(body), headers=link)

    def _created(self, route: Route, asked: Asked) -> Said:
        places = self.fixture.keys
        like = next(one for one in self.keys if one.id == self.fixture.replaces)
        key = self._known(json.loads(json.dumps(like.row)), is_new=True)
        key.times = self._times()
        if places.name:
            key.row = changed(key.row, places.name, asked.at(route.name))
        for path, what in ((places.created, "created"), (places.ends, "ends")):
            key.row = changed(key.row, path, key.times[what]) if path else key.row
        self.keys.append(key)
        return self._said(route, key)

    def _times(self) -> dict[str, object]:
        places, days = self.fixture.keys, self.fixture.lifetime_days
        write, write_end = _TIMES[places.time], _TIMES[places.end or places.time]
        ends = write_end(self.now() + timedelta(days=days)) if days is not None else None
        return {"created": write(self.now()), "ends": ends}

    def _known(self, row: Any, *, is_new: bool = False) -> Key:  # noqa: ANN401 - JSON
        places = self.fixture.keys
        self._made += 1
        if is_new:
            form = places.new_id.format(self._made)
            was = inside(row, places.id)
            row = changed(row, places.id, int(form) if isinstance(was, int) else form)
        return Key(
            id=str(inside(row, places.id)), row=row, secret=places.new_secret.format(self._made)
        )

    def _show(self, key: Key) -> None:
        places = self.fixture.keys
        if places.switch is not None:
            path, on, off = places.switch
            key.row = changed(key.row, path, on if key.is_on else off)
        if places.gone:
            key.row = changed(key.row, places.gone, key.is_gone)

    def _said(self, route: Route, key: Key | None) -> Said:
        if not route.said.body:
            return route.said
        body = json.loads(route.said.body)
        for path, what in route.sets.items():
            if key is None or key.times or what not in {"created", "ends"}:
                body = changed(body, path, self._value(what, key))
        return Said(status=route.said.status, body=json.dumps(body))

    def _value(self, what: str, key: Key | None) -> object:
        if key is None:
            return SESSION
        places = self.fixture.keys
        told: dict[str, object] = {"secret": key.secret, "state": key.is_on, **key.times}
        told["id"] = inside(key.row, places.id)
        told["name"] = inside(key.row, places.name)
        return told[what]

    def _list_body(self) -> object:
        route = next(one for one in self.fixture.routes if one.does == "list")
        return json.loads(route.said.body)

    def _rows(self, body: object) -> list[Any]:
        rows = inside(body, self.fixture.keys.rows)
        assert isinstance(rows, list)
        return rows


def _matched(route: Route, asked: Asked) -> str | None:
    """Return what stands for the key in the URL, or nothing; None if it is not meant."""
    method, _, url = route.request.partition(" ")
    form = re.escape(url).replace(re.escape("{key}"), "([^/?]+)")
    found = re.fullmatch(form, asked.url)
    if method != asked.method or found is None:
        return None
    if any(asked.at(place) != value for place, value in route.when.items()):
        return None
    return unquote(found[1]) if found.groups() else ""


def _led_to(asked: Asked, paged: Paged, last: str) -> str:
    """Return the URL of the next page."""
    query = {**dict(parse_qsl(asked.query)), paged.at.removeprefix("query."): last}
    return f"{asked.url}?{urlencode(query)}"


class Wires(httpcore.NetworkBackend):
    """Every connection ends in a replay, whatever its address."""

    def __init__(self, replay: Replay) -> None:
        """Connect to this one."""
        self._replay = replay

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return Wire(self._replay)


class Wire(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, replay: Replay) -> None:
        """Begin."""
        self._replay = replay
        self._sent = self._told = b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._sent += buffer

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._sent:
            sent, self._sent = self._sent, b""
            self._told += self._bytes(self._replay.answer(_asked(sent)))
        part, self._told = self._told[:max_bytes], self._told[max_bytes:]
        return part

    def close(self) -> None:
        self._sent = self._told = b""

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's own signature
        return None

    def _bytes(self, said: Said) -> bytes:
        content = said.body.encode()
        lines = [
            f"HTTP/1.1 {said.status} Said",
            f"Date: {format_datetime(self._replay.now().astimezone(UTC), usegmt=True)}",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
            *(f"{name}: {value}" for name, value in said.headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + content


def _asked(sent: bytes) -> Asked:
    head, _, body = sent.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    path, _, query = target.partition("?")
    return Asked(
        method=method,
        url=f"https://{headers['host']}{path}",
        query=query,
        headers=headers,
        body=body,
    )
