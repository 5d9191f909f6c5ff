"""The sign of life that somebody else's clock waits for: a scan that succeeded everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.clients.http_answers import check
from rotator.clients.http_messages import HttpRequest
from rotator.errors import RotatorError

if TYPE_CHECKING:
    from rotator.clients.http import HttpClient
    from rotator.core.secret import Secret
    from rotator.ports.evidence import Telemetry


class Heartbeat:
    """Calls a dead man's switch."""

    def __init__(self, client: HttpClient, url: Secret, telemetry: Telemetry) -> None:
        """Take whom to call; the URL is a secret, for whoever has it may call in our place."""
        self._client = client
        self._url = url
        self._telemetry = telemetry

    def beat(self) -> None:
        """Call once, within the client's patience; a failure is counted and told, never raised."""
        request = HttpRequest(operation="notify:heartbeat", url=self._url)
        try:
            check(self._client.read(request))
        except RotatorError as error:
            self._telemetry.count("heartbeats", outcome="failure")
            self._telemetry.log("warning", "heartbeat not sent", code=error.code)
            return
        self._telemetry.count("heartbeats", outcome="success")
