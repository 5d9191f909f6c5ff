"""A small API of keys that nobody ships a spec for: the example of docs/providers/http.md.

It is written from what the page says of it, and knows nothing of specs.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKENS = "/api/tokens"
_NEVER = 0
_DAY = 86_400_000


@dataclass
class Token:
    """One token, in the API's own words; times are milliseconds."""

    tokenId: int  # noqa: N815 - the API's word
    label: str
    roles: list[str]
    createdMs: int  # noqa: N815 - the API's word
    lastUsedMs: int = _NEVER  # noqa: N815 - the API's word
    enabled: bool = True


@dataclass
class Buildfarm:
    """The tokens of one build farm, and who may make more of them: role `admin`."""

    tokens: dict[str, Token] = field(default_factory=dict)
    numbers: int = 100
    lock: threading.RLock = field(default_factory=threading.RLock)
    url: str = ""

    def add(self, label: str, roles: list[str], *, age_days: int = 0) -> str:
        """Make a token; return the token itself."""
        with self.lock:
            self.numbers += 1
            value = "bf_" + secrets.token_hex(20)
            born = time.time_ns() // 1_000_000 - age_days * _DAY
            self.tokens[value] = Token(self.numbers, label, roles, born)
            return value

    def admit(self, value: str) -> Token | None:
        """Say whose a token is, and note that it was used."""
        with self.lock:
            token = self.tokens.get(value)
            if token is None or not token.enabled:
                return None
            token.lastUsedMs = time.time_ns() // 1_000_000
            return token

    def find(self, number: str) -> tuple[str, Token] | None:
        """Find a token by its id."""
        found = (it for it in self.tokens.items() if str(it[1].tokenId) == number)
        return next(found, None)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    farm: Buildfarm

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        caller = self._caller()
        if caller is None:
            return
        if url.path == "/api/whoami":
            self._answer(200, {"tokenId": caller.tokenId, "label": caller.label})
        elif url.path == _TOKENS and self._is_admin(caller):
            asked = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
            offset, limit = asked.get("offset", 0), min(asked.get("limit", 20), 100)
            every = list(self.farm.tokens.values())
            page = [asdict(token) for token in every[offset : offset + limit]]
            self._answer(200, {"tokens": page, "count": len(every)})
        else:
            self._answer(404, {"error": "no such thing"})

    def do_POST(self) -> None:
        asked, caller = self._body(), self._caller()
        if caller is None or not self._is_admin(caller):
            return
        if self.path != _TOKENS:
            self._answer(404, {"error": "no such thing"})
            return
        value = self.farm.add(asked["label"], asked["roles"])
        self._answer(200, {"token": asdict(self.farm.tokens[value]), "value": value})

    def do_PATCH(self) -> None:
        asked, found = self._body(), self._found()
        if found is not None:
            found[1].enabled = asked["enabled"]
            self._answer(200, asdict(found[1]))

    def do_DELETE(self) -> None:
        found = self._found()
        if found is not None:
            del self.farm.tokens[found[0]]
            self._answer(204)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        pass

    def _found(self) -> tuple[str, Token] | None:
        caller = self._caller()
        if caller is None or not self._is_admin(caller):
            return None
        found = self.farm.find(self.path.removeprefix(f"{_TOKENS}/"))
        if found is None:
            self._answer(404, {"error": "no such token"})
        return found

    def _caller(self) -> Token | None:
        token = self.farm.admit(self.headers.get("X-Api-Token", ""))
        if token is None:
            self._answer(401, {"error": "who are you?"})
        return token

    def _is_admin(self, caller: Token) -> bool:
        if "admin" not in caller.roles:
            self._answer(403, {"error": "only for admins"})
            return False
        return True

    def _body(self) -> Any:  # noqa: ANN401 - any JSON
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")

    def _answer(self, status: int, body: object = None) -> None:
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def running_buildfarm(port: int = 0) -> Iterator[Buildfarm]:
    """Serve an empty build farm on the loopback interface."""
    farm = Buildfarm()
    handler = type("Handler", (_Handler,), {"farm": farm})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        farm.url = f"http://127.0.0.1:{server.server_port}/api"
        try:
            yield farm
        finally:
            server.shutdown()
            thread.join()
