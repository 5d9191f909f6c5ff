"""boto3 sessions whose requests go to an embedded simulated AWS, and never to a network.

Signing, retrying and parsing are botocore's own; only three things are put in
its place: who carries a request, whose clock dates a signature, and what a retry
waits on.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit
from wsgiref.handlers import format_date_time

import boto3
import botocore.session
from botocore.auth import AUTH_TYPE_MAPS, SigV4Auth
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError
from botocore.loaders import create_loader
from botocore.retries import standard

from rotator.simulators.messages import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest, AWSRequest
    from botocore.client import BaseClient

    from rotator.ports.clock import Clock
    from rotator.simulators.aws.embedded import EmbeddedAws
    from rotator.simulators.aws.shapes import Credentials
    from rotator.simulators.messages import Answer

_SIGNER = "v4-simulated"
_SIGNED_AT = "simulated_at"
_PAUSE_SECONDS = 1.0
# botocore's models take 80 ms to read; every session reads them from here.
_LOADER = create_loader()


class OnRequest(Protocol):
    """Is told of each request as it leaves, and again before its answer is handed over."""

    def __call__(self, operation: str, *, is_over: bool) -> None:
        """Take note, or raise what ends the process here; a `BaseException` passes botocore.

        Args:
            operation: Such as ``CreateAccessKey``.
            is_over: Whether the request has had whatever effect it has.
        """
        ...


def ignore_request(operation: str, *, is_over: bool) -> None:
    """Take no note of a request."""


class _DatedSigV4(SigV4Auth):
    """Signs with the date that the session wrote into the request's context."""

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        request.context["timestamp"] = request.context[_SIGNED_AT]
        super()._modify_request_before_signing(request)  # type: ignore[misc]


AUTH_TYPE_MAPS[_SIGNER] = _DatedSigV4


class _Body(BytesIO):
    """What botocore expects of a connection's answer."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


class EmbeddedSession(boto3.Session):
    """One process's session; clients that it makes speak to the simulated AWS."""

    def __init__(
        self,
        aws: EmbeddedAws,
        clock: Clock,
        credentials: Credentials,
        *,
        on_request: OnRequest = ignore_request,
    ) -> None:
        """Make a session; costs about 5 ms.

        Args:
            aws: Where requests go.
            clock: The process's clock: it dates signatures, and retries step it.
            credentials: The process's own identity.
            on_request: Is told of every request of every client.
        """
        core = botocore.session.Session()
        core.register_component("data_loader", _LOADER)
        super().__init__(
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            botocore_session=core,
        )
        self._aws = aws
        self._clock = clock
        self._on_request = on_request
        events: Any = self.events
        events.register_first("choose-signer", _choose_signer)
        events.register("before-sign", self._date)
        # Last, so that a client's own guards are asked before anything leaves.
        events.register_last("before-send", self._send)

    def client(  # type: ignore[override]
        self,
        service_name: str,
        *,
        config: Config | None = None,
        **options: Any,  # noqa: ANN401 - boto3's own
    ) -> BaseClient:
        """Make a client as boto3 does, except that it never waits by the machine's clock.

        "Adaptive" is "standard" here: its limiter measures rates by that clock.
        """
        given: Any = config or Config()
        retries: Any = {**(given.retries or {}), "mode": "standard"}
        calm = given.merge(Config(retries=retries))
        client: BaseClient = super().client(service_name, config=calm, **options)  # type: ignore[call-overload]
        self._retry_by_the_clock(client, attempts=calm.retries.get("total_max_attempts"))
        return client

    def _retry_by_the_clock(self, client: Any, attempts: int | None) -> None:  # noqa: ANN401
        service = client.meta.service_model.service_id.hyphenize()
        handler = standard.register_retry_handler(client, attempts)

        def needs_retry(**attempt: Any) -> float | None:  # noqa: ANN401 - botocore's event
            if handler.needs_retry(**attempt) is None:
                return None
            self._clock.sleep(_PAUSE_SECONDS)
            return 0

        event = f"needs-retry.{service}"
        client.meta.events.unregister(event, unique_id=f"retry-config-{service}")
        client.meta.events.register(event, needs_retry)

    def _date(self, request: AWSRequest, **_: object) -> None:
        request.context[_SIGNED_AT] = f"{self._clock.now():%Y%m%dT%H%M%SZ}"

    def _send(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        self._on_request(operation, is_over=False)
        answer = self._aws.answer(_read(request))
        self._on_request(operation, is_over=True)
        if answer is None:
            raise ConnectionClosedError(endpoint_url=request.url)
        return _response(request.url, answer, date=self._aws.world.now().timestamp())


def _choose_signer(**_: object) -> str:
    return _SIGNER


def _read(request: AWSPreparedRequest) -> HttpRequest:
    url = urlsplit(request.url)
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    return HttpRequest(
        method=request.method,
        path=url.path,
        query=url.query,
        headers={"host": url.netloc, **headers},
        body=_text(request.body or "").encode(),
    )


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _response(url: str, answer: Answer, *, date: float) -> AWSResponse:
    headers: Any = {
        "Date": format_date_time(date),
        "Content-Type": answer.content_type,
        "x-amzn-RequestId": "00000000-0000-0000-0000-000000000000",
    }
    return AWSResponse(url, answer.status, headers, _Body(answer.body))
