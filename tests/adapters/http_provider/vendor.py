"""A vendor of keys with state, on the loopback interface, behind APIs of several shapes."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from rotator.core.ids import Instant
from rotator.simulators.loopback import LoopbackServer, Site
from rotator.simulators.messages import Answer
from rotator.testing.bench import Fault
from rotator.testing.manual_clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rotator.simulators.messages import HttpRequest

ADMIN = "admin-credential-0123456789"
LIMIT = 2
USE_QUANTUM = timedelta(minutes=5)


@dataclass(kw_only=True)
class Key:
    id: int
    owner: str
    name: str
    secret: str
    made_at: Instant
    live_at: Instant
    scopes: object = field(default_factory=lambda: ["read"])
    level: int = 30
    note: str = ""
    ends_at: Instant | None = None
    used_at: Instant | None = None
    gone_at: Instant | None = None
    is_on: bool = True


@dataclass(kw_only=True)
class Vendor:
    """What is there, and how it behaves.

    Attributes:
        spreading: How long a new key is refused.
        lingering: How long a revoked key is still let in.
        answers: What a path is answered with instead; a path's end is enough.
        heard: Every request, in order.
        gone_status: What a second delete is answered with.
    """

    clock: ManualClock = field(default_factory=ManualClock)
    admin: str = ADMIN
    spreading: timedelta = timedelta(0)
    lingering: timedelta = timedelta(0)
    page_size: int = 100
    gone_status: int = 404
    fault: Fault | None = None
    keys: list[Key] = field(default_factory=list)
    heard: list[HttpRequest] = field(default_factory=list)
    answers: list[tuple[str, str, Answer | Callable[[HttpRequest], Answer | None]]] = field(
        default_factory=list
    )
    sessions: dict[str, Instant] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _made: int = 0

    def make(self, owner: str, name: str = "", **more: object) -> Key:
        """Make a key as somebody else would; `more` are fields of `Key`."""
        self._made += 1
        now = self.clock.now()
        told: dict[str, Any] = {
            "secret": f"sk_{self._made:04}aBcDeFgHiJkLmNoP",
            "made_at": now,
            "live_at": Instant(now + self.spreading),
            **more,
        }
        key = Key(id=self._made, owner=owner, name=name, **told)
        self.keys.append(key)
        return key

    def end(self, key: Key) -> None:
        key.gone_at = self.clock.now()

    def listed(self, owner: str | None = None) -> list[Key]:
        there = [key for key in self.keys if key.gone_at is None]
        return [key for key in there if owner is None or key.owner == owner]

    def find(self, key_id: object) -> Key | None:
        return next((key for key in self.listed() if str(key.id) == str(key_id)), None)

    def lets_in(self, secret: str) -> Key | None:
        """Return whose a secret is, if it is good at this moment, and note the use."""
        now = self.clock.now()
        for key in self.keys:
            ended = key.gone_at is not None and now >= key.gone_at + self.lingering
            expired = key.ends_at is not None and now >= key.ends_at
            if key.secret == secret and key.is_on and now >= key.live_at and not (ended or expired):
                key.used_at = now
                return key
        return None

    def on(
        self, method: str, path_end: str, told: Answer | Callable[[HttpRequest], Answer | None]
    ) -> None:
        """Answer a path that ends so in this way instead, or by this function."""
        self.answers.insert(0, (method, path_end, told))

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        self.fault = fault
        try:
            yield
        finally:
            self.fault = None

    def answer(self, request: HttpRequest) -> Answer | None:
        with self._lock:
            self.heard.append(request)
            if self.fault is Fault.THROTTLED:
                return said(429, {}, **{"Retry-After": "7"})
            if self.fault is Fault.DENIED:
                return said(403, {"message": "no"})
            told = self._told(request)
            # A reading has no effect whose answer could be lost, and neither has a login.
            is_change = request.method != "GET" and not request.path.endswith("/login")
            return None if is_change and self.fault is Fault.LOST_ANSWER else told

    def _told(self, request: HttpRequest) -> Answer | None:
        for method, end, told in self.answers:
            if request.method == method and request.path.endswith(end):
                return told if isinstance(told, Answer) else told(request)
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        shapes = {"named": self._named, "plain": self._plain, "detail": self._detail}
        shape = shapes.get(parts[0])
        return said(404, {}) if shape is None else shape(request, parts[1:])

    # -------------------------------------- named keys, a header, cursors, integers as texts

    def _named(self, request: HttpRequest, parts: list[str]) -> Answer:
        if parts == ["me"]:
            key = self.lets_in(request.headers.get("authorization", "").removeprefix("Bearer "))
            return said(200, {} if key is None else {"key": {"id": str(key.id)}})
        if request.headers.get("x-admin") != self.admin:
            return said(401, {"message": "who are you"})
        match request.method, parts:
            case "GET", ["keys"]:
                return self._cursor_page(request)
            case "POST", ["keys"]:
                asked = json.loads(request.body)
                ends = asked.get("lifetime")
                key = self.make(
                    "all",
                    asked["name"],
                    note=asked.get("note", ""),
                    scopes=asked.get("scopes", ["read"]),
                    level=asked.get("level", 30),
                    ends_at=Instant(self.clock.now() + timedelta(seconds=ends)) if ends else None,
                )
                return said(201, {"key": self._shown(key), "secret": key.secret})
            case "DELETE", ["keys", key_id]:
                return self._ended(key_id)
            case "GET", ["keys", key_id, "usage"]:
                there = self.find(key_id)
                return said(404, {}) if there is None else said(200, {"calls": "12", "ip": None})
            case _:
                return said(404, {})

    def _shown(self, key: Key) -> dict[str, object]:
        ends = None if key.ends_at is None else key.ends_at.isoformat()
        is_over = key.ends_at is not None and key.ends_at <= self.clock.now()
        return {
            "id": key.id,
            "label": key.name,
            "note": key.note,
            "made": key.made_at.isoformat(),
            "used": None if key.used_at is None else key.used_at.isoformat(),
            "ends": ends,
            "scopes": key.scopes,
            "level": key.level,
            "state": "over" if is_over else "live",
        }

    def _cursor_page(self, request: HttpRequest) -> Answer:
        asked = {name: values[0] for name, values in parse_qs(request.query).items()}
        keys, size = self.listed("all"), min(int(asked.get("limit", "10")), self.page_size)
        start = int(asked.get("after", "0"))
        page = keys[start : start + size]
        meta = {"next": str(start + size)} if start + size < len(keys) else {}
        return said(200, {"data": [self._shown(key) for key in page], "meta": meta})

    def _ended(self, key_id: str) -> Answer:
        key = self.find(key_id)
        if key is None:
            return said(self.gone_status, {} if self.gone_status == 200 else None)
        self.end(key)
        return said(204, None)

    # ------------------- no names, basic, switched on and off, we choose the secret, offsets

    def _plain(self, request: HttpRequest, parts: list[str]) -> Answer:
        user, _, password = basic_of(request).partition(":")
        if parts == ["whoami"]:
            key = self.lets_in(password)
            is_whose = key is not None and str(key.id) == user
            return said(200, {"user": key.owner}) if key and is_whose else said(401, {})
        if password != self.admin:
            return said(403, {})
        match request.method, parts:
            case "GET", ["users", owner, "tokens"]:
                return self._offset_page(request, owner)
            case "POST", ["users", owner, "tokens"]:
                if len(self.listed(owner)) >= LIMIT:
                    return said(409, {"code": "limit"})
                chosen = parse_qs(request.body.decode())["value"][0]
                key = self.make(owner, secret=chosen)
                return said(200, {"token_id": str(key.id), "value": "sk_***"})
            case "POST", ["users", _, "tokens", key_id, ("on" | "off") as word]:
                there = self.find(key_id)
                if there is None:
                    return said(404, {})
                there.is_on = word == "on"
                return said(200, {})
            case "POST", ["users", _, "tokens", key_id, "drop"]:
                return self._ended(key_id)
            case _:
                return said(404, {})

    def _offset_page(self, request: HttpRequest, owner: str) -> Answer:
        asked = {name: values[0] for name, values in parse_qs(request.query).items()}
        start, keys = int(asked.get("skip", "0")), self.listed(owner)
        page = keys[start : start + min(int(asked.get("top", "1")), self.page_size)]
        items = [
            {
                "token_id": str(key.id),
                "seen": 0 if key.used_at is None else int(key.used_at.timestamp()),
                "active": key.is_on,
            }
            for key in page
        ]
        return said(200, {"list": items, "count": len(keys)})

    # --------------------------- ids with a detail each, tokens in exchange, ended in two steps

    def _detail(self, request: HttpRequest, parts: list[str]) -> Answer:
        if parts == ["login"]:
            return self._logged_in(request)
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if parts == ["self"]:
            key = self.lets_in(bearer)
            return said(401, {}) if key is None else said(200, {"name": key.name})
        if self.sessions.get(bearer, self.clock.now()) <= self.clock.now():
            return said(401, {})
        return self._one_of(request, parts)

    def _one_of(self, request: HttpRequest, parts: list[str]) -> Answer:
        match request.method, parts:
            case "GET", ["ids"]:
                ids = [f"k-{key.id}" for key in self.listed("all")]
                return said(200, {"ids": ids})
            case "GET", ["ids", key_id]:
                key = self.find(key_id.removeprefix("k-"))
                return (
                    said(404, {}) if key is None else said(200, {"data": self._named_detail(key)})
                )
            case "POST", ["ids"]:
                asked = json.loads(request.body)
                key = self.make("all", asked["label"])
                return said(202, {"data": {**self._named_detail(key), "value": key.secret}})
            case "POST", ["ids", key_id, "stop"]:
                key = self.find(key_id.removeprefix("k-"))
                if key is None:
                    return said(404, {})
                key.is_on = False
                return said(200, {})
            case "DELETE", ["ids", key_id]:
                key = self.find(key_id.removeprefix("k-"))
                if key is not None and key.is_on:
                    return said(400, {"message": "stop it first"})
                return self._ended(key_id.removeprefix("k-"))
            case _:
                return said(404, {})

    def _named_detail(self, key: Key) -> dict[str, object]:
        return {
            "ref": f"projects/keys/k-{key.id}",
            "label": key.name,
            "born": int(key.made_at.timestamp() * 1000),
            "expires": "0001-01-01T00:00:00Z",
        }

    def _logged_in(self, request: HttpRequest) -> Answer:
        if json.loads(request.body).get("password") != self.admin:
            return said(401, {})
        token = f"session-{len(self.sessions)}"
        self.sessions[token] = Instant(self.clock.now() + timedelta(seconds=600))
        return said(200, {"session": token, "ttl": "600"})


@contextmanager
def serving(vendor: Vendor) -> Iterator[str]:
    """Serve a vendor; yields where."""
    site = Site(answer=vendor.answer, now=vendor.clock.now, id_header="X-Request-Id")
    server = LoopbackServer(0, site)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def said(status: int, body: object, **headers: str) -> Answer:
    content = b"" if body is None else json.dumps(body).encode()
    return Answer(status=status, content_type="application/json", body=content, headers=headers)


def basic_of(request: HttpRequest) -> str:
    text = request.headers.get("authorization", "").removeprefix("Basic ")
    return b64decode(text).decode()
