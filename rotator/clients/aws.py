"""Clients of AWS: one session for the process, one client per account and purpose.

A session costs 115 ms and 11 MB, a client of an existing session 3 ms. Clients
may be shared between threads; making them may not, so they are made under a lock.
Purposes differ in how they try again, because botocore's own default would mint
three keys when one answer is lost.
"""

from __future__ import annotations

import logging
import threading
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, overload

import boto3
from botocore.config import Config

from rotator import __version__
from rotator.clients.aws_calls import Calls, OnCall, ignore_call
from rotator.clients.aws_trail import home_of_iam
from rotator.clients.aws_verdicts import OnVerdict, ignore_verdict, listen
from rotator.core.ids import AccountId, Instant, instant
from rotator.core.secret import Secret
from rotator.errors import AccessDeniedError, RejectedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.client import BaseClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient

    from rotator.clients.aws_config import AwsConfig, Service
    from rotator.clients.aws_trail import TrailClient
    from rotator.core.secret import KeyMaterial
    from rotator.ports.clock import Clock

    AnyClient = IAMClient | SecretsManagerClient | STSClient | TrailClient

T = TypeVar("T")
K = TypeVar("K")
ClientT = TypeVar("ClientT")

_USER_AGENT = f"rotator/{__version__}"
_MINT_READ_TIMEOUT_SECONDS = 15
_PROBE_TIMEOUT_SECONDS = 5
_SESSION_SECONDS = 3600
# More than the largest clock difference that we act under, so that a session is
# renewed in time even by a clock that is slow.
_RENEW_BEFORE = timedelta(minutes=10)


class Purpose(StrEnum):
    """What an IAM client is for."""

    SCAN = "scan"
    MUTATE = "mutate"
    MINT = "mint"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Identity:
    """Whom an account's clients act as; without a key, as the process itself."""

    key_id: str | None = None
    secret: Secret | None = None
    token: Secret | None = None
    expires_at: Instant | None = None

    def is_fresh(self, now: Instant) -> bool:
        return self.expires_at is None or now < self.expires_at - _RENEW_BEFORE


