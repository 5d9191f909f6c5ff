"""Servers on the loopback interface that do exactly what a test tells them, byte for byte."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.adapters.http.certificates import Authority

_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One request, as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(kw_only=True)
class Visit:
    """One connection to a server, from the server's side."""

    socket: socket.socket
    heard: list[Heard]
    _early: bytes = b""

    def hear(self) -> Heard:
        """Read one whole request."""
        while b"\r\n\r\n" not in self._early:
            self._early += self._received()
        head, _, self._early = self._early.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self._early) < length:
            self._early += self._received()
        body, self._early = self._early[:length], self._early[length:]
        heard = Heard(method=method, target=target, headers=headers, body=body)
        self.heard.append(heard)
        return heard

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """Answer one request with a length, and keep the connection."""
        lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.say("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def reset(self) -> None:
        """Close so that the other side sees an error and not an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.socket.close()

    def _received(self) -> bytes:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError
        return data


@dataclass(kw_only=True)
class Server:
    """Answers every connection with what `serve` does to it, on a thread of its own."""

    serve: Callable[[Visit], None]
    authority: Authority | None = None
    names: tuple[str, ...] = ("api.example.test",)
    newest: ssl.TLSVersion | None = None
    wants_certificate: bool = False
    visits: int = 0
    heard: list[Heard] = field(default_factory=list)
    asked_for: list[str | None] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(timeout=10)
        for one in self._open:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads[1:]:
            thread.join(timeout=10)

    @property
    def url(self) -> str:
        """Return the base URL by the address, without TLS."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def named_url(self) -> str:
        """Return the base URL by the first name, with TLS."""
        return f"https://{self.names[0]}:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                one, _ = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            thread = threading.Thread(target=self._visited, args=(one,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _visited(self, one: socket.socket) -> None:
        try:
            with self._shaken(one) as ready:
                self._open.append(ready)
                self.serve(Visit(socket=ready, heard=self.heard))
        except OSError:
            return

    def _shaken(self, one: socket.socket) -> socket.socket:
        if self.authority is None:
            return one
        context = self.authority.server_context(self.names)
        if self.newest is not None:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.maximum_version = self.newest
        if self.wants_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.authority.ca_file)
        context.sni_callback = lambda _socket, name, _context: self.asked_for.append(name)
        return context.wrap_socket(one, server_side=True)


def always(status: int = 200, body: bytes = b"{}", **headers: str) -> Callable[[Visit], None]:
    """Answer every request of a connection in the same way."""

    def serve(visit: Visit) -> None:
        while True:
            visit.hear()
            visit.answer(status, body, **headers)

    return serve


def in_turn(*answers: Callable[[Visit], None]) -> Callable[[Visit], None]:
    """Do the first thing at the first request of the server, and so on; the last one for good."""
    left = list(answers)

    def serve(visit: Visit) -> None:
        while True:
            visit.hear()
            (left.pop(0) if len(left) > 1 else left[0])(visit)

    return serve
