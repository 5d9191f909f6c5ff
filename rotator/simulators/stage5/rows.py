"""What is told of a key, and how lists are cut into pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from rotator.simulators.stage5.refusals import invalid
from rotator.simulators.stage5.visits import Done

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rotator.simulators.stage5.visits import Visit
    from rotator.simulators.stage5.workspaces import AccessKey

_USUAL_PAGE = 50
ItemT = TypeVar("ItemT")


def instant(moment: datetime | None) -> str | None:
    """Write an instant; None stays None."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def key_row(visit: Visit, key: AccessKey, at: datetime) -> dict[str, object]:
    """Tell a key as it was at an instant; never its secret."""
    used = key.uses.last_told(min(at, visit.world.used_by()))
    every = key.rotate_every_days
    due = key.created_at + timedelta(days=every) if every else None
    status = key.status(at)
    return {
        "id": key.id,
        "name": key.name,
        "description": key.description,
        "scopes": list(key.scopes),
        "status": status,
        "createdAt": instant(key.created_at),
        "createdBy": key.created_by,
        "replaces": key.replaces or None,
        "expiresAt": instant(key.expires_at),
        "revokedAt": instant(key.revoked_at) if status == "revoked" else None,
        "lastUsedAt": instant(used.at) if used else None,
        "rotateEveryDays": every,
        "rotationDueAt": instant(due),
    }


def page_of(
    visit: Visit, items: Sequence[tuple[int, ItemT]], told: Callable[[ItemT], object]
) -> Done:
    """Cut one page out of a list.

    Args:
        visit: Asks for the page: ``limit`` and ``cursor``.
        items: All of the list, each with a number that grows and never changes.
        told: What is told of one.
    """
    limit = min(_number(visit, "limit", _USUAL_PAGE), visit.world.settings.max_page_size)
    after = _number(visit, "cursor", -1)
    rest = [(number, item) for number, item in items if number > after]
    shown = rest[:limit]
    following = str(shown[-1][0]) if len(rest) > limit else None
    page = {"next": following, "total": len(items)}
    return Done(value={"items": [told(item) for _, item in shown], "page": page})


def _number(visit: Visit, name: str, default: int) -> int:
    text = visit.query.get(name)
    if text is None:
        return default
    least = 0 if name == "cursor" else 1
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise invalid(name, f"must be a whole number of {least} or more")
    return int(text)
