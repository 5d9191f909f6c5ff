"""A log in a bucket, opened for reading by whoever verifies it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import boto3

from rotator.audit.s3_reading import BucketLog
from rotator.clients.aws_bucket import AwsBucket, BucketConfig
from rotator.telemetry.clock import SystemClock

if TYPE_CHECKING:
    from rotator.settings.settings import Settings

_REGION: Final = "us-east-1"
"""Which region is asked where neither the configuration nor the environment names one."""


def bucket_log(place: str, settings: Settings | None) -> BucketLog:
    """Open a log by its address; sends nothing.

    Args:
        place: Such as ``s3://audit-example/rotator/``.
        settings: Says the region, the service and the role, where the bucket is the
            configured one: its policy may admit nobody else.
    """
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    folder = f"{prefix.rstrip('/')}/" if prefix else ""
    said = settings.audit.s3 if settings else None
    own = said if said and said.bucket == bucket else None
    config = BucketConfig(
        bucket=bucket,
        prefix=folder,
        region=own.region if own else (boto3.Session().region_name or _REGION),
        endpoint_url=own.endpoint_url if own else None,
        role_arn=own.role_arn if own else None,
    )
    return BucketLog(AwsBucket(config, SystemClock()))
