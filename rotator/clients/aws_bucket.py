"""One S3 bucket that is only ever added to: no object in it is written twice.

Every object is put with `If-None-Match: *`, so that S3 itself refuses a second
writer. What is needed is three calls: put, get, list; deleting is not among them.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import boto3
from botocore.config import Config

from rotator.clients.aws_calls import Calls, OnCall, ignore_call
from rotator.core.ids import Instant, instant
from rotator.errors import (
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.client import BaseClient

    from rotator.ports.clock import Clock

T = TypeVar("T")

_ATTEMPTS = 2
_MOST_BYTES = 64 << 20
"""Of an object that is read; a batch of ours has far fewer."""

_PAGE_NAMES = 1000
_RENEW_BEFORE = timedelta(minutes=10)
_SESSION_NAME = "rotator-audit"


class S3Client(Protocol):
    """The part of boto3's S3 client that is used."""

    def put_object(self, **asked: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's own
        """Put an object."""
        ...

    def get_object(self, **asked: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's own
        """Get an object."""
        ...

    def list_objects_v2(self, **asked: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's own
        """List objects by name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectLock:
    """How S3 keeps what is put: in which mode, and for how long from then on."""

    mode: str
    period: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketConfig:
    """Where a bucket is and how it is reached.

    Attributes:
        prefix: What every object's name begins with; empty or ending with a slash.
        endpoint_url: Another service than AWS's own.
        role_arn: A role to assume; None for the process's own identity.
        object_lock: How each object is locked; None leaves it to the bucket.
        timeout: Patience for a connection, and for an answer.
    """

    bucket: str
    prefix: str
    region: str
    endpoint_url: str | None = None
    role_arn: str | None = None
    object_lock: ObjectLock | None = None
    timeout: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Some names of objects, in order; `is_all` when none follow."""

    names: tuple[str, ...]
    is_all: bool


class AwsBucket:
    """Adds objects to a bucket and reads them; safe for threads."""

    def __init__(
        self,
        config: BucketConfig,
        clock: Clock,
        *,
        on_call: OnCall = ignore_call,
        session: boto3.Session | None = None,
    ) -> None:
        """Prepare; sends nothing.

        Args:
            config: Where it is.
            clock: Tells the end of a lock and of a session.
            on_call: Is told of every call.
            session: The process's session; None makes one when it is first needed.
        """
        self._config = config
        self._clock = clock
        self._calls = Calls(clock, on_call=on_call)
        self._session = session
        self._lock = threading.Lock()
        self._client: S3Client | None = None
        self._expires_at: Instant | None = None

    def put(self, name: str, body: bytes) -> bool:
        """Write an object of a new name.

        Returns:
            False when this call may not be what wrote it, for there is one of that
            name already or the answer was lost: read it.

        Raises:
            RotatorError: It surely was not written.
        """
        asked = self._put_arguments(name, body)
        try:
            self._run(name, lambda client: client.put_object(**asked))
        except (ConflictError, OutcomeUnknownError):
            return False
        return True

    def get(self, name: str) -> bytes | None:
        """Read an object; None when there is none of that name.

        Raises:
            RotatorError: It cannot be read, or is too large to be ours.
        """
        key = self._config.prefix + name

        def get(client: S3Client) -> bytes:
            answer = client.get_object(Bucket=self._config.bucket, Key=key)
            content: bytes = answer["Body"].read(_MOST_BYTES + 1)
            if len(content) > _MOST_BYTES:
                why = f"the object has more than {_MOST_BYTES} bytes"
                raise UnavailableError(why, subject=key, code="too_large")
            return content

        try:
            return self._run(name, get)
        except NotFoundError:
            return None

    def names_after(self, name: str, *, folder: str = "") -> Names:
        """List at most a thousand names of a folder that sort after `name`.

        Args:
            name: Need not exist; of the same folder.
            folder: Empty or ending with a slash; what is in its own folders is
                listed, too.
        """
        asked = {
            "Bucket": self._config.bucket,
            "Prefix": self._config.prefix + folder,
            "StartAfter": self._config.prefix + folder + name,
            "MaxKeys": _PAGE_NAMES,
        }

        def names(client: S3Client) -> Names:
            answer = client.list_objects_v2(**asked)
            cut = len(str(asked["Prefix"]))
            keys = tuple(str(item["Key"])[cut:] for item in answer.get("Contents", ()))
            return Names(names=keys, is_all=not answer["IsTruncated"])

        return self._run(folder or name, names)

    def _put_arguments(self, name: str, body: bytes) -> dict[str, Any]:
        asked: dict[str, Any] = {
            "Bucket": self._config.bucket,
            "Key": self._config.prefix + name,
            "Body": body,
            "ContentType": "text/plain; charset=utf-8",
            "IfNoneMatch": "*",
            # Our own, as a header: it is kept with the object, and no service that
            # speaks S3 stumbles over it as some do over a trailer.
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
        }
        lock = self._config.object_lock
        if lock is not None:
            asked["ObjectLockMode"] = lock.mode.upper()
            asked["ObjectLockRetainUntilDate"] = self._clock.now() + lock.period
        return asked

    def _run(self, subject: str, work: Callable[[S3Client], T]) -> T:
        client = self._fresh_client()
        return self._calls.run(lambda: work(client), subject=self._config.prefix + subject)

    def _fresh_client(self) -> S3Client:
        with self._lock:
            now, ends = self._clock.now(), self._expires_at
            if self._client is None or (ends is not None and now >= ends - _RENEW_BEFORE):
                session = self._session = self._session or boto3.Session()
                role = self._config.role_arn
                self._client = self._make(session, self._assumed(session, role) if role else {})
            return self._client

    def _assumed(self, session: boto3.Session, role: str) -> dict[str, Any]:
        sts = session.client("sts", region_name=self._config.region, config=self._options())
        self._calls.attach(cast("BaseClient", sts))

        def assume() -> dict[str, Any]:
            granted = sts.assume_role(RoleArn=role, RoleSessionName=_SESSION_NAME)["Credentials"]
            self._expires_at = instant(granted["Expiration"])
            return {
                "aws_access_key_id": granted["AccessKeyId"],
                "aws_secret_access_key": granted["SecretAccessKey"],
                "aws_session_token": granted["SessionToken"],
            }

        with closing(sts):
            return self._calls.run(assume, subject=role)

    def _make(self, session: boto3.Session, identity: dict[str, Any]) -> S3Client:
        make: Any = session.client
        client: S3Client = make(
            "s3",
            region_name=self._config.region,
            endpoint_url=self._config.endpoint_url,
            config=self._options(),
            **identity,
        )
        self._calls.attach(cast("BaseClient", client))
        return client

    def _options(self) -> Config:
        seconds = self._config.timeout.total_seconds()
        return Config(
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            connect_timeout=seconds,
            read_timeout=seconds,
        )
