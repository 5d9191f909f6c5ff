"""What the service's refusals mean, beside the transport's table of statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.clients.http_answers import check
from rotator.errors import RejectedError, TransientError
from rotator.providers.cipherstash.config import SETTINGS

if TYPE_CHECKING:
    from rotator.clients.http_messages import Answer

UNAUTHENTICATED = 401
_PAYMENT_REQUIRED = 402
_NO_SUCH_PATH = frozenset({404, 405, 410})


def payable(answer: Answer) -> Answer:
    """Return any answer but "pay first".

    Raises:
        TransientError: The workspace has to be paid for; no key is at fault, so
            nothing is rotated over it.
    """
    if answer.status == _PAYMENT_REQUIRED:
        raise TransientError(
            f"{answer.operation}: {answer.host} asks for payment first",
            subject=answer.subject,
            code="payment_required",
            hint="settle the workspace's balance with CipherStash; its keys are not at fault",
        )
    return answer


def present(answer: Answer, path: str) -> Answer:
    """Return a success of a call whose path is one of the settings.

    Args:
        answer: What came back.
        path: The setting's name below ``api.paths``.

    Raises:
        RejectedError: There is no such path, code ``api_changed``; the setting is named.
        RotatorError: It is no success; as `payable` and `check` say.
    """
    if answer.status in _NO_SUCH_PATH:
        raise api_changed(answer, path)
    return check(payable(answer))


def api_changed(answer: Answer, path: str) -> RejectedError:
    """Return what to raise where a path is not there (any more)."""
    return RejectedError(
        f"{answer.operation}: status {answer.status} from {answer.host}; the API may have changed",
        subject=answer.subject,
        code="api_changed",
        hint=f"look into the vendor's documentation, and set {SETTINGS}.api.paths.{path}",
    )
