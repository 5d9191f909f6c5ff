"""What is different between two policies, in the words of the audit log: names and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rotator.core.events import Scalar
    from rotator.core.policy import Policy

MOST_NAMES: Final = 20
"""So many names of rules are told one by one; of the others only how many there are."""


def policy_changes(before: Policy, after: Policy) -> Mapping[str, Scalar]:
    """Say what another policy brought.

    Returns:
        ``rules``, how many there are now; ``added``, ``removed`` and ``changed``, the
        names of such rules; ``reordered`` and ``defaults``, whether the order of the
        rules that stayed, or what holds for all of them, is another one. What is the
        same is left out.
    """
    old = {rule.name: rule for rule in before.rules}
    new = {rule.name: rule for rule in after.rules}
    names = {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "changed": [name for name, rule in new.items() if old.get(name, rule) != rule],
    }
    stayed = [name for name in new if name in old]
    flags = {
        "reordered": stayed != [name for name in old if name in new],
        "defaults": before.defaults != after.defaults,
    }
    told: dict[str, Scalar] = {"rules": len(new)}
    told |= {word: _listed(found) for word, found in names.items() if found}
    return told | {word: True for word, is_so in flags.items() if is_so}


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    rest = len(found) - MOST_NAMES
    return ", ".join(found[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")
