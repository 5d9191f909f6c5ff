"""Somebody's server that is told of everything by a signed webhook."""

from __future__ import annotations

import hmac
import json
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.notify.signing import signatures
from rotator.simulators.loopback import LoopbackServer, Site
from rotator.simulators.messages import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from rotator.core.secret import Secret
    from rotator.simulators.messages import HttpRequest

_PREFIX, _SUFFIX = "dev.rotator.", ".v1"
_POLL_SECONDS = 0.05


@dataclass(slots=True)
class Receiver:
    """Counts what it is told, and takes nothing that is not signed.

    Attributes:
        secret: What notices are signed with.
        kinds: How often it was told of what.
        unsigned: How many it did not take.
    """

    secret: Secret
    kinds: Counter[str] = field(default_factory=Counter)
    unsigned: int = 0

    def answer(self, request: HttpRequest) -> Answer:
        """Take a notice."""
        sent = request.headers
        stamp, signed = int(sent["webhook-timestamp"]), sent["webhook-signature"]
        expected = signatures([self.secret], sent["webhook-id"], stamp, request.body)
        if not hmac.compare_digest(expected, signed):
            self.unsigned += 1
            return _answer(401)
        kind: str = json.loads(request.body)["type"]
        self.kinds[kind.removeprefix(_PREFIX).removesuffix(_SUFFIX)] += 1
        return _answer(200)


def _answer(status: int) -> Answer:
    return Answer(status=status, content_type="text/plain", body=b"")


@contextmanager
def served(receiver: Receiver, now: Callable[[], datetime], port: int = 0) -> Iterator[str]:
    """Serve a receiver for the length of a ``with``; give its URL."""
    site = Site(answer=receiver.answer, now=now, id_header="x-request-id")
    server = LoopbackServer(port, site)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
