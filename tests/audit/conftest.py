from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.audit.buckets import make_bucket, opened, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.clients.aws_bucket import AwsBucket

_NUMBERS = count()


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture
def bucket_name(s3_url: str) -> str:
    name = f"audit-{next(_NUMBERS)}"
    make_bucket(s3_url, name)
    return name


@pytest.fixture
def bucket(s3_url: str, bucket_name: str) -> AwsBucket:
    return opened(s3_url, bucket_name)
