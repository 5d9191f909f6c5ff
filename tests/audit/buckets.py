"""A real S3 protocol on this machine: moto's server, which judges conditions and locks."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from moto.server import ThreadedMotoServer

from rotator.clients.aws_bucket import AwsBucket, BucketConfig, ObjectLock
from rotator.testing.manual_clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-central-1"


def session() -> boto3.Session:
    return boto3.Session(
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="made-up-secret"
    )


@contextmanager
def s3_server() -> Iterator[str]:
    """Serve, and yield the address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def make_bucket(url: str, name: str, *, is_locking: bool = False) -> Any:  # noqa: ANN401
    """Make a bucket, and return boto3's own client to look into it."""
    client: Any = session().client("s3", endpoint_url=url, region_name=REGION)
    client.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": REGION},
        ObjectLockEnabledForBucket=is_locking,
    )
    return client


def opened(
    url: str, name: str, *, lock: ObjectLock | None = None, clock: ManualClock | None = None
) -> AwsBucket:
    config = BucketConfig(
        bucket=name, prefix="logs/", region=REGION, endpoint_url=url, object_lock=lock
    )
    return AwsBucket(config, clock or ManualClock(), session=session())
