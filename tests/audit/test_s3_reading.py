"""A log read from its bucket, in pages, as whoever verifies it reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from rotator.audit.s3_reading import BucketLog
from rotator.audit.verification import verify
from rotator.clients.aws_bucket import AwsBucket, Names
from rotator.errors import UnavailableError
from tests.audit.logs import SIGNER, as_file, chained, note, records

if TYPE_CHECKING:
    from collections.abc import Mapping

LINES = chained(records(12))
PAGE = 2


class ListedBucket:
    """A bucket's objects in memory; lists two names at a time, as S3 does a thousand."""

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        self.objects = dict(objects)
        self.lost: set[str] = set()

    def names_after(self, name: str, *, folder: str = "") -> Names:
        inside = sorted(it.removeprefix(folder) for it in self.objects if it.startswith(folder))
        later = [it for it in inside if it > name]
        return Names(names=tuple(later[:PAGE]), is_all=len(later) <= PAGE)

    def get(self, name: str) -> bytes | None:
        return None if name in self.lost else self.objects[name]


def bucket() -> ListedBucket:
    objects = {f"{first:020}.jsonl": as_file(LINES[first : first + 2]) for first in range(0, 12, 2)}
    signed = {
        f"checkpoints/{size:020}.note": note(LINES, size).encode() for size in (2, 6, 8, 10, 12)
    }
    return ListedBucket({**objects, **signed, "README": b"not ours"})


def test_a_log_in_a_bucket_is_read_page_by_page_with_its_checkpoints() -> None:
    log = BucketLog(cast("AwsBucket", bucket()))

    report = verify(log.lines(), log.notes(), verifiers=(SIGNER.verifier,))

    assert report.is_clean
    assert (report.records, report.covered, report.checkpoints) == (12, 12, 5)


def test_an_object_that_is_gone_between_listing_and_reading_stops_the_verification() -> None:
    kept = bucket()
    kept.lost.add(f"{4:020}.jsonl")

    with pytest.raises(UnavailableError, match="the object is not there"):
        list(BucketLog(cast("AwsBucket", kept)).lines())


def test_an_empty_bucket_is_an_empty_log() -> None:
    log = BucketLog(cast("AwsBucket", ListedBucket({})))

    assert list(log.lines()) == []
    assert log.notes() == ()
