"""Errors that point at the line of the spec that they are about."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rotator.errors import RejectedError, RotatorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.clients.http_answers import Exchange
    from rotator.providers.http.spec import Place


@contextmanager
def naming(place: Place) -> Iterator[None]:
    """Write a place behind the message of every error of ours that names none yet.

    The error stays what it is: its class says what must be done.
    """
    try:
        yield
    except RotatorError as error:
        point(error, place)
        raise


def point(error: RotatorError, place: Place) -> RotatorError:
    """Write a place behind an error's message; an inner, more exact one stays."""
    if f" ({place.file}:" not in str(error):
        error.args = (f"{error} ({place})",)
    return error


def wrong_answer(answer: Exchange, why: str, *, code: str, place: Place) -> RejectedError:
    """Return what to raise for a reading whose answer cannot be what the spec says.

    Args:
        answer: What came.
        why: Goes on after "answered, but"; never a part of the answer.
        code: A word for it.
        place: The line of the spec that is not met.
    """
    msg = f"{answer.operation}: {answer.host} answered, but {why}"
    error = RejectedError(msg, subject=answer.subject, code=code, hint=_HINT)
    point(error, place)
    return error


_HINT = "compare this line of the spec with the API's documentation; `rotator provider test` helps"
