"""A wire between psycopg and its server that breaks at COMMIT, in a chosen way."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sqlalchemy import make_url

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_CHUNK = 65_536
_COMMIT = b"COMMIT\x00"
"""With its end, for every BEGIN says READ COMMITTED."""
_MARK = b"INSERT INTO commit_mark"
"""What a writer says last before COMMIT, and first when it asks what became of that."""


class Cut(Enum):
    """What becomes of a COMMIT, seen by somebody who sees everything."""

    REQUEST = "it never arrives, and the server notices"
    ANSWER = "it is done, and the answer is lost"
    LATE = "the client loses its connection, and the server is still at work"
    HELD = "the client loses its connection, and the server waits for a word"

    @property
    def is_done(self) -> bool:
        """Whether the transaction becomes durable."""
        return self in {Cut.ANSWER, Cut.LATE}


@dataclass(slots=True)
class _Pair:
    client: socket.socket
    server: socket.socket
    is_mute: bool = False
    is_writing: bool = False

    def close(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Proxy:
    """Passes everything on until it is told to break the COMMIT of a write."""

    def __init__(self, url: str) -> None:
        """Listen in front of the server that `url` names."""
        target = make_url(url)
        self._target = (str(target.host), int(str(target.port)))
        self._listener = socket.create_server(("127.0.0.1", 0))
        mine = target.set(port=self._listener.getsockname()[1])
        self.url = mine.render_as_string(hide_password=False)
        self._lock = threading.RLock()
        self._pairs: list[_Pair] = []
        self._cut: Cut | None = None
        self._skip = 0
        self._deafness = 0
        self._refusals = 0
        self._late: list[tuple[_Pair, bytes]] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()
        for thread in list(self._threads):
            thread.join(10)

    def break_commit(self, cut: Cut, *, skip: int = 0, deaf_for: int = 0) -> None:
        """Break one COMMIT after `skip` others; then refuse `deaf_for` connections."""
        with self._lock:
            self._cut, self._skip, self._deafness = cut, skip, deaf_for

    @property
    def is_whole(self) -> bool:
        """Whether nothing was broken yet."""
        return self._cut is not None

    def refuse(self, connections: int) -> None:
        """Refuse so many new connections."""
        self._refusals = connections

    def drop(self) -> None:
        """Break every connection."""
        with self._lock:
            for pair in self._pairs:
                pair.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                is_refused = self._refusals > 0
                self._refusals -= is_refused
            if is_refused:
                client.close()
                continue
            try:
                pair = _Pair(client, socket.create_connection(self._target))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._pairs.append(pair)
            for pump in (self._upstream, self._downstream):
                thread = threading.Thread(target=pump, args=(pair,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _upstream(self, pair: _Pair) -> None:
        with suppress(OSError):
            while data := pair.client.recv(_CHUNK):
                pair.is_writing = pair.is_writing or _MARK in data
                cut = self._due_cut(pair, data)
                if cut is not None:
                    self._break(pair, data, cut)
                    return
                pair.server.sendall(data)
                if _MARK in data:
                    self._release_late()
        pair.close()
        pair.client.close()

    def _downstream(self, pair: _Pair) -> None:
        with suppress(OSError):
            while data := pair.server.recv(_CHUNK):
                if pair.is_mute:
                    break
                pair.client.sendall(data)
        pair.close()
        pair.server.close()

    def _due_cut(self, pair: _Pair, data: bytes) -> Cut | None:
        if _COMMIT not in data or not pair.is_writing:
            return None
        pair.is_writing = False
        with self._lock:
            if self._cut is None or self._skip:
                self._skip -= self._cut is not None
                return None
            cut, self._cut = self._cut, None
            self._refusals = self._deafness
            return cut

    def _break(self, pair: _Pair, data: bytes, cut: Cut) -> None:
        match cut:
            case Cut.REQUEST:
                pair.close()
                pair.client.close()
            case Cut.ANSWER:
                pair.is_mute = True
                pair.server.sendall(data)
                # The other pump closes both ends when the server has answered.
                pair.client.recv(_CHUNK)
                pair.client.close()
            case Cut.LATE | Cut.HELD:
                pair.is_mute = True
                with self._lock:
                    if cut is Cut.LATE:
                        self._late.append((pair, data))
                pair.client.shutdown(socket.SHUT_RDWR)
                pair.client.close()

    def _release_late(self) -> None:
        """Let the server hear COMMIT after it was asked what became of it."""
        with self._lock:
            late, self._late = self._late, []
        for pair, data in late:
            # A server that has waited too long has given the transaction up.
            with suppress(OSError):
                pair.server.sendall(data)
