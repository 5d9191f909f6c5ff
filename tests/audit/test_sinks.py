"""The sinks of the audit log keep one contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.audit.file_sink import FileSink
from rotator.audit.s3_sink import S3Sink
from rotator.testing.memory_evidence import MemorySink
from rotator.testing.sink_contract import AuditSinkContract
from tests.audit.buckets import opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rotator.clients.aws_bucket import AwsBucket
    from rotator.ports.evidence import AuditSink


class TestFileSink(AuditSinkContract):
    @pytest.fixture
    def open_sink(self, tmp_path: Path) -> Callable[[], AuditSink]:
        return lambda: FileSink(tmp_path / "audit.jsonl")

    @pytest.fixture
    def kept(self, tmp_path: Path) -> Callable[[], list[str]]:
        return lambda: (tmp_path / "audit.jsonl").read_text().splitlines()


class TestMemorySink(AuditSinkContract):
    @pytest.fixture
    def sink(self) -> MemorySink:
        return MemorySink()

    @pytest.fixture
    def open_sink(self, sink: MemorySink) -> Callable[[], AuditSink]:
        return lambda: sink

    @pytest.fixture
    def kept(self, sink: MemorySink) -> Callable[[], list[str]]:
        return lambda: [record.line for record in sink.records]


class TestS3Sink(AuditSinkContract):
    @pytest.fixture
    def open_sink(self, s3_url: str, bucket_name: str) -> Callable[[], AuditSink]:
        return lambda: S3Sink(opened(s3_url, bucket_name))

    @pytest.fixture
    def kept(self, bucket: AwsBucket) -> Callable[[], list[str]]:
        def lines() -> list[str]:
            contents = [bucket.get(found) or b"" for found in bucket.names_after("").names]
            return b"".join(contents).decode().splitlines()

        return lines
