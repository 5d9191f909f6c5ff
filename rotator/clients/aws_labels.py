"""Under which label a version of a secret is read: each feature reads under one only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

READ_SECRET: Final = "secretsmanager:GetSecretValue"  # noqa: S105 - an action's name
BY_ID: Final = "by version id"
"""Stands for a label where a version is named by its id alone."""

_STAGES: Final = {
    "enter": "AWSCURRENT",
    "read_staged": "AWSPENDING",
    "read_current": "AWSCURRENT",
    "search": "AWSCURRENT",
    "rebuild": "AWSPREVIOUS",
    "proof": BY_ID,
}


def stage_of(feature: str, action: str) -> str:
    """Name the label under which an action of a feature reads; empty for all other actions."""
    return _STAGES.get(feature, "") if action == READ_SECRET else ""


def named(action: str, stage: str) -> str:
    """Name an action with the label that it is about, where one belongs to it."""
    return f"{action} ({stage})" if stage and action == READ_SECRET else action


def label_of(request: Mapping[str, object]) -> str:
    """Name the label under which a request reads a secret, or `BY_ID`; empty for neither."""
    by_id = BY_ID if request.get("VersionId") else ""
    return str(request.get("VersionStage") or by_id)
