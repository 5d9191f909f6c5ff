"""Where a secret may be revealed: in adapters, and in what stands in for them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.gates.tree import modules

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED_ROOMS = frozenset({"clients", "destinations", "providers", "simulators", "testing"})

SCREEN = "rotator/cli/handover.py"
"""The one module that shows a secret: to the person who has just made the key (I5)."""

KEYS_AT_WORK = frozenset(
    {
        "rotator/audit/fingerprints.py",
        "rotator/audit/signing.py",
        "rotator/notify/apprise.py",  # hands the service's URL to Apprise
        "rotator/notify/signing.py",
    }
)
"""Modules that calculate with keys of rotator's own, which no vendor gave."""


def faults(root: Path) -> list[str]:
    """List each mention of `Secret.reveal` outside the rooms that may use it."""
    return [
        f"{path}:{node.lineno}: reveals a secret outside of an adapter"
        for path, module, _ in modules(root)
        if path.parts[1] not in ALLOWED_ROOMS and path.as_posix() not in {SCREEN, *KEYS_AT_WORK}
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and node.attr == "reveal"
    ]
