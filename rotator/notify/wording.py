"""A notice in words for people, the same on every channel that shows text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rotator.core.ids import Instant
    from rotator.core.notices import Notice

LABELS: Final = ("Principal", "Owner", "Key", "Why", "By", "Next", "Who acts", "Type", "Runbook")


def headline(notice: Notice) -> str:
    """Say what it is, in a few words."""
    noun, _, verb = notice.kind.partition(".")
    words = f"{noun} {verb}".replace("_", " ")
    return (
        f"rotator: {words}" if notice.severity == "INFO" else f"rotator {notice.severity}: {words}"
    )


def details(notice: Notice) -> tuple[tuple[str, str], ...]:
    """Name what is known beside the summary; what is empty is left out."""
    whose = f"{notice.principal} in {notice.account} ({notice.provider})"
    values = (
        whose if notice.principal else "",
        notice.owner,
        notice.key,
        notice.reason,
        "" if notice.actor == "daemon" else notice.actor,
        what_next(notice),
        notice.who_acts,
        notice.command,
        notice.runbook,
    )
    return tuple((label, text) for label, text in zip(LABELS, values, strict=True) if text)


def what_next(notice: Notice) -> str:
    """Say what happens next, and when at the earliest."""
    if notice.next_at is None:
        return notice.what_next
    return f"{notice.what_next}, not before {moment(notice.next_at)}"


def moment(at: Instant) -> str:
    """Write an instant to the minute; every time is UTC."""
    return at.strftime("%Y-%m-%d %H:%M UTC")


def plain_text(notice: Notice) -> str:
    """Write all of it as lines of text."""
    lines = [notice.summary, *notice.items]
    lines += [f"{label}: {text}" for label, text in details(notice)]
    return "\n".join([*lines, moment(notice.at)])
