"""Reading a log from its bucket, object by object, as the sink wrote them."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING

from rotator.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.clients.aws_bucket import AwsBucket

_RECORDS = re.compile(r"\d{20}\.jsonl")
_NOTE = re.compile(r"\d{20}\.note")
_NOTES = "checkpoints/"


class BucketLog:
    """A log in a bucket, for those who only read it."""

    def __init__(self, bucket: AwsBucket) -> None:
        """Take the bucket, with the log's prefix."""
        self._bucket = bucket

    def lines(self) -> Iterator[bytes]:
        """Yield the log's lines in order, each with its line feed as it is there.

        Raises:
            RotatorError: The bucket cannot be read.
        """
        for content in self._contents(_RECORDS, folder=""):
            yield from BytesIO(content)

    def notes(self) -> tuple[str, ...]:
        """Return the log's checkpoints, as signed notes.

        Raises:
            RotatorError: The bucket cannot be read.
        """
        found = self._contents(_NOTE, folder=_NOTES)
        return tuple(it.decode(errors="replace") for it in found)

    def _contents(self, form: re.Pattern[str], *, folder: str) -> Iterator[bytes]:
        after, is_all = "", False
        while not is_all:
            page = self._bucket.names_after(after, folder=folder)
            is_all = page.is_all
            for name in page.names:
                after = name
                if form.fullmatch(name):
                    yield self._content(folder + name)

    def _content(self, name: str) -> bytes:
        content = self._bucket.get(name)
        if content is None:
            raise UnavailableError("the object is not there", subject=name, code="lost_object")
        return content
