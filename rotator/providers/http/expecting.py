"""Whether an answer is the one that a spec wants, and what it is if it is not.

A path that is not there and a thing that is not there are both answered by 404. So no
404 of a call of ours means "gone", but where a spec lists it among the good statuses;
even then a key is looked for before its end is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.clients.http_answers import failure_of, json_of, unusable
from rotator.errors import AccessDeniedError, RejectedError
from rotator.providers.http.conditions import holds
from rotator.providers.http.pointing import naming, point
from rotator.providers.http.templates import UnfilledError

if TYPE_CHECKING:
    from rotator.clients.http_messages import Answer
    from rotator.errors import RotatorError
    from rotator.providers.http.spec import Condition, Operation
    from rotator.providers.http.templates import Values

GONE = frozenset({404, 410})
"""Statuses that may mean that there is no such thing."""

_NO_SUCH_PATH = frozenset({405, *GONE})
_FIRST_REFUSAL = 400


def expected(operation: Operation, answer: Answer, values: Values) -> None:
    """Return if the answer is a good one.

    Raises:
        RejectedError: A reading was answered, and not so; or there is no such path,
            code ``api_changed``.
        OutcomeUnknownError: A change was answered, and not so.
        RotatorError: It was refused, or failed; as `rotator.clients.http_answers` says.
    """
    if answer.status not in operation.expect.statuses:
        raise point(unexpected(answer), operation.place)
    for condition in operation.expect.conditions:
        with naming(condition.place):
            if not is_met(condition, answer, values):
                why = "does not say what this line of the spec expects"
                raise unusable(answer, why, code="condition_failed")


def is_met(condition: Condition, answer: Answer, values: Values) -> bool:
    """Whether an answer says what a condition wants.

    Raises:
        RotatorError: Its body is no JSON; as `json_of` says.
        RejectedError: The condition cannot be asked, for it lacks a value.
    """
    return is_met_by(condition, json_of(answer), answer, values)


def is_met_by(condition: Condition, item: object, answer: Answer, values: Values) -> bool:
    """Whether a part of an answer says what a condition wants; raises as `is_met`."""
    try:
        return holds(condition, item, values)
    except UnfilledError as error:
        problem = str(error)
    raise unusable(answer, f"cannot be judged: {problem}", code="unfilled")


def unexpected(answer: Answer) -> RotatorError:
    """Return what to raise for a status that is none of the good ones."""
    failure = failure_of(answer)
    if failure is None:
        return unusable(answer, f"with the unexpected status {answer.status}", code="bad_status")
    if answer.status in _NO_SUCH_PATH:
        return RejectedError(
            f"{failure}: there is nothing at this path, or not for us",
            subject=answer.subject,
            code="api_changed",
            hint="compare the path and the params with the API's documentation",
        )
    return failure


def denied(answer: Answer, words: str) -> RotatorError | None:
    """Return what to raise where our own credential is refused; None where it is not."""
    failure = failure_of(answer)
    if not isinstance(failure, AccessDeniedError):
        return None
    msg = f"{failure}: {words}"
    return AccessDeniedError(msg, subject=failure.subject, code=failure.code, hint=failure.hint)
