"""The audit log in a bucket: one object for each batch of sealed records.

An object's name is the number of its first record, so that names sort as records
do; the first after an object has the number that follows its last. Each is put
only where there is none, which makes the bucket itself the judge between two
writers: who comes second finds the other's lines, and either they are the same or
the bucket is not this log's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rotator.core.chain import GENESIS, Link, leaf_hash, read_link
from rotator.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.clients.aws_bucket import AwsBucket
    from rotator.core.events import SealedRecord

_DIGITS = 20
_GREATEST = 10**_DIGITS - 1
_NAME = re.compile(r"(\d{20})\.jsonl")
_END = "~"
"""Sorts after whatever follows a number in a name."""


class S3Sink:
    """Keeps sealed records in a bucket; durable means that S3 has acknowledged them."""

    def __init__(self, bucket: AwsBucket) -> None:
        """Take the bucket; nothing is asked yet."""
        self._bucket = bucket
        self._last: Link | None = None

    def last(self) -> Link:
        """Return the place of the last record in the bucket; asked once, then remembered.

        Raises:
            RotatorError: The bucket cannot be read, or its last line is not a record.
        """
        if self._last is None:
            self._last = self._find_last()
        return self._last

    def write(self, records: Sequence[SealedRecord]) -> None:
        """Put the records as one object, or what is left of them behind another replica's.

        Raises:
            RotatorError: The bucket refuses, or holds other records under their numbers.
        """
        left, self._last = list(records), None
        reached = GENESIS
        while left:
            reached = self._put(left)
            left = [record for record in left if record.seq > reached.seq]
        self._last = reached

    def _put(self, records: Sequence[SealedRecord]) -> Link:
        """Put one object; return the place of the last record that is there then.

        That is another replica's object if it came first, and that may have cut its
        batches elsewhere.
        """
        name = object_name(records[0].seq)
        lines = [record.line for record in records]
        if self._bucket.put(name, "".join(f"{line}\n" for line in lines).encode()):
            return Link(seq=records[-1].seq, hash=leaf_hash(lines[-1]))
        found = self._lines(name)
        shared = min(len(found), len(lines))
        if found[:shared] != lines[:shared]:
            raise UnavailableError(
                "the bucket holds other records under these numbers",
                subject=name,
                code="other_writer",
                hint="give each log a bucket or a prefix of its own",
            )
        return Link(seq=records[0].seq + len(found) - 1, hash=leaf_hash(found[-1]))

    def _find_last(self) -> Link:
        first = last_number(self._bucket, _NAME)
        if first < 0:
            return GENESIS
        name = object_name(first)
        try:
            return read_link(self._lines(name)[-1])
        except ValueError as error:
            msg = "the last object's last line is not a record"
            raise UnavailableError(msg, subject=name, code="unreadable_log") from error

    def _lines(self, name: str) -> list[str]:
        content = self._bucket.get(name)
        if content is None:
            raise UnavailableError("the object is not there", subject=name, code="lost_object")
        return content.decode(errors="replace").removesuffix("\n").split("\n")


def object_name(first: int) -> str:
    """Name the object whose first record has this number."""
    return f"{padded(first)}.jsonl"


def padded(number: int) -> str:
    """Write a number so that names sort as numbers do."""
    return f"{number:0{_DIGITS}}"


def last_number(bucket: AwsBucket, form: re.Pattern[str], *, folder: str = "") -> int:
    """Find the greatest number in the names of a folder without listing them all.

    What follows a number is asked for, at first for numbers that double, then for the
    middle of what is left: some forty requests for a billion records.

    Args:
        bucket: Where to look.
        form: What a name is like; its first group is the number.
        folder: Empty or ending with a slash.

    Returns:
        The number; -1 when there is no such name.
    """
    low, high, probe = -1, -1, -1
    is_bounded = False
    while not is_bounded or low < high:
        page = bucket.names_after(padded(probe) + _END if probe >= 0 else "", folder=folder)
        numbers = [int(found[1]) for name in page.names if (found := form.fullmatch(name))]
        if numbers and page.is_all:
            return numbers[-1]
        if numbers:
            low = numbers[-1]
        else:
            high, is_bounded = probe, True
        probe = (low + high) // 2 if is_bounded else min(2 * low + 1, _GREATEST)
    return low
