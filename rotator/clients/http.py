"""The safe transport over HTTP: what every provider with an API of its own calls.

It goes to origins that were allowed, at addresses that were checked; it follows no
redirect, keeps no cookie, reads no proxy and no key log from the environment, and
has no switch that turns certificates off. An answer is bounded in size and in time.
Nothing of a URL's path or query, of a header or a body, is in an error or a log.

It stands on httpcore, of which httpx's own client is made: that client would log
whole URLs, keep cookies and build the next request of a redirect.

What changes something is sent once, over a connection of its own: one that was kept
open may be closed by the server at the very moment at which it is used again. The
header that ends it makes sure of that: a pool that keeps none may still hand a
connection on, to the thread that asks in the moment in which another is done with it.
"""

from __future__ import annotations

import logging
import threading
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import httpcore

from rotator.clients.http_answers import failure_of, request_id_of, server_time
from rotator.clients.http_bodies import received
from rotator.clients.http_failures import CAUGHT, explain
from rotator.clients.http_guard import Origin, parsed_url
from rotator.clients.http_limits import Pace, RateLimit
from rotator.clients.http_messages import plain
from rotator.clients.http_network import CALL, Call, Network, Stage, system_addresses
from rotator.clients.http_proxy import proxy_origin
from rotator.clients.http_sending import content_of, headers_of, method_of, target_of
from rotator.clients.http_tls import checked_pins, trust
from rotator.core.backoff import retry_delay
from rotator.errors import RejectedError, RotatorError, TransientError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path

    from rotator.clients.http_messages import Answer, HttpRequest
    from rotator.clients.http_network import Resolve
    from rotator.core.ids import Instant
    from rotator.core.secret import Secret
    from rotator.ports.clock import Chance, Clock

_KEEP_ALIVE_SECONDS = 15
_PAUSE_BASE = timedelta(milliseconds=250)
_PAUSE_CAP = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """How a vendor is reached.

    Attributes:
        origins: URLs whose scheme, host and port requests may go to.
        allow_private: Let them be addresses of private networks too, and those
            without TLS; for simulators and tests, and vendors inside the house.
        ca_file: Certificates in PEM that are trusted instead of the public ones.
        client_certificate: In PEM, what we show a server that asks who we are.
        client_key: Its private key in PEM, not encrypted; None where the file of the
            certificate has it, too.
        pins: SHA-256, in base64, of the public keys (SubjectPublicKeyInfo) of which
            the server's own certificate must have one, beside being trusted; empty
            takes any. Give the next key beside the present one.
        proxy: ``http://host:port`` through which every connection goes, by CONNECT;
            empty goes straight. The proxy then resolves the origins' names, so that
            what they lead to is not checked here: the certificates must do, and only
            https goes through. The environment's proxies are never read.
        rate_limit: Headers that tell of the vendor's limits, and our own pace.
        connect_timeout_seconds: Patience for a connection, and for a free one.
        read_timeout_seconds: Patience for the next bytes.
        total_seconds: Patience for all of a call, its repeats and pauses included;
            only the resolver of names keeps its own time.
        max_body_bytes: The largest body, as sent and as decompressed.
        max_header_bytes: The largest sum of an answer's headers.
        max_connections: Connections that may be open at once, of each kind.
        attempts: Tries of a reading, the first included; a change is tried once.
        read_only: Refuse everything that may change something, before sending.
    """

    origins: tuple[str, ...] = ()
    allow_private: bool = False
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    pins: tuple[str, ...] = ()
    proxy: str = ""
    rate_limit: RateLimit = field(default_factory=RateLimit)
    connect_timeout_seconds: float = 5
    read_timeout_seconds: float = 15
    total_seconds: float = 30
    max_body_bytes: int = 1 << 20
    max_header_bytes: int = 32 << 10
    max_connections: int = 16
    attempts: int = 3
    read_only: bool = False


class OnCall(Protocol):
    """Is told of every call that was answered or failed; must not raise."""

    def __call__(
        self, operation: str, code: str, request_id: str, seconds: float, *, is_change: bool
    ) -> None:
        """Take note of a call.

        Args:
            operation: The request's.
            code: The error's, or of what the answer's status means; empty on success.
            request_id: The vendor's id of the last try; empty where it gives none.
            seconds: From the first attempt to the end of the last.
            is_change: Whether it may have changed something.
        """
        ...


