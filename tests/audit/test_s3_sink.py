"""The log in a bucket: S3 itself says who comes second, and nothing is written twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from rotator.audit import s3_sink as s3_sink_module
from rotator.audit.s3_sink import S3Sink, last_number, object_name
from rotator.clients import aws_bucket
from rotator.clients.aws_bucket import AwsBucket, BucketConfig, Names, ObjectLock
from rotator.errors import OutcomeUnknownError, RotatorError, UnavailableError
from rotator.testing.manual_clock import ManualClock
from rotator.testing.sink_contract import chain
from tests.audit.buckets import REGION, make_bucket, opened, session

if TYPE_CHECKING:
    from collections.abc import Callable


class LosingBucket(AwsBucket):
    """Writes, and loses the answer."""

    def put(self, name: str, body: bytes) -> bool:
        super().put(name, body)
        return False


class EmptyHandedBucket(AwsBucket):
    """Does not know whether it wrote, and did not."""

    def put(self, name: str, body: bytes) -> bool:
        del name, body
        return False


def config(url: str, name: str) -> BucketConfig:
    return BucketConfig(bucket=name, prefix="logs/", region=REGION, endpoint_url=url)


def test_a_batch_is_one_object_named_by_its_first_record(bucket: AwsBucket) -> None:
    sink, made = S3Sink(bucket), chain(5)

    sink.write(made[:3])
    sink.write(made[3:])

    assert bucket.names_after("").names == (object_name(0), object_name(3))
    assert bucket.get(object_name(3)) == "".join(f"{it.line}\n" for it in made[3:]).encode()


def test_a_lost_answer_is_found_out_and_nothing_is_written_twice(
    s3_url: str, bucket_name: str
) -> None:
    bucket = LosingBucket(config(s3_url, bucket_name), ManualClock(), session=session())
    sink = S3Sink(bucket)

    sink.write(chain(2))

    assert sink.last().seq == 1
    assert bucket.names_after("").names == (object_name(0),)


def test_a_write_that_never_landed_is_not_taken_for_done(s3_url: str, bucket_name: str) -> None:
    bucket = EmptyHandedBucket(config(s3_url, bucket_name), ManualClock(), session=session())
    sink = S3Sink(bucket)

    with pytest.raises(UnavailableError) as caught:
        sink.write(chain(2))

    assert caught.value.code == "lost_object"
    assert sink.last().seq == -1


def test_another_writers_records_are_told_of_and_never_overwritten(bucket: AwsBucket) -> None:
    S3Sink(bucket).write(chain(2, salt="other"))

    with pytest.raises(UnavailableError) as caught:
        S3Sink(bucket).write(chain(2))

    assert caught.value.code == "other_writer"
    assert (
        bucket.get(object_name(0))
        == "".join(f"{it.line}\n" for it in chain(2, salt="other")).encode()
    )


def test_replicas_that_cut_their_batches_differently_write_one_log(bucket: AwsBucket) -> None:
    made, first, second = chain(6), S3Sink(bucket), S3Sink(bucket)
    first.last()
    second.last()

    first.write(made[:2])
    second.write(made[:3])
    first.write(made[2:6])
    second.write(made[3:5])

    assert first.last().seq == second.last().seq == S3Sink(bucket).last().seq == 5
    content = b"".join(bucket.get(it) or b"" for it in bucket.names_after("").names)
    assert content.decode().splitlines() == [it.line for it in made]


def test_each_object_is_locked_for_its_period(s3_url: str) -> None:
    client = make_bucket(s3_url, "locking", is_locking=True)
    clock = ManualClock()
    lock = ObjectLock(mode="compliance", period=timedelta(days=400))
    S3Sink(opened(s3_url, "locking", lock=lock, clock=clock)).write(chain(1))

    kept = client.get_object(Bucket="locking", Key=f"logs/{object_name(0)}")

    assert kept["ObjectLockMode"] == "COMPLIANCE"
    assert kept["ObjectLockRetainUntilDate"] == clock.now() + timedelta(days=400)


def test_a_bucket_that_cannot_lock_is_a_sink_that_fails(s3_url: str, bucket_name: str) -> None:
    lock = ObjectLock(mode="governance", period=timedelta(days=1))

    with pytest.raises(RotatorError):
        S3Sink(opened(s3_url, bucket_name, lock=lock)).write(chain(1))


def test_a_bucket_that_is_not_there_is_no_empty_log(s3_url: str) -> None:
    with pytest.raises(RotatorError):
        S3Sink(opened(s3_url, "nowhere")).last()


def test_a_last_line_that_is_no_record_is_left_for_a_person(bucket: AwsBucket) -> None:
    bucket.put(object_name(0), b"what is this\n")

    with pytest.raises(UnavailableError) as caught:
        S3Sink(bucket).last()

    assert caught.value.code == "unreadable_log"


def test_an_object_that_is_too_large_to_be_ours_does_not_fill_the_memory(
    bucket: AwsBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_bucket, "_MOST_BYTES", 5)
    bucket.put(object_name(0), b"12345")
    bucket.put(object_name(7), b"123456")

    assert bucket.get(object_name(0)) == b"12345"
    with pytest.raises(UnavailableError, match="more than 5 bytes"):
        S3Sink(bucket).last()


def test_an_answer_that_never_came_is_not_raised_but_looked_into(
    bucket: AwsBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(subject: str, work: Callable[..., object]) -> object:
        raise OutcomeUnknownError(f"{subject} {work}")

    monkeypatch.setattr(bucket, "_run", lost)

    assert not bucket.put("a", b"a")


def test_a_role_is_assumed_once_and_again_before_its_session_ends(
    s3_url: str, bucket_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", s3_url)
    clock, calls = ManualClock(), list[str]()
    role = "arn:aws:iam::123456789012:role/audit"
    bucket = AwsBucket(
        replace(config(s3_url, bucket_name), role_arn=role),
        clock,
        session=session(),
        on_call=lambda service, operation, *_, **__: calls.append(f"{service}:{operation}"),
    )

    bucket.put("a", b"a")
    bucket.put("b", b"b")
    clock.advance(timedelta(days=36_500))
    bucket.put("c", b"c")

    assert calls.count("sts:AssumeRole") == 2
    assert calls.count("s3:PutObject") == 3


class NumberedNames:
    """A bucket's names without a bucket; counts how often it is asked."""

    def __init__(self, numbers: list[int], *, page: int = 1000) -> None:
        self.names = [object_name(number) for number in numbers]
        self.page = page
        self.asked = 0

    def names_after(self, name: str, *, folder: str = "") -> Names:
        del folder
        self.asked += 1
        later = [it for it in self.names if it > name]
        return Names(names=tuple(later[: self.page]), is_all=len(later) <= self.page)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9, 10, 11, 64, 257, 1000])
@pytest.mark.parametrize("step", [1, 7])
def test_the_last_object_is_found_however_many_there_are(count: int, step: int) -> None:
    names = NumberedNames([number * step for number in range(count)], page=3)

    assert found(names) == ((count - 1) * step if count else -1)


def test_a_long_log_is_not_listed_to_find_its_end() -> None:
    names = NumberedNames(list(range(0, 2_000_000, 20)))

    assert found(names) == 1_999_980
    assert names.asked < 45


def test_a_stranger_who_puts_the_greatest_numbers_cannot_make_a_search_endless() -> None:
    greatest = 10**20 - 1
    names = NumberedNames([*range(greatest - 20, greatest + 1)], page=3)

    assert found(names) == greatest


def test_names_that_are_not_ours_end_no_search(bucket: AwsBucket) -> None:
    S3Sink(bucket).write(chain(1))
    bucket.put("checkpoints/00000000000000000001.note", b"signed")
    bucket.put("readme", b"hello")

    assert S3Sink(bucket).last().seq == 0


def found(names: NumberedNames) -> int:
    return last_number(cast("AwsBucket", names), s3_sink_module._NAME)