@dataclass(slots=True)
class _Account:
    """An account's identity, and the lock under which it is renewed."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    identity: _Identity | None = None


_PROCESS = _Identity()
_Kept = dict[K, tuple[_Identity, ClientT]]


class AwsClients:
    """Makes and keeps clients; safe for threads.

    An adapter asks for a client just before it calls, and calls inside `run`.
    """

    def __init__(
        self,
        config: AwsConfig,
        clock: Clock,
        *,
        on_call: OnCall = ignore_call,
        on_verdict: OnVerdict = ignore_verdict,
        session: boto3.Session | None = None,
    ) -> None:
        """Prepare; sends nothing.

        Args:
            config: Accounts, endpoints, patience.
            clock: What `not_after` and the end of sessions are compared with.
            on_call: Is told of every call.
            on_verdict: Is told of every permission that an account's calls show.
            session: The process's session; None makes one from the environment.
        """
        # At DEBUG, botocore and urllib3 log the bodies of answers: secrets.
        for name in ("botocore", "boto3", "urllib3"):
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.level, logging.INFO))
        self.config = config
        self._clock = clock
        self._calls = Calls(clock, on_call=on_call, is_read_only=config.read_only)
        self._on_verdict = on_verdict
        self._session = session or boto3.Session()
        self._lock = threading.Lock()
        self._accounts = {number: _Account() for number in config.accounts}
        self._iam: _Kept[tuple[AccountId, Purpose], IAMClient] = {}
        self._trails: _Kept[AccountId, TrailClient] = {}
        self._secrets: _Kept[tuple[AccountId, str], SecretsManagerClient] = {}

    def run(
        self,
        work: Callable[[], T],
        *,
        subject: str,
        not_after: Instant | None = None,
        rotation: str = "",
    ) -> T:
        """Do some work with these clients; see `rotator.clients.aws_calls.Calls.run`."""
        return self._calls.run(work, subject=subject, not_after=not_after, rotation=rotation)

    def pause(self, seconds: float) -> None:
        """Wait by our clock, where AWS asks for patience."""
        self._clock.sleep(seconds)

    def iam(self, account: AccountId, purpose: Purpose) -> IAMClient:
        """Return an account's IAM client.

        Raises:
            RejectedError: The account is not configured.
            AccessDeniedError: Our identity may not act in it, or is another account's.
        """
        identity = self._identity(account)
        region = self.config.region_of(account)
        return self._kept(
            self._iam,
            (account, purpose),
            identity,
            lambda: self._heard(
                account, self._make("iam", region, identity, self._options(purpose))
            ),
        )

    def secrets(self, account: AccountId, region: str) -> SecretsManagerClient:
        """Return an account's Secrets Manager client for one region; raises as `iam` does."""
        identity = self._identity(account)
        place = region or self.config.region_of(account)
        return self._kept(
            self._secrets,
            (account, place),
            identity,
            lambda: self._heard(
                account, self._make("secretsmanager", place, identity, self._options())
            ),
        )

    def trail(self, account: AccountId) -> TrailClient:
        """Return a client of the event history that has an account's IAM events; as `iam`."""
        identity = self._identity(account)
        region = home_of_iam(self.config.region_of(account))
        return self._kept(
            self._trails,
            account,
            identity,
            lambda: self._heard(
                account, self._make("cloudtrail", region, identity, self._options())
            ),
        )

    def caller(self, account: AccountId) -> str:
        """Ask AWS for the ARN that our calls in an account are made as; raises as `iam` does."""
        identity, region = self._identity(account), self.config.region_of(account)
        with self._lock:
            client = self._make("sts", region, identity, self._options())
        with closing(client) as sts:
            return self.run(lambda: sts.get_caller_identity()["Arn"], subject=account)

    def probe(self, region: str, material: KeyMaterial) -> STSClient:
        """Return a throwaway client that acts as the key itself; the caller closes it."""
        probe = _Identity(key_id=material.key_id, secret=material.secret)
        with self._lock:
            return self._make("sts", region, probe, self._once(_PROBE_TIMEOUT_SECONDS))

    def _kept(
        self,
        kept: _Kept[K, ClientT],
        key: K,
        identity: _Identity,
        make: Callable[[], ClientT],
    ) -> ClientT:
        """Return the client made for this very identity; a renewed one needs another."""
        with self._lock:
            if key not in kept or kept[key][0] is not identity:
                kept[key] = identity, make()
            return kept[key][1]

    def _heard(self, account: AccountId, client: ClientT) -> ClientT:
        listen(cast("BaseClient", client), account, self._on_verdict)
        return client

    def _identity(self, account: AccountId) -> _Identity:
        known = self._accounts.get(account)
        if known is None:
            msg = "the AWS account is not configured"
            raise RejectedError(
                msg, subject=account, code="unknown_account", hint="list it under aws.accounts"
            )
        with known.lock:
            if known.identity is None or not known.identity.is_fresh(self._clock.now()):
                role = self.config.accounts[account].role_arn
                known.identity = self._assume(role) if role else self._own(account)
            return known.identity

    def _assume(self, role: str) -> _Identity:
        def assume() -> _Identity:
            with closing(self._own_sts()) as sts:
                granted = sts.assume_role(
                    RoleArn=role,
                    RoleSessionName=self.config.session_name,
                    DurationSeconds=_SESSION_SECONDS,
                )["Credentials"]
            return _Identity(
                key_id=granted["AccessKeyId"],
                secret=Secret(granted["SecretAccessKey"]),
                token=Secret(granted["SessionToken"]),
                expires_at=instant(granted["Expiration"]),
            )

        return self.run(assume, subject=role)

    def _own(self, account: AccountId) -> _Identity:
        """Our own identity, once it is known to belong to the account."""
        with closing(self._own_sts()) as sts:
            found = self.run(lambda: sts.get_caller_identity()["Account"], subject=account)
        if found != account:
            msg = f"our own identity belongs to account {found}"
            hint = f"give aws.accounts.{account} a roleArn"
            raise AccessDeniedError(msg, subject=account, code="wrong_account", hint=hint)
        return _PROCESS

    def _own_sts(self) -> STSClient:
        with self._lock:
            return self._make("sts", self.config.region, _PROCESS, self._options())

    def _options(self, purpose: Purpose = Purpose.MUTATE) -> Config:
        if purpose is Purpose.MINT:
            return self._once(_MINT_READ_TIMEOUT_SECONDS)
        mode: Literal["adaptive", "standard"] = (
            "adaptive" if purpose is Purpose.SCAN else "standard"
        )
        return Config(
            retries={"mode": mode, "total_max_attempts": self.config.attempts},
            max_pool_connections=self.config.max_pool_connections,
            connect_timeout=self.config.connect_timeout_seconds,
            read_timeout=self.config.read_timeout_seconds,
            user_agent_extra=_USER_AGENT,
        )

    def _once(self, read_timeout_seconds: int) -> Config:
        """Options for calls of which a second one is never sent."""
        return Config(
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=self.config.max_pool_connections,
            connect_timeout=min(self.config.connect_timeout_seconds, read_timeout_seconds),
            read_timeout=read_timeout_seconds,
            user_agent_extra=_USER_AGENT,
        )

    @overload
    def _make(
        self, service: Literal["iam"], region: str, identity: _Identity, options: Config
    ) -> IAMClient: ...
    @overload
    def _make(
        self, service: Literal["sts"], region: str, identity: _Identity, options: Config
    ) -> STSClient: ...
    @overload
    def _make(
        self, service: Literal["cloudtrail"], region: str, identity: _Identity, options: Config
    ) -> TrailClient: ...
    @overload
    def _make(
        self, service: Literal["secretsmanager"], region: str, identity: _Identity, options: Config
    ) -> SecretsManagerClient: ...
    def _make(
        self, service: Service, region: str, identity: _Identity, options: Config
    ) -> AnyClient:
        # The stubs know a type for each service's name, but none for one of several.
        make: Any = self._session.client
        client: AnyClient = make(
            service,
            region_name=region,
            endpoint_url=self.config.endpoint_of(service),
            aws_access_key_id=identity.key_id,
            aws_secret_access_key=identity.secret.reveal() if identity.secret else None,
            aws_session_token=identity.token.reveal() if identity.token else None,
            config=options,
        )
        self._calls.attach(cast("BaseClient", client))
        return client