def ignore_call(
    operation: str, code: str, request_id: str, seconds: float, *, is_change: bool
) -> None:
    """Take no note of a call."""


class HttpClient:
    """Sends requests; safe for threads. Close it when nothing calls any more."""

    def __init__(
        self,
        config: HttpConfig,
        clock: Clock,
        chance: Chance,
        *,
        monotonic: Callable[[], float],
        on_call: OnCall = ignore_call,
        resolve: Resolve = system_addresses,
        sockets: httpcore.NetworkBackend | None = None,
    ) -> None:
        """Prepare; sends nothing.

        Args:
            config: Where to, and how patiently.
            clock: What `not_after` is compared with, and what pauses.
            chance: Spreads the pauses between the tries of a reading.
            monotonic: Seconds that never run backwards; measures patience.
            on_call: Is told of every call.
            resolve: Returns the addresses of a name, for a port.
            sockets: Opens connections to addresses; the system's if None. A
                simulation gives its own.

        Raises:
            RejectedError: An origin or the proxy is none that may be used, or the
                certificates cannot be read.
        """
        # At DEBUG, httpcore logs the headers of answers; at INFO, httpx logs URLs.
        for name in ("httpcore", "httpx"):
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.level, logging.WARNING))
        self._config = config
        self._clock = clock
        self._chance = chance
        self._monotonic = monotonic
        self._on_call = on_call
        self._lock = threading.Lock()
        self._origins: frozenset[Origin] = frozenset()
        for url in config.origins:
            self.allow(url)
        self._pace = Pace(config.rate_limit, clock, monotonic)
        network = Network(
            resolve,
            allow_private=config.allow_private,
            proxy=proxy_origin(config.proxy),
            pins=checked_pins(config.pins),
            sockets=sockets,
        )
        tls = trust(config.ca_file, config.client_certificate, config.client_key)
        self._kept = self._pool(network, tls, kept=config.max_connections)
        self._fresh = self._pool(network, tls, kept=0)

    def allow(self, url: str) -> None:
        """Let requests go to a URL's scheme, host and port from now on.

        The caller answers for where it has the URL from.

        Raises:
            RejectedError: It is no URL of a server that may be spoken to.
        """
        _, origin = parsed_url(url, what="an address cannot be allowed")
        self._must_be_encrypted(origin, what="an address cannot be allowed", subject="")
        with self._lock:
            self._origins |= {origin}

    def read(self, request: HttpRequest, *, not_after: Instant | None = None) -> Answer:
        """Send a request that changes nothing; tried again a little, within its time.

        Returns:
            The answer whatever its status, after the last try.

        Raises:
            UnavailableError: Nobody could be reached, or no whole answer came.
            ThrottledError: The vendor lets nothing through for longer than its time.
            RejectedError: It was not sent, or its answer is refused: a redirect,
                too large.
            ConflictError: `not_after` had passed before it was sent.
        """
        return self._told(request, lambda: self._patiently(request, not_after), is_change=False)

    def change(self, request: HttpRequest, *, not_after: Instant | None) -> Answer:
        """Send a request that may change something, once.

        Returns:
            The answer whatever its status; `rotator.clients.http_answers.check`
            knows which of them leave the outcome open.

        Raises:
            OutcomeUnknownError: It was sent, and no whole answer came.
            UnavailableError: Nobody could be reached; it was not sent.
            ThrottledError: The vendor lets nothing through just now; it was not sent.
            RejectedError: It was not sent, or was redirected; or we are read-only.
            ConflictError: `not_after` had passed before it was sent.
        """
        return self._told(request, lambda: self._once(request, not_after), is_change=True)

    def close(self) -> None:
        """Drop every connection; a later call opens new ones."""
        self._kept.close()
        self._fresh.close()

    def _told(self, request: HttpRequest, work: Callable[[], Answer], *, is_change: bool) -> Answer:
        started_at = self._monotonic()
        code, request_id = "unexpected", ""
        try:
            answer = work()
            request_id = request_id_of(answer)
            failure = failure_of(answer)
            code = failure.code if failure is not None else ""
            return answer
        except RotatorError as error:
            code = error.code
            raise
        finally:
            seconds = self._monotonic() - started_at
            self._on_call(request.operation, code, request_id, seconds, is_change=is_change)

    def _once(self, request: HttpRequest, not_after: Instant | None) -> Answer:
        if self._config.read_only:
            msg = f"{request.operation} was not sent: this process only reads"
            raise RejectedError(msg, subject=request.subject, code="read_only")
        target, call = self._begun(request, is_change=True, not_after=not_after)
        return self._send(request, target, call)

    def _patiently(self, request: HttpRequest, not_after: Instant | None) -> Answer:
        target, call = self._begun(request, is_change=False, not_after=not_after)
        for failures in range(1, self._config.attempts):
            outcome = self._tried(request, target, call)
            if not self._has_paused(outcome, failures, call):
                break
        else:
            return self._send(request, target, call)
        if isinstance(outcome, RotatorError):
            raise outcome
        return outcome

    def _tried(self, request: HttpRequest, target: Secret, call: Call) -> Answer | TransientError:
        try:
            return self._send(request, target, call)
        except TransientError as error:
            return error

    def _has_paused(self, outcome: Answer | TransientError, failures: int, call: Call) -> bool:
        """Wait before the next try; False if there is none."""
        failure = outcome if isinstance(outcome, TransientError) else failure_of(outcome)
        if not isinstance(failure, TransientError):
            return False
        delay = failure.retry_after or retry_delay(
            failures, jitter=self._chance.fraction(), base=_PAUSE_BASE, cap=_PAUSE_CAP
        )
        if delay.total_seconds() >= call.seconds_left():
            return False
        self._clock.sleep(delay.total_seconds())
        return True

    def _begun(
        self, request: HttpRequest, *, is_change: bool, not_after: Instant | None
    ) -> tuple[Secret, Call]:
        """Return path and query, and the call under way; raises as `read` and `change` do."""
        what = f"{request.operation} was not sent"
        url, origin = parsed_url(plain(request.url), what=what, subject=request.subject)
        self._must_be_encrypted(origin, what=what, subject=request.subject)
        if origin not in self._origins:
            msg = f"{what}: {origin} was not allowed"
            raise RejectedError(msg, subject=request.subject, code="origin_refused")
        call = Call(
            operation=request.operation,
            subject=request.subject,
            origin=origin,
            is_change=is_change,
            clock=self._clock,
            monotonic=self._monotonic,
            ends_at=self._monotonic() + self._config.total_seconds,
            not_after=not_after,
        )
        return target_of(request, url), call

    def _must_be_encrypted(self, origin: Origin, *, what: str, subject: str) -> None:
        if origin.scheme != "https" and not self._config.allow_private:
            msg = f"{what}: {origin} is not https"
            raise RejectedError(msg, subject=subject, code="not_https")

    def _send(self, request: HttpRequest, target: Secret, call: Call) -> Answer:
        self._pace.keep(call)
        answer = self._sent(request, target, call)
        self._pace.hear(answer.headers, server_time(answer))
        return answer

    def _sent(self, request: HttpRequest, target: Secret, call: Call) -> Answer:
        call.stage = Stage.CONNECT
        failure: RotatorError
        token = CALL.set(call)
        try:
            return self._exchanged(request, target, call)
        except CAUGHT as error:
            failure = explain(error, call)
        finally:
            CALL.reset(token)
        # Outside of `except`: an exception of httpcore's may hold a header or a
        # part of a body, and must not travel along as the context of ours.
        raise failure

    def _exchanged(self, request: HttpRequest, target: Secret, call: Call) -> Answer:
        sent = httpcore.Request(
            method_of(request),
            httpcore.URL(
                scheme=call.origin.scheme,
                host=call.origin.host,
                port=call.origin.port,
                target=target.reveal(),
            ),
            headers=headers_of(request, call.origin, is_last=call.is_change),
            content=content_of(request),
            extensions={"timeout": self._timeouts()},
        )
        pool = self._fresh if call.is_change else self._kept
        with closing(pool.handle_request(sent)) as response:
            return received(
                response,
                call,
                limit=self._config.rate_limit,
                max_body_bytes=self._config.max_body_bytes,
                max_header_bytes=self._config.max_header_bytes,
            )

    def _timeouts(self) -> dict[str, float]:
        connect, read = self._config.connect_timeout_seconds, self._config.read_timeout_seconds
        return {"connect": connect, "pool": connect, "read": read, "write": read}

    def _pool(self, network: Network, tls: ssl.SSLContext, *, kept: int) -> httpcore.ConnectionPool:
        return httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=self._config.max_connections,
            max_keepalive_connections=kept,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
            network_backend=network,
        )
