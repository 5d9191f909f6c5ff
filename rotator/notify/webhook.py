"""Signed webhooks: Standard Webhooks 1.0.0 around a CloudEvent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rotator.clients.http_messages import Body, HttpRequest
from rotator.notify.cloud_events import CONTENT_TYPE, cloud_event
from rotator.notify.posting import post
from rotator.notify.signing import checked, signatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.clients.http import HttpClient
    from rotator.core.notices import Notice
    from rotator.core.secret import Secret
    from rotator.notify.channel import Verdict
    from rotator.ports.clock import Clock


class Webhook:
    """A receiver that checks our signature; implements `rotator.notify.channel.Channel`."""

    def __init__(
        self, client: HttpClient, url: Secret, secrets: Sequence[Secret], *, clock: Clock, log: str
    ) -> None:
        """Take where to send and how to sign.

        Args:
            client: May go to the URL's origin.
            url: Where to.
            secrets: What we sign by: one, or two while one is replaced.
            clock: Tells when we sign.
            log: The audit log's name.

        Raises:
            RejectedError: A secret cannot sign.
        """
        self._client = client
        self._url = url
        self._secrets = tuple(checked(secret) for secret in secrets)
        self._clock = clock
        self._log = log

    def tell(self, notice_id: str, notice: Notice) -> Verdict:
        """Post one event, signed anew at each try."""
        body = json.dumps(cloud_event(notice_id, notice, self._log), ensure_ascii=False).encode()
        timestamp = int(self._clock.now().timestamp())
        request = HttpRequest(
            operation="notify:webhook",
            method="POST",
            url=self._url,
            headers={
                "webhook-id": notice_id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": signatures(self._secrets, notice_id, timestamp, body),
            },
            body=Body(content_type=CONTENT_TYPE, content=body),
        )
        return post(self._client, request)
