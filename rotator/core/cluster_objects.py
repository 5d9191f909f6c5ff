"""What keeps an object of a cluster from taking a new key over, by its own fields.

The daemon judges by these before it moves a consumer, and the lint before anything runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rotator.core.consumers import ConsumerKind

if TYPE_CHECKING:
    from collections.abc import Mapping


_CURRENT = frozenset({"", "AWSCURRENT", "latest"})
"""Words for the version that is current."""


def feed_obstacle(found: Mapping[str, Any]) -> str:
    """Say why an ExternalSecret never takes a new value over; empty if it does."""
    spec = found.get("spec") or {}
    policy = spec.get("refreshPolicy") or "Periodic"
    if policy == "CreatedOnce":
        return "is never refreshed: `refreshPolicy: CreatedOnce`"
    if policy == "Periodic" and is_zero(spec.get("refreshInterval")):
        return "is never refreshed: `refreshInterval: 0`"
    if (spec.get("target") or {}).get("immutable"):
        return "never changes its Secret: `target.immutable: true`"
    return ""


def pin_obstacle(found: Mapping[str, Any], name: str) -> str:
    """Say which version an ExternalSecret is pinned to; empty if it fetches the current one.

    It refreshes as ever, and always to the same value, so that its times prove nothing.

    Args:
        found: The ExternalSecret.
        name: What the destination is called in its store. One with a prefix of its own, or an
            ARN, is taken for it where the ends are the same.
    """
    spec = found.get("spec") or {}
    for part, source in (("data", "remoteRef"), ("dataFrom", "extract")):
        for item in spec.get(part) or ():
            at = item.get(source) or {}
            key, version = str(at.get("key") or ""), str(at.get("version") or "")
            if version not in _CURRENT and _is_same(key, name):
                return f"is pinned to a version: `{source}.version: {version}`"
    return ""


def _is_same(key: str, name: str) -> bool:
    return bool(key) and (key.endswith(name) or name.endswith(key) or f":{name}-" in key)


def is_zero(interval: object) -> bool:
    """Whether a duration as Go writes it is no time at all; one left out is an hour."""
    text = str(interval) if interval is not None else "1h"
    digits = [letter for letter in text if letter.isdigit()]
    return bool(digits) and set(digits) == {"0"}


def restart_obstacle(kind: ConsumerKind, spec: Mapping[str, Any]) -> str:
    """Say why a workload must not be restarted; empty if it may."""
    if spec.get("paused"):
        return "is paused"
    if kind is ConsumerKind.DEPLOYMENT:
        if (spec.get("strategy") or {}).get("type") == "Recreate":
            return "would be down while it restarts: `strategy: Recreate`"
        return ""
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return "replaces its pods only when somebody deletes them: `updateStrategy: OnDelete`"
    if (strategy.get("rollingUpdate") or {}).get("partition"):
        return "keeps some of its pods as they are: `partition`"
    return ""
