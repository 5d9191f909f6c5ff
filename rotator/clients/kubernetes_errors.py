"""What a Kubernetes API server's refusals mean to us.

The table of `rotator.clients.http_answers` holds; here is where Kubernetes differs from
others, and what to do about it. The server's own prose is dropped, but for the words
that tell who refused: a Role is no remedy for what a policy of the cluster forbids.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rotator.clients.http_answers import failure_of
from rotator.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    RejectedError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.clients.http_messages import Answer
    from rotator.errors import RotatorError

_SHOWN_MANAGERS = 3
_FIRST_REFUSAL, _FORBIDDEN, _SERVER_ERROR = 400, 403, 500
_VERBS = {"apply": "patch", "merge": "patch"}
"""By which verb a Role grants what we call otherwise."""

_LACKED = re.compile(r"cannot ([a-z]+) resource")
_ADMISSION = re.compile(
    r"admission webhook \"([A-Za-z0-9._-]+)\" denied"
    r"|ValidatingAdmissionPolicy '([A-Za-z0-9._-]+)' with binding '[^']*' denied"
)
_QUOTA = "exceeded quota"
_TERMINATING = "NamespaceTerminating"


def check(answer: Answer, verb: str, resource: str, namespace: str) -> Answer:
    """Return a successful answer.

    Args:
        answer: What the server said.
        verb: Ours, such as ``apply``.
        resource: Such as ``secrets``.
        namespace: Where; empty for what stands in none.

    Raises:
        RotatorError: The status is not a 2xx.
    """
    usual = failure_of(answer)
    if usual is not None:
        raise _explained(answer, usual, verb, resource, namespace)
    return answer


def _explained(
    answer: Answer, usual: RotatorError, verb: str, resource: str, namespace: str
) -> RotatorError:
    told = _status(answer)
    barred = _barred(answer, told, namespace)
    if barred is not None:
        return barred
    match answer.status:
        case 401:
            return _unauthenticated(answer)
        case 403:
            return _forbidden(answer, told, verb, resource, namespace)
        case 404:
            return _missing(answer, told, namespace)
        case 409:
            return _conflict(answer, told)
        case 410:
            msg = f"{answer.operation}: the list became too old on the way"
            return UnavailableError(msg, subject=answer.subject, code="list_expired")
        case 422:
            return _invalid(answer, told)
        case _:
            return usual


def _unauthenticated(answer: Answer) -> RotatorError:
    msg = f"{answer.operation} was refused: the API server does not accept our token"
    hint = "see that `kubernetes.tokenFile` holds a token of this cluster that has not expired"
    return AccessDeniedError(msg, subject=answer.subject, code="unauthenticated", hint=hint)


def _barred(answer: Answer, told: Mapping[str, Any], namespace: str) -> RotatorError | None:
    """Tell a refusal of the cluster's policies, which comes with several statuses."""
    if not _FIRST_REFUSAL <= answer.status < _SERVER_ERROR:
        return None
    message = str(told.get("message"))
    found = _ADMISSION.search(message)
    if found:
        msg = f"{answer.operation} was refused by the cluster's policy {found[1] or found[2]}"
        hint = "let that admission policy except rotator's service account, or this object"
        return RejectedError(msg, subject=answer.subject, code="admission_denied", hint=hint)
    if any(cause.get("reason") == _TERMINATING for cause in _causes(told)):
        msg = f"the namespace {namespace} is being deleted"
        return RejectedError(msg, subject=answer.subject, code="namespace_terminating")
    if answer.status == _FORBIDDEN and _QUOTA in message:
        msg = f"a quota of the namespace {namespace} is used up"
        hint = "raise the ResourceQuota, or remove what is not needed"
        return RejectedError(msg, subject=answer.subject, code="namespace_quota", hint=hint)
    return None


def _forbidden(
    answer: Answer, told: Mapping[str, Any], verb: str, resource: str, namespace: str
) -> RotatorError:
    # An apply of what does not exist needs `create`, and only the server knows which it was.
    lacked = _LACKED.search(str(told.get("message")))
    granted = lacked[1] if lacked else _VERBS.get(verb, verb)
    where = f"in namespace {namespace}" if namespace else "in the cluster"
    msg = f"we may not {granted} {resource} {where}"
    hint = f"let a Role give rotator's service account `{granted}` on `{resource}`"
    return AccessDeniedError(msg, subject=answer.subject, code="forbidden", hint=hint)


def _missing(answer: Answer, told: Mapping[str, Any], namespace: str) -> RotatorError:
    if _details(told).get("kind") == "namespaces":
        msg = f"there is no namespace {namespace}"
        hint = "create the namespace, or name another one in the policy"
        return NotFoundError(msg, subject=answer.subject, code="no_namespace", hint=hint)
    return NotFoundError("there is no such object in the cluster", subject=answer.subject)


def _conflict(answer: Answer, told: Mapping[str, Any]) -> RotatorError:
    fields = [
        str(cause.get("field"))
        for cause in _causes(told)
        if cause.get("reason") == "FieldManagerConflict"
    ]
    if fields:
        shown = ", ".join(fields[:_SHOWN_MANAGERS])
        return ConflictError(f"another manager owns {shown}", subject=answer.subject)
    return ConflictError("the object was changed meanwhile", subject=answer.subject)


def _invalid(answer: Answer, told: Mapping[str, Any]) -> RotatorError:
    fields = [str(cause.get("field")) for cause in _causes(told)]
    what = f": {', '.join(fields[:_SHOWN_MANAGERS])}" if fields else ""
    msg = f"{answer.operation} was refused as invalid{what}"
    return RejectedError(msg, subject=answer.subject, code="invalid")


def _causes(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    causes = _details(told).get("causes")
    found = causes if isinstance(causes, list) else []
    return [cause for cause in found if isinstance(cause, dict)]


def _details(told: Mapping[str, Any]) -> Mapping[str, Any]:
    details = told.get("details")
    return details if isinstance(details, dict) else {}


def _status(answer: Answer) -> Mapping[str, Any]:
    """Read the ``Status`` that a refusal carries; empty where it is something else."""
    try:
        told = json.loads(answer.content)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
