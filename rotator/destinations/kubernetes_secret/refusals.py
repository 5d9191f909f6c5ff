"""When a Secret must not be written to, and how that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rotator.destinations.kubernetes_secret.config import COMPANION, OWNER
from rotator.errors import NotFoundError, RejectedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.facts import DestinationRef, DestinationState
    from rotator.core.ids import VersionId

_CONTROLLERS_LABELS = (
    "reconcile.external-secrets.io/managed",
    "reconcile.external-secrets.io/created-by",
    "secrets.hashicorp.com/vso-ownerRefUID",
)
"""Labels that the operators of External Secrets and of Vault put on what they write.

Both own it by a reference too, but not always one that says `controller`.
"""


def has_controller(metadata: Mapping[str, Any]) -> bool:
    """Whether another controller writes this Secret, and would undo what we write."""
    labels = metadata.get("labels") or {}
    owners = metadata.get("ownerReferences") or ()
    return any(item.get("controller") for item in owners) or any(
        name in labels for name in _CONTROLLERS_LABELS
    )


def refuse(subject: str, state: DestinationState, owner: str) -> None:
    """Raise if a Secret is not one that we may write to.

    Raises:
        RejectedError: It is another installation's or controller's, or is being deleted.
    """
    checks = (
        (
            state.owner not in (None, owner),
            "destination_foreign",
            f"the Secret belongs to {state.owner}",
            f"annotate it {OWNER}={owner} if it is ours",
        ),
        (
            state.deletion_scheduled,
            "destination_deleted",
            "the Secret is being deleted",
            "name another one",
        ),
        (
            state.native_rotation,
            "native_rotation",
            "another controller writes the Secret",
            "publish where that controller reads from, or name a Secret that nobody else writes",
        ),
    )
    for is_so, code, message, hint in checks:
        if is_so:
            raise RejectedError(message, subject=subject, code=code, hint=hint)


def refuse_unfit(
    ref: DestinationRef, found: Mapping[str, Any], state: DestinationState, owner: str
) -> None:
    """Raise as `refuse` does, and for a Secret whose data can never be changed."""
    subject = f"{ref.region}/{ref.name}"
    refuse(subject, state, owner)
    if found.get("immutable"):
        msg = "the Secret is immutable"
        hint = "make a new Secret without `immutable: true`, and name that one"
        raise RejectedError(msg, subject=subject, code="immutable", hint=hint)


def no_companion(ref: DestinationRef) -> NotFoundError:
    """Say that the place for staged versions is missing, and how to make it."""
    name = COMPANION.format(name=ref.name)
    hint = (
        f"run `kubectl create secret generic {name} -n {ref.region}`, "
        "or write `create: true` for this destination and grant `create`"
    )
    msg = f"the Secret has no companion {name}, in which versions are staged"
    return NotFoundError(msg, subject=f"{ref.region}/{ref.name}", code="no_companion", hint=hint)


def no_version(ref: DestinationRef, version: VersionId) -> NotFoundError:
    """Say that a version was never stored, or is forgotten."""
    msg = f"version {version} is not stored"
    return NotFoundError(msg, subject=f"{ref.region}/{ref.name}", code="no_version")
