"""Refusals: a status and a code for programs, a title and a sentence for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

ACCESS_DENIED = (
    "You need administrator or owner privileges. Contact your workspace admin to request access."
)
"""What Stage5's documentation says to those who may not manage access keys."""


class RefusalError(Exception):
    """A call is refused."""

    def __init__(self, status: int, code: str, message: str, *, title: str = "") -> None:
        """Refuse with an HTTP status and a code."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.title = title or code.replace("_", " ").capitalize()


def access_denied() -> RefusalError:
    """Refuse to whoever is no administrator or owner, nor a key of theirs that may."""
    return RefusalError(403, "access_denied", ACCESS_DENIED, title="Access Denied")


def missing_scope(scope: str) -> RefusalError:
    """Refuse for want of a scope."""
    return RefusalError(403, "missing_scope", f"The access key lacks the scope {scope}.")


def not_admitted(code: str, message: str) -> RefusalError:
    """Refuse who does not show who calls."""
    return RefusalError(401, code, message)


def not_found(what: str) -> RefusalError:
    """Refuse for what does not exist, or must look as if it did not."""
    return RefusalError(404, "not_found", f"There is no such {what}.")


def invalid(field: str, reason: str) -> RefusalError:
    """Refuse a field that cannot be meant."""
    return RefusalError(422, "invalid_field", f"{field}: {reason}")


def not_in_plan(what: str) -> RefusalError:
    """Refuse what the workspace does not pay for."""
    return RefusalError(402, "plan_feature", f"The workspace's plan does not include {what}.")


def too_many(limit: int) -> RefusalError:
    """Refuse a further key."""
    message = f"The workspace's plan allows {limit} active access keys."
    return RefusalError(402, "plan_limit", message)


def expired(at: datetime) -> RefusalError:
    """Refuse a key that is past its end."""
    return not_admitted("expired_key", f"The access key expired at {at:%Y-%m-%dT%H:%M:%SZ}.")
