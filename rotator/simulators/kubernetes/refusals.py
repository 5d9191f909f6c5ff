"""Refusals: the `Status` objects of the API conventions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.simulators.kubernetes.resources import Address, Kind


class RefusalError(Exception):
    """A call is refused.

    Attributes:
        status: The HTTP status.
        reason: The word for programs, such as ``NotFound``.
        details: What the `Status` tells beside its message.
    """

    def __init__(
        self, status: int, reason: str, message: str, details: dict[str, Any] | None = None
    ) -> None:
        """Refuse."""
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details or {}

    def body(self) -> bytes:
        """Write the `Status` object."""
        told: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.status,
        }
        if self.details:
            told["details"] = self.details
        return json.dumps(told).encode()


def _about(kind: Kind, name: str) -> dict[str, Any]:
    told = {"name": name, "group": kind.group, "kind": kind.plural}
    return {field: value for field, value in told.items() if value}


def no_such_path() -> RefusalError:
    """Refuse a path that nobody serves."""
    message = "the server could not find the requested resource"
    return RefusalError(404, "NotFound", message)


def not_found(at: Address) -> RefusalError:
    """Refuse for what does not exist."""
    message = f'{at.kind.qualified} "{at.name}" not found'
    return RefusalError(404, "NotFound", message, _about(at.kind, at.name))


def already_exists(at: Address) -> RefusalError:
    """Refuse to create what exists."""
    message = f'{at.kind.qualified} "{at.name}" already exists'
    return RefusalError(409, "AlreadyExists", message, _about(at.kind, at.name))


def conflict(at: Address, why: str) -> RefusalError:
    """Refuse for a precondition that does not hold."""
    message = f'Operation cannot be fulfilled on {at.kind.qualified} "{at.name}": {why}'
    return RefusalError(409, "Conflict", message, _about(at.kind, at.name))


def was_changed(at: Address) -> RefusalError:
    """Refuse for a resource version that is no longer the object's."""
    return conflict(
        at,
        "the object has been modified; please apply your changes to the latest version and try"
        " again",
    )


def owned_by_others(owners: Iterable[tuple[str, str]]) -> RefusalError:
    """Refuse to apply fields that others own.

    Args:
        owners: Each owner as messages tell it, and one of its fields.
    """
    pairs = sorted(owners)
    if len(pairs) == 1:
        message = f"Apply failed with 1 conflict: conflict with {pairs[0][0]}: {pairs[0][1]}"
    else:
        fields = {owner: "" for owner, _ in pairs}
        for owner, field in pairs:
            fields[owner] += f"\n- {field}"
        told = [f"conflicts with {owner}:{listed}" for owner, listed in fields.items()]
        message = f"Apply failed with {len(pairs)} conflicts: " + "\n".join(told)
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {owner}", "field": field}
        for owner, field in pairs
    ]
    return RefusalError(409, "Conflict", message, {"causes": causes})


def invalid(at: Address, field: str, why: str, *, cause: str = "FieldValueInvalid") -> RefusalError:
    """Refuse an object that cannot be meant."""
    message = f'{at.kind.name} "{at.name}" is invalid: {field}: {why}'
    told = {
        **_about(at.kind, at.name),
        "kind": at.kind.name,
        "causes": [{"reason": cause, "message": why, "field": field}],
    }
    return RefusalError(422, "Invalid", message, told)


def bad_request(message: str) -> RefusalError:
    """Refuse what makes no sense."""
    return RefusalError(400, "BadRequest", message)


def unauthorized() -> RefusalError:
    """Refuse who shows a token that nobody knows, or that has expired."""
    return RefusalError(401, "Unauthorized", "Unauthorized")


def too_large() -> RefusalError:
    """Refuse a body that is too long to be read."""
    message = "Request entity too large: limit is 3145728"
    return RefusalError(413, "RequestEntityTooLarge", message)


def unsupported_type(known: Iterable[str]) -> RefusalError:
    """Refuse a body of another content type."""
    message = (
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(known)
    )
    return RefusalError(415, "UnsupportedMediaType", message)


def not_acceptable() -> RefusalError:
    """Refuse who accepts nothing that is served."""
    message = (
        "only the following media types are accepted: application/json, application/yaml,"
        " application/vnd.kubernetes.protobuf"
    )
    return RefusalError(406, "NotAcceptable", message)


def not_allowed() -> RefusalError:
    """Refuse a method that a path does not know."""
    message = "the server does not allow this method on the requested resource"
    return RefusalError(405, "MethodNotAllowed", message)


def forbidden(kind: Kind, name: str, why: str) -> RefusalError:
    """Refuse for want of a right."""
    subject = f'{kind.qualified} "{name}"' if name else kind.qualified
    return RefusalError(403, "Forbidden", f"{subject} is forbidden: {why}", _about(kind, name))
